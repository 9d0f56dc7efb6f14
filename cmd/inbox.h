/*
 * inbox: what agent-recv does with a mailbox: once, one, or on and on.
 */
#ifndef AGENT_INBOX_H
#define AGENT_INBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "hubcli.h"

enum { INBOX_MAX = 64 };	/* deliveries at a time */

enum inbox_format {
	INBOX_RECORDS,		/* as they come */
	INBOX_TEXT,		/* their words */
	INBOX_NDJSON		/* and a `result` as the last line */
};

struct inbox {
	const char *box, *corr, *fifo;
	enum inbox_format format;
	bool follow, one, ack, wait;
	int64_t wait_ns, lease_ns, owner;
	int window;		/* leases out at a time, when following */
};

/* The exit status: 0 when something came, 1 when nothing did; or -1. */
int	inbox_run(const struct inbox *in, struct hubcli *c, struct err *e);

#endif
