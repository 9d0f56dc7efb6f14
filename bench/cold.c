/*
 * cold: how long a command takes, from fork to its end.
 *
 *	cold RUNS COMMAND [ARGUMENT ...]
 *
 * prints in milliseconds the median and the 90th percentile, then the median
 * of the processor's time alone, which other work disturbs less; stdout of
 * the command is thrown away.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int
by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int
main(int argc, char **argv)
{
	posix_spawn_file_actions_t fa;
	long n = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
	double *ms = n > 0 ? calloc((size_t)n, sizeof(*ms)) : NULL;
	double *cpu = n > 0 ? calloc((size_t)n, sizeof(*cpu)) : NULL;

	if (!ms || !cpu)
		return 2;
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	for (long i = 0; i < n; i++) {
		double from = now();
		pid_t pid;
		int status;
		struct rusage u;
		if (posix_spawnp(&pid, argv[2], &fa, NULL, argv + 2,
		    environ) != 0 || wait4(pid, &status, 0, &u) < 0)
			return 1;
		ms[i] = now() - from;
		cpu[i] = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) *
		    1e3 + (double)(u.ru_utime.tv_usec +
		    u.ru_stime.tv_usec) / 1e3;
	}
	qsort(ms, (size_t)n, sizeof(*ms), by_value);
	qsort(cpu, (size_t)n, sizeof(*cpu), by_value);
	printf("%.2f %.2f %.2f\n", ms[n / 2], ms[n * 9 / 10], cpu[n / 2]);
	return 0;
}
