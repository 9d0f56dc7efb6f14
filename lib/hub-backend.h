/*
 * hub-backend: what is behind hub.h.  Private to hub*.c.
 *
 * A backend is one constant struct of functions and a line in the table of
 * hub.c.  The functions do what those of the same name in hub.h do; one that
 * is NULL is refused to the caller (ST_DENIED).
 */
#ifndef AGENT_HUB_BACKEND_H
#define AGENT_HUB_BACKEND_H

#include "hub.h"
#include "registry.h"

struct hub_ops {
	const char *name;
	void (*close)(struct hub *h);
	int (*send)(struct hub *h, struct hub_message *m, size_t n,
	    struct err *e);
	int (*taker_open)(struct hub *h, const struct hub_take *how,
	    struct hub_taker **ret, struct err *e);
	void (*taker_close)(struct hub_taker *t);
	int (*take)(struct hub_taker *t, struct hub_delivery *out, int max,
	    struct err *e);
	int (*wait)(struct hub_taker *t, struct deadline until, int also,
	    const volatile int *stop, struct err *e);
	int (*held)(struct hub_taker *t, struct err *e);
	int (*taker_fd)(const struct hub_taker *t);
	int (*await)(struct hub_taker *t, const char *id, struct err *e);
	int (*settle)(struct hub *h, const char *box, const char *lease,
	    enum hub_verdict v, int64_t pause_ns, const char *why,
	    struct err *e);
	int (*again)(struct hub *h, const char *box, const char *id,
	    struct err *e);
	int (*list)(struct hub *h, const char *box, const char *state,
	    hub_fn fn, void *arg, struct err *e);
	int (*get)(struct hub *h, const char *id, jv *ret, struct err *e);
	int (*boxes)(struct hub *h, hub_fn fn, void *arg, struct err *e);
	int (*subscribe)(struct hub *h, const char *topic, const char *box,
	    bool on, struct err *e);
	int (*subscribers)(struct hub *h, const char *topic, jv *ret_boxes,
	    struct err *e);
	int (*limit)(struct hub *h, const char *box, int n, struct err *e);
	int64_t (*gc)(struct hub *h, int64_t retention_ns, bool vacuum,
	    struct err *e);
	int (*backup)(struct hub *h, const char *to, struct err *e);
	int (*check)(struct hub *h, void (*found)(void *arg,
	    const char *what), void *arg, struct err *e);

	int (*gate_ask)(struct hub *h, const jv *question, jv *ret,
	    struct err *e);
	int (*gate_get)(struct hub *h, const char *id, jv *ret,
	    struct err *e);
	int (*gate_answer)(struct hub *h, const char *id,
	    const struct hub_answer *a, jv *ret, struct err *e);
	int (*gates)(struct hub *h, const char *state, hub_fn fn, void *arg,
	    struct err *e);
	int (*gate_watch)(struct hub *h, struct hub_watch **ret,
	    struct err *e);
	int (*watch_wait)(struct hub_watch *w, struct deadline until,
	    int also, const volatile int *stop, struct err *e);
	void (*watch_close)(struct hub_watch *w);
	int (*remembered)(struct hub *h, const char *source,
	    const char *subject, jv *ret, struct err *e);
	int (*remembered_list)(struct hub *h, hub_fn fn, void *arg,
	    struct err *e);
	int (*forget)(struct hub *h, const char *id, struct err *e);

	int (*join)(struct hub *h, const struct registry_entry *r,
	    struct registry_member **ret, struct err *e);
	int (*update)(struct registry_member *m,
	    const struct registry_entry *r, struct err *e);
	void (*leave)(struct registry_member *m);
	int (*members)(struct hub *h, hub_fn fn, void *arg, struct err *e);
	int (*members_watch)(struct hub *h, struct hub_watch **ret,
	    struct err *e);
};

/* Each backend's own structs begin with these. */
struct hub {
	const struct hub_ops *ops;
	const char *identity;
};

struct hub_taker {
	struct hub *hub;
};

struct hub_watch {
	struct hub *hub;
};

struct registry_member {
	struct hub *hub;
};

int	hub_sqlite_open(const char *dir, const volatile int *stop,
	    struct hub **ret, struct err *e);
int	hub_socket_open(const char *path, struct hub **ret, struct err *e);

#endif
