/* plan-impl: what the files of the plan module share; private to them. */
#ifndef AGENT_PLAN_IMPL_H
#define AGENT_PLAN_IMPL_H

#include "plan.h"

enum { PLAN_DEF_LEN = 12, PLAN_OUTPUT_MAX = 1 << 20 };

/* A task read from its file, with what a step is made of. */
struct plan_step {
	char *name;		/* ID.DEF */
	jv task;
	char *text;		/* of the file: the salt */
	struct strs argv, env, inputs, outputs, needs;
	struct step_spec spec;
};

#define PLAN_STEP_INIT { .task = JSON_NONE }

void	plan_step_release(struct plan_step *s);
#define AUTO_PLAN_STEP __attribute__((cleanup(plan_step_release)))

int	plan_step_read(const struct plan *p, const char *name,
	    struct plan_step *ret, struct err *e);

/* plan.c: the plan, made or opened anew, of what the task `id` is made of. */
int	plan_begin_sub(const struct plan *p, const char *id, struct plan *ret,
	    struct err *e);

/* Adds a task, which is described as a whole; then flow.json.  `after` are
 * those that it waits for without looking at them; NULL: none. */
int	plan_add(struct plan *p, const jv *task, const char *title,
	    const struct strs *after, struct err *e);
int	plan_finish(struct plan *p, struct err *e);

/* Keeps a value under its digest. */
int	plan_keep(const struct plan *p, const jv *value,
	    char ret[PLAN_DEF_LEN + 1], struct err *e);
char	*plan_kept(const struct plan *p, const char *digest);

/* plan-describe.c: all of a flow's tasks, as they are added. */
int	plan_describe(struct plan *p, const struct flow *f, const jv *inputs,
	    struct err *e);

/*
 * plan-data.c: what programs see: {"tasks": {ID: {result, output...}}} and
 * what else a task is given.
 */
int	plan_context(const struct plan *p, const struct plan_step *s, jv *ret,
	    struct err *e);

/* A need by the name that it has in the task's own round. */
const char *plan_need_name(const jv *task, const char *id);

/* What is known of one task: {result, status, message, output}. */
int	plan_value(const struct plan *p, const char *id, jv *ret,
	    struct err *e);

/*
 * Gives a task, which is being described, those parts of a context that it
 * `reads` (flow_reads()): as `data`, which is kept.
 */
int	plan_give(const struct plan *p, jv *task, const jv *context,
	    struct err *e);

/* The first result of a jq program; null when it gives none. */
int	plan_evaluate(const char *program, const jv *context, jv *ret,
	    struct err *e);

/* The values of `with`; JSON_NONE without any. */
int	plan_input(const jv *task, const jv *context, jv *ret,
	    struct err *e);

/* Fits `check` of struct step_spec: the context is a struct plan_step. */
int	plan_check_output(void *step, const char *file, bool ok,
	    struct err *e);

/* The target that make looks at; the caller's. */
char	*plan_stamp(const struct plan *p, const jv *task);

/* plan-rounds.c: tasks for a round, called KEY, after `before` (or NULL). */
struct plan_round {
	const char *key, *before;
	int64_t n;		/* from 1 */
	jv item;		/* JSON_NONE: none; lent */
	jv since;		/* what it is to be redone with; lent */
	const struct strs *after;
};

int	plan_add_round(struct plan *p, const jv *task, const jv *context,
	    const struct plan_round *r, struct err *e);

/* The ids of the tasks of a round. */
void	plan_round_ids(const jv *task, const char *key, struct strs *ret);

/* What is known of a round: of the one task, or {tasks: {ID: ...}}. */
int	plan_round_value(const struct plan *p, const jv *task,
	    const char *key, jv *ret, struct err *e);

/* plan-argv.c: the command of a task, and files that it reads. */
int	plan_argv(const struct plan *p, struct plan_step *s, const jv *input,
	    struct err *e);

#endif
