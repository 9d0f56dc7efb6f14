/*
 * hub-sqlite: what the files of the SQLite backend share.  Private to them.
 *
 * hub.db holds the truth; hub.d/ beside it holds a directory per box with
 * its bell and the lock files of those who hold leases (bell.h).  Rows change
 * in short transactions; a bell is rung after the commit.
 *
 * hub-sqlite.c: opening, the schema, sending.  hub-take.c: takers, leases.
 * hub-wait.c: how takers wait.  hub-owner.c: who holds, and whether he lives.
 * hub-settle.c: settling, looking, cleaning up.  hub-gate.c: gates.
 * hub-registry.c: the registry.
 */
#ifndef AGENT_HUB_SQLITE_H
#define AGENT_HUB_SQLITE_H

#include "bell.h"
#include "hub-backend.h"
#include "store.h"

/* message.state; the view `mailbox` gives the words. */
enum {
	MSG_READY = 0,
	MSG_LEASED = 1,		/* without owner: paused until `until` */
	MSG_LATER = 2,		/* scheduled */
	MSG_DEAD = 3,
	MSG_DONE = 4
};

struct hub_sqlite {
	struct hub hub;		/* first */
	struct store *s;
	char *dir;		/* .agent/hub.d */
	char *last_box;		/* the box that was used last, and its row */
	int64_t last_box_row;
};

static inline struct hub_sqlite *
hub_sqlite(struct hub *h)
{
	return (struct hub_sqlite *)(void *)h;
}

enum { HUB_OWNER_MAX = 96 };	/* bytes of message.owner */

struct sqlite_taker {
	struct hub_taker taker;	/* first */
	struct hub_sqlite *h;
	char *box, *dir, *corr;
	int64_t row;		/* 0: the box is not there yet */
	int64_t lease_ms;
	bool ack;
	char owner[HUB_OWNER_MAX];	/* as in message.owner */
	char file[ULID_LEN + 1];	/* what we hold; empty: none */
	int fd;			/* its lock */
	struct bell bell;
	bool watching;
	bool awaits;		/* an answer */
	bool limited;		/* the box has a limit of leases */
	bool suspicious;	/* a holder may be gone */
	int timer;		/* for the calendar; -1: none */
	char **taken;		/* ack: what is acknowledged when we come
				 * for more */
	size_t ntaken, cap;
};

static inline struct sqlite_taker *
sqlite_taker(const struct hub_taker *t)
{
	return (struct sqlite_taker *)(uintptr_t)t;
}

/* What rings when the registry changes; no box, for nobody is called so. */
#define HUB_REGISTRY_BOX "/registry"

/* The directory of a box, or of "/gates" and "/registry". */
char	*hub_box_dir(const struct hub_sqlite *h, const char *box);

/* Rings at a box. */
void	hub_ring(const struct hub_sqlite *h, const char *box);

/*
 * The row of a box, which is made where `make` says so, inside a
 * transaction: 1, 0 when there is none, -1.
 */
int	hub_box_row(struct hub_sqlite *h, const char *box, bool make,
	    int64_t *ret, struct err *e);

/*
 * One statement as a transaction of its own, in its turn; the rows changed.
 * STORE_NORMAL for what nobody misses after a power cut.
 */
int64_t	hub_write(struct hub_sqlite *h, enum store_sync sync,
	    const char *sql, const struct store_arg *args, struct err *e);

/* What rings at a box, to be waited for with hub_watch_wait(). */
int	hub_watch_box(struct hub *h, const char *box, struct hub_watch **ret,
	    struct err *e);

/* Milliseconds since boot and since 1970. */
int64_t	hub_boot_ms(void);
int64_t	hub_wall_ms(void);

/*
 * Whether the owner of a lease lives: "f:ULID" holds a file in `dir`,
 * "p:NAMESPACE:PID:START" is a process.
 */
bool	hub_owner_lives(const char *dir, const char *owner);

