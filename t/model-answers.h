/*
 * model-answers: what the model server says, in each of the four protocols.
 *
 * A scenario is a JSON object; model-server.c lists its members.  An answer
 * is a body cut into pieces: the events of a stream, or one piece.
 */
#ifndef AGENT_MODEL_ANSWERS_H
#define AGENT_MODEL_ANSWERS_H

#include <stdbool.h>

#include "buf.h"
#include "json.h"

enum protocol {
	CHAT,
	RESPONSES,
	MESSAGES,
	OLLAMA,
	PROTOCOLS
};

struct answer_body {
	struct buf bytes;
	size_t *ends;		/* where each piece ends */
	size_t count, cap;
	const char *type;	/* Content-Type */
};

void	answer_body_release(struct answer_body *b);

/*
 * Renders a scenario.  `echo` is JSON string text, quotes included, that
 * takes the place of the scenario's text; or NULL.
 */
void	answer_render(const jv *scenario, enum protocol p, bool stream,
	    const char *echo, struct answer_body *b);

#endif
