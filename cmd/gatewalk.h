/*
 * gatewalk: questions as a person sees them: listed, in full, one by one.
 */
#ifndef AGENT_GATEWALK_H
#define AGENT_GATEWALK_H

#include "err.h"
#include "hubcli.h"

/* A line of a list; the whole of it with what was shown. */
void	gate_line(const jv *gate, struct buf *out);
void	gate_text(const jv *gate, struct buf *out);

/*
 * Walks through what is open, asking on the terminal.  0, or 1 when nothing
 * was open; or -1.
 */
int	gate_walk(struct hubcli *c, struct err *e);

#endif
