/* ledger: who has spent what: opening, leasing, settling. */
#include "config.h"

#include "ledger.h"

#include <fcntl.h>
#include <math.h>

#include "alloc.h"
#include "env.h"
#include "fd.h"
#include "ledger-impl.h"
#include "num.h"
#include "path.h"

enum {
	OUTPUT_DEFAULT = 8192,
	REAP_S = 5,			/* not more often, unless in need */
	SETTLE_WAIT_MS = 50,		/* others may settle for less */
	HALF_LIFE_S = 7 * 86400		/* of what is remembered of a model */
};

static const char *const schema_steps[] = {
	"create table cap (id integer primary key autoincrement, scope text not null, "
	" name text not null, unit text not null, per text not null, "
	" amount integer not null, unique (scope, name, unit, per));"
	"create table pool (name text primary key, share real not null, "
	" overflow text) without rowid;"
	"create table counter (cap integer not null, key text not null, "
	" start integer not null, "
	" used integer not null, leased integer not null, "
	" primary key (cap, key, start)) without rowid;"
	"create table lease (id integer primary key autoincrement, "
	" owner integer not null, at integer not null, ahead integer not null, "
	" model text not null, pool text, paid text, dir text, run text, "
	" task text, class text, input integer, output integer, "
	" usd_nano integer);"
	"create table part (lease integer not null, cap integer not null, "
	" key text not null, "
	" start integer not null, amount integer not null);"
	"create index part_lease on part (lease);"
	"create table call (id integer primary key, at integer not null, "
	" model text not null, pool text, paid text, dir text, run text, "
	" task text, class text, status text not null, "
	" input integer not null, output integer not null, cached integer, "
	" usd_nano integer not null, priced integer not null, "
	" first_ms real, total_ms real);"
	"create index call_at on call (at);"
	"create index call_run on call (run) where run is not null;"
	"create table bucket (model text, kind text, capacity real, "
	" level real, at integer, rate real, primary key (model, kind)) "
	" without rowid;"
	"create table blocked (model text primary key, until integer, "
	" why text) without rowid;"
	"create table breaker (model text primary key, failures integer, "
	" until integer) without rowid;"
	"create table performance (model text, class text, at integer, "
	" calls real, failed real, answers real, first_ms real, "
	" speeds real, speed real, usd real, primary key (model, class)) "
	" without rowid;"
	"create table price (pattern text, source integer, input real, "
	" output real, cached real, cache_write real, max_output integer, "
	" primary key (pattern, source)) without rowid;"
	"create table note (name text primary key, value text) "
	" without rowid;"
	"create view calls as select id, "
	" strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e9, 'unixepoch') as time, "
	" model, coalesce(pool, 'default') as pool, "
	" coalesce(paid, pool, 'default') as paid_by, dir, run, task, class, "
	" status, input as input_tokens, output as output_tokens, "
	" cached as cached_tokens, "
	" case when priced then usd_nano / 1e9 end as usd, first_ms, "
	" total_ms from call;"
	"create view spending as select "
	" date(at / 1e9, 'unixepoch', 'localtime') as day, model, "
	" coalesce(pool, 'default') as pool, dir, count(*) as calls, "
	" sum(status not in ('ok', 'lost', 'forgiven')) as failed, "
	" sum(status = 'lost') as lost, sum(input) as input_tokens, "
	" sum(output) as output_tokens, sum(usd_nano) / 1e9 as usd, "
	" sum(not priced) as unpriced from call group by 1, 2, 3, 4;"
	"create view tasks as select task, coalesce(class, '') as class, "
	" model, count(*) as calls, sum(usd_nano) / 1e9 as usd, "
	" sum(input + output) as tokens, min(at) as at from call "
	" where task is not null group by 1, 2, 3;"
	"create view task_cost as select model, class, count(*) as tasks, "
	" avg(usd) as usd, avg(tokens) as tokens from tasks "
	" where at > (strftime('%s', 'now') - 30 * 86400) * 1000000000 "
	" group by 1, 2;"
	"create view performances as select model, class, calls, "
	" failed / calls as failure_rate, "
	" case when answers > 0 then first_ms / answers end as first_ms, "
	" case when speeds > 0 then speed / speeds end "
	" as tokens_per_second, usd / calls as usd_per_call, "
	" strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e9, 'unixepoch') as time "
	" from performance;"
};

