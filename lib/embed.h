/*
 * embed: texts from a stream, their vectors as a stream, in the same order.
 *
 * A line is an object with `text`, or a record whose data is one, and goes
 * out again byte for byte with `embedding` and `model` put into that object;
 * or, with `lines`, any text, which goes out as {"text","embedding","model"}.
 *
 * Texts are asked for many at a time: as many as have come when nothing is
 * being asked, else when a request is full.  One that the server refuses as
 * wrong or too long is halved until the text that it refuses is alone: that
 * gets an `error` in the place of the vector, and the others their own.
 */
#ifndef AGENT_EMBED_H
#define AGENT_EMBED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "json.h"
#include "model.h"

enum { EMBED_TEXTS = 64, EMBED_BYTES = 256 << 10, EMBED_JOBS = 4 };

struct embed {
	const struct model *model;
	const jv *options;	/* or NULL */
	struct memo *memo;	/* or NULL */
	size_t jobs;		/* requests at once */
	bool lines;
	bool result;		/* a `result` as the last line */
	int retries;
	int64_t timeout;	/* for each request, ns */
	int in, out;
};

/*
 * ST_OK; ST_NO when some text was refused; ST_DATA when a line had none
 * (reported, and gone on after).  -1 when it cannot go on; ST_CONFIG when the
 * model's protocol has no vectors, or it is a list: other models make other
 * vectors.
 */
int	embed_run(const struct embed *o, const volatile int *stop,
	    struct err *e);

#endif
