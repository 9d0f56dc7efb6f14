/* batch: many questions from a stream, their answers as a stream. */
#include "config.h"

#include "batch.h"

#include "alloc.h"
#include "ask.h"
#include "batch-models.h"
#include "batch-resume.h"
#include "batch-task.h"
#include "fd.h"
#include "ndjson.h"
#include "num.h"
#include "record.h"
#include "structured.h"

/* In order, so many answers for each that is being asked may have to wait for
 * one that takes longer. */
enum { AHEAD = 4 };

static const int64_t progress_every = 200 * CLOCK_MS;
static const int64_t excused = 10 * CLOCK_MS;	/* a wait worth noticing */

struct task {
	struct run *run;
	struct task *prev, *next;	/* in the order they came */
	struct task *next_done;		/* in that in which they were done,
					 * where that is the one to write */
	struct batch_task is;
	const struct model *m;
	struct model_call *call;
	struct deadline until;
	jv messages, options;	/* of the request, where it may be asked again
				 * because the answer does not fit */
	int left;		/* how often more */
	char *memo_key;		/* of what was asked first; or NULL */
	struct buf out;		/* its record, when it is done */
	bool done;
	bool succeeded;
};

struct run {
	const struct batch *b;
	struct model_pool *pool;
	struct ndjson_reader in;
	struct batch_resume *resume;
	struct task *first, *last, *first_done, *last_done;
	size_t count, active;	/* tasks that are here; being asked */
	size_t room;		/* the most that may be here */
	struct batch_models models;
	bool eof;
	struct deadline hold;	/* nothing is started before */
	int status;
	struct err fatal;	/* what ends it all */
	int64_t began, shown_at;
	unsigned long finished, failed, taken;
	struct model_usage usage;
};

static void
free_task(struct task *t)
{
	if (!t)
		return;
	if (t->call)
		model_cancel(t->call);
	batch_task_release(&t->is);
	json_release(&t->messages);
	json_release(&t->options);
	free(t->memo_key);
	buf_release(&t->out);
	free(t);
}

/* The model that a task names; the one of all others, otherwise. */
static const struct model *
model_of(struct run *r, const jv *task, struct err *e)
{
	AUTO_FREE char *spec = batch_task_model(task);
	AUTO_JV jv chain = batch_task_fallback(task);

	return !spec && r->b->model ? r->b->model :
	    batch_models_find(&r->models, r->b->config, spec, &chain, e);
}

static void
set_done(struct task *t)
{
	struct run *r = t->run;

	t->done = true;
	if (!r->b->unordered)
		return;
	if (r->last_done)
		r->last_done->next_done = t;
	else
		r->first_done = t;
	r->last_done = t;
}

static void
finish(struct task *t, const char *type, jv data)
{
	struct run *r = t->run;
	struct err e = ERR_INIT;

	batch_task_record(&t->is, type, data, &t->out);
	/* at once, not in its turn: from here on it is not paid for again */
	if (r->resume && t->succeeded && batch_resume_add(r->resume,
	    t->out.data, t->out.len, &e) < 0 && r->fatal.status == ST_OK)
		r->fatal = e;
	r->finished++;
	set_done(t);
}

static void
fail(struct task *t, const struct model_reply *reply, const struct err *why)
{
	jv data = reply ? model_error_json(reply, why) :
	    record_error_data(why);

	if (reply)
		json_set(&data, "text", json_get(&reply->message, "content"));
	t->run->failed++;
	if (t->run->status == ST_OK)
		t->run->status = ST_NO;
	finish(t, RECORD_ERROR, data);
}

/* A reader that keeps us waiting is no reason for what is asked to fail. */
static int
put_line(struct run *r, const struct buf *line, struct err *e)
{
	int64_t began = clock_mono(), took;
	int result = fd_write(r->b->out, line->data, line->len, e);

	took = clock_mono() - began;
	if (took > excused)
		model_excuse(r->pool, took);
	return result;
}

