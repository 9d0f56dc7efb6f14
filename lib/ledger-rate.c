/*
 * ledger-rate: what servers say of their limits.
 *
 * A bucket is a limit that a server told: so many left of so many, full
 * again then.  Between answers it fills at the rate that follows from that,
 * and each lease takes out of it.  The server's word always wins.
 */
#include "config.h"

#include <math.h>
#include <strings.h>

#include "ledger-impl.h"

#include "alloc.h"
#include "num.h"

enum { WAIT_MAX_S = 3600 };

enum { KIND_REQUESTS, KIND_TOKENS, KIND_INPUT, KIND_OUTPUT, KINDS };

static const char *const kinds[] = {
	"requests", "tokens", "input-tokens", "output-tokens"
};

/* Leasing. */

static double
wanted(const char *kind, const struct ledger_want *want, int64_t output)
{
	if (strcmp(kind, kinds[KIND_REQUESTS]) == 0)
		return 1;
	if (strcmp(kind, kinds[KIND_INPUT]) == 0)
		return (double)want->input;
	if (strcmp(kind, kinds[KIND_OUTPUT]) == 0)
		return (double)output;
	return (double)(want->input + output);
}

/* The level of a bucket now; nothing is left in it after its reset. */
static double
level_now(struct store_stmt *st, int64_t now)
{
	double capacity = store_col_num(st, 1), level = store_col_num(st, 2);
	double dt = (double)(now - store_col_int(st, 3)) / (double)CLOCK_SEC;
	double rate = store_col_num(st, 4);

	return fmin(capacity, level + (dt > 0 ? dt : 0) * rate);
}

static int
wait_for(double seconds, const char *model, const char *kind,
    int64_t *ret_wait, struct err *e)
{
	char text[NUM_TEXT_MAX];

	if (!(seconds < WAIT_MAX_S))
		seconds = WAIT_MAX_S;
	*ret_wait = (int64_t)(seconds * (double)CLOCK_SEC) + CLOCK_MS;
	num_format_duration(*ret_wait, text);
	return err_set(e, ST_TEMPFAIL, "the rate limit of '%s' for %s is "
	    "reached; try again in %s", model, kind, text);
}

static int
blocked(struct ledger *l, const char *model, int64_t now, int64_t *ret_wait,
    struct err *e)
{
	AUTO_STMT struct store_stmt *st = NULL;
	char text[NUM_TEXT_MAX];
	int r;

	if (store_query(l->store, "select until, why from blocked where "
	    "model = ? and until > ?", STORE_ARGS(ARG_STR(model),
	    ARG_INT(now)), &st, e) < 0 || (r = store_step(st, e)) < 0)
		return -1;
	if (r == 0)
		return 0;
	*ret_wait = store_col_int(st, 0) - now;
	num_format_duration(*ret_wait, text);
	return err_set(e, ST_TEMPFAIL, "'%s' is not to be asked for %s: %s",
	    model, text, store_col_str(st, 1));
}

int
ledger_rate_take(struct ledger *l, const struct ledger_want *want,
    int64_t output, int64_t now, int64_t *ret_wait, struct err *e)
{
	AUTO_STMT struct store_stmt *st = NULL;
	double left[KINDS];
	char name[KINDS][32];
	size_t n = 0;
	int r;

	if (blocked(l, want->model, now, ret_wait, e) < 0 ||
	    store_query(l->store, "select kind, capacity, level, at, rate "
	    "from bucket where model = ?", STORE_ARGS(ARG_STR(want->model)),
	    &st, e) < 0)
		return -1;
	while ((r = store_step(st, e)) > 0 && n < KINDS) {
		double need, rate = store_col_num(st, 4);
		snprintf(name[n], sizeof(name[n]), "%s", store_col_str(st, 0));
		/* one that is larger than the bucket may have all of it */
		need = fmin(wanted(name[n], want, output),
		    store_col_num(st, 1));
		left[n] = level_now(st, now) - need;
		if (left[n] < -1e-6)
			return wait_for(-left[n] / rate, want->model, name[n],
			    ret_wait, e);
		n++;
	}
	for (size_t i = 0; r >= 0 && i < n; i++)
		if (store_run(l->store, "update bucket set level = ?, at = ? "
		    "where model = ? and kind = ?", STORE_ARGS(
		    ARG_NUM(left[i]), ARG_INT(now), ARG_STR(want->model),
		    ARG_STR(name[i])), e) < 0)
			return -1;
	return r < 0 ? -1 : 0;
}

/* Learning. */

struct limit {
	double limit, remaining;	/* -1: not said */
	double reset;			/* seconds; -1 */
};

static bool
is_told(const struct limit *limit)
{
	return limit->limit > 0 && limit->remaining >= 0;
}

static bool
is_far(const struct limit *limit)
{
	return limit->remaining * 2 > limit->limit;
}

/* "1s", "6m0s", "120ms", a number of seconds, a time stamp. */
static double
seconds_of(const char *s, int64_t now)
{
	int64_t ns;

	if (num_parse_duration(s, &ns) == 0)
		return (double)ns / (double)CLOCK_SEC;
	if (timestamp_parse(s, &ns) == 0)
		return ns > now ? (double)(ns - now) / (double)CLOCK_SEC : 0;
	return -1;
}

