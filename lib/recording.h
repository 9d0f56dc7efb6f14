/*
 * recording: files of recorded exchanges, agent-recording(5): reading them,
 * finding the exchange that answers a request, and what it says.
 */
#ifndef AGENT_RECORDING_H
#define AGENT_RECORDING_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"
#include "http.h"
#include "json.h"

struct recording;

/* ST_NOINPUT, or ST_DATA with the line. */
int	recording_read(const char *file, struct recording **ret,
	    struct err *e);
void	recording_free(struct recording *r);		/* NULL is fine */
const char *recording_file(const struct recording *r);

/* The i-th line, borrowed; NULL after the last. */
const jv *recording_line(const struct recording *r, size_t i);

/* What is asked; all are borrowed. */
struct recording_request {
	const char *method, *path;	/* NULL: not known, any fits, and so
					 * does any model */
	const jv *body;			/* JSON_NONE when it is none */
	const char *text;		/* a body that is no JSON; or NULL */
};

enum recording_mode {
	RECORDING_FIRST,	/* the first that fits */
	RECORDING_STRICT,	/* the first that fits and has not answered;
				 * when all have, the last of them */
	RECORDING_LOOSE		/* or else one that is like it */
};

/*
 * The line that answers, borrowed; NULL: ST_PROTOCOL when there is none, and
 * the text shows what was asked.
 */
const jv *recording_choose(struct recording *r,
	    const struct recording_request *rq, enum recording_mode mode,
	    struct err *e);

/* What an answer is made of. */
int	recording_status(const jv *line);
int64_t	recording_delay(const jv *line);	/* ns */
bool	recording_cut(const jv *line);		/* it had no end */

/*
 * The header fields, with a content-type; the array is to be freed, what it
 * points to belongs to the line.
 */
size_t	recording_fields(const jv *line, struct http_field **ret);

/*
 * The i-th piece of the body, in `out` (which is emptied), and its time in
 * seconds after the request (-1: not known).  False after the last.
 */
bool	recording_piece(const jv *line, size_t i, struct buf *out,
	    double *ret_at);

#endif
