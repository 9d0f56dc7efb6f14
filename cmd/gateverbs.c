/* gateverbs: ask, list, show, answer, cancel, watch, remembered, forget. */
#include "config.h"

#include "gateverbs.h"

#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "child.h"
#include "cli.h"
#include "env.h"
#include "fd.h"
#include "gatewalk.h"
#include "ulid.h"

static int
print(const struct gate_options *o, const jv *gate, bool whole, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;

	if (o->json)
		return hubcli_json(gate, e);
	(whole ? gate_text : gate_line)(gate, &out);
	return fd_write(STDOUT_FILENO, out.data, out.len, e);
}

/* ask */

/* A question of these kinds has answers to choose from; others are free. */
static void
default_options(struct gate_question *q)
{
	if (json_count(&q->options) > 0 || strcmp(q->kind, "approval") != 0)
		return;
	json_append(&q->options, json_from_str("approve"));
	json_append(&q->options, json_from_str("deny"));
}

static int
print_answer(const struct gate_options *o, const jv *gate, struct err *e)
{
	const char *answer = json_str(gate, "answer");
	const char *message = json_str(gate, "message");
	const char *state = json_str(gate, "state");
	AUTO_BUF struct buf out = BUF_INIT;

	if (!state || strcmp(state, "cancelled") == 0)
		return err_set(e, ST_NO, "the question was cancelled%s%s",
		    message ? ": " : "", message ? message : "");
	if (!gate_denies(answer) && gate_unchanged(gate, e) < 0)
		return -1;
	if (o->json) {
		if (hubcli_json(gate, e) < 0)
			return -1;
	} else {
		buf_addf(&out, "%s%s%s", answer, message ? ": " : "",
		    message ? message : "");
		if (hubcli_line(out.data, out.len, e) < 0)
			return -1;
	}
	return gate_denies(answer) ? ST_NO : ST_OK;
}

int
gate_verb_ask(struct gate_options *o, struct hubcli *c, const char *question,
    struct err *e)
{
	const char *step = env_get("AGENT_STEP_KEY");
	AUTO_FREE char *key = step && !o->q.key ?
	    xasprintf("%s/%s", step, question) : NULL;
	AUTO_JV jv gate = JSON_NONE;
	int r;

	o->q.source = c->source;
	o->q.question = question;
	if (!o->q.kind)
		o->q.kind = "approval";
	/* a step may ask more than one thing */
	if (key)
		o->q.key = key;
	default_options(&o->q);
	if (gate_ask(c->hub, hubcli_workspace(c), &o->q, &gate, e) < 0)
		return -1;
	if (strcmp(o->q.kind, "progress_report") == 0)
		return hubcli_line(json_str(&gate, "id"), ULID_LEN, e);
	r = gate_wait(c->hub, &gate, o->wait ? deadline_in(o->wait_ns)
	    : DEADLINE_NEVER, &cli_signal, e);
	if (r < 0)
		return -1;
	if (r > 0)
		return print_answer(o, &gate, e);
	return err_set(e, ST_TEMPFAIL, "no answer yet: gate %s stays open",
	    json_str(&gate, "id"));
}

/* list, show, answer, cancel, watch */

struct listing {
	const struct gate_options *o;
	struct hubcli *c;
	struct err *e;
	const char *answer;
	int64_t n;
	bool failed;
};

static int
list_one(const jv *gate, void *arg)
{
	struct listing *l = arg;

	l->n++;
	l->failed = print(l->o, gate, false, l->e) < 0;
	return l->failed;
}

int
gate_verb_list(const struct gate_options *o, struct hubcli *c, struct err *e)
{
	struct listing l = { .o = o, .e = e };

	if (hub_gates(c->hub, o->all ? NULL : "open", list_one, &l, e) < 0 ||
	    l.failed)
		return -1;
	return l.n > 0 ? ST_OK : ST_NO;
}

int
gate_verb_show(const struct gate_options *o, struct hubcli *c, const char *id,
    struct err *e)
{
	AUTO_JV jv gate = JSON_NONE;

	if (hub_gate_get(c->hub, id, &gate, e) <= 0)
		return -1;
	return print(o, &gate, true, e);
}

