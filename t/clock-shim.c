/*
 * clock-shim: sets the clock that people see, for those who preload it, by
 * the seconds in the file $CLOCK_OFFSET; the others stay what they are.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	static int (*real)(clockid_t, struct timespec *);
	const char *file = getenv("CLOCK_OFFSET");
	char text[24] = "";
	int fd, r;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	r = real(id, ts);
	if (r < 0 || id != CLOCK_REALTIME || !file)
		return r;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) > 0)
			ts->tv_sec += atol(text);
		close(fd);
	}
	return r;
}
