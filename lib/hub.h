/*
 * hub: mailboxes, queues, gates and the registry of a workspace.
 *
 * One interface, several backends, chosen in hub_open() from a table: a
 * SQLite file shared by processes (hub-sqlite.c), and the socket that a
 * sandbox was given, behind which a process outside does the same for one
 * identity (hub-socket.c, hub-serve.c).  A backend on a message broker fits
 * behind the same functions: nothing here speaks of files or SQL.
 *
 * What is promised:
 *  - A message that was accepted is on the disk and is delivered at least
 *    once, or is found among the dead letters with the reason.
 *  - Delivery is a lease.  It ends when it is settled, when its time is over,
 *    or when the process that holds it ends, whichever comes first: the
 *    kernel keeps the last (an flock on a file of the holder's), and tells
 *    those who wait.  Each delivery has a name, ID.N (record and number of
 *    the delivery); who settles under the name of a lease that is no longer
 *    the current one is refused, so a process that slept beyond its lease
 *    cannot undo what came after it.
 *  - Within a mailbox, messages of one sender with one priority come in the
 *    order in which they were accepted (not by the clock); one that was
 *    handed back keeps its place but others may have overtaken it.
 *  - A key (source, box, key) is accepted once, for ever.
 *  - Leases and pauses are measured on CLOCK_BOOTTIME and die with the boot,
 *    so setting the clock neither ends nor prolongs them.  `--at` and time to
 *    live are about the calendar and follow the clock that people see.
 *
 * Addresses: "/agent/ID", "/user/NAME", "/queue/NAME".
 *
 * Strings in requests are borrowed; those in results belong to the result.
 */
#ifndef AGENT_HUB_H
#define AGENT_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "clock.h"
#include "err.h"
#include "json.h"
#include "ulid.h"

enum {
	HUB_PRIO_MIN = 0,
	HUB_PRIO_DEFAULT = 5,
	HUB_PRIO_MAX = 9,		/* comes first */
	HUB_TRIES = 5,			/* deliveries before the dead letters */
	HUB_BOX_MAX = 128,		/* bytes of an address */
	HUB_LEASE_MAX = ULID_LEN + 14	/* bytes of ID.N, with the NUL */
};

#define HUB_LEASE (5 * 60 * CLOCK_SEC)
#define HUB_RETENTION (7 * 24 * 3600 * CLOCK_SEC)

struct hub;

/*
 * Opens the hub of a workspace (`dir` is its .agent), or the one behind
 * $AGENT_SOCKET when `socket` is not NULL.  Failures are store.h's:
 * ST_DATA damaged, ST_CONFIG newer schema, ST_IO, ST_DENIED.
 */
int	hub_open(const char *dir, const char *socket,
	    const volatile int *stop, struct hub **ret, struct err *e);
void	hub_close(struct hub *h);		/* NULL is fine */

static inline void
hub_auto_close(struct hub **h)
{
	hub_close(*h);
}

#define AUTO_HUB __attribute__((cleanup(hub_auto_close)))

/* Who we are to the hub: fixed behind a socket, else NULL. */
const char *hub_identity(const struct hub *h);

/*
 * The address that a name means: an agent's id; "user" (the owner of this
 * process) or "user/NAME"; an address is itself.  With `queue` it is a
 * queue's name.  NULL with ST_USAGE when it is none.
 */
char	*hub_address(const char *name, bool queue, struct err *e);

/* "tester" of "/agent/tester"; the whole when it has no such form. */
const char *hub_name(const char *address);

/* Sending. */

struct hub_message {
	const char *box;		/* to whom */
	const char *id;			/* of the record: a ULID */
	const char *source;
	const char *corr;		/* NULL: answers nothing */
	const char *key;		/* NULL: none */
	const char *line;		/* the record, without newline */
	size_t len;
	int priority;
	int tries;			/* 0: HUB_TRIES */
	int64_t at_ns;			/* wall clock; 0: now */
	int64_t ttl_ns;			/* 0: for ever */
	/* what became of it: */
	char accepted[ULID_LEN + 1];	/* the id it has in the hub: an older
					 * one when the key or id was known */
	bool known;
};

/* All of them or none. */
int	hub_send(struct hub *h, struct hub_message *m, size_t n,
	    struct err *e);

/* Taking. */

struct hub_delivery {
	char *line;			/* the record, as it was sent */
	size_t len;
	char id[ULID_LEN + 1];
	char lease[HUB_LEASE_MAX];	/* ID.N; empty when acknowledged */
	int number;			/* of the delivery, from 1 */
};

void	hub_delivery_release(struct hub_delivery *d);

struct hub_taker;

struct hub_take {
	const char *box;
	int64_t lease_ns;		/* 0: HUB_LEASE */
	const char *corr;		/* only answers to this; NULL: any */
	bool ack;			/* acknowledge at once */
	int64_t owner_pid;		/* the lease ends with that process;
					 * 0: with this taker; -1: by time
					 * only, so it survives us */
};

/*
 * One who takes from a box.  Its leases end with it: with hub_taker_close(),
 * or with the process.
 */
int	hub_taker_open(struct hub *h, const struct hub_take *how,
	    struct hub_taker **ret, struct err *e);
void	hub_taker_close(struct hub_taker *t);	/* NULL is fine */

/*
 * Up to `max` deliveries that are due now, without waiting: their number, 0
 * when there is none, -1.
 */
int	hub_take(struct hub_taker *t, struct hub_delivery *out, int max,
	    struct err *e);

