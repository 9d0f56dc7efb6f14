/* watch-record: what each type of record says to people. */
#include "config.h"

#include "alloc.h"
#include "clock.h"
#include "num.h"
#include "record.h"
#include "watch.h"

void
watch_event_release(struct watch_event *ev)
{
	buf_release(&ev->subject);
	buf_release(&ev->facts);
	buf_release(&ev->text);
	*ev = (struct watch_event)WATCH_EVENT_INIT;
}

static void
add_str(struct buf *b, const jv *v)
{
	if (json_is(v, JSON_STRING))
		buf_add(b, json_string(v), json_string_len(v));
	else if (!json_is(v, JSON_NOTHING) && !json_is(v, JSON_NULL))
		json_write(v, b);
}

/* A member, a string as it is and anything else as JSON. */
static void
add_member(struct buf *b, const jv *object, const char *key)
{
	AUTO_JV jv v = json_get(object, key);

	add_str(b, &v);
}

/* ", FACT" */
static void __attribute__((format(printf, 2, 3)))
fact(struct watch_event *ev, const char *fmt, ...)
{
	va_list ap;

	buf_adds(&ev->facts, ", ");
	va_start(ap, fmt);
	buf_vaddf(&ev->facts, fmt, ap);
	va_end(ap);
}

static void
fact_duration(struct watch_event *ev, const jv *data)
{
	char text[NUM_TEXT_MAX];
	double ms;

	if (!json_num(data, "duration_ms", &ms) || !(ms >= 0 && ms < 1e12))
		return;
	num_format_duration((int64_t)ms * CLOCK_MS, text);
	fact(ev, "%s", text);
}

/* "950", "12.3k", "1.2M" */
static void
format_count(double n, char *out, size_t size)
{
	if (!(n >= 0 && n < 1e15))
		snprintf(out, size, "?");
	else if (n < 10000)
		snprintf(out, size, "%.0f", n);
	else if (n < 1e6)
		snprintf(out, size, "%.1fk", n / 1e3);
	else
		snprintf(out, size, "%.1fM", n / 1e6);
}

static void
fact_count(struct watch_event *ev, const jv *usage, const char *key,
    const char *word)
{
	char text[32];
	double n;

	if (!json_num(usage, key, &n) || n < 0)
		return;
	format_count(n, text, sizeof(text));
	fact(ev, "%s %s", text, word);
}

static void
fact_usage(struct watch_event *ev, const jv *usage)
{
	double cost, cached;

	fact_count(ev, usage, "input_tokens", "in");
	if (json_num(usage, "cached_tokens", &cached) && cached > 0)
		fact_count(ev, usage, "cached_tokens", "of it cached");
	fact_count(ev, usage, "output_tokens", "out");
	if (json_num(usage, "cost_usd", &cost) && cost >= 0 && cost < 1e9)
		fact(ev, "$%.4f", cost);
}

static void
on_start(const jv *data, struct watch_event *ev)
{
	add_member(&ev->subject, data, "model");
	add_member(&ev->text, data, "task");
}

/* A task: its prompt, under any of the names that it goes by. */
static void
on_task(const jv *data, struct watch_event *ev)
{
	static const char *const keys[] = { "prompt", "task", "text", NULL };

	for (const char *const *k = keys; *k && ev->text.len == 0; k++)
		add_member(&ev->text, data, *k);
	if (ev->text.len == 0)
		add_str(&ev->text, data);
}

/* Content: a text, or parts of which some are. */
static void
add_content(const jv *content, struct buf *out)
{
	if (!json_is(content, JSON_ARRAY)) {
		add_str(out, content);
		return;
	}
	for (size_t i = 0; i < json_count(content); i++) {
		AUTO_JV jv part = json_at(content, i);
		const char *type = json_str(&part, "type");

		if (out->len > 0)
			buf_addc(out, '\n');
		if (json_str(&part, "text"))
			add_member(out, &part, "text");
		else
			buf_addf(out, "[%s]", type ? type : "?");
	}
}

static void
on_model_message(const jv *data, struct watch_event *ev)
{
	AUTO_JV jv message = json_get(data, "message");
	AUTO_JV jv content = json_get(&message, "content");
	AUTO_JV jv calls = json_get(&message, "tool_calls");
	const char *finish = json_str(data, "finish");
	bool cut = finish && strcmp(finish, "stop") != 0 &&
	    strncmp(finish, "tool", 4) != 0;

	add_content(&content, &ev->text);
	if (cut)
		buf_adds(&ev->subject, finish);
	/* the calls have records of their own */
	if (ev->text.len == 0 && !cut && json_count(&calls) > 0)
		ev->word = NULL;
}

