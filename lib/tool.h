/*
 * tool: what a model may call that is built in.
 *
 * A tool is a name, words for the model, a JSON Schema for its arguments and
 * a function.  The functions trust nothing and guard nothing: they run inside
 * agent-sandbox, started there as `agent-tool call NAME` with the arguments
 * on stdin, and what they cannot see they cannot touch.  The two without a
 * function are not run this way: `shell` is a shell in the sandbox, `done`
 * ends the agent's loop (agent.h).
 *
 * A tool with a `program` is served by that command of ours, which runs
 * outside of the sandbox, for the agent and nobody else, and does nothing but
 * what it is for: `PROGRAM -a AGENT -C DIR tool` declares its tools, unless
 * they have `parameters` here, `... tool NAME` is a call, arguments on stdin;
 * calls-words.c knows of others.  `ask` is for agent-act.c.
 *
 * Adding a tool touches the table in tool.c and the file with its function.
 */
#ifndef AGENT_TOOL_H
#define AGENT_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "json.h"

enum {
	TOOL_CHANGES = 1,	/* changes files */
	TOOL_ONCE = 2,		/* may not simply be run again after a crash */
	TOOL_NAMED = 4		/* an agent has it only if it names it */
};

struct mcp;

struct tool {
	const char *name;
	const char *description;
	const char *parameters;		/* JSON Schema, as text; NULL: the
					 * program has it */
	const char *program;		/* "agent-mem"; NULL: none */
	const char *file;		/* an executable that is run in the
					 * sandbox (toolbox.h); or NULL */
	struct mcp *server;		/* that answers it (servers.h)... */
	const char *remote;		/* ...and what it calls it; or NULL */
	int64_t timeout_ns;		/* 0: as any */
	int flags;
	/*
	 * Appends what the model shall read to `out`.  Failure: ST_NO with
	 * words that help the model to do better.
	 */
	int (*run)(const jv *arguments, struct buf *out, struct err *e);
};

/* All of them, in the order in which a model is told; `*ret_n` how many. */
const struct tool *tool_all(size_t *ret_n);

/* NULL when there is none of that name. */
const struct tool *tool_find(const char *name);

/*
 * {"type":"function","function":{name, description, parameters}}; JSON_NONE
 * when a program has the declaration.
 */
jv	tool_declaration(const struct tool *t);

/*
 * The same for whoever serves tools to others, as mcp-serve.h has it: `command`
 * (taken), a list, is what runs it.
 */
jv	tool_served(const struct tool *t, jv command);

/*
 * Whether the arguments have the members that the schema requires, of the
 * types that it gives, and no others; for an executable, whether they are
 * what its schema says; a server looks for itself.  ST_NO with words for the
 * model.
 */
int	tool_check(const struct tool *t, const jv *arguments, struct err *e);

/* The functions: tool-file.c, tool-patch.c, tool-find.c and tool-fetch.c. */
int	tool_read_file(const jv *arguments, struct buf *out, struct err *e);
int	tool_write_file(const jv *arguments, struct buf *out, struct err *e);
int	tool_edit_file(const jv *arguments, struct buf *out, struct err *e);
int	tool_apply_patch(const jv *arguments, struct buf *out,
	    struct err *e);
int	tool_fetch(const jv *arguments, struct buf *out, struct err *e);
int	tool_list_files(const jv *arguments, struct buf *out, struct err *e);
int	tool_search_files(const jv *arguments, struct buf *out,
	    struct err *e);

/* What stands for what was left out, a size_t of bytes. */
#define TOOL_GAP "\n[... %zu bytes left out ...]\n"

/* Appends a text, or its beginning and end when it is longer than `max`. */
void	tool_text(const char *text, size_t len, size_t max, struct buf *out);

/* What a model gets of one result at most; longer ones are cut. */
enum { TOOL_TEXT_MAX = 48 << 10 };

#endif