int
gate_verb_answer(const struct gate_options *o, struct hubcli *c, const char *id,
    const struct hub_answer *a, struct err *e)
{
	AUTO_JV jv gate = JSON_NONE;
	int r;

	if (env_get("AGENT_ID") || c->socket)
		return err_set(e, ST_DENIED,
		    "agents do not answer questions; people do");
	r = gate_answer(c->hub, &c->w, id, a, &gate, e);
	if (r < 0)
		return -1;
	if (r == 0) {
		const char *was = json_str(&gate, "answer");
		const char *by = json_str(&gate, "by");

		return err_set(e, ST_NO, "it was decided before: %s%s%s",
		    was ? was : json_str(&gate, "state"), by ? " by " : "",
		    by ? by : "");
	}
	return o->json ? hubcli_json(&gate, e) : ST_OK;
}

static int
answer_one(const jv *gate, void *arg)
{
	struct listing *l = arg;
	struct hub_answer a = l->o->a;
	struct err refused = ERR_INIT;

	a.answer = l->answer;
	if (gate_verb_answer(l->o, l->c, json_str(gate, "id"), &a,
	    &refused) != 0) {
		err_warn("%s: %s", json_str(gate, "id"), refused.text);
		l->failed = true;
	}
	l->n++;
	return 0;
}

static int
collect(const jv *gate, void *arg)
{
	json_append(arg, json_copy(gate));
	return 0;
}

int
gate_verb_answer_all(const struct gate_options *o, struct hubcli *c,
    const char *word, struct err *e)
{
	struct listing l = { .o = o, .c = c, .answer = word };
	AUTO_JV jv all = json_array();

	if (hub_gates(c->hub, "open", collect, &all, e) < 0)
		return -1;
	for (size_t i = 0; i < json_count(&all); i++) {
		AUTO_JV jv one = json_at(&all, i);
		(void)answer_one(&one, &l);
	}
	return l.failed || l.n == 0 ? ST_NO : ST_OK;
}

static int
announce(const struct gate_options *o, const jv *gate, struct err *e)
{
	const char *argv[] = { "sh", "-c", o->exec, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	AUTO_BUF struct buf ignored = BUF_INIT;
	AUTO_FREE char *text = json_text(gate);
	AUTO_FREE char *line = xasprintf("%s\n", text);
	int status;

	if (!o->exec)
		return hubcli_json(gate, e);
	spec.argv = argv;
	status = child_run(&spec, line, 1 << 20, deadline_in(60 * CLOCK_SEC),
	    &ignored, e);
	/* one that could not be told of is not the end of the others */
	if (status != 0)
		err_warn("'%s': %s", o->exec, status < 0 ? e->text :
		    "failed");
	return 0;
}

/* Tells of those among `all` that `*told` lacks; it becomes those. */
static int
announce_new(const struct gate_options *o, const jv *all, jv *told,
    struct err *e)
{
	AUTO_JV jv before = *told;
	int r = 0;

	*told = json_object();
	for (size_t i = 0; r == 0 && i < json_count(all); i++) {
		AUTO_JV jv one = json_at(all, i);
		const char *id = json_str(&one, "id");

		json_set_bool(told, id, true);
		if (!json_has(&before, id))
			r = announce(o, &one, e);
	}
	return r;
}

int
gate_verb_watch(const struct gate_options *o, struct hubcli *c, struct err *e)
{
	struct hub_watch *w = NULL;
	AUTO_JV jv told = json_object();
	int r = hub_gate_watch(c->hub, &w, e);

	while (r >= 0) {
		AUTO_JV jv all = json_array();

		r = hub_gates(c->hub, "open", collect, &all, e);
		if (r == 0)
			r = announce_new(o, &all, &told, e);
		if (r == 0)
			r = hub_watch_wait(w, DEADLINE_NEVER, -1, &cli_signal,
			    e);
	}
	hub_watch_close(w);
	return -1;
}

static int
print_one(const jv *item, void *arg)
{
	return hubcli_json(item, arg) < 0;
}

int
gate_verb_forget(struct hubcli *c, const char *id, struct err *e)
{
	int r = hub_forget(c->hub, id, e);

	return r < 0 ? -1 : r ? ST_OK : err_set(e, ST_NOINPUT,
	    "nothing is remembered as '%s'", id);
}

int
gate_verb_remembered(struct hubcli *c, struct err *e)
{
	return hub_remembered_list(c->hub, print_one, e, e);
}
