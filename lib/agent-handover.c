/*
 * agent-handover: a brief in the place of a conversation that grew too long.
 *
 * The model is asked for it with the conversation as it is, without what
 * tools returned long ago, which is most of it and least needed.
 */
#include "config.h"

#include "agent-impl.h"

#include "alloc.h"

enum { KEEP_RESULTS = 6, KEEP_BYTES = 400 };

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

/* The conversation with old results shortened, and the request for a brief. */
static jv
question(const struct run *r)
{
	const jv *all = &r->talk->messages;
	size_t n = json_count(all);
	jv messages = json_array(), ask = json_object();

	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv m = json_at(all, i);
		const char *role = json_str(&m, "role");
		bool old = role && strcmp(role, "tool") == 0 &&
		    i + KEEP_RESULTS < n;
		json_append(&messages, old ? shorten(&m) : json_copy(&m));
	}
	json_set_str(&ask, "role", "user");
	json_set_str(&ask, "content", request);
	json_append(&messages, ask);
	return messages;
}

static int
take_brief(struct run *r, const struct model_reply *reply, struct err *e)
{
	const char *brief = json_str(&reply->message, "content");
	jv data;

	if (!brief || !*brief)
		return err_set(e, ST_LIMIT, "the conversation is too long, and "
		    "the model gave no brief to go on with");
	data = json_object();
	json_set_str(&data, "brief", brief);
	json_set_int(&data, "turn", r->talk->turns);
	json_set_int(&data, "context", r->context);
	json_set(&data, "usage", model_usage_json(&reply->usage));
	return agent_say(r, RECORD_AGENT_HANDOVER, data, true, e);
}

int
agent_hand_over(struct run *r, struct err *e)
{
	const struct agent_task *t = r->task;
	AUTO_JV jv messages = question(r);
	struct model_reply reply = MODEL_REPLY_INIT;
	struct model_request rq = {
		.messages = &messages,
		.tools = t->tools,
		.options = json_is(t->options, JSON_OBJECT) ? t->options : NULL,
		.retries = -1,
	};
	int result = model_ask(r->pool, t->model, &rq, t->limits.until, t->stop,
	    &reply, e);

	if (result == 0) {
		model_usage_add(&r->talk->usage, &reply.usage);
		result = take_brief(r, &reply, e);
	}
	if (result < 0)
		agent_end(r, e->status, e->status > ST_SIGNAL ? "interrupted" :
		    "context");
	model_reply_release(&reply);
	r->context = 0;
	r->fresh = true;
	return result;
}
