/*
 * agent-route: who does a task, on which model, and why: tasks in, the same
 * tasks out, each with a member `route`.
 */
#include "config.h"

#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "fd.h"
#include "route-eval.h"
#include "route-setup.h"
#include "route-stream.h"

enum {
	OPT_EVAL = 256, OPT_EXAMPLES, OPT_FEEDBACK, OPT_LINES, OPT_NO_EXPLORE,
	OPT_NO_STATS, OPT_OBJECTIVE, OPT_OBSERVE, OPT_STATS, OPT_JSON
};

static const struct option longopts[] = {
	{ "agents", required_argument, NULL, 'a' },
	{ "cd", required_argument, NULL, 'C' },
	{ "eval", required_argument, NULL, OPT_EVAL },
	{ "examples", required_argument, NULL, OPT_EXAMPLES },
	{ "explain", no_argument, NULL, 'e' },
	{ "feedback", required_argument, NULL, OPT_FEEDBACK },
	CLI_OPT_HELP,
	{ "json", no_argument, NULL, OPT_JSON },
	{ "lines", no_argument, NULL, OPT_LINES },
	{ "no-explore", no_argument, NULL, OPT_NO_EXPLORE },
	{ "no-stats", no_argument, NULL, OPT_NO_STATS },
	{ "objective", required_argument, NULL, OPT_OBJECTIVE },
	{ "observe", no_argument, NULL, OPT_OBSERVE },
	{ "rules", required_argument, NULL, 'r' },
	{ "stats", no_argument, NULL, OPT_STATS },
	{ "top", required_argument, NULL, 'n' },
	CLI_OPT_VERSION,
	{ 0 }
};

static const struct cli cli = {
	.name = "agent-route",
	.usage =
	    "usage: agent-route [-e] [-a FILE] [-C DIR] [-n N] [-r FILE] "
	    "[--examples FILE]\n"
	    "                   [--lines] [--no-explore] [--no-stats] "
	    "[--objective NAME]\n"
	    "       agent-route [-C DIR] [-r FILE] --observe\n"
	    "       agent-route [-C DIR] [-r FILE] --stats [--json]\n"
	    "       agent-route [-a FILE] [-C DIR] [--examples FILE] "
	    "--feedback ID VERDICT\n"
	    "       agent-route [-a FILE] [-C DIR] [-r FILE] "
	    "[--examples FILE] [--no-stats]\n"
	    "                   --eval FILE\n",
	.shortopts = "a:C:en:r:",
	.longopts = longopts,
};

enum verb { ROUTE, OBSERVE, STATS, FEEDBACK, EVAL };

struct options {
	enum verb verb;
	struct route_request request;
	const char *argument;		/* of --eval, --feedback */
	const char *verdict;
	bool explain, lines, json;
};

static void
set_verb(struct options *o, enum verb verb, const char *argument)
{
	if (o->verb != ROUTE)
		cli_usage(&cli, "--eval, --feedback, --observe and --stats "
		    "exclude each other");
	o->verb = verb;
	o->argument = argument;
}

static void
take_option(struct options *o, int c)
{
	struct route_request *q = &o->request;
	enum route_objective ignored;

	switch (c) {
	case 'a': q->agents = optarg; break;
	case 'C': q->dir = optarg; break;
	case 'e': o->explain = true; break;
	case 'n': q->top = (size_t)cli_int(&cli, "--top", 0, 1000); break;
	case 'r': q->rules = optarg; break;
	case OPT_EVAL: set_verb(o, EVAL, optarg); break;
	case OPT_EXAMPLES: q->examples = optarg; break;
	case OPT_FEEDBACK: set_verb(o, FEEDBACK, optarg); break;
	case OPT_JSON: o->json = true; break;
	case OPT_LINES: o->lines = true; break;
	case OPT_NO_EXPLORE: q->explore = false; break;
	case OPT_NO_STATS: q->stats = false; break;
	case OPT_OBSERVE: set_verb(o, OBSERVE, NULL); break;
	case OPT_STATS: set_verb(o, STATS, NULL); break;
	case OPT_OBJECTIVE:
		q->objective = optarg;
		if (!route_objective_parse(optarg, &ignored))
			cli_usage(&cli, "--objective is balanced, cheapest, "
			    "fastest or best, not '%s'", optarg);
		break;
	}
}

static void
parse_options(int argc, char **argv, struct options *o)
{
	int c;

	while ((c = cli_option(&cli, argc, argv)) != -1)
		take_option(o, c);
	if (o->verb == FEEDBACK) {
		if (optind == argc)
			cli_usage(&cli, "--feedback needs a verdict: good, "
			    "bad or should-be=AGENT");
		o->verdict = argv[optind++];
	}
	if (optind < argc)
		cli_usage(&cli, "unexpected argument '%s'", argv[optind]);
	if (!o->request.stats && o->verb != ROUTE && o->verb != EVAL)
		cli_usage(&cli, "--no-stats does not go with this");
}

static int
show_eval(const struct options *o, struct route_setup *s, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	int bad = route_eval(s->route, s->stat, o->argument, &out, e);

	if (bad < 0 || fd_write(STDOUT_FILENO, out.data, out.len, e) < 0)
		return -1;
	return bad ? ST_DATA : ST_OK;
}

/* The status, or -1. */
static int
act(const struct options *o, struct route_setup *s, struct err *e)
{
	struct route_stream st = {
		.setup = s, .in = STDIN_FILENO, .out = STDOUT_FILENO,
		.lines = o->lines, .explain = o->explain
	};
	long bad = 0;

	switch (o->verb) {
	case ROUTE:
		bad = route_stream(&st, e);
		break;
	case OBSERVE:
		bad = route_observe(&st, e);
		break;
	case STATS:
		return route_show_stats(s, o->json, STDOUT_FILENO, e);
	case FEEDBACK:
		if (!s->examples)
			return err_set(e, ST_NOINPUT,
			    "there is no home directory for corrections");
		return route_feedback(s->stat, &s->agents, s->examples,
		    o->argument, o->verdict, e);
	case EVAL:
		return show_eval(o, s, e);
	}
	return bad < 0 ? -1 : bad > 0 ? ST_DATA : ST_OK;
}

int
main(int argc, char **argv)
{
	struct options o = {
		.request = { .top = 3, .explore = true, .stats = true }
	};
	struct route_setup s = ROUTE_SETUP_INIT;
	struct err e = ERR_INIT, late = ERR_INIT;
	int status;

	cli_begin(&cli);
	parse_options(argc, argv, &o);
	o.request.need_router = o.verb == ROUTE || o.verb == EVAL;
	o.request.need_agents = o.request.need_router || o.verb == FEEDBACK;
	o.request.need_stats = !o.request.need_router;
	status = route_set_up(&o.request, &s, &e);
	if (status == 0)
		status = act(&o, &s, &e);
	if (status < 0)
		status = err_report(&e);
	if (route_tear_down(&s, &late) < 0 && status == ST_OK)
		status = err_report(&late);
	return cli_end(status);
}
