/*
 * extract: the fenced code of an answer.
 */
#ifndef AGENT_EXTRACT_H
#define AGENT_EXTRACT_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"

/*
 * Appends what stands between the fences (three or more ` or ~ at the start of
 * a line, indented by at most three spaces, ended by at least as many) of the
 * first block, or of the last.  A block whose end is missing ends with the
 * text.  False, and nothing appended, when there is none.
 */
bool	extract_block(const char *text, size_t len, bool last,
	    struct buf *out);

/*
 * The JSON value in an answer that was asked for nothing else: the text
 * itself, or its first block.  Points into `text` or `scratch`.
 */
const char *extract_json(const char *text, size_t *len,
	    struct buf *scratch);

#endif
