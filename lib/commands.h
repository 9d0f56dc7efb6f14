/*
 * commands: what `agent NAME` can run.
 *
 * A command NAME is an executable file agent-NAME, program or script, ours or
 * anybody's: beside the running program, or else in a directory of PATH.
 * Directories of PATH that are not absolute are passed over: what is run must
 * not depend on where one stands.
 */
#ifndef AGENT_COMMANDS_H
#define AGENT_COMMANDS_H

#include <stddef.h>

#include "buf.h"
#include "err.h"

struct command {
	char *name;		/* "watch" */
	char *path;		/* "/usr/bin/agent-watch" */
};

struct commands {
	struct command *list;	/* sorted by name, each name once */
	size_t count, cap;
};

#define COMMANDS_INIT { 0 }

void	commands_release(struct commands *c);
#define AUTO_COMMANDS __attribute__((cleanup(commands_release)))

int	commands_read(struct commands *ret, struct err *e);

/*
 * The path of one, the caller's to free.  NULL and ST_NOTFOUND when there is
 * none, with the name that was probably meant.
 */
char	*command_path(const char *name, struct err *e);

/*
 * What it does, in a few words, appended: from the NAME section of its page;
 * for a script without one, what its first comment says after "agent-NAME:".
 * Nothing when neither is there.
 */
void	command_words(const struct command *c, struct buf *out);

/*
 * The file of the page agent-NAME, or of the page NAME when that begins with
 * "agent", in whatever section: in the source tree, or as it is installed
 * (which may be compressed).  NULL when there is none.
 */
char	*command_page(const char *name);

#endif
