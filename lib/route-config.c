/* route-config: route.yaml, how tasks are routed. */
#include "config.h"

#include "route-config.h"

#include "alloc.h"
#include "clock.h"
#include "num.h"

static const char *const class_names[] = { "light", "heavy", NULL };
const char *const route_objectives[] = {
	"balanced", "cheapest", "fastest", "best", NULL
};
static const char *const spreads[] = {
	"score", "round_robin", "least_loaded", "priority", NULL
};
static const char *const below_words[] = { "best", "default", "gate", NULL };

static const struct yaml_shape model_shape[] = {
	{ .key = "classes", .kinds = YAML_LIST, .each = YAML_STRING,
	  .words = class_names },
	{ .key = "context", .kinds = YAML_INT },
	{ .key = "images", .kinds = YAML_BOOL },
	{ .key = "input_cost", .kinds = YAML_NUMBER | YAML_INT },
	{ .key = "local", .kinds = YAML_BOOL },
	{ .key = "output_cost", .kinds = YAML_NUMBER | YAML_INT },
	{ .key = "pool", .kinds = YAML_STRING },
	{ .key = "priority", .kinds = YAML_INT },
	{ .key = "quality", .kinds = YAML_NUMBER | YAML_INT },
	{ .key = "schema", .kinds = YAML_BOOL },
	{ .key = "tools", .kinds = YAML_BOOL },
	YAML_SHAPE_END
};
static const struct yaml_shape models_shape[] = {
	{ .key = "*", .kinds = YAML_MAP | YAML_NULL, .members = model_shape },
	YAML_SHAPE_END
};
static const struct yaml_shape pool_shape[] = {
	{ .key = "at", .kinds = YAML_NUMBER | YAML_INT },
	{ .key = "next", .kinds = YAML_STRING },
	YAML_SHAPE_END
};
static const struct yaml_shape pools_shape[] = {
	{ .key = "*", .kinds = YAML_MAP, .members = pool_shape },
	YAML_SHAPE_END
};
static const struct yaml_shape rule_shape[] = {
	{ .key = "agent", .kinds = YAML_STRING },
	{ .key = "class", .kinds = YAML_STRING, .words = class_names },
	{ .key = "gate", .kinds = YAML_BOOL },
	{ .key = "local_only", .kinds = YAML_BOOL },
	{ .key = "model", .kinds = YAML_STRING },
	{ .key = "name", .kinds = YAML_STRING },
	{ .key = "objective", .kinds = YAML_STRING,
	  .words = route_objectives },
	{ .key = "priority", .kinds = YAML_STRING },
	{ .key = "stop", .kinds = YAML_BOOL },
	{ .key = "when", .kinds = YAML_STRING },
	YAML_SHAPE_END
};
static const struct yaml_shape rules_shape[] = {
	{ .key = "first", .kinds = YAML_LIST, .each = YAML_MAP,
	  .members = rule_shape },
	{ .key = "last", .kinds = YAML_LIST, .each = YAML_MAP,
	  .members = rule_shape },
	YAML_SHAPE_END
};
static const struct yaml_shape breaker_shape[] = {
	{ .key = "failures", .kinds = YAML_INT },
	{ .key = "open", .kinds = YAML_STRING | YAML_INT },
	YAML_SHAPE_END
};
static const struct yaml_shape file_shape[] = {
	{ .key = "below", .kinds = YAML_STRING, .words = below_words },
	{ .key = "breaker", .kinds = YAML_MAP, .members = breaker_shape },
	{ .key = "confidence", .kinds = YAML_NUMBER | YAML_INT },
	{ .key = "default", .kinds = YAML_STRING },
	{ .key = "explore", .kinds = YAML_NUMBER | YAML_INT },
	{ .key = "half_life", .kinds = YAML_STRING | YAML_INT },
	{ .key = "heavy_at", .kinds = YAML_NUMBER | YAML_INT },
	{ .key = "judge", .kinds = YAML_STRING },
	{ .key = "models", .kinds = YAML_MAP, .members = models_shape },
	{ .key = "objective", .kinds = YAML_STRING,
	  .words = route_objectives },
	{ .key = "pools", .kinds = YAML_MAP, .members = pools_shape },
	{ .key = "rules", .kinds = YAML_MAP, .members = rules_shape },
	{ .key = "spread", .kinds = YAML_STRING, .words = spreads },
	{ .key = "sticky", .kinds = YAML_STRING },
	YAML_SHAPE_END
};

