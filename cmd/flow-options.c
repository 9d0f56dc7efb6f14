/* flow-options: the command line of agent-flow. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "clock.h"
#include "env.h"
#include "flowcmd.h"

enum {
	OPT_CHECK = 256, OPT_DELAY, OPT_DRY_RUN, OPT_FLOW, OPT_FORCE,
	OPT_FORMAT, OPT_JSON, OPT_KEEP_FAILED, OPT_RETRY_FAILED,
	OPT_SET, OPT_STDIN, OPT_WAIT,
	RETRIES_MAX = 1000, JOBS_MAX = 1000
};

static const struct option longopts[] = {
	{ "cd", required_argument, NULL, 'C' },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "delay", required_argument, NULL, OPT_DELAY },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "env", required_argument, NULL, 'e' },
	{ "flow", required_argument, NULL, OPT_FLOW },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "format", required_argument, NULL, OPT_FORMAT },
	CLI_OPT_HELP,
	{ "input", required_argument, NULL, 'i' },
	{ "jobs", required_argument, NULL, 'j' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "keep-failed", no_argument, NULL, OPT_KEEP_FAILED },
	{ "needs", required_argument, NULL, 'n' },
	{ "output", required_argument, NULL, 'o' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "retries", required_argument, NULL, 'r' },
	{ "retry-failed", no_argument, NULL, OPT_RETRY_FAILED },
	{ "set", required_argument, NULL, OPT_SET },
	{ "stdin", required_argument, NULL, OPT_STDIN },
	{ "timeout", required_argument, NULL, 't' },
	CLI_OPT_VERSION,
	{ "wait", required_argument, NULL, OPT_WAIT },
	{ 0 }
};

const struct cli flow_cli = {
	.name = "agent-flow",
	.usage =
	    "usage: agent-flow run [-q] [-C DIR] [-j N] [--dry-run] "
	    "[--force TASK]\n"
	    "           [--format text|ndjson] [--retry-failed] "
	    "[--set NAME=VALUE] FILE\n"
	    "           [TASK ...]\n"
	    "       agent-flow cancel FLOW [TASK]\n"
	    "       agent-flow check [-C DIR] FILE ...\n"
	    "       agent-flow compile [-C DIR] [--set NAME=VALUE] FILE\n"
	    "       agent-flow graph [--format dot|mermaid|text] FILE\n"
	    "       agent-flow show [--json] FLOW TASK\n"
	    "       agent-flow status [-q] [--check] [--json] FLOW\n"
	    "       agent-flow step [-q] [-C DIR] [-e NAME[=VALUE]] [-i FILE] "
	    "[-n ID]\n"
	    "           [-o FILE] [-r N] [-t TIME] [--delay TIME] "
	    "[--flow NAME]\n"
	    "           [--force] [--keep-failed] [--stdin FILE] "
	    "[--wait TIME] ID\n"
	    "           COMMAND [ARG ...]\n"
	    "       agent-flow stale FLOW\n"
	    "       agent-flow sub FLOW TASK\n"
	    "       agent-flow task FLOW TASK\n",
	.shortopts = FLOW_SHORTOPTS,
	.longopts = longopts,
};

static void
add_env(struct flow_options *o, const char *text)
{
	const char *value = env_get(text);

	if (strchr(text, '='))
		strs_add(&o->env, text);
	else
		strs_addf(&o->env, "%s=%s", text, value ? value : "");
}

static void
set_option(const struct cli *cli, struct flow_options *o, int c)
{
	switch (c) {
	case 'C': o->dir = optarg; break;
	case 'e': add_env(o, optarg); break;
	case 'i': strs_add(&o->inputs, optarg); break;
	case 'j': o->jobs = (int)cli_int(cli, "-j", 1, JOBS_MAX); break;
	case 'n': strs_add(&o->needs, optarg); break;
	case 'o': strs_add(&o->outputs, optarg); break;
	case 'q': o->quiet = true; break;
	case 'r': o->retries = (int)cli_int(cli, "-r", 0, RETRIES_MAX); break;
	case 't': o->timeout = cli_duration(cli, "-t"); break;
	case OPT_CHECK: o->check = true; break;
	case OPT_DELAY: o->delay = cli_duration(cli, "--delay"); break;
	case OPT_DRY_RUN: o->dry_run = true; break;
	case OPT_FLOW: o->flow = optarg; break;
	case OPT_FORCE:
		o->force = true;
		if (optarg)
			strs_add(&o->redo, optarg);
		break;
	case OPT_FORMAT: o->format = optarg; break;
	case OPT_JSON: o->json = true; break;
	case OPT_KEEP_FAILED: o->keep_failed = true; break;
	case OPT_RETRY_FAILED: o->retry_failed = true; break;
	case OPT_SET: strs_add(&o->set, optarg); break;
	case OPT_STDIN: o->in = optarg; break;
	case OPT_WAIT: o->wait = cli_duration(cli, "--wait"); break;
	default: break;
	}
}

void
flow_run_options(int argc, char **argv, struct flow_options *o)
{
	struct option own[sizeof(longopts) / sizeof(*longopts)];
	struct cli cli = flow_cli;

	/* a step is forced, of a flow a task is */
	memcpy(own, longopts, sizeof(longopts));
	for (size_t i = 0; own[i].name; i++)
		if (own[i].val == OPT_FORCE)
			own[i].has_arg = required_argument;
	cli.longopts = own;
	flow_options(&cli, argc, argv, o);
	if (o->format && strcmp(o->format, "text") != 0 &&
	    strcmp(o->format, "ndjson") != 0)
		cli_usage(&flow_cli, "--format is 'text' or 'ndjson'");
}

void
flow_options(const struct cli *cli, int argc, char **argv,
    struct flow_options *o)
{
	int c;

	while ((c = cli_option(cli, argc, argv)) != -1)
		set_option(cli, o, c);
}
