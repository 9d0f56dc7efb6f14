/*
 * agent-impl: what the two halves of agent.h share: agent.c asks the model,
 * agent-act.c does what it wants done.
 */
#ifndef AGENT_AGENT_IMPL_H
#define AGENT_AGENT_IMPL_H

#include "agent.h"
#include "buf.h"
#include "snapshot.h"

struct run {
	const struct agent_task *task;
	struct conversation *talk;
	struct model_pool *pool;
	struct snapshot snapshot;
	bool no_snapshots;		/* they failed once: said, given up */
	int64_t started, first_turn;	/* when we began; turns before that */
	int64_t first_tokens;		/* that do not count */
	char *last_calls;
	int repeats;			/* of the calls of the last turn */
	int64_t context;		/* tokens of the last exchange */
	bool fresh;			/* handed over, and not yet answered */
	/* the end, once `reason` is set */
	const char *reason;
	int status;
	struct buf answer;
};

/* Says something: for good where it must last, and to the watchers. */
int	agent_say(struct run *r, const char *type, jv data, bool lasts,
	    struct err *e);

/* Ends the run, after what is under way. */
void	agent_end(struct run *r, int status, const char *reason);

/* Why a run ends that cannot go on with its calls. */
const char *agent_end_reason(int status);

/*
 * Asks a person about the run, once: `subject` is a word for it, `text` is
 * shown.  1 yes, 0 no, with what was said; -1 parked or worse.
 */
int	agent_ask_person(struct run *r, const char *subject,
	    const char *question, const char *text, struct buf *words,
	    struct err *e);

/* What counts against the limit on tokens. */
int64_t	agent_tokens(const struct run *r);

/* The last record; `why` says what went wrong, when its status is not 0. */
int	agent_say_end(struct run *r, const struct err *why, struct err *e);

/*
 * Does what the last message asks for and has not got yet.  -1 when the run
 * cannot go on, which is then ended.
 */
int	agent_act(struct run *r, struct err *e);

/*
 * Whether a call may be made: PERMIT_YES or PERMIT_NO, by the rules, the
 * hooks and, where these say so, a person, for whom it waits.  `words` gets
 * why.  A no is on the audit trail.  -1 as asking_person(), or a hook failed.
 */
int	agent_permit(struct run *r, const struct call *c, struct buf *words,
	    struct err *e);

/*
 * Asks for a brief and goes on with that (agent-handover.c).  -1 when that
 * cannot be done; the run is then ended.
 */
int	agent_hand_over(struct run *r, struct err *e);

#endif