static const struct store_schema schema = {
	"a ledger", 0x41474c45, 1, schema_steps
};

int
ledger_open(const char *path, struct ledger **ret, struct err *e)
{
	AUTO_FREE char *state = path ? NULL : env_xdg_state();
	struct ledger *l;

	if (!path && !state)
		return err_set(e, ST_CONFIG, "no place for the ledger: "
		    "neither XDG_STATE_HOME nor HOME is set");
	l = xcalloc(1, sizeof(*l));
	l->owners_fd = -1;
	l->path = path ? xstrdup(path) : path_join(state, "ledger.db");
	*ret = l;
	return 0;
}

int
ledger_need(struct ledger *l, struct err *e)
{
	struct store_options o = { .sync = STORE_NORMAL };

	if (l->store)
		return 0;
	if (!path_exists(l->path)) {
		AUTO_FREE char *dir = path_dirname(l->path);
		if (path_mkdirs(dir, 0700, e) < 0)
			return -1;
	}
	return store_open(l->path, &schema, &o, &l->store, e);
}

/* The mark that there is something to look at before a call. */
static char *
mark(const struct ledger *l)
{
	return xasprintf("%s-limits", l->path);
}

bool
ledger_unlimited(const struct ledger *l)
{
	AUTO_FREE char *path = mark(l);

	return !l->store && !path_exists(path);
}

int
ledger_mark(struct ledger *l, struct err *e)
{
	AUTO_FREE char *path = mark(l);
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? err_sys(e, ST_CANTCREATE, "cannot create '%s'",
	    path) : 0;
}

void
ledger_close(struct ledger *l)
{
	if (!l)
		return;
	if (l->owners_fd >= 0)
		close(l->owners_fd);
	store_close(l->store);
	free(l->path);
	free(l);
}

struct store *
ledger_store(struct ledger *l, struct err *e)
{
	return ledger_need(l, e) < 0 ? NULL : l->store;
}

/*
 * Tokens stand for about four bytes of English text and for one or two of
 * other things; half the bytes is above what is met in practice.
 */
int64_t
ledger_tokens(size_t bytes)
{
	return (int64_t)(bytes / 2 < INT32_MAX ? bytes / 2 : INT32_MAX) + 16;
}

/* The dead. */

/* What lies in the parts of a lease goes from leased to used, or back. */
static int
end_parts(struct ledger *l, int64_t lease, bool spent, struct err *e)
{
	return store_run(l->store, spent ?
	    "update counter set leased = leased - p.amount, "
	    "used = used + p.amount from (select * from part where lease = ?) "
	    "as p where counter.cap = p.cap and counter.key = p.key and "
	    "counter.start = p.start" :
	    "update counter set leased = leased - p.amount "
	    "from (select * from part where lease = ?) "
	    "as p where counter.cap = p.cap and counter.key = p.key and "
	    "counter.start = p.start", STORE_ARGS(ARG_INT(lease)), e) < 0 ||
	    store_run(l->store, "delete from part where lease = ?",
	    STORE_ARGS(ARG_INT(lease)), e) < 0 ||
	    store_run(l->store, "delete from lease where id = ?",
	    STORE_ARGS(ARG_INT(lease)), e) < 0 ? -1 : 0;
}

static int
lose(struct ledger *l, int64_t lease, bool ahead, struct err *e)
{
	if (!ahead && store_run(l->store, "insert into call (at, model, pool, "
	    "paid, dir, run, task, class, status, input, output, usd_nano, "
	    "priced) select at, model, pool, paid, dir, run, task, class, "
	    "'lost', input, output, max(usd_nano, 0), usd_nano >= 0 "
	    "from lease where id = ?", STORE_ARGS(ARG_INT(lease)), e) < 0)
		return -1;
	return end_parts(l, lease, !ahead, e);
}

