/*
 * flow: a graph of tasks, read from NAME.flow.yaml; agent-flow(5).
 *
 * Reading finds everything that is wrong at once.  Groups (parallel,
 * sequential) are gone afterwards: their members are tasks like others, and
 * who needs a group needs its members.
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
	FLOW_ID_MAX = 40	/* there is room for what is added */
};

struct flow_task {
	char *id;
	char *path;		/* where it is in the document */
	jv value;		/* as it was written */
	struct strs needs;	/* ids of tasks; groups are resolved */
	bool group;
	struct strs ends;	/* of a group: what is last in it */
	int mark;		/* private to the search for cycles */
};

struct flow {
	struct yaml_doc doc;
	char *name;		/* from the name of the file */
	char *dir;		/* of the file */
	struct flow_task *tasks;	/* in the order of the file */
	size_t n, cap;
};

#define FLOW_INIT { .doc = YAML_DOC_INIT }

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

/* A limit ("jobs"), or `otherwise`. */
int64_t	flow_limit(const struct flow *f, const char *name,
	    int64_t otherwise);

#endif