/* Whether every other task would fail in the same way. */
static bool
hopeless(const struct model_reply *reply)
{
	return reply->error.kind == MODEL_ERR_AUTH ||
	    reply->error.kind == MODEL_ERR_QUOTA ||
	    reply->error.kind == MODEL_ERR_BUDGET;
}

/* What is told while a task is asked: below, beside what is done then. */
static void on_retry(void *ctx, const struct model_reply *failed,
    const struct err *why, int64_t delay_ns, const struct model *to);
static void on_done(void *ctx, struct model_reply *reply,
    const struct err *why);

static int
start_call(struct task *t, const jv *messages, const jv *options,
    struct err *e)
{
	static const struct model_events events = { .retry = on_retry };
	struct run *r = t->run;
	struct model_request rq = {
		.messages = messages,
		.schema = r->b->structured ? &r->b->structured->schema : NULL,
		.options = json_is(options, JSON_OBJECT) ? options : NULL,
		.memo_key = t->memo_key,
		.flags = r->b->flags, .retries = r->b->retries,
		.events = &events, .ctx = t
	};

	t->call = model_start(r->pool, t->m, &rq, t->until, on_done, t, e);
	if (!t->call)
		return -1;
	r->active++;
	return 0;
}

/* Sends an answer that does not fit back: whether it is being asked again. */
static bool
again(struct task *t, const struct model_reply *reply, const struct buf *why)
{
	struct err ignored = ERR_INIT;

	if (t->left <= 0 || t->run->fatal.status != ST_OK)
		return false;
	t->left--;
	structured_send_back(&t->messages, &reply->message, why);
	return start_call(t, &t->messages, &t->options, &ignored) == 0;
}

/* Keeps an answer under what was asked first. */
static void
remember(struct task *t, const struct model_reply *reply)
{
	struct err unkept = ERR_INIT;

	if (model_remember(t->run->pool, t->memo_key, reply, &unkept) < 0)
		err_warn("%s; going on", unkept.text);
}

/* An answer: whether it ended by itself, and fits what it has to. */
static void
succeed(struct task *t, const struct model_reply *reply)
{
	struct run *r = t->run;
	AUTO_JV jv content = json_get(&reply->message, "content");
	AUTO_BUF struct buf why = BUF_INIT;
	struct err misfit = ERR_INIT;
	jv data, value = JSON_NONE;

	if (!t->memo_key && reply->memo_key)
		t->memo_key = xstrdup(reply->memo_key);
	if (r->b->structured && reply->finish == MODEL_STOP &&
	    structured_read(r->b->structured, json_string(&content) ?
	    json_string(&content) : "", json_string_len(&content), &value,
	    &why, &misfit) < 0) {
		if (!again(t, reply, &why))
			fail(t, reply, &misfit);
		return;
	}
	t->succeeded = model_finish_status(reply->finish) == ST_OK;
	if (t->succeeded) {
		remember(t, reply);
	} else {
		r->failed++;
		if (r->status == ST_OK)
			r->status = ST_NO;
	}
	data = ask_result_data(reply);
	json_set(&data, "value", value);
	finish(t, RECORD_RESULT, data);
}

static void
on_done(void *ctx, struct model_reply *reply, const struct err *why)
{
	struct task *t = ctx;
	struct run *r = t->run;

	t->call = NULL;
	r->active--;
	model_usage_add(&r->usage, &reply->usage);
	if (why && hopeless(reply) && r->fatal.status == ST_OK)
		r->fatal = *why;
	if (why)
		fail(t, reply, why);
	else
		succeed(t, reply);
}

static void
on_retry(void *ctx, const struct model_reply *failed, const struct err *why,
    int64_t delay_ns, const struct model *to)
{
	struct task *t = ctx;
	struct run *r = t->run;
	AUTO_BUF struct buf line = BUF_INIT;
	struct deadline until = deadline_in(delay_ns);
	jv data = model_error_json(failed, why);

	json_set_int(&data, "attempt", failed->attempts);
	json_set_num(&data, "delay", (double)delay_ns / (double)CLOCK_SEC);
	json_set_str(&data, "next", to->name);
	batch_task_record(&t->is, RECORD_MODEL_RETRY, data, &line);
	if (r->fatal.status == ST_OK)
		(void)put_line(r, &line, &r->fatal);
	/* a limit on one is a limit on all: start no others meanwhile */
	if (failed->error.kind == MODEL_ERR_RATE && until.at > r->hold.at)
		r->hold = until;
}

