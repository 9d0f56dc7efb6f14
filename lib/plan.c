/* plan: a flow that was checked, as files. */
#include "config.h"

#include "plan.h"

#include <errno.h>
#include <stdio.h>

#include "alloc.h"
#include "path.h"
#include "plan-impl.h"
#include "sha256.h"

enum { FILE_MAX = 4 << 20 };

void
plan_release(struct plan *p)
{
	free(p->name);
	free(p->dir);
	free(p->steps);
	json_release(&p->list);
	*p = (struct plan)PLAN_INIT;
}

static void
set_dirs(const struct workspace *w, const char *name, struct plan *p)
{
	p->name = xstrdup(name);
	p->dir = xasprintf("%s/flows/%s", w->dir, name);
	p->steps = xasprintf("%s/steps", p->dir);
}

static const char *
kind_of(const jv *value)
{
	static const char *const kinds[] = { "run", "agent", "gate", "flow",
	    "rollback", NULL };
	size_t i = 0;

	while (kinds[i + 1] && !json_has(value, kinds[i]))
		i++;
	return kinds[i];
}

static jv
strings(const struct strs *s)
{
	jv list = json_array();

	for (size_t i = 0; i < s->n; i++)
		json_append(&list, json_from_str(s->v[i]));
	return list;
}

/* The agents of the flow, as a file; NULL without one. */
static char *
agents_path(const struct flow *f)
{
	const char *named = json_str(&f->doc.value, "agents");

	return named ? path_join(f->dir, named) : agents_file(f->dir);
}

/* All of a task: what it says, and what the flow says for all. */
static jv
describe(const struct flow *f, const struct flow_task *t,
    const char *agents_yaml, const struct agents *agents)
{
	static const char *const inherited[] = { "sandbox", NULL };
	AUTO_JV jv env = json_get(&f->doc.value, "env");
	AUTO_JV jv own = json_get(&t->value, "env");
	AUTO_JV jv timeout = json_path(&f->doc.value, "limits.timeout");
	jv v = json_copy(&t->value);

	json_unset(&v, "title");
	json_set_str(&v, "flow_name", f->name);
	json_set_str(&v, "id", t->id);
	json_set_str(&v, "kind", kind_of(&t->value));
	json_set_str(&v, "dir", f->dir);
	json_set(&v, "needs", strings(&t->needs));
	if (json_is(&env, JSON_OBJECT))
		json_set(&v, "env", json_is(&own, JSON_OBJECT) ?
		    json_merge(&env, &own) : json_copy(&env));
	if (!json_has(&v, "timeout") && !json_is(&timeout, JSON_NOTHING))
		json_set(&v, "timeout", json_copy(&timeout));
	for (size_t i = 0; inherited[i]; i++)
		if (!json_has(&v, inherited[i]))
			json_set(&v, inherited[i],
			    json_get(&f->doc.value, inherited[i]));
	if (json_str(&v, "agent")) {
		json_set_str(&v, "agents", agents_yaml);
		json_set(&v, "descriptor",
		    agents_get(agents, json_str(&v, "agent")));
	}
	/* failures that do not stop those who need it */
	AUTO_JV jv tolerated = json_object();
	for (size_t i = 0; i < t->needs.n; i++) {
		const struct flow_task *n = flow_find(f, t->needs.v[i]);
		const char *how = n ? json_str(&n->value, "on_error") : NULL;

		if (how && strcmp(how, "continue") == 0)
			json_set_bool(&tolerated, t->needs.v[i], true);
	}
	json_set(&v, "tolerated", json_copy(&tolerated));
	return v;
}

/* Its line in flow.json. */
static jv
summary(const struct flow_task *t, const char *def)
{
	static const char *const members[] = { "title", "agent", "always",
	    "on_error", NULL };
	jv v = json_object();

	json_set_str(&v, "id", t->id);
	json_set_str(&v, "def", def);
	json_set_str(&v, "kind", kind_of(&t->value));
	json_set(&v, "needs", strings(&t->needs));
	for (size_t i = 0; members[i]; i++)
		json_set(&v, members[i], json_get(&t->value, members[i]));
	return v;
}

static int
write_task(const struct plan *p, const jv *task, char def[PLAN_DEF_LEN + 1],
    struct err *e)
{
	AUTO_FREE char *text = json_text(task);
	char hex[SHA256_HEX_LEN + 1];
	AUTO_FREE char *path = NULL;

	sha256_hex(text, strlen(text), hex);
	snprintf(def, PLAN_DEF_LEN + 1, "%.*s", PLAN_DEF_LEN, hex);
	path = xasprintf("%s/plan/%s.%s.json", p->dir, json_str(task, "id"),
	    def);
	/* the name tells the content */
	return path_exists(path) ? 0 :
	    path_write_atomic(path, text, strlen(text), 0600, e);
}

static int
make_dirs(const struct plan *p, struct err *e)
{
	static const char *const names[] = { "plan", "stamps", "steps", NULL };

	for (size_t i = 0; names[i]; i++) {
		AUTO_FREE char *dir = path_join(p->dir, names[i]);

		if (path_mkdirs(dir, 0700, e) < 0)
			return -1;
	}
	return 0;
}

