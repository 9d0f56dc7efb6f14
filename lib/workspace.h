/*
 * workspace: the directory `.agent/` and what lies where in it.
 *
 * A workspace is found as git finds one: the nearest `.agent/` from the
 * current directory upwards; `start` (an option -C DIR) begins elsewhere, and
 * $AGENT_DIR names the `.agent` directory itself.
 *
 * What is in it decides what commands run and whom they may ask, so one that
 * somebody else owns, or that everybody may write, is refused as git refuses
 * a repository (safe.directory); naming it in $AGENT_DIR is the way to say
 * that it is meant.  Under sudo the invoking user's is fine too.
 */
#ifndef AGENT_WORKSPACE_H
#define AGENT_WORKSPACE_H

#include <stdbool.h>

#include "err.h"

#define WORKSPACE_DIR ".agent"

struct workspace {
	char *root;	/* where the work is: absolute, without links */
	char *dir;	/* its .agent */
};

#define WORKSPACE_INIT { 0 }

void	workspace_release(struct workspace *w);
#define AUTO_WORKSPACE __attribute__((cleanup(workspace_release)))

/*
 * Finds it: 1, 0 when there is none, -1 on failure: ST_NOINPUT when `start`
 * or $AGENT_DIR is not there, ST_DENIED when it is not ours.  `start` is NULL
 * for the current directory; given, it wins over $AGENT_DIR.
 */
int	workspace_find(const char *start, struct workspace *ret,
	    struct err *e);

/*
 * Makes `root`/.agent (mode 0700, with a .gitignore that ignores everything
 * in it); fine when it is there and ours.
 */
int	workspace_make(const char *root, struct workspace *ret,
	    struct err *e);

/* Finds it, or else makes it in `start` (NULL: the current directory). */
int	workspace_need(const char *start, struct workspace *ret,
	    struct err *e);

/* Names of files, the caller's to free; nothing is made. */
char	*workspace_config(const struct workspace *w);
char	*workspace_journal(const struct workspace *w);
char	*workspace_audit(const struct workspace *w);
char	*workspace_hub(const struct workspace *w);
char	*workspace_run(const struct workspace *w, const char *run);
char	*workspace_memory(const struct workspace *w, const char *agent);
char	*workspace_shared(const struct workspace *w, const char *name);

/*
 * Whether a name may become part of a path: letters, digits, '.', '_', '-',
 * at most 64, not beginning with '.' or '-'.  Check ids that come from
 * outside with it before they go into the functions above.
 */
bool	workspace_id_valid(const char *id);

/* Makes runs/RUN, mode 0700; its path.  ST_DATA for an id that is none. */
char	*workspace_make_run(const struct workspace *w, const char *run,
	    struct err *e);

/* Makes memory/, mode 0700, and gives the path of ID.db in it; or
 * memory/shared/, and that of NAME.db. */
char	*workspace_make_memory(const struct workspace *w, const char *agent,
	    struct err *e);
char	*workspace_make_shared(const struct workspace *w, const char *name,
	    struct err *e);

#endif
