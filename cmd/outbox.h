/*
 * outbox: what agent-send does with one message or a stream of them.
 */
#ifndef AGENT_OUTBOX_H
#define AGENT_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "hubcli.h"
#include "post.h"

enum outbox_format {
	OUTBOX_ANY,		/* objects on stdin are messages, else text */
	OUTBOX_TEXT,
	OUTBOX_NDJSON		/* and records on stdout */
};

struct outbox {
	struct post_how how;
	const char *name, *queue, *reply, *topic;	/* one of them, or */
	bool to_all;
	enum outbox_format format;
	bool wait;
	int64_t wait_ns;
	char *const *operands;
	size_t noperands;
};

/* Sends what there is to send: the exit status, or -1. */
int	outbox_run(const struct outbox *o, struct hubcli *c, struct err *e);

#endif
