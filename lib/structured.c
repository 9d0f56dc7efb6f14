/* structured: answers that must follow a JSON Schema. */
#include "config.h"

#include "structured.h"

#include "alloc.h"
#include "extract.h"
#include "model.h"

/* {"type":"object","properties":{"items":{"type":"array","items":...}}} */
static jv
many_of(jv one)
{
	jv list = json_object(), properties = json_object();
	jv all = json_object(), required = json_array();

	json_set_str(&list, "type", "array");
	json_set(&list, "items", one);
	json_set(&properties, "items", list);
	json_append(&required, json_from_str("items"));
	json_set_str(&all, "type", "object");
	json_set(&all, "properties", properties);
	json_set(&all, "required", required);
	json_set_bool(&all, "additionalProperties", false);
	return all;
}

int
structured_init(struct structured *s, const char *text, bool multi,
    struct err *e)
{
	jv one = JSON_NONE;

	if (schema_from_option(text, &one, e) < 0)
		return -1;
	json_release(&s->schema);
	s->schema = multi ? many_of(one) : one;
	s->multi = multi;
	s->compiled = schema_compile(&s->schema, NULL, e);
	return s->compiled ? 0 : -1;
}

void
structured_release(struct structured *s)
{
	json_release(&s->schema);
	schema_free(s->compiled);
	*s = (struct structured)STRUCTURED_INIT;
}

int
structured_read(const struct structured *s, const char *text, size_t len,
    jv *ret, struct buf *why, struct err *e)
{
	AUTO_BUF struct buf scratch = BUF_INIT;
	const char *json = extract_json(text, &len, &scratch);
	AUTO_JV jv v = JSON_NONE;

	if (json_parse(json, len, &v, e) < 0) {
		buf_addf(why, "%s\n", e->text);
		return err_prefix(e, "the answer does not fit the schema");
	}
	if (schema_check(s->compiled, &v, why, e) < 0)
		return err_prefix(e, "the answer does not fit the schema");
	*ret = json_copy(&v);
	return 0;
}

void
structured_send_back(jv *messages, const jv *answer, const struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT;

	buf_addf(&text, "This does not fit the JSON Schema:\n%sAnswer again, "
	    "with nothing but JSON that fits.", why->data);
	json_append(messages, json_copy(answer));
	model_add_message(messages, "user",
	    json_from_bytes(text.data, text.len));
}

void
structured_write(const struct structured *s, const jv *value,
    struct buf *out)
{
	AUTO_JV jv items = JSON_NONE;

	if (!s->multi) {
		json_write(value, out);
		buf_addc(out, '\n');
		return;
	}
	items = json_get(value, "items");
	for (size_t i = 0; i < json_count(&items); i++) {
		AUTO_JV jv item = json_at(&items, i);
		json_write(&item, out);
		buf_addc(out, '\n');
	}
}