/* Starting. */

/* The result from the file of earlier ones: 1, 0 when it has none. */
static int
take_earlier(struct task *t, const jv *messages, const jv *options,
    struct err *e)
{
	struct run *r = t->run;
	AUTO_JV jv all = json_object();
	int found;

	json_set(&all, "messages", json_copy(messages));
	json_set(&all, "options", json_copy(options));
	if (r->b->structured)
		json_set(&all, "schema",
		    json_copy(&r->b->structured->schema));
	batch_key(t->is.id, t->m->name, &all, t->is.key);
	found = batch_resume_find(r->resume, t->is.key, &t->out, e);
	if (found <= 0)
		return found;
	buf_addc(&t->out, '\n');
	r->taken++;
	set_done(t);
	return 1;
}

static int
ask_task(struct run *r, struct task *t, const jv *task, struct err *e)
{
	AUTO_JV jv messages = batch_task_messages(task, r->b->rules,
	    r->b->template);
	AUTO_JV jv options = batch_task_options(task, r->b->options);
	int earlier;

	if (!json_is(&messages, JSON_ARRAY))
		return err_set(e, ST_DATA,
		    "a task has neither prompt nor messages");
	t->m = model_of(r, task, e);
	if (!t->m)
		return -1;
	earlier = r->resume ? take_earlier(t, &messages, &options, e) : 0;
	if (earlier != 0)
		return earlier < 0 ? -1 : 0;
	t->until = deadline_in(r->b->timeout);
	if (r->b->structured && r->b->schema_retries > 0) {
		t->left = r->b->schema_retries;
		t->messages = json_copy(&messages);
		t->options = json_copy(&options);
	}
	return start_call(t, &messages, &options, e);
}

static void
add_task(struct run *r, struct task *t)
{
	t->prev = r->last;
	if (r->last)
		r->last->next = t;
	else
		r->first = t;
	r->last = t;
	r->count++;
}

static void
remove_task(struct run *r, struct task *t)
{
	if (t->prev)
		t->prev->next = t->next;
	else
		r->first = t->next;
	if (t->next)
		t->next->prev = t->prev;
	else
		r->last = t->prev;
	r->count--;
	free_task(t);
}

static void
begin_task(struct run *r, const struct ndjson_line *line)
{
	struct task *t = xcalloc(1, sizeof(*t));
	AUTO_JV jv task = r->b->lines ? json_object() :
	    json_copy(&line->value);
	struct err why = ERR_INIT;

	if (r->b->lines)
		json_set(&task, "prompt",
		    json_from_bytes(line->text, line->len));
	*t = (struct task){ .run = r, .is = BATCH_TASK_INIT,
	    .messages = JSON_NONE, .options = JSON_NONE };
	batch_task_read(&task, &t->is);
	add_task(r, t);
	if (ask_task(r, t, &task, &why) == 0)
		return;
	err_prefix(&why, "line %lu", line->number);
	if (why.status == ST_DATA)
		r->status = ST_DATA;
	else if (why.status != ST_NOINPUT && r->fatal.status == ST_OK)
		r->fatal = why;
	fail(t, NULL, &why);
}

static bool
may_start(const struct run *r)
{
	return !r->eof && r->active < r->b->jobs && r->count < r->room &&
	    r->fatal.status == ST_OK;
}

/* Starts what there is; only what needs no waiting. */
static int
start_tasks(struct run *r, struct err *e)
{
	struct ndjson_line line = NDJSON_LINE_INIT;
	struct err why = ERR_INIT;
	enum ndjson_result got = NDJSON_LINE;

	while (may_start(r) && deadline_passed(r->hold)) {
		got = ndjson_next_until(&r->in, deadline_in(0), NULL, &line,
		    &why);
		if (got == NDJSON_LINE) {
			if (line.len > 0)
				begin_task(r, &line);
		} else if (got == NDJSON_BAD) {
			err_warn("%s, skipping it", why.text);
			r->status = ST_DATA;
		} else {
			break;
		}
	}
	ndjson_line_release(&line);
	if (got == NDJSON_EOF)
		r->eof = true;
	if (got != NDJSON_FAIL)
		return 0;
	*e = why;
	return -1;
}

