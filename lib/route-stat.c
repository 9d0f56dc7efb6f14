/*
 * route-stat: what is known about models from what they did.
 *
 * Times in the file are seconds of the wall clock, as processes of several
 * boots share it.
 */
#include "config.h"

#include "route-stat.h"

#include <math.h>

#include "alloc.h"
#include "clock.h"
#include "env.h"
#include "path.h"
#include "route-stat-impl.h"
#include "store.h"

static const char create[] =
	"create table measure (model text, class text, tasks real, good real,"
	" first_ms real, total_ms real, tokens real, cost real, at real,"
	" primary key (model, class)) without rowid;"
	"create table breaker (model text primary key, failures integer,"
	" open_until real, probe_until real) without rowid;"
	"create table load (model text primary key, tasks real, at real)"
	" without rowid;"
	"create table decision (n integer primary key, id text, text text,"
	" agent text, model text, class text, at real);"
	"create index decision_id on decision (id);"
	"create table sticky (key text primary key, agent text, model text,"
	" at real) without rowid;"
	"create table eval (name text primary key, result text) without rowid;"
	"create table cursor (path text primary key, inode integer,"
	" offset integer) without rowid;";
static const char *const steps[] = { create };
static const struct store_schema schema = {
	.name = "statistics of agent-route",
	.application_id = 0x61677274,		/* "agrt" */
	.version = 1,
	.steps = steps
};

char *
route_stat_file(void)
{
	AUTO_FREE char *dir = env_xdg_state();

	return dir ? path_join(dir, "route.db") : NULL;
}

double
route_stat_now(void)
{
	return (double)clock_wall() / 1e9;
}

int
route_stat_open(const char *path, const struct route_config *c,
    struct route_stat **ret, struct err *e)
{
	struct store_options o = { .sync = STORE_NORMAL };
	AUTO_FREE char *dir = path_dirname(path);
	struct route_stat *s;

	if (path_mkdirs(dir, 0700, e) < 0)
		return -1;
	s = xcalloc(1, sizeof(*s));
	s->config = c;
	s->version = -1;
	if (store_open(path, &schema, &o, &s->store, e) < 0) {
		free(s);
		return -1;
	}
	*ret = s;
	return 0;
}

static void
drop_rows(struct route_stat *s)
{
	for (size_t i = 0; i < s->nrows; i++)
		free(s->rows[i].model);
	for (size_t i = 0; i < s->nbreakers; i++)
		free(s->breakers[i].model);
	for (size_t i = 0; i < s->nloads; i++)
		free(s->loads[i].model);
	s->nrows = s->nbreakers = s->nloads = 0;
}

int
route_stat_close(struct route_stat *s, struct err *e)
{
	int r = 0;

	if (!s)
		return 0;
	r = route_stat_flush(s, e);
	drop_rows(s);
	for (size_t i = 0; i < s->npending; i++)
		route_stat_pending_release(&s->pending[i]);
	free(s->rows);
	free(s->breakers);
	free(s->loads);
	free(s->pending);
	store_close(s->store);
	free(s);
	return r;
}

static int
read_rows(struct route_stat *s, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(s->store, "select model, class, tasks, good, first_ms,"
	    " total_ms, tokens, cost, at from measure", NULL, &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		enum route_class c = ROUTE_LIGHT;
		GROW(s->rows, s->nrows, s->rowcap);
		route_class_parse(store_col_str(q, 1), &c);
		s->rows[s->nrows++] = (struct stat_row){
			.model = xstrdup(store_col_str(q, 0)), .c = c,
			.m = {
				store_col_num(q, 2), store_col_num(q, 3),
				store_col_num(q, 4), store_col_num(q, 5),
				store_col_num(q, 6), store_col_num(q, 7)
			},
			.at = store_col_num(q, 8)
		};
	}
	return r;
}

