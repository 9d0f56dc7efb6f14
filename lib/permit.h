/*
 * permit: whether an agent may make a call.
 *
 * Asked in this order; the first that says no decides:
 *
 *  - the mode: in `plan` nothing is called that changes files;
 *  - the rules (policy.h): allow, deny with a reason, or ask a person, which
 *    `acceptEdits` takes as allowed for file tools and `bypassPermissions`
 *    for all;
 *  - the hooks: programs of the user's own configuration that get the call as
 *    JSON on stdin before it is made (PreToolUse) or after (PostToolUse), in
 *    the form that Claude Code gave them.  Exit status 2 blocks, standard
 *    error being the reason; 0 lets it pass, unless what it prints is JSON
 *    with `hookSpecificOutput.permissionDecision` "deny"; anything else is
 *    reported and lets it pass.  Hooks run outside of the sandbox.
 *
 * No means that the call is not made and the model is told why.
 */
#ifndef AGENT_PERMIT_H
#define AGENT_PERMIT_H

#include "calls.h"
#include "err.h"
#include "json.h"
#include "policy.h"

enum permit_mode {
	PERMIT_DEFAULT,
	PERMIT_ACCEPT_EDITS,
	PERMIT_PLAN,
	PERMIT_BYPASS
};

/* By the names that people know: "default", "acceptEdits"...; -1 if none. */
int	permit_mode(const char *name);

const char *permit_mode_name(enum permit_mode mode);

/* Everything is borrowed. */
struct permit {
	enum permit_mode mode;
	struct policy *policy;
	const struct toolbox *tools;	/* or NULL: those built in */
	const jv *hooks;	/* {"PreToolUse":[{"matcher","command"}]} */
	const char *agent;
	const char *workspace;
	const char *run;
	const volatile int *stop;	/* ends a hook, as fd_wait() */
};

enum permit_answer { PERMIT_YES, PERMIT_NO, PERMIT_ASK };

/*
 * `words` gets the reason, or the question, also one that the mode saved a
 * person from.  -1 when it cannot be decided: a hook that cannot be run, or by
 * a signal.
 */
int	permit_before(const struct permit *p, const struct call *c,
	    struct buf *words, struct err *e);

/* Tells the hooks what came of it; what they print is ignored. */
void	permit_after(const struct permit *p, const struct call *c);

#endif
