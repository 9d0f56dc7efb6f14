/* provider: one conversation, as each protocol sends it. */
#include "config.h"

#include "provider.h"

#include "alloc.h"
#include "tap.h"

static const char messages_text[] = "["
    "{\"role\":\"system\",\"content\":\"be good\"},"
    "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"look\"},"
    "{\"type\":\"image_url\",\"image_url\":"
    "{\"url\":\"data:image/png;base64,AAAA\"}}]},"
    "{\"role\":\"assistant\",\"content\":\"well\",\"reasoning\":\"hm\","
    "\"native\":{\"protocol\":\"NATIVE\",\"content\":[{\"own\":1}]},"
    "\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":"
    "{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}]},"
    "{\"role\":\"tool\",\"tool_call_id\":\"c1\",\"content\":\"42\"}]";

static const char tools_text[] = "[{\"type\":\"function\",\"function\":{"
    "\"name\":\"f\",\"description\":\"d\","
    "\"parameters\":{\"type\":\"object\"}}}]";

static const char options_text[] = "{\"max_tokens\":9,\"temperature\":0,"
    "\"tool_choice\":\"required\",\"stop\":\"x\","
    "\"reasoning_effort\":\"low\"}";

static jv
parse(const char *text)
{
	jv v = JSON_NONE;
	struct err e = ERR_INIT;

	if (json_parse(text, strlen(text), &v, &e) < 0)
		diag("%s", e.text);
	return v;
}

/* The body that `protocol` makes of it; native content is of `native`. */
static jv
body_of(const char *protocol, const char *native, const char *quirks)
{
	AUTO_FREE char *text = xstrdup(messages_text);
	char *at = strstr(text, "NATIVE");
	AUTO_BUF struct buf b = BUF_INIT;
	struct model m = MODEL_INIT;
	AUTO_JV jv tools = parse(tools_text);
	AUTO_JV jv options = parse(options_text);
	AUTO_JV jv schema = parse("{\"type\":\"object\"}");
	AUTO_JV jv messages = JSON_NONE;
	jv body = JSON_NONE;
	struct err e = ERR_INIT;

	buf_add(&b, text, (size_t)(at - text));
	buf_addf(&b, "%s%s", native, at + strlen("NATIVE"));
	messages = parse(b.data);
	struct model_request rq = { .messages = &messages, .tools = &tools,
	    .options = &options, .schema = &schema };
	m.id = xstrdup("m1");
	m.quirks = parse(quirks);
	m.provider = provider_find(protocol);
	m.provider->request(&m, &rq, &body, &e);
	model_release(&m);
	return body;
}

static void
check(const jv *body, const char *path, const char *want)
{
	AUTO_JV jv v = json_path(body, path);
	AUTO_FREE char *got = json_text(&v);

	is_str(got, want, path);
}

static void
test_chat(void)
{
	AUTO_JV jv b = body_of("chat", "messages", "{}");
	AUTO_JV jv q = body_of("chat", "messages", "{\"developer\":true,"
	    "\"max_tokens\":\"max_completion_tokens\",\"no_schema\":true,"
	    "\"reasoning_back\":true,\"no_stream_options\":true}");

	diag("chat");
	check(&b, "model", "\"m1\"");
	check(&b, "messages.0", "{\"content\":\"be good\","
	    "\"role\":\"system\"}");
	check(&b, "messages.2", "{\"content\":\"well\",\"role\":\"assistant\","
	    "\"tool_calls\":[{\"function\":{\"arguments\":\"{\\\"a\\\":1}\","
	    "\"name\":\"f\"},\"id\":\"c1\",\"type\":\"function\"}]}");
	check(&b, "max_tokens", "9");
	check(&b, "response_format.json_schema.schema",
	    "{\"type\":\"object\"}");
	check(&b, "stream_options.include_usage", "true");
	check(&q, "messages.0.role", "\"developer\"");
	check(&q, "messages.2.reasoning_content", "\"hm\"");
	check(&q, "max_completion_tokens", "9");
	check(&q, "max_tokens", "");
	check(&q, "response_format", "");
	check(&q, "stream_options", "");
}

static void
test_messages(void)
{
	AUTO_JV jv b = body_of("messages", "chat", "{}");
	AUTO_JV jv n = body_of("messages", "messages", "{}");

	diag("messages");
	check(&b, "system", "\"be good\"");
	check(&b, "messages.0.content.1", "{\"source\":{\"data\":\"AAAA\","
	    "\"media_type\":\"image/png\",\"type\":\"base64\"},"
	    "\"type\":\"image\"}");
	check(&b, "messages.1.content", "[{\"text\":\"well\",\"type\":"
	    "\"text\"},{\"id\":\"c1\",\"input\":{\"a\":1},\"name\":\"f\","
	    "\"type\":\"tool_use\"}]");
	check(&b, "messages.2", "{\"content\":[{\"content\":\"42\","
	    "\"tool_use_id\":\"c1\",\"type\":\"tool_result\"}],"
	    "\"role\":\"user\"}");
	check(&n, "messages.1.content", "[{\"own\":1}]");
	check(&b, "tools.0", "{\"description\":\"d\",\"input_schema\":"
	    "{\"type\":\"object\"},\"name\":\"f\"}");
	check(&b, "tool_choice", "{\"type\":\"any\"}");
	check(&b, "stop_sequences", "[\"x\"]");
	check(&b, "max_tokens", "9");
	check(&b, "output_config.format.type", "\"json_schema\"");
}

static void
test_responses(void)
{
	AUTO_JV jv b = body_of("responses", "chat", "{}");
	AUTO_JV jv n = body_of("responses", "responses",
	    "{\"encrypted_reasoning\":true}");

	diag("responses");
	check(&b, "input.1.content.1", "{\"image_url\":"
	    "\"data:image/png;base64,AAAA\",\"type\":\"input_image\"}");
	check(&b, "input.2", "{\"content\":\"well\",\"role\":\"assistant\"}");
	check(&b, "input.3", "{\"arguments\":\"{\\\"a\\\":1}\",\"call_id\":"
	    "\"c1\",\"name\":\"f\",\"type\":\"function_call\"}");
	check(&b, "input.4", "{\"call_id\":\"c1\",\"output\":\"42\","
	    "\"type\":\"function_call_output\"}");
	check(&n, "input.2", "{\"own\":1}");
	check(&n, "include", "[\"reasoning.encrypted_content\"]");
	check(&b, "store", "false");
	check(&b, "tools.0.name", "\"f\"");
	check(&b, "max_output_tokens", "9");
	check(&b, "reasoning", "{\"effort\":\"low\"}");
	check(&b, "tool_choice", "\"required\"");
	check(&b, "text.format.schema", "{\"type\":\"object\"}");
}

static void
test_ollama(void)
{
	AUTO_JV jv b = body_of("ollama", "chat", "{}");

	diag("ollama");
	check(&b, "messages.1", "{\"content\":\"look\",\"images\":[\"AAAA\"],"
	    "\"role\":\"user\"}");
	check(&b, "messages.2.tool_calls.0.function.arguments",
	    "{\"a\":1}");
	check(&b, "options", "{\"num_predict\":9,\"stop\":\"x\","
	    "\"temperature\":0}");
	check(&b, "think", "\"low\"");
	check(&b, "format", "{\"type\":\"object\"}");
	check(&b, "stream", "true");
}

int
main(void)
{
	test_chat();
	test_messages();
	test_responses();
	test_ollama();
	return done();
}
