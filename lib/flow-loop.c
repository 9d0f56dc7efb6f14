/* flow-loop: tasks that are done in rounds, and flows in flows. */
#include "config.h"

#include <stdio.h>

#include "alloc.h"
#include "flow-impl.h"
#include "path.h"
#include "suggest.h"

static void
check_number(const struct flow *f, const struct flow_task *t, const jv *loop,
    const char *name, int64_t max, struct yaml_problems *p)
{
	AUTO_FREE char *path = xasprintf("%s.loop.%s", t->path, name);
	int64_t n;

	if (json_int(loop, name, &n) && (n < 1 || n > max))
		yaml_problem(p, &f->doc, path, "'%s' must be from 1 to %lld",
		    name, (long long)max);
}

/* Members that go with `over` only, or not with it. */
static void
check_members(const struct flow *f, const struct flow_task *t, const jv *loop,
    struct yaml_problems *p)
{
	static const struct { const char *name; bool with_over; } rules[] = {
		{ "jobs", true }, { "key", true }, { "until", false },
		{ "while", false }
	};
	bool over = json_has(loop, "over");

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		AUTO_FREE char *path = xasprintf("%s.loop.%s", t->path,
		    rules[i].name);

		if (json_has(loop, rules[i].name) && rules[i].with_over != over)
			yaml_problem_key(p, &f->doc, path, "'%s' does not go "
			    "%s 'over'", rules[i].name,
			    over ? "with" : "without");
	}
}

void
flow_check_loop(const struct flow *f, const struct flow_task *t,
    struct yaml_problems *p)
{
	AUTO_JV jv loop = json_get(&t->value, "loop");
	AUTO_FREE char *path = xasprintf("%s.loop", t->path);

	if (!json_is(&loop, JSON_OBJECT))
		return;
	check_number(f, t, &loop, "max", FLOW_ROUNDS_MAX, p);
	check_number(f, t, &loop, "jobs", 1000, p);
	check_members(f, t, &loop, p);
	if (!json_has(&loop, "over") && !json_has(&loop, "max"))
		yaml_problem_key(p, &f->doc, path, "a loop needs 'over', or "
		    "'max': how often at most");
}

/* What the flow wants to be told, and what it is told. */
static void
check_inputs(const struct flow *f, const struct flow_task *t,
    struct yaml_problems *p)
{
	AUTO_JV jv inputs = json_get(&t->sub->doc.value, "inputs");
	AUTO_JV jv with = json_get(&t->value, "with");
	AUTO_FREE const char **known = xcalloc(json_count(&inputs) + 1,
	    sizeof(*known));
	size_t n = 0;

	JSON_EACH(&inputs, i) {
		AUTO_JV jv v = json_iter_value(&inputs, i);

		known[n++] = json_iter_key(&inputs, i);
		if (json_is(&v, JSON_NULL) && !json_has(&with, known[n - 1]))
			yaml_problem_key(p, &f->doc, t->path, "'%s' lacks "
			    "the input '%s' of '%s'", t->id, known[n - 1],
			    t->sub->name);
	}
	JSON_EACH(&with, i) {
		const char *name = json_iter_key(&with, i);
		AUTO_FREE char *path = xasprintf("%s.with.%s", t->path, name);
		char hint[SUGGEST_TEXT_MAX];

		if (!json_has(&inputs, name))
			yaml_problem_key(p, &f->doc, path, "the flow '%s' has "
			    "no input '%.60s'%s", t->sub->name, name,
			    suggest_text(name, known, hint));
	}
}

void
flow_check_sub(struct flow *f, struct flow_task *t, struct yaml_problems *p)
{
	const char *name = json_str(&t->value, "flow");
	AUTO_FREE char *path = name ? path_join(f->dir, name) : NULL;
	AUTO_FREE char *where = xasprintf("%s.flow", t->path);
	AUTO_BUF struct buf why = BUF_INIT;
	struct flow sub = FLOW_INIT;
	struct err e = ERR_INIT;

	if (!name)
		return;
	if (f->depth >= FLOW_DEPTH_MAX) {
		yaml_problem(p, &f->doc, where, "flows in flows, deeper than "
		    "%d", FLOW_DEPTH_MAX);
		return;
	}
	if (flow_read_in(path, f->depth + 1, &sub, &why, &e) < 0) {
		/* its first problem says more than how many there are */
		yaml_problem(p, &f->doc, where, "%.*s", why.len > 0 ?
		    (int)strcspn(why.data, "\n") : ERR_TEXT_MAX,
		    why.len > 0 ? why.data : e.text);
		return;
	}
	t->sub = xcalloc(1, sizeof(*t->sub));
	*t->sub = sub;
	check_inputs(f, t, p);
}
