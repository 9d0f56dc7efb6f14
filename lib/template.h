/*
 * template: a question kept under a name, with places to fill in.
 *
 * A template is a YAML file, as those of llm(1): `prompt` and `system`, in
 * which $name and ${name} stand for parameters, $$ for a dollar sign and, in
 * the prompt, $input for what is asked (where that is missing, it comes
 * behind); `model`, `options`, `schema` (a mapping, or the short form of
 * schema.h), `extract`, `extract_last`, and `defaults` for parameters.  A file
 * that is a mere string is a prompt.  A `$` before anything else is itself.
 * What is filled in is text and nothing more: it is not looked at again, and
 * no shell sees it.
 *
 * NAME is looked for in the workspace's .agent/templates/, then in
 * $XDG_CONFIG_HOME/agent/templates/, as NAME.yaml; with a slash or .yaml at
 * its end it is a file.
 */
#ifndef AGENT_TEMPLATE_H
#define AGENT_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "json.h"
#include "workspace.h"

struct template {
	char *name, *path;
	char *prompt, *rules, *model;	/* or NULL */
	char *schema;		/* as the option --schema takes it; or NULL */
	jv options;		/* object; or JSON_NONE */
	jv values;		/* of parameters: an object of strings */
	bool extract, extract_last;
};

#define TEMPLATE_INIT { .options = JSON_NONE, .values = JSON_NONE }

void	template_release(struct template *t);
#define AUTO_TEMPLATE __attribute__((cleanup(template_release)))

/*
 * Reads one and gives it its parameters: `params` is an object of strings.
 * ST_NOINPUT when there is none (with a suggestion), ST_CONFIG for what is
 * wrong in it, ST_USAGE for a parameter that it lacks or does not know.
 */
int	template_load(const char *name, const struct workspace *ws,
	    const jv *params, struct template *ret, struct err *e);

/* The prompt with everything in its place; the system message. */
void	template_prompt(const struct template *t, const char *input,
	    size_t len, struct buf *out);
void	template_rules(const struct template *t, struct buf *out);

/* Writes it among the user's own, under its name; what is NULL is left out.
 * ST_USAGE for a name that is none. */
int	template_save(const struct template *t, struct err *e);

/* All there are, the workspace's first: {"name","path","prompt","system",
 * "model"}; one that cannot be read has "error" instead. */
jv	template_list(const struct workspace *ws);

#endif
