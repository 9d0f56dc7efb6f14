/*
 * liaison: what ties an agent at work to the others of its workspace: its
 * mailbox, and its entry in the registry, which says what it is doing by the
 * records that it makes.
 *
 * To be seen is not a condition of working: what the registry does not take,
 * it does not take.
 *
 * An agent that stays is there once: it holds .agent/stay/ID.lock, and as
 * long as it does, the messages are its own, and no other run of the agent
 * takes them.
 */
#ifndef AGENT_LIAISON_H
#define AGENT_LIAISON_H

#include <stdbool.h>

#include "err.h"
#include "json.h"
#include "mail.h"
#include "workspace.h"

struct liaison;

/*
 * `type` is "native", or that of a foreign agent.  ST_TEMPFAIL when it is to
 * stay and another one does.
 */
int	liaison_open(const struct workspace *w, const char *agent,
	    const char *type, bool stays, const volatile int *stop,
	    struct liaison **ret, struct err *e);
void	liaison_close(struct liaison *l);	/* NULL is fine */

struct hub *liaison_hub(const struct liaison *l);

/* NULL when the messages are another one's. */
struct mail *liaison_mail(const struct liaison *l);

/* A record that the agent made. */
void	liaison_record(struct liaison *l, const jv *record);

/* It has nothing to do. */
void	liaison_rest(struct liaison *l);

#endif
