/* agent: the loop. */
#include "config.h"

#include "agent-impl.h"

#include "alloc.h"
#include "model-error.h"
#include "path.h"

enum { BYTES_PER_TOKEN = 4 };	/* about */

int
agent_say(struct run *r, const char *type, jv data, bool lasts, struct err *e)
{
	AUTO_JV jv record = record_new(&r->task->origin, type, data);

	if (lasts && conversation_log(r->talk, &record, e) < 0)
		return -1;
	return r->task->record(r->task->context, &record, e);
}

void
agent_end(struct run *r, int status, const char *reason)
{
	r->status = status;
	r->reason = status > ST_SIGNAL ? "interrupted" : reason;
}

/* The beginning, or that it goes on. */
static int
say_start(struct run *r, struct err *e)
{
	const struct agent_task *t = r->task;
	bool resumed = !json_is(&r->talk->start, JSON_NOTHING);
	jv data = json_object();

	json_set_str(&data, "agent", t->id);
	json_set_str(&data, "model", t->model_name);
	if (t->depth > 0)
		json_set_int(&data, "depth", t->depth);
	json_set_str(&data, "task", resumed ?
	    json_str(&r->talk->start, "task") : t->prompt);
	if (resumed) {
		json_set_bool(&data, "resumed", true);
	} else {
		json_set_str(&data, "briefing", t->briefing);
		json_set(&data, "route", json_copy(t->route));
		json_set_str(&data, "mode", permit_mode_name(t->permit.mode));
		json_set(&data, "tools", json_copy(t->tools));
	}
	return agent_say(r, RECORD_AGENT_START, data, true, e);
}

static int
say_task(struct run *r, struct err *e)
{
	jv data = json_object();

	json_set_str(&data, "prompt", r->task->prompt);
	return agent_say(r, RECORD_TASK, data, true, e);
}

void
agent_end_model(struct run *r, const struct model_reply *reply, struct err *e)
{
	agent_end(r, e->status, e->status == ST_TIMEOUT &&
	    deadline_passed(r->task->limits.until) ? "time" :
	    reply->error.kind == MODEL_OK ? err_kind(e->status) :
	    model_error_name(reply->error.kind));
	r->passing = e->status <= ST_SIGNAL && reply->error.kind &&
	    model_error_again(&reply->error);
	r->retry_after = reply->error.retry_after > 0 ?
	    (int64_t)(reply->error.retry_after * 1e9) : 0;
	if (e->status <= ST_SIGNAL && agent_say(r, RECORD_ERROR,
	    model_error_json(reply, e), false, e) < 0)
		r->reason = "records";
}

static int64_t
tokens_of(const jv *v)
{
	AUTO_FREE char *text = json_text(v);

	return (int64_t)(strlen(text) / BYTES_PER_TOKEN);
}

void
agent_estimate(const struct run *r, struct model_reply *reply)
{
	struct model_usage *u = &reply->usage;

	if (u->input > 0)
		return;
	u->input = tokens_of(&r->talk->messages) + tokens_of(r->task->tools);
	if (u->output <= 0)
		u->output = tokens_of(&reply->message);
	u->estimated = true;
}

/*
 * One question: 0 answered; 1 not, but handed over, so ask again; -1 when the
 * model failed, which ends the run in order.
 */
static int
ask(struct run *r, struct model_reply *reply, struct err *e)
{
	const struct agent_task *t = r->task;
	struct model_events events = agent_events(r);
	struct model_request rq = {
		.messages = &r->talk->messages,
		.tools = t->tools,
		.options = json_is(t->options, JSON_OBJECT) ? t->options : NULL,
		.retries = -1,
		.events = &events,
		.ctx = r,
	};

	if (model_ask(r->pool, t->model, &rq, t->limits.until, t->stop, reply,
	    e) == 0) {
		agent_estimate(r, reply);
		r->context = reply->usage.input +
		    (reply->usage.output > 0 ? reply->usage.output : 0);
		r->fresh = false;
		r->retried = 0;
		return 0;
	}
	if (reply->error.kind == MODEL_ERR_CONTEXT && !r->fresh)
		return agent_hand_over(r, e) < 0 ? -1 : 1;
	agent_end_model(r, reply, e);
	return -1;
}

/*
 * Every call needs an id of its own, for the answer to name; some servers
 * give none, or the same one twice.
 */
