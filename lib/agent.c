/* agent: the loop. */
#include "config.h"

#include "agent.h"

#include "alloc.h"
#include "conversation.h"
#include "path.h"
#include "tool.h"

/* How much of a result a record repeats; the whole is in its file. */
enum { SHOWN_MAX = 4000 };

struct run {
	const struct agent_task *task;
	struct conversation talk;
	struct model_pool *pool;
	struct model_usage usage;
	int64_t turns, started;
	unsigned long calls;		/* made so far */
	/* the end, once `reason` is set */
	const char *reason;
	int status;
	struct buf answer;
};

/* Says something: to the watchers, and for good where it must last. */
static int
say(struct run *r, const char *type, jv data, bool lasts, struct err *e)
{
	AUTO_JV jv record = record_new(&r->task->origin, type, data);

	if (lasts && conversation_log(&r->talk, &record, e) < 0)
		return -1;
	return r->task->record(r->task->context, &record, e);
}

static void
end(struct run *r, int status, const char *reason)
{
	r->status = status;
	r->reason = reason;
}

static int
say_start(struct run *r, struct err *e)
{
	const struct agent_task *t = r->task;
	jv data = json_object();

	json_set_str(&data, "agent", t->id);
	json_set_str(&data, "model", t->model_name);
	json_set_str(&data, "task", t->prompt);
	json_set_str(&data, "briefing", t->briefing);
	json_set(&data, "tools", json_copy(t->tools));
	conversation_say_text(&r->talk, "system", t->briefing);
	conversation_say_text(&r->talk, "user", t->prompt);
	return say(r, RECORD_AGENT_START, data, true, e);
}

static void
tell_retry(void *context, const struct model_reply *failed,
    const struct err *why, int64_t delay_ns, const struct model *to)
{
	struct run *r = context;
	struct err e = ERR_INIT;
	jv data = model_error_json(failed, why);

	json_set_num(&data, "delay", (double)delay_ns / 1e9);
	json_set_str(&data, "model", to->name);
	/* a watcher that is gone shows at the next record that matters */
	(void)say(r, RECORD_MODEL_RETRY, data, false, &e);
}

static int
pass_text(void *context, const char *s, size_t len, struct err *e)
{
	struct run *r = context;

	return r->task->text(r->task->context, s, len, e);
}

/* One question; a failure of the model ends the run in order. */
static int
ask(struct run *r, struct model_reply *reply, struct err *e)
{
	const struct agent_task *t = r->task;
	struct model_events events = {
		.text = t->text ? pass_text : NULL, .retry = tell_retry
	};
	struct model_request rq = {
		.messages = &r->talk.messages,
		.tools = t->tools,
		.options = json_is(t->options, JSON_OBJECT) ? t->options : NULL,
		.retries = -1,
		.events = &events,
		.ctx = r,
	};

	r->turns++;
	if (model_ask(r->pool, t->model, &rq, t->limits.until, t->stop, reply,
	    e) == 0)
		return 0;
	end(r, e->status, e->status > ST_SIGNAL ? "interrupted" :
	    e->status == ST_TIMEOUT && deadline_passed(t->limits.until) ?
	    "time" : model_error_name(reply->error.kind));
	if (e->status <= ST_SIGNAL && say(r, RECORD_ERROR,
	    model_error_json(reply, e), false, e) < 0)
		r->reason = "records";
	return -1;
}

static int
say_answer(struct run *r, const struct model_reply *reply, struct err *e)
{
	jv data = json_object();
	jv usage = model_usage_json(&reply->usage);

	model_usage_add(&r->usage, &reply->usage);
	conversation_say(&r->talk, json_copy(&reply->message));
	json_set(&data, "message", json_copy(&reply->message));
	json_set_str(&data, "finish", model_finish_name(reply->finish));
	json_set_str(&data, "model", reply->model);
	json_set_int(&data, "turn", r->turns);
	json_set_int(&data, "duration_ms", reply->total_ns / CLOCK_MS);
	json_set(&data, "usage", json_copy(&usage));
	if (say(r, RECORD_MODEL_MESSAGE, data, true, e) < 0) {
		jv_free(usage);
		return -1;
	}
	json_set_str(&usage, "model", reply->model);
	return say(r, RECORD_MODEL_USAGE, usage, false, e);
}