/* Within a transaction. */
static int
reap(struct ledger *l, struct err *e)
{
	AUTO_STMT struct store_stmt *st = NULL;
	int64_t owner = 0;
	int r, lives = 1, n = 0;

	l->reaped = clock_mono();
	if (store_query(l->store, "select owner, id, ahead from lease "
	    "order by owner", NULL, &st, e) < 0)
		return -1;
	while ((r = store_step(st, e)) > 0) {
		if (store_col_int(st, 0) != owner) {
			owner = store_col_int(st, 0);
			lives = ledger_owner_lives(l, owner, e);
		}
		if (lives < 0)
			return -1;
		if (lives)
			continue;
		if (lose(l, store_col_int(st, 1), store_col_int(st, 2) != 0,
		    e) < 0)
			return -1;
		n++;
	}
	return r < 0 ? -1 : n;
}

int
ledger_reap(struct ledger *l, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = ledger_store(l, e);
	int n;

	if (!tx || store_begin(tx, e) < 0 || (n = reap(l, e)) < 0 ||
	    store_commit(l->store, e) < 0)
		return -1;
	return n;
}

int
ledger_forgive(struct ledger *l, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = ledger_store(l, e);
	int64_t n;

	if (!tx || store_begin(tx, e) < 0 || reap(l, e) < 0 ||
	    (n = store_run(l->store, "update call set status = 'forgiven', "
	    "usd_nano = 0, input = 0, output = 0 where status = 'lost'", NULL,
	    e)) < 0 || ledger_rebuild(l, e) < 0 ||
	    store_commit(l->store, e) < 0)
		return -1;
	return (int)n;
}

int64_t
ledger_prune(struct ledger *l, int64_t before_ns, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = ledger_store(l, e);
	int64_t n;

	if (!tx || store_begin(tx, e) < 0 ||
	    (n = store_run(l->store, "delete from call where at < ?",
	    STORE_ARGS(ARG_INT(before_ns)), e)) < 0 ||
	    store_run(l->store, "delete from counter where start > 0 and "
	    "start < ? and leased = 0", STORE_ARGS(ARG_INT(before_ns)),
	    e) < 0 || store_commit(l->store, e) < 0)
		return -1;
	return n;
}

/* Leasing. */

/* A lease that is being worked out. */
struct plan {
	const struct ledger_want *want;
	struct ledger_line *lines;
	size_t n;
	bool pools;
	struct ledger_price price;
	bool priced;
	int64_t now, output;
	int64_t amounts[3];		/* by unit */
	char pool[64];			/* that pays */
	double share;			/* of it */
};

static void
plan_amounts(struct plan *p)
{
	p->amounts[LEDGER_REQUESTS] = 1;
	p->amounts[LEDGER_TOKENS] = p->want->input + p->output;
	p->amounts[LEDGER_MONEY] = p->priced ? ledger_price_cost(&p->price,
	    p->want->input, p->output, 0, p->want->input) : -1;
	if (p->priced) {
		/* writing to a cache may cost more than not using it */
		int64_t plain = ledger_price_cost(&p->price, p->want->input,
		    p->output, 0, 0);
		if (plain > p->amounts[LEDGER_MONEY])
			p->amounts[LEDGER_MONEY] = plain;
	}
}

/* Fewer output tokens, so that no more than `room` is needed. */
static void
plan_shrink(struct plan *p, enum ledger_unit unit, int64_t room)
{
	int64_t least = p->want->output_min ? p->want->output_min : p->output;
	int64_t lo = least, hi = p->output;

	if (unit == LEDGER_REQUESTS || least >= p->output)
		return;
	while (lo < hi) {
		p->output = lo + (hi - lo + 1) / 2;
		plan_amounts(p);
		if (p->amounts[unit] <= room)
			lo = p->output;
		else
			hi = p->output - 1;
	}
	p->output = lo;
	plan_amounts(p);
}

