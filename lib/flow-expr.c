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

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Whether it is the first of a path: not a member of something else. */
static bool
is_first(const char *program, const char *s)
{
	return s == program || (!is_word(s[-1]) && !strchr(")]\"?", s[-1]));
}

/*
 * The next place, from `*at`, where a program looks at a task: its id, or ""
 * when that cannot be told; NULL after the last.  `*ret_last`: it is one of
 * the round before.
 */
static char *
next_reference(const char *program, const char **at, bool *ret_last)
{
	static const char last[] = ".last", tasks[] = ".tasks";
	const char *id, *s = *at - 1;
	size_t len;

	do {
		s = strstr(s + 1, tasks);
		if (!s)
			return NULL;
		*ret_last = s - program >= (ptrdiff_t)strlen(last) &&
		    strncmp(s - strlen(last), last, strlen(last)) == 0 &&
		    is_first(program, s - strlen(last));
	} while (!*ret_last && !is_first(program, s));
	id = *at = s + strlen(tasks);
	if (strncmp(id, "[\"", 2) == 0)
		return xstrndup(id + 2, strcspn(id + 2, "\""));
	if (*id != '.')
		return xstrdup("");
	id++;
	for (len = 0; is_word(id[len]); len++)
		;
	return xstrndup(id, len);
}

/* Whether it is over when the task begins, or when the loop it is in does. */
static bool
is_before(const struct flow *f, const struct flow_task *t, const char *id)
{
	return t && (strs_has(&t->needs, id) ||
	    (t->loop && is_before(f, flow_find(f, t->loop), id)));
}

/* Whether it may mean a member of what a loop or a flow has given. */
static bool
is_within(const struct flow *f, const struct flow_task *t,
    const struct flow_task *to)
{
	return to->loop && (is_before(f, t, to->loop) ||
	    is_within(f, t, flow_find(f, to->loop)));
}

/* A task that a program names must be over when the program is run. */
static void
check_reference(struct programs *c, const struct flow_task *t,
    const char *path, const char *id, bool last)
{
	const struct flow_task *to = flow_find(c->f, id);
	char hint[SUGGEST_TEXT_MAX];

	if (!to) {
		AUTO_FREE const char **known = xcalloc(c->f->n + 1,
		    sizeof(*known));

		for (size_t i = 0; i < c->f->n; i++)
			known[i] = c->f->tasks[i].id;
		yaml_problem(c->p, &c->f->doc, path,
		    "there is no task '%.60s'%s", id,
		    suggest_text(id, known, hint));
	} else if (last && (!to->loop || (strcmp(to->loop, t->id) != 0 &&
	    (!t->loop || strcmp(to->loop, t->loop) != 0)))) {
		yaml_problem(c->p, &c->f->doc, path,
		    "'%s' is not done in the rounds of that loop", id);
	} else if (!last && !is_before(c->f, t, id) &&
	    !is_within(c->f, t, to)) {
		yaml_problem(c->p, &c->f->doc, path, "'%s' looks at the "
		    "result of '%s', but does not need it", t->id, id);
	}
}

static void
check_references(struct programs *c, const struct flow_task *t,
    const char *path, const char *text)
{
	const char *at = text;
	bool last;
	char *id;

	while ((id = next_reference(text, &at, &last))) {
		const struct flow_task *to = flow_find(c->f, id);

		if (*id)
			check_reference(c, t, path, id, last);
		if (to)
			flow_check_member(c->f, to, path, at + strlen(id) +
			    (*at == '.' ? 1 : strlen("[\"\"]")), c->p);
		free(id);
	}
	flow_check_first(c->f, t, path, text, c->p);
}

/* Whether a program looks at a member of its input, ".n" for example. */
static bool
looks_at(const char *program, const char *member)
{
	size_t len = strlen(member);

	for (const char *s = strstr(program, member); s;
	    s = strstr(s + 1, member))
		if (is_first(program, s) && !is_word(s[len]))
			return true;
	return false;
}

void
flow_program_reads(const char *program, struct strs *ret)
{
	static const char *const whole[] = { ".inputs", ".n", ".outer", NULL };
	const char *at = program;
	bool last;
	char *id;

	while (program && (id = next_reference(program, &at, &last))) {
		const char *name = *id ? id : "*";

		if (!last && !strs_has(ret, name))
			strs_add(ret, name);
		free(id);
	}
	for (size_t i = 0; program && whole[i]; i++)
		if (looks_at(program, whole[i]) && !strs_has(ret, whole[i]))
			strs_add(ret, whole[i]);
}

/* The members of a loop that may be programs. */
static const char *const loop_programs[] = {
	"over", "key", "while", "until", NULL
};

void
flow_reads(const jv *value, struct strs *ret)
{
	static const char *const groups[] = { "parallel", "sequential", NULL };
	AUTO_JV jv with = json_get(value, "with");
	AUTO_JV jv loop = json_get(value, "loop");

	flow_program_reads(json_str(value, "condition"), ret);
	JSON_EACH(&with, i) {
		AUTO_JV jv v = json_iter_value(&with, i);

		flow_program_reads(json_string(&v), ret);
	}
	for (size_t i = 0; loop_programs[i]; i++)
		flow_program_reads(json_str(&loop, loop_programs[i]), ret);
	for (size_t k = 0; groups[k]; k++) {
		AUTO_JV jv inner = json_get(value, groups[k]);

		JSON_EACH(&inner, i) {
			AUTO_JV jv v = json_iter_value(&inner, i);

			flow_reads(&v, ret);
		}
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

	AUTO_JV jv loop = json_get(&t->value, "loop");

	if (condition)
		add(c, t, "condition", condition);
	for (size_t i = 0; loop_programs[i]; i++) {
		const char *text = json_str(&loop, loop_programs[i]);
		AUTO_FREE char *member = xasprintf("loop.%s",
		    loop_programs[i]);

		if (text)
			add(c, t, member, text);
	}
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
