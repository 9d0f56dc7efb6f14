/* wireusage: the usage in answers of each protocol, streamed, whole, cut. */
#include "config.h"

#include <string.h>

#include "alloc.h"
#include "tap.h"
#include "wireusage.h"

static const struct {
	const char *what, *text;
	struct model_usage want;
} cases[] = {
	{ "chat, whole", "{\"choices\":[],\"usage\":{\"prompt_tokens\":7,"
	    "\"completion_tokens\":5,\"cost\":0.5,\"prompt_tokens_details\":"
	    "{\"cached_tokens\":2}}}", { 7, 5, 2, -1, -1, 0.5, false } },
	{ "chat, streamed", "data: {\"usage\":null}\n\ndata: {\"usage\":"
	    "{\"prompt_tokens\":7,\"completion_tokens\":5}}\n\n"
	    "data: [DONE]\n\n", { 7, 5, -1, -1, -1, -1, false } },
	{ "responses, streamed", "event: response.created\r\ndata: "
	    "{\"response\":{\"usage\":null}}\r\n\r\nevent: response.completed"
	    "\r\ndata: {\"response\":{\"usage\":{\"input_tokens\":9,"
	    "\"output_tokens\":8,\"output_tokens_details\":"
	    "{\"reasoning_tokens\":3}}}}\r\n\r\n",
	    { 9, 8, -1, -1, 3, -1, false } },
	{ "messages, streamed", "data: {\"message\":{\"usage\":"
	    "{\"input_tokens\":3,\"output_tokens\":1,"
	    "\"cache_read_input_tokens\":100,"
	    "\"cache_creation_input_tokens\":20}}}\n\n"
	    "data: {\"delta\":{},\"usage\":{\"output_tokens\":6}}\n\n",
	    { 123, 6, 100, 20, -1, -1, false } },
	{ "messages, cut", "data: {\"message\":{\"usage\":{\"input_tokens\":3,"
	    "\"output_tokens\":1}}}\n\ndata: {\"delta\":{},\"usage\":{\"outp",
	    { 3, 1, -1, -1, -1, -1, false } },
	{ "google, streamed", "data: {\"usageMetadata\":"
	    "{\"promptTokenCount\":4}}\n\ndata: {\"usageMetadata\":"
	    "{\"promptTokenCount\":4,\"candidatesTokenCount\":2,"
	    "\"thoughtsTokenCount\":10,\"toolUsePromptTokenCount\":1}}\n\n",
	    { 5, 12, -1, -1, 10, -1, false } },
	{ "google, an array", " [{\"usageMetadata\":{\"promptTokenCount\":4}},"
	    "{\"usageMetadata\":{\"candidatesTokenCount\":2}}]",
	    { 4, 2, -1, -1, -1, -1, false } },
	{ "an error", "{\"error\":{\"message\":\"usage\"}}",
	    { -1, -1, -1, -1, -1, -1, false } },
	{ "no JSON", "<html>\"usage\":1</html>",
	    { -1, -1, -1, -1, -1, -1, false } },
	{ "numbers that are none", "{\"usage\":{\"prompt_tokens\":\"x\","
	    "\"completion_tokens\":[1]}}", { -1, -1, -1, -1, -1, -1, false } },
	{ "nothing", "", { -1, -1, -1, -1, -1, -1, false } },
};

static bool
same(const struct model_usage *a, const struct model_usage *b)
{
	return a->input == b->input && a->output == b->output &&
	    a->cached == b->cached && a->cache_write == b->cache_write &&
	    a->reasoning == b->reasoning && a->cost >= b->cost &&
	    a->cost <= b->cost;
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct model_usage u;

		wireusage_read(cases[i].text, strlen(cases[i].text), &u);
		ok(same(&u, &cases[i].want), "%s", cases[i].what);
	}
	return done();
}