/* Why not: which cap, how much of it is gone, until when. */
static int
refuse(const struct plan *p, const struct ledger_line *line, int64_t amount,
    int64_t used, int64_t leased, int64_t *ret_wait, struct err *e)
{
	const struct ledger_cap *c = &line->cap;
	AUTO_FREE char *cap = ledger_amount(c->unit, amount);
	AUTO_FREE char *spent = ledger_amount(c->unit, used);
	AUTO_FREE char *out = ledger_amount(c->unit, leased);
	AUTO_FREE char *need = ledger_amount(c->unit, p->amounts[c->unit]);
	char left[NUM_TEXT_MAX] = "";
	const char *whom = c->scope == LEDGER_ALL ?
	    (amount < c->amount ? p->pool : "all calls") :
	    c->scope == LEDGER_RUN ? "the run" : c->name;

	*ret_wait = 0;
	if (c->end)
		num_format_duration(c->end - p->now, left);
	if (used + p->amounts[c->unit] <= amount) {
		*ret_wait = SETTLE_WAIT_MS * CLOCK_MS;
		return err_set(e, ST_TEMPFAIL, "the budget of %s for '%s' is "
		    "leased to others: %s spent, %s leased, %s needed", cap,
		    whom, spent, out, need);
	}
	if (c->per == LEDGER_MINUTE) {
		*ret_wait = c->end - p->now + CLOCK_MS;
		return err_set(e, ST_TEMPFAIL, "the limit of %s/minute for "
		    "'%s' is reached; try again in %s", cap, whom, left);
	}
	return err_set(e, ST_BUDGET, "the budget of %s%s%s for '%s' is used "
	    "up: %s spent, %s leased, %s needed%s%s", cap,
	    c->end ? "/" : "", c->end ? ledger_pers[c->per] : "", whom,
	    spent, out, need, c->end ? "; the next one begins in " : "",
	    left);
}

/* One limit: 0, or -1. */
static int
plan_limit(struct ledger *l, struct plan *p, const struct ledger_line *line,
    const char *key, int64_t amount, int64_t *ret_wait, struct err *e)
{
	const struct ledger_cap *c = &line->cap;
	int64_t used, leased;

	if (ledger_count(l, c->id, key, c->start, &used, &leased, e) < 0)
		return -1;
	if (c->unit == LEDGER_MONEY && !p->priced)
		return err_set(e, ST_CONFIG, "the price of '%s' is not known, "
		    "so the cap in money cannot be kept: add it to "
		    "prices.yaml", p->want->model);
	if (used + leased + p->amounts[c->unit] > amount)
		plan_shrink(p, c->unit, amount - used - leased);
	if (used + leased + p->amounts[c->unit] > amount)
		return refuse(p, line, amount, used, leased, ret_wait, e);
	return 0;
}

/* All limits, with this pool paying. */
static int
plan_fits(struct ledger *l, struct plan *p, int64_t *ret_wait, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct ledger_line *line = &p->lines[i];
		if (plan_limit(l, p, line, line->key, line->cap.amount,
		    ret_wait, e) < 0)
			return -1;
		if (line->cap.scope == LEDGER_ALL && p->pools) {
			AUTO_FREE char *key = xasprintf("pool:%s", p->pool);
			if (plan_limit(l, p, line, key, (int64_t)floor(
			    (double)line->cap.amount * p->share), ret_wait,
			    e) < 0)
				return -1;
		}
	}
	return 0;
}

/* The first pool that can pay. */
static int
plan_pool(struct ledger *l, struct plan *p, int64_t *ret_wait, struct err *e)
{
	int64_t whole = p->output;
	bool first = true;
	int r;

	for (;;) {
		struct err why = ERR_INIT;
		int64_t wait = 0;
		char before[64];
		snprintf(before, sizeof(before), "%s", p->pool);
		if (p->pools) {
			r = ledger_pool_next(l, first ? NULL : before,
			    p->want->pool, p->pool, &p->share, &why);
			if (r < 0)
				*e = why;
			if (r <= 0)
				return -1;
		}
		p->output = whole;
		plan_amounts(p);
		if (plan_fits(l, p, &wait, &why) == 0)
			return 0;
		/* the reason of the pool that was asked for is the one */
		if (first || why.status == ST_TEMPFAIL) {
			*e = why;
			*ret_wait = wait;
		}
		if (!p->pools || (why.status != ST_BUDGET &&
		    why.status != ST_TEMPFAIL))
			return -1;
		first = false;
	}
}

static int
plan_write(struct ledger *l, struct plan *p, struct ledger_lease *ret,
    struct err *e)
{
	const struct ledger_want *w = p->want;

