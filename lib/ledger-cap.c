/* ledger-cap: caps, pools, and the windows of time in which they count. */
#include "config.h"

#include <time.h>

#include "ledger-impl.h"

#include "alloc.h"

enum { OVERFLOW_MAX = 8 };	/* pools that pay for each other, in a row */

const char *const ledger_units[] = { "usd", "tokens", "requests", NULL };
const char *const ledger_scopes[] = {
	"all", "model", "pool", "dir", "run", NULL
};
const char *const ledger_pers[] = {
	"minute", "hour", "day", "week", "month", "ever", NULL
};

/* Local midnight of a day that may be out of its month's range. */
static int64_t
midnight(struct tm tm, int mday)
{
	tm.tm_mday = mday;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * CLOCK_SEC;
}

static void
window_of(enum ledger_per per, int64_t at, int64_t *ret_start,
    int64_t *ret_end)
{
	int64_t length = per == LEDGER_MINUTE ? 60 * CLOCK_SEC :
	    3600 * CLOCK_SEC;
	time_t t = (time_t)(at / CLOCK_SEC);
	struct tm tm = { 0 };
	int day;

	*ret_start = *ret_end = 0;
	localtime_r(&t, &tm);
	switch (per) {
	case LEDGER_MINUTE:
	case LEDGER_HOUR:
		*ret_start = at - at % length;
		*ret_end = *ret_start + length;
		break;
	case LEDGER_DAY:
		*ret_start = midnight(tm, tm.tm_mday);
		*ret_end = midnight(tm, tm.tm_mday + 1);
		break;
	case LEDGER_WEEK:
		day = tm.tm_mday - (tm.tm_wday + 6) % 7;
		*ret_start = midnight(tm, day);
		*ret_end = midnight(tm, day + 7);
		break;
	case LEDGER_MONTH:
		*ret_start = midnight(tm, 1);
		tm.tm_mon++;
		*ret_end = midnight(tm, 1);
		break;
	case LEDGER_EVER:
		break;
	}
}

static int
word(const char *s, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(s, words[i]) == 0)
			return i;
	return 0;
}

static void
read_cap(struct store_stmt *st, int64_t at, struct ledger_cap *ret)
{
	*ret = (struct ledger_cap){
		.id = store_col_int(st, 0),
		.scope = (enum ledger_scope)word(store_col_str(st, 1),
		    ledger_scopes),
		.name = xstrdup(store_col_str(st, 2)),
		.unit = (enum ledger_unit)word(store_col_str(st, 3),
		    ledger_units),
		.per = (enum ledger_per)word(store_col_str(st, 4),
		    ledger_pers),
		.amount = store_col_int(st, 5)
	};
	window_of(ret->per, at, &ret->start, &ret->end);
}

void
ledger_caps_free(struct ledger_cap *caps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(caps[i].name);
	free(caps);
}

void
ledger_lines_free(struct ledger_line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(lines[i].cap.name);
		free(lines[i].key);
	}
	free(lines);
}

/* Those caps that a call of this model, pool, directory and run falls under. */
#define CONCERNS \
	"(scope = 'all' or (scope = 'model' and ?1 glob name) " \
	"or (scope = 'pool' and name = ?2) " \
	"or (scope = 'dir' and (?3 = name or name = '/' " \
	"or substr(?3, 1, length(name) + 1) = name || '/')) " \
	"or (scope = 'run' and ?4 is not null and name in ('*', ?4)))"

int
ledger_lines(struct ledger *l, const struct ledger_want *want, int64_t at,
    struct ledger_line **ret, size_t *ret_n, struct err *e)
{
	AUTO_STMT struct store_stmt *st = NULL;
	struct ledger_line *lines = NULL;
	size_t n = 0, cap = 0;
	int r;

	if (store_query(l->store, "select id, scope, name, unit, per, amount "
	    "from cap where " CONCERNS, STORE_ARGS(ARG_STR(want->model),
	    ARG_STR(want->pool ? want->pool : "default"),
	    ARG_STR(want->dir), ARG_STR(want->run)), &st, e) < 0)
		return -1;
	while ((r = store_step(st, e)) > 0) {
		GROW(lines, n, cap);
		read_cap(st, at, &lines[n].cap);
		lines[n].key = xstrdup(lines[n].cap.scope == LEDGER_RUN ?
		    want->run : "");
		n++;
	}
	if (r < 0) {
		ledger_lines_free(lines, n);
		return -1;
	}
	*ret = lines;
	*ret_n = n;
	return 0;
}

