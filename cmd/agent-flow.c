/* agent-flow: runs graphs of tasks, and single steps, so that they finish. */
#include "config.h"

#include "alloc.h"
#include "clock.h"
#include "flowcmd.h"
#include "suggest.h"

#define DAY (24 * 60 * 60 * CLOCK_SEC)

static const struct verb {
	const char *name;
	int (*run)(struct flow_options *o, int argc, char **argv);
} verbs[] = {
	{ "cancel", flow_cancel },
	{ "check", flow_check_files },
	{ "compile", flow_compile },
	{ "graph", flow_graph },
	{ "run", flow_run },
	{ "show", flow_show },
	{ "stale", flow_stale },
	{ "status", flow_status },
	{ "step", flow_step },
	{ "sub", flow_sub },
	{ "task", flow_task },
};

enum { VERBS = sizeof(verbs) / sizeof(*verbs) };

char *
flow_steps(const struct workspace *w, const char *flow)
{
	return xasprintf("%s/flows/%s/steps", w->dir, flow);
}

static const struct verb *
find_verb(const char *name)
{
	const char *names[VERBS + 1] = { NULL };
	char hint[SUGGEST_TEXT_MAX];

	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(name, verbs[i].name) == 0)
			return &verbs[i];
		names[i] = verbs[i].name;
	}
	cli_usage(&flow_cli, "there is no '%s'%s", name,
	    suggest_text(name, names, hint));
}

int
main(int argc, char **argv)
{
	struct flow_options o = {
		.flow = "steps", .timeout = DAY, .wait = DAY,
		.delay = CLOCK_SEC
	};
	struct cli cli = flow_cli;
	const struct verb *verb;
	int before, status;

	cli.shortopts = "+" FLOW_SHORTOPTS;	/* up to the verb */
	cli_begin(&flow_cli);
	flow_options(&cli, argc, argv, &o);
	if (optind == argc)
		cli_usage(&flow_cli, "what is to be done?");
	before = optind;
	verb = find_verb(argv[before]);
	optind = 0;			/* getopt begins anew */
	status = verb->run(&o, argc - before, argv + before);
	strs_release(&o.env);
	strs_release(&o.inputs);
	strs_release(&o.outputs);
	strs_release(&o.needs);
	strs_release(&o.redo);
	strs_release(&o.set);
	return status;
}
