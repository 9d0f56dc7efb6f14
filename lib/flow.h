/*
 * flow: a graph of tasks, read from NAME.flow.yaml; agent-flow(5).
 *
 * Reading finds everything that is wrong at once.  Groups (parallel,
 * sequential) are gone afterwards: their members are tasks like others, and
 * who needs a group needs its members.  A task with a loop stays one task;
 * what is done in each round are tasks that name it as their loop.  So is one
 * that is another flow, which is read with this one.
 */
#ifndef AGENT_FLOW_H
#define AGENT_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "agents.h"
#include "buf.h"
#include "err.h"
#include "json.h"
#include "strs.h"
#include "yaml.h"

enum {
	FLOW_TASKS_MAX = 10000,
	FLOW_ID_MAX = 40,	/* there is room for what is added */
	FLOW_DEPTH_MAX = 8,	/* of flows in flows */
	FLOW_ROUNDS_MAX = 10000
};

struct flow;

struct flow_task {
	char *id;
	char *path;		/* where it is in the document */
	jv value;		/* as it was written */
	struct strs needs;	/* ids of tasks; groups are resolved */
	bool group;
	struct strs ends;	/* of a group: what is last in it */
	char *loop;		/* the task whose loop it is in, or NULL */
	struct flow *sub;	/* the flow that it is, or NULL */
	int mark;		/* private to the search for cycles */
};

struct flow {
	struct yaml_doc doc;
	char *name;		/* from the name of the file */
	char *dir;		/* of the file */
	struct flow_task *tasks;	/* in the order of the file */
	size_t n, cap;
	jv index;		/* {ID: number} */
	int depth;		/* how many flows this one is in */
};

#define FLOW_INIT { .doc = YAML_DOC_INIT, .index = JSON_NONE }

void	flow_release(struct flow *f);
#define AUTO_FLOW __attribute__((cleanup(flow_release)))

/*
 * Reads and checks.  0; -1 with ST_CONFIG, and `why` gets a line for each
 * problem ("x.flow.yaml:7:3: reason"); or with ST_NOINPUT.
 */
int	flow_read(const char *path, struct flow *ret, struct buf *why,
	    struct err *e);

/* The task, or group, of that id; NULL. */
struct flow_task *flow_find(const struct flow *f, const char *id);

/*
 * The agents of a flow: those that it has itself, and those of the file that
 * it names or is near.  ST_NOINPUT when there are none.
 */
int	flow_agents(const struct flow *f, struct agents *ret, struct err *e);

/* Whether it is done in rounds, by a loop of its own. */
bool	flow_loops(const struct flow_task *t);

/*
 * What the jq programs of a task look at: ids of tasks, and what else there
 * is, with a dot before it (".inputs"); "*" when that cannot be told.  `value`
 * is a task as it was written, with all that is in it.  flow_program_reads()
 * adds those of one program.
 */
void	flow_program_reads(const char *program, struct strs *ret);
void	flow_reads(const jv *value, struct strs *ret);

/* A limit ("jobs"), or `otherwise`. */
int64_t	flow_limit(const struct flow *f, const char *name,
	    int64_t otherwise);

#endif
