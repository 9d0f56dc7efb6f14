/* foreign-event: what a foreign agent says, as records. */
#include "config.h"

#include "foreign-impl.h"

#include <fcntl.h>

#include "alloc.h"
#include "fd.h"
#include "path.h"
#include "tool.h"

enum {
	SHOWN_MAX = 4000,	/* of a tool's output in a record */
	KEPT_MAX = 64 << 10	/* of anything else that is not looked at */
};

int
foreign_http(int64_t status)
{
	switch (status) {
	case 401:
	case 403:
		return ST_DENIED;
	case 402:
		return ST_BUDGET;
	case 404:
		return ST_NOINPUT;
	case 429:
		return ST_TEMPFAIL;
	}
	if (status >= 500)
		return ST_UNAVAILABLE;
	return status >= 400 ? ST_DATA : ST_NO;
}

/* Members that are null are members that it did not say. */
static jv
without_nulls(const jv *data)
{
	jv clean = json_object();

	JSON_EACH(data, i) {
		jv v = json_iter_value(data, i);
		if (json_is(&v, JSON_NULL))
			jv_free(v);
		else
			json_set(&clean, json_iter_key(data, i), v);
	}
	return clean;
}

/*
 * Kept with the run, so that it can go on after any end.  With the usage of
 * the session: some count it on from run to run.
 */
static int
save_state(const struct foreign_run *f, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;

	json_write(&f->state, &text);
	buf_addc(&text, '\n');
	return path_replace(f->session_file, text.data, text.len, 0600, e);
}

static int
take_session(struct foreign_run *f, const jv *data, struct err *e)
{
	const char *id = json_str(data, "id");
	const char *known = json_str(&f->state, "id");
	jv log = json_object();

	if (!id || (known && strcmp(id, known) == 0)) {
		jv_free(log);
		return 0;
	}
	json_set_str(&f->state, "id", id);
	json_set_str(&log, "level", "info");
	json_set_str(&log, "text", "session");
	json_set_str(&log, "session", id);
	if (save_state(f, e) < 0) {
		jv_free(log);
		return -1;
	}
	return agent_say(&f->run, RECORD_LOG, log, false, e);
}

int
foreign_flush(struct foreign_run *f, struct err *e)
{
	jv data, message;

	if (f->pending.len == 0)
		return 0;
	message = json_object();
	json_set_str(&message, "role", "assistant");
	json_set(&message, "content", json_from_bytes(f->pending.data,
	    f->pending.len));
	data = json_object();
	json_set(&data, "message", message);
	buf_reset(&f->run.answer);
	buf_add(&f->run.answer, f->pending.data, f->pending.len);
	buf_reset(&f->pending);
	json_set_int(&data, "turn", ++f->messages);
	json_set_str(&data, "model", f->run.task->model_name);
	return agent_say(&f->run, RECORD_MODEL_MESSAGE, data, true, e);
}

static int
take_delta(struct foreign_run *f, const jv *data, struct err *e)
{
	const struct agent_task *t = f->run.task;
	const char *text = json_str(data, "text");

	if (!text)
		return 0;
	buf_adds(&f->pending, text);
	return t->text ? t->text(t->context, text, strlen(text), e) : 0;
}

/* The last one in words is the answer, unless its end says another. */
static int
take_message(struct foreign_run *f, jv *data, struct err *e)
{
	const char *text = json_path_str(data, "message.content");
	const char *step = json_str(data, "step");

	if (text && *text && !json_has(data, "parent")) {
		buf_reset(&f->run.answer);
		buf_adds(&f->run.answer, text);
	}
	if (!step || !f->step || strcmp(step, f->step) != 0)
		f->messages++;
	json_set_int(data, "turn", f->messages);
	if (!json_has(data, "model") && f->run.task->model_name)
		json_set_str(data, "model", f->run.task->model_name);
	return agent_say(&f->run, RECORD_MODEL_MESSAGE, json_copy(data), true,
	    e);
}

static struct model_usage
usage_of(const jv *data)
{
	struct model_usage u = MODEL_USAGE_INIT;

	(void)json_int(data, "input_tokens", &u.input);
	(void)json_int(data, "output_tokens", &u.output);
	(void)json_int(data, "cached_tokens", &u.cached);
	(void)json_int(data, "cache_write_tokens", &u.cache_write);
	(void)json_int(data, "reasoning_tokens", &u.reasoning);
	(void)json_num(data, "cost_usd", &u.cost);
	return u;
}

/* a - b where both are known. */
static void
take_off(int64_t *a, int64_t b)
{
	if (*a >= 0 && b > 0)
		*a = *a > b ? *a - b : 0;
}

static void
usage_minus(struct model_usage *a, const struct model_usage *b)
{
	take_off(&a->input, b->input);
	take_off(&a->output, b->output);
	take_off(&a->cached, b->cached);
	take_off(&a->cache_write, b->cache_write);
	take_off(&a->reasoning, b->reasoning);
	if (a->cost >= 0 && b->cost > 0)
		a->cost = a->cost > b->cost ? a->cost - b->cost : 0;
}

