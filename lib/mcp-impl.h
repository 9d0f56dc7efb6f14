/*
 * mcp-impl: what the parts of mcp.h share: mcp-wire.c has the process,
 * mcp.c knows what is said.
 */
#ifndef AGENT_MCP_IMPL_H
#define AGENT_MCP_IMPL_H

#include "buf.h"
#include "child.h"
#include "mcp.h"
#include "ndjson.h"

/* What we have asked, until the answer was taken. */
struct question {
	int64_t id;
	enum { ASK_INITIALIZE, ASK_LIST, ASK_CALL } what;
	bool answered;
	jv result;		/* JSON_NONE: it is an error */
	struct err e;
};

struct mcp {
	char *name;
	struct child child;
	int errors;
	struct ndjson_reader reader;
	struct buf out;		/* what it has not read yet */
	struct question *asked;
	size_t nasked, casked;
	int64_t last_id;
	enum mcp_state state;
	struct err why;
	jv tools, coming;	/* and those of a list under way */
	int pages;
	bool listing, again, renewed;
	jv logs;
	unsigned left_out;	/* of these */
	int bad_lines;
	bool overlong;		/* within a line that is, and told so */
};

#define MCP_VERSION "2025-06-18"	/* that we ask for */

/* Whether we speak that one, too. */
bool	mcp_knows(const char *version);

/* Starts the process; says nothing to it yet. */
struct mcp *mcp_open(const char *name, const char *const *argv,
	    const char *const *envp, int errors, struct err *e);

/* The first question. */
void	mcp_greet(struct mcp *m);

/* A message, and a notification, which is taken over. */
void	mcp_say(struct mcp *m, jv message);
void	mcp_notify(struct mcp *m, const char *method, jv params);

/* Writes as much of what it was told as it takes. */
void	mcp_flush(struct mcp *m);

/* Something to tell of it: its own words, or ours. */
void	mcp_log(struct mcp *m, const char *level, const char *text,
	    size_t len);
void	mcp_warn(struct mcp *m, const char *text);

#endif
