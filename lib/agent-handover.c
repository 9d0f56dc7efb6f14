/*
 * agent-handover: a brief in the place of a conversation that grew too long.
 *
 * The model is asked for it with the conversation as it is, without what
 * tools returned long ago, which is most of it and least needed; when that is
 * still too long, without what any returned.  One that writes none all the
 * same costs the last steps' details, not the run: then what is on record is
 * the brief.
 */
#include "config.h"

#include "agent-impl.h"

#include "alloc.h"
#include "strs.h"

enum {
	KEEP_RESULTS = 6,
	KEEP_BYTES = 400,
	STEPS_BYTES = 6000,	/* of a brief of our own */
	BRIEF_BYTES = 6000	/* kept in it of the one before */
};

static const char request[] =
    "The conversation has become too long. Write a brief for a colleague who "
    "takes over from you and knows nothing of it: what has been done and found "
    "out, which files matter and how they stand now, what remains to be done, "
    "what to beware of. Be complete and exact with names, numbers and paths; "
    "do not call tools.";

/* The start of a long text, with a note. */
static jv
shorten(const jv *message)
{
	AUTO_JV jv content = json_get(message, "content");
	AUTO_BUF struct buf text = BUF_INIT;
	jv m = json_copy(message);

	if (json_string_len(&content) <= KEEP_BYTES)
		return m;
	buf_add(&text, json_string(&content), KEEP_BYTES);
	buf_adds(&text, "\n[... left out ...]");
	json_set(&m, "content", json_from_bytes(text.data, text.len));
	return m;
}

/*
 * The conversation with results shortened but for the last `keep` messages,
 * and the request for a brief.
 */
static jv
question(const struct run *r, size_t keep)
{
	const jv *all = &r->talk->messages;
	size_t n = json_count(all);
	jv messages = json_array();

	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv m = json_at(all, i);
		const char *role = json_str(&m, "role");
		bool old = role && strcmp(role, "tool") == 0 &&
		    i + keep < n;
		json_append(&messages, old ? shorten(&m) : json_copy(&m));
	}
	model_add_message(&messages, "user", json_from_str(request));
	return messages;
}

static int
ask_brief(struct run *r, size_t keep, struct model_reply *reply,
    struct err *e)
{
	const struct agent_task *t = r->task;
	AUTO_JV jv messages = question(r, keep);
	struct model_request rq = {
		.messages = &messages,
		.tools = t->tools,
		.options = json_is(t->options, JSON_OBJECT) ? t->options : NULL,
		.retries = -1,
	};

	return model_ask(r->pool, t->model, &rq, t->limits.until, t->stop,
	    reply, e);
}

static void
add_start(struct buf *out, const char *what, const char *text)
{
	if (text && *text)
		buf_addf(out, "%s%.*s%s\n", what, KEEP_BYTES, text,
		    strlen(text) > KEEP_BYTES ? " [...]" : "");
}

/* One message in a few words. */
static char *
step(const jv *message)
{
	const char *role = json_str(message, "role");
	const char *text = json_str(message, "content");
	AUTO_JV jv calls = json_get(message, "tool_calls");
	AUTO_BUF struct buf out = BUF_INIT;

	add_start(&out, role && strcmp(role, "tool") == 0 ? "It returned: " :
	    role && strcmp(role, "user") == 0 ? "You were told: " :
	    "You said: ", text);
	for (size_t i = 0; i < json_count(&calls); i++) {
		AUTO_JV jv call = json_at(&calls, i);

		add_start(&out, "You called ",
		    json_path_str(&call, "function.name"));
		add_start(&out, "  with ",
		    json_path_str(&call, "function.arguments"));
	}
	return buf_steal(&out);
}

/* The last steps, as many as there is room for. */
static void
add_steps(const jv *messages, struct buf *out)
{
	AUTO_STRS struct strs steps = STRS_INIT;
	size_t room = STEPS_BYTES;

	/* the first two are the briefing and the task */
	for (size_t i = json_count(messages); i > 2; i--) {
		AUTO_JV jv m = json_at(messages, i - 1);
		AUTO_FREE char *words = step(&m);

		if (strlen(words) > room)
			break;
		room -= strlen(words);
		strs_take(&steps, STEAL(words));
	}
	for (size_t i = steps.n; i > 0; i--)
		buf_adds(out, steps.v[i - 1]);
}

static void
make_brief(const struct run *r, struct buf *out)
{
	const char *before = json_string(&r->talk->brief);

	buf_adds(out, "(Your predecessor, who is you, wrote no brief; these "
	    "are the last steps on record. Look at the files to see how far "
	    "the work has come.)\n\n");
	if (before)
		buf_addf(out, "The brief before was: %.*s\n\n", BRIEF_BYTES,
		    before);
	add_steps(&r->talk->messages, out);
}

static int
say_handover(struct run *r, const struct model_reply *reply, struct err *e)
{
	const char *brief = json_str(&reply->message, "content");
	AUTO_BUF struct buf own = BUF_INIT;
	jv data = json_object();

	if (!brief || !*brief) {
		make_brief(r, &own);
		json_set_bool(&data, "own", true);
	}
	json_set(&data, "brief", own.len > 0 ?
	    json_from_bytes(own.data, own.len) : json_from_str(brief));
	json_set_int(&data, "turn", r->talk->turns);
	json_set_int(&data, "context", r->context);
	json_set(&data, "usage", model_usage_json(&reply->usage));
	return agent_say(r, RECORD_AGENT_HANDOVER, data, true, e);
}

/* Whether it is the question that was wrong, rather than the time for it. */
static bool
is_hopeless(const struct model_reply *reply)
{
	return reply->error.kind == MODEL_ERR_CONTEXT ||
	    reply->error.kind == MODEL_ERR_REQUEST ||
	    reply->error.kind == MODEL_ERR_REFUSED;
}

int
agent_hand_over(struct run *r, struct err *e)
{
	struct model_reply reply = MODEL_REPLY_INIT;
	int result = ask_brief(r, KEEP_RESULTS, &reply, e);

	if (result < 0 && reply.error.kind == MODEL_ERR_CONTEXT) {
		model_reply_release(&reply);
		reply = (struct model_reply)MODEL_REPLY_INIT;
		result = ask_brief(r, 0, &reply, e);
	}
	if (result < 0 && !is_hopeless(&reply)) {
		agent_end_model(r, &reply, e);
		model_reply_release(&reply);
		return -1;
	}
	*e = (struct err)ERR_INIT;
	if (result == 0)
		agent_estimate(r, &reply);
	result = say_handover(r, &reply, e);
	if (result < 0)
		agent_end(r, e->status, "records");
	model_reply_release(&reply);
	r->context = 0;
	r->fresh = true;
	return result;
}