static void
mend_ids(jv *message, int64_t turn)
{
	AUTO_JV jv calls = json_get(message, "tool_calls");
	AUTO_JV jv seen = json_object();
	jv mended = json_array();

	for (size_t i = 0; i < json_count(&calls); i++) {
		jv call = json_at(&calls, i);
		const char *id = json_str(&call, "id");
		char own[64];

		if (!id || !*id || json_has(&seen, id)) {
			snprintf(own, sizeof(own), "call-%lld-%zu",
			    (long long)turn, i + 1);
			json_set_str(&call, "id", own);
			id = own;
		}
		json_set_bool(&seen, id, true);
		json_append(&mended, call);
	}
	json_set(message, "tool_calls", json_count(&mended) > 0 ?
	    json_copy(&mended) : JSON_NONE);
	jv_free(mended);
}

static int
say_answer(struct run *r, struct model_reply *reply, struct err *e)
{
	jv data = json_object();
	jv usage = model_usage_json(&reply->usage);

	mend_ids(&reply->message, r->talk->turns + 1);
	json_set(&data, "message", json_copy(&reply->message));
	json_set_str(&data, "finish", model_finish_name(reply->finish));
	json_set_str(&data, "model", reply->model);
	json_set_int(&data, "turn", r->talk->turns + 1);
	json_set_int(&data, "duration_ms", reply->total_ns / CLOCK_MS);
	json_set(&data, "usage", json_copy(&usage));
	if (agent_say(r, RECORD_MODEL_MESSAGE, data, true, e) < 0) {
		jv_free(usage);
		return -1;
	}
	json_set_str(&usage, "model", reply->model);
	return agent_say(r, RECORD_MODEL_USAGE, usage, false, e);
}

/* The exit status for how the last message ended, by its name. */
static int
finish_status(const char *name)
{
	for (int f = MODEL_UNFINISHED; f <= MODEL_PAUSED; f++)
		if (name && strcmp(model_finish_name((enum model_finish)f),
		    name) == 0)
			return model_finish_status((enum model_finish)f);
	return ST_PROTOCOL;
}

/*
 * An answer in words is the end, if it is whole and not empty.  Small models
 * answer nothing at times: they are told so, once.
 */
static void
take_words(struct run *r, struct err *e)
{
	const char *finish = json_str(&r->talk->last, "finish");
	const char *text = json_path_str(&r->talk->last, "message.content");
	int status = finish_status(finish);

	if (finish && strcmp(finish, model_finish_name(MODEL_PAUSED)) == 0)
		return;		/* it goes on when it gets its words back */
	buf_reset(&r->answer);
	buf_adds(&r->answer, text ? text : "");
	if (status == ST_OK && r->answer.len == 0 && !r->nudged) {
		r->nudged = true;
		if (agent_tell(r, "You answered nothing. Go on with the task, "
		    "or say what came of it.", e) < 0)
			agent_end(r, e->status, "records");
		return;
	}
	if (status == ST_OK && r->answer.len == 0)
		status = ST_NO;
	agent_end(r, status, finish);
	if (status == ST_NO)
		err_set(e, status, "the model answered nothing");
	else if (status != ST_OK)
		err_set(e, status, "the model stopped early: %s", finish);
}

static int64_t
total_tokens(const struct conversation *talk)
{
	const struct model_usage *u = &talk->usage;

	return (u->input > 0 ? u->input : 0) +
	    (u->output > 0 ? u->output : 0);
}

int64_t
agent_tokens(const struct run *r)
{
	return total_tokens(r->talk) - r->first_tokens;
}

static bool
over_limit(struct run *r, struct err *e)
{
	const struct agent_limits *l = &r->task->limits;
	int64_t tokens = agent_tokens(r);
	int64_t turns = r->talk->turns - r->first_turn;

	if (l->turns > 0 && turns >= l->turns) {
		agent_end(r, ST_LIMIT, "turns");
		err_set(e, ST_LIMIT, "not done after %lld turns",
		    (long long)turns);
	} else if (l->tokens > 0 && tokens >= l->tokens) {
		agent_end(r, ST_LIMIT, "tokens");
		err_set(e, ST_LIMIT, "not done after %lld tokens",
		    (long long)tokens);
	} else if (l->cost > 0 && r->talk->usage.cost >= l->cost) {
		agent_end(r, ST_BUDGET, "budget");
		err_set(e, ST_BUDGET, "not done for %g USD", l->cost);
	} else if (deadline_passed(l->until)) {
		agent_end(r, ST_TIMEOUT, "time");
		err_set(e, ST_TIMEOUT, "not done in time");
	}
	return r->reason != NULL;
}

static void
begin_snapshot(struct run *r)
{
	AUTO_FREE char *title = xasprintf("%s, before turn %lld of run %s",
	    r->task->id, (long long)r->talk->turns + 1, r->task->origin.run);
	struct err why = ERR_INIT;

	if (r->task->checkpoints && !r->no_snapshots &&
	    !snapshot_begun(&r->snapshot) && snapshot_begin(&r->snapshot,
	    r->task->place.workspace, title, &why) < 0)
		r->no_snapshots = true;
}

