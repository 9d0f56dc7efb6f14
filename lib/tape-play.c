/* tape-play: a server that says what was recorded. */
#include "config.h"

#include "tape.h"

#include <math.h>

#include "alloc.h"
#include "env.h"
#include "fd.h"
#include "json.h"
#include "recording.h"
#include "tape-impl.h"

struct player {
	const struct tape_options *o;
	struct serve *serve;
	struct recording *recording;
	struct answer_now *answers;
	unsigned unknown;
};

/* An answer that is being given. */
struct answer_now {
	struct answer_now *next;
	struct serve_conn *client;	/* NULL: it left */
	jv line;
	size_t piece;
	int64_t began;
	struct deadline due;
	bool head;
};

static void
refuse(struct player *p, struct serve_conn *c, const char *why)
{
	static const struct http_field type = { "content-type",
		"application/json" };
	AUTO_JV jv error = json_object(), body = json_object();

	p->unknown++;
	err_warn("%s", why);
	json_set_str(&error, "message", why);
	json_set_str(&error, "type", "not_recorded");
	json_set_str(&error, "code", "not_recorded");
	json_set(&body, "error", json_copy(&error));
	AUTO_FREE char *text = json_text(&body);
	serve_head(c, 404, &type, 1);
	serve_body(c, text, strlen(text));
	serve_end(c);
}

static void
on_request(void *ctx, struct serve_conn *c, const struct serve_request *rq)
{
	struct player *p = ctx;
	AUTO_FREE char *path = xstrndup(rq->target,
	    strcspn(rq->target, "?"));
	AUTO_JV jv body = JSON_NONE;
	struct err e = ERR_INIT;
	bool json = rq->body_len > 0 &&
	    json_parse(rq->body, rq->body_len, &body, &e) == 0;
	/* as it was written down: what is no UTF-8 replaced */
	AUTO_JV jv text = json || !rq->body_len ? JSON_NONE :
	    json_from_bytes(rq->body, rq->body_len);
	struct recording_request asked = { rq->method, path, &body,
		json_string(&text) };
	const jv *line = recording_choose(p->recording, &asked,
	    p->o->loose ? RECORDING_LOOSE : RECORDING_STRICT, &e);
	struct answer_now *a;

	if (!line) {
		refuse(p, c, e.text);
		return;
	}
	a = xcalloc(1, sizeof(*a));
	a->client = c;
	a->line = json_copy(line);
	a->began = clock_mono();
	a->due = deadline_in(recording_delay(line));
	a->next = p->answers;
	p->answers = a;
	serve_set(c, a);
}

static void
on_gone(void *ctx, struct serve_conn *c)
{
	struct answer_now *a = serve_get(c);

	(void)ctx;
	if (a)
		a->client = NULL;
}

static void
give_head(struct answer_now *a)
{
	struct http_field *fields = NULL;
	size_t n = recording_fields(&a->line, &fields);

	serve_head(a->client, recording_status(&a->line), fields, n);
	free(fields);
	a->head = true;
}

/* All that is due.  True when the answer has ended. */
static bool
give(const struct player *p, struct answer_now *a)
{
	AUTO_BUF struct buf out = BUF_INIT;
	double at;

	while (a->client) {
		if (!recording_piece(&a->line, a->piece, &out, &at)) {
			if (!a->head)
				give_head(a);
			if (recording_cut(&a->line))
				serve_abort(a->client);
			else
				serve_end(a->client);
			return true;
		}
		if (p->o->speed > 0 && at > 0) {
			int64_t ns = (int64_t)fmin(at / p->o->speed *
			    (double)CLOCK_SEC, 1e18);
			a->due = (struct deadline){ a->began + ns };
			if (!deadline_passed(a->due))
				return false;
		}
		/* the head comes with the first piece, as it did */
		if (!a->head)
			give_head(a);
		serve_body(a->client, out.data, out.len);
		a->piece++;
	}
	return true;
}

static struct deadline
due(void *ctx)
{
	const struct player *p = ctx;
	struct deadline d = DEADLINE_NEVER;

	for (const struct answer_now *a = p->answers; a; a = a->next)
		d = deadline_min(d, a->due);
	return d;
}

static void
answer_free(struct answer_now *a)
{
	if (a->client)
		serve_set(a->client, NULL);
	json_release(&a->line);
	free(a);
}

static int
step(void *ctx, struct err *e)
{
	struct player *p = ctx;
	struct answer_now **at = &p->answers;

	(void)e;
	while (*at) {
		struct answer_now *a = *at;
		if (a->client && (!deadline_passed(a->due) || !give(p, a))) {
			at = &a->next;
			continue;
		}
		*at = a->next;
		answer_free(a);
	}
	return 0;
}

static bool
busy(void *ctx)
{
	struct player *p = ctx;

	return p->answers != NULL;
}

/*
 * Clients ask nothing without a key.  One that opens no door is enough here;
 * those that are set stay.
 */
static void
lend_keys(struct player *p)
{
	const jv *line;

	for (size_t i = 0; (line = recording_line(p->recording, i)); i++) {
		const char *path = json_path_str(line, "request.path");
		const struct tape_route *r = path ? tape_route_of(path) :
		    NULL;
		if (r && r->key_env)
			setenv(r->key_env, "recorded", 0);
	}
}

int
tape_play(const struct tape_options *o, int *ret_status, struct err *e)
{
	static const struct serve_events events = {
		on_request, on_gone, NULL
	};
	struct player p = { .o = o };
	struct tape_loop loop = { .fd = -1, .ctx = &p, .due = due,
		.step = step, .busy = busy };
	int result = -1;

	if (recording_read(o->file, &p.recording, e) == 0 &&
	    serve_open(o->port, &events, &p, &p.serve, e) == 0) {
		loop.serve = p.serve;
		lend_keys(&p);
		tape_lead_here(o, serve_port(p.serve));
		if (!o->argv)
			err_warn("listening on http://127.0.0.1:%d",
			    serve_port(p.serve));
		result = tape_run(o, &loop, ret_status, e);
	}
	serve_close(p.serve);
	while (p.answers) {
		struct answer_now *a = p.answers;
		p.answers = a->next;
		a->client = NULL;
		answer_free(a);
	}
	recording_free(p.recording);
	if (result == 0 && p.unknown > 0)
		result = err_set(e, ST_PROTOCOL, "%u request%s not in the "
		    "recording", p.unknown, p.unknown == 1 ? " was" :
		    "s were");
	return result;
}
