/*
 * calls: the tool calls of one turn, each in a sandbox of its own, at once.
 *
 * A call runs as `agent-sandbox ... -- agent-tool call NAME`, its arguments
 * on stdin, or, for `shell`, as `agent-sandbox ... -- sh -c COMMAND`, for a
 * tool of the agent's own (toolbox.h) as `agent-sandbox ... -- EXECUTABLE`, or,
 * when a program serves the tool (tool.h), as that, outside of the sandbox.
 * A server of the agent's (servers.h) is asked, and has one of its own.
 * What it prints goes to a file as a whole, up to a limit, and from there, cut
 * in the middle when long, to the model.
 *
 * A sub-agent that is killed before it has said how it ended goes on in its
 * run, three times at most.
 *
 * Calls run side by side, but one that names the same path as an earlier one
 * waits for it when either changes files: their order is what the model said.
 */
#ifndef AGENT_CALLS_H
#define AGENT_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "child.h"
#include "clock.h"
#include "door.h"
#include "err.h"
#include "json.h"
#include "subagent.h"

/* Where and within what limits the calls of a run are made. */
struct calls_place {
	const struct subagents *subagents;	/* NULL: it can have none */
	const struct toolbox *tools;	/* or NULL: those built in */
	const char *agent;		/* its id, for programs of tools */
	const char *root;		/* of the project's workspace, too */
	const char *workspace;		/* read-write, the current directory */
	const char *output_dir;		/* gets a file for each call */
	const char *profile;		/* of agent-sandbox; or NULL */
	struct door *door;		/* the way to the hub; or NULL */
	const char *const *hide;	/* paths, NULL at the end */
	const char *const *read_only;	/* paths, NULL at the end */
	const jv *env;			/* object of strings, or JSON_NONE */
	int64_t timeout_ns;		/* of a call, when it names none */
	int64_t output_max;		/* bytes a call may print */
	int64_t text_max;		/* bytes of which the model reads, of
					 * all calls of a turn; 0: as many as
					 * tool.h says */
	int jobs;			/* calls at once */
};

enum call_state { CALL_WAITING, CALL_RUNNING, CALL_ENDED };

struct call {
	char *id;			/* the model's */
	char *name;
	jv arguments;			/* an object; of what did not parse:
					 * JSON_NONE, and `text` says why */
	unsigned long number;		/* names the output file */
	char *key;			/* $AGENT_STEP_KEY of what it runs: the
					 * same when it is made again */
	/* the result */
	enum call_state state;
	bool ok;
	struct subagent_terms terms;	/* of `spawn`; settled by the caller */
	jv usage;			/* and what it did; JSON_NONE */
	bool truncated;			/* `text` is not all of the output */
	int status;			/* exit status; -1: it was never run */
	int64_t duration_ns;
	struct buf text;		/* what the model reads */
	char *output;			/* the file, or NULL */
	/* while it runs */
	struct child child;
	int64_t request;		/* at the server of its tool; or 0 */
	int out;
	int file;
	int64_t written, started;
	int again;			/* times that it was begun again */
	bool overdue;			/* so it was killed */
};

#define CALL_INIT { .arguments = JSON_NONE, .usage = JSON_NONE, .status = -1, \
	.child = CHILD_INIT, .out = -1, .file = -1 }

void	call_release(struct call *c);

/*
 * Runs them all.  `ended` is called for each when it has ended, in that
 * order.  0, also when calls failed, which the model is told.  -1 when the
 * run cannot go on: no sandbox (ST_WRAPPER), the deadline (ST_TIMEOUT), a
 * signal (fd_wait()), our own files; what still ran was then killed.
 */
int	calls_run(const struct calls_place *place, struct call *calls, size_t n,
	    struct deadline until, const volatile int *stop,
	    int (*ended)(void *context, const struct call *c, struct err *e),
	    void *context, struct err *e);

#endif
