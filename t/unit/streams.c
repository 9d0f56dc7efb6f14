/*
 * streams: answers in the four protocols, whole, in pieces, and cut at every
 * byte.  A cut answer must never be taken for one, nor its tools be called.
 */
#include "config.h"

#include "../fake.h"
#include "../model-answers.h"
#include "alloc.h"
#include "model-call.h"
#include "provider.h"
#include "tap.h"

static const char *const names[PROTOCOLS] = {
	[CHAT] = "chat", [RESPONSES] = "responses",
	[MESSAGES] = "messages", [OLLAMA] = "ollama"
};

/* One answer; its status. */
static int
ask(enum protocol p, const struct answer_body *b, size_t cut, size_t piece,
    struct model_reply *r)
{
	struct fake f = { .body = b->bytes.data, .type = b->type,
	    .cut = cut, .piece = piece };

	return fake_ask(&f, names[p], r);
}

static bool
has_tools(const struct model_reply *r)
{
	return json_has(&r->message, "tool_calls");
}

static char *
text_of(const struct model_reply *r)
{
	const char *s = json_str(&r->message, "content");

	return xstrdup(s ? s : "");
}

/* Cut at every byte: an answer only if all of it is there that matters. */
static void
check_cuts(enum protocol p, const struct answer_body *b, bool stream)
{
	struct model_reply whole = MODEL_REPLY_INIT;
	int status = ask(p, b, b->bytes.len, 1 << 20, &whole);
	AUTO_FREE char *text = text_of(&whole);
	size_t good = 0, bad = 0, first_good = b->bytes.len;

	ok(status == ST_OK && has_tools(&whole) &&
	    whole.finish == MODEL_TOOLS, "%s, %s: a whole answer", names[p],
	    stream ? "streamed" : "in one piece");
	is_str(text, "one two three", "with its text");
	is_str(json_path_str(&whole.message,
	    "tool_calls.0.function.arguments"), "{\"a\":[1,2]}",
	    "and its call");
	is_int(whole.usage.output, 5, "and its usage");
	for (size_t cut = 0; cut < b->bytes.len; cut++) {
		struct model_reply r = MODEL_REPLY_INIT;
		AUTO_FREE char *part = NULL;
		status = ask(p, b, cut, 1 << 20, &r);
		part = text_of(&r);
		if (status == ST_OK && first_good == b->bytes.len)
			first_good = cut;
		/* once it is whole, it stays so; the call comes with it */
		if (status == ST_OK ? has_tools(&r) &&
		    strcmp(part, text) == 0 :
		    status == ST_PROTOCOL && !has_tools(&r) &&
		    first_good == b->bytes.len &&
		    strncmp(part, text, strlen(part)) == 0)
			good++;
		else if (bad++ == 0)
			diag("cut at %zu: status %d, '%s'", cut, status, part);
		model_reply_release(&r);
	}
	ok(bad == 0 && good == b->bytes.len, "cut at each of %zu bytes",
	    b->bytes.len);
	ok(first_good > b->bytes.len / 2, "whole only near its end");
	model_reply_release(&whole);
}

static void
check_pieces(enum protocol p, const struct answer_body *b)
{
	size_t bad = 0;

	for (size_t piece = 1; piece < 40; piece++) {
		struct model_reply r = MODEL_REPLY_INIT;
		AUTO_FREE char *text = NULL;
		if (ask(p, b, b->bytes.len, piece, &r) != ST_OK)
			bad++;
		text = text_of(&r);
		bad += strcmp(text, "one two three") != 0;
		model_reply_release(&r);
	}
	ok(bad == 0, "%s: in pieces of 1 to 39 bytes", names[p]);
}

/*
 * Any stream, cut at every byte: what is taken for an answer is the whole one,
 * with its own finish; all else is a failure that says so, and the text that
 * is given is the beginning of the whole.
 */
static void
check_any(const char *protocol, const char *type, const struct buf *body,
    enum model_finish finish, const char *text, const char *title)
{
	size_t bad = 0, whole = 0;

	for (size_t cut = 0; cut <= body->len; cut++) {
		struct fake f = { .body = body->data, .type = type,
		    .cut = cut, .piece = 1 << 20 };
		struct model_reply r = MODEL_REPLY_INIT;
		int status = fake_ask(&f, protocol, &r);
		AUTO_FREE char *part = text_of(&r);
		bool good = status == ST_OK ? r.finish == finish &&
		    strcmp(part, text) == 0 :
		    r.finish == MODEL_UNFINISHED &&
		    strncmp(part, text, strlen(part)) == 0;
		good = good && !has_tools(&r) &&
		    (whole == 0 || status == ST_OK);
		whole += status == ST_OK;
		if (!good && bad++ == 0)
			diag("%s cut at %zu: status %d, '%s'", title, cut,
			    status, part);
		model_reply_release(&r);
	}
	ok(bad == 0, "%s, %s: cut at each of %zu bytes", protocol, title,
	    body->len);
	ok((whole > 0) == (finish != MODEL_UNFINISHED) &&
	    whole < body->len / 2 + 2, "%s only at its end",
	    whole ? "an answer" : "none, not");
}

