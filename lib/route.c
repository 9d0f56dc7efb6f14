/* route: who does a task, how much work it is, on which model, and why. */
#include "config.h"

#include "route.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>

#include "alloc.h"
#include "effort.h"
#include "match-agents.h"
#include "ndjson.h"
#include "path.h"
#include "route-judge.h"
#include "words.h"

enum { EXAMPLES_MAX = 16 << 20 };

/* How much an example weighs against what is written about an agent. */
static const double example_weight = 2;

/* Below this distance between the shares of two, a judge is asked. */
static const double thin_margin = 0.15;

struct example {
	uint64_t key;			/* of the text; 0: free */
	size_t agent;
};

struct route {
	struct route_options o;
	struct words *words;
	struct effort_words effort;
	struct match *match;
	size_t nagents;
	jv *agents;
	struct match_score *ranking;
	struct example *examples;	/* of texts that were decided */
	size_t nexamples, examplecap;
	uint64_t turn;
	char *stuck_agent, *stuck_model;
};

void
route_because(struct route_choice *c, const char *fmt, ...)
{
	va_list ap;

	if (c->nreasons == ROUTE_REASONS)
		return;
	va_start(ap, fmt);
	vsnprintf(c->reasons[c->nreasons++], ROUTE_REASON_LEN, fmt, ap);
	va_end(ap);
}

const char *
route_agent_id(const struct route *r, size_t agent)
{
	return json_str(&r->agents[agent], "id");
}

size_t
route_agents(const struct route *r)
{
	return r->nagents;
}

size_t
route_top(const struct route *r)
{
	return r->o.top;
}

static int
find_agent(const struct route *r, const char *id)
{
	for (size_t i = 0; id && i < r->nagents; i++)
		if (strcmp(route_agent_id(r, i), id) == 0)
			return (int)i;
	return -1;
}

static uint64_t
text_key(const char *text, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return h | 1;
}

/* {"prompt": ..., "agent": ..., "verdict": "good|bad"}: one correction. */
static void
learn(struct route *r, const jv *example)
{
	const char *text = json_str(example, "prompt");
	const char *verdict = json_str(example, "verdict");
	int agent = find_agent(r, json_str(example, "agent"));
	bool bad = verdict && strcmp(verdict, "bad") == 0;

	if (!text || agent < 0)
		return;
	match_learn(r->match, (size_t)agent, text, strlen(text),
	    bad ? -example_weight : example_weight);
	if (bad)
		return;
	GROW(r->examples, r->nexamples, r->examplecap);
	r->examples[r->nexamples++] = (struct example){
		text_key(text, strlen(text)), (size_t)agent
	};
}

static int
read_examples(struct route *r, const char *path, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;
	size_t line = 0;

	if (!path || !path_exists(path))
		return 0;
	if (path_read(path, EXAMPLES_MAX, &text, e) < 0)
		return -1;
	for (size_t at = 0; at < text.len; ) {
		size_t n = strcspn(text.data + at, "\n");
		AUTO_JV jv v = JSON_NONE;
		line++;
		if (n > 0 && json_parse(text.data + at, n, &v, e) < 0)
			return err_prefix(e, "%s:%zu", path, line);
		learn(r, &v);
		at += n + 1;
	}
	return 0;
}

int
route_new(const struct route_options *o, struct route **ret, struct err *e)
{
	struct route *r = xcalloc(1, sizeof(*r));

	r->o = *o;
	r->nagents = json_count(&o->agents->list);
	r->agents = xcalloc(r->nagents + 1, sizeof(*r->agents));
	for (size_t i = 0; i < r->nagents; i++)
		r->agents[i] = json_at(&o->agents->list, i);
	r->ranking = xcalloc(r->nagents + 1, sizeof(*r->ranking));
	r->words = words_map(o->words, e);
	if (!r->words) {
		route_free(r);
		return -1;
	}
	effort_init(&r->effort, r->words);
	r->match = match_agents(r->words, o->agents);
	if (read_examples(r, o->examples, e) < 0) {
		route_free(r);
		return -1;
	}
	*ret = r;
	return 0;
}

