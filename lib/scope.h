/*
 * scope: asks the user's service manager for a control group of our own.
 *
 * In version 2 an ordinary user may make groups only where the tree was given
 * to them, and a shell's session is not there.  systemd gives a part of it to
 * who asks for a "scope" with Delegate=yes, and moves the process there: by
 * the call that systemd-run --user --scope makes, through busctl, because we
 * stay the process that we are and a refusal leaves all as it was.
 */
#ifndef AGENT_SCOPE_H
#define AGENT_SCOPE_H

#include <stdbool.h>
#include <sys/types.h>

#include "err.h"
#include "strs.h"

/* Where to look; a test has its own. */
struct scope_host {
	char *runtime;		/* XDG_RUNTIME_DIR, or what it would be */
	const char *tree;	/* /sys/fs/cgroup */
	const char *own;	/* /proc/self/cgroup */
};

#define SCOPE_HOST_INIT { NULL, "/sys/fs/cgroup", "/proc/self/cgroup" }

/* Finds `runtime`. */
void	scope_host_find(struct scope_host *h);
void	scope_host_release(struct scope_host *h);
#define AUTO_SCOPE_HOST __attribute__((cleanup(scope_host_release)))

/* Whether there is somebody to ask, of whom it would be of use. */
bool	scope_possible(const struct scope_host *h);

/* What is run to put `pid` into a scope. */
void	scope_argv(struct strs *argv, pid_t pid);

/*
 * Asks, and waits until we are in it.  ST_UNAVAILABLE and the reason when
 * nothing came of it; we may then be in it all the same, later.
 */
int	scope_enter(const struct scope_host *h, struct err *e);

#endif
