/*
 * plan-sub: a loop, or a flow in a flow, as a plan of its own.
 *
 * It is made from what the results before it are, so the same again when the
 * loop goes on after it was killed: what has been done in it stands.  The
 * rounds of `while` and `until` come one after another; each plan has the
 * rounds before it too, whose results decide whether there is a next one.
 */
#include "config.h"

#include <stdio.h>

#include "alloc.h"
#include "filter.h"
#include "plan-impl.h"
#include "sha256.h"

enum { KEY_MAX = 20 };

void
plan_sub_end(struct plan_sub *s)
{
	if (s->step)
		plan_step_release(s->step);
	free(s->step);
	plan_release(&s->plan);
	json_release(&s->context);
	json_release(&s->rounds);
	json_release(&s->last);
	json_release(&s->since);
	*s = (struct plan_sub)PLAN_SUB_INIT;
}

/*
 * With what all rounds are to be redone: with all that the task needs.  Of
 * what gives the list of items it is the items that count, and what else of
 * it a round looks at.
 */
static int
find_since(struct plan_sub *s, struct err *e)
{
	AUTO_JV jv loop = json_get(&s->step->task, "loop");
	AUTO_STRS struct strs lists = STRS_INIT;

	s->since = json_get(&s->step->task, "since");
	if (!json_is(&s->since, JSON_OBJECT))
		s->since = json_object();
	flow_program_reads(json_str(&loop, "over"), &lists);
	for (size_t i = 0; i < s->step->needs.n; i++) {
		const char *id = s->step->needs.v[i];
		const char *name = plan_need_name(&s->step->task, id);
		AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;

		if (strs_has(&lists, name) || strs_has(&lists, "*"))
			continue;
		if (step_last(s->p->steps, id, &r, e) < 0)
			return -1;
		AUTO_FREE char *text = xasprintf("%lld.%s",
		    (long long)r.attempt, r.key);
		json_set_str(&s->since, name, text);
	}
	return 0;
}

int
plan_sub_begin(const struct plan *p, const char *name, struct plan_sub *ret,
    struct err *e)
{
	AUTO_PLAN_SUB struct plan_sub s = PLAN_SUB_INIT;
	jv context;

	s.p = p;
	s.step = xcalloc(1, sizeof(*s.step));
	if (plan_step_read(p, name, s.step, e) < 0)
		return -1;
	if (!plan_has_sub(&s.step->task))
		return err_set(e, ST_NOINPUT, "'%s' is neither a loop nor a "
		    "flow", s.step->spec.id);
	if (find_since(&s, e) < 0 ||
	    plan_context(p, s.step, &context, e) < 0)
		return -1;
	s.context = context;
	s.rounds = json_array();
	*ret = s;
	s = (struct plan_sub)PLAN_SUB_INIT;
	return 0;
}

/* What the rounds look like so far, as a plan. */
static int
begin_plan(struct plan_sub *s, struct err *e)
{
	return plan_begin_sub(s->p, s->step->spec.id, &s->plan, e);
}

/* The flow gets what the task gives it, over what it has itself. */
static int
plan_flow(struct plan_sub *s, struct err *e)
{
	AUTO_JV jv defaults = json_get(&s->step->task, "defaults");
	AUTO_JV jv given = JSON_NONE;
	AUTO_JV jv context = json_object();
	struct plan_round r = { .key = "", .item = JSON_NONE,
		.since = s->since };
	jv input;

	if (plan_input(&s->step->task, &s->context, &input, e) < 0)
		return -1;
	given = input;
	if (!json_is(&defaults, JSON_OBJECT))
		defaults = json_object();
	json_set(&context, "inputs", json_is(&given, JSON_OBJECT) ?
	    json_merge(&defaults, &given) : json_copy(&defaults));
	if (begin_plan(s, e) < 0 || plan_add_round(&s->plan, &s->step->task,
	    &context, &r, e) < 0)
		return -1;
	return plan_finish(&s->plan, e);
}

