/* flow: reading a graph of tasks; its groups become edges. */
#include "config.h"

#include "flow.h"

#include <stdio.h>

#include "alloc.h"
#include "flow-impl.h"
#include "path.h"
#include "workspace.h"

#define SUFFIX ".flow.yaml"

void
flow_release(struct flow *f)
{
	for (size_t i = 0; i < f->n; i++) {
		struct flow_task *t = &f->tasks[i];

		free(t->id);
		free(t->path);
		json_release(&t->value);
		strs_release(&t->needs);
		strs_release(&t->ends);
		free(t->loop);
		if (t->sub)
			flow_release(t->sub);
		free(t->sub);
	}
	free(f->tasks);
	json_release(&f->index);
	free(f->name);
	free(f->dir);
	yaml_release(&f->doc);
	*f = (struct flow)FLOW_INIT;
}

struct flow_task *
flow_find(const struct flow *f, const char *id)
{
	int64_t i;

	return json_int(&f->index, id, &i) ? &f->tasks[i] : NULL;
}

bool
flow_loops(const struct flow_task *t)
{
	return json_has(&t->value, "loop");
}

int64_t
flow_limit(const struct flow *f, const char *name, int64_t otherwise)
{
	AUTO_JV jv limits = json_get(&f->doc.value, "limits");
	int64_t value = otherwise;

	json_int(&limits, name, &value);
	return value;
}

/* A member of a mapping and where it stands. */
struct member {
	const char *key;
	struct yaml_pos at;
};

static int
by_place(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return x->at.line != y->at.line ? x->at.line - y->at.line :
	    x->at.col - y->at.col;
}

/* The members in the order of the file; an object has none of its own. */
static struct member *
members(const struct flow *f, const char *path, const jv *map)
{
	struct member *v = xcalloc(json_count(map) + 1, sizeof(*v));
	size_t n = 0;

	JSON_EACH(map, i) {
		const char *key = json_iter_key(map, i);
		AUTO_FREE char *whole = xasprintf("%s.%s", path, key);

		v[n++] = (struct member){ key, yaml_where_key(&f->doc, whole) };
	}
	qsort(v, n, sizeof(*v), by_place);
	return v;
}

static void
add_needs(struct strs *to, const jv *value)
{
	AUTO_JV jv needs = json_get(value, "needs");

	if (json_string(&needs))
		strs_add(to, json_string(&needs));
	for (size_t i = 0; i < json_count(&needs); i++) {
		AUTO_JV jv id = json_at(&needs, i);

		if (json_string(&id) && !strs_has(to, json_string(&id)))
			strs_add(to, json_string(&id));
	}
}

static bool
good_id(const char *id)
{
	return workspace_id_valid(id) && !strchr(id, '.') &&
	    strlen(id) <= FLOW_ID_MAX;
}

/* Where tasks are: what each of them needs, and whose rounds they are in. */
struct place {
	const struct strs *needs;
	const char *loop;
	struct strs *ends;	/* gets what is last: all, or the end of */
	bool chain;		/* a chain; may be NULL */
};

static void add_tasks(struct flow *f, const char *path, const jv *map,
    const struct place *place, struct yaml_problems *p);

/* What is in a group; it is the task itself that needs, when it loops. */
static void
add_members(struct flow *f, struct flow_task *t, const char *group,
    struct yaml_problems *p)
{
	AUTO_JV jv inner = json_get(&t->value, group);
	AUTO_FREE char *below = xasprintf("%s.%s", t->path, group);
	const struct strs none = STRS_INIT;
	bool loops = flow_loops(t);
	struct place place = {
		loops ? &none : &t->needs, loops ? t->id : t->loop,
		loops ? NULL : &t->ends, strcmp(group, "sequential") == 0
	};

	if (!json_is(&inner, JSON_OBJECT))
		return;
	t->group = !loops;
	add_tasks(f, below, &inner, &place, p);
}

