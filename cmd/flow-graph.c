/* flow-graph: agent-flow graph: a flow as a picture, or as a list. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "fd.h"
#include "flow.h"
#include "flowcmd.h"
#include "term.h"

enum { LABEL_MAX = 60 };

/* How a language of graphs says things. */
static const struct form {
	const char *name, *begin, *node, *loop, *edge, *end;
} forms[] = {
	{ "dot", "digraph flow {\n\tnode [shape=box];\n",
	    "\t\"%s\" [label=\"%s\"];\n",
	    "\t\"%s\" -> \"%s\" [style=dotted, dir=none];\n",
	    "\t\"%s\" -> \"%s\";\n", "}\n" },
	{ "mermaid", "flowchart TD\n", "    t_%s[\"%s\"]\n",
	    "    t_%s -.- t_%s\n", "    t_%s --> t_%s\n", "" },
	{ NULL, NULL, NULL, NULL, NULL, NULL }
};

static const char *
kind_of(const struct flow_task *t)
{
	static const char *const kinds[] = { "run", "agent", "gate", "flow",
	    "rollback", NULL };

	for (size_t i = 0; kinds[i]; i++)
		if (json_has(&t->value, kinds[i]))
			return kinds[i];
	return "group";
}

/* Its id, what it is, and its title without what a picture would read. */
static void
label(const struct flow_task *t, struct buf *out)
{
	const char *title = json_str(&t->value, "title");
	const char *agent = json_str(&t->value, "agent");
	AUTO_BUF struct buf clean = BUF_INIT;

	buf_addf(out, "%s: %s%s%s%s", t->id,
	    flow_loops(t) ? "loop of " : "", kind_of(t), agent ? " " : "",
	    agent ? agent : "");
	if (!title)
		return;
	buf_adds(out, ", ");
	term_clean(title, strlen(title), TERM_ONELINE, &clean);
	for (size_t i = 0; i < clean.len; i++) {
		char c = clean.data[i];

		/* not within a character */
		if (i >= LABEL_MAX && ((unsigned char)c & 0xc0) != 0x80)
			break;
		buf_addc(out, strchr("\"\\<>[]{}|&;", c) ? ' ' : c);
	}
}

/* The format of a line is one of the table above, with two strings in it. */
static void
add_line(const char *format, const char *a, const char *b, struct buf *out)
{
	const char *args[] = { a, b };
	size_t n = 0;

	for (const char *s = format; *s; s++) {
		if (s[0] == '%' && s[1] == 's') {
			buf_adds(out, args[n++ % 2]);
			s++;
		} else {
			buf_addc(out, *s);
		}
	}
}

static void
draw(const struct flow *f, const struct form *form, struct buf *out)
{
	buf_adds(out, form->begin);
	for (size_t i = 0; i < f->n; i++) {
		const struct flow_task *t = &f->tasks[i];
		AUTO_BUF struct buf text = BUF_INIT;

		if (t->group)
			continue;
		label(t, &text);
		add_line(form->node, t->id, text.data, out);
		if (t->loop)
			add_line(form->loop, t->loop, t->id, out);
		for (size_t k = 0; k < t->needs.n; k++)
			add_line(form->edge, t->needs.v[k], t->id, out);
	}
	buf_adds(out, form->end);
}

/* How many tasks come before it, in a row. */
static int
level(const struct flow *f, struct flow_task *t)
{
	int deepest = 0;

	if (t->mark < 0)
		return -t->mark;
	for (size_t i = 0; i < t->needs.n; i++) {
		int n = level(f, flow_find(f, t->needs.v[i]));

		if (n > deepest)
			deepest = n;
	}
	t->mark = -(deepest + 1);
	return deepest + 1;
}

static void
list_task(const struct flow *f, const struct flow_task *t, struct buf *out)
{
	AUTO_BUF struct buf text = BUF_INIT;
	const struct flow_task *loop = t->loop ? flow_find(f, t->loop) : NULL;

	label(t, &text);
	for (; loop; loop = loop->loop ? flow_find(f, loop->loop) : NULL)
		buf_adds(out, "  ");
	buf_addf(out, "%d  %s", -t->mark, text.data);
	for (size_t k = 0; k < t->needs.n; k++)
		buf_addf(out, "%s%s", k == 0 ? "  <- " : ", ", t->needs.v[k]);
	buf_addc(out, '\n');
	for (size_t i = 0; i < f->n; i++)
		if (!f->tasks[i].group && f->tasks[i].loop &&
		    strcmp(f->tasks[i].loop, t->id) == 0)
			list_task(f, &f->tasks[i], out);
}

/* One a line, after those that come before it. */
static void
list(const struct flow *f, struct buf *out)
{
	int deepest = 0;

	for (size_t i = 0; i < f->n; i++) {
		int n = level(f, &f->tasks[i]);

		if (n > deepest)
			deepest = n;
	}
	for (int n = 1; n <= deepest; n++)
		for (size_t i = 0; i < f->n; i++)
			if (f->tasks[i].mark == -n && !f->tasks[i].group &&
			    !f->tasks[i].loop)
				list_task(f, &f->tasks[i], out);
}

static const struct form *
find_form(const char *name)
{
	const struct form *form = forms;

	while (form->name && strcmp(form->name, name) != 0)
		form++;
	if (!form->name && strcmp(name, "text") != 0)
		cli_usage(&flow_cli, "--format is 'dot', 'mermaid' or 'text'");
	return form;
}

int
flow_graph(struct flow_options *o, int argc, char **argv)
{
	AUTO_FLOW struct flow f = FLOW_INIT;
	AUTO_BUF struct buf why = BUF_INIT;
	AUTO_BUF struct buf out = BUF_INIT;
	const struct form *form;
	struct err e = ERR_INIT;
	struct err ignored;

	flow_options(&flow_cli, argc, argv, o);
	if (argc - optind != 1)
		cli_usage(&flow_cli, "one file is needed");
	form = find_form(o->format ? o->format : "text");
	if (flow_read(argv[optind], &f, &why, &e) < 0) {
		(void)fd_write(STDERR_FILENO, why.data, why.len, &ignored);
		return cli_end(err_report(&e));
	}
	if (form->name)
		draw(&f, form, &out);
	else
		list(&f, &out);
	if (fd_write(STDOUT_FILENO, out.data, out.len, &e) < 0)
		return cli_end(err_report(&e));
	return cli_end(ST_OK);
}
