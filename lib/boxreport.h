/*
 * boxreport: what happened in a sandbox, as records (--report, --audit).
 *
 * Types: "sandbox.start" (the rules in force), "sandbox.deny",
 * "sandbox.connect", "sandbox.limit", "sandbox.taint", "sandbox.end" (status,
 * the limit that struck, mechanisms, use of resources).
 */
#ifndef AGENT_BOXREPORT_H
#define AGENT_BOXREPORT_H

#include <stdint.h>

#include "boxspec.h"
#include "json.h"
#include "boxlimits.h"
#include "overlay.h"
#include "rules.h"

enum { BOXREPORT_READERS = 2 };

struct boxreport {
	int fds[BOXREPORT_READERS];	/* -1: none */
};

#define BOXREPORT_INIT { .fds = { -1, -1 } }

/* Whether anybody reads it: if not, nothing need be made. */
bool	boxreport_wanted(const struct boxreport *r);

/* `overlay` is NULL where there is none. */
void	boxreport_start(struct boxreport *r, const struct rules *rules,
	    const char *workspace, const struct overlay *overlay,
	    const char *const *argv);

/* Any record; takes `data`.  A reader who has left is no error. */
void	boxreport_emit(struct boxreport *r, const char *type, jv data);

void	boxreport_limit(struct boxreport *r, const char *limit);
/* `whole`: all that could run by itself later was looked at. */
void	boxreport_taint(struct boxreport *r, const struct strs *paths,
	    bool whole);
void	boxreport_end(struct boxreport *r, int status, const char *limit,
	    const struct boxlimits *limits, const struct box_msg *usage,
	    int64_t elapsed_ns);

#endif