void
route_free(struct route *r)
{
	if (!r)
		return;
	match_free(r->match);
	words_free(r->words);
	for (size_t i = 0; i < r->nagents; i++)
		jv_free(r->agents[i]);
	free(r->agents);
	free(r->ranking);
	free(r->examples);
	free(r->stuck_agent);
	free(r->stuck_model);
	free(r);
}

const char *
route_text(const jv *task)
{
	static const char *const places[] = {
		"data.prompt", "prompt", "data.text", "text", "data.goal",
		"goal", "data.title", "title", "data"
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const char *s = json_path_str(task, places[i]);
		if (s && *s)
			return s;
	}
	return NULL;
}

/* What rules have fixed so far. */
struct fixed {
	struct route *r;
	struct route_choice *c;
	const char *agent, *model, *class;
	bool last;
};

static void
apply_rule(const struct route_rule *rule, void *arg)
{
	struct fixed *f = arg;
	const char *agent = json_str(&rule->set, "agent");
	const char *model = json_str(&rule->set, "model");
	const char *class = json_str(&rule->set, "class");
	const char *priority = json_str(&rule->set, "priority");

	f->agent = agent ? agent : f->agent;
	f->model = model ? model : f->model;
	f->class = class ? class : f->class;
	if (priority)
		f->c->priority = priority;
	json_bool(&rule->set, "local_only", &f->c->local_only);
	json_bool(&rule->set, "gate", &f->c->gate);
	route_objective_parse(json_str(&rule->set, "objective"),
	    &f->c->objective);
	route_because(f->c, "rule: %s", rule->name);
}

/* A correction of this very text. */
static int
find_example(const struct route *r, const char *text, size_t len)
{
	uint64_t key;

	if (r->nexamples == 0)
		return -1;
	key = text_key(text, len);
	for (size_t i = r->nexamples; i-- > 0; )
		if (r->examples[i].key == key)
			return (int)r->examples[i].agent;
	return -1;
}

static void
say_why(struct route_choice *c, const struct match_why *why)
{
	char text[ROUTE_REASON_LEN] = "";
	size_t n = 0;

	for (size_t i = 0; i < why->n && n < sizeof(text) - 1; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
		    i ? ", " : "", why->text[i]);
	if (why->n > 0)
		route_because(c, "%s: about %s", c->agent, text);
}

/* Whether a judge would be asked. */
static bool
is_close(const struct route *r, const struct route_choice *c)
{
	return r->o.config->judge && r->nagents >= 2 &&
	    c->confidence - r->ranking[1].share < thin_margin;
}

/* A small model decides between the first three when they are close. */
static void
ask_judge(const struct route *r, const char *text, size_t len,
    struct route_choice *c)
{
	struct err why = ERR_INIT;
	const char *ids[3];
	size_t n = r->nagents < 3 ? r->nagents : 3;
	int chosen;

	if (!is_close(r, c))
		return;
	if (c->local_only &&
	    !route_config_is_local(r->o.config, r->o.config->judge)) {
		route_because(c, "no judge: it would leave this host");
		return;
	}
	for (size_t i = 0; i < n; i++)
		ids[i] = route_agent_id(r, r->ranking[i].agent);
	chosen = route_judge(r->o.config->judge, r->o.agents, ids, n, text,
	    len, &why);
	if (chosen < 0) {
		route_because(c, "no judge: %s", why.text);
		return;
	}
	c->agent = ids[chosen];
	c->confidence = 0.75;
	route_because(c, "%s: so %s judged", c->agent, r->o.config->judge);
}