/* What a message costs replaces what was said of the same one before. */
static void
take_live(struct foreign_run *f, const jv *data)
{
	const char *step = json_str(data, "step");
	struct model_usage u = usage_of(data);

	if (step && f->step && strcmp(step, f->step) == 0)
		usage_minus(&f->live, &f->last_live);
	free(f->step);
	f->step = step ? xstrdup(step) : NULL;
	f->last_live = u;
	model_usage_add(&f->live, &u);
}

/*
 * Records tell what was added, so that who sums them up is right, whatever
 * the agent counts.
 */
static int
take_usage(struct foreign_run *f, const jv *data, struct err *e)
{
	struct model_usage u = usage_of(data);
	AUTO_JV jv before = json_get(&f->state, "usage");
	struct model_usage old = usage_of(&before);
	jv record;

	if (f->kind->usage == FOREIGN_SESSION) {
		json_set(&f->state, "usage", model_usage_json(&u));
		usage_minus(&u, &old);
		if (save_state(f, e) < 0)
			return -1;
	} else if (f->kind->usage == FOREIGN_RUN) {
		usage_minus(&u, &f->counted);
	}
	model_usage_add(&f->counted, &u);
	record = model_usage_json(&u);
	if (f->run.task->model_name)
		json_set_str(&record, "model", f->run.task->model_name);
	return agent_say(&f->run, RECORD_MODEL_USAGE, record, false, e);
}

/* All that a session has used, when only what this run has is known. */
static void
add_session(const struct foreign_run *f, struct model_usage *u)
{
	AUTO_JV jv before = json_get(&f->state, "usage");
	struct model_usage old = usage_of(&before);

	if (f->kind->usage == FOREIGN_SESSION)
		model_usage_add(u, &old);
}

int
foreign_settle_usage(struct foreign_run *f, struct err *e)
{
	const struct model_usage none = MODEL_USAGE_INIT;
	struct model_usage u = f->live;
	int r = 0;

	if (u.input < 0 && f->used.input >= 0) {
		u = f->used;
		add_session(f, &u);
	}
	AUTO_JV jv data = model_usage_json(&u);
	if (f->counted.input < 0 && u.input >= 0)
		r = take_usage(f, &data, e);
	model_usage_add(&f->total, &f->counted);
	f->run.talk->usage = f->total;
	f->live = f->last_live = f->counted = f->used = none;
	return r;
}

static int64_t
tokens_of(const struct model_usage *u)
{
	return (u->input > 0 ? u->input : 0) + (u->output > 0 ? u->output : 0);
}

/* Its broker may know more than it has told, or less. */
int64_t
foreign_tokens(const struct foreign_run *f, double *ret_cost)
{
	const struct model_usage *u = f->counted.input >= 0 ? &f->counted :
	    &f->live;
	int64_t told = tokens_of(u), seen = tokens_of(&f->used);

	*ret_cost = (u->cost > 0 ? u->cost : 0) +
	    (f->total.cost > 0 ? f->total.cost : 0);
	return tokens_of(&f->total) + (told > seen ? told : seen);
}

/* A long output goes to a file; the record has its beginning. */
static int
keep_output(struct foreign_run *f, jv *data, struct err *e)
{
	AUTO_JV jv output = json_get(data, "output");
	const char *text = json_string(&output);
	size_t len = text ? json_string_len(&output) : 0;
	AUTO_FREE char *name = NULL;

	if (len <= SHOWN_MAX)
		return 0;
	name = xasprintf("%04lu-tool.txt", ++f->files);
	AUTO_FREE char *path = path_join(f->run.task->place.output_dir, name);
	if (path_replace(path, text, len, 0600, e) < 0)
		return -1;
	json_set(data, "output", json_from_bytes(text, SHOWN_MAX));
	json_set_bool(data, "truncated", true);
	json_set_str(data, "file", name);
	return 0;
}

static int
take_call(struct foreign_run *f, const jv *data, struct err *e)
{
	const char *id = json_str(data, "id");
	const char *name = json_str(data, "name");
	jv kept;

	if (!id || json_has(&f->called, id))
		return 0;
	kept = json_object();
	json_set_str(&kept, "name", name ? name : "tool");
	json_set(&kept, "arguments", json_get(data, "arguments"));
	json_set(&f->called, id, kept);
	return agent_say(&f->run, RECORD_TOOL_CALL, json_copy(data), true, e);
}

static void
tell_hooks(const struct foreign_run *f, const jv *call, const jv *data)
{
	const char *output = json_str(data, "output");
	struct call c = CALL_INIT;

	c.id = xstrdup(json_str(data, "id"));
	c.name = xstrdup(json_str(call, "name"));
	c.arguments = json_get(call, "arguments");
	c.state = CALL_ENDED;
	(void)json_bool(data, "ok", &c.ok);
	buf_adds(&c.text, output ? output : "");
	permit_after(&f->run.task->permit, &c);
	call_release(&c);
}

