/*
 * servers: the MCP servers of one agent (mcp.h), and the tools that they
 * give.
 *
 * They are what `mcp_servers` of agents.yaml says, and what is in the files
 * that other programs have for it:
 *
 *	files: { command: mcp-server-filesystem, args: [.] }
 *	forge: { command: [node, server.js], env: { TOKEN: "${FORGE}" },
 *	    required: true, timeout: 5m, startup_timeout: 1m }
 *
 * Each runs as long as the run does, in the sandbox that the agent's tools
 * run in.  "${NAME}" in `env` is a variable of ours; values go by the
 * environment, because what is in an argument list, everybody can read.
 *
 * A tool is called mcp__SERVER__TOOL, with '_' for what may not be in a name.
 * The hints of a server say whether it changes anything and may be made again.
 */
#ifndef AGENT_SERVERS_H
#define AGENT_SERVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "calls.h"
#include "err.h"
#include "json.h"
#include "toolbox.h"
#include "yaml.h"

struct server;

struct servers {
	struct server *v;	/* sorted by name */
	size_t n;
	jv logs;		/* [{level, text}], not taken yet */
};

#define SERVERS_INIT { .logs = JSON_NONE }

/* What `mcp_servers` may hold, for yaml_check(). */
extern const struct yaml_shape servers_shape[];

/* What is wrong with the name of one; NULL: nothing. */
const char *servers_name_problem(const char *name);

/*
 * Reads a file with them under `mcpServers`, as Claude Code and others write
 * it, or `mcp_servers`; the object in `*ret`.
 */
int	servers_read(const char *path, jv *ret, struct err *e);

/* The name of the server that a tool of that name would be of; or NULL. */
char	*servers_of_tool(const char *tool);

/*
 * Whether a word for tools, a name, mcp__SERVER or a shell pattern, can be of
 * a server of the agent.
 */
bool	servers_may_mean(const jv *agent, const char *word);

/*
 * A value of an environment with the variables of ours in it: whether there
 * are any, or -1 with ST_CONFIG when one is not there.
 */
int	servers_value(const char *text, struct buf *out, struct err *e);

/* Whether agent-sandbox itself would obey a variable of that name. */
bool	servers_obeyed(const char *name);

/* The program of one, to be freed, and its arguments; NULL: ST_NOTFOUND. */
char	*servers_words(const jv *config, const char *dir, jv *ret_args,
	    struct err *e);

/*
 * Starts them all.  `dir` is where relative paths of programs start, `place`
 * what they may see; with `read_only` they can change nothing.  Never waits.
 * One that cannot be started is told with the others that fail.
 */
void	servers_start(const jv *config, const char *dir,
	    const struct calls_place *place, bool read_only,
	    struct servers *ret);

/*
 * Waits until each is ready, has its new list of tools, or has failed: 1 when
 * the tools are others than the last time, or 0.  -1 when one that is
 * `required` is gone (ST_UNAVAILABLE), or by `until` and `stop` as fd_poll().
 */
int	servers_wait(struct servers *s, struct deadline until,
	    const volatile int *stop, struct err *e);

/*
 * Puts the tools of those that are there, and that the agent may have, into
 * its box, and appends their declarations.
 */
void	servers_give(struct servers *s, const jv *agent, struct toolbox *box,
	    jv *declarations);

/* What there is to tell of them since the last time. */
jv	servers_take_logs(struct servers *s);

/* Ends them: no tool of theirs may be used any more. */
void	servers_stop(struct servers *s);

#endif
