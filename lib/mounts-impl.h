/* mounts-impl: what the files of the mounts module share; private to them. */
#ifndef AGENT_MOUNTS_IMPL_H
#define AGENT_MOUNTS_IMPL_H

#include "mounts.h"

/* mounts-etc.c */

/* A file for bwrap to copy from; its number becomes an argument. */
int	mounts_add_data(struct mounts *m, const char *option,
	    const char *text, const char *dest, struct err *e);

/*
 * bwrap copies from `fd`, which is taken over: cheaper than a mount.  False,
 * with errno, when that is -1 or there are too many.
 */
bool	mounts_add_copy(struct mounts *m, int fd, const char *perms,
	    const char *dest);

/*
 * For a root caller /etc is what programs need, copied or bound: uid 0 owns
 * what the others may not read, and being confined does not change that.
 */
void	mounts_add_etc(struct mounts *m);

/* The file that a link in /etc means, or the file itself, with our text;
 * nothing for NULL. */
int	mounts_add_etc_file(struct mounts *m, const struct mounts_where *w,
	    const char *path, const char *text, struct err *e);

/* mounts-hide.c: what one rule of --hide means. */
int	mounts_hide(struct mounts *m, const char *rule,
	    const struct mounts_where *w, struct err *e);

#endif
