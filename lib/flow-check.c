/* flow-check: what is wrong with a graph beyond the form of its file. */
#include "config.h"

#include <stdio.h>

#include "alloc.h"
#include "flow-impl.h"
#include "num.h"
#include "path.h"
#include "schema.h"
#include "suggest.h"

enum { CYCLE_TEXT_MAX = 600 };

/* A member of the task: "PATH.NAME". */
static char *
at(const struct flow_task *t, const char *name)
{
	return xasprintf("%s.%s", t->path, name);
}

static void
check_kind(const struct flow *f, const struct flow_task *t,
    struct yaml_problems *p)
{
	const char *first = NULL;

	for (size_t i = 0; flow_kinds[i]; i++) {
		AUTO_FREE char *path = at(t, flow_kinds[i]);

		if (!json_has(&t->value, flow_kinds[i]))
			continue;
		if (first)
			yaml_problem_key(p, &f->doc, path, "a task has either "
			    "'%s' or '%s'", first, flow_kinds[i]);
		else
			first = flow_kinds[i];
	}
	if (!first)
		yaml_problem_key(p, &f->doc, t->path, "'%s' says nothing to "
		    "do: one of 'run', 'agent', 'gate', 'flow', 'rollback', "
		    "'parallel' or 'sequential' is needed", t->id);
}

/* Members that go with certain kinds only. */
static void
check_company(const struct flow *f, const struct flow_task *t,
    struct yaml_problems *p)
{
	static const struct { const char *member, *kinds[6]; } company[] = {
		{ "condition", { "run", "agent", "gate", "flow", "rollback",
		    "loop" } },
		{ "always", { "run", "agent", "gate", "flow", "rollback",
		    "loop" } },
		{ "on_error", { "run", "agent", "gate", "flow", "rollback",
		    "loop" } },
		{ "retries", { "run", "agent" } },
		{ "inputs", { "run", "agent" } },
		{ "prompt", { "agent" } },
		{ "output", { "run", "agent" } },
		{ "outputs", { "run", "agent" } },
		{ "sandbox", { "run" } },
		{ "env", { "run", "agent" } },
		{ "checkpoint", { "run", "agent" } },
		{ "with", { "run", "agent", "gate", "flow" } },
	};

	for (size_t i = 0; i < sizeof(company) / sizeof(*company); i++) {
		AUTO_FREE char *path = at(t, company[i].member);
		bool fits = false;

		for (size_t k = 0; k < 6 && company[i].kinds[k]; k++)
			fits |= json_has(&t->value, company[i].kinds[k]);
		if (json_has(&t->value, company[i].member) && !fits)
			yaml_problem_key(p, &f->doc, path, "'%s' does not go "
			    "with this kind of task", company[i].member);
	}
	if (json_has(&t->value, "loop") && json_has(&t->value, "rollback"))
		yaml_problem_key(p, &f->doc, t->path,
		    "a rollback cannot be done in a loop alone");
	if (json_has(&t->value, "agent") && !json_has(&t->value, "prompt"))
		yaml_problem_key(p, &f->doc, t->path, "'%s' lacks a 'prompt' "
		    "for its agent", t->id);
}

static void
check_duration(const struct flow *f, const char *path, const jv *v,
    struct yaml_problems *p)
{
	int64_t ns;

	if (json_string(v) && num_parse_duration(json_string(v), &ns) < 0)
		yaml_problem(p, &f->doc, path, "'%.60s' is no duration, such "
		    "as '90s', '20m' or '1h30m'", json_string(v));
}

/* Texts that say something, and names of the environment that are some. */
static void
check_texts(const struct flow *f, const struct flow_task *t,
    struct yaml_problems *p)
{
	static const char *const names[] = { "run", "gate", "prompt", NULL };
	AUTO_JV jv env = json_get(&t->value, "env");

	for (size_t i = 0; names[i]; i++) {
		const char *text = json_str(&t->value, names[i]);
		AUTO_FREE char *path = at(t, names[i]);

		if (text && !text[strspn(text, " \t\n")])
			yaml_problem(p, &f->doc, path, "'%s' is empty",
			    names[i]);
	}
	JSON_EACH(&env, i) {
		const char *name = json_iter_key(&env, i);
		AUTO_FREE char *path = at(t, "env");

		if (!*name || strchr(name, '='))
			yaml_problem(p, &f->doc, path,
			    "'%.60s' is no name of a variable", name);
	}
}