static void
check_kinds(enum protocol p)
{
	static const struct {
		const char *title, *spec, *text;
		enum model_finish finish;
	} kinds[] = {
		{ "reasoning", "{\"reasoning\":\"hm h\u00e9\",\"text\":"
		    "\"so \u2713\"}", "so \u2713", MODEL_STOP },
		{ "a limit", "{\"text\":\"too much\",\"finish\":"
		    "\"length\"}", "too much", MODEL_LENGTH },
		{ "an error", "{\"text\":\"be\",\"error\":{\"error\":"
		    "{\"message\":\"busy\",\"type\":"
		    "\"overloaded_error\"}}}", "be", MODEL_UNFINISHED },
		{ "no end", "{\"text\":\"and so\",\"end\":false}", "and so",
		    MODEL_UNFINISHED },
		{ "comments", "{\"text\":\"a b\",\"comments\":true,\"crlf\":"
		    "true}", "a b", MODEL_STOP },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		struct answer_body b = { 0 };
		struct err e = ERR_INIT;
		AUTO_JV jv s = JSON_NONE;
		json_parse(kinds[i].spec, strlen(kinds[i].spec), &s, &e);
		answer_render(&s, p, true, NULL, &b);
		check_any(names[p], b.type, &b.bytes, kinds[i].finish,
		    kinds[i].text, kinds[i].title);
		answer_body_release(&b);
	}
}

/* Reasoning between tags, where the text begins with it. */
static void
check_tags(enum protocol p)
{
	static const char spec[] =
	    "{\"text\":\"<think>hm hm</think>\\n\\nso it is\"}";
	struct answer_body b = { 0 };
	struct err e = ERR_INIT;
	AUTO_JV jv s = JSON_NONE;

	json_parse(spec, sizeof(spec) - 1, &s, &e);
	answer_render(&s, p, true, NULL, &b);
	for (size_t cut = 0, bad = 0; cut <= b.bytes.len; cut++) {
		struct model_reply r = MODEL_REPLY_INIT;
		int status = ask(p, &b, cut, 7, &r);
		AUTO_FREE char *part = text_of(&r);
		/* "<think" alone is not known to be a tag when it ends */
		bad += status == ST_OK ? strcmp(part, "so it is") != 0 :
		    strncmp(part, "so it is", strlen(part)) != 0 &&
		    strncmp(part, "<think>", strlen(part)) != 0;
		if (cut == b.bytes.len)
			ok(bad == 0 && status == ST_OK,
			    "%s: reasoning between tags", names[p]);
		model_reply_release(&r);
	}
	answer_body_release(&b);
}

/* The records of a program. */
static void
check_records(void)
{
	static const char text[] =
	    "{\"type\":\"model.delta\",\"data\":{\"reasoning\":\"hm\"}}\n"
	    "{\"type\":\"model.delta\",\"data\":{\"text\":\"one \"}}\n"
	    "{\"type\":\"model.delta\",\"data\":{\"text\":\"two\"}}\n"
	    "{\"type\":\"result\",\"data\":{\"text\":\"one two\"}}\n";
	AUTO_BUF struct buf body = BUF_INIT;

	buf_adds(&body, text);
	check_any("records", "application/x-ndjson", &body, MODEL_STOP,
	    "one two", "records");
}

static void
check_protocol(enum protocol p)
{
	static const char spec[] = "{\"text\":\"one two three\",\"tools\":"
	    "[{\"id\":\"c1\",\"name\":\"f\",\"arguments\":"
	    "\"{\\\"a\\\":[1,2]}\"}]}";
	static const char crlf[] = "{\"text\":\"one two three\",\"crlf\":true,"
	    "\"comments\":true,\"reasoning\":\"h\\u00e9\"}";
	AUTO_JV jv s = JSON_NONE, c = JSON_NONE;
	struct err e = ERR_INIT;
	struct answer_body b = { 0 };

	json_parse(spec, sizeof(spec) - 1, &s, &e);
	json_parse(crlf, sizeof(crlf) - 1, &c, &e);
	for (int stream = 0; stream < 2; stream++) {
		answer_render(&s, p, stream, NULL, &b);
		check_cuts(p, &b, stream);
		answer_body_release(&b);
	}
	answer_render(&c, p, true, NULL, &b);
	check_pieces(p, &b);
	answer_body_release(&b);
}

int
main(void)
{
	for (int p = 0; p < PROTOCOLS; p++) {
		check_protocol((enum protocol)p);
		check_kinds((enum protocol)p);
	}
	check_tags(CHAT);
	check_tags(OLLAMA);
	check_records();
	return done();
}
