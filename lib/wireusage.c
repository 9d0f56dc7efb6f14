/* wireusage: the usage in an answer of a model's server, as it came. */
#include "config.h"

#include "wireusage.h"

#include <string.h>

#include "alloc.h"
#include "json.h"
#include "sse.h"

/* By their own names; a later one replaces an earlier one. */
struct tally {
	int64_t input, output, cached, reasoning;
	int64_t beside_read, beside_written;	/* not in `input`: Messages */
	int64_t beside_tools, beside_thoughts;	/* not in theirs: Google */
	double cost;
};

static void
read_usage(struct tally *t, const jv *u)
{
	AUTO_JV jv more_in = json_get(u, "prompt_tokens_details");
	AUTO_JV jv more_out = json_get(u, "completion_tokens_details");
	AUTO_JV jv in = json_get(u, "input_tokens_details");
	AUTO_JV jv out = json_get(u, "output_tokens_details");

	(void)json_int(u, "prompt_tokens", &t->input);
	(void)json_int(u, "completion_tokens", &t->output);
	(void)json_int(u, "input_tokens", &t->input);
	(void)json_int(u, "output_tokens", &t->output);
	(void)json_int(&more_in, "cached_tokens", &t->cached);
	(void)json_int(&in, "cached_tokens", &t->cached);
	(void)json_int(&more_out, "reasoning_tokens", &t->reasoning);
	(void)json_int(&out, "reasoning_tokens", &t->reasoning);
	(void)json_int(u, "cache_read_input_tokens", &t->beside_read);
	(void)json_int(u, "cache_creation_input_tokens", &t->beside_written);
	(void)json_num(u, "cost", &t->cost);
}

static void
read_google(struct tally *t, const jv *u)
{
	(void)json_int(u, "promptTokenCount", &t->input);
	(void)json_int(u, "candidatesTokenCount", &t->output);
	(void)json_int(u, "cachedContentTokenCount", &t->cached);
	(void)json_int(u, "toolUsePromptTokenCount", &t->beside_tools);
	(void)json_int(u, "thoughtsTokenCount", &t->beside_thoughts);
}

static void
read_value(struct tally *t, const jv *v)
{
	static const char *const places[] = {
		"usage", "response.usage", "message.usage"
	};
	static const char *const googles[] = {
		"usageMetadata", "response.usageMetadata"
	};

	/* a stream of Google's without SSE is one array */
	for (size_t i = 0; json_is(v, JSON_ARRAY) && i < json_count(v); i++) {
		AUTO_JV jv part = json_at(v, i);
		read_value(t, &part);
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		AUTO_JV jv u = json_path(v, places[i]);
		if (json_is(&u, JSON_OBJECT))
			read_usage(t, &u);
	}
	for (size_t i = 0; i < sizeof(googles) / sizeof(*googles); i++) {
		AUTO_JV jv u = json_path(v, googles[i]);
		if (json_is(&u, JSON_OBJECT))
			read_google(t, &u);
	}
}

static void
read_text(struct tally *t, const char *text, size_t len)
{
	AUTO_JV jv v = JSON_NONE;
	struct err ignored;

	/* most events are pieces of text */
	if (memmem(text, len, "\"usage", 6) &&
	    json_parse(text, len, &v, &ignored) == 0)
		read_value(t, &v);
}

static int
take_event(void *ctx, const char *type, const char *data, size_t len,
    struct err *e)
{
	(void)type;
	(void)e;
	read_text(ctx, data, len);
	return 0;
}

static int64_t
sum(int64_t base, int64_t a, int64_t b)
{
	return base < 0 ? -1 : base + (a > 0 ? a : 0) + (b > 0 ? b : 0);
}

void
wireusage_read(const char *answer, size_t len, struct model_usage *ret)
{
	struct tally t = { -1, -1, -1, -1, -1, -1, -1, -1, -1 };
	const struct sse_handler h = { take_event, &t };
	size_t start = 0;
	struct sse s = SSE_INIT;
	struct err ignored;

	while (start < len && strchr(" \t\r\n", answer[start]))
		start++;
	if (start < len && (answer[start] == '{' || answer[start] == '[')) {
		read_text(&t, answer, len);
	} else {
		(void)sse_feed(&s, answer, len, &h, &ignored);
		(void)sse_end(&s, &h, &ignored);
	}
	sse_release(&s);
	*ret = (struct model_usage)MODEL_USAGE_INIT;
	ret->input = sum(sum(t.input, t.beside_read, t.beside_written),
	    t.beside_tools, 0);
	ret->output = sum(t.output, t.beside_thoughts, 0);
	ret->cached = t.beside_read >= 0 ? t.beside_read : t.cached;
	ret->cache_write = t.beside_written;
	ret->reasoning = t.beside_thoughts >= 0 ? t.beside_thoughts :
	    t.reasoning;
	ret->cost = t.cost;
}