/* Fit to be an id: a short one that is fit is left as it is. */
static char *
key_of(const jv *v)
{
	AUTO_FREE char *text = json_is(v, JSON_STRING) ?
	    xstrdup(json_string(v)) : json_text(v);
	char hex[SHA256_HEX_LEN + 1];

	if (workspace_id_valid(text) && strlen(text) <= KEY_MAX &&
	    !strchr(text, '.'))
		return STEAL(text);
	sha256_hex(text, strlen(text), hex);
	return xasprintf("%.*s", PLAN_DEF_LEN, hex);
}

/* The keys of all items: they tell them apart when the list changes. */
static int
make_keys(const struct plan_sub *s, const jv *items, const char *program,
    struct strs *ret, struct err *e)
{
	struct filter *f = program ? filter_new(program, NULL, e) : NULL;
	AUTO_JV jv context = json_copy(&s->context);
	AUTO_JV jv seen = json_object();
	int r = program && !f ? -1 : 1;

	for (size_t i = 0; r > 0 && i < json_count(items); i++) {
		AUTO_JV jv item = json_at(items, i);
		AUTO_JV jv name = JSON_NONE;
		jv made = json_copy(&item);

		if (f) {
			json_release(&made);
			json_set(&context, "item", json_copy(&item));
			r = filter_first(f, &context, NULL, &made, e);
			if (r <= 0)
				break;
		}
		name = made;
		strs_take(ret, key_of(&name));
		if (json_has(&seen, ret->v[i]))
			r = err_set(e, ST_DATA, "two items have the key '%s'",
			    ret->v[i]);
		json_set_bool(&seen, ret->v[i], true);
	}
	filter_free(f);
	return r == 0 ? err_set(e, ST_DATA, "an item has no key") :
	    r < 0 ? -1 : 0;
}

/* Those of the list itself, or of what its program gives. */
static int
find_items(const struct plan_sub *s, const jv *loop, jv *ret, struct err *e)
{
	AUTO_JV jv over = json_get(loop, "over");
	int64_t max = FLOW_ROUNDS_MAX;

	if (!json_string(&over))
		*ret = json_copy(&over);
	else if (plan_evaluate(json_string(&over), &s->context, ret, e) < 0)
		return -1;
	json_int(loop, "max", &max);
	if (json_is(ret, JSON_ARRAY) && json_count(ret) <= (size_t)max)
		return 0;
	if (json_is(ret, JSON_ARRAY))
		err_set(e, ST_NO, "there are %zu items, more than %lld",
		    json_count(ret), (long long)max);
	else
		err_set(e, ST_NO, "what the loop is over is no list");
	json_release(ret);
	return -1;
}

/* Notes a round for the output, by what it is called. */
static void
note_round(struct plan_sub *s, const char *key, int64_t n, const jv *item)
{
	jv round = json_object();

	json_set_str(&round, "key", key);
	json_set_int(&round, "n", n);
	json_set(&round, "item", json_copy(item));
	json_append(&s->rounds, round);
}

static int
plan_items(struct plan_sub *s, const jv *loop, struct err *e)
{
	AUTO_STRS struct strs keys = STRS_INIT;
	AUTO_JV jv items = JSON_NONE;
	int64_t jobs = 0;
	jv found;

	if (find_items(s, loop, &found, e) < 0)
		return -1;
	items = found;
	json_int(loop, "jobs", &jobs);
	if (make_keys(s, &items, json_str(loop, "key"), &keys, e) < 0 ||
	    begin_plan(s, e) < 0)
		return -1;
	if (jobs > 0)
		json_set_bool(&s->plan.list, "turns", true);
	for (size_t i = 0; i < keys.n; i++) {
		AUTO_JV jv item = json_at(&items, i);
		AUTO_STRS struct strs after = STRS_INIT;
		struct plan_round r = { .key = keys.v[i],
			.n = (int64_t)i + 1, .item = item, .since = s->since,
			.after = &after };

		if (jobs > 0 && i >= (size_t)jobs)
			plan_round_ids(&s->step->task,
			    keys.v[i - (size_t)jobs], &after);
		if (plan_add_round(&s->plan, &s->step->task, &s->context, &r,
		    e) < 0)
			return -1;
		note_round(s, keys.v[i], r.n, &item);
	}
	return plan_finish(&s->plan, e);
}

