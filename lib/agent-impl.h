/*
 * agent-impl: what the parts of agent.h share.
 *
 *	agent.c			asks the model, ends the run
 *	agent-act.c		does what it wants done
 *	agent-handover.c	begins anew with a brief
 *	agent-mend.c		does something about failures
 *	agent-repeat.c		sees it go round and round
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
	uint64_t calls[AGENT_REPEATS_MAX * AGENT_PERIOD_MAX];
	size_t ncalls;			/* of the last turns, as digests */
	bool warned;			/* that they repeat themselves */
	bool nudged;			/* for an answer without a word */
	int64_t context;		/* tokens of the last exchange */
	bool fresh;			/* handed over, and not yet answered */
	/* agent-mend.c */
	bool passing;			/* why it ended may pass... */
	int64_t retry_after;		/* ...after so long, ns */
	int retried;			/* in a row */
	int failed_checks;		/* in a row */
	bool changed;			/* this turn changes files */
	bool child_parked;		/* a sub-agent waits for a person */
	char kept[SNAPSHOT_ID_MAX];	/* the last checkpoint that passed */
	bool keep_next;			/* the next one does */
	bool restored;			/* once already */
	int escalations;
	/* the end, once `reason` is set */
	const char *reason;
	int status;
	struct buf answer;
};

/* Says something: for good where it must last, and to the watchers. */
int	agent_say(struct run *r, const char *type, jv data, bool lasts,
	    struct err *e);

/* What is said of a question meanwhile: pieces, other tries, a long wait. */
struct model_events	agent_events(const struct run *r);

/* Ends the run, after what is under way. */
void	agent_end(struct run *r, int status, const char *reason);

/* Ends it because the model failed, which may pass (agent_mend()). */
void	agent_end_model(struct run *r, const struct model_reply *reply,
	    struct err *e);

/*
 * Does something about the end of the run, if it can, and it goes on
 * (agent-mend.c).
 */
void	agent_mend(struct run *r, struct err *e);

/* Runs the agent's check, if it has one; what comes of it may end the run. */
void	agent_check_work(struct run *r, struct err *e);

/*
 * Looks whether the calls of this turn are those of the last ones, round and
 * round: warns the model once, then ends the run (agent-repeat.c).
 */
void	agent_check_repeats(struct run *r, const jv *calls, struct err *e);

/* Says something to the model. */
int	agent_tell(struct run *r, const char *text, struct err *e);

/* Why a run ends that cannot go on with its calls. */
const char *agent_end_reason(int status);

/*
 * Asks a person about the run, once: `kind` as in asking.h, `subject` is a
 * word for it, `text` is shown.  1 yes, 0 no, with what was said; -1 parked or
 * worse.
 */
int	agent_ask_person(struct run *r, const char *kind, const char *subject,
	    const char *question, const char *text, struct buf *words,
	    struct err *e);

/*
 * Where the server counts no tokens, puts into the reply what the lengths of
 * the texts amount to.
 */
void	agent_estimate(const struct run *r, struct model_reply *reply);

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
 * Asks for a brief and goes on with that, or one of our own when the model
 * writes none (agent-handover.c).  -1 when the model cannot be asked; the run
 * is then ended.
 */
int	agent_hand_over(struct run *r, struct err *e);

#endif
