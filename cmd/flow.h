/* flow: what the subcommands of agent-flow share. */
#ifndef AGENT_CMD_FLOW_H
#define AGENT_CMD_FLOW_H

#include "cli.h"
#include "strs.h"
#include "workspace.h"

/* All options of all subcommands, which may stand before or after its name. */
struct flow_options {
	const char *dir, *flow, *in;
	struct strs env, inputs, outputs, needs;
	int retries;
	int64_t timeout, wait, delay;
	bool quiet, force, keep_failed;
};

extern const struct cli flow_cli;

/* Reads options up to the first operand, whose index is then `optind`. */
void	flow_options(const struct cli *cli, int argc, char **argv,
	    struct flow_options *o);

/* Each gets its own name as argv[0], and returns the exit status. */
int	flow_step(struct flow_options *o, int argc, char **argv);

/* The directory of a flow's steps: .agent/flows/FLOW/steps. */
char	*flow_steps(const struct workspace *w, const char *flow);

#endif
