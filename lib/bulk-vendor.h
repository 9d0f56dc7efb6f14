/*
 * bulk-vendor: the batch endpoints of OpenAI, which others have, too, and of
 * Anthropic.  Each is one constant struct bulk_vendor.
 */
#ifndef AGENT_BULK_VENDOR_H
#define AGENT_BULK_VENDOR_H

#include "buf.h"
#include "bulk-state.h"
#include "err.h"
#include "json.h"
#include "model.h"
#include "spool.h"

/* Where it is; requests to it are tried again as often as retries are usual,
 * but those that would make something twice. */
struct bulk_server {
	const struct model *m;
	char *key;			/* or NULL */
	struct http *http;
	struct deadline until;
	const volatile int *stop;
};

/* How far a batch is. */
struct bulk_progress {
	bool ended;
	int64_t done, count;
	char *word;		/* the vendor's own; or NULL */
	jv answer;		/* what it said of the batch */
};

struct bulk_vendor {
	/* One request as a line of what is handed in; newline included. */
	void (*add)(const struct model *m, const char *id,
	    const struct buf *body, struct buf *out);
	/* Hands them in: what goes before (NULL: nothing; it may be done
	 * twice), and the batch, whose number the caller frees.  NULL: nobody
	 * knows whether there is one, unless e says ST_DATA, ST_DENIED... */
	int (*prepare)(struct bulk_server *s, struct bulk_state *state,
	    const struct spool *lines, struct err *e);
	char *(*submit)(struct bulk_server *s, const struct bulk_state *state,
	    const struct spool *lines, struct err *e);
	/* The number of the batch of that state: 1; 0 when there is none; -1
	 * also when several may be it. */
	int (*find)(struct bulk_server *s, const struct bulk_state *state,
	    size_t count, char **ret, struct err *e);
	int (*poll)(struct bulk_server *s, const char *batch,
	    struct bulk_progress *ret, struct err *e);
	/* Appends the lines of all results. */
	int (*fetch)(struct bulk_server *s, const char *batch,
	    const struct bulk_progress *p, struct spool *out,
	    struct err *e);
	/* What a line says: the HTTP status and the body; its id lives in the
	 * line. */
	const char *(*result)(const jv *line, int *ret_status, jv *ret_body);
};

/* By the model's protocol; NULL with ST_CONFIG when it has no batches. */
const struct bulk_vendor *bulk_vendor_of(const struct model *m,
	    struct err *e);

extern const struct bulk_vendor bulk_openai, bulk_anthropic;

/* A body with the lines of a spool in it. */
struct bulk_parts {
	const char *head, *tail;
	const struct spool *lines;
	char join;		/* in place of the newlines between them; or
				 * '\0': as they are */
};

struct bulk_request {
	const char *method, *path, *type;	/* type: NULL for JSON */
	const struct buf *body;		/* or NULL */
	const struct bulk_parts *parts;	/* in its place; or NULL */
	bool once;		/* not again, unless it surely was not done */
};

/* One request, tried again where that may help: its answer in a spool, or as
 * an object.  Failures are those of model_ask(). */
int	bulk_save(struct bulk_server *s, const struct bulk_request *rq,
	    struct spool *ret, struct err *e);
jv	bulk_ask_json(struct bulk_server *s, const struct bulk_request *rq,
	    struct err *e);

/* What the server says of a batch, and its word for how it is, the member
 * `key` of that. */
int	bulk_look(struct bulk_server *s, const char *path, const char *key,
	    struct bulk_progress *ret, struct err *e);

/* The id in such an answer, fit to be part of a path; the caller frees it.
 * NULL with ST_PROTOCOL when there is none, and as it is for no answer. */
char	*bulk_id(const jv *answer, struct err *e);

#endif
