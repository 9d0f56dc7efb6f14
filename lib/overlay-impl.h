/* overlay-impl: what the files of the overlay module share; private to them. */
#ifndef AGENT_OVERLAY_IMPL_H
#define AGENT_OVERLAY_IMPL_H

#include "overlay.h"

/*
 * No tree of a person's is deeper, and who makes one that is may want to use
 * up our stack and descriptors: it is refused.
 */
enum { OVERLAY_DEPTH_MAX = 256 };
int	overlay_check_depth(const char *path, struct err *e);

/* overlay-risk.c */

/*
 * Why the file `name` of the directory `dir`, which is `path` in the
 * workspace `lower_root`, must be accepted by name; NULL when it need not.
 */
const char *overlay_risk(int lower_root, int dir, const char *name,
	    const char *path, const struct stat *st);
const char *overlay_risk_gone(const char *path);	/* that goes away */
bool	overlay_in_git(const char *path);	/* ".git" is a part of it */

/* overlay-copy.c */

/* What a copy was made of: a path and the inode that the copy has. */
struct copied {
	char *path;
	uint64_t inode;
};

struct copied_list {
	struct copied *v;
	size_t n, cap;
};

#define COPIED_LIST_INIT { 0 }

void	copied_list_release(struct copied_list *l);
#define AUTO_COPIED __attribute__((cleanup(copied_list_release)))

/*
 * Copies the workspace to o->merged, at most `max` bytes that are not shared
 * (0: any), and writes down what was copied.
 */
int	overlay_copy(const struct overlay *o, int64_t max, struct err *e);

/* Reads that; sorted by path. */
int	overlay_copied(const struct overlay *o, struct copied_list *ret,
	    struct err *e);

/* NULL when it was not copied. */
const struct copied *copied_find(const struct copied_list *l,
	    const char *path);

/* Whether two files, links or nodes, of these metadata, are the same. */
bool	overlay_same(int a, const char *a_name, const struct stat *a_stat,
	    int b, const char *b_name, const struct stat *b_stat);

#endif
