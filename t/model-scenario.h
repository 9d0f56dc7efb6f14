/*
 * model-scenario: what the model server is told to do; model-server.c lists
 * the members of a scenario.
 */
#ifndef AGENT_MODEL_SCENARIO_H
#define AGENT_MODEL_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "json.h"
#include "model-answers.h"

struct scenario {
	jv spec;
	const char *match;
	int64_t times;			/* left; -1: any number */
	double delay, first, rate;
	int64_t split, stall, cut, status;
	bool reset, close, echo, stamp, mute;
	bool plain;			/* nothing special */
	struct buf ready[PROTOCOLS][2];	/* whole responses */
};

enum { SCENARIO_NONE = INT32_MIN };	/* stall, cut: not at all */

/* From a text, or all from a file. */
int	scenario_add(const char *text, struct err *e);
int	scenario_add_file(const char *path, struct err *e);

/* The first that fits a request, "METHOD PATH\nBODY"; one that fits all comes
 * last. */
struct scenario *scenario_choose(const char *request);

/* What a path sets: /cut=100/...; whether there was something. */
bool	scenario_override(struct scenario *s, const char *path);

/* The text to say instead of the scenario's, quoted: the last "content" or
 * "input" of a body; the caller frees; NULL when it is not to echo. */
char	*scenario_echo(const struct scenario *s, const char *body);

#endif
