/* plan-impl: what the files of the plan module share; private to them. */
#ifndef AGENT_PLAN_IMPL_H
#define AGENT_PLAN_IMPL_H

#include "plan.h"

enum { PLAN_DEF_LEN = 12, PLAN_OUTPUT_MAX = 1 << 20 };

/* A task read from its file, with what a step is made of. */
struct plan_step {
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

/* plan-data.c: what programs see: {"tasks": {ID: {result, output...}}} */
int	plan_context(const struct plan *p, const struct plan_step *s, jv *ret,
	    struct err *e);
int	plan_output(const char *steps, const char *id, const jv *task,
	    const struct step_result *r, jv *ret, struct err *e);

/* The last `result` in what agent-spawn printed; JSON_NONE. */
jv	plan_agent_result(const char *text, size_t len);

/* Fits `check` of struct step_spec: the context is a struct plan_step. */
int	plan_check_output(void *step, const char *file, struct err *e);

/* plan-argv.c: the command of a task, and files that it reads. */
int	plan_argv(const struct plan *p, struct plan_step *s, const jv *input,
	    struct err *e);

#endif
