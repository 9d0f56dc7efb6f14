/*
 * plan-rounds: what a loop does in a round, as tasks of a plan.
 *
 * They are called after the key of the round: KEY, or KEY.TASK when a round
 * is more than one thing.
 */
#include "config.h"

#include "alloc.h"
#include "plan-impl.h"

static char *
round_id(const char *key, const char *id)
{
	if (!*key)
		return xstrdup(id);
	return *id ? xasprintf("%s.%s", key, id) : xstrdup(key);
}

void
plan_round_ids(const jv *task, const char *key, struct strs *ret)
{
	AUTO_JV jv body = json_get(task, "body");

	for (size_t i = 0; i < json_count(&body); i++) {
		AUTO_JV jv t = json_at(&body, i);

		strs_take(ret, round_id(key, json_str(&t, "id")));
	}
}

/* Its needs under the names that they have in the round. */
static void
set_needs(jv *v, const jv *task, const struct plan_round *r)
{
	AUTO_JV jv names = json_get(v, "needs");
	AUTO_JV jv before = json_get(v, "tolerated");
	AUTO_STRS struct strs needs = STRS_INIT;
	AUTO_STRS struct strs last = STRS_INIT;
	jv tolerated = json_object();

	for (size_t i = 0; i < json_count(&names); i++) {
		AUTO_JV jv id = json_at(&names, i);
		char *whole = round_id(r->key, json_string(&id));

		if (json_has(&before, json_string(&id)))
			json_set_bool(&tolerated, whole, true);
		strs_take(&needs, whole);
	}
	if (r->before)
		plan_round_ids(task, r->before, &last);
	/* how a round went is for the conditions of the loop to say */
	for (size_t i = 0; i < last.n; i++) {
		strs_add(&needs, last.v[i]);
		json_set_bool(&tolerated, last.v[i], true);
	}
	json_set(v, "needs", json_from_strs(&needs));
	json_set(v, "tolerated", tolerated);
}

static bool
looks_at_n(const jv *template)
{
	AUTO_JV jv reads = json_get(template, "reads");

	return json_has_string(&reads, ".n");
}

static int
add_task(struct plan *p, const jv *task, const jv *template,
    const jv *context, const struct plan_round *r, struct err *e)
{
	AUTO_JV jv v = json_copy(template);
	AUTO_FREE char *id = round_id(r->key, json_str(template, "id"));
	const char *back = json_str(template, "rollback");

	json_set_str(&v, "id", id);
	if (back) {
		AUTO_FREE char *whole = round_id(r->key, back);

		json_set_str(&v, "rollback", whole);
	}
	set_needs(&v, task, r);
	if (*r->key)
		json_set_str(&v, "key", r->key);
	/* the place of an item is no part of it unless it is looked at */
	if (looks_at_n(template))
		json_set_int(&v, "n", r->n);
	json_set(&v, "since", json_copy(&r->since));
	if (r->before)
		json_set_str(&v, "before", r->before);
	json_set(&v, "item", json_copy(&r->item));
	return plan_give(p, &v, context, e) < 0 ? -1 :
	    plan_add(p, &v, NULL, r->after, e);
}

int
plan_add_round(struct plan *p, const jv *task, const jv *context,
    const struct plan_round *r, struct err *e)
{
	AUTO_JV jv body = json_get(task, "body");

	for (size_t i = 0; i < json_count(&body); i++) {
		AUTO_JV jv template = json_at(&body, i);

		if (add_task(p, task, &template, context, r, e) < 0)
			return -1;
	}
	return 0;
}

int
plan_round_value(const struct plan *p, const jv *task, const char *key,
    jv *ret, struct err *e)
{
	AUTO_JV jv body = json_get(task, "body");
	AUTO_JV jv tasks = json_object();

	if (json_has(task, "single"))
		return plan_value(p, key, ret, e);
	for (size_t i = 0; i < json_count(&body); i++) {
		AUTO_JV jv t = json_at(&body, i);
		AUTO_FREE char *id = round_id(key, json_str(&t, "id"));
		jv v;

		if (plan_value(p, id, &v, e) < 0)
			return -1;
		json_set(&tasks, json_str(&t, "id"), v);
	}
	*ret = json_object();
	json_set(ret, "tasks", json_copy(&tasks));
	return 0;
}