	if (p->n == 0)
		return 0;
	if (ledger_owner(l, e) < 0 || store_run(l->store, "insert into lease "
	    "(owner, at, ahead, model, pool, paid, dir, run, task, class, "
	    "input, output, usd_nano) values "
	    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", STORE_ARGS(
	    ARG_INT(l->owner), ARG_INT(p->now), ARG_INT(w->ahead),
	    ARG_STR(w->model), ARG_STR(w->pool), ARG_STR(p->pool),
	    ARG_STR(w->dir), ARG_STR(w->run), ARG_STR(w->task),
	    ARG_STR(w->class), ARG_INT(w->input), ARG_INT(p->output),
	    ARG_INT(p->amounts[LEDGER_MONEY])), e) < 0)
		return -1;
	ret->id = store_last_id(l->store);
	for (size_t i = 0; i < p->n; i++) {
		const struct ledger_cap *c = &p->lines[i].cap;
		AUTO_FREE char *pool = xasprintf("pool:%s", p->pool);
		const char *keys[] = { p->lines[i].key, pool };
		size_t n = c->scope == LEDGER_ALL && p->pools ? 2 : 1;
		for (size_t k = 0; k < n; k++)
			if (ledger_add(l, c->id, keys[k], c->start, 0,
			    p->amounts[c->unit], e) < 0 ||
			    store_run(l->store, "insert into part values "
			    "(?, ?, ?, ?, ?)", STORE_ARGS(ARG_INT(ret->id),
			    ARG_INT(c->id), ARG_STR(keys[k]),
			    ARG_INT(c->start), ARG_INT(p->amounts[c->unit])),
			    e) < 0)
				return -1;
	}
	return 0;
}

static int
make_lease(struct ledger *l, struct plan *p, struct ledger_lease *ret,
    int64_t *ret_wait, struct err *e)
{
	int r;

	if (p->n > 0 && l->reaped + REAP_S * CLOCK_SEC < clock_mono() &&
	    reap(l, e) < 0)
		return -1;
	if ((r = ledger_price(l, p->want->model, &p->price, e)) < 0)
		return -1;
	p->priced = r > 0;
	if (p->output == 0)
		p->output = r > 0 && p->price.max_output ?
		    p->price.max_output : OUTPUT_DEFAULT;
	if (p->n > 0) {
		int64_t output = p->output;
		if ((r = ledger_has_pools(l, e)) < 0)
			return -1;
		p->pools = r > 0;
		r = plan_pool(l, p, ret_wait, e);
		if (r < 0 && (e->status == ST_BUDGET ||
		    e->status == ST_TEMPFAIL)) {
			/* perhaps the dead hold what we need */
			struct err again = ERR_INIT;
			if ((r = reap(l, &again)) > 0) {
				p->output = output;
				r = plan_pool(l, p, ret_wait, e);
			} else {
				r = -1;
			}
		}
		if (r < 0)
			return -1;
	}
	if (ledger_rate_take(l, p->want, p->output, p->now, ret_wait, e) < 0)
		return -1;
	return plan_write(l, p, ret, e);
}

/* Whether anything is configured or known that concerns this call. */
static int
concerned(struct ledger *l, const struct ledger_want *want, struct err *e)
{
	int64_t any = 0;

	if (ledger_unlimited(l))
		return 0;
	return ledger_need(l, e) < 0 ||
	    store_get_int(l->store, "select exists (select 1 from cap) or "
	    "exists (select 1 from bucket where model = ?1) or "
	    "exists (select 1 from blocked where model = ?1)", STORE_ARGS(
	    ARG_STR(want->model)), &any, e) < 0 ? -1 : any != 0;
}

