/* answer: collects what a provider reads from the events of an answer. */
#include "config.h"

#include "answer.h"

#include "alloc.h"
#include "clock.h"
#include "ulid.h"

void
answer_init(struct answer *a, const struct model_request *rq,
    void (*release)(void *state), int64_t started)
{
	*a = (struct answer){
		.flags = rq->flags,
		.events = rq->events,
		.ctx = rq->ctx,
		.native = JSON_NONE,
		.release = release,
		.usage = MODEL_USAGE_INIT,
		.error.retry_after = -1,
		.started = started,
		.first_ns = -1
	};
}

void
answer_release(struct answer *a)
{
	for (size_t i = 0; i < a->ntools; i++) {
		free(a->tools[i].id);
		free(a->tools[i].name);
		buf_release(&a->tools[i].arguments);
	}
	free(a->tools);
	buf_release(&a->text);
	buf_release(&a->reasoning);
	think_release(&a->think);
	json_release(&a->native);
	if (a->state)
		a->release(a->state);
	a->state = NULL;
	free(a->served);
	free(a->request_id);
	free(a->error.reset);
	free(a->error.code);
}

static void
came(struct answer *a)
{
	a->came = true;
	a->progress++;
}

static int
piece(struct answer *a, struct buf *kept,
    int (*tell)(void *, const char *, size_t, struct err *), const char *s,
    size_t len, struct err *e)
{
	if (len == 0)
		return 0;
	came(a);
	if (a->first_ns < 0)
		a->first_ns = clock_mono() - a->started;
	if (!(a->flags & MODEL_NO_TEXT)) {
		if (len > ANSWER_MAX - kept->len)
			return err_set(e, ST_PROTOCOL,
			    "an answer of more than %d MiB",
			    ANSWER_MAX >> 20);
		buf_add(kept, s, len);
	}
	if (!tell)
		return 0;
	a->given = true;
	return tell(a->ctx, s, len, e);
}

int
answer_text(struct answer *a, const char *s, size_t len, struct err *e)
{
	return piece(a, &a->text, a->events ? a->events->text : NULL, s, len,
	    e);
}

int
answer_reasoning(struct answer *a, const char *s, size_t len, struct err *e)
{
	return piece(a, &a->reasoning,
	    a->events ? a->events->reasoning : NULL, s, len, e);
}

static int
tagged(void *ctx, bool reasoning, const char *s, size_t len, struct err *e)
{
	return reasoning ? answer_reasoning(ctx, s, len, e) :
	    answer_text(ctx, s, len, e);
}

int
answer_tagged(struct answer *a, const char *s, size_t len, struct err *e)
{
	if (len > 0)
		came(a);
	return think_feed(&a->think, s, len, tagged, a, e);
}

int
answer_flush(struct answer *a, struct err *e)
{
	return think_end(&a->think, tagged, a, e);
}

/* The tool call of a slot, made when it is new; NULL: there are too many. */
static struct answer_tool *
tool_at(struct answer *a, int slot)
{
	for (size_t i = 0; i < a->ntools; i++)
		if (a->tools[i].slot == slot)
			return &a->tools[i];
	if (a->ntools == ANSWER_TOOLS_MAX)
		return NULL;
	GROW(a->tools, a->ntools, a->cap);
	a->tools[a->ntools] = (struct answer_tool){ .slot = slot };
	return &a->tools[a->ntools++];
}

void
answer_tool(struct answer *a, int slot, const char *id, const char *name)
{
	struct answer_tool *t = tool_at(a, slot);

	came(a);
	if (!t)
		return;
	if (id && *id && !t->id)
		t->id = xstrdup(id);
	if (name && *name && !t->name)
		t->name = xstrdup(name);
}

void
answer_tool_arguments(struct answer *a, int slot, const char *s, size_t len)
{
	struct answer_tool *t = tool_at(a, slot);

	came(a);
	if (t && len <= ANSWER_MAX - t->arguments.len)
		buf_add(&t->arguments, s, len);
}