/* Counters. */

int
ledger_count(struct ledger *l, int64_t cap, const char *key, int64_t start,
    int64_t *ret_used, int64_t *ret_leased, struct err *e)
{
	AUTO_STMT struct store_stmt *st = NULL;
	int r;

	*ret_used = *ret_leased = 0;
	if (store_query(l->store, "select used, leased from counter where "
	    "cap = ? and key = ? and start = ?", STORE_ARGS(ARG_INT(cap),
	    ARG_STR(key), ARG_INT(start)), &st, e) < 0 ||
	    (r = store_step(st, e)) < 0)
		return -1;
	if (r > 0) {
		*ret_used = store_col_int(st, 0);
		*ret_leased = store_col_int(st, 1);
	}
	return 0;
}

int
ledger_add(struct ledger *l, int64_t cap, const char *key, int64_t start,
    int64_t used, int64_t leased, struct err *e)
{
	return store_run(l->store, "insert into counter values "
	    "(?1, ?2, ?3, ?4, ?5) on conflict do update set "
	    "used = used + ?4, leased = leased + ?5", STORE_ARGS(ARG_INT(cap),
	    ARG_STR(key), ARG_INT(start), ARG_INT(used), ARG_INT(leased)),
	    e) < 0 ? -1 : 0;
}

/* What was spent in the window of a cap, out of the calls of that time. */
static int
rebuild_one(struct ledger *l, const struct ledger_cap *cap, struct err *e)
{
	static const char *const sums[] = {
		"usd_nano", "input + output", "1"
	};
	AUTO_FREE char *sql = xasprintf("insert into counter "
	    "select ?1, %s, ?2, total(used), 0 from (select %s as used, "
	    "coalesce(pool, 'default') as pool, run from call "
	    "where at >= ?2 and status <> 'forgiven' and %s) group by %s",
	    cap->scope == LEDGER_RUN ? "run" : "''", sums[cap->unit],
	    cap->scope == LEDGER_ALL ? "?3 is not null" :
	    cap->scope == LEDGER_MODEL ? "model glob ?3" :
	    cap->scope == LEDGER_POOL ? "coalesce(pool, 'default') = ?3" :
	    cap->scope == LEDGER_RUN ? "run is not null and ?3 in ('*', run)" :
	    "(dir = ?3 or ?3 = '/' or substr(dir, 1, length(?3) + 1) = "
	    "?3 || '/')", cap->scope == LEDGER_RUN ? "run" : "1");

	if (store_run(l->store, "update counter set used = 0 where cap = ? "
	    "and start = ?", STORE_ARGS(ARG_INT(cap->id),
	    ARG_INT(cap->start)), e) < 0)
		return -1;
	AUTO_FREE char *upsert = xasprintf("%s having count(*) > 0 "
	    "on conflict do update set used = excluded.used", sql);
	if (store_run(l->store, upsert, STORE_ARGS(ARG_INT(cap->id),
	    ARG_INT(cap->start), ARG_STR(cap->name)), e) < 0)
		return -1;
	if (cap->scope != LEDGER_ALL)
		return 0;
	/* and by pool */
	AUTO_FREE char *pools = xasprintf("insert into counter "
	    "select ?1, 'pool:' || paid, ?2, total(used), 0 from "
	    "(select %s as used, coalesce(paid, 'default') as paid from call "
	    "where at >= ?2 and status <> 'forgiven') group by paid "
	    "having count(*) > 0 on conflict do update set "
	    "used = excluded.used", sums[cap->unit]);
	return store_run(l->store, pools, STORE_ARGS(ARG_INT(cap->id),
	    ARG_INT(cap->start)), e) < 0 ? -1 : 0;
}

