/* bulk-vendor: requests to batch endpoints, and the table of them. */
#include "config.h"

#include "bulk-vendor.h"

#include <poll.h>
#include <sys/types.h>

#include "alloc.h"
#include "answer.h"
#include "fd.h"
#include "http.h"
#include "model-call.h"
#include "model-error.h"

enum { ANSWER_BYTES = 512 << 20, TRIES = 4 };

static const int64_t first_delay = CLOCK_SEC / 2;

const struct bulk_vendor *
bulk_vendor_of(const struct model *m, struct err *e)
{
	const char *protocol = m->provider->name;

	if (strncmp(m->base, "http", 4) != 0)
		err_set(e, ST_CONFIG, "'%s' is no server, and has no batches",
		    m->name);
	else if (strcmp(protocol, "chat") == 0 ||
	    strcmp(protocol, "responses") == 0)
		return &bulk_openai;
	else if (strcmp(protocol, "messages") == 0)
		return &bulk_anthropic;
	else
		err_set(e, ST_CONFIG, "'%s': its protocol, %s, has no batches",
		    m->name, protocol);
	return NULL;
}

/* What a refusal means; whether asking again may help. */
static bool
refused(const struct bulk_server *s, int status, const struct buf *body,
    bool once, struct err *e)
{
	struct model_request none = { 0 };
	struct answer a;
	AUTO_JV jv v = JSON_NONE;
	struct err ignored = ERR_INIT;
	bool again;

	answer_init(&a, &none, s->m->provider->release, 0);
	(void)json_parse(body->data ? body->data : "", body->len, &v,
	    &ignored);
	(void)model_error_body(&a, status, &v, e);
	again = model_error_again(&a.error) && (!once || status == 429 ||
	    status == 529);
	answer_release(&a);
	return again;
}

/* A body that is read from a spool while it is sent. */
struct upload {
	const struct bulk_parts *parts;
	int64_t at;
	struct err *e;
};

static ssize_t
read_lines(struct upload *u, int64_t at, char *data, size_t max)
{
	AUTO_BUF struct buf piece = BUF_INIT;
	const struct bulk_parts *p = u->parts;
	size_t n = p->lines->len - at < (int64_t)max ?
	    (size_t)(p->lines->len - at) : max;
	char *lf;

	if (spool_read(p->lines, at, n, &piece, u->e) < 0)
		return -1;
	for (char *from = piece.data; p->join && (lf = memchr(from, '\n',
	    n - (size_t)(from - piece.data))); from = lf + 1)
		*lf = at + (lf - piece.data) + 1 < p->lines->len ? p->join :
		    ' ';
	memcpy(data, piece.data, n);
	return (ssize_t)n;
}

static ssize_t
upload_read(void *ctx, char *data, size_t max)
{
	struct upload *u = ctx;
	const struct bulk_parts *p = u->parts;
	int64_t head = (int64_t)strlen(p->head), body = head + p->lines->len;
	const char *from = u->at < head ? p->head + u->at :
	    u->at < body ? NULL : p->tail + (u->at - body);
	size_t n = from ? strnlen(from, max) : 0;
	ssize_t got = (ssize_t)n;

	if (from)
		memcpy(data, from, n);
	else
		got = read_lines(u, u->at - head, data, max);
	if (got > 0)
		u->at += got;
	return got;
}

static bool
upload_rewind(void *ctx)
{
	struct upload *u = ctx;

	u->at = 0;
	return true;
}

/* Where an answer goes: one of them. */
struct sink {
	struct buf *text;
	struct spool *spool;
};

/* One attempt: 0; -1 and whether another may be made. */
static int
attempt(struct bulk_server *s, const struct bulk_request *rq,
    const struct http_request *http, const struct sink *ret, bool *again,
    struct err *e)
{
	AUTO_BUF struct buf body = BUF_INIT;
	int64_t had = ret->spool ? ret->spool->len : 0;
	int status = ret->spool ? http_save(s->http, http, ANSWER_BYTES,
	    s->stop, ret->spool, &body, e) : http_fetch(s->http, http,
	    ANSWER_BYTES, s->stop, &body, NULL, e);

