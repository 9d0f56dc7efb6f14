/* model-others: what the model server does beside answering. */
#include "config.h"

#include "model-others.h"

#include "alloc.h"
#include "clock.h"
#include "json.h"

struct file {
	struct buf text;
};

struct batch {
	struct buf good, bad;		/* lines of results */
	char *mark;			/* OpenAI's metadata, as JSON */
	int64_t count, made;
	bool messages;			/* Anthropic's */
	int looks;
};

static struct file *files;
static size_t nfiles, files_cap;
static struct batch *batches;
static size_t nbatches, batches_cap;

/* A vector for each input: its length, its number, 1. */
static void
embeddings(const struct request *r, bool ollama, struct buf *out)
{
	AUTO_JV jv v = JSON_NONE, input = JSON_NONE;
	struct err ignored = ERR_INIT;
	size_t n;

	if (json_parse(r->body, r->body_len, &v, &ignored) == 0)
		input = json_get(&v, "input");
	n = json_string(&input) ? 1 : json_count(&input);
	buf_addf(out, "{\"model\":\"test-model\",\"%s\":[",
	    ollama ? "embeddings" : "data");
	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv one = json_string(&input) ? json_copy(&input) :
		    json_at(&input, i);
		buf_addf(out, i ? "," : "");
		if (!ollama)
			buf_addf(out, "{\"object\":\"embedding\",\"index\":"
			    "%zu,\"embedding\":", i);
		buf_addf(out, "[%zu,%zu,1]%s", json_string_len(&one), i,
		    ollama ? "" : "}");
	}
	buf_addf(out, ollama ? "],\"prompt_eval_count\":%zu}" :
	    "],\"usage\":{\"prompt_tokens\":%zu}}", n);
}

/* The part of a form that is a file. */
static void
take_file(const struct request *r, struct buf *out)
{
	const char *from = strstr(r->body, "filename="), *to = NULL;

	GROW(files, nfiles, files_cap);
	files[nfiles] = (struct file){ BUF_INIT };
	from = from ? strstr(from, "\r\n\r\n") : NULL;
	for (const char *p = from; p && (p = strstr(p + 1, "\r\n--"));)
		to = p;
	if (from && to)
		buf_add(&files[nfiles].text, from + 4,
		    (size_t)(to - from - 4));
	buf_addf(out, "{\"id\":\"file-%zu\",\"object\":\"file\"}", nfiles++);
}

static struct batch *
new_batch(bool messages)
{
	GROW(batches, nbatches, batches_cap);
	batches[nbatches] = (struct batch){ .messages = messages,
	    .made = clock_wall() };
	return &batches[nbatches++];
}

static void
answer_line(struct batch *b, const jv *line, others_answer answer)
{
	const char *id = json_str(line, "custom_id");
	AUTO_JV jv body = json_get(line, b->messages ? "params" : "body");
	AUTO_FREE char *text = json_text(&body);
	AUTO_BUF struct buf said = BUF_INIT;
	const char *path = b->messages ? "/v1/messages" :
	    json_str(line, "url");
	int status = answer(path, text, &said);
	struct buf *to = status == 200 || b->messages ? &b->good : &b->bad;

	b->count++;
	if (strstr(text, "forgotten"))
		return;
	buf_addf(to, "{\"custom_id\":\"%s\",", id);
	if (!b->messages)
		buf_addf(to, "\"response\":{\"status_code\":%d,\"body\":%s},"
		    "\"error\":null}\n", status, said.data);
	else if (status == 200)
		buf_addf(to, "\"result\":{\"type\":\"succeeded\","
		    "\"message\":%s}}\n", said.data);
	else
		buf_addf(to, "\"result\":{\"type\":\"errored\",\"error\":%s}}"
		    "\n", said.data);
}

static void
show_batch(size_t i, struct buf *out)
{
	const struct batch *b = &batches[i];
	bool done = b->looks > 1;
	char made[TIMESTAMP_LEN + 1];

	timestamp_format(b->made, made);
	if (b->messages) {
		buf_addf(out, "{\"id\":\"msgbatch_%zu\",\"created_at\":\"%s\","
		    "\"processing_status\":\"%s\",\"request_counts\":"
		    "{\"processing\":%d,\"succeeded\":%d}}", i, made,
		    done ? "ended" : "in_progress", done ? 0 : (int)b->count,
		    done ? (int)b->count : 0);
		return;
	}
	buf_addf(out, "{\"id\":\"batch_%zu\",\"status\":\"%s\","
	    "\"metadata\":%s,\"request_counts\":{\"total\":%d,"
	    "\"completed\":%d}", i, done ? "completed" : "in_progress",
	    b->mark, (int)b->count, done ? (int)b->count : 0);
	if (done)
		buf_addf(out, ",\"output_file_id\":\"out-%zu\"", i);
	if (done && b->bad.len > 0)
		buf_addf(out, ",\"error_file_id\":\"err-%zu\"", i);
	buf_addc(out, '}');
}