static int
find_word(const char *const *words, const char *word)
{
	for (int i = 0; word && words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

const char *
route_class_name(enum route_class c)
{
	return class_names[c];
}

bool
route_class_parse(const char *name, enum route_class *ret)
{
	int i = find_word(class_names, name);

	if (i >= 0)
		*ret = (enum route_class)i;
	return i >= 0;
}

bool
route_objective_parse(const char *name, enum route_objective *ret)
{
	int i = find_word(route_objectives, name);

	if (i >= 0)
		*ret = (enum route_objective)i;
	return i >= 0;
}

static void
release_rules(struct route_rules *r)
{
	for (size_t i = 0; i < r->n; i++)
		jv_free(r->rules[i].set);
	free(r->rules);
	filter_free(r->filter);
}

void
route_config_release(struct route_config *c)
{
	release_rules(&c->first);
	release_rules(&c->last);
	free(c->models);
	free(c->pools);
	yaml_release(&c->doc);
	*c = (struct route_config){ .doc = YAML_DOC_INIT };
}

/*
 * [C0, C1, ...]: libjq takes its 14 ms for a program, however long, so all
 * conditions make one.  Each stands in parentheses that end on a line of
 * their own, after a comment that it may end with.
 */
static struct filter *
compile_all(const struct route_rules *r, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;

	buf_addc(&text, '[');
	for (size_t i = 0; i < r->n; i++) {
		const char *when = json_str(&r->rules[i].set, "when");
		buf_addf(&text, "%s(try (first((%s\n)) // false) catch false)",
		    i ? "," : "", when ? when : "true");
	}
	buf_addc(&text, ']');
	return filter_new(text.data, NULL, e);
}

/* Which of the conditions is the one that is wrong. */
static int
blame(const struct route_config *c, const char *list,
    const struct route_rules *r, struct err *e)
{
	struct err all = *e;

	for (size_t i = 0; i < r->n; i++) {
		const char *when = json_str(&r->rules[i].set, "when");
		AUTO_FREE char *at = xasprintf("rules.%s.%zu.when", list, i);
		struct filter *f;
		if (!when)
			continue;
		f = filter_new(when, NULL, e);
		if (!f)
			return yaml_err(&c->doc, at, e, "%s", e->text);
		filter_free(f);
	}
	return yaml_err(&c->doc, "rules", e, "%s", all.text);
}

static int
check_rule(const struct route_config *c, const char *list, size_t i,
    const struct agents *agents, struct err *e)
{
	const struct route_rules *r = strcmp(list, "first") == 0 ? &c->first :
	    &c->last;
	const char *agent = json_str(&r->rules[i].set, "agent");
	AUTO_FREE char *at = xasprintf("rules.%s.%zu.agent", list, i);
	AUTO_JV jv found = JSON_NONE;

	if (agent && agents_need(agents, agent, &found, e) < 0)
		return yaml_err(&c->doc, at, e, "%s", e->text);
	return 0;
}

static int
read_rules(struct route_config *c, const char *list,
    const struct agents *agents, struct route_rules *ret, struct err *e)
{
	AUTO_FREE char *path = xasprintf("rules.%s", list);
	AUTO_JV jv rules = json_path(&c->doc.value, path);
	bool any = false;

	ret->rules = xcalloc(json_count(&rules) + 1, sizeof(*ret->rules));
	for (size_t i = 0; i < json_count(&rules); i++) {
		struct route_rule *r = &ret->rules[ret->n++];
		r->set = json_at(&rules, i);
		r->name = json_str(&r->set, "name");
		if (!r->name)
			r->name = json_str(&r->set, "when");
		if (!r->name)
			r->name = "always";
		any = any || json_has(&r->set, "when");
		if (check_rule(c, list, i, agents, e) < 0)
			return -1;
	}
	if (!any)
		return 0;
	ret->filter = compile_all(ret, e);
	return ret->filter ? 0 : blame(c, list, ret, e);
}

static double
number_or(const jv *v, const char *key, double otherwise)
{
	json_num(v, key, &otherwise);
	return otherwise;
}

static bool
bool_or(const jv *v, const char *key, bool otherwise)
{
	json_bool(v, key, &otherwise);
	return otherwise;
}

/* A name that tells where it runs, when nobody says. */
static bool
looks_local(const char *name)
{
	static const char *const local[] = {
		"ollama/", "llama.cpp/", "llamacpp/", "lmstudio/", "local/"
	};

	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++)
		if (strncmp(name, local[i], strlen(local[i])) == 0)
			return true;
	return false;
}

const struct route_model *
route_config_model(const struct route_config *c, const char *name)
{
	for (size_t i = 0; i < c->nmodels; i++)
		if (strcmp(c->models[i].name, name) == 0)
			return &c->models[i];
	return NULL;
}

bool
route_config_is_local(const struct route_config *c, const char *name)
{
	const struct route_model *m = route_config_model(c, name);

	return m ? m->local : looks_local(name);
}

static void
read_classes(const jv *v, struct route_model *m)
{
	AUTO_JV jv classes = json_get(v, "classes");
	bool all = !json_is(&classes, JSON_ARRAY);
	enum route_class c;

	for (size_t i = 0; i < ROUTE_CLASSES; i++)
		m->classes[i] = all;
	for (size_t i = 0; i < json_count(&classes); i++) {
		AUTO_JV jv name = json_at(&classes, i);
		if (route_class_parse(json_string(&name), &c))
			m->classes[c] = true;
	}
}

static struct route_model
read_model(const char *name, const jv *v)
{
	struct route_model m = {
		.name = name,
		.local = bool_or(v, "local", looks_local(name)),
		.tools = bool_or(v, "tools", true),
		.images = bool_or(v, "images", false),
		.schema = bool_or(v, "schema", true),
		.input_cost = number_or(v, "input_cost", 0),
		.output_cost = number_or(v, "output_cost", 0),
		.quality = number_or(v, "quality", 0.5),
		.pool = json_str(v, "pool"),
	};

	json_int(v, "context", &m.context);
	json_int(v, "priority", &m.priority);
	read_classes(v, &m);
	return m;
}

static int
by_name(const void *a, const void *b)
{
	const struct route_model *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* `known` under the file's own; the merged object stays in the document. */
static void
read_models(struct route_config *c, const jv *known)
{
	AUTO_JV jv own = json_get(&c->doc.value, "models");
	jv merged = json_is(known, JSON_OBJECT) ? json_merge(known, &own)
	    : json_copy(&own);
	AUTO_JV jv models = JSON_NONE;

	json_set(&c->doc.value, "models", merged);
	models = json_get(&c->doc.value, "models");
	c->models = xcalloc(json_count(&models) + 1, sizeof(*c->models));
	JSON_EACH(&models, i) {
		AUTO_JV jv v = json_iter_value(&models, i);
		c->models[c->nmodels++] = read_model(json_iter_key(&models, i),
		    &v);
	}
	qsort(c->models, c->nmodels, sizeof(*c->models), by_name);
}

static int
read_pools(struct route_config *c, struct err *e)
{
	AUTO_JV jv pools = json_get(&c->doc.value, "pools");

	c->pools = xcalloc(json_count(&pools) + 1, sizeof(*c->pools));
	JSON_EACH(&pools, i) {
		AUTO_JV jv v = json_iter_value(&pools, i);
		struct route_pool *p = &c->pools[c->npools++];
		p->name = json_iter_key(&pools, i);
		p->next = json_str(&v, "next");
		p->at = number_or(&v, "at", 0.8);
		if (p->next && !json_has(&pools, p->next)) {
			AUTO_FREE char *at = xasprintf("pools.%s.next",
			    p->name);
			return yaml_err(&c->doc, at, e,
			    "there is no pool '%s'", p->next);
		}
	}
	return 0;
}

static int
read_share(const struct route_config *c, const char *key, double otherwise,
    double *ret, struct err *e)
{
	*ret = number_or(&c->doc.value, key, otherwise);
	if (*ret >= 0 && *ret <= 1)
		return 0;
	return yaml_err(&c->doc, key, e, "'%s' is from 0 to 1", key);
}

/* A duration, as text or in seconds. */
static int
read_duration(const struct route_config *c, const char *path,
    int64_t otherwise, int64_t *ret, struct err *e)
{
	AUTO_JV jv v = json_path(&c->doc.value, path);
	double d;

	*ret = otherwise;
	if (json_is(&v, JSON_NOTHING))
		return 0;
	if (json_number(&v, &d) && d > 0 && d < 1e9) {
		*ret = (int64_t)(d * 1e9);
		return 0;
	}
	if (json_string(&v) && num_parse_duration(json_string(&v), ret) == 0 &&
	    *ret > 0)
		return 0;
	return yaml_err(&c->doc, path, e, "no duration");
}

static int
read_scalars(struct route_config *c, const struct agents *agents,
    struct err *e)
{
	const jv *v = &c->doc.value;
	int spread = find_word(spreads, json_str(v, "spread"));
	int64_t half_life;
	AUTO_JV jv agent = JSON_NONE;
	AUTO_JV jv breaker = json_get(v, "breaker");
	const char *below = json_str(v, "below");

	c->fallback_agent = json_str(v, "default");
	c->gate = below && strcmp(below, "gate") == 0;
	c->judge = json_str(v, "judge");
	c->sticky = json_str(v, "sticky");
	c->spread = spread > 0 ? (enum route_spread)spread :
	    ROUTE_SPREAD_SCORE;
	route_objective_parse(json_str(v, "objective"), &c->objective);
	c->breaker_failures = 3;
	json_int(&breaker, "failures", &c->breaker_failures);
	if (c->fallback_agent &&
	    agents_need(agents, c->fallback_agent, &agent, e) < 0)
		return yaml_err(&c->doc, "default", e, "%s", e->text);
	if (below && strcmp(below, "default") == 0 && !c->fallback_agent)
		return yaml_err(&c->doc, "below", e, "no 'default' is named");
	if (below && strcmp(below, "best") == 0)
		c->fallback_agent = NULL;
	if (read_share(c, "confidence", 0.25, &c->confidence, e) < 0 ||
	    read_share(c, "heavy_at", 0.5, &c->heavy_at, e) < 0 ||
	    read_share(c, "explore", 0.05, &c->explore, e) < 0 ||
	    read_duration(c, "breaker.open", 30 * CLOCK_SEC, &c->breaker_ns,
	    e) < 0 ||
	    read_duration(c, "half_life", 3 * 24 * 3600 * CLOCK_SEC,
	    &half_life, e) < 0)
		return -1;
	c->half_life = (double)half_life / 1e9;
	return 0;
}

int
route_config_read(const char *path, const jv *known,
    const struct agents *agents, struct route_config *ret, struct err *e)
{
	struct route_config c = { .doc = YAML_DOC_INIT };

	if (path && (yaml_read(path, &c.doc, e) < 0 ||
	    yaml_check(&c.doc, "", file_shape, e) < 0)) {
		route_config_release(&c);
		return -1;
	}
	if (!json_is(&c.doc.value, JSON_OBJECT)) {
		jv_free(c.doc.value);
		c.doc.value = json_object();
	}
	read_models(&c, known);
	if (read_scalars(&c, agents, e) < 0 || read_pools(&c, e) < 0 ||
	    read_rules(&c, "first", agents, &c.first, e) < 0 ||
	    read_rules(&c, "last", agents, &c.last, e) < 0) {
		route_config_release(&c);
		return -1;
	}
	*ret = c;
	return 0;
}

int
route_rules_apply(const struct route_rules *rules, const jv *task,
    void (*fn)(const struct route_rule *rule, void *arg), void *arg,
    struct err *e)
{
	AUTO_JV jv held = JSON_NONE;

	if (rules->n == 0)
		return 0;
	if (rules->filter &&
	    filter_first(rules->filter, task, NULL, &held, e) < 0)
		return -1;
	for (size_t i = 0; i < rules->n; i++) {
		AUTO_JV jv holds = json_at(&held, i);
		if (rules->filter && !json_is_true(&holds))
			continue;
		fn(&rules->rules[i], arg);
		if (bool_or(&rules->rules[i].set, "stop", false))
			break;
	}
	return 0;
}