/* Fills a call from {"id","function":{"name","arguments":"{...}"}}. */
static void
read_call(struct run *r, const jv *wanted, struct call *c)
{
	const char *id = json_str(wanted, "id");
	const char *name = json_path_str(wanted, "function.name");
	const char *text = json_path_str(wanted, "function.arguments");
	struct err why = ERR_INIT;

	*c = (struct call)CALL_INIT;
	c->number = ++r->calls;
	c->id = id ? xstrdup(id) : xasprintf("call-%lu", c->number);
	c->name = xstrdup(name ? name : "");
	if (!text || !*text)
		text = "{}";
	if (json_parse(text, strlen(text), &c->arguments, &why) < 0)
		buf_adds(&c->text, "the arguments are not JSON");
}

/* The intent, on disk before the deed. */
static int
say_call(struct run *r, const struct call *c, struct err *e)
{
	jv data = json_object();

	json_set_str(&data, "id", c->id);
	json_set_str(&data, "name", c->name);
	json_set(&data, "arguments", json_copy(&c->arguments));
	return say(r, RECORD_TOOL_CALL, data, true, e);
}

static int
say_result(void *context, const struct call *c, struct err *e)
{
	struct run *r = context;
	size_t shown = c->text.len < SHOWN_MAX ? c->text.len : SHOWN_MAX;
	jv data = json_object();

	json_set_str(&data, "id", c->id);
	json_set_str(&data, "name", c->name);
	json_set_bool(&data, "ok", c->ok);
	json_set_int(&data, "status", c->status);
	json_set(&data, "output", json_from_bytes(c->text.data, shown));
	json_set_bool(&data, "truncated", c->truncated || shown < c->text.len);
	json_set_int(&data, "duration_ms", c->duration_ns / CLOCK_MS);
	json_set_str(&data, "file", c->output ? path_basename(c->output) :
	    NULL);
	return say(r, RECORD_TOOL_RESULT, data, true, e);
}

/* `done` is no work: it ends the run, after the other calls of its turn. */
static void
take_done(struct run *r, struct call *c)
{
	const char *summary = json_str(&c->arguments, "summary");
	bool success = true;

	(void)json_bool(&c->arguments, "success", &success);
	c->state = CALL_ENDED;
	c->ok = true;
	c->status = 0;
	buf_adds(&c->text, "ok");
	buf_reset(&r->answer);
	buf_adds(&r->answer, summary ? summary : "");
	end(r, success ? ST_OK : ST_NO, "done");
}

static bool
is_done(const struct call *c)
{
	struct err ignored;

	return strcmp(c->name, "done") == 0 &&
	    tool_check(tool_find("done"), &c->arguments, &ignored) == 0;
}

