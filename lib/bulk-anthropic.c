/*
 * bulk-anthropic: /messages/batches.
 *
 * The tasks are the body of one request.  A batch carries no mark that could
 * be seen before it has ended, so one whose number was never heard is known
 * by its time and its size; where several could be it, a person has to say.
 */
#include "config.h"

#include "alloc.h"
#include "bulk-vendor.h"
#include "clock.h"

/* The server's clock may be behind ours by this. */
static const int64_t clocks_differ = 60 * CLOCK_SEC;

static void
anthropic_add(const struct model *m, const char *id, const struct buf *body,
    struct buf *out)
{
	(void)m;
	buf_addf(out, "{\"custom_id\":\"%s\",\"params\":", id);
	buf_add(out, body->data, body->len);
	buf_adds(out, "}\n");
}

static char *
anthropic_submit(struct bulk_server *s, const struct bulk_state *state,
    const struct spool *lines, struct err *e)
{
	struct bulk_parts body = { .head = "{\"requests\":[", .tail = "]}",
	    .lines = lines, .join = ',' };
	struct bulk_request rq = { .method = "POST",
	    .path = "/messages/batches", .parts = &body, .once = true };
	AUTO_JV jv answer = JSON_NONE;

	(void)state;
	answer = bulk_ask_json(s, &rq, e);
	return bulk_id(&answer, e);
}

static int64_t
counts_of(const jv *batch)
{
	AUTO_JV jv counts = json_get(batch, "request_counts");
	int64_t sum = 0;

	JSON_EACH(&counts, i) {
		AUTO_JV jv v = json_iter_value(&counts, i);
		double n;
		if (json_number(&v, &n) && n > 0 && n < 1e9)
			sum += (int64_t)n;
	}
	return sum;
}

static int
anthropic_find(struct bulk_server *s, const struct bulk_state *state,
    size_t count, char **ret, struct err *e)
{
	struct bulk_request rq = { .method = "GET",
	    .path = "/messages/batches?limit=100" };
	AUTO_JV jv answer = bulk_ask_json(s, &rq, e);
	AUTO_JV jv all = json_get(&answer, "data");
	AUTO_FREE char *found = NULL;

	if (!json_is(&answer, JSON_OBJECT))
		return -1;
	for (size_t i = 0; i < json_count(&all); i++) {
		AUTO_JV jv one = json_at(&all, i);
		const char *made = json_str(&one, "created_at");
		int64_t at;
		if (!made || timestamp_parse(made, &at) < 0 ||
		    at < state->since - clocks_differ ||
		    counts_of(&one) != (int64_t)count)
			continue;
		if (found)
			return err_set(e, ST_DATA, "'%s' was being handed in, "
			    "and may be '%s' or '%s' on the server: add a "
			    "line {\"batch\":\"ID\"} to '%s'", state->mark,
			    found, json_str(&one, "id"), state->path);
		found = bulk_id(&one, e);
		if (!found)
			return -1;
	}
	*ret = STEAL(found);
	return *ret ? 1 : 0;
}

static int
anthropic_poll(struct bulk_server *s, const char *batch,
    struct bulk_progress *ret, struct err *e)
{
	AUTO_FREE char *path = xasprintf("/messages/batches/%s", batch);
	AUTO_JV jv counts = JSON_NONE;
	int64_t left = 0;

	if (bulk_look(s, path, "processing_status", ret, e) < 0)
		return -1;
	counts = json_get(&ret->answer, "request_counts");
	(void)json_int(&counts, "processing", &left);
	ret->count = counts_of(&ret->answer);
	ret->done = ret->count - left;
	ret->ended = strcmp(ret->word, "ended") == 0;
	return 0;
}

/* By our own address: a key does not go where an answer says. */
static int
anthropic_fetch(struct bulk_server *s, const char *batch,
    const struct bulk_progress *p, struct spool *out, struct err *e)
{
	AUTO_FREE char *path = xasprintf("/messages/batches/%s/results",
	    batch);
	struct bulk_request rq = { .method = "GET", .path = path };

	(void)p;
	return bulk_save(s, &rq, out, e);
}

static const char *
anthropic_result(const jv *line, int *ret_status, jv *ret_body)
{
	AUTO_JV jv result = json_get(line, "result");
	const char *type = json_str(&result, "type");
	jv error;

	*ret_status = 0;
	if (type && strcmp(type, "succeeded") == 0) {
		*ret_status = 200;
		*ret_body = json_get(&result, "message");
	} else if (json_has(&result, "error")) {
		*ret_body = json_get(&result, "error");
	} else {		/* canceled, expired */
		error = json_object();
		json_set_str(&error, "type", type ? type : "missing");
		*ret_body = json_object();
		json_set(ret_body, "error", error);
	}
	return json_str(line, "custom_id");
}

const struct bulk_vendor bulk_anthropic = {
	.add = anthropic_add,
	.submit = anthropic_submit,
	.find = anthropic_find,
	.poll = anthropic_poll,
	.fetch = anthropic_fetch,
	.result = anthropic_result
};
