/* agent-gate: asks people and the policy, takes their answers. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "gateverbs.h"
#include "gatewalk.h"

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
set_option(struct gate_options *o, int c)
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
act(struct gate_options *o, int n, char **arg, struct err *e)
{
	AUTO_HUBCLI struct hubcli c = HUBCLI_INIT;
	const char *verb = n > 0 ? arg[0] : "";

	if (hubcli_open(o->dir, o->from, &c, e) < 0)
		return -1;
	if (n == 0 && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return gate_walk(&c, e);
	if (n == 0 || (n == 1 && strcmp(verb, "list") == 0))
		return gate_verb_list(o, &c, e);
	if (n == 2 && strcmp(verb, "ask") == 0)
		return gate_verb_ask(o, &c, arg[1], e);
	if (n == 2 && strcmp(verb, "show") == 0)
		return gate_verb_show(o, &c, arg[1], e);
	if (n == 2 && strcmp(verb, "answer") == 0 && o->all)
		return gate_verb_answer_all(o, &c, arg[1], e);
	if (n == 3 && strcmp(verb, "answer") == 0 && !o->all) {
		o->a.answer = arg[2];
		return gate_verb_answer(o, &c, arg[1], &o->a, e);
	}
	if (n == 2 && strcmp(verb, "cancel") == 0) {
		o->a.state = "cancelled";
		return gate_verb_answer(o, &c, arg[1], &o->a, e);
	}
	if (n == 1 && strcmp(verb, "watch") == 0)
		return gate_verb_watch(o, &c, e);
	if (n == 1 && strcmp(verb, "remembered") == 0)
		return gate_verb_remembered(&c, e);
	if (n == 2 && strcmp(verb, "forget") == 0)
		return gate_verb_forget(&c, arg[1], e);
	cli_usage(&cli, "what is '%s' with %d operands?", verb, n - 1);
}

int
main(int argc, char **argv)
{
	struct gate_options o = { .q = { .options = json_array(),
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
