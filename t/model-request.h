/*
 * model-request: a request to the model server, whole.
 */
#ifndef AGENT_MODEL_REQUEST_H
#define AGENT_MODEL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "err.h"

struct request {
	char *method, *path;
	char *head, *body;	/* NUL-terminated */
	size_t head_len, body_len;
	char *text;		/* "METHOD PATH\nBODY" */
};

/* The request at the start of what was read: its length, 0 when it is not
 * there as a whole. */
size_t	request_parse(struct buf *in, struct request *r);
void	request_release(struct request *r);

/* Whether it has the key (NULL: always). */
bool	request_authorized(const struct request *r, const char *key);

/* One line about it, number `n`. */
int	request_log(int fd, long long n, const struct request *r,
	    struct err *e);

/* Whether a path ends so, not looking at the query. */
bool	request_is(const char *path, const char *end);

#endif
