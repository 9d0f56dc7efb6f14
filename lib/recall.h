/*
 * recall: an agent's memory at the start and at the end of a run.
 *
 * The memory itself is agent-mem's, which is run for it (served.h).
 */
#ifndef AGENT_RECALL_H
#define AGENT_RECALL_H

#include <stdbool.h>

#include "agents.h"
#include "buf.h"
#include "err.h"
#include "json.h"

/* Whether the agent has one: a tool for it, a memory_file, or shared ones. */
bool	recall_has_memory(const jv *agent);

/*
 * Brings the agent's memory_file, when it has one, in step with its memory.
 * `author` wrote what has changed in the file; NULL: a person.
 */
int	recall_sync(const jv *agent, const char *dir, const char *workspace,
	    const char *author, struct err *e);

/*
 * What the memory holds that bears on a task, for the model, appended to
 * `out`; nothing when it holds nothing of the kind.
 */
int	recall_about(const jv *agent, const char *workspace,
	    const char *task, struct buf *out, struct err *e);

/* The memory files of other agents, an array of absolute paths. */
jv	recall_of_others(const struct agents *a, const jv *agent);

#endif
