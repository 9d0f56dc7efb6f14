/*
 * fuzz: answers in the four protocols, and a program's: the first byte says
 * which, and whether they come as a stream, the second in how large pieces.
 * What is taken for an answer must have an end; tools are called only from one
 * that wants it.
 */
#include "config.h"

#include <stdint.h>

#include "../fake.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const protocols[] = {
		"chat", "responses", "messages", "ollama", "records"
	};
	size_t which;
	struct model_reply r = MODEL_REPLY_INIT;
	struct fake f = { .type = "application/json" };
	bool tools;

	if (size < 2)
		return 0;
	which = data[0] & 8 ? 4 : data[0] & 3;
	if (data[0] & 4)
		f.type = which >= 3 ? "application/x-ndjson" :
		    "text/event-stream";
	f.body = (const char *)data + 2;
	f.cut = size - 2;
	f.piece = (size_t)data[1] + 1;
	if (fake_ask(&f, protocols[which], &r) == ST_OK &&
	    r.finish == MODEL_UNFINISHED)
		__builtin_trap();
	tools = json_has(&r.message, "tool_calls");
	if (tools && r.finish != MODEL_TOOLS)
		__builtin_trap();
	model_reply_release(&r);
	return 0;
}
