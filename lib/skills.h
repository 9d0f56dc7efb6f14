/*
 * skills: directories with a SKILL.md, which say how something is done.
 *
 * SKILL.md begins with YAML between two lines of "---", of which `name` and
 * `description` count; an agent is told these and where the file is, and reads
 * the rest with its tools when it needs it.
 */
#ifndef AGENT_SKILLS_H
#define AGENT_SKILLS_H

#include "err.h"
#include "json.h"

/*
 * The skills of an agent: those that `skills` names (a directory with a
 * SKILL.md, or a directory of such directories; relative to `dir`), and those
 * in .agents/skills of the workspace.  An array of {"name","description",
 * "path"}, sorted by path; ST_NOINPUT for a named one that is not there,
 * ST_CONFIG for one that cannot be read.
 */
int	skills_find(const jv *agent, const char *dir, const char *workspace,
	    jv *ret, struct err *e);

#endif
