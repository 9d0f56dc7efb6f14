/*
 * tap: what a unit test needs to speak the Test Anything Protocol.
 *
 *	int main(void) { ok(1 + 1 == 2, "adds"); return done(); }
 */
#ifndef AGENT_TAP_H
#define AGENT_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

static void __attribute__((unused, format(printf, 1, 2)))
diag(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("# ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static bool __attribute__((unused, format(printf, 4, 5)))
tap_ok(bool good, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!good) {
		tap_failed++;
		diag("failed at %s:%d", file, line);
	}
	return good;
}

static bool __attribute__((unused))
tap_int(int64_t got, int64_t want, const char *file, int line,
    const char *title)
{
	if (tap_ok(got == want, file, line, "%s", title))
		return true;
	diag("got %" PRId64 ", wanted %" PRId64, got, want);
	return false;
}

static bool __attribute__((unused))
tap_str(const char *got, const char *want, const char *file, int line,
    const char *title)
{
	bool same = got && want ? strcmp(got, want) == 0 : got == want;

	if (tap_ok(same, file, line, "%s", title))
		return true;
	diag("got    '%s'", got ? got : "(null)");
	diag("wanted '%s'", want ? want : "(null)");
	return false;
}

#define ok(cond, ...) tap_ok((cond), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, title) \
	tap_int((got), (want), __FILE__, __LINE__, (title))
#define is_str(got, want, title) \
	tap_str((got), (want), __FILE__, __LINE__, (title))

/* Ends the plan; what main() returns. */
static int __attribute__((unused))
done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
