/*
 * program: where somebody else's program is, and what of the host it has to
 * see when it runs in agent-sandbox.
 */
#ifndef AGENT_PROGRAM_H
#define AGENT_PROGRAM_H

#include "strs.h"

/*
 * Where execvp(3) would find it; with a slash in its name, from `dir`.  NULL
 * when it is in no directory of PATH; one with a slash need not be there.
 * The caller frees.
 */
char	*program_find(const char *name, const char *dir);

/*
 * Adds what shows it in the sandbox, and what lies around it when a package
 * manager put it into somebody's home: its packages, and the interpreter of
 * the same installation.  A whole home, never.
 */
void	program_show(const char *program, struct strs *words);

#endif