/*
 * Waits until hub_take() is worth another try: 1; 0 out of time; 2 when
 * `also` (a descriptor, -1 for none) is readable or hung up; -1 failure, or
 * ST_SIGNAL + *stop.  Costs no processor time.  Try hub_take() before the next
 * wait, with `max` 0 where there is no room: it also takes back what the dead
 * hold, and until then waiting would end at once.
 */
int	hub_wait(struct hub_taker *t, struct deadline until, int also,
	    const volatile int *stop, struct err *e);

/* How many of its leases this taker still has. */
int	hub_held(struct hub_taker *t, struct err *e);

/*
 * A descriptor for processes that the work is given to: as long as one of
 * them has it open, the leases of this taker are not lost with us.  -1 where
 * there is none.  Stays ours.
 */
int	hub_taker_fd(const struct hub_taker *t);

/* Settling. */

enum hub_verdict {
	HUB_ACK,		/* done */
	HUB_NAK,		/* hand back, `pause_ns` before the next try;
				 * counts as a failure, `why` is kept */
	HUB_RETURN,		/* hand back as if never taken */
	HUB_EXTEND,		/* the lease lasts `pause_ns` from now */
	HUB_DEAD		/* to the dead letters, with `why` */
};

/*
 * `lease` is ID.N, or an ID for whatever lease there is.  `box` restricts
 * whose (NULL: any).  1 settled; 0 when it is not ours any more, `e` saying
 * what became of it; -1.  A second HUB_ACK under the same name is 1.
 */
int	hub_settle(struct hub *h, const char *box, const char *lease,
	    enum hub_verdict v, int64_t pause_ns, const char *why,
	    struct err *e);

/* The dead letter is delivered again, counting from 1. 1, 0 none, -1. */
int	hub_again(struct hub *h, const char *box, const char *id,
	    struct err *e);

/*
 * Looking, in order, without taking: state is "ready", "leased", "later",
 * "dead", "done" or NULL for all but done; box may be NULL.  `fn` gets an
 * object {id, box, state, source, priority, tries, lease, error, due, record}
 * and stops by returning non-zero.
 */
typedef int (*hub_fn)(const jv *item, void *arg);
int	hub_list(struct hub *h, const char *box, const char *state,
	    hub_fn fn, void *arg, struct err *e);

/* One message by its id, as hub_list() gives it: 1, 0, -1. */
int	hub_get(struct hub *h, const char *id, jv *ret, struct err *e);

/* Boxes with numbers of messages per state: {box, ready, leased, ...}. */
int	hub_boxes(struct hub *h, hub_fn fn, void *arg, struct err *e);

/* A topic is a list of boxes; what is published goes to each of them. */
int	hub_subscribe(struct hub *h, const char *topic, const char *box,
	    bool on, struct err *e);
int	hub_subscribers(struct hub *h, const char *topic, jv *ret_boxes,
	    struct err *e);

/* At most `n` leases at a time in a queue, over all its takers; 0 lifts. */
int	hub_limit(struct hub *h, const char *box, int n, struct err *e);

/*
 * Says that the sender of `id` waits for the answer in `box`: others do not
 * get that answer as long as this taker lives.
 */
int	hub_await(struct hub_taker *t, const char *id, struct err *e);

/*
 * Throws away what was done with before `retention_ns` ago, and files that
 * the dead left; with `vacuum`, gives space back.  The number of records.
 */
int64_t	hub_gc(struct hub *h, int64_t retention_ns, bool vacuum,
	    struct err *e);
int	hub_backup(struct hub *h, const char *to, struct err *e);
int	hub_check(struct hub *h, void (*found)(void *arg, const char *what),
	    void *arg, struct err *e);

/*
 * Gates: questions that hold work.  All as objects with the members of the
 * view `gate`: id, key, source, run, task, kind, question, options, subject,
 * shown, path, digest, who, deadline, then, state (open, answered, cancelled),
 * answer, message, by, at.
 */

/*
 * Puts a question.  With a key that an earlier one of this source has, it is
 * that one, open or answered, provided that the digest is the same; with
 * another digest the earlier one is cancelled, because it was about something
 * else.  `*ret` is the gate as it is now.
 */
int	hub_gate_ask(struct hub *h, const jv *question, jv *ret,
	    struct err *e);

/* By id, or the end of one that is not ambiguous.  1, 0, -1. */
int	hub_gate_get(struct hub *h, const char *id, jv *ret, struct err *e);

/*
 * The first one decides: 1; 0 when it was not open any more, `*ret` being
 * what it is; -1.  `state` is "answered" or "cancelled".
 */
struct hub_answer {
	const char *state, *answer, *message, *by;
	bool remember;
	int64_t remember_ns;		/* 0: 30 days */
};
int	hub_gate_answer(struct hub *h, const char *id,
	    const struct hub_answer *a, jv *ret, struct err *e);

/* state: "open", "answered", "cancelled"; NULL: all.  Oldest first. */
int	hub_gates(struct hub *h, const char *state, hub_fn fn, void *arg,
	    struct err *e);

/* Waits for any change of any gate; as hub_wait(). */
struct hub_watch;
int	hub_gate_watch(struct hub *h, struct hub_watch **ret, struct err *e);
int	hub_watch_wait(struct hub_watch *w, struct deadline until, int also,
	    const volatile int *stop, struct err *e);
void	hub_watch_close(struct hub_watch *w);

/* A remembered answer of (source, subject): 1 and the object, 0, -1. */
int	hub_remembered(struct hub *h, const char *source,
	    const char *subject, jv *ret, struct err *e);
int	hub_remembered_list(struct hub *h, hub_fn fn, void *arg,
	    struct err *e);
int	hub_forget(struct hub *h, const char *id, struct err *e);

#endif
