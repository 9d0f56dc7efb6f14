/*
 * acp-serve: our agent for editors that speak the Agent Client Protocol,
 * version 1, over standard input and output.
 *
 * Each session is a run of the workspace that the editor names, and each
 * prompt a process of its own that goes on with that run; what that says is
 * told as updates.  A question to a person is asked in the editor, and is a
 * gate (agent-gate(1)) as well: whoever answers first decides.  To cancel is
 * to end the process in order; the next prompt goes on.
 *
 * Nothing is asked of the editor but that: files and commands are those of
 * the agent's own tools, in its sandbox.
 */
#ifndef AGENT_ACP_SERVE_H
#define AGENT_ACP_SERVE_H

#include "err.h"

struct acp_serve {
	const char *program;		/* agent-spawn */
	const char *const *args;	/* that make it say records, pieces of
					 * answers too; NULL ends */
	const char *mode;		/* a new session's: permit.h; or NULL */
	const volatile int *stop;
	int in, out;
};

/*
 * Until the editor has closed the input, or a signal came: 0, or -1 with
 * ST_SIGNAL + n, or ST_IO when the editor has gone.
 */
int	acp_serve(const struct acp_serve *s, struct err *e);

#endif