static double
number_of(const char *s)
{
	double d;

	return num_parse_double(s, &d) == 0 ? d : -1;
}

static void
set_part(struct limit *limit, const char *part, const char *value,
    int64_t now)
{
	if (strcasecmp(part, "limit") == 0)
		limit->limit = number_of(value);
	else if (strcasecmp(part, "remaining") == 0)
		limit->remaining = number_of(value);
	else if (strcasecmp(part, "reset") == 0)
		limit->reset = seconds_of(value, now);
}

/* PREFIX KIND "-" PART (Anthropic), or PREFIX PART "-" KIND (OpenAI). */
static void
read_field(const struct ledger_field *f, struct limit limits[KINDS],
    int64_t now)
{
	static const char ours[] = "anthropic-ratelimit-", open[] =
	    "x-ratelimit-", plain[] = "ratelimit-";

	for (int k = 0; k < KINDS; k++) {
		size_t n = strlen(kinds[k]);
		if (strncasecmp(f->name, ours, sizeof(ours) - 1) == 0) {
			const char *rest = f->name + sizeof(ours) - 1;
			if (strncasecmp(rest, kinds[k], n) == 0 &&
			    rest[n] == '-')
				set_part(&limits[k], rest + n + 1, f->value,
				    now);
		} else if (strncasecmp(f->name, open, sizeof(open) - 1) == 0) {
			const char *rest = f->name + sizeof(open) - 1;
			size_t part = strcspn(rest, "-");
			AUTO_FREE char *word = xstrndup(rest, part);
			if (rest[part] && strcasecmp(rest + part + 1,
			    kinds[k]) == 0)
				set_part(&limits[k], word, f->value, now);
		}
	}
	if (strncasecmp(f->name, plain, sizeof(plain) - 1) == 0)
		set_part(&limits[KIND_REQUESTS], f->name + sizeof(plain) - 1,
		    f->value, now);
}

/*
 * A limit that is far away is not kept: most calls then cost no writing, and
 * the server is there to say when it comes near.
 */
static int
learn(struct ledger *l, const char *model, int kind, const struct limit *limit,
    int64_t now, struct err *e)
{
	/* a minute is what most limits are told for */
	double reset = limit->reset < 0 ? 60 : fmax(limit->reset, 0.001);
	double rate = (limit->limit - limit->remaining) / reset;

	if (is_far(limit))
		return store_run(l->store, "delete from bucket where "
		    "model = ? and kind = ?", STORE_ARGS(ARG_STR(model),
		    ARG_STR(kinds[kind])), e) < 0 ? -1 : 0;
	return ledger_mark(l, e) < 0 ||
	    store_run(l->store, "insert or replace into bucket values "
	    "(?, ?, ?, ?, ?, ?)", STORE_ARGS(ARG_STR(model),
	    ARG_STR(kinds[kind]), ARG_NUM(limit->limit),
	    ARG_NUM(limit->remaining), ARG_INT(now), ARG_NUM(rate)), e) < 0 ?
	    -1 : 0;
}

static int
block(struct ledger *l, const char *model, int64_t until, const char *why,
    struct err *e)
{
	return ledger_mark(l, e) < 0 ||
	    store_run(l->store, "insert into blocked values (?1, ?2, ?3) "
	    "on conflict do update set until = max(until, ?2), why = ?3",
	    STORE_ARGS(ARG_STR(model), ARG_INT(until), ARG_STR(why)), e) < 0 ?
	    -1 : 0;
}

static int
has_buckets(struct ledger *l, const char *model, struct err *e)
{
	int64_t any = 0;

	return ledger_need(l, e) < 0 || store_get_int(l->store,
	    "select exists (select 1 from bucket where model = ?)",
	    STORE_ARGS(ARG_STR(model)), &any, e) < 0 ? -1 : any != 0;
}

int
ledger_headers(struct ledger *l, const char *model, int status,
    const struct ledger_field *fields, size_t n, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = NULL;
	struct limit limits[KINDS];
	int64_t now = clock_wall();
	double retry = -1;
	bool any = false;
	int r;

	for (int k = 0; k < KINDS; k++)
		limits[k] = (struct limit){ -1, -1, -1 };
	for (size_t i = 0; i < n; i++) {
		read_field(&fields[i], limits, now);
		if (strcasecmp(fields[i].name, "retry-after") == 0 &&
		    (status == 429 || status == 503 || status == 529))
			retry = seconds_of(fields[i].value, now);
	}
	for (int k = 0; k < KINDS; k++)
		any |= is_told(&limits[k]) && !is_far(&limits[k]);
	if (!any && retry < 0) {
		r = ledger_limited(l) ? has_buckets(l, model, e) : 0;
		if (r <= 0)
			return r;
	}
	if (ledger_need(l, e) < 0 || store_begin(l->store, e) < 0)
		return -1;
	tx = l->store;
	for (int k = 0; k < KINDS; k++)
		if (is_told(&limits[k]) &&
		    learn(l, model, k, &limits[k], now, e) < 0)
			return -1;
	if (retry >= 0 && block(l, model, now + (int64_t)(fmin(retry,
	    WAIT_MAX_S) * (double)CLOCK_SEC), "the server said so", e) < 0)
		return -1;
	return store_commit(l->store, e);
}
