/* agent-gate: asks people and the policy, takes their answers. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "child.h"
#include "cli.h"
#include "env.h"
#include "fd.h"
#include "gate.h"
#include "gatewalk.h"
#include "hubcli.h"
#include "ulid.h"

enum {
	OPT_ALL = 256, OPT_ALWAYS, OPT_DEADLINE, OPT_EXEC, OPT_FOR, OPT_FROM,
	OPT_JSON, OPT_KEY, OPT_KIND, OPT_SHOW, OPT_SUBJECT, OPT_THEN,
	OPT_WAIT, OPT_WHO
};

static const struct option longopts[] = {
	{ "all", no_argument, NULL, OPT_ALL },
	{ "always", no_argument, NULL, OPT_ALWAYS },
	{ "cd", required_argument, NULL, 'C' },
	{ "deadline", required_argument, NULL, OPT_DEADLINE },
	{ "exec", required_argument, NULL, OPT_EXEC },
	{ "for", required_argument, NULL, OPT_FOR },
	{ "from", required_argument, NULL, OPT_FROM },
	CLI_OPT_HELP,
	{ "json", no_argument, NULL, OPT_JSON },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "kind", required_argument, NULL, OPT_KIND },
	{ "message", required_argument, NULL, 'm' },
	{ "option", required_argument, NULL, 'o' },
	{ "show", required_argument, NULL, OPT_SHOW },
	{ "subject", required_argument, NULL, OPT_SUBJECT },
	{ "then", required_argument, NULL, OPT_THEN },
	CLI_OPT_VERSION,
	{ "wait", required_argument, NULL, OPT_WAIT },
	{ "who", required_argument, NULL, OPT_WHO },
	{ 0 }
};

static const struct cli cli = {
	.name = "agent-gate",
	.usage =
	    "usage: agent-gate [-C DIR]\n"
	    "       agent-gate [-C DIR] ask [-o OPTION] [--deadline TIME] "
	    "[--from ID]\n"
	    "                  [--json] [--key KEY] [--kind KIND] "
	    "[--show FILE]\n"
	    "                  [--subject TEXT] [--then WHAT] [--wait TIME] "
	    "[--who ROLE]\n"
	    "                  QUESTION\n"
	    "       agent-gate [-C DIR] list [--all] [--json]\n"
	    "       agent-gate [-C DIR] show [--json] ID\n"
	    "       agent-gate [-C DIR] answer [-m TEXT] [--always] "
	    "[--for TIME] [--json]\n"
	    "                  ID ANSWER\n"
	    "       agent-gate [-C DIR] answer [-m TEXT] --all ANSWER\n"
	    "       agent-gate [-C DIR] cancel [-m TEXT] ID\n"
	    "       agent-gate [-C DIR] watch [--exec COMMAND]\n"
	    "       agent-gate [-C DIR] remembered\n"
	    "       agent-gate [-C DIR] forget ID\n",
	.shortopts = "C:m:o:",
	.longopts = longopts,
};

struct options {
	struct gate_question q;
	struct hub_answer a;
	const char *dir, *from, *exec;
	bool all, json, wait;
	int64_t wait_ns;
};

static const char *
parse_then(const char *word)
{
	if (strcmp(word, "hold") != 0 && strcmp(word, "deny") != 0 &&
	    strcmp(word, "halt") != 0)
		cli_usage(&cli, "--then is 'hold', 'deny' or 'halt', not '%s'",
		    word);
	return word;
}

static void
set_option(struct options *o, int c)
{
	switch (c) {
	case 'C': o->dir = optarg; break;
	case 'm': o->a.message = optarg; break;
	case 'o': json_append(&o->q.options, json_from_str(optarg)); break;
	case OPT_ALL: o->all = true; break;
	case OPT_ALWAYS: o->a.remember = true; break;
	case OPT_DEADLINE:
		o->q.deadline_ns = cli_duration(&cli, "--deadline");
		break;
	case OPT_EXEC: o->exec = optarg; break;
	case OPT_FOR:
		o->a.remember = true;
		o->a.remember_ns = cli_duration(&cli, "--for");
		break;
	case OPT_FROM: o->from = optarg; break;
	case OPT_JSON: o->json = true; break;
	case OPT_KEY: o->q.key = optarg; break;
	case OPT_KIND: o->q.kind = optarg; break;
	case OPT_SHOW: o->q.path = optarg; break;
	case OPT_SUBJECT: o->q.subject = optarg; break;
	case OPT_THEN: o->q.then = parse_then(optarg); break;
	case OPT_WAIT:
		o->wait = true;
		o->wait_ns = cli_duration(&cli, "--wait");
		break;
	case OPT_WHO: o->q.who = optarg; break;
	default: break;
	}
}

static int
print(const struct options *o, const jv *gate, bool whole, struct err *e)
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
print_answer(const struct options *o, const jv *gate, struct err *e)
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

static int
ask(struct options *o, struct hubcli *c, const char *question, struct err *e)
{
	AUTO_JV jv gate = JSON_NONE;
	int r;

	o->q.source = c->source;
	o->q.question = question;
	if (!o->q.kind)
		o->q.kind = "approval";
	if (!o->q.key)
		o->q.key = env_get("AGENT_STEP_KEY");
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
	const struct options *o;
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

static int
list(const struct options *o, struct hubcli *c, struct err *e)
{
	struct listing l = { .o = o, .e = e };

	if (hub_gates(c->hub, o->all ? NULL : "open", list_one, &l, e) < 0 ||
	    l.failed)
		return -1;
	return l.n > 0 ? ST_OK : ST_NO;
}

static int
show(const struct options *o, struct hubcli *c, const char *id, struct err *e)
{
	AUTO_JV jv gate = JSON_NONE;

	if (hub_gate_get(c->hub, id, &gate, e) <= 0)
		return -1;
	return print(o, &gate, true, e);
}

static int
answer(const struct options *o, struct hubcli *c, const char *id,
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
	if (answer(l->o, l->c, json_str(gate, "id"), &a, &refused) != 0) {
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

static int
answer_all(const struct options *o, struct hubcli *c, const char *word,
    struct err *e)
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
announce(const struct options *o, const jv *gate, struct err *e)
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
announce_new(const struct options *o, const jv *all, jv *told, struct err *e)
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

static int
watch(const struct options *o, struct hubcli *c, struct err *e)
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

static int
forget(struct hubcli *c, const char *id, struct err *e)
{
	int r = hub_forget(c->hub, id, e);

	return r < 0 ? -1 : r ? ST_OK : err_set(e, ST_NOINPUT,
	    "nothing is remembered as '%s'", id);
}

static int
act(struct options *o, int n, char **arg, struct err *e)
{
	AUTO_HUBCLI struct hubcli c = HUBCLI_INIT;
	const char *verb = n > 0 ? arg[0] : "";

	if (hubcli_open(o->dir, o->from, &c, e) < 0)
		return -1;
	if (n == 0 && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return gate_walk(&c, e);
	if (n == 0 || (n == 1 && strcmp(verb, "list") == 0))
		return list(o, &c, e);
	if (n == 2 && strcmp(verb, "ask") == 0)
		return ask(o, &c, arg[1], e);
	if (n == 2 && strcmp(verb, "show") == 0)
		return show(o, &c, arg[1], e);
	if (n == 2 && strcmp(verb, "answer") == 0 && o->all)
		return answer_all(o, &c, arg[1], e);
	if (n == 3 && strcmp(verb, "answer") == 0 && !o->all) {
		o->a.answer = arg[2];
		return answer(o, &c, arg[1], &o->a, e);
	}
	if (n == 2 && strcmp(verb, "cancel") == 0) {
		o->a.state = "cancelled";
		return answer(o, &c, arg[1], &o->a, e);
	}
	if (n == 1 && strcmp(verb, "watch") == 0)
		return watch(o, &c, e);
	if (n == 1 && strcmp(verb, "remembered") == 0)
		return hub_remembered_list(c.hub, print_one, e, e);
	if (n == 2 && strcmp(verb, "forget") == 0)
		return forget(&c, arg[1], e);
	cli_usage(&cli, "what is '%s' with %d operands?", verb, n - 1);
}

int
main(int argc, char **argv)
{
	struct options o = { .q = { .options = json_array(),
		.deadline_ns = -1, .then = "hold" },
		.a.state = "answered" };
	struct err e = ERR_INIT;
	int c, r;

	cli_begin(&cli);
	while ((c = cli_option(&cli, argc, argv)) != -1)
		set_option(&o, c);
	cli_catch_signals();
	r = act(&o, argc - optind, argv + optind, &e);
	json_release(&o.q.options);
	if (r < 0 && !cli_signal)
		r = err_report(&e);
	cli_raise();
	return cli_end(r);
}