static void
take_batch(const struct request *r, others_answer answer, struct buf *out)
{
	bool messages = request_is(r->path, "/messages/batches");
	struct batch *b = new_batch(messages);
	AUTO_JV jv v = JSON_NONE, requests = JSON_NONE, mark = JSON_NONE;
	struct err ignored = ERR_INIT;
	const char *file;
	size_t i;

	(void)json_parse(r->body, r->body_len, &v, &ignored);
	requests = json_get(&v, "requests");
	for (i = 0; i < json_count(&requests); i++) {
		AUTO_JV jv line = json_at(&requests, i);
		answer_line(b, &line, answer);
	}
	mark = json_get(&v, "metadata");
	b->mark = json_text(&mark);
	file = json_str(&v, "input_file_id");
	for (i = 0; file && i < nfiles; i++) {
		AUTO_FREE char *id = xasprintf("file-%zu", i);
		char *p = files[i].text.data, *lf;
		if (strcmp(id, file) != 0)
			continue;
		for (; p && (lf = strchr(p, '\n')); p = lf + 1) {
			AUTO_JV jv line = JSON_NONE;
			(void)json_parse(p, (size_t)(lf - p), &line, &ignored);
			answer_line(b, &line, answer);
		}
	}
	show_batch(nbatches - 1, out);
}

static void
list_batches(bool messages, struct buf *out)
{
	const char *sep = "";

	buf_adds(out, "{\"data\":[");
	for (size_t i = 0; i < nbatches; i++) {
		if (batches[i].messages != messages)
			continue;
		buf_adds(out, sep);
		show_batch(i, out);
		sep = ",";
	}
	buf_adds(out, "]}");
}

/* /batches/ID, /files/ID/content, /messages/batches/ID/results. */
static bool
show(const struct request *r, struct buf *out)
{
	for (size_t i = 0; i < nbatches; i++) {
		struct batch *b = &batches[i];
		AUTO_FREE char *id = xasprintf("/batches/%s_%zu",
		    b->messages ? "msgbatch" : "batch", i);
		AUTO_FREE char *results = xasprintf("%s/results", id);
		AUTO_FREE char *good = xasprintf("/files/out-%zu/content", i);
		AUTO_FREE char *bad = xasprintf("/files/err-%zu/content", i);
		struct buf *text = request_is(r->path, good) ||
		    request_is(r->path, results) ? &b->good :
		    request_is(r->path, bad) ? &b->bad : NULL;
		if (request_is(r->path, id)) {
			b->looks++;
			show_batch(i, out);
			return true;
		}
		if (text) {
			buf_add(out, text->data ? text->data : "", text->len);
			return true;
		}
	}
	return false;
}

bool
others_batched(const struct request *r)
{
	return request_is(r->path, "/files") ||
	    request_is(r->path, "/batches");
}

int
others_reply(const struct request *r, others_answer answer, struct buf *out)
{
	bool post = strcmp(r->method, "POST") == 0;

	if (request_is(r->path, "/models"))
		buf_adds(out, "{\"object\":\"list\",\"data\":[{\"id\":"
		    "\"test-model\"},{\"id\":\"other-model\"}]}");
	else if (request_is(r->path, "/api/tags"))
		buf_adds(out, "{\"models\":[{\"name\":\"test-model\"}]}");
	else if (request_is(r->path, "/embeddings"))
		embeddings(r, false, out);
	else if (request_is(r->path, "/api/embed"))
		embeddings(r, true, out);
	else if (post && request_is(r->path, "/files"))
		take_file(r, out);
	else if (post && request_is(r->path, "/batches"))
		take_batch(r, answer, out);
	else if (request_is(r->path, "/batches"))
		list_batches(request_is(r->path, "/messages/batches"), out);
	else if (!show(r, out))
		return 0;
	return 200;
}
