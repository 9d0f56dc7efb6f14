/*
 * launch: starts bwrap, with nothing of ours but what it needs.
 */
#ifndef AGENT_LAUNCH_H
#define AGENT_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "err.h"
#include "overlay-mount.h"
#include "strs.h"

struct launch {
	const char *bwrap;		/* launch_find_bwrap() */
	const struct strs *argv;
	int options;			/* where it reads more of them */
	const struct strs *env;		/* bwrap's and the command's */
	int std[3];			/* the command's 0, 1, 2 */
	int messages;			/* bwrap's own stderr */
	int control;			/* the init's side of the socket */
	const int *keep;		/* other descriptors, same numbers */
	size_t nkeep;
	const struct overlay_mount *overlays;	/* mounted first */
	size_t noverlays;
	bool uproot;			/* we are in a chroot, as root */
};

/* Where bwrap is; NULL when it is not installed.  The caller frees. */
char	*launch_find_bwrap(void);

/*
 * Whether "/" is no mount: a plain directory that somebody entered by
 * chroot(2).  One that is a mount too cannot be told from a real root.
 */
bool	launch_chrooted(void);

/*
 * The pid of the child that is or becomes bwrap; *ret_pidfd too.  It dies
 * with us.  What fails in the child is written to `messages`, and it ends
 * with 125.
 */
pid_t	launch_start(const struct launch *l, int *ret_pidfd, struct err *e);

#endif