/* Writing. */

/* Writes what is done: up to the first that is not, or all. */
static int
write_done(struct run *r, struct err *e)
{
	struct task *t;

	for (;;) {
		t = r->b->unordered ? r->first_done : r->first;
		if (!t || !t->done)
			return 0;
		r->first_done = t->next_done;
		if (!r->first_done)
			r->last_done = NULL;
		int failed = put_line(r, &t->out, e);
		remove_task(r, t);
		if (failed < 0)
			return -1;
	}
}

static void
show_progress(struct run *r, bool last)
{
	AUTO_BUF struct buf out = BUF_INIT;
	struct err ignored = ERR_INIT;
	int64_t now = clock_mono();
	double seconds = (double)(now - r->began) / (double)CLOCK_SEC;

	if (!r->b->progress || (!last && now - r->shown_at < progress_every))
		return;
	r->shown_at = now;
	buf_addf(&out, "\r%lu done, %lu failed, %zu asked now, %.0f/s",
	    r->finished + r->taken, r->failed, r->active,
	    seconds > 0 ? (double)r->finished / seconds : 0);
	if (r->usage.input > 0)
		buf_addf(&out, ", %lld+%lld tokens",
		    (long long)r->usage.input,
		    (long long)(r->usage.output > 0 ? r->usage.output : 0));
	buf_addf(&out, "\033[K%s", last ? "\n" : "");
	(void)fd_write(STDERR_FILENO, out.data, out.len, &ignored);
}

static int
wait_for_something(struct run *r, const volatile int *stop, struct err *e)
{
	struct pollfd in = { .fd = r->b->in, .events = POLLIN };
	bool listen = may_start(r) && deadline_passed(r->hold);
	struct deadline until = DEADLINE_NEVER;

	/* a task taken from the file makes room without anything happening */
	if ((listen && ndjson_pending(&r->in)) || (r->first && r->first->done))
		return 0;
	if (may_start(r) && !listen)
		until = r->hold;
	if (r->b->progress)
		until = deadline_min(until, deadline_in(progress_every));
	return model_wait(r->pool, &in, listen ? 1 : 0, until, stop, e);
}

static int
loop(struct run *r, const volatile int *stop, struct err *e)
{
	for (;;) {
		if (start_tasks(r, e) < 0 || write_done(r, e) < 0)
			return -1;
		if (r->fatal.status != ST_OK) {
			*e = r->fatal;
			return -1;
		}
		if (r->eof && r->count == 0)
			return 0;
		if (wait_for_something(r, stop, e) < 0)
			return -1;
		show_progress(r, false);
	}
}

static void
release(struct run *r)
{
	while (r->first)
		remove_task(r, r->first);
	model_pool_free(r->pool);
	batch_models_release(&r->models);
	ndjson_release(&r->in);
	batch_resume_close(r->resume);
}

int
batch_run(const struct batch *b, const volatile int *stop, struct err *e)
{
	struct run r = { .b = b, .status = ST_OK, .began = clock_mono(),
	    .usage = MODEL_USAGE_INIT, .hold = deadline_in(0) };
	int result = -1;

	r.room = b->unordered ? b->jobs : AHEAD * b->jobs;
	ndjson_init(&r.in, b->in, NDJSON_LINE_MAX);
	r.in.raw = b->lines;
	r.pool = model_pool_new(b->jobs, e);
	if (r.pool)
		model_pool_memo(r.pool, b->memo);
	if (r.pool && b->resume)
		r.resume = batch_resume_open(b->resume, e);
	if (r.pool && (!b->resume || r.resume))
		result = loop(&r, stop, e);
	show_progress(&r, true);
	release(&r);
	return result < 0 ? -1 : r.status;
}
