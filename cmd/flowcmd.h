/* flowcmd: what the subcommands of agent-flow share. */
#ifndef AGENT_FLOWCMD_H
#define AGENT_FLOWCMD_H

#include "cli.h"
#include "plan.h"
#include "strs.h"
#include "workspace.h"

/* All options of all subcommands, which may stand before or after its name. */
struct flow_options {
	const char *dir, *flow, *format, *in;
	struct strs env, inputs, outputs, needs, redo, set;
	int retries, jobs;
	int64_t timeout, wait, delay;
	bool quiet, force, keep_failed;
	bool check, dry_run, json, retry_failed;
};

extern const struct cli flow_cli;
#define FLOW_SHORTOPTS "C:e:i:j:n:o:qr:t:"

/* Reads the options; `optind` is then the index of the first operand. */
void	flow_options(const struct cli *cli, int argc, char **argv,
	    struct flow_options *o);

/* Those of `run`, where --force names a task. */
void	flow_run_options(int argc, char **argv, struct flow_options *o);

/* Each gets its own name as argv[0], and returns the exit status. */
int	flow_cancel(struct flow_options *o, int argc, char **argv);
int	flow_check_files(struct flow_options *o, int argc, char **argv);
int	flow_compile(struct flow_options *o, int argc, char **argv);
int	flow_graph(struct flow_options *o, int argc, char **argv);
int	flow_run(struct flow_options *o, int argc, char **argv);
int	flow_show(struct flow_options *o, int argc, char **argv);
int	flow_stale(struct flow_options *o, int argc, char **argv);
int	flow_status(struct flow_options *o, int argc, char **argv);
int	flow_step(struct flow_options *o, int argc, char **argv);
int	flow_sub(struct flow_options *o, int argc, char **argv);
int	flow_task(struct flow_options *o, int argc, char **argv);

/* Reads a file, tells what is wrong with it, and makes its plan. */
int	flow_load(const struct flow_options *o, const char *file,
	    struct workspace *ret_workspace, struct plan *ret, struct err *e);

/*
 * Starts make on a plan, for some of its goals (none: all): `jobs` at once,
 * or with those of a make above when 0.
 */
struct child;
int	flow_make(const struct plan *p, const char *root, int64_t jobs,
	    const struct strs *goals, const char *run, struct child *ret,
	    struct err *e);

/* What the flow may cost: sets it; has what follows pay from it. */
int	flow_set_budget(const struct plan *p, struct err *e);
void	flow_use_budget(const struct plan *p);

/* The plan that was made last, by the name of the flow. */
int	flow_open(const char *name, struct workspace *ret_workspace,
	    struct plan *ret, struct err *e);

/* Prints the state of each task, and tells the status of the whole. */
int	flow_report(const struct flow_options *o, const struct plan *p,
	    int *ret_status, struct err *e);

/* The directory of a flow's steps: .agent/flows/FLOW/steps. */
char	*flow_steps(const struct workspace *w, const char *flow);

#endif
