/*
 * route-model: the model for a task: of those that can and may, the best by
 * the objective, from what was measured.
 *
 * What was never measured is believed to be like people say (quality, price)
 * and counts as a few tasks of that kind, which real ones soon outweigh.
 */
#include "config.h"

#include <math.h>

#include "alloc.h"
#include "fold.h"
#include "route.h"

/* What a model is taken for that nothing is known about. */
static const double prior_tasks = 2, prior_good = 0.9, prior_ms = 3000;

/* A model with fewer tasks than this gets this share of them. */
static const double unknown_below = 4, unknown_share = 0.2;

/* How many tasks at once are thought to take twice as long. */
static const double load_at_ease = 16;

struct candidate {
	const struct route_model *m;
	double good;			/* share of tasks that end well */
	double ms, cost;		/* of a task */
	double seen;			/* tasks measured */
	double load;
	double value;
	enum route_circuit circuit;
	bool full;			/* its pool is */
};

static const struct route_pool *
find_pool(const struct route_config *c, const char *name)
{
	for (size_t i = 0; name && i < c->npools; i++)
		if (strcmp(c->pools[i].name, name) == 0)
			return &c->pools[i];
	return NULL;
}

/* The pool that pays for new work of `name`: itself, or where it overflows. */
static const struct route_pool *
paying(const struct route_options *o, const char *name)
{
	const struct route_pool *p = find_pool(o->config, name);

	for (size_t i = 0; p && o->stat && i < o->config->npools; i++) {
		if (route_stat_pool_used(o->stat, p->name) < p->at ||
		    !p->next)
			return p;
		p = find_pool(o->config, p->next);
	}
	return p;
}

static bool
is_full(const struct route_options *o, const char *name)
{
	const struct route_pool *p = find_pool(o->config, name);

	return p && o->stat &&
	    route_stat_pool_used(o->stat, p->name) >= p->at;
}

static void
estimate(const struct route_options *o, const struct route_choice *c,
    struct candidate *k)
{
	double price = ((double)c->tokens * 0.8 * k->m->input_cost +
	    (double)c->tokens * 0.2 * k->m->output_cost) / 1e6;
	struct route_measure m = { 0 };

	if (o->stat) {
		m = route_stat_measure(o->stat, k->m->name, c->c);
		k->load = route_stat_load(o->stat, k->m->name);
	}
	k->seen = m.tasks;
	k->good = (m.good + prior_tasks * prior_good) /
	    (m.tasks + prior_tasks);
	k->ms = (m.total_ms * m.good + prior_ms * prior_tasks / 4) /
	    (m.good + prior_tasks / 4);
	k->cost = m.tasks > 0 && m.cost > 0 ? m.cost : price;
	/* tasks that wait there make it slower; only where we hear of ends */
	if (m.tasks >= 1)
		k->ms *= 1 + k->load / load_at_ease;
}

/* Larger is better.  A task that fails has to be done again. */
static double
value_of(const struct candidate *k, enum route_objective objective)
{
	double tries = 1 / fmax(k->good, 0.02);
	double cost = k->cost * tries, ms = k->ms * tries;

	switch (objective) {
	case ROUTE_CHEAPEST:
		return -cost * 1e6 - ms * 1e-6;
	case ROUTE_FASTEST:
		return -ms - cost;
	case ROUTE_BEST:
		return k->m->quality * 10 + 4 * log(k->good) - cost * 1e-3;
	case ROUTE_BALANCED:
		break;
	}
	return 2 * k->m->quality + 3 * log(k->good) - 0.5 * log(ms + 200) -
	    0.5 * log(cost * 100 + 0.5);
}

/* Why a model is out; NULL when it is not. */
static const char *
unfit(const struct route_model *m, const struct route_need *need,
    const struct route_choice *c)
{
	if (c->local_only && !m->local)
		return "it would leave this host";
	if (need->tools && !m->tools)
		return "it cannot call tools";
	if (need->images && !m->images)
		return "it cannot see images";
	if (need->schema && !m->schema)
		return "it cannot keep to a schema";
	if (m->context > 0 && need->context > m->context)
		return "its context is too small";
	return NULL;
}

