/* agent-work: runs a command for each task of a queue. */
#include "config.h"

#include "alloc.h"
#include "cli.h"
#include "hubcli.h"
#include "worker.h"

enum { OPT_DRAIN = 256, OPT_GRACE, OPT_LEASE, OPT_LIMIT, OPT_TIMEOUT };

static const struct option longopts[] = {
	{ "cd", required_argument, NULL, 'C' },
	{ "drain", no_argument, NULL, OPT_DRAIN },
	{ "grace", required_argument, NULL, OPT_GRACE },
	CLI_OPT_HELP,
	{ "jobs", required_argument, NULL, 'j' },
	{ "lease", required_argument, NULL, OPT_LEASE },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "queue", required_argument, NULL, 'q' },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	CLI_OPT_VERSION,
	{ 0 }
};

static const struct cli cli = {
	.name = "agent-work",
	.usage =
	    "usage: agent-work [-C DIR] [-j N] [--drain] [--grace TIME] "
	    "[--lease TIME]\n"
	    "                  [--limit N] [--timeout TIME] -q QUEUE "
	    "[--] COMMAND [ARG ...]\n",
	.shortopts = "+C:j:q:",
	.longopts = longopts,
};

struct options {
	struct worker w;
	const char *dir, *queue;
	int limit;
};

static void
set_option(struct options *o, int c)
{
	switch (c) {
	case 'C': o->dir = optarg; break;
	case 'j':
		o->w.jobs = (int)cli_int(&cli, "--jobs", 1, WORKER_MAX);
		break;
	case 'q': o->queue = optarg; break;
	case OPT_DRAIN: o->w.drain = true; break;
	case OPT_GRACE: o->w.grace_ns = cli_duration(&cli, "--grace"); break;
	case OPT_LEASE:
		o->w.lease_ns = cli_duration(&cli, "--lease");
		if (o->w.lease_ns < CLOCK_SEC / 10)
			cli_usage(&cli, "--lease is too short");
		break;
	case OPT_LIMIT:
		o->limit = (int)cli_int(&cli, "--limit", 0, 1000000);
		break;
	case OPT_TIMEOUT:
		o->w.timeout_ns = cli_duration(&cli, "--timeout");
		break;
	default: break;
	}
}

static int
act(struct options *o, struct err *e)
{
	AUTO_HUBCLI struct hubcli c = HUBCLI_INIT;
	AUTO_FREE char *box = hub_address(o->queue, true, e);

	if (!box || hubcli_open(o->dir, NULL, &c, e) < 0)
		return -1;
	if (o->limit >= 0 && hub_limit(c.hub, box, o->limit, e) < 0)
		return -1;
	o->w.box = box;
	return worker_run(&o->w, &c, e);
}

int
main(int argc, char **argv)
{
	struct options o = { .limit = -1, .w = { .jobs = 1,
		.lease_ns = HUB_LEASE, .grace_ns = 5 * CLOCK_SEC } };
	struct err e = ERR_INIT;
	int c, r;

	cli_begin(&cli);
	while ((c = cli_option(&cli, argc, argv)) != -1)
		set_option(&o, c);
	if (!o.queue)
		cli_usage(&cli, "-q is missing");
	if (optind == argc)
		cli_usage(&cli, "a command is missing");
	o.w.argv = (const char *const *)argv + optind;
	cli_catch_signals();
	r = act(&o, &e);
	if (r < 0 && !cli_signal)
		r = err_report(&e);
	cli_raise();
	return cli_end(r);
}
