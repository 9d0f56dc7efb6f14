/*
 * mounts: what the sandbox sees, as an argument list for bwrap.
 *
 * Builds, in this order: the system read-only, private /tmp, /run, /var,
 * /dev, /proc and home, the workspace, what --ro, --rw, --cache name (a
 * directory before what is in it), the pins of repositories, what is hidden.
 * Nothing is ever created in the workspace: what is mounted there must exist,
 * and links are followed here, not by bwrap.
 */
#ifndef AGENT_MOUNTS_H
#define AGENT_MOUNTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "buf.h"
#include "err.h"
#include "gitdir.h"
#include "rules.h"
#include "strs.h"

enum { MOUNTS_FDS_MAX = 256 };

struct mounts {
	struct strs argv;	/* "bwrap" and its options */
	int fds[MOUNTS_FDS_MAX];	/* what it reads files from */
	size_t nfds;
	struct gitdirs git;
	struct strs hidden;	/* real paths, each once */
	char *init;		/* the init's path inside */
	/* what is pinned in the workspace, each ended by NUL and spelled as
	 * in /proc/self/mountinfo: the init looks whether it is */
	struct buf pinned;
};

#define MOUNTS_INIT { .git = GITDIRS_INIT, .pinned = BUF_INIT }

/* A directory shown through an overlay that is mounted at `merged`. */
struct mounts_cache {
	const char *merged, *dest;
};

struct mounts_where {
	const char *workspace;	/* absolute, real */
	const char *backing;	/* what is mounted there: itself, or an
				 * overlay */
	const struct mounts_cache *caches;
	size_t ncaches;
	const char *cwd;	/* inside the workspace */
	const char *home;	/* the caller's, absolute */
	const char *init;	/* our init, outside */
	const char *hosts;	/* /etc/hosts and resolv.conf inside; NULL: */
	const char *resolv;	/* none */
	bool as_root;		/* the caller is uid 0 */
	bool other_uid;		/* be uid 1000: a root whose command makes
				 * sandboxes, which uid 0 may not */
	bool bind_proc;		/* show the /proc around us: in a sandbox of
				 * root's no other can be mounted */
	bool map_root;		/* be uid 0 at first: box_spec BOX_MAP_BACK */
};

void	mounts_close(struct mounts *m);		/* the descriptors */
void	mounts_release(struct mounts *m);	/* closes them too */

/* ST_WRAPPER when something asked for cannot be shown. */
int	mounts_plan(struct mounts *m, const struct rules *rules,
	    const struct mounts_where *where, struct err *e);

/*
 * "PATH" or "PATH:DEST" as a rule has it: "~" is home, relative ones start
 * at the workspace.  The source, real; NULL when it does not exist, or not
 * all of it is where it should be.  The caller frees both.
 */
char	*mounts_split(const char *rule, const struct mounts_where *where,
	    char **ret_dest);

#endif
