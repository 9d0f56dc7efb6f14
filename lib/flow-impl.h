/* flow-impl: what the files of the flow module share; private to them. */
#ifndef AGENT_FLOW_IMPL_H
#define AGENT_FLOW_IMPL_H

#include "flow.h"

/* The kinds of task: the member that says what is done. */
extern const char *const flow_kinds[];

/* As flow_read(), of a flow that is in so many others. */
int	flow_read_in(const char *path, int depth, struct flow *ret,
	    struct buf *why, struct err *e);

/* flow-shape.c: what may be written. */
extern const struct yaml_shape flow_shape[];
extern const struct yaml_shape flow_task_shape[];

/* flow-check.c: what the shape does not say; fills in the needs. */
void	flow_check(struct flow *f, struct yaml_problems *p);

/* flow-loop.c: loops, and flows in flows, which it reads. */
void	flow_check_loop(const struct flow *f, const struct flow_task *t,
	    struct yaml_problems *p);
void	flow_check_sub(struct flow *f, struct flow_task *t,
	    struct yaml_problems *p);

/* flow-expr.c: the jq programs of all tasks. */
void	flow_check_programs(const struct flow *f, struct yaml_problems *p);

/*
 * flow-member.c: what a program looks at, at `s`, after the `.tasks.ID` of
 * `task`; and what a program of `t` looks at first.
 */
void	flow_check_member(const struct flow *f, const struct flow_task *task,
	    const char *path, const char *s, struct yaml_problems *p);
void	flow_check_first(const struct flow *f, const struct flow_task *t,
	    const char *path, const char *program, struct yaml_problems *p);

#endif
