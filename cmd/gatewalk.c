/* gatewalk: shows questions, takes answers from a terminal. */
#include "config.h"

#include "gatewalk.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "child.h"
#include "cli.h"
#include "env.h"
#include "fd.h"
#include "gate.h"
#include "term.h"

enum { ID_SHOWN = 8, PAGER_LINES = 20 };

/* Made by agents: nothing in it may steer the terminal. */
static void
add_clean(struct buf *out, const char *text, int flags)
{
	if (text)
		term_clean(text, strlen(text), flags, out);
}

static const char *
short_id(const jv *gate)
{
	const char *id = json_str(gate, "id");
	size_t len = id ? strlen(id) : 0;

	return len > ID_SHOWN ? id + len - ID_SHOWN : id ? id : "";
}

static void
add_options(const jv *gate, struct buf *out)
{
	AUTO_JV jv options = json_get(gate, "options");

	for (size_t i = 0; i < json_count(&options); i++) {
		AUTO_JV jv o = json_at(&options, i);

		buf_adds(out, i ? ", " : "");
		add_clean(out, json_string(&o), TERM_ONELINE);
	}
}

void
gate_line(const jv *gate, struct buf *out)
{
	const char *answer = json_str(gate, "answer");
	const char *state = json_str(gate, "state");
	bool overdue = false;

	json_bool(gate, "overdue", &overdue);
	buf_addf(out, "%s  %.16s  ", short_id(gate), json_str(gate, "asked"));
	add_clean(out, json_str(gate, "source"), TERM_ONELINE);
	buf_adds(out, "  ");
	add_clean(out, json_str(gate, "question"), TERM_ONELINE);
	if (state && strcmp(state, "open") != 0) {
		buf_addf(out, "  [%s", state);
		buf_adds(out, answer ? ": " : "");
		add_clean(out, answer, TERM_ONELINE);
		buf_addc(out, ']');
	} else {
		buf_adds(out, "  (");
		add_options(gate, out);
		buf_adds(out, overdue ? "; overdue)" : ")");
	}
	buf_addc(out, '\n');
}

void
gate_text(const jv *gate, struct buf *out)
{
	static const char *const members[] = {
		"id", "state", "source", "run", "task", "kind", "who",
		"asked", "deadline", "then", "path", "digest", "answer",
		"message", "by", "at"
	};
	const char *shown = json_str(gate, "shown");

	add_clean(out, json_str(gate, "question"), 0);
	buf_adds(out, "\n\n");
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		const char *value = json_str(gate, members[i]);

		if (!value)
			continue;
		buf_addf(out, "%-9s ", members[i]);
		add_clean(out, value, TERM_ONELINE);
		buf_addc(out, '\n');
	}
	buf_adds(out, "options   ");
	add_options(gate, out);
	buf_addc(out, '\n');
	if (shown) {
		buf_addc(out, '\n');
		add_clean(out, shown, 0);
		if (out->data[out->len - 1] != '\n')
			buf_addc(out, '\n');
	}
}

static int
count_lines(const struct buf *text)
{
	int n = 0;

	for (size_t i = 0; i < text->len; i++)
		n += text->data[i] == '\n';
	return n;
}

/* In the pager when it is long. */
static int
present(const jv *gate, struct err *e)
{
	const char *pager = env_get("PAGER");
	const char *argv[] = { "sh", "-c", pager ? pager : "less", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child child = CHILD_INIT;
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	int status;

	gate_text(gate, &text);
	spec.argv = argv;
	spec.in = CHILD_PIPE;
	spec.same_group = true;
	if (count_lines(&text) <= PAGER_LINES ||
	    child_start(&spec, &child, &ignored) < 0)
		return fd_write(STDOUT_FILENO, text.data, text.len, e);
	/* who leaves the pager early has seen enough */
	(void)fd_write(child.in, text.data, text.len, &ignored);
	close(child.in);
	child.in = -1;
	return child_wait(&child, DEADLINE_NEVER, NULL, &status, e) < 0
	    ? -1 : 0;
}

/* "modify: but rename it"; where nothing is to be chosen, all is the answer. */
static void
split(char *line, const jv *gate, struct hub_answer *ret)
{
	AUTO_JV jv options = json_get(gate, "options");
	char *colon = json_count(&options) > 0 ? strchr(line, ':') : NULL;

	*ret = (struct hub_answer){ .state = "answered", .answer = line };
	if (colon) {
		*colon++ = '\0';
		ret->message = colon + strspn(colon, " ");
	}
}

static void
prompt(const jv *gate)
{
	AUTO_BUF struct buf out = BUF_INIT;

	add_options(gate, &out);
	if (out.len > 0)
		printf("%s; more after a colon; s skips, q ends> ", out.data);
	else
		printf("answer in words; s skips, q ends> ");
	fflush(stdout);
}

/*
 * Gives it: 1 when this question is done with, 0 to ask the person again, -1.
 * That one may not answer this, or that it has changed, says nothing about
 * the next.
 */
static int
give(struct hubcli *c, const jv *gate, const struct hub_answer *a,
    struct err *e)
{
	AUTO_JV jv result = JSON_NONE;
	struct err refused = ERR_INIT;
	int r = gate_answer(c->hub, &c->w, json_str(gate, "id"), a, &result,
	    &refused);

	if (r > 0)
		return 1;
	if (r == 0) {
		const char *first = json_str(&result, "answer");
		printf("somebody was first: %s\n", first ? first :
		    "it was cancelled");
		return 1;
	}
	if (refused.status != ST_USAGE && refused.status != ST_DENIED) {
		*e = refused;
		return -1;
	}
	printf("%s\n", refused.text);
	return refused.status == ST_DENIED;
}

/* The answer to one: 1 go on, 0 enough, -1. */
static int
take_answer(struct hubcli *c, const jv *gate, struct err *e)
{
	char line[4096];
	struct hub_answer a;
	int r = 0;

	while (r == 0) {
		prompt(gate);
		if (!fgets(line, sizeof(line), stdin))
			return 0;
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, "q") == 0)
			return 0;
		if (strcmp(line, "s") == 0)
			return 1;
		split(line, gate, &a);
		if (*line)
			r = give(c, gate, &a, e);
	}
	return r;
}

static int
collect(const jv *gate, void *arg)
{
	json_append(arg, json_copy(gate));
	return 0;
}

int
gate_walk(struct hubcli *c, struct err *e)
{
	AUTO_JV jv open = json_array();
	int r = hub_gates(c->hub, "open", collect, &open, e);

	signal(SIGPIPE, SIG_IGN);
	if (r == 0 && json_count(&open) == 0) {
		printf("there are no open questions\n");
		return ST_NO;
	}
	for (size_t i = 0; r >= 0 && i < json_count(&open); i++) {
		AUTO_JV jv gate = json_at(&open, i);

		r = present(&gate, e);
		if (r == 0)
			r = take_answer(c, &gate, e);
		if (r == 0)
			break;
	}
	return r < 0 ? -1 : ST_OK;
}
