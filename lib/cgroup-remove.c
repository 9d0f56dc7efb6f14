/*
 * cgroup-remove: removes a control group with whatever is left in it.
 *
 * System calls only: this is also the whole of agent-sandbox-janitor, which
 * has no more of libc than cmd/boxlibc.c.
 */
#include "config.h"

#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

enum { TRIES = 200, PAUSE_MS = 5 };

/* Version 1 has no file for that: each by its number. */
static void
kill_each(int procs)
{
	char text[4096];
	ssize_t n;
	pid_t pid = 0;

	while ((n = read(procs, text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (text[i] - '0');
				continue;
			}
			if (pid > 1)
				kill(pid, SIGKILL);
			pid = 0;
		}
}

static void
kill_members(const char *dir)
{
	int group = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(group, "cgroup.kill", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (write(fd, "1", 1) == 1) {
			close(fd);
			close(group);
			return;
		}
		close(fd);
	}
	fd = openat(group, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		kill_each(fd);
		close(fd);
	}
	if (group >= 0)
		close(group);
}

void
cgroup_remove_dir(const char *dir)
{
	/* a killed process leaves its group a little later */
	for (int i = 0; i < TRIES; i++) {
		if (rmdir(dir) == 0 || errno != EBUSY)
			return;
		kill_members(dir);
		poll(NULL, 0, PAUSE_MS);
	}
}
