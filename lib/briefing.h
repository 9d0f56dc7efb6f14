/*
 * briefing: the words with which an agent starts.
 *
 * The system message: who it is (id, description, responsibilities and
 * instructions of agents.yaml), where it works, its rules, what AGENTS.md in
 * the workspace and above it says about the project, and the skills that it
 * can look up.  Plain Markdown, the same for the same input, so that a
 * provider's prompt cache hits.
 */
#ifndef AGENT_BRIEFING_H
#define AGENT_BRIEFING_H

#include "buf.h"
#include "err.h"
#include "json.h"
#include "toolbox.h"

/* What its rules, and each AGENTS.md, may have at most, in bytes. */
enum { BRIEFING_FILE_MAX = 256 << 10 };

/*
 * `dir` is where rules_file starts from (the directory of agents.yaml);
 * `root` is the top of the project, or NULL: each AGENTS.md from there down to
 * `workspace` counts, the nearest last.
 * `skills` comes from skills.h.
 * ST_NOINPUT when the rules are named but not there, ST_DENIED when a link
 * leads them out of the project (inside.h).
 */
int	briefing_make(const jv *agent, const char *dir, const char *root,
	    const char *workspace, const jv *skills, struct buf *out,
	    struct err *e);

/*
 * What the model may call: the declarations of the agent's `tools` (its own
 * and those that need not be named, when it names none), an array.
 * `workspace` is what the programs of tools are told.  ST_CONFIG for a tool
 * that does not exist.
 */
int	briefing_tools(const jv *agent, const struct toolbox *box,
	    const char *workspace, jv *ret, struct err *e);

#endif