static void
add_task(struct flow *f, const char *path, const char *id, const jv *value,
    const struct strs *needs, const char *loop, struct yaml_problems *p)
{
	struct flow_task t = { .id = xstrdup(id), .path = xstrdup(path),
		.value = json_copy(value),
		.loop = loop ? xstrdup(loop) : NULL };

	for (size_t i = 0; i < needs->n; i++)
		strs_add(&t.needs, needs->v[i]);
	add_needs(&t.needs, value);
	if (!good_id(id))
		yaml_problem_key(p, &f->doc, path, "'%.60s' is no id: "
		    "letters, digits, '_' and '-', at most %d", id,
		    FLOW_ID_MAX);
	if (flow_find(f, id))
		yaml_problem_key(p, &f->doc, path, "there are two tasks '%s'",
		    id);
	add_members(f, &t, "parallel", p);
	add_members(f, &t, "sequential", p);
	GROW(f->tasks, f->n, f->cap);
	if (!flow_find(f, id))
		json_set_int(&f->index, id, (int64_t)f->n);
	f->tasks[f->n++] = t;
}

/* Those of a mapping, in the order of the file. */
static void
add_tasks(struct flow *f, const char *path, const jv *map,
    const struct place *place, struct yaml_problems *p)
{
	AUTO_FREE struct member *all = members(f, path, map);
	size_t n = json_count(map);

	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *whole = xasprintf("%s.%s", path, all[i].key);
		AUTO_JV jv value = json_get(map, all[i].key);
		AUTO_STRS struct strs before = STRS_INIT;

		for (size_t k = 0; k < place->needs->n; k++)
			strs_add(&before, place->needs->v[k]);
		if (place->chain && i > 0)
			strs_add(&before, all[i - 1].key);
		if (f->n >= FLOW_TASKS_MAX) {
			yaml_problem_key(p, &f->doc, whole,
			    "more than %d tasks", FLOW_TASKS_MAX);
			return;
		}
		if (json_is(&value, JSON_OBJECT))
			add_task(f, whole, all[i].key, &value, &before,
			    place->loop, p);
		if (place->ends && (!place->chain || i + 1 == n))
			strs_add(place->ends, all[i].key);
	}
}

static int
set_name(struct flow *f, const char *path, struct err *e)
{
	const char *base = path_basename(path);
	size_t len = strcspn(base, ".");
	AUTO_FREE char *dir = path_dirname(path);

	f->name = xstrndup(base, len);
	if (!workspace_id_valid(f->name))
		return err_set(e, ST_CONFIG, "'%s' is no name of a flow: "
		    "NAME" SUFFIX ", letters, digits, '_' and '-'", base);
	f->dir = path_real(dir, e);
	return f->dir ? 0 : -1;
}

int
flow_read_in(const char *path, int depth, struct flow *ret, struct buf *why,
    struct err *e)
{
	AUTO_FLOW struct flow f = FLOW_INIT;
	AUTO_YAML_PROBLEMS struct yaml_problems p = YAML_PROBLEMS_INIT;
	AUTO_JV jv tasks = JSON_NONE;
	const struct strs none = STRS_INIT;
	const struct place top = { .needs = &none };

	if (yaml_read(path, &f.doc, e) < 0 || set_name(&f, path, e) < 0)
		return -1;
	f.depth = depth;
	f.index = json_object();
	yaml_check_all(&f.doc, "", flow_shape, &p);
	tasks = json_get(&f.doc.value, "tasks");
	if (json_is(&tasks, JSON_OBJECT))
		add_tasks(&f, "tasks", &tasks, &top, &p);
	flow_check(&f, &p);
	if (p.n > 0) {
		yaml_problems_text(&p, &f.doc, why);
		return err_set(e, ST_CONFIG, "'%s' has %zu problem%s", path,
		    p.n, p.n == 1 ? "" : "s");
	}
	flow_release(ret);
	*ret = f;
	f = (struct flow)FLOW_INIT;
	return 0;
}

int
flow_read(const char *path, struct flow *ret, struct buf *why, struct err *e)
{
	return flow_read_in(path, 0, ret, why, e);
}
