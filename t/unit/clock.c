/* clock: RFC 3339 both ways, deadlines that neither wrap nor lose a wait. */
#include "config.h"

#include "clock.h"

#include <limits.h>

#include "alloc.h"
#include "tap.h"

enum { T2026 = 1795237567 };	/* 2026-11-21T05:06:07Z */

static void
reads(const char *s, int64_t want)
{
	int64_t at = 42;

	is_int(timestamp_parse(s, &at) == 0 ? at : -77, want, s);
}

static void
refuses(const char *s)
{
	int64_t at = 42;

	ok(timestamp_parse(s, &at) == -1 && at == 42, "refuses '%s'", s);
}

static void
test_reading(void)
{
	int64_t t = T2026 * CLOCK_SEC;

	reads("2026-11-21T05:06:07Z", t);
	reads("2026-11-21t05:06:07z", t);
	reads("2026-11-21 05:06:07Z", t);
	reads("2026-11-21T05:06:07.123Z", t + 123 * CLOCK_MS);
	reads("2026-11-21T05:06:07.1234567899Z", t + 123456789);
	reads("2026-11-21T07:06:07+02:00", t);
	reads("2026-11-20T23:36:07-05:30", t);
	reads("2026-11-21T05:06:07-00:00", t);
	reads("1970-01-01", 0);
	reads("2024-02-29", INT64_C(1709164800) * CLOCK_SEC);
	reads("2000-02-29", INT64_C(951782400) * CLOCK_SEC);
	reads("1969-12-31T23:59:59.5Z", -CLOCK_SEC / 2);
	reads("2016-12-31T23:59:60Z", INT64_C(1483228800) * CLOCK_SEC);
}

static void
test_refusing(void)
{
	static const char *const bad[] = {
		"", "2026", "2026-11", "2026-1-1", "2026-13-01", "2026-00-01",
		"2026-11-00", "2026-11-31", "2026-02-29", "1900-02-29",
		"2026-11-21T", "2026-11-21X05:06:07Z", "2026-11-21T05:06:07",
		"2026-11-21T05:06Z", "2026-11-21T24:00:00Z",
		"2026-11-21T05:60:07Z", "2026-11-21T05:06:61Z",
		"2026-11-21T05:06:07.Z", "2026-11-21T05:06:07,1Z",
		"2026-11-21T05:06:07+02", "2026-11-21T05:06:07+0200",
		"2026-11-21T05:06:07+24:00", "2026-11-21T05:06:07+02:60",
		"2026-11-21T05:06:07Zx", "2026-11-21T05:06:07Z ",
		" 2026-11-21", "-026-11-21", "+026-11-21", "20261121",
		"9999-12-31T23:59:59Z", "0000-01-01",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		refuses(bad[i]);
}

static void
writes(int64_t at, const char *want)
{
	char text[TIMESTAMP_LEN + 1];

	timestamp_format(at, text);
	is_str(text, want, want);
}

static void
test_writing(void)
{
	char now[TIMESTAMP_LEN + 1];
	int64_t at, wall = clock_wall();

	writes(0, "1970-01-01T00:00:00.000Z");
	writes(T2026 * CLOCK_SEC + 123999999, "2026-11-21T05:06:07.123Z");
	writes(-1, "1970-01-01T00:00:00.000Z");
	writes(INT64_MAX, "2262-04-11T23:47:16.854Z");
	timestamp_format(wall, now);
	ok(timestamp_parse(now, &at) == 0 && at == wall - wall % CLOCK_MS,
	    "reads what it wrote: %s", now);
}

static void
test_deadlines(void)
{
	struct deadline past = deadline_in(-5), soon = deadline_in(1);
	struct deadline far = deadline_in(INT64_MAX);

	ok(deadline_passed(past) && deadline_left(past) == 0, "in the past");
	is_int(deadline_poll_ms(past), 0, "is no wait");
	is_int(far.at, INT64_MAX, "too far is never");
	ok(!deadline_passed(far) && deadline_left(far) == INT64_MAX, "never");
	is_int(deadline_poll_ms(far), -1, "is a wait without end");
	is_int(deadline_poll_ms(deadline_in(400 * 86400 * CLOCK_SEC)),
	    INT_MAX, "one too long for poll is waited for in parts");
	ok(deadline_poll_ms(deadline_in(CLOCK_SEC)) > 0, "rounds up");
	is_int(deadline_min(soon, far).at, soon.at, "the earlier of two");
	is_int(deadline_min(far, soon).at, soon.at, "in either order");
	while (!deadline_passed(soon))
		continue;
	is_int(deadline_left(soon), 0, "a nanosecond passes");
	ok(clock_mono() >= soon.at, "on the monotonic clock");
}

int
main(void)
{
	test_reading();
	test_refusing();
	test_writing();
	test_deadlines();
	return done();
}
