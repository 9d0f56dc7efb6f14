/* clock: deadlines on the monotonic clock, time stamps on the other one. */
#include "config.h"

#include "clock.h"

#include <limits.h>
#include <string.h>
#include <time.h>

#include "alloc.h"

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts = { 0 };

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * CLOCK_SEC + ts.tv_nsec;
}

int64_t
clock_mono(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t
clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

struct deadline
deadline_in(int64_t ns)
{
	struct deadline d;

	if (ns < 0)
		ns = 0;
	if (__builtin_add_overflow(clock_mono(), ns, &d.at))
		return DEADLINE_NEVER;
	return d;
}

struct deadline
deadline_min(struct deadline a, struct deadline b)
{
	return a.at < b.at ? a : b;
}

int64_t
deadline_left(struct deadline d)
{
	int64_t left;

	if (d.at == INT64_MAX)
		return INT64_MAX;
	left = d.at - clock_mono();
	return left > 0 ? left : 0;
}

bool
deadline_passed(struct deadline d)
{
	return deadline_left(d) == 0;
}

int
deadline_poll_ms(struct deadline d)
{
	int64_t left = deadline_left(d);

	if (left == INT64_MAX)
		return -1;
	left = left / CLOCK_MS + (left % CLOCK_MS != 0);
	return left > INT_MAX ? INT_MAX : (int)left;
}

void
timestamp_format(int64_t wall_ns, char out[TIMESTAMP_LEN + 1])
{
	int64_t ms = wall_ns > 0 ? wall_ns / CLOCK_MS : 0;
	time_t secs = (time_t)(ms / 1000);
	struct tm tm = { 0 };
	char whole[20];

	gmtime_r(&secs, &tm);
	if (strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &tm) != 19)
		memcpy(whole, "1970-01-01T00:00:00", 20);
	snprintf(out, TIMESTAMP_LEN + 1, "%.19s.%03uZ", whole,
	    (unsigned)(ms % 1000) % 1000u);
}

/* Exactly `n` digits; -1 when there are not. */
static int
digits(const char **s, int n)
{
	int v = 0;

	for (int i = 0; i < n; i++, (*s)++) {
		if (**s < '0' || **s > '9')
			return -1;
		v = v * 10 + (**s - '0');
	}
	return v;
}

static bool
skip(const char **s, const char *set)
{
	if (!**s || !strchr(set, **s))
		return false;
	(*s)++;
	return true;
}

/*
 * "123456789": as nanoseconds; digits beyond the ninth are dropped.  -1 when
 * there is none.
 */
static int64_t
fraction(const char **s)
{
	int64_t ns = 0, unit = CLOCK_SEC / 10;

	if (**s < '0' || **s > '9')
		return -1;
	for (; **s >= '0' && **s <= '9'; (*s)++, unit /= 10)
		ns += unit * (**s - '0');
	return ns;
}

/* "Z" or "+hh:mm": seconds east of Greenwich into *ret. */
static int
offset(const char **s, int *ret)
{
	int sign, h, m;

	*ret = 0;
	if (skip(s, "Zz"))
		return 0;
	if (**s != '+' && **s != '-')
		return -1;
	sign = *(*s)++ == '-' ? -1 : 1;
	h = digits(s, 2);
	if (!skip(s, ":"))
		return -1;
	m = digits(s, 2);
	if (h < 0 || h > 23 || m < 0 || m > 59)
		return -1;
	*ret = sign * (h * 3600 + m * 60);
	return 0;
}

static int
parse_time(const char *s, struct tm *tm, int64_t *ns, int *east)
{
	tm->tm_hour = digits(&s, 2);
	if (!skip(&s, ":"))
		return -1;
	tm->tm_min = digits(&s, 2);
	if (!skip(&s, ":"))
		return -1;
	tm->tm_sec = digits(&s, 2);
	if (tm->tm_hour < 0 || tm->tm_hour > 23 || tm->tm_min < 0 ||
	    tm->tm_min > 59 || tm->tm_sec < 0 || tm->tm_sec > 60)
		return -1;
	if (skip(&s, "."))
		*ns = fraction(&s);
	if (*ns < 0 || offset(&s, east) < 0 || *s)
		return -1;
	return 0;
}

static int
days_in(int year, int month)
{
	static const int days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month] + (month == 1 && leap);
}

int
timestamp_parse(const char *s, int64_t *ret_wall_ns)
{
	struct tm tm = { 0 };
	int64_t ns = 0, at;
	int east = 0;
	int year = digits(&s, 4);

	if (year < 0 || !skip(&s, "-"))
		return -1;
	tm.tm_year = year - 1900;
	tm.tm_mon = digits(&s, 2) - 1;
	if (!skip(&s, "-"))
		return -1;
	tm.tm_mday = digits(&s, 2);
	if (tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 ||
	    tm.tm_mday > days_in(year, tm.tm_mon))
		return -1;
	if (*s && (!skip(&s, "Tt ") || parse_time(s, &tm, &ns, &east) < 0))
		return -1;
	/* 64 bits of nanoseconds end in 2262 */
	if (__builtin_mul_overflow((int64_t)timegm(&tm) - east, CLOCK_SEC,
	    &at) || __builtin_add_overflow(at, ns, &at))
		return -1;
	*ret_wall_ns = at;
	return 0;
}