/* "p:..." of a process of our namespace; NULL when there is none. */
char	*hub_owner_of_pid(int64_t pid);
/* The process of such an owner when it is one of our namespace, else 0. */
int64_t	hub_owner_pid(const char *owner);

/* hub-take.c, hub-wait.c */
int	hub_sqlite_taker_open(struct hub *h, const struct hub_take *how,
	    struct hub_taker **ret, struct err *e);
void	hub_sqlite_taker_close(struct hub_taker *t);
int	hub_sqlite_take(struct hub_taker *t, struct hub_delivery *out,
	    int max, struct err *e);
int	hub_sqlite_wait(struct hub_taker *t, struct deadline until, int also,
	    const volatile int *stop, struct err *e);
int	hub_sqlite_held(struct hub_taker *t, struct err *e);
int	hub_sqlite_taker_fd(const struct hub_taker *t);
int	hub_sqlite_await(struct hub_taker *t, const char *id, struct err *e);

/* hub-settle.c */
int	hub_sqlite_settle(struct hub *h, const char *box, const char *lease,
	    enum hub_verdict v, int64_t pause_ns, const char *why,
	    struct err *e);
int	hub_sqlite_again(struct hub *h, const char *box, const char *id,
	    struct err *e);
int	hub_sqlite_list(struct hub *h, const char *box, const char *state,
	    hub_fn fn, void *arg, struct err *e);
int	hub_sqlite_get(struct hub *h, const char *id, jv *ret, struct err *e);
int	hub_sqlite_boxes(struct hub *h, hub_fn fn, void *arg, struct err *e);
int	hub_sqlite_subscribe(struct hub *h, const char *topic,
	    const char *box, bool on, struct err *e);
int	hub_sqlite_subscribers(struct hub *h, const char *topic,
	    jv *ret_boxes, struct err *e);
int	hub_sqlite_limit(struct hub *h, const char *box, int n,
	    struct err *e);
int64_t	hub_sqlite_gc(struct hub *h, int64_t retention_ns, bool vacuum,
	    struct err *e);
int	hub_sqlite_backup(struct hub *h, const char *to, struct err *e);
int	hub_sqlite_check(struct hub *h, void (*found)(void *arg,
	    const char *what), void *arg, struct err *e);

/* hub-gate.c */
int	hub_sqlite_gate_ask(struct hub *h, const jv *question, jv *ret,
	    struct err *e);
int	hub_sqlite_gate_get(struct hub *h, const char *id, jv *ret,
	    struct err *e);
int	hub_sqlite_gate_answer(struct hub *h, const char *id,
	    const struct hub_answer *a, jv *ret, struct err *e);
int	hub_sqlite_gates(struct hub *h, const char *state, hub_fn fn,
	    void *arg, struct err *e);
int	hub_sqlite_gate_watch(struct hub *h, struct hub_watch **ret,
	    struct err *e);
int	hub_sqlite_watch_wait(struct hub_watch *w, struct deadline until,
	    int also, const volatile int *stop, struct err *e);
void	hub_sqlite_watch_close(struct hub_watch *w);
int	hub_sqlite_remembered(struct hub *h, const char *source,
	    const char *subject, jv *ret, struct err *e);
int	hub_sqlite_remembered_list(struct hub *h, hub_fn fn, void *arg,
	    struct err *e);
int	hub_sqlite_forget(struct hub *h, const char *id, struct err *e);

/* hub-registry.c */
int	hub_sqlite_join(struct hub *h, const struct registry_entry *r,
	    struct registry_member **ret, struct err *e);
int	hub_sqlite_update(struct registry_member *m,
	    const struct registry_entry *r, struct err *e);
void	hub_sqlite_leave(struct registry_member *m);
int	hub_sqlite_members(struct hub *h, hub_fn fn, void *arg,
	    struct err *e);
int	hub_sqlite_members_watch(struct hub *h, struct hub_watch **ret,
	    struct err *e);

#endif
