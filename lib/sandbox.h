/*
 * sandbox: runs a command confined.
 *
 * The whole: rules become mounts, limits and a process 1 of our own inside
 * bwrap; this process stays outside, passes signals in and output out, keeps
 * time, watches, answers for the network, and reports.  It fails closed: when
 * anything asked for cannot be had, nothing is run.
 */
#ifndef AGENT_SANDBOX_H
#define AGENT_SANDBOX_H

#include <stdbool.h>

#include "err.h"
#include "overlay.h"
#include "rules.h"

struct sandbox {
	const struct rules *rules;
	const char *workspace;		/* absolute, real */
	const char *const *argv;	/* the command */
	int report;			/* descriptor for records; -1: none */
	int audit;			/* the same, and writes are looked at */
	int meter;			/* socket of who pays; -1: meter.h */
	const struct overlay *overlay;	/* changes go there; NULL: none */
	struct overlay_how how;		/* for those of caches */
	bool dry_run;			/* print bwrap's arguments only */
};

/*
 * Runs it to its end: *ret_status is the command's exit status, 128+n by
 * signal, 124 when it was out of time, 126 or 127 when it could not be
 * executed (with words in `e`: e->text is not empty).  -1 with ST_WRAPPER
 * when no sandbox could be made and nothing was run.
 */
int	sandbox_run(const struct sandbox *s, int *ret_status, struct err *e);

/*
 * Whether `dir` may be a workspace without being named: not a home, not a
 * part of the system.  ST_WRAPPER and why.
 */
int	sandbox_check_workspace(const char *dir, bool named, struct err *e);

#endif
