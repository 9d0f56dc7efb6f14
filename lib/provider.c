/* provider: the table of protocols. */
#include "config.h"

#include "provider.h"

#include "alloc.h"

static const struct provider *const providers[] = {
	&provider_chat,
	&provider_messages,
	&provider_ollama,
	&provider_records,
	&provider_responses,
};

enum { PROVIDERS = sizeof(providers) / sizeof(*providers) };

const struct provider *
provider_find(const char *name)
{
	for (size_t i = 0; i < PROVIDERS; i++)
		if (strcmp(providers[i]->name, name) == 0)
			return providers[i];
	return NULL;
}

bool
provider_quirk(const struct model *m, const char *name)
{
	AUTO_JV jv v = json_get(&m->quirks, name);

	return json_is_true(&v);
}

void
provider_content_text(const jv *content, struct buf *out)
{
	if (json_string(content)) {
		buf_add(out, json_string(content), json_string_len(content));
		return;
	}
	for (size_t i = 0; i < json_count(content); i++) {
		AUTO_JV jv part = json_at(content, i);
		AUTO_JV jv text = json_get(&part, "text");
		if (json_string(&text))
			buf_add(out, json_string(&text),
			    json_string_len(&text));
	}
}

jv
provider_content(const jv *content, jv (*part_out)(const jv *part))
{
	jv parts;

	if (!json_is(content, JSON_ARRAY))
		return json_copy(content);
	parts = json_array();
	for (size_t i = 0; i < json_count(content); i++) {
		AUTO_JV jv part = json_at(content, i);
		json_append(&parts, part_out(&part));
	}
	return parts;
}

bool
provider_data_url(const char *url, char **ret_type, const char **ret_data)
{
	const char *end;

	if (strncmp(url, "data:", 5) != 0 ||
	    !(end = strstr(url, ";base64,")))
		return false;
	*ret_type = xstrndup(url + 5, (size_t)(end - url - 5));
	*ret_data = end + strlen(";base64,");
	return true;
}

jv
provider_arguments(const jv *function)
{
	AUTO_JV jv text = json_get(function, "arguments");
	struct err ignored = ERR_INIT;
	jv v = JSON_NONE;

	if (json_is(&text, JSON_OBJECT))
		return json_copy(&text);
	if (json_string(&text) && json_parse(json_string(&text),
	    json_string_len(&text), &v, &ignored) == 0 &&
	    json_is(&v, JSON_OBJECT))
		return v;
	json_release(&v);
	return json_object();
}

jv
provider_native(const jv *message, const char *name)
{
	AUTO_JV jv native = json_get(message, "native");
	const char *is = json_str(&native, "protocol");

	if (!is || strcmp(is, name) != 0)
		return JSON_NONE;
	return json_get(&native, "content");
}

void
provider_pass_options(jv *body, const jv *options, const char *const *known)
{
	JSON_EACH(options, i) {
		const char *key = json_iter_key(options, i);
		size_t n = 0;
		while (known[n] && strcmp(known[n], key) != 0)
			n++;
		if (!known[n])
			json_set(body, key, json_iter_value(options, i));
	}
}
