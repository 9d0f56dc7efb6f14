/* route-ledger: what the ledger knows that matters for routing. */
#include "config.h"

#include "route-ledger.h"

#include <math.h>

#include "alloc.h"
#include "clock.h"
#include "env.h"
#include "ledger.h"
#include "path.h"
#include "store.h"

enum { CALLS_AT_ONCE = 10000, POOLS_MAX = 64 };

/* How full a pool was, not asked again for a moment. */
struct fullness {
	char *pool;
	double used;
	struct deadline until;
};

struct route_ledger {
	struct ledger *ledger;
	int64_t version;
	struct fullness pools[POOLS_MAX];
	size_t npools;
};

int
route_ledger_open(struct route_ledger **ret, struct err *e)
{
	AUTO_FREE char *dir = env_xdg_state();
	AUTO_FREE char *path = dir ? path_join(dir, "ledger.db") : NULL;
	struct ledger *ledger = NULL;

	*ret = NULL;
	if (!path || !path_exists(path))
		return 0;
	if (ledger_open(path, &ledger, e) < 0)
		return -1;
	*ret = xcalloc(1, sizeof(**ret));
	(*ret)->ledger = ledger;
	(*ret)->version = -1;
	return 0;
}

void
route_ledger_close(struct route_ledger *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->npools; i++)
		free(l->pools[i].pool);
	ledger_close(l->ledger);
	free(l);
}

bool
route_ledger_changed(struct route_ledger *l)
{
	struct err ignored = ERR_INIT;
	struct store *s = ledger_store(l->ledger, &ignored);
	int64_t version;

	if (!s || store_data_version(s, &version, &ignored) < 0 ||
	    version == l->version)
		return false;
	l->version = version;
	return true;
}

int64_t
route_ledger_calls(struct route_ledger *l, int64_t after,
    int (*fn)(const struct route_ledger_call *call, void *arg, struct err *e),
    void *arg, struct err *e)
{
	struct store *s = ledger_store(l->ledger, e);
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (!s || store_query(s, "select id, model, task, status, first_ms,"
	    " total_ms, output_tokens, usd from calls where id > ?1 and"
	    " id > (select max(id) from calls) - ?2 order by id", STORE_ARGS(
	    ARG_INT(after), ARG_INT(CALLS_AT_ONCE)), &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		struct route_ledger_call call = {
			.id = store_col_int(q, 0),
			.model = store_col_str(q, 1),
			.task = store_col_str(q, 2),
			.status = store_col_str(q, 3),
			.first_ms = store_col_num(q, 4),
			.total_ms = store_col_num(q, 5),
			.tokens = store_col_num(q, 6),
			.usd = store_col_num(q, 7)
		};
		if (fn(&call, arg, e) < 0)
			return -1;
		after = call.id;
	}
	return r < 0 ? -1 : after;
}

/* What a pool has spent of a cap's unit since the cap's time began. */
static double
spent(struct store *s, const char *pool, const struct ledger_cap *cap)
{
	static const char *const sums[] = {
		[LEDGER_MONEY] = "select coalesce(sum(usd), 0) * 1e9",
		[LEDGER_TOKENS] =
		    "select coalesce(sum(input_tokens + output_tokens), 0)",
		[LEDGER_REQUESTS] = "select count(*)"
	};
	AUTO_FREE char *sql = xasprintf("%s from calls where paid_by = ?"
	    " and time >= ?", sums[cap->unit]);
	AUTO_STMT struct store_stmt *q = NULL;
	struct err ignored = ERR_INIT;
	char start[TIMESTAMP_LEN + 1];

	timestamp_format(cap->start, start);
	if (store_query(s, sql, STORE_ARGS(ARG_STR(pool), ARG_STR(start)), &q,
	    &ignored) < 0 || store_step(q, &ignored) <= 0)
		return 0;
	return store_col_num(q, 0);
}

/* The share in percent of the caps for all that a pool has; -1: none. */
static double
share_of(const struct ledger_pool *pools, size_t n, const char *pool)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(pools[i].name, pool) == 0)
			return pools[i].share;
	return -1;
}

static double
measure(struct ledger *l, const char *pool)
{
	struct ledger_cap *caps = NULL;
	struct ledger_pool *pools = NULL;
	size_t ncaps = 0, npools = 0;
	struct err ignored = ERR_INIT;
	struct store *s = ledger_store(l, &ignored);
	double share, most = 0;

	if (!s || ledger_pools(l, &pools, &npools, &ignored) < 0)
		return 0;
	share = share_of(pools, npools, pool);
	if (ledger_caps(l, &caps, &ncaps, &ignored) < 0)
		ncaps = 0;
	for (size_t i = 0; i < ncaps; i++) {
		const struct ledger_cap *c = &caps[i];
		double amount = (double)c->amount, used = 0;
		if (c->scope == LEDGER_POOL && strcmp(c->name, pool) == 0) {
			used = (double)(c->used + c->leased);
		} else if (c->scope == LEDGER_ALL && share > 0) {
			used = spent(s, pool, c);
			amount *= share / 100;
		}
		if (amount > 0)
			most = fmax(most, used / amount);
	}
	ledger_caps_free(caps, ncaps);
	ledger_pools_free(pools, npools);
	return most;
}

double
route_ledger_used(struct route_ledger *l, const char *pool)
{
	struct fullness *f = NULL;

	for (size_t i = 0; i < l->npools; i++)
		if (strcmp(l->pools[i].pool, pool) == 0)
			f = &l->pools[i];
	if (f && !deadline_passed(f->until))
		return f->used;
	if (!f && l->npools == POOLS_MAX)
		return measure(l->ledger, pool);
	if (!f) {
		f = &l->pools[l->npools++];
		f->pool = xstrdup(pool);
	}
	f->used = measure(l->ledger, pool);
	f->until = deadline_in(200 * CLOCK_MS);
	return f->used;
}