int
ledger_rebuild(struct ledger *l, struct err *e)
{
	struct ledger_cap *caps = NULL;
	size_t n = 0;
	int r = 0;

	if (ledger_caps(l, &caps, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n && r == 0; i++)
		r = rebuild_one(l, &caps[i], e);
	ledger_caps_free(caps, n);
	return r;
}

/* Caps. */

/* What was spent before counts for a cap that is new. */
static int
count_past(struct ledger *l, const struct ledger_cap *cap, struct err *e)
{
	struct ledger_cap now = *cap;

	window_of(now.per, clock_wall(), &now.start, &now.end);
	return store_get_int(l->store, "select id from cap where scope = ? "
	    "and name = ? and unit = ? and per = ?", STORE_ARGS(
	    ARG_STR(ledger_scopes[cap->scope]), ARG_STR(cap->name),
	    ARG_STR(ledger_units[cap->unit]),
	    ARG_STR(ledger_pers[cap->per])), &now.id, e) < 0 ? -1 :
	    rebuild_one(l, &now, e);
}

int
ledger_cap_set(struct ledger *l, const struct ledger_cap *cap, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = ledger_store(l, e);
	int64_t n;

	if (!tx || ledger_mark(l, e) < 0 || store_begin(tx, e) < 0)
		return -1;
	if (cap->amount < 0)
		n = store_run(l->store, "delete from cap where scope = ? and "
		    "name = ? and unit = ? and per = ?", STORE_ARGS(
		    ARG_STR(ledger_scopes[cap->scope]), ARG_STR(cap->name),
		    ARG_STR(ledger_units[cap->unit]),
		    ARG_STR(ledger_pers[cap->per])), e);
	else
		n = store_run(l->store, "insert into cap (scope, name, unit, "
		    "per, amount) values (?1, ?2, ?3, ?4, ?5) on conflict do "
		    "update set amount = ?5", STORE_ARGS(
		    ARG_STR(ledger_scopes[cap->scope]), ARG_STR(cap->name),
		    ARG_STR(ledger_units[cap->unit]),
		    ARG_STR(ledger_pers[cap->per]), ARG_INT(cap->amount)), e);
	if (n < 0)
		return -1;
	if (n == 0)
		return err_set(e, ST_NOINPUT, "there is no such cap");
	if (cap->amount < 0 ? store_run(l->store, "delete from counter where "
	    "cap not in (select id from cap)", NULL, e) < 0 :
	    count_past(l, cap, e) < 0)
		return -1;
	return store_commit(l->store, e);
}

/* The counter of a cap; of runs, the one that used most. */
static int
fill(struct ledger *l, struct ledger_cap *cap, struct err *e)
{
	AUTO_STMT struct store_stmt *st = NULL;
	int r;

	if (store_query(l->store, "select used, leased from counter where "
	    "cap = ? and start = ? and key not like 'pool:%' "
	    "order by used + leased desc limit 1", STORE_ARGS(
	    ARG_INT(cap->id), ARG_INT(cap->start)), &st, e) < 0 ||
	    (r = store_step(st, e)) < 0)
		return -1;
	cap->used = r ? store_col_int(st, 0) : 0;
	cap->leased = r ? store_col_int(st, 1) : 0;
	return 0;
}

int
ledger_caps(struct ledger *l, struct ledger_cap **ret, size_t *ret_n,
    struct err *e)
{
	AUTO_STMT struct store_stmt *st = NULL;
	struct ledger_cap *caps = NULL;
	size_t n = 0, size = 0;
	int64_t now = clock_wall();
	int r;

	if (ledger_need(l, e) < 0 || store_query(l->store,
	    "select id, scope, name, unit, per, amount from cap "
	    "order by scope, name, unit, per", NULL, &st, e) < 0)
		return -1;
	while ((r = store_step(st, e)) > 0) {
		GROW(caps, n, size);
		read_cap(st, now, &caps[n]);
		if (fill(l, &caps[n++], e) < 0) {
			r = -1;
			break;
		}
	}
	if (r < 0) {
		ledger_caps_free(caps, n);
		return -1;
	}
	*ret = caps;
	*ret_n = n;
	return 0;
}

/* Pools. */

void
ledger_pools_free(struct ledger_pool *pools, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(pools[i].name);
		free(pools[i].overflow);
	}
	free(pools);
}

int
ledger_pools(struct ledger *l, struct ledger_pool **ret, size_t *ret_n,
    struct err *e)
{
	AUTO_STMT struct store_stmt *st = NULL;
	struct ledger_pool *pools = NULL;
	size_t n = 0, size = 0;
	int r;

	if (ledger_need(l, e) < 0 || store_query(l->store, "select name, "
	    "share, overflow from pool order by name", NULL, &st, e) < 0)
		return -1;
	while ((r = store_step(st, e)) > 0) {
		const char *overflow = store_col_str(st, 2);
		GROW(pools, n, size);
		pools[n++] = (struct ledger_pool){
			xstrdup(store_col_str(st, 0)), store_col_num(st, 1),
			overflow ? xstrdup(overflow) : NULL
		};
	}
	if (r < 0) {
		ledger_pools_free(pools, n);
		return -1;
	}
	*ret = pools;
	*ret_n = n;
	return 0;
}

