/* num: what people write as numbers, sizes and durations, and nothing else. */
#include "config.h"

#include "num.h"

#include "alloc.h"
#include "clock.h"
#include "tap.h"

static void
integer(const char *s, int64_t want)
{
	int64_t v = -1;

	is_int(num_parse_int(s, INT64_MIN, INT64_MAX, &v) == 0 ? v : -77,
	    want, s);
}

static void
size(const char *s, int64_t want)
{
	int64_t v = -1;

	is_int(num_parse_size(s, &v) == 0 ? v : -77, want, s);
}

static void
duration(const char *s, int64_t want)
{
	int64_t v = -1;

	is_int(num_parse_duration(s, &v) == 0 ? v : -77, want, s);
}

static void
no_double(const char *s)
{
	double v = 42;

	ok(num_parse_double(s, &v) == -1 && v >= 42 && v <= 42,
	    "'%s' is no number", s);
}

static void
test_int(void)
{
	int64_t v = 5;

	integer("0", 0);
	integer("-12", -12);
	integer("0012", 12);
	integer("9223372036854775807", INT64_MAX);
	integer("-9223372036854775808", INT64_MIN);
	integer("9223372036854775808", -77);
	integer("", -77);
	integer("-", -77);
	integer("+1", -77);
	integer(" 1", -77);
	integer("1 ", -77);
	integer("1x", -77);
	integer("0x10", -77);
	integer("1e3", -77);
	is_int(num_parse_int("11", 1, 10, &v), -1, "above the range");
	is_int(num_parse_int("0", 1, 10, &v), -1, "below it");
	is_int(v, 5, "leaves the result alone");
	is_int(num_parse_int("10", 1, 10, &v), 0, "at its end");
}

static void
test_double(void)
{
	double v;

	ok(num_parse_double("-1.5e3", &v) == 0 && v <= -1500 && v >= -1500,
	    "-1.5e3");
	ok(num_parse_double(".25", &v) == 0 && v <= .25 && v >= .25, ".25");
	no_double("");
	no_double("-");
	no_double("+1");
	no_double("--1");
	no_double("inf");
	no_double("-nan");
	no_double("0x1p3");
	no_double("1e999");
	no_double("1,5");
	no_double("1.5.2");
}

static void
test_size(void)
{
	size("0", 0);
	size("512", 512);
	size("512B", 512);
	size("64k", 65536);
	size("64kB", 65536);
	size("2G", INT64_C(2) << 30);
	size("1.5GiB", INT64_C(3) << 29);
	size("1T", INT64_C(1) << 40);
	size("1.5", -77);
	size("-1", -77);
	size("1kk", -77);
	size("1iB", -77);
	size("k", -77);
	size("1e30", -77);
	size("9000p", -77);
}

static void
test_duration(void)
{
	duration("90", 90 * CLOCK_SEC);
	duration("1.5s", 1500 * CLOCK_MS);
	duration("0.29", 290 * CLOCK_MS);
	duration("250ms", 250 * CLOCK_MS);
	duration("10m", 600 * CLOCK_SEC);
	duration("10min", 600 * CLOCK_SEC);
	duration("1h30m", 5400 * CLOCK_SEC);
	duration("2d", 172800 * CLOCK_SEC);
	duration("1w", 604800 * CLOCK_SEC);
	duration("7ns", 7);
	duration("0", 0);
	duration("", -77);
	duration("1h30", -77);
	duration("s", -77);
	duration("-1s", -77);
	duration("1h-1m", -77);
	duration("1 s", -77);
	duration("1y", -77);
	duration("1e300w", -77);
	duration("300000w", -77);
}

static void
test_format(void)
{
	static const struct {
		int64_t value;
		const char *size, *duration;
	} cases[] = {
		{ 0, "0 B", "0 ms" },
		{ 340, "340 B", "0 ms" },
		{ 1024, "1.0 KiB", "0 ms" },
		{ 10 << 10, "10 KiB", "0 ms" },
		{ 1048575, "1.0 MiB", "1 ms" },
		{ INT64_C(1610612736), "1.5 GiB", "1.6 s" },
		{ 59990 * CLOCK_MS, "56 GiB", "59.9 s" },
		{ 123 * CLOCK_SEC, "115 GiB", "2 min 3 s" },
		{ 7260 * CLOCK_SEC, "6.6 TiB", "2 h 1 min" },
		{ INT64_MAX, "8192 PiB", "2562047 h 47 min" },
	};
	char text[NUM_TEXT_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		num_format_size(cases[i].value, text);
		is_str(text, cases[i].size, cases[i].size);
		num_format_duration(cases[i].value, text);
		is_str(text, cases[i].duration, cases[i].duration);
	}
}

int
main(void)
{
	test_int();
	test_double();
	test_size();
	test_duration();
	test_format();
	return done();
}
