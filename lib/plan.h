/*
 * plan: a flow that was checked, as files that make and agent-flow run from.
 *
 * In .agent/flows/FLOW:
 *
 *	plan/ID.DEF.json	a task; DEF is the digest of all that it says
 *	data/DIGEST.json	what such a file refers to
 *	flow.json		the tasks that there are now, in order
 *	limits.json		the limits of the flow
 *	stamps/ID.DEF		what make looks at: its result stands
 *	steps/ID/		the steps themselves (step.h)
 *
 * Nothing that a person wrote gets into the makefile but ids.
 *
 * What a loop does in its rounds, and a flow in a flow, is a plan of its own,
 * made when its turn has come: FLOW.ID, with tasks that are called KEY or
 * KEY.TASK after the item or the number of the round.
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
	char *agent_dir;	/* .agent */
	char *name;		/* of the flow */
	char *dir;		/* .agent/flows/FLOW */
	char *steps;		/* its steps/ */
	jv list;		/* flow.json */
};

#define PLAN_INIT { .list = JSON_NONE }

void	plan_release(struct plan *p);
#define AUTO_PLAN __attribute__((cleanup(plan_release)))

/* Writes the files for a flow that is given `inputs`, an object. */
int	plan_make(const struct workspace *w, const struct flow *f,
	    const jv *inputs, struct plan *ret, struct err *e);

/* Reads what was written; ST_NOINPUT for a flow that never was. */
int	plan_open(const struct workspace *w, const char *name,
	    struct plan *ret, struct err *e);

/* The same to do one task, without the list of them all: that is long. */
int	plan_open_task(const struct workspace *w, const char *name,
	    struct plan *ret, struct err *e);

/*
 * The plan of what the task `id`, a loop or a flow, is made of: 1; 0 when it
 * was never begun, or is neither.
 */
int	plan_open_sub(const struct plan *p, const char *id, struct plan *ret,
	    struct err *e);

/* Whether a task is a loop or a flow. */
bool	plan_has_sub(const jv *task);

/* The makefile, for the root of the workspace. */
void	plan_makefile(const struct plan *p, struct buf *out);

/* Walking over the tasks: {id, def, needs, title, tolerated, ...}. */
size_t	plan_count(const struct plan *p);
jv	plan_task(const struct plan *p, size_t i);

/*
 * Takes away the stamps of what does not stand any more, and of all that
 * needs it; with `dry`, only looks.  `force` names tasks that are to be
 * redone in any case (NULL: none); with `failed`, all that is not ok, and
 * with `all`, all.  How many tasks are to be done; `ret_why` (may be NULL) says
 * why: {ID: text}.
 */
struct plan_redo {
	const struct strs *force;
	bool all, failed, dry;
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

/*
 * Doing a loop or a flow in a flow: what comes next is planned, somebody has
 * it done, and so on.
 *
 *	plan_sub_begin(&p, name, &sub, e);
 *	while ((r = plan_sub_next(&sub, e)) > 0)
 *		... have all of sub.plan done, or stop ...
 *	plan_sub_output(&sub, &out);
 */
struct plan_step;
struct plan_sub {
	const struct plan *p;
	struct plan_step *step;
	struct plan plan;	/* what is to be done now */
	jv context, rounds, last, since;
};

#define PLAN_SUB_INIT { .plan = PLAN_INIT, .context = JSON_NONE, \
	.rounds = JSON_NONE, .last = JSON_NONE, .since = JSON_NONE }

int	plan_sub_begin(const struct plan *p, const char *name,
	    struct plan_sub *ret, struct err *e);
void	plan_sub_end(struct plan_sub *s);
#define AUTO_PLAN_SUB __attribute__((cleanup(plan_sub_end)))

/* 1; 0: that was all; -1, ST_NO: it has not become what was to come true. */
int	plan_sub_next(struct plan_sub *s, struct err *e);

/* What it gives to those who need it. */
int	plan_sub_output(const struct plan_sub *s, jv *ret, struct err *e);

/*
 * What has become of a plan as a whole, task by task: what weighs most of
 * what is not ok and counts, and whether something is left to do.
 */
struct plan_tally {
	bool unfinished;
	enum step_outcome worst;
	size_t weight;		/* of that */
};

#define PLAN_TALLY_INIT { .worst = STEP_OK }

void	plan_weigh(struct plan_tally *t, const jv *task, const char *state);
int	plan_tally_status(const struct plan_tally *t);	/* as an exit status */

/* The status of a loop or a flow whose plan this is; -1 on failure. */
int	plan_sub_status(const struct plan *p, struct err *e);

/* "ok", "failed"...; "running", "parked" or "waiting" without a result. */
const char *plan_state(const struct plan *p, const jv *task,
	    struct step_result *ret, struct err *e);

#endif
