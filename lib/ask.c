/* ask: one question, its answer written as it comes. */
#include "config.h"

#include "ask.h"

#include "alloc.h"
#include "extract.h"
#include "fd.h"
#include "num.h"
#include "record.h"
#include "structured.h"
#include "term.h"

static const char dim[] = "\033[2m", plain[] = "\033[0m";

/* What is being written. */
struct writer {
	const struct ask *ask;
	const struct record_origin *origin;
	struct term_filter text, reasoning;
	bool clean_out;		/* stdout is a terminal */
	bool dim;		/* inside dimmed reasoning */
	bool open_line;		/* the last byte was no newline */
	bool any;
	jv value;		/* that the schema asked for */
};

static int
emit(struct writer *w, const char *type, jv data, struct err *e)
{
	AUTO_JV jv record = record_new(w->origin, type, data);

	return record_emit(w->ask->out, &record, e);
}

static int
emit_delta(struct writer *w, const char *key, const char *s, size_t len,
    struct err *e)
{
	jv data = json_object();

	json_set(&data, key, json_from_bytes(s, len));
	return emit(w, RECORD_MODEL_DELTA, data, e);
}

/* Ends the reasoning before something else is shown. */
static void
end_reasoning(struct writer *w)
{
	struct err ignored = ERR_INIT;
	AUTO_BUF struct buf out = BUF_INIT;

	if (!w->dim)
		return;
	term_filter_end(&w->reasoning, &out);
	buf_adds(&out, plain);
	buf_addc(&out, '\n');
	(void)fd_write(w->ask->notes, out.data, out.len, &ignored);
	w->dim = false;
}

static int
write_text(struct writer *w, const char *s, size_t len, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;

	if (len == 0)
		return 0;
	end_reasoning(w);
	w->any = true;
	w->open_line = s[len - 1] != '\n';
	if (!w->clean_out)
		return fd_write(w->ask->out, s, len, e);
	term_filter(&w->text, s, len, &out);
	return fd_write(w->ask->out, out.data ? out.data : "", out.len, e);
}

static int
on_text(void *ctx, const char *s, size_t len, struct err *e)
{
	struct writer *w = ctx;

	if (w->ask->format == ASK_NDJSON)
		return emit_delta(w, "text", s, len, e);
	return write_text(w, s, len, e);
}

static int
on_reasoning(void *ctx, const char *s, size_t len, struct err *e)
{
	struct writer *w = ctx;
	AUTO_BUF struct buf out = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (w->ask->format == ASK_NDJSON)
		return emit_delta(w, "reasoning", s, len, e);
	if (w->ask->notes < 0)
		return 0;
	if (!w->dim)
		buf_adds(&out, dim);
	w->dim = true;
	term_filter(&w->reasoning, s, len, &out);
	/* notes are a courtesy: that they cannot be shown changes nothing */
	(void)fd_write(w->ask->notes, out.data, out.len, &ignored);
	return 0;
}

static void
on_retry(void *ctx, const struct model_reply *failed, const struct err *why,
    int64_t delay_ns, const struct model *to)
{
	struct writer *w = ctx;
	struct err ignored = ERR_INIT;
	jv data;

	if (w->ask->format != ASK_NDJSON)
		return;
	data = model_error_json(failed, why);
	json_set_int(&data, "attempt", failed->attempts);
	json_set_num(&data, "delay", (double)delay_ns / (double)CLOCK_SEC);
	json_set_str(&data, "next", to->name);
	(void)emit(w, RECORD_MODEL_RETRY, data, &ignored);
}

jv
ask_result_data(const struct model_reply *r)
{
	jv data = json_object();

	json_set_int(&data, "status", model_finish_status(r->finish));
	json_set_str(&data, "finish", model_finish_name(r->finish));
	json_set(&data, "text", json_get(&r->message, "content"));
	json_set(&data, "message", json_copy(&r->message));
	json_set(&data, "usage", model_usage_json(&r->usage));
	json_set_str(&data, "provider", r->vendor);
	json_set_str(&data, "model", r->model);
	json_set_str(&data, "served", r->served);
	json_set_str(&data, "request_id", r->request_id);
	json_set_int(&data, "attempts", r->attempts);
	if (r->recalled)
		json_set_bool(&data, "cached", true);
	if (r->first_ns >= 0)
		json_set_int(&data, "first_ms", r->first_ns / CLOCK_MS);
	json_set_int(&data, "duration_ms", r->total_ns / CLOCK_MS);
	return data;
}

