/*
 * start: how long a command takes to start, beside true(1).
 *
 *	bench/start		(in the build directory)
 *
 * Runs `--version` of every command and of true(1) by turns, so that a busy
 * machine disturbs all alike, and prints the median of each and its ratio to
 * that of true(1).
 */
#include "config.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include "alloc.h"
#include "clock.h"

enum { RUNS = 101, MAX = 64 };

/* Nanoseconds from the start to the end of one run; -1 when it failed. */
static int64_t
run(char *path)
{
	posix_spawn_file_actions_t null;
	char version[] = "--version";
	char *argv[] = { path, version, NULL };
	int64_t begin = clock_mono();
	int status = -1;
	pid_t pid;

	posix_spawn_file_actions_init(&null);
	posix_spawn_file_actions_addopen(&null, STDOUT_FILENO, "/dev/null",
	    O_WRONLY, 0);
	if (posix_spawn(&pid, path, &null, NULL, argv, environ) == 0)
		waitpid(pid, &status, 0);
	posix_spawn_file_actions_destroy(&null);
	return status == 0 ? clock_mono() - begin : -1;
}

static int
by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The commands of the build tree: cmd/.commands.  How many there are. */
static size_t
read_names(char *names[MAX])
{
	AUTO_FILE FILE *f = fopen("cmd/.commands", "re");
	char line[64];
	size_t n = 0;

	while (f && n < MAX && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		names[n++] = xasprintf("cmd/%s", line);
	}
	return n;
}

int
main(void)
{
	static int64_t took[MAX + 1][RUNS];
	char floor[] = "/bin/true";
	char *names[MAX + 1] = { floor };
	size_t n = 1 + read_names(names + 1);

	for (int r = 0; r < RUNS; r++)
		for (size_t i = 0; i < n; i++)
			took[i][r] = run(names[i]);
	for (size_t i = 0; i < n; i++) {
		qsort(took[i], RUNS, sizeof(took[i][0]), by_value);
		printf("%-20s %7.2f ms %6.2f times true\n", names[i],
		    (double)took[i][RUNS / 2] / 1e6,
		    (double)took[i][RUNS / 2] / (double)took[0][RUNS / 2]);
	}
	return n < 2;
}
