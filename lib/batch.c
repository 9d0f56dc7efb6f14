/* batch: many questions from a stream, their answers as a stream. */
#include "config.h"

#include "batch.h"

#include "alloc.h"
#include "ask.h"
#include "batch-resume.h"
#include "catalog.h"
#include "fd.h"
#include "ndjson.h"
#include "num.h"
#include "record.h"
#include "structured.h"
#include "template.h"

/* In order, so many answers for each that is being asked may have to wait for
 * one that takes longer. */
enum { AHEAD = 4 };

static const int64_t progress_every = 200 * CLOCK_MS;

struct task {
	struct run *run;
	struct task *prev, *next;	/* in the order they came */
	struct task *next_done;		/* in that in which they were done,
					 * where that is the one to write */
	char *id;		/* or NULL */
	jv came;		/* with it, beyond what was asked */
	jv attributes;		/* of its record: run, flow... */
	const struct model *m;
	struct model_call *call;
	char key[SHA256_HEX_LEN + 1];
	struct buf out;		/* its record, when it is done */
	bool done;
	bool succeeded;
	bool taken;		/* from the file of earlier results */
};

struct named {
	char *spec;
	struct model *m;
};

struct run {
	const struct batch *b;
	struct model_pool *pool;
	struct ndjson_reader in;
	struct batch_resume *resume;
	struct task *first, *last, *first_done, *last_done;
	size_t count, active;	/* tasks that are here; being asked */
	size_t room;		/* the most that may be here */
	struct named *models;
	size_t nmodels, cap;
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
	free(t->id);
	json_release(&t->came);
	json_release(&t->attributes);
	buf_release(&t->out);
	free(t);
}

/* A task's words. */

static const char *
word(const jv *task, const char *key)
{
	AUTO_JV jv data = json_get(task, "data");
	const char *s = json_str(&data, key);

	return s ? s : json_str(task, key);
}

static jv
member(const jv *task, const char *key)
{
	AUTO_JV jv data = json_get(task, "data");

	return json_has(&data, key) ? json_get(&data, key) :
	    json_get(task, key);
}

static bool
is_record(const jv *v)
{
	AUTO_JV jv data = json_get(v, "data");

	return json_str(v, "specversion") && json_is(&data, JSON_OBJECT);
}

/* An id may be a number, too; without one, a record's own. */
static char *
id_of(const jv *task)
{
	AUTO_JV jv id = member(task, "id");

	if (is_record(task) && json_str(task, "task"))
		return xstrdup(json_str(task, "task"));
	if (json_string(&id))
		return xstrdup(json_string(&id));
	return json_is(&id, JSON_NUMBER) ? json_text(&id) : NULL;
}

/* What came with a task and is not the question: goes out again. */
static jv
rest_of(const jv *task)
{
	static const char *const asked[] = {
		"prompt", "messages", "system", "options"
	};
	jv rest = is_record(task) ? json_get(task, "data") : json_copy(task);

	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++)
		json_unset(&rest, asked[i]);
	return rest;
}

/* The attributes of a record that are not its own. */
static jv
attributes_of(const jv *task)
{
	static const char *const own[] = { "specversion", "id", "source",
		"type", "time", "data", "datacontenttype", "dataschema",
		"subject" };
	jv rest;

	if (!is_record(task))
		return json_object();
	rest = json_copy(task);
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		json_unset(&rest, own[i]);
	json_set_str(&rest, "corr", json_str(task, "id"));
	return rest;
}

static void
add_message(jv *messages, const char *role, jv content)
{
	jv m = json_object();

	json_set_str(&m, "role", role);
	json_set(&m, "content", content);
	json_append(messages, m);
}

static jv
framed(const struct batch *b, const jv *prompt)
{
	AUTO_BUF struct buf text = BUF_INIT;

	if (!b->template || !b->template->prompt)
		return json_copy(prompt);
	template_prompt(b->template, json_string(prompt),
	    json_string_len(prompt), &text);
	return json_from_bytes(text.data, text.len);
}

/* The conversation of a task; JSON_NONE when it has none. */
static jv
messages_of(const struct batch *b, const jv *task)
{
	jv given = member(task, "messages"), messages;
	AUTO_JV jv prompt = member(task, "prompt");
	const char *rules = word(task, "system");

	if (json_is(&given, JSON_ARRAY))
		return given;
	json_release(&given);
	if (!json_string(&prompt))
		return JSON_NONE;
	messages = json_array();
	if (rules || b->rules)
		add_message(&messages, "system",
		    json_from_str(rules ? rules : b->rules));
	add_message(&messages, "user", framed(b, &prompt));
	return messages;
}

/* The model that a task names; the one of all others, otherwise. */
static const struct model *
model_of(struct run *r, const jv *task, struct err *e)
{
	AUTO_JV jv route = member(task, "route");
	const char *spec = json_str(&route, "model");
	struct named *n;

	if (!spec)
		spec = word(task, "model");
	if (!spec && r->b->model)
		return r->b->model;
	for (size_t i = 0; i < r->nmodels; i++)
		if (spec ? r->models[i].spec &&
		    strcmp(r->models[i].spec, spec) == 0 : !r->models[i].spec)
			return r->models[i].m;
	GROW(r->models, r->nmodels, r->cap);
	n = &r->models[r->nmodels];
	n->m = xcalloc(1, sizeof(*n->m));
	*n->m = (struct model)MODEL_INIT;
	if (catalog_find(r->b->config, spec, n->m, e) < 0) {
		free(n->m);
		return NULL;
	}
	n->spec = spec ? xstrdup(spec) : NULL;
	r->nmodels++;
	return n->m;
}