/* By what is written; true when neither a rule nor an example has said. */
static bool
choose_agent(struct route *r, const struct fixed *f, const char *text,
    size_t len, struct route_choice *c)
{
	struct match_why why = { 0 };
	int agent;

	match_rank(r->match, text, len, r->ranking, &why);
	c->ranking = r->ranking;
	c->nranking = r->nagents;
	if (r->nagents == 0)
		return false;
	c->agent = route_agent_id(r, r->ranking[0].agent);
	c->score = r->ranking[0].score;
	c->confidence = r->ranking[0].share;
	if (f->agent || (agent = find_example(r, text, len)) >= 0) {
		c->agent = f->agent ? f->agent :
		    route_agent_id(r, (size_t)agent);
		c->confidence = 1;
		if (!f->agent)
			route_because(c, "%s: so it was corrected", c->agent);
		return false;
	}
	say_why(c, &why);
	return true;
}

/* What is done when it is not clear enough who is meant. */
static void
doubt(const struct route *r, struct route_choice *c)
{
	if (c->score > 0 && c->confidence >= r->o.config->confidence)
		return;
	route_because(c, "confidence %.2f is below %.2f", c->confidence,
	    r->o.config->confidence);
	if (r->o.config->fallback_agent)
		c->agent = r->o.config->fallback_agent;
	c->gate = c->gate || r->o.config->gate;
}

static void
say_effort(const struct effort *f, struct route_choice *c)
{
	size_t top = 0;
	char signals[ROUTE_REASON_LEN] = "";

	for (size_t i = 1; i < EFFORT_SIGNALS; i++)
		if (effort_speaks(f, i) * (c->c == ROUTE_HEAVY ? 1 : -1) >
		    (top ? effort_speaks(f, top) *
		    (c->c == ROUTE_HEAVY ? 1 : -1) : 0))
			top = i;
	if (top)
		snprintf(signals, sizeof(signals), ": %s",
		    effort_signal(top));
	route_because(c, "%s%s", route_class_name(c->c), signals);
}

static void
choose_class(struct route *r, const struct fixed *f, const jv *task,
    const char *text, size_t len, struct route_choice *c)
{
	struct effort effort;
	const char *said = json_path_str(task, "data.class");

	effort_estimate(&r->effort, text, len, &effort);
	c->heavy = effort.heavy;
	c->minutes = effort.minutes;
	c->tokens = effort.tokens;
	c->c = effort.heavy >= r->o.config->heavy_at ? ROUTE_HEAVY :
	    ROUTE_LIGHT;
	if (f->class)
		route_class_parse(f->class, &c->c);
	else if (!route_class_parse(said, &c->c))
		say_effort(&effort, c);
}

static bool
says_true(const jv *task, const char *a, const char *b)
{
	AUTO_JV jv x = json_path(task, a);
	AUTO_JV jv y = json_path(task, b);

	return json_is_true(&x) || json_is_true(&y);
}

/* What the task itself says of its privacy, no rule takes back. */
static void
stay_here(const jv *task, struct route_choice *c)
{
	if (says_true(task, "data.local_only", "local_only"))
		c->local_only = true;
}

static void
choose_model(struct route *r, const struct fixed *f, const jv *task,
    size_t len, struct route_choice *c)
{
	int agent = find_agent(r, c->agent);
	const char *id = json_str(task, "id");
	struct route_need need = {
		.fixed = f->model ? f->model : c->stuck ? r->stuck_model : NULL,
		.tools = says_true(task, "data.tools", "tools"),
		.images = says_true(task, "data.images", "images"),
		.schema = says_true(task, "data.schema", "schema"),
		.context = (int64_t)(len / 3), .seed = id ? id : ""
	};

	if (agent < 0)
		return;
	need.agent = &r->agents[agent];
	stay_here(task, c);
	route_choose_model(&r->o, &need, &r->turn, c);
}

