/* ledger: who has spent what: the file, the dead, the past. */
#include "config.h"

#include "ledger.h"

#include <fcntl.h>

#include "alloc.h"
#include "env.h"
#include "ledger-impl.h"
#include "path.h"

static const char *const schema_steps[] = {
	"create table cap (id integer primary key autoincrement, "
	" scope text not null, name text not null, "
	" unit text not null, per text not null, "
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
	l->mark = xasprintf("%s-limits", l->path);
	*ret = l;
	return 0;
}

int
ledger_need(struct ledger *l, struct err *e)
{
	/* a batch appends, and hardly looks back */
	struct store_options o = { .sync = STORE_NORMAL, .cache_kib = 1000 };

	if (l->store)
		return 0;
	if (!path_exists(l->path)) {
		AUTO_FREE char *dir = path_dirname(l->path);
		if (path_mkdirs(dir, 0700, e) < 0)
			return -1;
	}
	return store_open(l->path, &schema, &o, &l->store, e);
}

bool
ledger_limited(const struct ledger *l)
{
	return path_exists(l->mark);
}

int
ledger_mark(struct ledger *l, struct err *e)
{
	AUTO_FD int fd = open(l->mark, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? err_sys(e, ST_CANTCREATE, "cannot create '%s'",
	    l->mark) : 0;
}

void
ledger_close(struct ledger *l)
{
	if (!l)
		return;
	if (l->owners_fd >= 0)
		close(l->owners_fd);
	store_close(l->store);
	free(l->priced);
	free(l->mark);
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

int
ledger_end_parts(struct ledger *l, int64_t lease, bool spent, struct err *e)
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
	return ledger_end_parts(l, lease, !ahead, e);
}

int
ledger_reap_now(struct ledger *l, struct err *e)
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

	if (!tx || store_begin(tx, e) < 0 || (n = ledger_reap_now(l, e)) < 0 ||
	    store_commit(l->store, e) < 0)
		return -1;
	return n;
}

int
ledger_forgive(struct ledger *l, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = ledger_store(l, e);
	int64_t n;

	if (!tx || store_begin(tx, e) < 0 || ledger_reap_now(l, e) < 0 ||
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
	    /* of runs that were killed, long ago */
	    store_run(l->store, "delete from cap where scope = 'run' and "
	    "name <> '*' and name not in (select run from call where run is "
	    "not null)", NULL, e) < 0 ||
	    store_run(l->store, "delete from counter where cap not in "
	    "(select id from cap)", NULL, e) < 0 ||
	    store_run(l->store, "delete from counter where start > 0 and "
	    "start < ? and leased = 0", STORE_ARGS(ARG_INT(before_ns)),
	    e) < 0 || store_commit(l->store, e) < 0)
		return -1;
	return n;
}
