/*
 * flow-member: what jq programs look at that is never there, and what they
 * compare it with that it never is: `.tasks.a.reslt`, `.result == "okay"`.
 * jq gives null for these, so a condition would never hold and nobody would be
 * told.
 *
 * A program is not parsed, so only what is plain to see is told.
 */
#include "config.h"

#include <ctype.h>

#include "alloc.h"
#include "flow-impl.h"
#include "step.h"
#include "suggest.h"

/* A place in a program, and whose it is. */
struct place {
	const struct flow *f;
	struct yaml_problems *p;
	const char *path;		/* in the document */
	const struct flow_task *task;	/* that is looked at */
};

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The name after a dot, or NULL; `*s` moves behind it. */
static char *
next_name(const char **s)
{
	const char *from = *s + 1;
	size_t len = 0;

	if (**s != '.')
		return NULL;
	while (is_word(from[len]))
		len++;
	if (len == 0 || isdigit((unsigned char)*from))
		return NULL;
	*s = from + len;
	return xstrndup(from, len);
}

static void
skip_space(const char **s)
{
	while (isspace((unsigned char)**s))
		(*s)++;
}

/* The text after == or !=; NULL when something else comes. */
static char *
compared_text(const char *s)
{
	size_t len;

	skip_space(&s);
	if (strncmp(s, "==", 2) != 0 && strncmp(s, "!=", 2) != 0)
		return NULL;
	s += 2;
	skip_space(&s);
	if (*s != '"')
		return NULL;
	len = strcspn(s + 1, "\"\\");
	return s[1 + len] == '"' ? xstrndup(s + 1, len) : NULL;
}

static void
check_result(const struct place *at, const char *s)
{
	const char *known[STEP_OVER_BUDGET + 1] = { NULL };
	AUTO_FREE char *text = compared_text(s);
	char hint[SUGGEST_TEXT_MAX];

	if (!text || step_outcome_of(text) != STEP_NONE)
		return;
	for (int i = STEP_OK; i <= STEP_OVER_BUDGET; i++)
		known[i - STEP_OK] = step_outcome_name((enum step_outcome)i);
	yaml_problem(at->p, &at->f->doc, at->path,
	    "the result of '%s' is never '%.60s'%s", at->task->id, text,
	    suggest_text(text, known, hint));
}

static bool
gives_text(const struct flow_task *t)
{
	const char *form = json_str(&t->value, "output");

	return json_has(&t->value, "run") && !flow_loops(t) &&
	    (!json_has(&t->value, "output") ||
	    (form && strcmp(form, "text") == 0));
}

/* What a schema that allows nothing else says of a member: none, or fine. */
static bool
schema_lacks(const struct flow_task *t, const char *name)
{
	AUTO_JV jv schema = json_get(&t->value, "output");
	AUTO_JV jv members = json_get(&schema, "properties");
	bool more = true;

	json_bool(&schema, "additionalProperties", &more);
	return !flow_loops(t) && !more && json_is(&members, JSON_OBJECT) &&
	    !json_has(&schema, "patternProperties") &&
	    !json_has(&schema, "$ref") && !json_has(&members, name);
}

static void
check_output(const struct place *at, const char *s)
{
	AUTO_FREE char *name = next_name(&s);

	if (name && gives_text(at->task))
		yaml_problem(at->p, &at->f->doc, at->path, "the output of "
		    "'%s' is a text, which has no '%.60s': 'output: json' "
		    "would read it", at->task->id, name);
	else if (name && schema_lacks(at->task, name))
		yaml_problem(at->p, &at->f->doc, at->path, "the output of "
		    "'%s' has no '%.60s' by its schema", at->task->id, name);
}

/* Where the word is in a list, or where that ends. */
static size_t
place_in(const char *const *known, const char *word)
{
	size_t i = 0;

	while (known[i] && strcmp(known[i], word) != 0)
		i++;
	return i;
}

void
flow_check_member(const struct flow *f, const struct flow_task *task,
    const char *path, const char *s, struct yaml_problems *p)
{
	static const char *const known[] = { "result", "status", "message",
	    "output", NULL };
	const struct place at = { f, p, path, task };
	AUTO_FREE char *name = next_name(&s);
	char hint[SUGGEST_TEXT_MAX];
	size_t i = name ? place_in(known, name) : 0;

	if (!name)
		return;
	if (!known[i])
		yaml_problem(p, &f->doc, path, "of a task there is 'result', "
		    "'status', 'message' and 'output', but no '%.60s'%s",
		    name, suggest_text(name, known, hint));
	else if (i == 0)
		check_result(&at, s);
	else if (i == 3)
		check_output(&at, s);
}

/* Up to where nothing can have changed what a program is given. */
static const char *
end_of_first(const char *program)
{
	const char *s = program;

	while (*s && !strchr("|\"#;", *s) &&
	    !(*s == '(' && s > program && is_word(s[-1])) &&
	    strncmp(s, "def ", 4) != 0 && strncmp(s, "catch", 5) != 0)
		s++;
	return s;
}

static void
check_first(const struct flow *f, const struct flow_task *t, const char *path,
    const char *s, struct yaml_problems *p)
{
	static const char *const known[] = { "tasks", "inputs", "item", "key",
	    "n", "last", "outer", NULL };
	AUTO_JV jv inputs = json_get(&f->doc.value, "inputs");
	AUTO_FREE char *name = next_name(&s);
	AUTO_FREE char *input = NULL;
	char hint[SUGGEST_TEXT_MAX];
	size_t i = name ? place_in(known, name) : 0;

	if (!name)
		return;
	if (!known[i])
		yaml_problem(p, &f->doc, path, "there is no '.%.60s' here%s",
		    name, suggest_text(name, known, hint));
	else if (i > 1 && !t->loop && !flow_loops(t) &&
	    strncmp(s, ".tasks", 6) != 0)	/* that was looked at */
		yaml_problem(p, &f->doc, path, "there is no '.%s' but in a "
		    "loop", name);
	if (i != 1 || !(input = next_name(&s)) || json_has(&inputs, input))
		return;
	yaml_problem(p, &f->doc, path, "the flow has no input '%.60s'",
	    input);
}

void
flow_check_first(const struct flow *f, const struct flow_task *t,
    const char *path, const char *program, struct yaml_problems *p)
{
	const char *end = end_of_first(program);

	for (const char *s = program; s < end; s++)
		if (*s == '.' && (s == program ||
		    strchr(" \t\n([{:,", s[-1])))
			check_first(f, t, path, s, p);
}
