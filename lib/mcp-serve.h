/*
 * mcp-serve: tools for somebody else's agent or editor, by the Model Context
 * Protocol (revision 2025-06-18, and those around it), on standard input and
 * output.
 *
 * A tool is an object:
 *
 *	{"name":"count","description":"Counts words.","parameters":{...},
 *	 "command":["/home/me/tools/count"],"timeout":60,
 *	 "read_only":true,"idempotent":true}
 *
 * Its command is run with the arguments on standard input; what it prints,
 * cut in the middle when long, is the result, and a status other than 0 an
 * error.  Nothing is confined here.  Calls run side by side.
 */
#ifndef AGENT_MCP_SERVE_H
#define AGENT_MCP_SERVE_H

#include "err.h"
#include "json.h"

struct mcp_serve {
	int in, out;
	const jv *tools;		/* an array of these objects */
	const volatile int *stop;
};

/* Whether they are what they should be: ST_DATA. */
int	mcp_serve_check(const jv *tools, struct err *e);

/*
 * Serves until the input ends, and what was asked until then has been
 * answered.  -1 by a signal, or when the answers cannot be written.
 */
int	mcp_serve(const struct mcp_serve *s, struct err *e);

#endif
