/*
 * plan: a flow that was checked, as files that make and agent-flow run from.
 *
 * In .agent/flows/FLOW:
 *
 *	plan/ID.DEF.json	a task; DEF is the digest of all that it says
 *	flow.json		the tasks that there are now, in order
 *	stamps/ID.DEF		what make looks at: its result stands
 *	steps/ID/		the steps themselves (step.h)
 *
 * Nothing that a person wrote gets into the makefile but ids.
 */
#ifndef AGENT_PLAN_H
#define AGENT_PLAN_H

#include <stdio.h>

#include "buf.h"
#include "err.h"
#include "flow.h"
#include "json.h"
#include "step.h"
#include "workspace.h"

struct plan {
	char *name;		/* of the flow */
	char *dir;		/* .agent/flows/FLOW */
	char *steps;		/* its steps/ */
	jv list;		/* flow.json */
};

#define PLAN_INIT { .list = JSON_NONE }

void	plan_release(struct plan *p);
#define AUTO_PLAN __attribute__((cleanup(plan_release)))

/* Writes the files for a flow. */
int	plan_make(const struct workspace *w, const struct flow *f,
	    struct plan *ret, struct err *e);

/* Reads what was written; ST_NOINPUT for a flow that never was. */
int	plan_open(const struct workspace *w, const char *name,
	    struct plan *ret, struct err *e);

/* The makefile, for the root of the workspace. */
void	plan_makefile(const struct plan *p, struct buf *out);

/* Walking over the tasks: {id, def, needs, title, tolerated, ...}. */
size_t	plan_count(const struct plan *p);
jv	plan_task(const struct plan *p, size_t i);

/*
 * Takes away the stamps of what does not stand any more, and of all that
 * needs it; with `dry`, only looks.  `force` names tasks that are to be
 * redone in any case (NULL: none); with `failed`, all that is not ok.  How
 * many tasks are to be done; `ret_why` (may be NULL) says why: {ID: text}.
 */
struct plan_redo {
	const struct strs *force;
	bool failed, dry;
};

int	plan_prune(const struct plan *p, const struct plan_redo *redo,
	    jv *ret_why, struct err *e);

/*
 * Runs a task, named "ID.DEF", by all rules of agent-flow(5), and puts its
 * stamp there when it has a result.
 */
struct flowlog;
int	plan_run_task(const struct plan *p, const char *name,
	    struct flowlog *log, const volatile int *stop,
	    struct step_result *ret, struct err *e);

/* "ok", "failed"...; "running", "parked" or "waiting" without a result. */
const char *plan_state(const struct plan *p, const jv *task,
	    struct step_result *ret, struct err *e);

#endif