static void
check_values(const struct flow *f, const struct flow_task *t,
    struct yaml_problems *p)
{
	AUTO_JV jv timeout = json_get(&t->value, "timeout");
	AUTO_JV jv run = json_get(&t->value, "run");
	AUTO_JV jv output = json_get(&t->value, "output");
	AUTO_FREE char *timeout_path = at(t, "timeout");
	AUTO_FREE char *run_path = at(t, "run");
	AUTO_FREE char *output_path = at(t, "output");
	AUTO_FREE char *retries_path = at(t, "retries");
	struct err e = ERR_INIT;
	int64_t n;

	check_duration(f, timeout_path, &timeout, p);
	if (json_is(&run, JSON_ARRAY) && json_count(&run) == 0)
		yaml_problem(p, &f->doc, run_path, "'run' is empty");
	check_texts(f, t, p);
	if (json_int(&t->value, "retries", &n) && (n < 0 || n > 1000))
		yaml_problem(p, &f->doc, retries_path,
		    "'retries' must be from 0 to 1000");
	if (json_string(&output) && strcmp(json_string(&output), "json") != 0 &&
	    strcmp(json_string(&output), "text") != 0)
		yaml_problem(p, &f->doc, output_path, "'output' must be "
		    "'text', 'json' or a JSON Schema");
	if (json_is(&output, JSON_OBJECT)) {
		struct schema *s = schema_compile(&output, NULL, &e);

		if (!s)
			yaml_problem(p, &f->doc, output_path, "%s", e.text);
		schema_free(s);
	}
}

/* ", did you mean 'x'?", from the ids that there are. */
static const char *
near_task(const struct flow *f, const char *id, char hint[SUGGEST_TEXT_MAX])
{
	AUTO_FREE const char **known = xcalloc(f->n + 1, sizeof(*known));

	for (size_t i = 0; i < f->n; i++)
		known[i] = f->tasks[i].id;
	return suggest_text(id, known, hint);
}

static void
check_named(const struct flow *f, const struct flow_task *t,
    const char *member, const char *id, struct yaml_problems *p)
{
	AUTO_FREE char *path = at(t, member);
	char hint[SUGGEST_TEXT_MAX];

	if (!flow_find(f, id))
		yaml_problem(p, &f->doc, path, "there is no task '%.60s'%s",
		    id, near_task(f, id, hint));
	else if (strcmp(id, t->id) == 0)
		yaml_problem(p, &f->doc, path, "'%s' names itself", id);
}

/* Tasks need what is in the same loop, or in none as they are. */
static void
check_same_loop(const struct flow *f, const struct flow_task *t,
    const char *member, const char *id, struct yaml_problems *p)
{
	const struct flow_task *n = flow_find(f, id);
	AUTO_FREE char *path = at(t, member);
	const char *mine = t->loop ? t->loop : "";
	const char *its = n && n->loop ? n->loop : "";

	if (!n || strcmp(mine, its) == 0)
		return;
	if (*its)
		yaml_problem(p, &f->doc, path, "'%s' is in the loop '%s', "
		    "which can be needed as a whole", id, its);
	else
		yaml_problem(p, &f->doc, path, "'%s' is not in the loop '%s': "
		    "let that need it", id, mine);
}

/* A group that is needed stands for what is last in it. */
static void
resolve(const struct flow *f, const char *id, struct strs *to, int depth)
{
	const struct flow_task *t = flow_find(f, id);

	if (!t || depth > YAML_DEPTH_MAX)
		return;
	if (!t->group && !strs_has(to, id))
		strs_add(to, id);
	for (size_t i = 0; t->group && i < t->ends.n; i++)
		resolve(f, t->ends.v[i], to, depth + 1);
}

