/*
 * registry: who is here, doing what, since when.
 *
 * An entry is a lease that the kernel keeps: it ends with the process that
 * made it, so nobody is listed after kill -9, and nobody sends heartbeats.
 */
#ifndef AGENT_REGISTRY_H
#define AGENT_REGISTRY_H

#include <stdint.h>

#include "err.h"
#include "hub.h"

/* Strings are borrowed; NULL: unknown (in an update: as before). */
struct registry_entry {
	const char *id;			/* the agent's */
	const char *type;		/* "native", "codex", "worker" */
	const char *state;		/* "running", "idle", "waiting" */
	const char *task;
	const char *run;
	const char *gate;		/* the key of what it waits for */
	const char *note;		/* a line about what it has in mind */
	int64_t tokens;			/* -1: unknown */
};

struct registry_member;

int	registry_join(struct hub *h, const struct registry_entry *entry,
	    struct registry_member **ret, struct err *e);
int	registry_update(struct registry_member *m,
	    const struct registry_entry *entry, struct err *e);
void	registry_leave(struct registry_member *m);	/* NULL is fine */

/*
 * Those who live: objects {id, type, state, task, run, gate, note, tokens,
 * pid, since}, by id.  `gate` is the id of the open question whose key the
 * entry has; without one there is none.
 */
int	registry_list(struct hub *h, hub_fn fn, void *arg, struct err *e);

/* Waits for any change of any entry: hub_watch_wait(). */
int	registry_watch(struct hub *h, struct hub_watch **ret, struct err *e);

#endif
