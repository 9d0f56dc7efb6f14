/*
 * roster: who is at work in a workspace, as a table or as lines of JSON.
 */
#ifndef AGENT_ROSTER_H
#define AGENT_ROSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "term.h"

struct roster {
	const char *dir;		/* -C; or NULL */
	const char *agent;		/* only these, with commas; or NULL */
	bool json;
	bool follow;			/* again whenever something changes */
	enum term_when colour;
	int64_t width;			/* columns; 0: no limit; -1: find out */
};

int	roster_run(const struct roster *r, struct err *e);

#endif