	if (status >= 200 && status < 300) {
		if (ret->text)
			buf_add(ret->text, body.data ? body.data : "",
			    body.len);
		return 0;
	}
	if (status >= 0)
		*again = refused(s, status, &body, rq->once, e);
	else	/* no connection: nothing was done */
		*again = e->status == ST_UNAVAILABLE ||
		    (!rq->once && e->status == ST_PROTOCOL);
	if (ret->spool && spool_cut(ret->spool, had, e) < 0)
		*again = false;
	return -1;
}

static const char **
fields_of(const struct bulk_request *rq, const jv *fields, const char *type)
{
	size_t n = json_count(fields), k = 0;
	const char **list = xcalloc(n + 2, sizeof(*list));

	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv field = json_at(fields, i);
		if (!rq->type || strncmp(json_string(&field), "Content-Type:",
		    strlen("Content-Type:")) != 0)
			list[k++] = json_string(&field); /* lives in fields */
	}
	if (rq->type)
		list[k] = type;
	return list;
}

static int
ask(struct bulk_server *s, const struct bulk_request *rq,
    const struct sink *ret, struct err *e)
{
	AUTO_JV jv fields = call_fields(s->m, s->key);
	AUTO_FREE char *type = xasprintf("Content-Type: %s",
	    rq->type ? rq->type : "");
	AUTO_FREE const char **list = fields_of(rq, &fields, type);
	AUTO_FREE char *url = xasprintf("%s%s", s->m->base, rq->path);
	struct upload upload = { .parts = rq->parts, .e = e };
	struct http_source source = { .read = upload_read,
	    .rewind = upload_rewind, .ctx = &upload };
	struct http_request http = {
		.method = rq->method, .url = url, .headers = list,
		.body = rq->body ? rq->body->data : NULL,
		.body_len = rq->body ? rq->body->len : 0,
		.source = rq->parts ? &source : NULL,
		.unix_socket = s->m->unix_socket,
		.timers = s->m->timers, .until = s->until
	};
	int64_t delay = first_delay;

	if (rq->parts)
		source.len = (int64_t)strlen(rq->parts->head) +
		    rq->parts->lines->len + (int64_t)strlen(rq->parts->tail);
	for (int i = 1;; i++, delay *= 2) {
		bool again = false;
		*e = (struct err)ERR_INIT;
		upload.at = 0;
		if (attempt(s, rq, &http, ret, &again, e) == 0)
			return 0;
		if (!again || i == TRIES || delay >= deadline_left(s->until))
			return err_prefix(e, "%s", s->m->name);
		if (fd_poll(NULL, 0, deadline_in(delay), s->stop, e) < 0)
			return -1;
	}
}

int
bulk_save(struct bulk_server *s, const struct bulk_request *rq,
    struct spool *ret, struct err *e)
{
	return ask(s, rq, &(struct sink){ .spool = ret }, e);
}

jv
bulk_ask_json(struct bulk_server *s, const struct bulk_request *rq,
    struct err *e)
{
	AUTO_BUF struct buf body = BUF_INIT;
	jv v = JSON_NONE;

	if (ask(s, rq, &(struct sink){ .text = &body }, e) < 0)
		return JSON_NONE;
	if (json_parse(body.data ? body.data : "", body.len, &v, e) == 0 &&
	    json_is(&v, JSON_OBJECT))
		return v;
	json_release(&v);
	err_set(e, ST_PROTOCOL, "%s: the answer to %s %s is no object",
	    s->m->name, rq->method, rq->path);
	return JSON_NONE;
}

int
bulk_look(struct bulk_server *s, const char *path, const char *key,
    struct bulk_progress *ret, struct err *e)
{
	struct bulk_request rq = { .method = "GET", .path = path };
	const char *word;

	ret->answer = bulk_ask_json(s, &rq, e);
	if (!json_is(&ret->answer, JSON_OBJECT))
		return -1;
	word = json_str(&ret->answer, key);
	if (!word)
		return err_set(e, ST_PROTOCOL,
		    "the server does not say how the batch is");
	ret->word = xstrdup(word);
	return 0;
}

char *
bulk_id(const jv *answer, struct err *e)
{
	const char *id = json_str(answer, "id");

	if (id && *id && id[strcspn(id, "/?#% \t\r\n")] == '\0')
		return xstrdup(id);
	if (json_is(answer, JSON_OBJECT))
		err_set(e, ST_PROTOCOL, "the server gave no id");
	return NULL;
}
