/* route-learn: what route-stat.h writes: decisions, and how they went. */
#include "config.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>

#include "alloc.h"
#include "fd.h"
#include "ndjson.h"
#include "record.h"
#include "route-stat-impl.h"

enum {
	BATCH = 2000,			/* decisions in one transaction */
	KEPT_DECISIONS = 20000,
	KEPT_TEXT = 1000,		/* bytes of a task's text */
	JOURNAL_AT_ONCE = 8 << 20	/* bytes read of it at one start */
};

void
route_stat_pending_release(struct stat_pending *p)
{
	free(p->id);
	free(p->text);
	free(p->agent);
	free(p->model);
	free(p->sticky);
}

static char *
copy(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

int
route_stat_decided(struct route_stat *s, const struct route_decision *d,
    struct err *e)
{
	GROW(s->pending, s->npending, s->pendingcap);
	s->pending[s->npending++] = (struct stat_pending){
		.id = copy(d->id),
		.text = d->text ? xstrndup(d->text,
		    d->len < KEPT_TEXT ? d->len : KEPT_TEXT) : NULL,
		.agent = copy(d->agent), .model = copy(d->model),
		.sticky = copy(d->sticky), .c = d->c
	};
	if (s->npending == 1)
		s->flush_at = deadline_in(500 * CLOCK_MS);
	if (s->npending < BATCH && (s->npending % 64 != 0 ||
	    !deadline_passed(s->flush_at)))
		return 0;
	return route_stat_flush(s, e);
}

static int
add_load(struct route_stat *s, const char *model, double n, struct err *e)
{
	double now = route_stat_now();

	return store_run(s->store, "insert into load values (?1, max(?2, 0),"
	    " ?3) on conflict (model) do update set tasks = max(0, tasks *"
	    " (case when ?3 - at > 1200 then 0 else 1 end) + ?2), at = ?3",
	    STORE_ARGS(ARG_STR(model), ARG_NUM(n), ARG_NUM(now)), e) < 0 ?
	    -1 : 0;
}

static int
write_one(struct route_stat *s, const struct stat_pending *p, struct err *e)
{
	double now = route_stat_now();

	if (p->id && store_run(s->store, "insert into decision (id, text,"
	    " agent, model, class, at) values (?, ?, ?, ?, ?, ?)",
	    STORE_ARGS(ARG_STR(p->id), ARG_STR(p->text), ARG_STR(p->agent),
	    ARG_STR(p->model), ARG_STR(route_class_name(p->c)), ARG_NUM(now)),
	    e) < 0)
		return -1;
	if (p->sticky && store_run(s->store, "insert or replace into sticky"
	    " values (?, ?, ?, ?)", STORE_ARGS(ARG_STR(p->sticky),
	    ARG_STR(p->agent), ARG_STR(p->model), ARG_NUM(now)), e) < 0)
		return -1;
	return 0;
}

/* How many of the batch went to each model, in one statement each. */
static int
write_loads(struct route_stat *s, struct err *e)
{
	for (size_t i = 0; i < s->npending; i++) {
		const char *model = s->pending[i].model;
		double n = 0;
		bool seen = !model;
		for (size_t j = 0; j < i && !seen; j++)
			seen = s->pending[j].model &&
			    strcmp(s->pending[j].model, model) == 0;
		if (seen)
			continue;
		for (size_t j = i; j < s->npending; j++)
			n += s->pending[j].model &&
			    strcmp(s->pending[j].model, model) == 0;
		if (add_load(s, model, n, e) < 0)
			return -1;
	}
	return 0;
}

int
route_stat_flush(struct route_stat *s, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = s->store;

	if (s->npending == 0)
		return 0;
	if (store_begin(s->store, e) < 0)
		return -1;
	for (size_t i = 0; i < s->npending; i++)
		if (write_one(s, &s->pending[i], e) < 0)
			return -1;
	if (write_loads(s, e) < 0 || store_run(s->store,
	    "delete from decision where n <= (select max(n) from decision)"
	    " - ?", STORE_ARGS(ARG_INT(KEPT_DECISIONS)), e) < 0 ||
	    store_commit(s->store, e) < 0)
		return -1;
	for (size_t i = 0; i < s->npending; i++)
		route_stat_pending_release(&s->pending[i]);
	s->npending = 0;
	s->dirty = true;
	return 0;
}

/* What one record says about a model. */
struct outcome {
	const char *model;
	const char *task;
	bool good;
	bool fault;		/* the model's, or its server's, not ours */
	double first_ms, total_ms, tokens, cost;
};

static bool
is_fault(const char *kind)
{
	static const char *const faults[] = {
		"connect", "cut", "garbage", "io", "overloaded", "protocol",
		"quota", "rate_limit", "server", "timeout", "try_later",
		"unavailable"
	};

	for (size_t i = 0; kind && i < sizeof(faults) / sizeof(*faults); i++)
		if (strcmp(kind, faults[i]) == 0)
			return true;
	return false;
}

static bool
read_outcome(const jv *record, const jv *data, struct outcome *o)
{
	const char *type = json_str(record, "type");
	int64_t status = 0;
	AUTO_JV jv usage = json_get(data, "usage");

	if (!type)
		return false;
	o->model = json_str(data, "model");
	o->task = json_str(record, "task");
	if (!o->task)
		o->task = json_str(record, "corr");
	if (!o->model)
		return false;
	if (!json_num(data, "total_ms", &o->total_ms))
		json_num(data, "duration_ms", &o->total_ms);
	json_num(data, "first_ms", &o->first_ms);
	json_num(&usage, "output_tokens", &o->tokens);
	json_num(&usage, "cost_usd", &o->cost);
	json_int(data, "status", &status);
	if (strcmp(type, RECORD_RESULT) == 0 ||
	    strcmp(type, RECORD_MODEL_MESSAGE) == 0) {
		o->good = status == ST_OK;
		o->fault = false;
		return true;
	}
	o->good = false;
	o->fault = is_fault(json_str(data, "kind"));
	return (strcmp(type, RECORD_ERROR) == 0 ||
	    strcmp(type, RECORD_MODEL_RETRY) == 0) && o->fault;
}

/* The class that the task was routed as; light, when we did not. */
static enum route_class
class_of(struct route_stat *s, const char *task)
{
	AUTO_STMT struct store_stmt *q = NULL;
	struct err ignored = ERR_INIT;
	enum route_class c = ROUTE_LIGHT;

	if (task && store_query(s->store, "select class from decision where"
	    " id = ? order by n desc limit 1", STORE_ARGS(ARG_STR(task)), &q,
	    &ignored) == 0 && store_step(q, &ignored) > 0 &&
	    store_col_str(q, 0))
		route_class_parse(store_col_str(q, 0), &c);
	return c;
}

static int
add_measure(struct route_stat *s, const struct outcome *o,
    enum route_class c, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	struct route_measure m = { 0 };
	double now = route_stat_now();
	int r;

	if (store_query(s->store, "select tasks, good, first_ms, total_ms,"
	    " tokens, cost, at from measure where model = ? and class = ?",
	    STORE_ARGS(ARG_STR(o->model), ARG_STR(route_class_name(c))), &q,
	    e) < 0 || (r = store_step(q, e)) < 0)
		return -1;
	if (r > 0) {
		double w = route_stat_decay(s, store_col_num(q, 6));
		m = (struct route_measure){
			w * store_col_num(q, 0), w * store_col_num(q, 1),
			w * store_col_num(q, 2), w * store_col_num(q, 3),
			w * store_col_num(q, 4), w * store_col_num(q, 5)
		};
	}
	m.tasks += 1;
	m.cost += o->cost;
	if (o->good) {
		m.good += 1;
		m.first_ms += o->first_ms;
		m.total_ms += o->total_ms;
		m.tokens += o->tokens;
	}
	return store_run(s->store, "insert or replace into measure values"
	    " (?, ?, ?, ?, ?, ?, ?, ?, ?)", STORE_ARGS(ARG_STR(o->model),
	    ARG_STR(route_class_name(c)), ARG_NUM(m.tasks), ARG_NUM(m.good),
	    ARG_NUM(m.first_ms), ARG_NUM(m.total_ms), ARG_NUM(m.tokens),
	    ARG_NUM(m.cost), ARG_NUM(now)), e) < 0 ? -1 : 0;
}

/* A success closes the circuit; enough failures in a row open it. */
static int
add_breaker(struct route_stat *s, const struct outcome *o, struct err *e)
{
	double until = route_stat_now() + (double)s->config->breaker_ns / 1e9;

	if (!o->fault)
		return store_run(s->store, "delete from breaker where"
		    " model = ?", STORE_ARGS(ARG_STR(o->model)), e) < 0 ?
		    -1 : 0;
	return store_run(s->store, "insert into breaker values (?1, 1,"
	    " case when 1 >= ?2 then ?3 else 0 end, 0) on conflict (model)"
	    " do update set failures = failures + 1, probe_until = 0,"
	    " open_until = case when failures + 1 >= ?2 then ?3"
	    " else open_until end", STORE_ARGS(ARG_STR(o->model),
	    ARG_INT(s->config->breaker_failures), ARG_NUM(until)), e) < 0 ?
	    -1 : 0;
}

static int
add_outcome(struct route_stat *s, const struct outcome *o, struct err *e)
{
	if (add_measure(s, o, class_of(s, o->task), e) < 0 ||
	    add_breaker(s, o, e) < 0 || add_load(s, o->model, -1, e) < 0)
		return -1;
	s->dirty = true;
	return 0;
}

int
route_stat_observe(struct route_stat *s, const jv *record, struct err *e)
{
	AUTO_JV jv data = json_get(record, "data");
	AUTO_ROLLBACK struct store *tx = s->store;
	struct outcome o = { 0 };

	if (!read_outcome(record, &data, &o))
		return 0;
	if (store_begin(s->store, e) < 0 || add_outcome(s, &o, e) < 0)
		return -1;
	return store_commit(s->store, e);
}

static int
take_call(const struct route_ledger_call *call, void *arg, struct err *e)
{
	struct route_stat *s = arg;
	struct outcome o = {
		.model = call->model, .task = call->task,
		.good = call->status && strcmp(call->status, "ok") == 0,
		.first_ms = call->first_ms, .total_ms = call->total_ms,
		.tokens = call->tokens, .cost = call->usd
	};

	o.fault = !o.good && is_fault(call->status);
	if (!o.model || (!o.good && !o.fault))
		return 0;
	return add_outcome(s, &o, e);
}

static const char ledger_cursor[] = "ledger";

int
route_stat_catch_up_ledger(struct route_stat *s, struct route_ledger *l,
    struct err *e)
{
	AUTO_ROLLBACK struct store *tx = s->store;
	int64_t after = 0, last;

	if (!route_ledger_changed(l))
		return 0;
	if (store_begin(s->store, e) < 0 || store_get_int(s->store,
	    "select offset from cursor where path = ?",
	    STORE_ARGS(ARG_STR(ledger_cursor)), &after, e) < 0)
		return -1;
	last = route_ledger_calls(l, after, take_call, s, e);
	if (last < 0)
		return -1;
	if (last == after)
		return after > 0;
	if (store_run(s->store, "insert or replace into cursor values"
	    " (?, 0, ?)", STORE_ARGS(ARG_STR(ledger_cursor), ARG_INT(last)),
	    e) < 0 || store_commit(s->store, e) < 0)
		return -1;
	return 1;
}

/* Where reading of a journal stopped; 0 when it is another file by now. */
static int64_t
read_cursor(struct route_stat *s, const char *journal, const struct stat *st)
{
	struct err ignored = ERR_INIT;
	int64_t offset = 0;

	if (store_get_int(s->store, "select offset from cursor where path = ?"
	    " and inode = ? and offset <= ?", STORE_ARGS(ARG_STR(journal),
	    ARG_INT((int64_t)st->st_ino), ARG_INT((int64_t)st->st_size)),
	    &offset, &ignored) <= 0)
		return 0;
	return offset;
}

int
route_stat_catch_up(struct route_stat *s, const char *journal,
    struct err *e)
{
	struct ndjson_reader r;
	struct ndjson_line line = NDJSON_LINE_INIT;
	struct stat st;
	int64_t from, at;
	int status = 0;
	AUTO_FD int fd = open(journal, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	from = at = read_cursor(s, journal, &st);
	if (from == (int64_t)st.st_size)
		return 0;
	if (st.st_size - from > JOURNAL_AT_ONCE)
		from = at = st.st_size - JOURNAL_AT_ONCE;
	if (lseek(fd, from, SEEK_SET) < 0)
		return err_sys(e, ST_IO, "cannot read '%s'", journal);
	ndjson_init(&r, fd, NDJSON_LINE_MAX);
	for (;;) {
		enum ndjson_result got = ndjson_next(&r, &line, e);
		if (got == NDJSON_EOF || got == NDJSON_FAIL)
			break;
		/* somebody is still writing the last line */
		if (got == NDJSON_LINE && line.torn)
			break;
		if (got == NDJSON_LINE &&
		    (status = route_stat_observe(s, &line.value, e)) < 0)
			break;
		at = lseek(fd, 0, SEEK_CUR) - (off_t)(r.in.len - r.start);
	}
	ndjson_line_release(&line);
	ndjson_release(&r);
	if (status < 0)
		return -1;
	return store_run(s->store, "insert or replace into cursor values"
	    " (?, ?, ?)", STORE_ARGS(ARG_STR(journal),
	    ARG_INT((int64_t)st.st_ino), ARG_INT(at)), e) < 0 ? -1 : 0;
}