/* A condition of the loop, on the round before: 1 or 0; -1. */
static int
holds(const struct plan_sub *s, const char *program, size_t n, struct err *e)
{
	AUTO_JV jv context = json_copy(&s->context);
	jv value;

	json_set_int(&context, "n", (int64_t)n);
	json_set(&context, "last", json_copy(&s->last));
	if (plan_evaluate(program, &context, &value, e) < 0)
		return -1;
	AUTO_JV jv owned = value;
	return json_is_true(&owned);
}

/* Whether there is to be a round after `n` of them: 1 or 0; -1. */
static int
goes_on(struct plan_sub *s, const jv *loop, size_t n, struct err *e)
{
	const char *as_long = json_str(loop, "while");
	const char *until = json_str(loop, "until");
	int64_t max = FLOW_ROUNDS_MAX;
	int met = 0;

	json_int(loop, "max", &max);
	if (until && n > 0)
		met = holds(s, until, n, e);
	if (met != 0)
		return met < 0 ? -1 : 0;
	if (n >= (size_t)max)
		return until ? err_set(e, ST_NO, "'%.60s' has not come true "
		    "in %zu rounds", until, n) : 0;
	return as_long ? holds(s, as_long, n, e) : 1;
}

static int
add_numbered(struct plan_sub *s, size_t n, struct err *e)
{
	AUTO_FREE char *key = xasprintf("%zu", n);
	AUTO_FREE char *before = n > 1 ? xasprintf("%zu", n - 1) : NULL;
	struct plan_round r = { .key = key, .before = before,
		.n = (int64_t)n, .item = JSON_NONE, .since = s->since };

	return plan_add_round(&s->plan, &s->step->task, &s->context, &r, e);
}

static int
plan_next_round(struct plan_sub *s, const jv *loop, struct err *e)
{
	size_t n = json_count(&s->rounds);
	AUTO_FREE char *last = xasprintf("%zu", n);
	AUTO_FREE char *next = xasprintf("%zu", n + 1);
	const jv none = JSON_NONE;
	int r;

	/* also when there is no round at all: the plan says so */
	if (n == 0 && (begin_plan(s, e) < 0 || plan_finish(&s->plan, e) < 0))
		return -1;
	if (n > 0) {
		jv value;

		if (plan_round_value(&s->plan, &s->step->task, last, &value,
		    e) < 0)
			return -1;
		json_release(&s->last);
		s->last = value;
	}
	r = goes_on(s, loop, n, e);
	if (r <= 0)
		return r;
	if (add_numbered(s, n + 1, e) < 0 || plan_finish(&s->plan, e) < 0)
		return -1;
	note_round(s, next, (int64_t)n + 1, &none);
	return 1;
}

int
plan_sub_next(struct plan_sub *s, struct err *e)
{
	AUTO_JV jv loop = json_get(&s->step->task, "loop");
	bool loops = json_is(&loop, JSON_OBJECT);

	if (loops && !json_has(&loop, "over"))
		return plan_next_round(s, &loop, e);
	if (s->plan.name)		/* all of it was planned at once */
		return 0;
	if ((loops ? plan_items(s, &loop, e) : plan_flow(s, e)) < 0)
		return -1;
	return 1;
}

int
plan_sub_output(const struct plan_sub *s, jv *ret, struct err *e)
{
	AUTO_JV jv list = json_array();

	if (!json_has(&s->step->task, "loop"))
		return plan_round_value(&s->plan, &s->step->task, "", ret, e);
	for (size_t i = 0; i < json_count(&s->rounds); i++) {
		AUTO_JV jv round = json_at(&s->rounds, i);
		AUTO_JV jv came = JSON_NONE;
		jv value;

		if (plan_round_value(&s->plan, &s->step->task,
		    json_str(&round, "key"), &value, e) < 0)
			return -1;
		came = value;
		json_append(&list, json_merge(&round, &came));
	}
	*ret = json_copy(&list);
	return 0;
}
