/*
 * batch-resume: the file of results that lets a killed batch go on.
 */
#ifndef AGENT_BATCH_RESUME_H
#define AGENT_BATCH_RESUME_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "json.h"
#include "sha256.h"

struct batch_resume;

/*
 * Opens or makes the file, for this process alone (ST_TEMPFAIL when another
 * has it), reads what is there: whole results with status 0, by data.key.
 * Forgets a last line that a crash cut.
 */
struct batch_resume *batch_resume_open(const char *path, struct err *e);
void	batch_resume_close(struct batch_resume *r);	/* NULL is fine */

/* The key of a task: its id (or NULL), the model and the whole request. */
void	batch_key(const char *id, const char *model, const jv *request,
	    char out[SHA256_HEX_LEN + 1]);

/* The line of an earlier result, without newline: 1; 0 when there is none. */
int	batch_resume_find(struct batch_resume *r, const char *key,
	    struct buf *line, struct err *e);

/* Appends a line, newline included. */
int	batch_resume_add(struct batch_resume *r, const char *line, size_t len,
	    struct err *e);

#endif
