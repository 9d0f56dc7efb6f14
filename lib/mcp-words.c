/* mcp-words: the result of a call to an MCP server, as text. */
#include "config.h"

#include "mcp.h"

#include "alloc.h"

static void
begin_line(struct buf *out)
{
	if (out->len > 0 && out->data[out->len - 1] != '\n')
		buf_addc(out, '\n');
}

/* Bytes that a base64 text stands for. */
static size_t
decoded(const jv *text)
{
	const char *s = json_string(text);
	size_t len = s ? json_string_len(text) : 0;

	while (len > 0 && s[len - 1] == '=')
		len--;
	return len / 4 * 3 + len % 4 * 3 / 4;
}

/* "[image: image/png, 1234 bytes, not shown]" */
static void
add_blob(const jv *block, const char *what, const char *member,
    struct buf *out)
{
	AUTO_JV jv data = json_get(block, member);
	const char *type = json_str(block, "mimeType");

	buf_addf(out, "[%.40s: %.100s, %zu bytes, not shown]\n", what,
	    type ? type : "of no type", decoded(&data));
}

static void
add_link(const jv *block, struct buf *out)
{
	const char *uri = json_str(block, "uri");
	const char *name = json_str(block, "name");
	const char *type = json_str(block, "mimeType");
	const char *words = json_str(block, "description");

	buf_addf(out, "[resource %s: %s", name ? name : "", uri ? uri : "?");
	if (type)
		buf_addf(out, " (%s)", type);
	if (words)
		buf_addf(out, ": %s", words);
	buf_adds(out, "]\n");
}

static void
add_bytes(const jv *text, struct buf *out)
{
	if (json_string(text))
		buf_add(out, json_string(text), json_string_len(text));
}

static void
add_resource(const jv *block, struct buf *out)
{
	AUTO_JV jv resource = json_get(block, "resource");
	AUTO_JV jv text = json_get(&resource, "text");
	const char *uri = json_str(&resource, "uri");

	buf_addf(out, "[resource %s]\n", uri ? uri : "?");
	if (json_string(&text))
		add_bytes(&text, out);
	else
		add_blob(&resource, "content", "blob", out);
}

/* Whether a text is this value, written down, or all that is in it. */
static bool
says(const jv *text, const jv *value)
{
	AUTO_JV jv read = JSON_NONE;
	struct err ignored;

	JSON_EACH(value, i) {
		AUTO_JV jv only = json_iter_value(value, i);
		if (json_count(value) == 1 && json_equal(&only, text))
			return true;
	}
	return !json_is(value, JSON_NOTHING) &&
	    json_parse(json_string(text), json_string_len(text),
	    &read, &ignored) == 0 && json_equal(&read, value);
}

void
mcp_words(const jv *result, struct buf *out)
{
	AUTO_JV jv content = json_get(result, "content");
	AUTO_JV jv value = json_get(result, "structuredContent");
	bool said = false;

	buf_adds(out, "");
	for (size_t i = 0; i < json_count(&content); i++) {
		AUTO_JV jv block = json_at(&content, i);
		AUTO_JV jv text = json_get(&block, "text");
		const char *type = json_str(&block, "type");

		begin_line(out);
		if (!type)
			continue;
		if (strcmp(type, "text") == 0 && json_string(&text)) {
			add_bytes(&text, out);
			said = said || says(&text, &value);
		} else if (strcmp(type, "resource_link") == 0) {
			add_link(&block, out);
		} else if (strcmp(type, "resource") == 0) {
			add_resource(&block, out);
		} else {
			add_blob(&block, type, "data", out);
		}
	}
	if (!said && !json_is(&value, JSON_NOTHING) &&
	    !json_is(&value, JSON_NULL)) {
		begin_line(out);
		json_write(&value, out);
	}
}
