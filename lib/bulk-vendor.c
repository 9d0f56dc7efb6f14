/* bulk-vendor: requests to batch endpoints, and the table of them. */
#include "config.h"

#include "bulk-vendor.h"

#include <poll.h>

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

/* One attempt: 0; -1 and whether another may be made. */
static int
attempt(struct bulk_server *s, const struct bulk_request *rq,
    const struct http_request *http, struct buf *ret, bool *again,
    struct err *e)
{
	AUTO_BUF struct buf body = BUF_INIT;
	int status = http_fetch(s->http, http, ANSWER_BYTES, s->stop, &body,
	    NULL, e);

	if (status >= 200 && status < 300) {
		buf_add(ret, body.data ? body.data : "", body.len);
		return 0;
	}
	if (status >= 0)
		*again = refused(s, status, &body, rq->once, e);
	else	/* no connection: nothing was done */
		*again = e->status == ST_UNAVAILABLE ||
		    (!rq->once && e->status == ST_PROTOCOL);
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

int
bulk_ask(struct bulk_server *s, const struct bulk_request *rq,
    struct buf *ret, struct err *e)
{
	AUTO_JV jv fields = call_fields(s->m, s->key);
	AUTO_FREE char *type = xasprintf("Content-Type: %s",
	    rq->type ? rq->type : "");
	AUTO_FREE const char **list = fields_of(rq, &fields, type);
	AUTO_FREE char *url = xasprintf("%s%s", s->m->base, rq->path);
	struct http_request http = {
		.method = rq->method, .url = url, .headers = list,
		.body = rq->body ? rq->body->data : NULL,
		.body_len = rq->body ? rq->body->len : 0,
		.unix_socket = s->m->unix_socket,
		.timers = s->m->timers, .until = s->until
	};
	int64_t delay = first_delay;

	for (int i = 1;; i++, delay *= 2) {
		bool again = false;
		*e = (struct err)ERR_INIT;
		if (attempt(s, rq, &http, ret, &again, e) == 0)
			return 0;
		if (!again || i == TRIES || delay >= deadline_left(s->until))
			return err_prefix(e, "%s", s->m->name);
		if (fd_poll(NULL, 0, deadline_in(delay), s->stop, e) < 0)
			return -1;
	}
}

jv
bulk_ask_json(struct bulk_server *s, const struct bulk_request *rq,
    struct err *e)
{
	AUTO_BUF struct buf body = BUF_INIT;
	jv v = JSON_NONE;

	if (bulk_ask(s, rq, &body, e) < 0)
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
