/*
 * spawn: from what a user says to a run of an agent.
 *
 * Finds the workspace and agents.yaml, picks the agent, reads the
 * configuration, finds the model, makes the run's directory, and runs the
 * loop (agent.h).  Every record goes to the journal, then to the caller.
 */
#ifndef AGENT_SPAWN_H
#define AGENT_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "json.h"
#include "liaison.h"
#include "strs.h"

/* What the user said; borrowed.  NULL or 0: not said. */
struct spawn {
	const char *dir;		/* where to start, -C */
	const char *agents_file;
	const char *agent;
	const struct strs *mcp_configs;	/* files with servers (servers.h); the
					 * later go before; or NULL */
	const char *model;
	const jv *route;		/* of agent-route, which wins over these
					 * two: an object; or NULL */
	const char *task;		/* its id, for the records */
	const char *run;		/* the id of the run, a ULID: gone on
					 * with when it is there, and then the
					 * prompt is nothing new */
	const char *resume;		/* a run to go on with: runs.h */
	bool fork;			/* in a copy of it */
	bool no_checkpoints;
	bool park;			/* end, rather than wait for a person */
	bool dry_run;			/* give the request, run nothing */
	struct liaison *liaison;	/* of an agent that stays, whose task
					 * is the mail; NULL: its own */
	const char *mode;		/* permit.h; NULL: default */
	const jv *options;		/* for the model: object; or NULL */
	int64_t max_turns;
	int64_t max_tokens;
	double max_cost;		/* in USD */
	int64_t timeout_ns;
	const volatile int *stop;
	/* each record after it is in the journal; -1 ends the run */
	int (*record)(void *context, const jv *record, struct err *e);
	/* the model's text as it comes; NULL when nobody looks */
	int (*text)(void *context, const char *s, size_t len, struct err *e);
	void *context;
};

enum {
	SPAWN_TURNS = 50,		/* limits when nobody says */
	SPAWN_CONTEXT = 128000,		/* tokens that a model can take */
	SPAWN_WALL_SECONDS = 3600,
	SPAWN_CALL_SECONDS = 600,	/* of one tool call */
	SPAWN_OUTPUT_MAX = 64 << 20,
	SPAWN_JOBS = 8
};

/*
 * Runs one task, or goes on with a run; `prompt` may then be NULL.  A run
 * that has ended well and is told nothing new is not run again: its result is
 * given once more.  The exit status, with `e` saying why when it is not ST_OK;
 * -1 with `e` when it did not come to a run, or its end could not be written.
 */
int	spawn_run(const struct spawn *s, const char *prompt, struct err *e);

#endif
