/* num: numbers, sizes and durations as people write them. */
#include "config.h"

#define AGENT_ALLOW_STRTO
#include "num.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"

/* What an int64_t holds, as doubles that are exact. */
static const double int64_end = 9223372036854775808.0;

int
num_parse_int(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	char *end;
	long long v;

	if (!isdigit((unsigned char)s[0]) &&
	    !(s[0] == '-' && isdigit((unsigned char)s[1])))
		return -1;
	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno != 0 || *end || v < min || v > max)
		return -1;
	*ret = v;
	return 0;
}

/*
 * Digits with at most one point and an optional exponent, read up to *end.
 * No "inf", "nan" or hexadecimal, which strtod would take.
 */
static bool
read_decimal(const char *s, const char **end, double *ret)
{
	char *stop;
	double v;

	if (!isdigit((unsigned char)s[0]) &&
	    !(s[0] == '.' && isdigit((unsigned char)s[1])))
		return false;
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		return false;
	v = strtod(s, &stop);
	if (!isfinite(v))
		return false;
	*end = stop;
	*ret = v;
	return true;
}

int
num_parse_double(const char *s, double *ret)
{
	bool negative = s[0] == '-';
	const char *end;
	double v;

	if (!read_decimal(s + negative, &end, &v) || *end)
		return -1;
	*ret = negative ? -v : v;
	return 0;
}

int
num_parse_size(const char *s, int64_t *ret_bytes)
{
	static const char units[] = "kmgtp";
	const char *unit;
	double v;

	if (!read_decimal(s, &s, &v))
		return -1;
	unit = *s ? strchr(units, tolower((unsigned char)*s)) : NULL;
	if (unit) {
		v *= (double)(INT64_C(1) << 10 * (unit - units + 1));
		s++;
		if (*s == 'i')
			s++;
	}
	if (*s == 'B' || *s == 'b')
		s++;
	/* there is no half byte, but 0.1k is 102 */
	if (*s || v >= int64_end || (!unit && v != floor(v)))
		return -1;
	*ret_bytes = (int64_t)v;
	return 0;
}

static const struct {
	const char *name;
	double ns;
} time_units[] = {
	{ "ns", 1 },
	{ "us", 1e3 },
	{ "ms", 1e6 },
	{ "sec", 1e9 },
	{ "s", 1e9 },
	{ "min", 60e9 },
	{ "m", 60e9 },
	{ "h", 3600e9 },
	{ "d", 86400e9 },
	{ "w", 7 * 86400e9 },
};

/* The length of the unit at `s`, 0 when there is none. */
static size_t
match_unit(const char *s, double *ret_ns)
{
	for (size_t i = 0; i < sizeof(time_units) / sizeof(*time_units); i++) {
		size_t n = strlen(time_units[i].name);
		if (strncmp(s, time_units[i].name, n) == 0) {
			*ret_ns = time_units[i].ns;
			return n;
		}
	}
	return 0;
}

int
num_parse_duration(const char *s, int64_t *ret_ns)
{
	double total = 0;
	bool first = true;

	do {
		double v, unit = 1e9;
		size_t n;

		if (!read_decimal(s, &s, &v))
			return -1;
		n = match_unit(s, &unit);
		/* only a number that stands alone may lack its unit */
		if (n == 0 && (*s || !first))
			return -1;
		s += n;
		total += v * unit;
		first = false;
	} while (*s);
	/* 0.29 s is 289999999.99999997 of a double */
	total = floor(total + 0.5);
	if (total >= int64_end)
		return -1;
	*ret_ns = (int64_t)total;
	return 0;
}

void
num_format_size(int64_t bytes, char out[NUM_TEXT_MAX])
{
	static const char *const units[] = {
		"B", "KiB", "MiB", "GiB", "TiB", "PiB"
	};
	double v = (double)bytes;
	size_t u = 0;

	/* what would be printed as 1024 is one of the next */
	while (fabs(v) >= (u > 0 ? 1023.5 : 1024) && u < 5) {
		v /= 1024;
		u++;
	}
	snprintf(out, NUM_TEXT_MAX, "%.*f %s", u > 0 && fabs(v) < 9.95 ? 1 : 0,
	    v, units[u]);
}

void
num_format_duration(int64_t ns, char out[NUM_TEXT_MAX])
{
	int64_t s = ns / CLOCK_SEC;

	if (ns < CLOCK_SEC)
		snprintf(out, NUM_TEXT_MAX, "%lld ms",
		    (long long)(ns / CLOCK_MS));
	else if (s < 60)
		snprintf(out, NUM_TEXT_MAX, "%lld.%lld s", (long long)s,
		    (long long)(ns % CLOCK_SEC / (CLOCK_SEC / 10)));
	else if (s < 3600)
		snprintf(out, NUM_TEXT_MAX, "%lld min %lld s",
		    (long long)(s / 60), (long long)(s % 60));
	else
		snprintf(out, NUM_TEXT_MAX, "%lld h %lld min",
		    (long long)(s / 3600), (long long)(s % 3600 / 60));
}
