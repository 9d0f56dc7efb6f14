/* sandboxcmd: what the files of agent-sandbox share. */
#ifndef AGENT_SANDBOXCMD_H
#define AGENT_SANDBOXCMD_H

#include <stdbool.h>

#include "cli.h"
#include "json.h"
#include "overlay.h"
#include "rules.h"
#include "strs.h"

struct box_options {
	struct rules rules;
	struct strs set;	/* option, value, option, value, ... */
	const char *profile;
	char *workspace;
	bool named;		/* the workspace was given */
	int report, audit, meter;	/* descriptors; -1: none */
	const char *overlay;	/* its name; NULL: none */
	struct overlay_how how;	/* it is made, if it is not there */
	const char *on_exit;	/* "keep", "commit", "discard" */
	struct strs accept;
	bool dry_run, explain, check;
};

extern const struct cli sandbox_cli;

/* Reads options up to the first operand; may be called again after it. */
void	sandbox_options(struct box_options *o, int argc, char **argv);

/* Puts the rules together: built in, profile, workspace, options. */
void	sandbox_settle(struct box_options *o);

void	sandbox_options_release(struct box_options *o);

/*
 * sandbox-report.c: FD or FILE as a descriptor to write records to; and that
 * of a socket that was inherited for --meter, which nothing else of ours
 * gets.  Both end when it cannot be one.
 */
int	sandbox_open_report(const char *where);
int	sandbox_take_meter(const char *number);

/* What may be done to an overlay; NULL when the word is a command to run. */
const char *overlay_verb(const char *before, const char *word);

/* The overlay that --overlay means, as --explain shows it. */
jv	overlay_explain(const struct box_options *o);

/* Does it; the operands follow argv[optind].  The exit status. */
int	overlay_change(struct box_options *o, const char *verb, int argc,
	    char **argv);

/* --on-exit, after a command that ended with `status`. */
int	overlay_on_exit(const struct box_options *o, struct overlay *v,
	    int status);

#endif
