/*
 * boxlimits: how a sandbox's limits are kept on this host, and watching them.
 *
 * Each is kept by the best means there is, which has a name that the report
 * tells.  A limit that was asked for and cannot be kept at all is an error,
 * unless --best-effort names it.
 */
#ifndef AGENT_BOXLIMITS_H
#define AGENT_BOXLIMITS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "boxspec.h"
#include "cgroup.h"
#include "clock.h"
#include "err.h"
#include "rules.h"

struct boxlimits {
	const struct rules *rules;
	const char *memory;	/* "cgroup2", "cgroup1", "watch" */
	const char *pids;	/* the first two, "pid_max", "nproc", "none" */
	const char *cpu;	/* the first two, "affinity", "none" */
	struct cgroup group;
	char *workspace;	/* for the disk watch */
	int64_t free_at_start;	/* bytes on its file system */
	int64_t memory_peak;	/* bytes, as far as it was seen */
	struct deadline next;	/* look again */
	int64_t interval;
};

#define BOXLIMITS_INIT { .memory = "none", .pids = "none", .cpu = "none", \
	.group = CGROUP_INIT }

/* Where the control groups will be: for the janitor, before they are. */
void	boxlimits_plan(struct boxlimits *l, const struct rules *rules);

/* Decides, makes the control groups, fills what the init has to do. */
int	boxlimits_prepare(struct boxlimits *l, const char *workspace,
	    struct box_spec *spec, struct err *e);

/*
 * Looks at the processes from `root` (bwrap) down: the name of the limit that
 * was passed ("memory", "disk"), or NULL.  Sets `next`.
 */
const char *boxlimits_watch(struct boxlimits *l, pid_t root);

/* What the kernel did, once all has ended: "memory", "pids", or NULL. */
const char *boxlimits_struck(struct boxlimits *l);

/* Removes the control group. */
void	boxlimits_release(struct boxlimits *l);

#endif
