/*
 * worker: takes tasks from a queue and runs a command for each.
 */
#ifndef AGENT_WORKER_H
#define AGENT_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "hubcli.h"

enum { WORKER_MAX = 256, WORKER_OUTPUT_MAX = 256 << 10 };

struct worker {
	const char *box;
	const char *const *argv;
	int jobs;
	int64_t lease_ns, timeout_ns;	/* timeout 0: none */
	int64_t grace_ns;		/* between SIGTERM and SIGKILL */
	bool drain;			/* end when there is nothing more */
};

/* The exit status: 0, 1 when a task failed for good; or -1. */
int	worker_run(const struct worker *w, struct hubcli *c, struct err *e);

#endif