void
answer_tool_arguments_all(struct answer *a, int slot, const char *s,
    size_t len)
{
	struct answer_tool *t = tool_at(a, slot);

	if (t)
		buf_reset(&t->arguments);
	answer_tool_arguments(a, slot, s, len);
}

void
answer_tool_calls(struct answer *a, const jv *message)
{
	AUTO_JV jv calls = json_get(message, "tool_calls");

	for (size_t i = 0; i < json_count(&calls); i++) {
		AUTO_JV jv call = json_at(&calls, i);
		AUTO_JV jv function = json_get(&call, "function");
		AUTO_JV jv arguments = json_get(&function, "arguments");
		AUTO_FREE char *text = json_is(&arguments, JSON_OBJECT) ?
		    json_text(&arguments) : NULL;
		const char *said = text ? text : json_string(&arguments);
		int slot = (int)answer_tools(a);

		answer_tool(a, slot, json_str(&call, "id"),
		    json_str(&function, "name"));
		if (said)
			answer_tool_arguments(a, slot, said, strlen(said));
	}
}

size_t
answer_tools(const struct answer *a)
{
	return a->ntools;
}

void
answer_finish(struct answer *a, enum model_finish finish)
{
	a->progress++;
	/* a refusal is followed by an ordinary end */
	if (a->finish != MODEL_REFUSED)
		a->finish = finish;
}

void
answer_end(struct answer *a)
{
	a->ended = true;
}

void
answer_last(struct answer *a)
{
	a->ended = a->last = true;
}

bool
answer_ended(const struct answer *a)
{
	return a->ended;
}

void
answer_native(struct answer *a, jv native)
{
	json_release(&a->native);
	a->native = native;
}

struct model_usage *
answer_usage(struct answer *a)
{
	return &a->usage;
}

static void
keep(char **at, const char *s)
{
	if (!s || !*s || (*at && strcmp(*at, s) == 0))
		return;
	free(*at);
	*at = xstrdup(s);
}

void
answer_served(struct answer *a, const char *model)
{
	keep(&a->served, model);
}

void
answer_request_id(struct answer *a, const char *id)
{
	keep(&a->request_id, id);
}

bool
answer_keeps(const struct answer *a)
{
	return !(a->flags & MODEL_NO_TEXT);
}

void **
answer_state(struct answer *a)
{
	return &a->state;
}

/* The call as a message has it; servers that give no id get one of ours. */
static jv
tool_json(const struct answer_tool *t)
{
	jv call = json_object(), function = json_object();
	char id[ULID_LEN + 1];

	ulid_make(id);
	json_set_str(&call, "id", t->id ? t->id : id);
	json_set_str(&call, "type", "function");
	json_set_str(&function, "name", t->name ? t->name : "");
	json_set(&function, "arguments", t->arguments.len > 0 ?
	    json_from_bytes(t->arguments.data, t->arguments.len) :
	    json_from_str("{}"));
	json_set(&call, "function", function);
	return call;
}

jv
answer_message(const struct answer *a)
{
	jv m, calls;
	bool tools = a->finish == MODEL_TOOLS && a->ended && a->ntools > 0;

	if (!a->came && !a->ended)
		return JSON_NONE;
	m = json_object();
	json_set_str(&m, "role", "assistant");
	json_set(&m, "content", a->text.len > 0 || !tools ?
	    json_from_bytes(a->text.data ? a->text.data : "", a->text.len) :
	    json_null());
	if (a->reasoning.len > 0)
		json_set(&m, "reasoning", json_from_bytes(a->reasoning.data,
		    a->reasoning.len));
	if (tools) {
		calls = json_array();
		for (size_t i = 0; i < a->ntools; i++)
			json_append(&calls, tool_json(&a->tools[i]));
		json_set(&m, "tool_calls", calls);
	}
	if (a->ended && json_kind(&a->native) != JSON_NOTHING)
		json_set(&m, "native", json_copy(&a->native));
	return m;
}