int
ledger_has_pools(struct ledger *l, struct err *e)
{
	int64_t n = 0;

	return store_get_int(l->store, "select exists (select 1 from pool)",
	    NULL, &n, e) < 0 ? -1 : n != 0;
}

static int
check_pools(struct ledger *l, struct err *e)
{
	struct ledger_pool *pools = NULL;
	size_t n = 0;
	double sum = 0;
	int r = 0;

	if (ledger_pools(l, &pools, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		sum += pools[i].share;
	if (sum > 100.000001)
		r = err_set(e, ST_USAGE, "the shares of the pools are %g %% "
		    "together", sum);
	for (size_t i = 0; i < n && r == 0; i++) {
		const char *at = pools[i].overflow;
		for (size_t steps = 0; at && r == 0; steps++) {
			size_t k = 0;
			if (steps >= OVERFLOW_MAX)
				r = err_set(e, ST_USAGE, "the pools overflow "
				    "into each other without end");
			while (k < n && strcmp(pools[k].name, at) != 0)
				k++;
			if (k == n && strcmp(at, "default") != 0)
				r = err_set(e, ST_USAGE, "there is no pool "
				    "'%s' to overflow into", at);
			at = k < n ? pools[k].overflow : NULL;
		}
	}
	ledger_pools_free(pools, n);
	return r;
}

int
ledger_pool_set(struct ledger *l, const struct ledger_pool *pool,
    struct err *e)
{
	AUTO_ROLLBACK struct store *tx = ledger_store(l, e);
	int64_t n;

	if (!tx)
		return -1;
	if (strlen(pool->name) > LEDGER_POOL_MAX || !*pool->name)
		return err_set(e, ST_USAGE, "a pool's name has 1 to %d bytes",
		    LEDGER_POOL_MAX);
	if (store_begin(l->store, e) < 0)
		return -1;
	if (pool->share < 0)
		n = store_run(l->store, "delete from pool where name = ?",
		    STORE_ARGS(ARG_STR(pool->name)), e);
	else
		n = store_run(l->store, "insert or replace into pool values "
		    "(?, ?, ?)", STORE_ARGS(ARG_STR(pool->name),
		    ARG_NUM(pool->share), ARG_STR(pool->overflow)), e);
	if (n < 0)
		return -1;
	if (n == 0)
		return err_set(e, ST_NOINPUT, "there is no pool '%s'",
		    pool->name);
	if (check_pools(l, e) < 0 || ledger_rebuild(l, e) < 0)
		return -1;
	return store_commit(l->store, e);
}

int
ledger_pool_next(struct ledger *l, const char *after, const char *first,
    char ret[LEDGER_POOL_MAX + 1], double *ret_share, struct err *e)
{
	AUTO_STMT struct store_stmt *st = NULL;
	AUTO_FREE char *name = xstrdup(first ? first : "default");
	int r;

	if (after) {
		AUTO_FREE char *next = NULL;
		if (store_get_str(l->store, "select overflow from pool where "
		    "name = ?", STORE_ARGS(ARG_STR(after)), &next, e) < 0)
			return -1;
		if (!next)
			return 0;
		free(name);
		name = STEAL(next);
	}
	if (store_query(l->store, "select name, share from pool where "
	    "name = ?1 union all select name, share from pool where "
	    "name = 'default' union all select 'default', "
	    "100 - total(share) from pool limit 1", STORE_ARGS(ARG_STR(name)),
	    &st, e) < 0 || (r = store_step(st, e)) < 0)
		return -1;
	if (r == 0)
		return err_set(e, ST_BUG, "no default pool");
	snprintf(ret, LEDGER_POOL_MAX + 1, "%s", store_col_str(st, 0));
	*ret_share = store_col_num(st, 1) / 100;
	return 1;
}

char *
ledger_amount(enum ledger_unit unit, int64_t amount)
{
	double usd = (double)amount / (double)LEDGER_USD;

	if (unit == LEDGER_MONEY)
		return xasprintf(usd != 0 && usd < 0.1 && usd > -0.1 ?
		    "$%.4f" : "$%.2f", usd);
	return xasprintf("%lld %s", (long long)amount, ledger_units[unit]);
}
