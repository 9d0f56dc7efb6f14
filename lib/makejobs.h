/*
 * makejobs: what the make above us has told in $MAKEFLAGS.
 */
#ifndef AGENT_MAKEJOBS_H
#define AGENT_MAKEJOBS_H

#include <stdbool.h>

/*
 * The descriptors of its job server, for a make below.  False when there is
 * none, or it is a FIFO, which needs no descriptors.
 */
bool	makejobs_fds(int ret[2]);

/* Whether it only shows what it would do (-n, -q, -t). */
bool	makejobs_dry(void);

#endif