static void
on_delta(const jv *data, struct watch_event *ev)
{
	static const char *const keys[] = { "text", "reasoning", NULL };

	for (const char *const *k = keys; *k && ev->text.len == 0; k++)
		add_member(&ev->text, data, *k);
}

static void
on_usage(const jv *data, struct watch_event *ev)
{
	fact_usage(ev, data);
}

static void
on_retry(const jv *data, struct watch_event *ev)
{
	double delay;

	add_member(&ev->subject, data, json_str(data, "next") ? "next" :
	    "model");
	if (json_num(data, "delay", &delay) && delay >= 0 && delay < 1e9)
		fact(ev, "in %.1f s", delay);
	add_member(&ev->text, data, "message");
}

/* A text, each of whose lines gets the mark. */
static void
add_marked(struct buf *out, const char *mark, const jv *v)
{
	AUTO_BUF struct buf text = BUF_INIT;

	add_str(&text, v);
	for (const char *s = text.data; s; s = strchr(s, '\n')) {
		if (s != text.data)
			buf_addc(out, *s++);
		buf_adds(out, mark);
		buf_add(out, s, strcspn(s, "\n"));
	}
}

/* How arguments are shown, in this order: those that say most come first. */
static const struct {
	const char *key, *mark;
} arguments_first[] = {
	{ "command", "" }, { "path", "" }, { "file", "" },
	{ "file_path", "" }, { "url", "" }, { "query", "" },
	{ "pattern", "" }, { "text", "" }, { "summary", "" },
	{ "answer", "" }, { "old_text", "- " }, { "new_text", "+ " },
	{ "old_string", "- " }, { "new_string", "+ " }
};

enum { FIRST = sizeof(arguments_first) / sizeof(*arguments_first) };

static bool
comes_first(const char *key)
{
	for (size_t i = 0; i < FIRST; i++)
		if (strcmp(key, arguments_first[i].key) == 0)
			return true;
	return false;
}

static void
add_arguments(const jv *arguments, struct buf *out)
{
	if (!json_is(arguments, JSON_OBJECT)) {
		add_str(out, arguments);
		return;
	}
	for (size_t i = 0; i < FIRST; i++) {
		AUTO_JV jv v = json_get(arguments, arguments_first[i].key);

		if (out->len > 0 && !json_is(&v, JSON_NOTHING))
			buf_addc(out, '\n');
		add_marked(out, arguments_first[i].mark, &v);
	}
	JSON_EACH(arguments, i) {
		const char *key = json_iter_key(arguments, i);

		if (comes_first(key))
			continue;
		if (out->len > 0)
			buf_addc(out, '\n');
		buf_addf(out, "%s: ", key);
		add_member(out, arguments, key);
	}
}

static void
on_tool_call(const jv *data, struct watch_event *ev)
{
	AUTO_JV jv arguments = json_get(data, "arguments");

	add_member(&ev->subject, data, "name");
	add_arguments(&arguments, &ev->text);
}

static void
on_tool_result(const jv *data, struct watch_event *ev)
{
	bool good = true, truncated = false;
	int64_t status;

	json_bool(data, "ok", &good);
	json_bool(data, "truncated", &truncated);
	add_member(&ev->subject, data, "name");
	buf_adds(&ev->subject, "");
	if (json_int(data, "status", &status) && status > 0)
		fact(ev, "exit %lld", (long long)status);
	fact_duration(ev, data);
	if (truncated)
		fact(ev, "shortened");
	add_member(&ev->text, data, "output");
	/* the result of the run follows at once, and says it all */
	ev->word = !good ? "failed" : strcmp(ev->subject.data, "done") == 0 ?
	    NULL : "ok";
	ev->style = good ? WATCH_GREEN : WATCH_RED;
	/* what went wrong stands at the end */
	ev->tail = !good;
}

static void
on_result(const jv *data, struct watch_event *ev)
{
	AUTO_JV jv usage = json_get(data, "usage");
	const char *status_word = json_str(data, "status");
	const char *reason = json_str(data, "reason");
	int64_t status = 0, turns;

	/* a status that is none is no good one */
	if (json_has(data, "status") && !json_int(data, "status", &status))
		status = status_word && strcmp(status_word, "ok") == 0 ?
		    ST_OK : ST_NO;
	ev->word = status == ST_OK ? "done" : "failed";
	ev->style = status == ST_OK ? WATCH_GREEN : WATCH_RED;
	if (status != ST_OK)
		buf_adds(&ev->subject, reason ? reason : status_word ?
		    status_word : err_kind((int)status));
	if (json_int(data, "turns", &turns))
		fact(ev, "%lld turn%s", (long long)turns,
		    turns == 1 ? "" : "s");
	fact_usage(ev, &usage);
	fact_duration(ev, data);
	if (status != ST_OK)
		add_member(&ev->text, data, "message");
	if (ev->text.len == 0)
		add_member(&ev->text, data, "text");
	ev->whole = true;
}

