/* flow-options: the command line of agent-flow. */
#include "config.h"

#include <stdio.h>

#include "alloc.h"
#include "clock.h"
#include "env.h"
#include "flow.h"

enum {
	OPT_DELAY = 256, OPT_FLOW, OPT_FORCE, OPT_KEEP_FAILED, OPT_STDIN,
	OPT_WAIT,
	RETRIES_MAX = 1000
};

static const struct option longopts[] = {
	{ "cd", required_argument, NULL, 'C' },
	{ "delay", required_argument, NULL, OPT_DELAY },
	{ "env", required_argument, NULL, 'e' },
	{ "flow", required_argument, NULL, OPT_FLOW },
	{ "force", no_argument, NULL, OPT_FORCE },
	CLI_OPT_HELP,
	{ "input", required_argument, NULL, 'i' },
	{ "keep-failed", no_argument, NULL, OPT_KEEP_FAILED },
	{ "needs", required_argument, NULL, 'n' },
	{ "output", required_argument, NULL, 'o' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "retries", required_argument, NULL, 'r' },
	{ "stdin", required_argument, NULL, OPT_STDIN },
	{ "timeout", required_argument, NULL, 't' },
	CLI_OPT_VERSION,
	{ "wait", required_argument, NULL, OPT_WAIT },
	{ 0 }
};

const struct cli flow_cli = {
	.name = "agent-flow",
	.usage =
	    "usage: agent-flow step [-q] [-C DIR] [-e NAME[=VALUE]] [-i FILE] "
	    "[-n ID]\n"
	    "           [-o FILE] [-r N] [-t TIME] [--delay TIME] "
	    "[--flow NAME]\n"
	    "           [--force] [--keep-failed] [--stdin FILE] "
	    "[--wait TIME] ID\n"
	    "           COMMAND [ARG ...]\n",
	.shortopts = "+C:e:i:n:o:qr:t:",
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
	case 'n': strs_add(&o->needs, optarg); break;
	case 'o': strs_add(&o->outputs, optarg); break;
	case 'q': o->quiet = true; break;
	case 'r': o->retries = (int)cli_int(cli, "-r", 0, RETRIES_MAX); break;
	case 't': o->timeout = cli_duration(cli, "-t"); break;
	case OPT_DELAY: o->delay = cli_duration(cli, "--delay"); break;
	case OPT_FLOW: o->flow = optarg; break;
	case OPT_FORCE: o->force = true; break;
	case OPT_KEEP_FAILED: o->keep_failed = true; break;
	case OPT_STDIN: o->in = optarg; break;
	case OPT_WAIT: o->wait = cli_duration(cli, "--wait"); break;
	default: break;
	}
}

void
flow_options(const struct cli *cli, int argc, char **argv,
    struct flow_options *o)
{
	int c;

	while ((c = cli_option(cli, argc, argv)) != -1)
		set_option(cli, o, c);
}