static int
read_breakers(struct route_stat *s, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	AUTO_STMT struct store_stmt *l = NULL;
	int r;

	if (store_query(s->store, "select model, failures, open_until,"
	    " probe_until from breaker", NULL, &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		GROW(s->breakers, s->nbreakers, s->breakercap);
		s->breakers[s->nbreakers++] = (struct stat_breaker){
			xstrdup(store_col_str(q, 0)), store_col_int(q, 1),
			store_col_num(q, 2), store_col_num(q, 3)
		};
	}
	if (r < 0 || store_query(s->store, "select model, tasks, at from load",
	    NULL, &l, e) < 0)
		return -1;
	while ((r = store_step(l, e)) > 0) {
		GROW(s->loads, s->nloads, s->loadcap);
		s->loads[s->nloads++] = (struct stat_load){
			xstrdup(store_col_str(l, 0)), store_col_num(l, 1),
			store_col_num(l, 2)
		};
	}
	return r;
}

/*
 * Renews the copy when somebody has written.  Statistics help; when they
 * cannot be read, the decision is made with what there is.
 */
static void
renew(struct route_stat *s)
{
	struct err ignored = ERR_INIT;
	int64_t version;

	if (s->version >= 0 && !deadline_passed(s->renew_at))
		return;
	s->renew_at = deadline_in(100 * CLOCK_MS);
	if (s->ledger)
		(void)route_stat_catch_up_ledger(s, s->ledger, &ignored);
	if (store_data_version(s->store, &version, &ignored) < 0 ||
	    (version == s->version && !s->dirty))
		return;
	s->version = version;
	s->dirty = false;
	drop_rows(s);
	if (read_rows(s, &ignored) < 0 || read_breakers(s, &ignored) < 0)
		s->dirty = true;
}

int
route_stat_use_ledger(struct route_stat *s, struct route_ledger *l,
    struct err *e)
{
	s->ledger = l;
	return l ? route_stat_catch_up_ledger(s, l, e) : 0;
}

double
route_stat_pool_used(struct route_stat *s, const char *pool)
{
	return s->ledger ? route_ledger_used(s->ledger, pool) : 0;
}

double
route_stat_decay(const struct route_stat *s, double since)
{
	double age = route_stat_now() - since;

	return age <= 0 ? 1 : exp2(-age / s->config->half_life);
}

struct route_measure
route_stat_measure(struct route_stat *s, const char *model,
    enum route_class c)
{
	renew(s);
	for (size_t i = 0; i < s->nrows; i++) {
		const struct stat_row *r = &s->rows[i];
		struct route_measure m = r->m;
		double w;
		if (r->c != c || strcmp(r->model, model) != 0)
			continue;
		w = route_stat_decay(s, r->at);
		if (m.good > 0) {
			m.first_ms /= m.good;
			m.total_ms /= m.good;
			m.tokens /= m.good;
		}
		if (m.tasks > 0)
			m.cost /= m.tasks;
		m.tasks *= w;
		m.good *= w;
		return m;
	}
	return (struct route_measure){ 0 };
}

/* One process gets the probe; it has as long as the breaker was open. */
static bool
claim_probe(struct route_stat *s, struct stat_breaker *b)
{
	struct err ignored = ERR_INIT;
	double now = route_stat_now();
	double until = now + (double)s->config->breaker_ns / 1e9;
	int64_t n = store_run(s->store, "update breaker set probe_until = ?2"
	    " where model = ?1 and probe_until < ?3",
	    STORE_ARGS(ARG_STR(b->model), ARG_NUM(until), ARG_NUM(now)),
	    &ignored);

	b->probe_until = until;
	return n > 0;
}

enum route_circuit
route_stat_circuit(struct route_stat *s, const char *model, bool claim)
{
	double now;

	renew(s);
	if (s->nbreakers == 0)
		return ROUTE_CLOSED;
	now = route_stat_now();
	for (size_t i = 0; i < s->nbreakers; i++) {
		struct stat_breaker *b = &s->breakers[i];
		if (strcmp(b->model, model) != 0)
			continue;
		if (b->failures < s->config->breaker_failures)
			return ROUTE_CLOSED;
		if (now < b->open_until || now < b->probe_until)
			return ROUTE_OPEN;
		return !claim || claim_probe(s, b) ? ROUTE_HALF_OPEN
		    : ROUTE_OPEN;
	}
	return ROUTE_CLOSED;
}

/* A task that was never heard of again counts less and less. */
static const double load_half_life = 120;

double
route_stat_load(struct route_stat *s, const char *model)
{
	double load = 0;

	renew(s);
	for (size_t i = 0; i < s->nloads; i++)
		if (strcmp(s->loads[i].model, model) == 0)
			load = s->loads[i].tasks * exp2(-fmax(0,
			    route_stat_now() - s->loads[i].at) /
			    load_half_life);
	for (size_t i = 0; i < s->npending; i++)
		if (s->pending[i].model &&
		    strcmp(s->pending[i].model, model) == 0)
			load += 1;
	return load;
}

bool
route_stat_sticky(struct route_stat *s, const char *key, char **ret_agent,
    char **ret_model)
{
	AUTO_STMT struct store_stmt *q = NULL;
	struct err ignored = ERR_INIT;

	for (size_t i = s->npending; i-- > 0; ) {
		const struct stat_pending *p = &s->pending[i];
		if (!p->sticky || strcmp(p->sticky, key) != 0)
			continue;
		*ret_agent = xstrdup(p->agent);
		*ret_model = p->model ? xstrdup(p->model) : NULL;
		return true;
	}
	if (store_query(s->store, "select agent, model from sticky where"
	    " key = ?", STORE_ARGS(ARG_STR(key)), &q, &ignored) < 0 ||
	    store_step(q, &ignored) <= 0 || !store_col_str(q, 0))
		return false;
	*ret_agent = xstrdup(store_col_str(q, 0));
	*ret_model = store_col_str(q, 1) ? xstrdup(store_col_str(q, 1)) : NULL;
	return true;
}

int
route_stat_find(struct route_stat *s, const char *id, char **ret_text,
    char **ret_agent, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(s->store, "select text, agent from decision where"
	    " id = ? order by n desc limit 1", STORE_ARGS(ARG_STR(id)), &q,
	    e) < 0 || (r = store_step(q, e)) < 0)
		return -1;
	if (r == 0 || !store_col_str(q, 0) || !store_col_str(q, 1))
		return 0;
	*ret_text = xstrdup(store_col_str(q, 0));
	*ret_agent = xstrdup(store_col_str(q, 1));
	return 1;
}

