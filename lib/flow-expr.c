/*
 * flow-expr: the jq programs of a flow, looked at before anything runs.
 *
 * Compiling one costs milliseconds, so all are compiled as one program, and
 * one by one only when that fails, to find out which it was.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>

#include "alloc.h"
#include "filter.h"
#include "flow-impl.h"
#include "suggest.h"

struct programs {
	const struct flow *f;
	struct yaml_problems *p;
	struct buf all;
	bool alone;		/* compile each by itself */
};

/* A task that a program names must be over when the program is run. */
static void
check_reference(struct programs *c, const struct flow_task *t,
    const char *path, const char *id)
{
	char hint[SUGGEST_TEXT_MAX];

	if (!flow_find(c->f, id)) {
		AUTO_FREE const char **known = xcalloc(c->f->n + 1,
		    sizeof(*known));

		for (size_t i = 0; i < c->f->n; i++)
			known[i] = c->f->tasks[i].id;
		yaml_problem(c->p, &c->f->doc, path,
		    "there is no task '%.60s'%s", id,
		    suggest_text(id, known, hint));
		return;
	}
	for (size_t i = 0; i < t->needs.n; i++)
		if (strcmp(t->needs.v[i], id) == 0)
			return;
	yaml_problem(c->p, &c->f->doc, path, "'%s' looks at the result of "
	    "'%s', but does not need it", t->id, id);
}

static void
check_references(struct programs *c, const struct flow_task *t,
    const char *path, const char *text)
{
	for (const char *s = strstr(text, ".tasks"); s;
	    s = strstr(s + 1, ".tasks")) {
		const char *id = s + strlen(".tasks");
		AUTO_FREE char *name = NULL;
		size_t len;

		if (strncmp(id, "[\"", 2) == 0) {
			id += 2;
			len = strcspn(id, "\"");
		} else if (*id == '.' && id[1] != '[') {
			id++;
			for (len = 0; isalnum((unsigned char)id[len]) ||
			    id[len] == '_'; len++)
				;
		} else {
			continue;
		}
		name = xstrndup(id, len);
		if (len > 0)
			check_reference(c, t, path, name);
	}
}

/* Whether it might only be a program together with its neighbours. */
static bool
is_odd(const char *text)
{
	int depth = 0;
	bool quoted = false;

	for (const char *s = text; *s; s++) {
		/* a comment, and what a string may have in it */
		if (*s == '#' || *s == '\\')
			return true;
		quoted ^= *s == '"';
		if (quoted)
			continue;
		depth += (*s == '(') - (*s == ')');
		if (depth < 0)
			return true;
	}
	return depth != 0 || quoted;
}

static void
compile(struct programs *c, const char *path, const char *text)
{
	struct err e = ERR_INIT;
	struct filter *filter = filter_new(text, NULL, &e);

	if (!filter)
		yaml_problem(c->p, &c->f->doc, path, "%s", e.text);
	filter_free(filter);
}

static void
add(struct programs *c, const struct flow_task *t, const char *member,
    const char *text)
{
	AUTO_FREE char *path = xasprintf("%s.%s", t->path, member);

	if (!c->alone)
		check_references(c, t, path, text);
	if (c->alone || is_odd(text) ||
	    c->all.len + strlen(text) + 8 > FILTER_PROGRAM_MAX) {
		compile(c, path, text);
		return;
	}
	buf_addf(&c->all, "%s(%s)", c->all.len > 0 ? "," : "", text);
}

static void
add_task(struct programs *c, const struct flow_task *t)
{
	const char *condition = json_str(&t->value, "condition");
	AUTO_JV jv with = json_get(&t->value, "with");

	if (condition)
		add(c, t, "condition", condition);
	JSON_EACH(&with, i) {
		AUTO_JV jv v = json_iter_value(&with, i);
		AUTO_FREE char *member = xasprintf("with.%s",
		    json_iter_key(&with, i));

		if (json_string(&v))
			add(c, t, member, json_string(&v));
	}
}

void
flow_check_programs(const struct flow *f, struct yaml_problems *p)
{
	struct programs c = { .f = f, .p = p };
	struct filter *filter = NULL;
	struct err ignored;

	for (size_t i = 0; i < f->n; i++)
		add_task(&c, &f->tasks[i]);
	if (c.all.len > 0)
		filter = filter_new(c.all.data, NULL, &ignored);
	c.alone = true;
	for (size_t i = 0; i < f->n && c.all.len > 0 && !filter; i++)
		add_task(&c, &f->tasks[i]);
	filter_free(filter);
	buf_release(&c.all);
}