static void
on_error(const jv *data, struct watch_event *ev)
{
	add_member(&ev->subject, data, "kind");
	add_member(&ev->text, data, "message");
}

/* Whatever has a text. */
static void
on_text(const jv *data, struct watch_event *ev)
{
	static const char *const keys[] = { "text", "message", "question",
	    "answer", "reason", "id", NULL };

	for (const char *const *k = keys; *k && ev->text.len == 0; k++)
		add_member(&ev->text, data, *k);
	if (ev->text.len == 0)
		add_str(&ev->text, data);
}

/* What is asked about tells more than the question. */
static void
on_question(const jv *data, struct watch_event *ev)
{
	const char *subject = json_str(data, "subject");

	on_text(data, ev);
	if (subject && !strstr(ev->text.data, subject))
		buf_addf(&ev->text, "%s%s", ev->text.len > 0 ? " " : "",
		    subject);
}

static void
on_handover(const jv *data, struct watch_event *ev)
{
	add_member(&ev->text, data, "brief");
}

static void
on_route(const jv *data, struct watch_event *ev)
{
	add_member(&ev->subject, data, "agent");
	if (json_str(data, "model"))
		fact(ev, "%s", json_str(data, "model"));
	on_text(data, ev);
}

static const struct {
	const char *type;
	const char *word;
	enum watch_style style, text_style;
	void (*describe)(const jv *data, struct watch_event *ev);
} types[] = {
	{ RECORD_AGENT_HANDOVER, "brief", WATCH_YELLOW, WATCH_PLAIN,
	    on_handover },
	{ RECORD_AGENT_START, "start", WATCH_BOLD, WATCH_PLAIN, on_start },
	{ RECORD_AGENT_END, "end", WATCH_DIM, WATCH_DIM, on_text },
	{ RECORD_ANSWER, "answer", WATCH_YELLOW, WATCH_PLAIN, on_text },
	{ RECORD_CHECKPOINT, "saved", WATCH_DIM, WATCH_DIM, on_text },
	{ RECORD_ERROR, "error", WATCH_RED, WATCH_RED, on_error },
	{ RECORD_ESCALATION, "alarm", WATCH_YELLOW, WATCH_PLAIN, on_text },
	{ RECORD_LOG, "log", WATCH_DIM, WATCH_DIM, on_text },
	{ RECORD_MESSAGE, "message", WATCH_PLAIN, WATCH_PLAIN, on_text },
	{ RECORD_MODEL_DELTA, "...", WATCH_DIM, WATCH_PLAIN, on_delta },
	{ RECORD_MODEL_MESSAGE, "says", WATCH_BOLD, WATCH_PLAIN,
	    on_model_message },
	{ RECORD_MODEL_RETRY, "retry", WATCH_YELLOW, WATCH_DIM, on_retry },
	{ RECORD_MODEL_USAGE, "tokens", WATCH_DIM, WATCH_DIM, on_usage },
	{ RECORD_PROGRESS, "note", WATCH_PLAIN, WATCH_PLAIN, on_text },
	{ RECORD_QUESTION, "asks", WATCH_YELLOW, WATCH_PLAIN, on_question },
	{ RECORD_RESULT, "done", WATCH_GREEN, WATCH_PLAIN, on_result },
	{ RECORD_ROUTE, "route", WATCH_DIM, WATCH_DIM, on_route },
	{ RECORD_TASK, "task", WATCH_BOLD, WATCH_PLAIN, on_task },
	{ RECORD_TOOL_CALL, "call", WATCH_BOLD, WATCH_PLAIN, on_tool_call },
	{ RECORD_TOOL_RESULT, "ok", WATCH_GREEN, WATCH_DIM, on_tool_result },
};

void
watch_describe(const jv *record, struct watch_event *ev)
{
	AUTO_JV jv data = json_get(record, "data");
	const char *type = json_str(record, "type");

	for (size_t i = 0; type && i < sizeof(types) / sizeof(*types); i++) {
		if (strcmp(type, types[i].type) != 0)
			continue;
		ev->word = types[i].word;
		ev->style = types[i].style;
		ev->text_style = types[i].text_style;
		types[i].describe(&data, ev);
		return;
	}
	/* a type that we do not know, or no record at all */
	ev->word = "other";
	ev->style = ev->text_style = WATCH_DIM;
	buf_adds(&ev->subject, type ? type : "?");
	add_str(&ev->text, type ? &data : record);
}
