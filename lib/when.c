/* when: what a question says about time. */
#include "config.h"

#include "when.h"

#include <ctype.h>
#include <time.h>

#include "alloc.h"
#include "clock.h"
#include "num.h"

enum { WORDS_MAX = 64 };
#define DAY (INT64_C(86400) * 1000)

static const char *const newest[] = {
	"last", "latest", "newest", "now", "current", "currently", "recent",
	"recently", "today", "nowadays", "present", "presently", "still",
	"newer", "meanwhile", NULL
};
static const char *const former[] = {
	"before", "until", "formerly", "former", "previously", "previous",
	"originally", "original", "earlier", "initially", "once", "past",
	"oldest", "older", NULL
};
static const char *const months[] = {
	"january", "february", "march", "april", "may", "june", "july",
	"august", "september", "october", "november", "december", NULL
};

static int
find(const char *const *list, const char *word)
{
	for (int i = 0; list[i]; i++)
		if (strcmp(list[i], word) == 0)
			return i;
	return -1;
}

bool
when_is_word(const char *word)
{
	return find(newest, word) >= 0 || find(former, word) >= 0;
}

/* Months by their first three letters too, but "may" and "mar" as such. */
static int
month_of(const char *word)
{
	int m = find(months, word);

	if (m >= 0 || strlen(word) != 3)
		return m;
	for (int i = 0; i < 12; i++)
		if (strncmp(months[i], word, 3) == 0)
			return i;
	return -1;
}

static int64_t
month_start(int year, int month)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month,
		.tm_mday = 1 };

	return (int64_t)timegm(&tm) * 1000;
}

static int
year_of(int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	struct tm tm;

	return gmtime_r(&t, &tm) ? tm.tm_year + 1900 : 1970;
}

struct span {
	int64_t from, to;
};

static bool
read_month(char *const *w, size_t n, size_t i, int64_t now, struct span *ret)
{
	int m = month_of(w[i]);
	int64_t year = year_of(now);

	if (m < 0)
		return false;
	if (i + 1 < n && strlen(w[i + 1]) == 4 &&
	    num_parse_int(w[i + 1], 1970, 9999, &year) == 0)
		;
	else if (month_start((int)year, m) > now)
		year--;
	ret->from = month_start((int)year, m);
	ret->to = month_start((int)year, m + 1);
	return true;
}

/* A date, a month, a year. */
static bool
read_date(char *const *w, size_t n, size_t i, int64_t now, struct span *ret)
{
	int64_t ns, year;

	if (i >= n)
		return false;
	if (strlen(w[i]) == 10 && timestamp_parse(w[i], &ns) == 0) {
		ret->from = ns / CLOCK_MS;
		ret->to = ret->from + DAY;
		return true;
	}
	if (strlen(w[i]) == 4 && num_parse_int(w[i], 1970, 2999, &year) == 0) {
		ret->from = month_start((int)year, 0);
		ret->to = month_start((int)year + 1, 0);
		return true;
	}
	return read_month(w, n, i, now, ret);
}

/* "last week", "this month", "past year": counted back from now. */
static bool
read_unit(char *const *w, size_t n, size_t i, int64_t now, struct span *ret)
{
	static const struct {
		const char *name;
		int64_t days;
	} units[] = {
		{ "day", 1 }, { "week", 7 }, { "month", 31 }, { "year", 366 }
	};

	if (i + 1 >= n || (strcmp(w[i], "last") != 0 && strcmp(w[i], "this") !=
	    0 && strcmp(w[i], "past") != 0))
		return false;
	for (size_t k = 0; k < sizeof(units) / sizeof(*units); k++)
		if (strcmp(w[i + 1], units[k].name) == 0) {
			/* last week's begins up to two weeks ago */
			int64_t back = strcmp(w[i], "last") == 0 ? 2 : 1;
			ret->from = now - back * units[k].days * DAY;
			ret->to = now + DAY;
			return true;
		}
	return false;
}

static void
set(struct when *ret, int64_t from, int64_t to)
{
	ret->period = true;
	ret->from = from;
	ret->to = to;
}

static void
read_word(char *const *w, size_t n, size_t i, int64_t now, struct when *ret)
{
	static const char *const since[] = { "since", "after", "from", NULL };
	static const char *const till[] = { "before", "until", "till", NULL };
	static const char *const within[] = { "in", "on", "during", "of",
		NULL };
	struct span s;

	ret->newest |= find(newest, w[i]) >= 0;
	ret->former |= find(former, w[i]) >= 0;
	ret->former |= strcmp(w[i], "used") == 0 && i + 1 < n &&
	    strcmp(w[i + 1], "to") == 0;
	if (find(since, w[i]) >= 0 && read_date(w, n, i + 1, now, &s))
		set(ret, strcmp(w[i], "after") == 0 ? s.to : s.from,
		    INT64_MAX);
	else if (find(till, w[i]) >= 0 && read_date(w, n, i + 1, now, &s))
		set(ret, INT64_MIN, s.from);
	else if (find(within, w[i]) >= 0 && read_date(w, n, i + 1, now, &s))
		set(ret, s.from, s.to);
	else if (read_unit(w, n, i, now, &s))
		set(ret, s.from, s.to);
	else if (strcmp(w[i], "yesterday") == 0)
		set(ret, now - 2 * DAY, now);
	else if (strcmp(w[i], "today") == 0)
		set(ret, now - DAY, now + DAY);
}

void
when_parse(const char *text, int64_t now, struct when *ret)
{
	AUTO_FREE char *copy = xstrdup(text);
	char *w[WORDS_MAX];
	size_t n = 0;

	*ret = (struct when){ 0 };
	for (char *p = copy; *p && n < WORDS_MAX; ) {
		while (*p && !isalnum((unsigned char)*p))
			p++;
		if (!*p)
			break;
		w[n++] = p;
		for (; isalnum((unsigned char)*p) || *p == '-'; p++)
			*p = (char)tolower((unsigned char)*p);
		if (*p)
			*p++ = '\0';
	}
	for (size_t i = 0; i < n; i++)
		read_word(w, n, i, now, ret);
}