/* The conversation that a task belongs to, by the configured path. */
static void
look_stuck(struct route *r, const jv *task, struct route_choice *c)
{
	if (!r->o.config->sticky)
		return;
	c->sticky = json_path_str(task, r->o.config->sticky);
	if (!c->sticky || !r->o.stat)
		return;
	free(r->stuck_agent);
	free(r->stuck_model);
	r->stuck_agent = r->stuck_model = NULL;
	c->stuck = route_stat_sticky(r->o.stat, c->sticky, &r->stuck_agent,
	    &r->stuck_model) && find_agent(r, r->stuck_agent) >= 0;
	if (c->stuck)
		route_because(c, "%s: has this conversation", r->stuck_agent);
}

/* The task as last rules see it: with what was decided. */
static jv
decided_task(const struct route *r, const jv *task,
    const struct route_choice *c)
{
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_JV jv route = JSON_NONE;
	struct err ignored = ERR_INIT;
	jv copy = json_is(task, JSON_OBJECT) ? json_copy(task) : json_object();

	route_write(r, c, &text);
	if (json_parse(text.data, text.len, &route, &ignored) == 0)
		json_set(&copy, "route", json_copy(&route));
	return copy;
}

static int
apply_last(struct route *r, struct fixed *f, const jv *task, size_t len,
    struct err *e)
{
	AUTO_JV jv decided = JSON_NONE;
	struct route_choice *c = f->c;
	struct route_choice before = *c;

	if (r->o.config->last.n == 0)
		return 0;
	decided = decided_task(r, task, c);
	f->agent = f->model = f->class = NULL;
	if (route_rules_apply(&r->o.config->last, &decided, apply_rule, f,
	    e) < 0)
		return -1;
	if (f->agent)
		c->agent = f->agent;
	if (f->class)
		route_class_parse(f->class, &c->c);
	if (f->model || f->agent || f->class ||
	    c->local_only != before.local_only ||
	    c->objective != before.objective)
		choose_model(r, f, task, len, c);
	return 0;
}

/*
 * A last rule may keep a task on this host, and comes after the judge, who
 * must not see it then: so it is looked at before as well.
 */
static int
look_ahead(struct route *r, const struct fixed *f, const jv *task, size_t len,
    struct route_choice *c, struct err *e)
{
	struct route_choice later = *c;
	struct fixed then = *f;
	AUTO_JV jv decided = JSON_NONE;
	uint64_t turn = r->turn;

	if (!is_close(r, c) || r->o.config->last.n == 0)
		return 0;
	choose_model(r, f, task, len, &later);
	r->turn = turn;
	decided = decided_task(r, task, &later);
	then.c = &later;
	if (route_rules_apply(&r->o.config->last, &decided, apply_rule, &then,
	    e) < 0)
		return -1;
	c->local_only |= later.local_only;
	return 0;
}

/* All that is decided before the last rules. */
static int
choose(struct route *r, const struct fixed *f, const jv *task,
    const char *text, size_t len, struct route_choice *c, struct err *e)
{
	bool open = choose_agent(r, f, text, len, c);

	choose_class(r, f, task, text, len, c);
	if (open) {
		if (look_ahead(r, f, task, len, c, e) < 0)
			return -1;
		ask_judge(r, text, len, c);
		doubt(r, c);
	}
	choose_model(r, f, task, len, c);
	return 0;
}

int
route_decide(struct route *r, const jv *task, const char *text, size_t len,
    struct route_choice *ret, struct err *e)
{
	struct fixed f = { .r = r, .c = ret };

	*ret = (struct route_choice){ .objective = r->o.config->objective };
	route_objective_parse(r->o.objective, &ret->objective);
	if (route_rules_apply(&r->o.config->first, task, apply_rule, &f,
	    e) < 0)
		return -1;
	look_stuck(r, task, ret);
	if (ret->stuck && !f.agent)
		f.agent = r->stuck_agent;
	if (!text) {
		text = route_text(task);
		len = text ? strlen(text) : 0;
		text = text ? text : "";
	}
	stay_here(task, ret);		/* before a judge is asked */
	if (choose(r, &f, task, text, len, ret, e) < 0)
		return -1;
	return apply_last(r, &f, task, len, e);
}