/* Records. */

static void
make_record(struct task *t, const char *type, jv data, struct buf *out)
{
	const struct record_origin origin = {
		.source = "/command/agent-ask",
		.task = t->id,
		.traceparent = json_has(&t->attributes, "traceparent") ?
		    NULL : record_traceparent()
	};
	AUTO_JV jv bare = JSON_NONE;
	AUTO_JV jv record = JSON_NONE;

	if (json_count(&t->came) > 0)
		json_set(&data, "task", json_copy(&t->came));
	if (t->key[0])
		json_set_str(&data, "key", t->key);
	bare = record_new(&origin, type, data);
	record = json_merge(&t->attributes, &bare);
	record_write(&record, out);
	buf_addc(out, '\n');
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
	make_record(t, type, data, &t->out);
	t->run->finished++;
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

/* Whether every other task would fail in the same way. */
static bool
hopeless(const struct model_reply *reply)
{
	return reply->error.kind == MODEL_ERR_AUTH ||
	    reply->error.kind == MODEL_ERR_QUOTA ||
	    reply->error.kind == MODEL_ERR_BUDGET;
}

/* An answer: whether it ended by itself, and fits what it has to. */
static void
succeed(struct task *t, const struct model_reply *reply)
{
	struct run *r = t->run;
	int status = model_finish_status(reply->finish);
	AUTO_JV jv content = json_get(&reply->message, "content");
	AUTO_BUF struct buf why = BUF_INIT;
	struct err misfit = ERR_INIT;
	jv data, value = JSON_NONE;

	if (r->b->structured && reply->finish == MODEL_STOP &&
	    structured_read(r->b->structured, json_string(&content) ?
	    json_string(&content) : "", json_string_len(&content), &value,
	    &why, &misfit) < 0) {
		fail(t, reply, &misfit);
		return;
	}
	t->succeeded = status == ST_OK;
	if (t->succeeded && model_remember(r->pool, reply->memo_key, reply,
	    &misfit) < 0)
		err_warn("%s; going on", misfit.text);
	if (!t->succeeded) {
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
	make_record(t, RECORD_MODEL_RETRY, data, &line);
	if (r->fatal.status == ST_OK)
		(void)fd_write(r->b->out, line.data, line.len, &r->fatal);
	/* a limit on one is a limit on all: start no others meanwhile */
	if (failed->error.kind == MODEL_ERR_RATE && until.at > r->hold.at)
		r->hold = until;
}

/* Starting. */

static int
ask_task(struct run *r, struct task *t, const jv *task, struct err *e)
{
	static const struct model_events events = { .retry = on_retry };
	AUTO_JV jv messages = messages_of(r->b, task);
	AUTO_JV jv mine = member(task, "options");
	AUTO_JV jv options = r->b->options ? json_merge(r->b->options, &mine) :
	    json_copy(&mine);
	struct model_request rq = {
		.messages = &messages,
		.schema = r->b->structured ? &r->b->structured->schema : NULL,
		.options = json_is(&options, JSON_OBJECT) ? &options : NULL,
		.flags = r->b->flags, .retries = r->b->retries,
		.events = &events, .ctx = t
	};

	if (!json_is(&messages, JSON_ARRAY))
		return err_set(e, ST_DATA,
		    "a task has neither prompt nor messages");
	t->m = model_of(r, task, e);
	if (!t->m)
		return -1;
	if (r->resume) {
		AUTO_JV jv all = json_object();
		int found;
		json_set(&all, "messages", json_copy(&messages));
		json_set(&all, "options", json_copy(&options));
		if (rq.schema)
			json_set(&all, "schema", json_copy(rq.schema));
		batch_key(t->id, t->m->name, &all, t->key);
		found = batch_resume_find(r->resume, t->key, &t->out, e);
		if (found != 0) {
			buf_addc(&t->out, '\n');
			t->taken = true;
			r->taken++;
			if (found > 0)
				set_done(t);
			return found < 0 ? -1 : 0;
		}
	}
	t->call = model_start(r->pool, t->m, &rq, deadline_in(r->b->timeout),
	    on_done, t, e);
	if (!t->call)
		return -1;
	r->active++;
	return 0;
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
	*t = (struct task){ .run = r,
	    .id = id_of(&task), .came = rest_of(&task),
	    .attributes = attributes_of(&task) };
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

static int
write_task(struct run *r, struct task *t, struct err *e)
{
	/* the file first: what was written to it is not paid for again */
	if (r->resume && t->succeeded && !t->taken &&
	    batch_resume_add(r->resume, t->out.data, t->out.len, e) < 0)
		return -1;
	return fd_write(r->b->out, t->out.data, t->out.len, e);
}

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
		int failed = write_task(r, t, e);
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
	for (size_t i = 0; i < r->nmodels; i++) {
		free(r->models[i].spec);
		model_release(r->models[i].m);
		free(r->models[i].m);
	}
	free(r->models);
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