/* The models that the agent names; all, when it names none that are known. */
static bool
allowed(const struct route_config *c, const jv *names,
    const struct route_model *m)
{
	bool any = false;

	for (size_t i = 0; i < json_count(names); i++) {
		AUTO_JV jv name = json_at(names, i);
		const char *s = json_string(&name);
		if (!s)
			continue;
		if (strcmp(s, m->name) == 0)
			return true;
		any = any || route_config_model(c, s);
	}
	return !any;
}

static int
by_value(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return strcmp(x->m->name, y->m->name);
}

/* `any_class`: those that are meant for other work as well. */
static size_t
collect(const struct route_options *o, const struct route_need *need,
    bool any_class, struct route_choice *c, struct candidate *ret)
{
	AUTO_JV jv names = agents_strings(need->agent, "model");
	size_t n = 0;

	for (size_t i = 0; i < o->config->nmodels; i++) {
		struct candidate k = { .m = &o->config->models[i] };
		const char *why;
		if (!allowed(o->config, &names, k.m) ||
		    (!any_class && !k.m->classes[c->c]))
			continue;
		why = unfit(k.m, need, c);
		if (why) {
			route_because(c, "not %s: %s", k.m->name, why);
			continue;
		}
		if (o->stat)
			k.circuit = route_stat_circuit(o->stat, k.m->name,
			    false);
		if (k.circuit == ROUTE_OPEN) {
			route_because(c, "not %s: it has failed lately",
			    k.m->name);
			continue;
		}
		estimate(o, c, &k);
		k.full = is_full(o, k.m->pool);
		k.value = value_of(&k, c->objective);
		ret[n++] = k;
	}
	return n;
}

/* Models whose pool is full come after all others. */
static size_t
drop_full(struct candidate *k, size_t n, struct route_choice *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		kept += !k[i].full;
	if (kept == 0 || kept == n)
		return n;
	kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (k[i].full)
			route_because(c, "not %s: its pool %s is nearly used "
			    "up", k[i].m->name, k[i].m->pool);
		else
			k[kept++] = k[i];
	}
	return kept;
}

/* Other orders than by value, for models that do as well as each other. */
static void
spread(const struct route_options *o, struct candidate *k, size_t n,
    uint64_t *turn)
{
	switch (o->config->spread) {
	case ROUTE_SPREAD_SCORE:
		return;
	case ROUTE_SPREAD_ROUND_ROBIN:
		for (size_t i = 0; i < n; i++)
			k[i].value = -(double)((i + n - *turn % n) % n);
		++*turn;
		break;
	case ROUTE_SPREAD_LEAST_LOADED:
		for (size_t i = 0; i < n; i++)
			k[i].value = -k[i].load + 1e-3 * k[i].value;
		break;
	case ROUTE_SPREAD_PRIORITY:
		for (size_t i = 0; i < n; i++)
			k[i].value = -(double)k[i].m->priority;
		break;
	}
	qsort(k, n, sizeof(*k), by_value);
}

/* A number from 0 to 1 that is the same for the same task. */
static double
chance(const char *seed)
{
	uint64_t h = fold_join(fold_join(fold_hash(7, seed, strlen(seed)), 1),
	    2);

	return (double)(h >> 40) / (double)(1 << 24);
}

/*
 * Now and then another than the best, of those least known, so that what
 * has become better is found out; more often while one is hardly known.
 */
static void
explore(const struct route_options *o, const struct route_need *need,
    struct candidate *k, size_t n, struct route_choice *c)
{
	size_t least = 1;
	double share = o->config->explore;

	if (!o->explore || share <= 0 || n < 2 || !o->stat)
		return;
	for (size_t i = 2; i < n; i++)
		if (k[i].seen + k[i].load < k[least].seen + k[least].load)
			least = i;
	if (k[least].seen + k[least].load < unknown_below)
		share = fmax(share, unknown_share);
	if (chance(need->seed) >= share)
		return;
	struct candidate other = k[least];
	memmove(k + 1, k, least * sizeof(*k));
	k[0] = other;
	c->explored = true;
	route_because(c, "%s: tried once in a while", other.m->name);
}

static void
chain_add(struct route_choice *c, const char *agent, const char *model,
    const char *on)
{
	if (c->nchain < ROUTE_CHAIN)
		c->chain[c->nchain++] = (struct route_step){
			agent, model, on
		};
}

