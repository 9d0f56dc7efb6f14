/*
 * plan-describe: all that a task says, with what the flow says for it.
 *
 * What a loop does in each round, and a flow in a flow, is described within
 * the task that it is: so whatever changes in it changes its definition.
 */
#include "config.h"

#include "alloc.h"
#include "path.h"
#include "plan-impl.h"

struct maker {
	const struct flow *f;
	const struct plan *p;
	struct agents agents;
	char *agents_file;		/* for agent-spawn; NULL: none */
};

static void
maker_release(struct maker *m)
{
	agents_release(&m->agents);
	free(m->agents_file);
}

#define AUTO_MAKER __attribute__((cleanup(maker_release)))

/* The agents as a file: their own, or one that is made. */
static int
find_agents(struct maker *m, struct err *e)
{
	AUTO_JV jv own = json_get(&m->f->doc.value, "agents");
	AUTO_JV jv file = JSON_NONE;
	char digest[PLAN_DEF_LEN + 1];
	bool wanted = false;

	for (size_t i = 0; i < m->f->n; i++)
		wanted |= json_has(&m->f->tasks[i].value, "agent");
	if (!wanted)
		return 0;
	if (flow_agents(m->f, &m->agents, e) < 0)
		return -1;
	if (!json_is(&own, JSON_OBJECT)) {
		m->agents_file = xstrdup(m->agents.name);
		return 0;
	}
	file = json_object();
	json_set_str(&file, "directory", m->agents.dir);
	json_set(&file, "agents", json_copy(&m->agents.list));
	if (plan_keep(m->p, &file, digest, e) < 0)
		return -1;
	m->agents_file = plan_kept(m->p, digest);
	return 0;
}

static int maker_begin(const struct plan *p, const struct flow *f,
    struct maker *ret, struct err *e);

static const char *
kind_of(const jv *value)
{
	static const char *const kinds[] = { "loop", "run", "agent", "gate",
	    "flow", "rollback", NULL };
	size_t i = 0;

	while (kinds[i + 1] && !json_has(value, kinds[i]))
		i++;
	return kinds[i];
}

/* Failures that do not stop it. */
static jv
tolerated(const struct flow *f, const struct flow_task *t)
{
	jv list = json_object();

	for (size_t i = 0; i < t->needs.n; i++) {
		const struct flow_task *n = flow_find(f, t->needs.v[i]);
		const char *how = n ? json_str(&n->value, "on_error") : NULL;

		if (how && strcmp(how, "continue") == 0)
			json_set_bool(&list, t->needs.v[i], true);
	}
	return list;
}

/* What the flow says for all its tasks. */
static void
inherit(const struct maker *m, jv *v)
{
	AUTO_JV jv env = json_get(&m->f->doc.value, "env");
	AUTO_JV jv own = json_get(v, "env");
	AUTO_JV jv timeout = json_path(&m->f->doc.value, "limits.timeout");

	if (json_is(&env, JSON_OBJECT))
		json_set(v, "env", json_is(&own, JSON_OBJECT) ?
		    json_merge(&env, &own) : json_copy(&env));
	if (!json_has(v, "timeout"))
		json_set(v, "timeout", json_copy(&timeout));
	if (!json_has(v, "sandbox"))
		json_set(v, "sandbox", json_get(&m->f->doc.value, "sandbox"));
}

static int describe(const struct maker *m, const struct flow_task *t,
    jv value, jv *ret, struct err *e);

/* All tasks of a flow that are in `loop` (NULL: in none), as a list. */
static int
describe_all(const struct maker *m, const char *loop, jv *ret, struct err *e)
{
	*ret = json_array();
	for (size_t i = 0; i < m->f->n; i++) {
		const struct flow_task *t = &m->f->tasks[i];
		jv v;

		if (t->group || (t->loop ? !loop || strcmp(t->loop, loop) != 0 :
		    loop != NULL))
			continue;
		if (describe(m, t, json_copy(&t->value), &v, e) < 0) {
			json_release(ret);
			return -1;
		}
		json_append(ret, v);
	}
	return 0;
}

/* What a looped task does in a round, when that is one thing. */
static jv
round_of(const struct flow_task *t)
{
	static const char *const of_the_whole[] = { "loop", "needs",
	    "condition", "always", "on_error", NULL };
	jv v = json_copy(&t->value);

	for (size_t i = 0; of_the_whole[i]; i++)
		json_unset(&v, of_the_whole[i]);
	return v;
}

