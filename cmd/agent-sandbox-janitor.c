/*
 * agent-sandbox-janitor: removes the control groups of a sandbox when
 * agent-sandbox could not; started by it alone.
 *
 *	agent-sandbox-janitor -- [GROUP ...] <PIPE
 *
 * The pipe ends when that does, however that is; see janitor.h.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "cgroup.h"

static ssize_t
hear(void *to, size_t n)
{
	ssize_t r;

	do
		r = read(STDIN_FILENO, to, n);
	while (r < 0 && errno == EINTR);
	return r;
}

int
main(int argc, char **argv)
{
	static const char alone[] =
	    "agent-sandbox-janitor: started by agent-sandbox alone\n";
	pid_t bwrap = 0;
	char done;
	ssize_t n;

	if (argc < 2 || argv[1][0] != '-') {
		(void)!write(STDERR_FILENO, alone, sizeof(alone) - 1);
		return 125;
	}
	/* a signal for the caller's group is not for us */
	setsid();
	n = hear(&bwrap, sizeof(bwrap));
	if (n == (ssize_t)sizeof(bwrap))
		n = hear(&done, 1);
	if (n != 0)
		return 0;
	/* a child of it that does not die with it is in its group still */
	if (bwrap > 1)
		kill(-bwrap, SIGKILL);
	for (int i = 2; i < argc; i++)
		cgroup_remove_dir(argv[i]);
	return 0;
}