/*
 * Who comes next: the second model when the first cannot be reached, the one
 * of the highest quality when the work was not good enough, a local one when
 * money or network are out.
 */
static void
make_chain(const struct candidate *k, size_t n, struct route_choice *c)
{
	const struct route_model *best = NULL, *local = NULL;

	for (size_t i = 1; i < n; i++) {
		if (!best || k[i].m->quality > best->quality)
			best = k[i].m;
		if (!local && k[i].m->local)
			local = k[i].m;
	}
	if (n > 1)
		chain_add(c, c->agent, k[1].m->name,
		    "unavailable timeout rate_limit overloaded protocol");
	if (best && best->quality > k[0].m->quality)
		chain_add(c, c->agent, best->name, "failed limit bad_data");
	if (local && !k[0].m->local)
		chain_add(c, c->agent, local->name, "budget quota connect");
}

/* Whether privacy allows a model that no table was asked about. */
static bool
may_go(const struct route_options *o, struct route_choice *c,
    const char *name)
{
	if (!c->local_only || route_config_is_local(o->config, name))
		return true;
	route_because(c, "not %s: it would leave this host", name);
	c->gate = true;
	return false;
}

/* The agent's own, where no table of models says anything. */
static void
own_models(const struct route_options *o, const struct route_need *need,
    struct route_choice *c)
{
	AUTO_JV jv names = agents_strings(need->agent, "model");

	for (size_t i = 0; i < json_count(&names); i++) {
		AUTO_JV jv name = json_at(&names, i);
		/* lives in the agent, which the caller keeps */
		const char *s = json_string(&name);
		if (!s || !may_go(o, c, s))
			continue;
		if (!c->model)
			c->model = s;
		else
			chain_add(c, c->agent, s, "unavailable timeout "
			    "rate_limit overloaded protocol");
	}
}

/* The pool of the agent, else of the model, or where that overflows. */
static void
take_pool(const struct route_options *o, const struct route_need *need,
    const char *of_model, struct route_choice *c)
{
	const char *name = json_str(need->agent, "pool");
	const struct route_pool *p;

	name = name ? name : of_model;
	p = paying(o, name);
	c->pool = p ? p->name : name;
	if (p && strcmp(p->name, name) != 0)
		route_because(c, "pool %s is nearly used up: %s", name,
		    p->name);
}

static void
take_best(const struct route_options *o, const struct route_need *need,
    struct candidate *k, size_t n, struct route_choice *c)
{
	/* a probe goes to one process; the others take the next */
	while (n > 1 && k[0].circuit == ROUTE_HALF_OPEN && o->stat &&
	    route_stat_circuit(o->stat, k[0].m->name, true) == ROUTE_OPEN) {
		k++;
		n--;
	}
	c->model = k[0].m->name;
	take_pool(o, need, k[0].m->pool, c);
	if (k[0].circuit == ROUTE_HALF_OPEN)
		route_because(c, "%s: tried again after failures", c->model);
	else if (k[0].seen >= 1)
		route_because(c, "%s: %s of %zu, %.0f %% good, %.1f s",
		    c->model, route_objectives[c->objective], n,
		    100 * k[0].good, k[0].ms / 1000);
	else
		route_because(c, "%s: %s of %zu, not measured yet", c->model,
		    route_objectives[c->objective], n);
	make_chain(k, n, c);
}

void
route_choose_model(const struct route_options *o,
    const struct route_need *need, uint64_t *turn, struct route_choice *c)
{
	AUTO_FREE struct candidate *k = xcalloc(o->config->nmodels + 1,
	    sizeof(*k));
	size_t n;

	c->model = NULL;
	c->nchain = 0;
	if (need->fixed) {
		if (may_go(o, c, need->fixed))
			c->model = need->fixed;
		return;
	}
	if (o->config->nmodels == 0) {
		own_models(o, need, c);
		return;
	}
	n = collect(o, need, false, c, k);
	if (n == 0)
		n = collect(o, need, true, c, k);
	if (n == 0) {
		c->gate = true;
		route_because(c, "no model can and may do it");
		return;
	}
	n = drop_full(k, n, c);
	qsort(k, n, sizeof(*k), by_value);
	spread(o, k, n, turn);
	explore(o, need, k, n, c);
	take_best(o, need, k, n, c);
}
