/*
 * mcp: a client of one server of the Model Context Protocol (revision
 * 2025-06-18, and those before it), which is a child: JSON-RPC 2.0, one
 * object a line, over its standard input and output.
 *
 * Nothing here waits, and nothing that a server does, or fails to do, keeps
 * us: who uses it polls, steps, and keeps time.  What it must be able to
 * count on: SIGPIPE is ignored.
 *
 * A server is asked for its tools when it has been greeted, and again when it
 * says that they have changed.  It is offered nothing: what it asks for,
 * `ping` apart, is refused.  What it logs is kept until somebody takes it.
 * One that ends, prints a hundred lines that are no messages, or does not
 * read what it is told is gone, for good; all calls then fail, with the
 * reason.
 */
#ifndef AGENT_MCP_H
#define AGENT_MCP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"
#include "json.h"

struct mcp;

enum mcp_state { MCP_STARTING, MCP_READY, MCP_GONE };

enum {
	MCP_LINE_MAX = 8 << 20,		/* bytes of a message of its */
	MCP_TOOLS_MAX = 500
};

/*
 * Starts it, and greets it; `errors` is a file for its standard error, taken
 * over.  NULL when it could not be started.
 */
struct mcp *mcp_start(const char *name, const char *const *argv,
	    const char *const *envp, int errors, struct err *e);

/*
 * Its end, in steps, so that several go at once: its input ends; it may go by
 * itself until a deadline, and is then told to; it is made to, and freed.
 */
void	mcp_hang_up(struct mcp *m);
void	mcp_end(struct mcp *m, struct deadline until);
void	mcp_free(struct mcp *m);		/* NULL is fine */

enum mcp_state mcp_state(const struct mcp *m);

/* Why it is gone. */
const struct err *mcp_failure(const struct mcp *m);

/* Has it gone, for a reason of ours; or with what it complained of last. */
void	mcp_drop(struct mcp *m, int status, const char *why);
void	mcp_drop_saying(struct mcp *m, int status, const char *why);

/* What to wait for, before the next mcp_step(): two of them. */
void	mcp_poll(const struct mcp *m, struct pollfd p[2]);

/* Writes what there is to say, takes what it has said. */
void	mcp_step(struct mcp *m);

/*
 * Its tools, an array as `tools/list` gives them.  mcp_listing() while they
 * are being asked for anew; mcp_renewed() once after they came.
 */
const jv *mcp_tools(const struct mcp *m);
bool	mcp_listing(const struct mcp *m);
bool	mcp_renewed(struct mcp *m);

/* Calls a tool; a number by which the answer is known. */
int64_t	mcp_call(struct mcp *m, const char *tool, const jv *arguments);

/*
 * 1 with the result of a call; 0 when there is none yet; -1 when there will
 * be none: ST_NO when the server says so, ST_DATA for one that is too long,
 * or as mcp_failure().  1 and -1 come once.
 */
int	mcp_answer(struct mcp *m, int64_t call, jv *ret, struct err *e);

/* Forgets a call, and tells the server. */
void	mcp_cancel(struct mcp *m, int64_t call, const char *why);

/* What it logged and did wrong since the last time: [{level, text}]. */
jv	mcp_take_logs(struct mcp *m);

/*
 * What a model reads of the result of a call: its texts; of images, sounds
 * and the like what they are; structured content where no text says the same
 * (mcp-words.c).
 */
void	mcp_words(const jv *result, struct buf *out);

#endif
