/*
 * overlay: changes to a workspace kept aside, to be looked at, taken or
 * dropped.
 *
 * The kernel's overlayfs, or fuse-overlayfs where that is not allowed, puts
 * what the command writes into an upper directory below
 * $XDG_STATE_HOME/agent/overlay; the workspace itself is the lower one and
 * does not change.  Where there is neither, the command gets a copy of the
 * workspace, made once, whose blocks are shared where the file system can;
 * "upper" is then the copy, and what changed is found by comparing.
 * An overlay has a name, and can be entered again.  Nobody else uses it
 * meanwhile: it is locked.
 *
 * The upper directory was written by who is not trusted; it is read without
 * following links, and what it holds is taken over by what it is, never by
 * what it says it is.
 */
#ifndef AGENT_OVERLAY_H
#define AGENT_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "err.h"
#include "json.h"
#include "strs.h"

enum overlay_by { OVERLAY_AUTO, OVERLAY_KERNEL, OVERLAY_FUSE, OVERLAY_COPY };

/* "auto", "kernel", "fuse", "copy"; -1 when it is none of these. */
int	overlay_by(const char *word);
const char *overlay_by_name(enum overlay_by by);

/* How one is made; one that is there stays what it is. */
struct overlay_how {
	enum overlay_by by;
	int64_t copy_max;	/* bytes that a copy may take; 0: any */
};

#define OVERLAY_HOW_INIT { OVERLAY_AUTO, INT64_C(512) << 20 }

struct overlay {
	char *workspace;
	enum overlay_by by;	/* not OVERLAY_AUTO */
	char *fuse;		/* the program, for OVERLAY_FUSE */
	int64_t copied;		/* OVERLAY_COPY: when that was done */
	char *dir;			/* of its state */
	char *upper, *work, *merged;
	int lock;
	int64_t since;			/* first entered; as taint_now() */
};

#define OVERLAY_INIT { .lock = -1 }

void	overlay_release(struct overlay *o);
#define AUTO_OVERLAY __attribute__((cleanup(overlay_release)))

/*
 * Opens the overlay `name` of `workspace`, makes it as `make` says, unless
 * that is NULL.  ST_NOINPUT when there is none, ST_TEMPFAIL when somebody is
 * in it, ST_CONFIG when it is kept in another way than `make` says.
 */
int	overlay_open(struct overlay *o, const char *workspace,
	    const char *name, const struct overlay_how *make, struct err *e);

/* The best way that this host has, tried in `dir`, which is made if needed. */
enum overlay_by overlay_best(const char *dir);

/* {"name": NAME, "by": WORD}, for reports. */
jv	overlay_json(const char *name, enum overlay_by by);

/* Where all overlays are; NULL without a home.  The caller frees. */
char	*overlay_home(void);

/* What an overlay changes, a path at a time. */
enum change_kind {
	CHANGE_ADD,		/* a file, link or directory that is new */
	CHANGE_MODIFY,
	CHANGE_DELETE		/* with all that is below */
};

struct change {
	enum change_kind kind;
	char *path;		/* relative to the workspace */
	struct stat st;		/* of the upper file; not for CHANGE_DELETE */
	bool conflict;		/* the workspace has another version since */
	const char *risk;	/* why it must be accepted by name; or NULL */
};

struct changes {
	struct change *v;
	size_t n, cap;
};

#define CHANGES_INIT { 0 }

void	changes_release(struct changes *c);
#define AUTO_CHANGES __attribute__((cleanup(changes_release)))

/* All of them, sorted by path, a directory before what is in it. */
int	overlay_changes(const struct overlay *o, struct changes *ret,
	    struct err *e);

/*
 * Writes a patch to standard output that git-apply(1) takes; what is in .git
 * is left out and counted in *ret_left_out.  What would steer a terminal is
 * left out too, if it is one.
 */
int	overlay_diff(const struct overlay *o, size_t *ret_left_out,
	    struct err *e);

/*
 * Takes the changes at and below `paths` (none: all) over into the workspace.
 * First everything is checked: nothing happens at all when there is a
 * conflict (ST_NO), or something risky that no pattern of `accept` names
 * (ST_DENIED); `e` names the first, `ret_refused` gets all.  What was taken is
 * no longer in the overlay.
 */
int	overlay_commit(struct overlay *o, const struct strs *paths,
	    const struct strs *accept, struct changes *ret_refused,
	    struct err *e);

/* Why it was refused, in words. */
const char *change_why(const struct change *c);

/* Removes it and its state. */
int	overlay_discard(struct overlay *o, struct err *e);

#endif