static jv
row_json(struct route_stat *s, const struct stat_row *r)
{
	struct route_measure m = route_stat_measure(s, r->model, r->c);
	jv o = json_object();

	json_set_str(&o, "model", r->model);
	json_set_str(&o, "class", route_class_name(r->c));
	json_set_num(&o, "tasks", m.tasks);
	json_set_num(&o, "failed", m.tasks > 0 ? 1 - m.good / m.tasks : 0);
	json_set_num(&o, "first_ms", m.first_ms);
	json_set_num(&o, "total_ms", m.total_ms);
	json_set_num(&o, "tokens_per_second", m.total_ms > m.first_ms ?
	    m.tokens * 1000 / (m.total_ms - m.first_ms) : 0);
	json_set_num(&o, "cost_per_task", m.good > 0 ?
	    m.cost * m.tasks / m.good : m.cost);
	json_set_num(&o, "load", route_stat_load(s, r->model));
	switch (route_stat_circuit(s, r->model, false)) {
	case ROUTE_CLOSED:
		json_set_str(&o, "circuit", "closed");
		break;
	case ROUTE_OPEN:
		json_set_str(&o, "circuit", "open");
		break;
	case ROUTE_HALF_OPEN:
		json_set_str(&o, "circuit", "half-open");
		break;
	}
	return o;
}

int
route_stat_list(struct route_stat *s, jv *ret, struct err *e)
{
	jv list = json_array();

	if (route_stat_flush(s, e) < 0) {
		jv_free(list);
		return -1;
	}
	s->version = -1;
	renew(s);
	for (size_t i = 0; i < s->nrows; i++)
		json_append(&list, row_json(s, &s->rows[i]));
	*ret = list;
	return 0;
}

int
route_stat_last_eval(struct route_stat *s, const char *name, jv *ret,
    struct err *e)
{
	AUTO_FREE char *text = NULL;
	int r = store_get_str(s->store, "select result from eval where"
	    " name = ?", STORE_ARGS(ARG_STR(name)), &text, e);

	if (r > 0 && json_parse(text, strlen(text), ret, e) < 0)
		return 0;
	return r;
}

int
route_stat_save_eval(struct route_stat *s, const char *name, const jv *eval,
    struct err *e)
{
	AUTO_FREE char *text = json_text(eval);

	return store_run(s->store, "insert or replace into eval values (?, ?)",
	    STORE_ARGS(ARG_STR(name), ARG_STR(text)), e) < 0 ? -1 : 0;
}