static int
run_calls(struct run *r, struct call *calls, size_t n, struct err *e)
{
	const struct agent_task *t = r->task;

	for (size_t i = 0; i < n; i++)
		if (say_call(r, &calls[i], e) < 0)
			return -1;
	for (size_t i = 0; i < n; i++)
		if (is_done(&calls[i])) {
			take_done(r, &calls[i]);
			if (say_result(r, &calls[i], e) < 0)
				return -1;
		}
	if (calls_run(&t->place, calls, n, t->limits.until, t->stop,
	    say_result, r, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		conversation_say_result(&r->talk, calls[i].id,
		    calls[i].text.data, calls[i].text.len);
	return 0;
}

/* Does what the message asks for. */
static int
act(struct run *r, const jv *wanted, struct err *e)
{
	size_t n = json_count(wanted);
	struct call *calls = xcalloc(n, sizeof(*calls));
	int result;

	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv one = json_at(wanted, i);
		read_call(r, &one, &calls[i]);
	}
	result = run_calls(r, calls, n, e);
	for (size_t i = 0; i < n; i++)
		call_release(&calls[i]);
	free(calls);
	if (result < 0)
		end(r, e->status, e->status > ST_SIGNAL ? "interrupted" :
		    e->status == ST_TIMEOUT ? "time" : err_kind(e->status));
	return result;
}

/* An answer in words is the end, if it is whole and not empty. */
static void
take_words(struct run *r, const struct model_reply *reply, struct err *e)
{
	const char *text = json_str(&reply->message, "content");
	int status = model_finish_status(reply->finish);

	buf_reset(&r->answer);
	buf_adds(&r->answer, text ? text : "");
	if (status == ST_OK && r->answer.len == 0)
		status = ST_NO;
	end(r, status, model_finish_name(reply->finish));
	if (status == ST_NO)
		err_set(e, status, "the model answered nothing");
	else if (status != ST_OK)
		err_set(e, status, "the model stopped early: %s",
		    model_finish_name(reply->finish));
}

static bool
over_limit(struct run *r, struct err *e)
{
	const struct agent_limits *l = &r->task->limits;
	int64_t tokens = (r->usage.input > 0 ? r->usage.input : 0) +
	    (r->usage.output > 0 ? r->usage.output : 0);

	if (l->turns > 0 && r->turns >= l->turns) {
		end(r, ST_LIMIT, "turns");
		err_set(e, ST_LIMIT, "not done after %lld turns",
		    (long long)r->turns);
	} else if (l->tokens > 0 && tokens >= l->tokens) {
		end(r, ST_LIMIT, "tokens");
		err_set(e, ST_LIMIT, "not done after %lld tokens",
		    (long long)tokens);
	} else if (deadline_passed(l->until)) {
		end(r, ST_TIMEOUT, "time");
		err_set(e, ST_TIMEOUT, "not done in time");
	}
	return r->reason != NULL;
}

static void
turn(struct run *r, struct err *e)
{
	struct model_reply reply = MODEL_REPLY_INIT;

	if (ask(r, &reply, e) == 0) {
		AUTO_JV jv wanted = json_get(&reply.message, "tool_calls");

		if (say_answer(r, &reply, e) < 0)
			end(r, e->status, "records");
		else if (json_count(&wanted) == 0)
			take_words(r, &reply, e);
		else
			(void)act(r, &wanted, e);
	}
	model_reply_release(&reply);
}

static int
say_end(struct run *r, const struct err *why, struct err *e)
{
	AUTO_FREE char *path = path_join(r->task->run_dir, "result.json");
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_JV jv record = JSON_NONE;
	jv data = json_object();

	json_set_int(&data, "status", r->status);
	json_set_str(&data, "reason", r->reason);
	json_set_str(&data, "text", r->answer.len > 0 ? r->answer.data : "");
	if (why->status)
		json_set_str(&data, "message", why->text);
	json_set_int(&data, "turns", r->turns);
	json_set(&data, "usage", model_usage_json(&r->usage));
	json_set_int(&data, "duration_ms",
	    (clock_mono() - r->started) / CLOCK_MS);
	record = record_new(&r->task->origin, RECORD_RESULT, data);
	record_write(&record, &text);
	buf_addc(&text, '\n');
	if (conversation_log(&r->talk, &record, e) < 0 ||
	    path_write_atomic(path, text.data, text.len, 0600, e) < 0)
		return -1;
	return r->task->record(r->task->context, &record, e);
}

int
agent_run(const struct agent_task *task, struct err *e)
{
	struct run r = {
		.task = task, .talk = CONVERSATION_INIT,
		.usage = MODEL_USAGE_INIT, .started = clock_mono(),
	};
	struct err last = ERR_INIT;
	int status;

	if (conversation_create(task->run_dir, &r.talk, e) < 0)
		return -1;
	r.pool = model_pool_new(0, e);
	if (!r.pool || say_start(&r, e) < 0)
		end(&r, e->status, err_kind(e->status));
	while (!r.reason) {
		turn(&r, e);
		if (!r.reason)
			(void)over_limit(&r, e);
	}
	status = say_end(&r, e, &last) < 0 ? -1 : r.status;
	if (status < 0)
		*e = last;
	model_pool_free(r.pool);
	conversation_close(&r.talk);
	buf_release(&r.answer);
	return status;
}
