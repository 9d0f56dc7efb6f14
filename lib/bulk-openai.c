/*
 * bulk-openai: /files and /batches, of OpenAI and of those that are like it.
 *
 * The tasks are a file, which may be handed in twice: it costs nothing.  The
 * batch carries our mark among its metadata, so it can be found again.
 */
#include "config.h"

#include "alloc.h"
#include "bulk-vendor.h"
#include "provider.h"

static const char mark_name[] = "agentutils";

/* Where each request goes: of the batch, and within its lines. */
static char *
endpoint(const struct model *m)
{
	return xasprintf("/v1%s", m->provider->path);
}

static void
openai_add(const struct model *m, const char *id, const struct buf *body,
    struct buf *out)
{
	AUTO_FREE char *url = endpoint(m);

	buf_addf(out, "{\"custom_id\":\"%s\",\"method\":\"POST\","
	    "\"url\":\"%s\",\"body\":", id, url);
	buf_add(out, body->data, body->len);
	buf_adds(out, "}\n");
}

static int
openai_prepare(struct bulk_server *s, struct bulk_state *state,
    const struct spool *lines, struct err *e)
{
	AUTO_BUF struct buf head = BUF_INIT;
	AUTO_FREE char *tail = xasprintf("\r\n--%s--\r\n", state->mark);
	struct bulk_parts form = { .tail = tail, .lines = lines };
	AUTO_FREE char *type = xasprintf("multipart/form-data; boundary=%s",
	    state->mark);
	struct bulk_request rq = { .method = "POST", .path = "/files",
	    .type = type, .parts = &form };
	AUTO_JV jv answer = JSON_NONE;
	AUTO_FREE char *id = NULL;

	if (state->file)
		return 0;
	buf_addf(&head, "--%s\r\nContent-Disposition: form-data; "
	    "name=\"purpose\"\r\n\r\nbatch\r\n--%s\r\nContent-Disposition: "
	    "form-data; name=\"file\"; filename=\"tasks.jsonl\"\r\n"
	    "Content-Type: application/jsonl\r\n\r\n", state->mark,
	    state->mark);
	form.head = head.data;
	answer = bulk_ask_json(s, &rq, e);
	id = bulk_id(&answer, e);
	return id ? bulk_state_file(state, id, e) : -1;
}

static char *
openai_submit(struct bulk_server *s, const struct bulk_state *state,
    const struct spool *lines, struct err *e)
{
	AUTO_JV jv body = json_object(), answer = JSON_NONE;
	AUTO_FREE char *url = endpoint(s->m);
	AUTO_BUF struct buf text = BUF_INIT;
	struct bulk_request rq = { .method = "POST", .path = "/batches",
	    .body = &text, .once = true };
	jv metadata = json_object();

	(void)lines;
	json_set_str(&metadata, mark_name, state->mark);
	json_set_str(&body, "input_file_id", state->file);
	json_set_str(&body, "endpoint", url);
	json_set_str(&body, "completion_window", "24h");
	json_set(&body, "metadata", metadata);
	json_write(&body, &text);
	answer = bulk_ask_json(s, &rq, e);
	return bulk_id(&answer, e);
}

static int
openai_find(struct bulk_server *s, const struct bulk_state *state,
    size_t count, char **ret, struct err *e)
{
	struct bulk_request rq = { .method = "GET",
	    .path = "/batches?limit=100" };
	AUTO_JV jv answer = bulk_ask_json(s, &rq, e);
	AUTO_JV jv all = json_get(&answer, "data");

	(void)count;
	if (!json_is(&answer, JSON_OBJECT))
		return -1;
	for (size_t i = 0; i < json_count(&all); i++) {
		AUTO_JV jv one = json_at(&all, i);
		AUTO_JV jv metadata = json_get(&one, "metadata");
		const char *mark = json_str(&metadata, mark_name);
		if (mark && strcmp(mark, state->mark) == 0)
			return (*ret = bulk_id(&one, e)) ? 1 : -1;
	}
	return 0;
}

/* Why the batch was refused as a whole. */
static int
failed(const jv *answer, struct err *e)
{
	AUTO_JV jv errors = json_path(answer, "errors.data");
	AUTO_JV jv first = json_at(&errors, 0);
	const char *why = json_str(&first, "message");

	return err_set(e, ST_DATA, "the batch was refused: %s",
	    why ? why : "no reason given");
}

static int
openai_poll(struct bulk_server *s, const char *batch,
    struct bulk_progress *ret, struct err *e)
{
	static const char *const ends[] = {
		"completed", "expired", "cancelled"
	};
	AUTO_FREE char *path = xasprintf("/batches/%s", batch);
	AUTO_JV jv counts = JSON_NONE;

	if (bulk_look(s, path, "status", ret, e) < 0)
		return -1;
	counts = json_get(&ret->answer, "request_counts");
	(void)json_int(&counts, "completed", &ret->done);
	(void)json_int(&counts, "total", &ret->count);
	if (strcmp(ret->word, "failed") == 0)
		return failed(&ret->answer, e);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		ret->ended = ret->ended || strcmp(ret->word, ends[i]) == 0;
	return 0;
}

static int
openai_fetch(struct bulk_server *s, const char *batch,
    const struct bulk_progress *p, struct spool *out, struct err *e)
{
	static const char *const files[] = {
		"output_file_id", "error_file_id"
	};

	(void)batch;
	for (size_t i = 0; i < 2; i++) {
		const char *id = json_str(&p->answer, files[i]);
		AUTO_FREE char *path = xasprintf("/files/%s/content",
		    id ? id : "");
		struct bulk_request rq = { .method = "GET", .path = path };
		if (!id || id[strcspn(id, "/?#% \t\r\n")])
			continue;
		/* an empty line is none */
		if (bulk_save(s, &rq, out, e) < 0 ||
		    spool_add(out, "\n", 1, e) < 0)
			return -1;
	}
	return 0;
}

static const char *
openai_result(const jv *line, int *ret_status, jv *ret_body)
{
	AUTO_JV jv response = json_get(line, "response");
	AUTO_JV jv error = json_get(line, "error");
	int64_t status = 0;

	if (json_int(&response, "status_code", &status)) {
		*ret_body = json_get(&response, "body");
	} else {
		*ret_body = json_object();
		json_set(ret_body, "error", json_copy(&error));
	}
	*ret_status = status > 0 && status < 1000 ? (int)status : 0;
	return json_str(line, "custom_id");
}

const struct bulk_vendor bulk_openai = {
	.add = openai_add,
	.prepare = openai_prepare,
	.submit = openai_submit,
	.find = openai_find,
	.poll = openai_poll,
	.fetch = openai_fetch,
	.result = openai_result
};
