/*
 * toolbox: the tools of one agent, those that are built in (tool.h) and those
 * of its own.
 *
 * A tool of its own is an executable in one of its tools_dir, run in the
 * sandbox in the agent's workspace, with the arguments as a JSON object on
 * stdin; what it prints is what the model reads, a status that is not 0 means
 * failure.  Its name is that of the file without an ending such as ".py".
 * NAME.json or NAME.yaml beside it says what it is, or else what
 * `EXECUTABLE --describe` prints, in a sandbox without anything:
 *
 *	description: Counts the words of a file.
 *	parameters: { type: object, properties: { path: { type: string } } }
 *	read_only: true		# it changes nothing
 *	idempotent: true	# it may be made again after a crash
 *	timeout: 5m
 *
 * Those that MCP servers of the agent give (servers.h) are its own, too.
 */
#ifndef AGENT_TOOLBOX_H
#define AGENT_TOOLBOX_H

#include "err.h"
#include "json.h"
#include "tool.h"

struct toolbox {
	struct tool *own;	/* sorted by name within a directory */
	size_t n, cap;
	jv dirs;		/* where they are: strings, absolute */
};

#define TOOLBOX_INIT { .dirs = JSON_NONE }

void	toolbox_release(struct toolbox *b);
#define AUTO_TOOLBOX __attribute__((cleanup(toolbox_release)))

/*
 * Reads those of an agent; `dir` is where its relative paths start.  ST_CONFIG
 * for one that does not say what it is, or has the name of another,
 * ST_NOINPUT for a directory that is not there.
 */
int	toolbox_read(const jv *agent, const char *dir, struct toolbox *ret,
	    struct err *e);

/*
 * Adds one, whose strings are taken over; and removes those of servers.  What
 * toolbox_find() gave before is then no more.
 */
void	toolbox_add(struct toolbox *b, const struct tool *t);
void	toolbox_drop_served(struct toolbox *b);

/* One of its own, or else a built-in one; NULL.  `b` may be NULL. */
const struct tool *toolbox_find(const struct toolbox *b, const char *name);

/* The names of all, its own first; NULL at the end; to be freed. */
const char **toolbox_names(const struct toolbox *b);

#endif