int
ledger_lease(struct ledger *l, const struct ledger_want *want,
    struct ledger_lease *ret, int64_t *ret_wait, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = NULL;
	struct plan p = { .want = want, .now = clock_wall(),
		.output = want->output };
	int r = concerned(l, want, e);

	*ret_wait = 0;
	*ret = (struct ledger_lease){ .at = p.now, .want = *want,
		.output = want->output };
	if (r <= 0)
		return r;
	if (store_begin(l->store, e) < 0)
		return -1;
	tx = l->store;
	if (ledger_lines(l, want, p.now, &p.lines, &p.n, e) < 0)
		return -1;
	r = make_lease(l, &p, ret, ret_wait, e);
	ledger_lines_free(p.lines, p.n);
	/* what was found of the dead stays found, also when we get nothing */
	if (r < 0 && e->status != ST_BUDGET && e->status != ST_TEMPFAIL)
		return -1;
	ret->output = p.output;
	snprintf(ret->pool, sizeof(ret->pool), "%s", p.pool);
	struct err why = ERR_INIT;
	if (store_commit(l->store, &why) < 0) {
		*e = why;
		return -1;
	}
	return r;
}

int
ledger_lease_wait(struct ledger *l, const struct ledger_want *want,
    struct deadline until, const volatile int *stop,
    struct ledger_lease *ret, struct err *e)
{
	int64_t wait;

	while (ledger_lease(l, want, ret, &wait, e) < 0) {
		if (e->status != ST_TEMPFAIL || wait <= 0 ||
		    deadline_left(until) < wait)
			return -1;
		/* nothing is polled for: this is a sleep that a signal ends */
		if (fd_wait(-1, 0, deadline_in(wait), stop, e) < 0)
			return -1;
	}
	return 0;
}

/* Settling. */

/* What counts, known or not. */
struct bill {
	int64_t amounts[3];
	int64_t input, output;
	bool priced;
};

static int
make_bill(struct ledger *l, const struct ledger_lease *lease,
    const struct ledger_result *r, struct bill *b, struct err *e)
{
	bool good = r->outcome == LEDGER_OK;
	bool none = r->outcome == LEDGER_UNSENT || (!good && r->input < 0);
	struct ledger_price price;
	int priced;

	*b = (struct bill){ .priced = true };
	if (!none) {
		b->input = r->input >= 0 ? r->input : lease->want.input;
		b->output = r->output >= 0 ? r->output :
		    good ? lease->output : 0;
	}
	b->amounts[LEDGER_REQUESTS] = r->outcome != LEDGER_UNSENT;
	b->amounts[LEDGER_TOKENS] = b->input + b->output;
	if (r->cost >= 0) {
		b->amounts[LEDGER_MONEY] = r->cost;
	} else if (!none) {
		if ((priced = ledger_price(l, lease->want.model, &price,
		    e)) < 0)
			return -1;
		b->priced = priced > 0;
		if (priced)
			b->amounts[LEDGER_MONEY] = ledger_price_cost(&price,
			    b->input, b->output, r->cached, r->cache_write);
	}
	return 0;
}

static int
charge(struct ledger *l, const struct ledger_lease *lease,
    const struct bill *b, struct err *e)
{
	struct ledger_line *lines = NULL;
	size_t n = 0;
	int pools, r = 0;

	if (ledger_lines(l, &lease->want, lease->at, &lines, &n, e) < 0)
		return -1;
	if (n == 0) {
		ledger_lines_free(lines, n);
		return 0;
	}
	pools = ledger_has_pools(l, e);
	for (size_t i = 0; i < n && r == 0 && pools >= 0; i++) {
		const struct ledger_cap *c = &lines[i].cap;
		r = ledger_add(l, c->id, lines[i].key, c->start,
		    b->amounts[c->unit], 0, e);
		if (r == 0 && c->scope == LEDGER_ALL && pools) {
			AUTO_FREE char *key = xasprintf("pool:%s",
			    *lease->pool ? lease->pool : "default");
			r = ledger_add(l, c->id, key, c->start,
			    b->amounts[c->unit], 0, e);
		}
	}
	ledger_lines_free(lines, n);
	return pools < 0 ? -1 : r;
}

static double
ms(int64_t ns)
{
	return (double)ns / (double)CLOCK_MS;
}