int
plan_make(const struct workspace *w, const struct flow *f, struct plan *ret,
    struct err *e)
{
	AUTO_PLAN struct plan p = PLAN_INIT;
	AUTO_FREE char *agents_yaml = agents_path(f);
	AUTO_AGENTS struct agents agents = AGENTS_INIT;
	AUTO_JV jv tasks = json_array();
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *path = NULL;

	set_dirs(w, f->name, &p);
	if (make_dirs(&p, e) < 0 ||
	    (agents_yaml && agents_read(agents_yaml, &agents, e) < 0))
		return -1;
	for (size_t i = 0; i < f->n; i++) {
		char def[PLAN_DEF_LEN + 1];
		AUTO_JV jv task = JSON_NONE;

		if (f->tasks[i].group)
			continue;
		task = describe(f, &f->tasks[i], agents_yaml, &agents);
		if (write_task(&p, &task, def, e) < 0)
			return -1;
		json_append(&tasks, summary(&f->tasks[i], def));
	}
	p.list = json_object();
	json_set_str(&p.list, "flow", f->name);
	json_set_str(&p.list, "file", f->doc.name);
	json_set_str(&p.list, "dir", f->dir);
	json_set(&p.list, "limits", json_get(&f->doc.value, "limits"));
	json_set(&p.list, "tasks", json_copy(&tasks));
	text = json_text(&p.list);
	path = path_join(p.dir, "flow.json");
	if (path_write_atomic(path, text, strlen(text), 0600, e) < 0)
		return -1;
	*ret = p;
	p = (struct plan)PLAN_INIT;
	return 0;
}

int
plan_open(const struct workspace *w, const char *name, struct plan *ret,
    struct err *e)
{
	AUTO_PLAN struct plan p = PLAN_INIT;
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_FREE char *path = NULL;

	if (!workspace_id_valid(name))
		return err_set(e, ST_USAGE, "'%s' is no name of a flow", name);
	set_dirs(w, name, &p);
	path = path_join(p.dir, "flow.json");
	if (!path_exists(path))
		return err_set(e, ST_NOINPUT, "the flow '%s' was never "
		    "compiled or run here", name);
	if (path_read(path, FILE_MAX, &text, e) < 0 ||
	    json_parse(text.data, text.len, &p.list, e) < 0)
		return err_prefix(e, "'%s'", path);
	*ret = p;
	p = (struct plan)PLAN_INIT;
	return 0;
}

size_t
plan_count(const struct plan *p)
{
	AUTO_JV jv tasks = json_get(&p->list, "tasks");

	return json_count(&tasks);
}

jv
plan_task(const struct plan *p, size_t i)
{
	AUTO_JV jv tasks = json_get(&p->list, "tasks");

	return json_at(&tasks, i);
}

/* {ID: DEF} */
static jv
definitions(const struct plan *p)
{
	jv index = json_object();

	for (size_t i = 0; i < plan_count(p); i++) {
		AUTO_JV jv task = plan_task(p, i);

		json_set_str(&index, json_str(&task, "id"),
		    json_str(&task, "def"));
	}
	return index;
}

static void
add_rule(const jv *task, const jv *index, struct buf *out)
{
	AUTO_JV jv needs = json_get(task, "needs");

	buf_addf(out, "\n$S/%s.%s:", json_str(task, "id"),
	    json_str(task, "def"));
	for (size_t k = 0; k < json_count(&needs); k++) {
		AUTO_JV jv id = json_at(&needs, k);

		buf_addf(out, "%s $S/%s.%s", k == 0 ? " |" : "",
		    json_string(&id), json_str(index, json_string(&id)));
	}
	buf_addf(out, "\n\t@$(TASK) %s.%s\n", json_str(task, "id"),
	    json_str(task, "def"));
}

void
plan_makefile(const struct plan *p, struct buf *out)
{
	AUTO_JV jv index = definitions(p);

	buf_addf(out,
	    "# The flow '%s'.  Made by agent-flow compile: change the flow, "
	    "not this.\n"
	    "# Run it in the directory that has .agent: make -k -j 4 -f FILE\n"
	    "#\n"
	    "# A task's target is named by its definition, and is there when "
	    "its result\n"
	    "# stands; what has changed otherwise is found and taken away "
	    "first.\n"
	    "# Times of files never count, so all prerequisites are "
	    "order-only.\n"
	    "SHELL = /bin/sh\n"
	    "MAKEFLAGS += -rR\n"
	    ".SUFFIXES:\n"
	    "FLOW = %s\n"
	    "TASK = agent-flow task $(FLOW)\n"
	    "S = .agent/flows/$(FLOW)/stamps\n"
	    "ifneq ($(shell agent-flow stale $(FLOW) && echo yes),yes)\n"
	    "$(error cannot tell what is to be done)\n"
	    "endif\n"
	    "\n"
	    ".PHONY: all\nall:", p->name, p->name);
	for (size_t i = 0; i < plan_count(p); i++) {
		AUTO_JV jv task = plan_task(p, i);

		buf_addf(out, " \\\n\t$S/%s.%s", json_str(&task, "id"),
		    json_str(&task, "def"));
	}
	buf_adds(out, "\n\t@agent-flow status --check $(FLOW)\n");
	for (size_t i = 0; i < plan_count(p); i++) {
		AUTO_JV jv task = plan_task(p, i);

		add_rule(&task, &index, out);
	}
}
