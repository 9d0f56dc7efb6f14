/*
 * agent: the loop.  Ask the model, do what it wants done, tell it what came
 * of it, until it is done or a limit is reached.
 *
 * Everything that happens is a record: in the run's conversation (synced
 * before it is acted upon), and given to `record`, which passes it on to the
 * journal and to whoever watches.  The last one is always a `result`, also
 * after a failure, a limit or a signal.
 *
 * A model that makes the same calls round and round is told so, and then
 * stopped.
 *
 * When the conversation comes near to what the model can take, or is refused
 * as too long, the model is asked for a brief, and the work goes on with the
 * task and that brief alone: a handover to a fresh agent.
 *
 * Given a conversation that was broken off, the loop goes on where it ends.
 * Calls that had ended are not made again.  One that was begun is made again
 * if that does no harm (tool.h); otherwise the model is told that it may have
 * happened.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdint.h>

#include "calls.h"
#include "clock.h"
#include "conversation.h"
#include "err.h"
#include "json.h"
#include "mail.h"
#include "model.h"
#include "permit.h"
#include "record.h"

struct agent_limits {
	int64_t turns;			/* model calls; 0: no limit */
	int64_t tokens;			/* input and output together; 0: none */
	double cost;			/* in USD, with sub-agents; 0: none */
	int64_t context;		/* tokens that the model can take; at
					 * AGENT_CONTEXT_PERCENT of it the
					 * agent hands over; 0: never */
	struct deadline until;
};

/* What is done about failures (agent-mend.c). */
struct agent_care {
	int64_t retries;		/* -1: not said */
	const char *check;		/* a command that tests the work; or
					 * NULL */
	bool each_turn;			/* that changed files, not at the end */
	bool rollback;			/* when it cannot be mended */
	bool escalate;			/* ask a person in the end */
};

enum {
	AGENT_REPEATS_MAX = 8,		/* rounds of the very same calls... */
	AGENT_PERIOD_MAX = 4,		/* ...of so many turns at most */
	AGENT_CONTEXT_PERCENT = 80
};

/* Everything is borrowed for the time of the run. */
struct agent_task {
	const char *id;			/* of the agent */
	const char *model_name;		/* for people */
	const char *prompt;		/* what the person says; NULL: nothing
					 * new, go on */
	const char *briefing;		/* the system message of a new run */
	const jv *tools;		/* declarations, an array */
	const jv *options;		/* for the model, or JSON_NONE */
	const jv *route;		/* of agent-route, or JSON_NONE: with
					 * `gate`, a person is asked first */
	const char *run_dir;
	int64_t depth;			/* of agents that spawned agents */
	struct conversation *talk;	/* new, or opened to go on */
	struct record_origin origin;	/* of every record */
	const struct model *model;
	struct calls_place place;
	struct permit permit;
	const char *audit;		/* file for what was denied */
	struct mail *mail;		/* what comes for it; NULL: nothing */
	bool stays;			/* limits are for each answer */
	bool park;			/* end, rather than wait for a person */
	bool checkpoints;		/* take one before files change */
	struct agent_limits limits;
	struct agent_care care;
	const volatile int *stop;
	/*
	 * Before each question and at the start, or NULL: `tools` may have
	 * changed then.  Gives what there is to log, [{level, text}]; -1 ends
	 * the run.
	 */
	int (*renew)(void *context, jv *ret_logs, struct err *e);
	/* every record, in order; -1 ends the run */
	int (*record)(void *context, const jv *record, struct err *e);
	/* the answer's text as it comes; NULL when nobody looks */
	int (*text)(void *context, const char *s, size_t len, struct err *e);
	void *context;
};

/*
 * Runs it: the exit status that its `result` tells.  `e` says why when that
 * is not ST_OK.  -1 only when the result itself could not be recorded.
 */
int	agent_run(const struct agent_task *task, struct err *e);

#endif