static void
check_needs(struct flow *f, struct flow_task *t, struct yaml_problems *p)
{
	struct strs needs = STRS_INIT;
	const char *back = json_str(&t->value, "rollback");

	for (size_t i = 0; i < t->needs.n; i++) {
		check_named(f, t, "needs", t->needs.v[i], p);
		check_same_loop(f, t, "needs", t->needs.v[i], p);
		resolve(f, t->needs.v[i], &needs, 0);
	}
	if (back) {
		struct flow_task *to = flow_find(f, back);
		AUTO_FREE char *path = at(t, "rollback");

		check_named(f, t, "rollback", back, p);
		check_same_loop(f, t, "rollback", back, p);
		if (to && !json_has(&to->value, "checkpoint"))
			yaml_problem(p, &f->doc, path,
			    "'%s' takes no checkpoint", back);
		resolve(f, back, &needs, 0);
	}
	strs_release(&t->needs);
	t->needs = needs;
}

/* Depth first; on the way: 1, done: 2.  The first cycle found is told. */
static bool
find_cycle(const struct flow *f, struct flow_task *t, struct strs *way,
    struct yaml_problems *p)
{
	if (t->mark == 2)
		return false;
	if (t->mark == 1) {
		AUTO_BUF struct buf text = BUF_INIT;
		size_t from = 0;

		while (strcmp(way->v[from], t->id) != 0)
			from++;
		for (size_t i = from; i < way->n; i++)
			if (text.len < CYCLE_TEXT_MAX)
				buf_addf(&text, "'%s' needs ", way->v[i]);
		yaml_problem_key(p, &f->doc, t->path, "%s'%s': a cycle",
		    text.data, t->id);
		return true;
	}
	t->mark = 1;
	strs_add(way, t->id);
	for (size_t i = 0; i < t->needs.n; i++) {
		struct flow_task *n = flow_find(f, t->needs.v[i]);

		if (n && find_cycle(f, n, way, p))
			return true;
	}
	strs_cut(way, way->n - 1);
	t->mark = 2;
	return false;
}

static void
check_agents(const struct flow *f, struct yaml_problems *p)
{
	AUTO_AGENTS struct agents a = AGENTS_INIT;
	struct err e = ERR_INIT;
	bool wanted = false;

	for (size_t i = 0; i < f->n; i++)
		wanted |= json_has(&f->tasks[i].value, "agent");
	if (!wanted)
		return;
	if (flow_agents(f, &a, &e) < 0) {
		yaml_problem(p, &f->doc, "agents", "%s", e.text);
		return;
	}
	for (size_t i = 0; i < f->n; i++) {
		const char *id = json_str(&f->tasks[i].value, "agent");
		AUTO_FREE char *where = at(&f->tasks[i], "agent");
		AUTO_JV jv found = JSON_NONE;

		if (id && agents_need(&a, id, &found, &e) < 0)
			yaml_problem(p, &f->doc, where, "%s", e.text);
	}
}

static void
check_limits(const struct flow *f, struct yaml_problems *p)
{
	AUTO_JV jv limits = json_get(&f->doc.value, "limits");
	AUTO_JV jv timeout = json_get(&limits, "timeout");
	AUTO_JV jv wall = json_get(&limits, "wall");
	int64_t jobs = flow_limit(f, "jobs", 1);
	double cost = 1;

	check_duration(f, "limits.timeout", &timeout, p);
	check_duration(f, "limits.wall", &wall, p);
	if (jobs < 1 || jobs > 1000)
		yaml_problem(p, &f->doc, "limits.jobs",
		    "'jobs' must be from 1 to 1000");
	if (json_num(&limits, "cost", &cost) && cost <= 0)
		yaml_problem(p, &f->doc, "limits.cost",
		    "'cost' must be more than 0");
}

void
flow_check(struct flow *f, struct yaml_problems *p)
{
	AUTO_STRS struct strs way = STRS_INIT;

	check_limits(f, p);
	for (size_t i = 0; i < f->n; i++) {
		struct flow_task *t = &f->tasks[i];

		yaml_check_all(&f->doc, t->path, flow_task_shape, p);
		check_kind(f, t, p);
		check_company(f, t, p);
		check_values(f, t, p);
		flow_check_loop(f, t, p);
		flow_check_sub(f, t, p);
	}
	for (size_t i = 0; i < f->n; i++)
		check_needs(f, &f->tasks[i], p);
	for (size_t i = 0; i < f->n; i++)
		if (find_cycle(f, &f->tasks[i], &way, p))
			break;
	check_agents(f, p);
	flow_check_programs(f, p);
}