/* The rounds of a loop: `body`; nothing is left at the task but the loop. */
static int
describe_loop(const struct maker *m, const struct flow_task *t, jv *v,
    struct err *e)
{
	static const char *const kept[] = { "loop", "condition", "always",
	    "on_error", NULL };
	jv whole = json_object();
	jv body = JSON_NONE;

	for (size_t i = 0; kept[i]; i++)
		json_set(&whole, kept[i], json_get(v, kept[i]));
	if (json_has(v, "parallel") || json_has(v, "sequential")) {
		if (describe_all(m, t->id, &body, e) < 0)
			goto failed;
	} else {
		char unnamed[] = "";
		struct flow_task one = { .id = unnamed, .sub = t->sub };
		jv task;

		if (describe(m, &one, round_of(t), &task, e) < 0)
			goto failed;
		body = json_array();
		json_append(&body, task);
		json_set_bool(&whole, "single", true);
	}
	json_set(&whole, "body", body);
	json_release(v);
	*v = whole;
	return 0;
failed:
	json_release(&whole);
	return -1;
}

static int
describe_sub(const struct maker *m, const struct flow_task *t, jv *v,
    struct err *e)
{
	AUTO_MAKER struct maker sub = { .agents = AGENTS_INIT };
	jv body;

	if (maker_begin(m->p, t->sub, &sub, e) < 0 ||
	    describe_all(&sub, NULL, &body, e) < 0)
		return -1;
	json_set(v, "body", body);
	json_set(v, "defaults", json_get(&t->sub->doc.value, "inputs"));
	return 0;
}

/* Takes `value`; all that the task says is in the result. */
static int
describe(const struct maker *m, const struct flow_task *t, jv value, jv *ret,
    struct err *e)
{
	AUTO_STRS struct strs reads = STRS_INIT;
	const char *kind = kind_of(&value);
	bool loops = strcmp(kind, "loop") == 0;

	flow_reads(&value, &reads);
	if ((loops && describe_loop(m, t, &value, e) < 0) ||
	    (strcmp(kind, "flow") == 0 && describe_sub(m, t, &value, e) < 0)) {
		json_release(&value);
		return -1;
	}
	json_unset(&value, "title");
	json_set_str(&value, "flow_name", m->f->name);
	json_set_str(&value, "id", t->id);
	json_set_str(&value, "kind", kind);
	json_set_str(&value, "dir", m->f->dir);
	json_set(&value, "needs", json_from_strs(&t->needs));
	json_set(&value, "reads", json_from_strs(&reads));
	json_set(&value, "tolerated", tolerated(m->f, t));
	if (!loops)
		inherit(m, &value);
	if (json_str(&value, "agent")) {
		json_set_str(&value, "agents", m->agents_file);
		json_set(&value, "descriptor",
		    agents_get(&m->agents, json_str(&value, "agent")));
	}
	*ret = value;
	return 0;
}

static int
maker_begin(const struct plan *p, const struct flow *f, struct maker *ret,
    struct err *e)
{
	*ret = (struct maker){ .f = f, .p = p, .agents = AGENTS_INIT };
	return find_agents(ret, e);
}

/* One of the flow itself, which gets of its inputs what it looks at. */
static int
add(const struct maker *m, struct plan *p, const struct flow_task *t,
    const jv *context, struct err *e)
{
	AUTO_JV jv task = JSON_NONE;
	jv made;

	if (describe(m, t, json_copy(&t->value), &made, e) < 0)
		return -1;
	task = made;
	if (plan_give(p, &task, context, e) < 0)
		return -1;
	return plan_add(p, &task, json_str(&t->value, "title"), NULL, e);
}

int
plan_describe(struct plan *p, const struct flow *f, const jv *inputs,
    struct err *e)
{
	AUTO_MAKER struct maker m = { .agents = AGENTS_INIT };
	AUTO_JV jv context = json_object();

	json_set(&context, "inputs", json_copy(inputs));
	if (maker_begin(p, f, &m, e) < 0)
		return -1;
	for (size_t i = 0; i < f->n; i++)
		if (!f->tasks[i].group && !f->tasks[i].loop &&
		    add(&m, p, &f->tasks[i], &context, e) < 0)
			return -1;
	return 0;
}