static int
last_record(struct writer *w, const struct model_reply *r,
    const struct err *failed, struct err *e)
{
	jv data;

	if (!failed) {
		data = ask_result_data(r);
		json_set(&data, "value", json_copy(&w->value));
		if (w->ask->conversation)
			json_set_str(&data, "conversation",
			    *w->ask->conversation);
		return emit(w, RECORD_RESULT, data, e);
	}
	data = model_error_json(r, failed);
	json_set(&data, "text", json_get(&r->message, "content"));
	return emit(w, RECORD_ERROR, data, e);
}

/* The end of a text: what was undecided, and a newline. */
static int
end_text(struct writer *w, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;

	end_reasoning(w);
	term_filter_end(&w->text, &out);
	if (w->any && w->open_line)
		buf_addc(&out, '\n');
	return out.len == 0 ? 0 : fd_write(w->ask->out, out.data, out.len, e);
}

/* "openai/gpt-5: 1200 tokens in (1000 cached), 300 out; 2.1 s" */
static void
tell_usage(const struct model_reply *r)
{
	AUTO_BUF struct buf out = BUF_INIT;
	const struct model_usage *u = &r->usage;
	char took[NUM_TEXT_MAX];

	num_format_duration(r->total_ns, took);
	if (u->input >= 0)
		buf_addf(&out, "%lld tokens in", (long long)u->input);
	if (u->cached > 0)
		buf_addf(&out, " (%lld cached)", (long long)u->cached);
	if (u->output >= 0)
		buf_addf(&out, "%s%lld out", out.len ? ", " : "",
		    (long long)u->output);
	if (u->reasoning > 0)
		buf_addf(&out, " (%lld reasoning)", (long long)u->reasoning);
	if (u->cost >= 0)
		buf_addf(&out, "%s$%.6f", out.len ? ", " : "", u->cost);
	err_warn("%s: %s; %s", r->model ? r->model : "model",
	    out.len ? out.data : "usage not said",
	    r->recalled ? "from the cache" : took);
}

/* An answer that ended in another way than by itself. */
static int
judge(const struct model_reply *r, struct err *e)
{
	switch (r->finish) {
	case MODEL_LENGTH:
		return err_set(e, ST_LIMIT,
		    "the answer was stopped by a limit on tokens");
	case MODEL_PAUSED:
		return err_set(e, ST_LIMIT, "the answer was paused");
	case MODEL_REFUSED:
		return err_set(e, ST_REFUSED,
		    "the model or a filter refused to answer");
	case MODEL_UNFINISHED:
		return err_set(e, ST_PROTOCOL, "the answer has no end");
	case MODEL_STOP:
	case MODEL_TOOLS:
		break;
	}
	return 0;
}

/* What was not written as it came, because it had to be whole first. */
static int
write_whole(struct writer *w, const struct model_reply *r, struct err *e)
{
	AUTO_JV jv content = json_get(&r->message, "content");
	AUTO_BUF struct buf out = BUF_INIT;

	if (w->ask->structured && json_is(&w->value, JSON_NOTHING))
		return 0;
	if (w->ask->structured)
		structured_write(w->ask->structured, &w->value, &out);
	else if (w->ask->extract == ASK_ALL ||
	    !extract_block(json_string(&content) ? json_string(&content) :
	    "", json_string_len(&content), w->ask->extract == ASK_LAST_BLOCK,
	    &out))
		buf_add(&out, json_string(&content),
		    json_string_len(&content));
	return out.len == 0 ? 0 : write_text(w, out.data, out.len, e);
}

static bool
buffered(const struct ask *a)
{
	return a->structured || a->extract != ASK_ALL ||
	    (a->model->fallback &&
	    (a->request.flags & MODEL_ELSEWHERE_REFUSED));
}

static int
write_end(struct writer *w, const struct model_reply *r,
    const struct err *failed, struct err *e)
{
	if (w->ask->format == ASK_NDJSON)
		return last_record(w, r, failed, e);
	if (buffered(w->ask) && write_whole(w, r, e) < 0)
		return -1;
	return end_text(w, e);
}

