/*
 * model-others: what the model server does beside answering: lists of models,
 * vectors, files and batches (OpenAI's and Anthropic's).
 *
 * A batch is worked on while it is looked at: it is under way the first time,
 * and done the second.
 */
#ifndef AGENT_MODEL_OTHERS_H
#define AGENT_MODEL_OTHERS_H

#include "buf.h"
#include "model-request.h"

/* Answers one request of a batch: appends the body, gives the status. */
typedef int (*others_answer)(const char *path, const char *body,
	    struct buf *out);

/* Whether the body is requests of a batch, which scenarios are not about. */
bool	others_batched(const struct request *r);

/* The answer to a request, appended; its status, 0 when nothing knows it. */
int	others_reply(const struct request *r, others_answer answer,
	    struct buf *out);

#endif
