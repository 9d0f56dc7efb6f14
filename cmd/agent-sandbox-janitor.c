/*
 * agent-sandbox-janitor: removes the control groups of a sandbox when
 * agent-sandbox could not; started by it alone.
 *
 *	agent-sandbox-janitor GROUP ... <PIPE
 *
 * Outlives agent-sandbox on purpose: the pipe ends when that does, however
 * that is.  A byte in it means that nothing is left to do.  A program of its
 * own, and as small as can be, because it is started with every sandbox and
 * stays as long; a fork would copy all of agent-sandbox.
 */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "cgroup.h"

int
main(int argc, char **argv)
{
	char done;
	ssize_t n;

	/* a signal for the caller's group is not for us */
	setsid();
	do
		n = read(STDIN_FILENO, &done, 1);
	while (n < 0 && errno == EINTR);
	for (int i = 1; n == 0 && i < argc; i++)
		cgroup_remove_dir(argv[i]);
	return 0;
}
