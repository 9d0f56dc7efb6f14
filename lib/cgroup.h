/*
 * cgroup: a control group of our own for one sandbox, where we may make one.
 *
 * Version 2 below our own group, if that is ours (a systemd user session, a
 * container with a delegated tree); version 1 for root.  A group cannot
 * remove itself: when we are killed, the janitor (janitor.h) does, and when
 * that is killed too, the next one's cgroup_sweep().
 */
#ifndef AGENT_CGROUP_H
#define AGENT_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "boxspec.h"
#include "err.h"
#include "strs.h"

enum { CGROUP_MAX = BOX_GROUPS_MAX };	/* version 1: memory, pids, cpu */

struct cgroup {
	int version;		/* 0: none */
	bool memory, pids, cpu;	/* which it limits */
	struct strs dirs;	/* planned; each is there, or is not */
	char *left;		/* the group that we stepped aside from */
	int procs[CGROUP_MAX];	/* write "0" to enter */
	size_t nprocs;
};

#define CGROUP_INIT { 0 }

struct cgroup_limits {
	int64_t memory, pids;	/* 0: none */
	double cpus;
};

/*
 * Fills `dirs`, and makes nothing: who clears up after us can then be told of
 * them before they are there.
 */
void	cgroup_plan(struct cgroup *g, const struct cgroup_limits *limits);

/*
 * Whether it looks as if they could be made: in version 2 where our own group
 * was given to us, and to nobody else.
 */
bool	cgroup_is_likely(const struct cgroup *g);

/*
 * Makes the planned groups for as many of these limits as can be had; what
 * could not be is false in `g`.  Never fails: without groups there are other
 * means.
 */
void	cgroup_make(struct cgroup *g, const struct cgroup_limits *limits);

/*
 * Removes what others left beside ours.  Apart, because there may be much to
 * read, and the command need not wait for it.
 */
void	cgroup_sweep(const struct cgroup *g);

/* Bytes in use at most; 0 when it cannot be told. */
int64_t	cgroup_memory_peak(const struct cgroup *g);

/* How often the kernel killed for memory, or refused a process. */
int64_t	cgroup_oom_kills(const struct cgroup *g);
int64_t	cgroup_pids_refused(const struct cgroup *g);

/* Kills what is left in it and removes it. */
void	cgroup_remove(struct cgroup *g);

/* cgroup-remove.c: the same for one directory; waits a second at most. */
void	cgroup_remove_dir(const char *dir);

#endif