/* Whether the next question might be too long. */
static bool
context_is_full(const struct run *r)
{
	int64_t context = r->task->limits.context;

	return context > 0 && r->context >= context / 100 *
	    AGENT_CONTEXT_PERCENT;
}

/* Messages that have come; each is on disk before it is acknowledged. */
static int
take_mail(struct run *r, struct err *e)
{
	struct mail *box = r->task->mail;
	AUTO_JV jv mail = JSON_NONE;

	if (box && mail_take(box, &mail, e) < 0)
		return -1;
	if (json_count(&mail) == 0)
		return 0;
	for (size_t i = 0; i < json_count(&mail); i++) {
		AUTO_JV jv record = json_at(&mail, i);
		AUTO_FREE char *words = mail_words(&record);
		const char *id = json_str(&record, "id");
		jv data;

		if (json_has(&r->talk->seen, id))
			continue;
		data = json_object();
		json_set_str(&data, "id", id);
		json_set_str(&data, "from", json_str(&record, "source"));
		json_set_str(&data, "text", words);
		if (agent_say(r, RECORD_MESSAGE, data, true, e) < 0)
			return -1;
	}
	if (conversation_sync(r->talk, e) < 0)
		return -1;
	return mail_settle(box, &mail, e);
}

static int
say_logs(struct run *r, const jv *logs, struct err *e)
{
	for (size_t i = 0; i < json_count(logs); i++)
		if (agent_say(r, RECORD_LOG, json_at(logs, i), false, e) < 0)
			return -1;
	return 0;
}

/* The tools as they are now; what there is to tell of them, in `logs`. */
static int
renew_tools(struct run *r, jv *logs, struct err *e)
{
	const struct agent_task *t = r->task;

	return t->renew ? t->renew(t->context, logs, e) : 0;
}

/* Does what is wanted, and looks whether the work still stands. */
static int
act(struct run *r, struct err *e)
{
	r->changed = false;
	if (agent_act(r, e) < 0)
		return -1;
	if (r->changed && r->task->care.each_turn && !r->reason)
		agent_check_work(r, e);
	return 0;
}

static void
turn(struct run *r, struct err *e)
{
	struct model_reply reply = MODEL_REPLY_INIT;
	AUTO_JV jv logs = JSON_NONE;

	if (context_is_full(r) && agent_hand_over(r, e) < 0)
		return;
	if (take_mail(r, e) < 0) {
		agent_end(r, e->status, "mail");
		return;
	}
	if (renew_tools(r, &logs, e) < 0 || say_logs(r, &logs, e) < 0) {
		agent_end(r, e->status, err_kind(e->status));
		return;
	}
	begin_snapshot(r);
	if (ask(r, &reply, e) == 0) {
		AUTO_JV jv wanted = json_get(&reply.message, "tool_calls");

		if (say_answer(r, &reply, e) < 0)
			agent_end(r, e->status, "records");
		else if (json_count(&wanted) == 0)
			take_words(r, e);
		else if (act(r, e) == 0)
			agent_check_repeats(r, &wanted, e);
	}
	model_reply_release(&reply);
}

/*
 * The result: in the conversation, for good; as a file that scripts can look
 * at, whole or not there; and to the watchers.
 */
int
agent_say_end(struct run *r, const struct err *why, struct err *e)
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
	json_set_int(&data, "turns", r->talk->turns);
	json_set_int(&data, "calls", (int64_t)r->talk->tools);
	json_set(&data, "usage", model_usage_json(&r->talk->usage));
	json_set_int(&data, "duration_ms",
	    (clock_mono() - r->started) / CLOCK_MS);
	record = record_new(&r->task->origin, RECORD_RESULT, data);
	record_write(&record, &text);
	buf_addc(&text, '\n');
	if (conversation_log(r->talk, &record, e) < 0 ||
	    conversation_sync(r->talk, e) < 0 ||
	    path_replace(path, text.data, text.len, 0600, e) < 0)
		return -1;
	return r->task->record(r->task->context, &record, e);
}

/* Whether the model spoke last, and wants nothing. */
static bool
last_is_answer(const struct conversation *talk)
{
	size_t n = json_count(&talk->messages);
	AUTO_JV jv m = json_at(&talk->messages, n - 1);
	const char *role = json_str(&m, "role");

	return role && strcmp(role, "assistant") == 0 &&
	    !json_has(&m, "tool_calls");
}

