/*
 * depfile: what something was made from, as a rule that make(1) includes.
 */
#ifndef AGENT_DEPFILE_H
#define AGENT_DEPFILE_H

#include <stdbool.h>

#include "err.h"
#include "strs.h"

/*
 * Writes "TARGET: FILE..." to `path`, in the place of what was there; with
 * `phony`, as gcc -MP, also a rule without prerequisites for each file, so
 * that one that was removed does not stop make.  ST_DATA for a name that no
 * makefile can hold.
 */
int	depfile_write(const char *path, const char *target,
	    const struct strs *files, bool phony, struct err *e);

#endif
