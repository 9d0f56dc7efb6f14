/*
 * answer: what has come of an answer so far, between the provider that reads
 * the events (through the functions of provider.h) and the call that gives
 * the reply.  Only answer.c and model*.c look inside.
 */
#ifndef AGENT_ANSWER_H
#define AGENT_ANSWER_H

#include "model.h"
#include "provider.h"
#include "think.h"

struct answer_tool {
	int slot;
	char *id, *name;
	struct buf arguments;
};

struct answer {
	unsigned flags;			/* of the request */
	const struct model_events *events;	/* or NULL */
	void *ctx;
	struct buf text, reasoning;
	struct think think;
	struct answer_tool *tools;
	size_t ntools, cap;
	enum model_finish finish;
	bool ended;		/* the protocol's own end was seen */
	bool came;		/* something of the answer */
	bool given;		/* some of it to the caller */
	unsigned long progress;	/* counts what came */
	jv native;		/* provider_native() */
	void *state;		/* answer_state(), */
	void (*release)(void *state);	/* and what frees it; or NULL */
	bool last;		/* nothing can follow */
	struct model_usage usage;
	char *served, *request_id;
	struct model_error error;
	int64_t started, first_ns;
};

enum {
	ANSWER_MAX = 256 << 20,		/* bytes of text that are kept */
	ANSWER_TOOLS_MAX = 512
};

void	answer_init(struct answer *a, const struct model_request *rq,
	    void (*release)(void *state), int64_t started);
void	answer_release(struct answer *a);

/* Nothing follows: gives what answer_tagged() has held back. */
int	answer_flush(struct answer *a, struct err *e);

/* The message as far as it came; JSON_NONE when nothing did. */
jv	answer_message(const struct answer *a);

#endif
