/*
 * stay: an agent that lives.
 *
 * It takes messages as they come and answers them in one conversation, a run
 * that each start goes on with.  A message is done with when its answer is on
 * the disk and has been sent to its `replyto`; until then it is leased, so
 * what a killed agent was at comes to the next one, which goes on where the
 * conversation ends.  An answer is sent under a key made of the message's id:
 * once, however often it is tried.
 *
 * What cannot be done now (no model, a full disk, somebody else at the run)
 * is tried again after a while; what fails goes to the dead letters, and who
 * waits for the answer is told.
 */
#ifndef AGENT_STAY_H
#define AGENT_STAY_H

#include <stdint.h>

#include "err.h"
#include "spawn.h"

/*
 * Lives until it is told to stop, by a message or by `*s->stop`, or has had
 * nothing to do for `idle_ns`; 0: takes what is there; -1: for ever.  `s` is
 * as for spawn_run(), with an agent.  ST_OK, also after SIGTERM; -1, with
 * ST_TEMPFAIL when another process of this agent stays, ST_SIGNAL + n.
 */
int	stay_run(const struct spawn *s, int64_t idle_ns, struct err *e);

#endif