/* Some tell of a call only when it has ended. */
static int
take_result(struct foreign_run *f, jv *data, struct err *e)
{
	const char *id = json_str(data, "id");

	if (!id)
		return 0;
	if (!json_has(&f->called, id)) {
		jv call = json_object();
		int said;

		json_set_str(&call, "id", id);
		json_set(&call, "name", json_get(data, "name"));
		json_set(&call, "arguments", json_get(data, "arguments"));
		said = take_call(f, &call, e);
		jv_free(call);
		if (said < 0)
			return -1;
	}
	AUTO_JV jv called = json_get(&f->called, id);
	json_unset(data, "arguments");
	json_set(data, "name", json_get(&called, "name"));
	json_unset(&f->called, id);
	tell_hooks(f, &called, data);
	if (keep_output(f, data, e) < 0)
		return -1;
	return agent_say(&f->run, RECORD_TOOL_RESULT, json_copy(data), true,
	    e);
}

/* Whatever it was that went wrong last, unless it ends well after all. */
static void
take_error(struct foreign_run *f, const jv *data)
{
	const char *message = json_str(data, "message");
	const char *limit = json_str(data, "limit");
	int64_t http = 0, status = 0;

	(void)json_int(data, "http_status", &http);
	if (limit)
		status = strcmp(limit, "cost") == 0 ? ST_BUDGET : ST_LIMIT;
	else if (!json_int(data, "status", &status) || status <= 0 ||
	    status > 255)
		status = foreign_http(http);
	f->limit = !limit ? NULL : strcmp(limit, "cost") == 0 ? "cost" :
	    strcmp(limit, "turns") == 0 ? "turns" : "length";
	err_set(&f->failure, (int)status, "%s: %s", f->kind->type,
	    message ? message : "it failed");
}

static int
take_end(struct foreign_run *f, const jv *data, struct err *e)
{
	const char *text = json_str(data, "text");

	if (foreign_flush(f, e) < 0)
		return -1;
	if (text && *text) {
		buf_reset(&f->run.answer);
		buf_adds(&f->run.answer, text);
	}
	f->ended = true;
	f->ok = false;
	(void)json_bool(data, "ok", &f->ok);
	if (f->kind->errors_last && f->failure.status)
		f->ok = false;
	if (f->ok)
		f->failure.status = ST_OK;
	return 0;
}

/* The result of a program that speaks our records. */
static int
take_own_result(struct foreign_run *f, const jv *data, struct err *e)
{
	int64_t status = ST_OK;

	(void)json_int(data, "status", &status);
	if (status != ST_OK && !f->failure.status)
		take_error(f, data);
	if (take_end(f, data, e) < 0)
		return -1;
	f->ok = status == ST_OK;
	return 0;
}

/* A log keeps the event that it is about, as long as it is small. */
static int
take_log(struct foreign_run *f, jv *data, struct err *e)
{
	AUTO_JV jv event = json_get(data, "event");
	AUTO_BUF struct buf text = BUF_INIT;

	json_write(&event, &text);
	if (text.len > KEPT_MAX) {
		json_unset(data, "event");
		json_set_bool(data, "truncated", true);
	}
	return agent_say(&f->run, RECORD_LOG, json_copy(data), false, e);
}

int
foreign_event(struct foreign_run *f, const jv *event, struct err *e)
{
	const char *type = json_str(event, "type");
	AUTO_JV jv raw = json_get(event, "data");
	AUTO_JV jv data = without_nulls(&raw);

	if (!type)
		return 0;
	if (strcmp(type, "model.delta") == 0)
		return take_delta(f, &data, e);
	if (strcmp(type, "session") == 0)
		return take_session(f, &data, e);
	if (strcmp(type, RECORD_LOG) == 0)
		return take_log(f, &data, e);
	if (foreign_flush(f, e) < 0)
		return -1;
	if (strcmp(type, RECORD_MODEL_MESSAGE) == 0)
		return take_message(f, &data, e);
	if (strcmp(type, RECORD_MODEL_USAGE) == 0)
		return take_usage(f, &data, e);
	if (strcmp(type, "usage.live") == 0) {
		take_live(f, &data);
		return 0;
	}
	if (strcmp(type, RECORD_TOOL_CALL) == 0)
		return take_call(f, &data, e);
	if (strcmp(type, RECORD_TOOL_RESULT) == 0)
		return take_result(f, &data, e);
	if (strcmp(type, RECORD_ERROR) == 0) {
		take_error(f, &data);
		return 0;
	}
	if (strcmp(type, "end") == 0)
		return take_end(f, &data, e);
	if (strcmp(type, RECORD_RESULT) == 0)
		return take_own_result(f, &data, e);
	return agent_say(&f->run, type, json_copy(&data), false, e);
}