static int
read_value(struct writer *w, const struct model_reply *r, struct buf *why,
    struct err *misfit)
{
	AUTO_JV jv content = json_get(&r->message, "content");
	const char *text = json_string(&content);

	return structured_read(w->ask->structured, text ? text : "",
	    json_string_len(&content), &w->value, why, misfit);
}

/*
 * Asks until the answer fits the schema, if there is one: 0; -1 with the
 * failure, or the last misfit.
 */
static int
ask_fitting(struct writer *w, struct model_pool *p,
    const struct model_request *first, const volatile int *stop,
    struct model_reply *r, struct err *e)
{
	const struct ask *a = w->ask;
	struct model_request rq = *first;
	AUTO_JV jv messages = json_copy(rq.messages);
	AUTO_FREE char *key = NULL, *asked = NULL;

	rq.messages = &messages;
	for (int left = a->schema_retries;; left--) {
		AUTO_BUF struct buf why = BUF_INIT;
		struct err misfit = ERR_INIT, unkept = ERR_INIT;
		if (model_ask(p, a->model, &rq, a->until, stop, r, e) < 0)
			return -1;
		if (!key && r->memo_key) {
			key = xstrdup(r->memo_key);
			asked = xstrdup(r->model);
			rq.memo_key = key;
		}
		if (a->structured && r->finish == MODEL_STOP &&
		    read_value(w, r, &why, &misfit) < 0) {
			if (left <= 0) {
				*e = misfit;
				return -1;
			}
			structured_send_back(&messages, &r->message, &why);
			continue;
		}
		/* the answer that fits in the end is the one to the question
		 * as it was asked first */
		if (key && strcmp(asked, r->model) == 0 &&
		    model_remember(p, key, r, &unkept) < 0)
			err_warn("%s; going on", unkept.text);
		return 0;
	}
}

static void
set_origin(struct record_origin *o)
{
	*o = (struct record_origin){
		.source = "/command/agent-ask",
		.traceparent = record_traceparent()
	};
}

int
ask_failed(const struct ask *a, const struct err *e)
{
	struct record_origin origin;
	struct writer w = { .ask = a, .origin = &origin,
	    .value = JSON_NONE };
	struct err ignored = ERR_INIT;

	set_origin(&origin);
	if (a->format == ASK_NDJSON)
		(void)emit(&w, RECORD_ERROR, record_error_data(e), &ignored);
	return -1;
}

int
ask_run(const struct ask *a, const volatile int *stop, struct err *e)
{
	static const struct model_events live = {
		.text = on_text, .reasoning = on_reasoning, .retry = on_retry
	}, at_end = { .reasoning = on_reasoning, .retry = on_retry };
	struct record_origin origin;
	struct writer w = { .ask = a, .origin = &origin,
	    .clean_out = isatty(a->out) == 1, .value = JSON_NONE };
	struct model_request rq = a->request;
	struct model_reply r = MODEL_REPLY_INIT;
	struct err failed = ERR_INIT, unkept = ERR_INIT;
	struct model_pool *p = model_pool_new(1, e);
	int result, written;

	set_origin(&origin);
	term_filter_init(&w.text, 0);
	term_filter_init(&w.reasoning, 0);
	if (!p)
		return -1;
	model_pool_memo(p, a->memo);
	rq.events = buffered(a) ? &at_end : &live;
	rq.ctx = &w;
	rq.schema = a->structured ? &a->structured->schema : NULL;
	if (a->format == ASK_TEXT && !buffered(a) && !a->keep)
		rq.flags |= MODEL_NO_TEXT;
	result = ask_fitting(&w, p, &rq, stop, &r, &failed);
	if (a->keep && json_is(&r.message, JSON_OBJECT) &&
	    a->keep(a->keep_ctx, &r, &unkept) < 0 && result == 0) {
		failed = unkept;
		result = -1;
	}
	written = write_end(&w, &r, result < 0 ? &failed : NULL, e);
	if (a->usage && result == 0)
		tell_usage(&r);
	/* the first thing that went wrong is the one to tell */
	if (result < 0)
		*e = failed;
	else if (written == 0)
		result = judge(&r, e);
	json_release(&w.value);
	model_reply_release(&r);
	model_pool_free(p);
	return written < 0 ? -1 : result;
}