/* Whether a person wants it done, where agent-route said to ask. */
static int
ask_to_start(struct run *r, struct err *e)
{
	const jv *route = r->task->route;
	AUTO_FREE char *question = xasprintf("May agent '%s' do this task?",
	    r->task->id);
	AUTO_BUF struct buf words = BUF_INIT;
	bool gate = false;
	int answer;

	if (!route || !json_bool(route, "gate", &gate) || !gate ||
	    r->talk->turns > 0)
		return 0;
	answer = agent_ask_person(r, NULL, "start", question,
	    json_str(&r->talk->start, "task"), &words, e);
	if (answer > 0)
		return 0;
	if (answer == 0)
		err_set(e, ST_DENIED, "not to be done%s%s",
		    words.len > 0 ? ": " : "", words.len > 0 ? words.data : "");
	agent_end(r, e->status, answer == 0 ? "denied" :
	    agent_end_reason(e->status));
	return -1;
}

/* A person was asked how to go on, and may have answered meanwhile. */
static void
reopen(struct run *r, struct err *e)
{
	const jv *was = &r->talk->escalated;
	AUTO_JV jv reason = json_get(was, "reason");
	const char *message = json_str(was, "message");
	int64_t status = ST_NO;

	(void)json_int(was, "status", &status);
	/* lives as long as the conversation */
	agent_end(r, (int)status, json_string(&reason) ?
	    json_str(was, "reason") : "failed");
	err_set(e, (int)status, "%s", message ? message : "");
}

/* What is new comes after a handover that is due, or nobody would hear it. */
static int
make_room(struct run *r, struct err *e)
{
	const struct agent_task *t = r->task;
	int n = t->mail && !t->prompt ? mail_count(t->mail, e) : 0;

	if (n < 0)
		return -1;
	return (t->prompt || n > 0) && context_is_full(r) ?
	    agent_hand_over(r, e) : 0;
}

/* Who begins, with what tools, and whether any are missing. */
static int
say_begin(struct run *r, struct err *e)
{
	AUTO_JV jv logs = JSON_NONE;
	struct err why = ERR_INIT;
	int there = renew_tools(r, &logs, &why);

	if (say_start(r, e) < 0 || say_logs(r, &logs, e) < 0)
		return -1;
	if (there < 0)
		*e = why;
	return there;
}

/* Says who begins; then what was left open, and what is new. */
static int
begin(struct run *r, struct err *e)
{
	bool resumed = !json_is(&r->talk->start, JSON_NOTHING);

	r->pool = model_pool_new(0, e);
	if (!r->pool || say_begin(r, e) < 0 || ask_to_start(r, e) < 0)
		return -1;
	if (!resumed)
		return 0;
	if (json_count(&r->talk->calls) > 0) {
		begin_snapshot(r);
		if (agent_act(r, e) < 0)
			return -1;
	}
	if (!r->task->prompt && !r->task->stays &&
	    json_is(&r->talk->escalated, JSON_OBJECT)) {
		reopen(r, e);
		return 0;
	}
	if (!r->reason && make_room(r, e) < 0)
		return -1;
	if (!r->task->prompt) {
		if (!r->reason && take_mail(r, e) < 0)
			return -1;
		if (!r->reason && last_is_answer(r->talk))
			take_words(r, e);
		return 0;
	}
	r->reason = NULL;	/* there is more to do after all */
	return say_task(r, e);
}

/* How long the conversation was when the model last spoke. */
static int64_t
last_context(const struct conversation *talk)
{
	AUTO_JV jv usage = json_get(&talk->last, "usage");
	int64_t in = 0, out = 0;

	(void)json_int(&usage, "input_tokens", &in);
	(void)json_int(&usage, "output_tokens", &out);
	return in + out;
}

int
agent_run(const struct agent_task *task, struct err *e)
{
	struct run r = {
		.task = task, .talk = task->talk, .started = clock_mono(),
		.first_turn = task->talk->turns,
		.first_tokens = task->stays ? total_tokens(task->talk) : 0,
		.context = last_context(task->talk),
		.snapshot = SNAPSHOT_INIT,
	};
	struct err last = ERR_INIT;
	int status;

	if (begin(&r, e) < 0 && !r.reason)
		agent_end(&r, e->status, err_kind(e->status));
	if (r.reason)
		agent_mend(&r, e);
	while (!r.reason) {
		turn(&r, e);
		if (!r.reason)
			(void)over_limit(&r, e);
		if (r.reason)
			agent_mend(&r, e);
	}
	status = agent_say_end(&r, e, &last) < 0 ? -1 : r.status;
	if (status < 0)
		*e = last;
	snapshot_drop(&r.snapshot);
	model_pool_free(r.pool);
	buf_release(&r.answer);
	return status;
}