static int
write_call(struct ledger *l, const struct ledger_lease *lease,
    const struct ledger_result *r, const struct bill *b, struct err *e)
{
	const struct ledger_want *w = &lease->want;
	const char *status = r->status ? r->status :
	    r->outcome == LEDGER_OK ? "ok" : "failed";

	return store_run(l->store, "insert into call (at, model, pool, paid, "
	    "dir, run, task, class, status, input, output, cached, usd_nano, "
	    "priced, first_ms, total_ms) values (?, ?, ?, nullif(?, ''), ?, "
	    "?, ?, ?, ?, ?, ?, nullif(?, -1), ?, ?, nullif(?, -1.0), "
	    "nullif(?, -1.0))", STORE_ARGS(ARG_INT(lease->at),
	    ARG_STR(w->model), ARG_STR(w->pool), ARG_STR(lease->pool),
	    ARG_STR(w->dir), ARG_STR(w->run), ARG_STR(w->task),
	    ARG_STR(w->class), ARG_STR(status), ARG_INT(b->input),
	    ARG_INT(b->output), ARG_INT(r->cached),
	    ARG_INT(b->amounts[LEDGER_MONEY]), ARG_INT(b->priced),
	    ARG_NUM(r->first_ns < 0 ? -1.0 : ms(r->first_ns)),
	    ARG_NUM(r->total_ns < 0 ? -1.0 : ms(r->total_ns))), e) < 0 ?
	    -1 : 0;
}

/* What is remembered of a model fades with time. */
static int
remember(struct ledger *l, const struct ledger_lease *lease,
    const struct ledger_result *r, const struct bill *b, int64_t now,
    struct err *e)
{
	const char *class = lease->want.class ? lease->want.class : "";
	bool good = r->outcome == LEDGER_OK;
	double keep, seconds = r->total_ns > 0 && r->first_ns >= 0 ?
	    ms(r->total_ns - r->first_ns) / 1000 : 0;
	bool timed = good && r->first_ns >= 0;
	/* too short to tell a speed from */
	bool fast = timed && r->output > 1 && seconds > 0.001;
	int64_t at = now;

	if (store_get_int(l->store, "select at from performance where "
	    "model = ? and class = ?", STORE_ARGS(ARG_STR(lease->want.model),
	    ARG_STR(class)), &at, e) < 0)
		return -1;
	keep = exp2(-(double)(now > at ? now - at : 0) /
	    ((double)HALF_LIFE_S * (double)CLOCK_SEC));
	return store_run(l->store, "insert into performance values (?1, ?2, "
	    "?3, 1, ?5, ?6, ?7, ?8, ?9, ?10) on conflict do update set "
	    "at = ?3, calls = calls * ?4 + 1, failed = failed * ?4 + ?5, "
	    "answers = answers * ?4 + ?6, first_ms = first_ms * ?4 + ?7, "
	    "speeds = speeds * ?4 + ?8, speed = speed * ?4 + ?9, "
	    "usd = usd * ?4 + ?10", STORE_ARGS(ARG_STR(lease->want.model),
	    ARG_STR(class), ARG_INT(now), ARG_NUM(keep), ARG_INT(!good),
	    ARG_INT(timed), ARG_NUM(timed ? ms(r->first_ns) : 0),
	    ARG_INT(fast), ARG_NUM(fast ? (double)r->output / seconds : 0),
	    ARG_NUM((double)b->amounts[LEDGER_MONEY] / (double)LEDGER_USD)),
	    e) < 0 ? -1 : 0;
}

int
ledger_settle(struct ledger *l, const struct ledger_lease *lease,
    const struct ledger_result *result, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = NULL;
	int64_t now = clock_wall();
	struct bill b;

	if (ledger_need(l, e) < 0 || store_begin(l->store, e) < 0)
		return -1;
	tx = l->store;
	if (make_bill(l, lease, result, &b, e) < 0 ||
	    (lease->id && end_parts(l, lease->id, false, e) < 0) ||
	    charge(l, lease, &b, e) < 0)
		return -1;
	if (result->outcome != LEDGER_UNSENT &&
	    (write_call(l, lease, result, &b, e) < 0 ||
	    remember(l, lease, result, &b, now, e) < 0))
		return -1;
	if ((result->outcome == LEDGER_OK ||
	    result->outcome == LEDGER_FAILED) &&
	    ledger_breaker_note(l, lease->want.model,
	    result->outcome == LEDGER_FAILED, now, e) < 0)
		return -1;
	return store_commit(l->store, e);
}
