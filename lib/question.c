/* question: what is sent to a model, put together. */
#include "config.h"

#include "question.h"

#include "alloc.h"
#include "attach.h"
#include "path.h"

enum { RULES_MAX = 16 << 20 };

static jv
message(const char *role, jv content)
{
	jv m = json_object();

	json_set_str(&m, "role", role);
	json_set(&m, "content", content);
	return m;
}

static jv
text_of(const struct buf *b)
{
	return json_from_bytes(b->data ? b->data : "", b->len);
}

int
question_rules(const struct question *q, jv *ret, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;

	if (q->rules)
		buf_adds(&text, q->rules);
	else if (q->template && q->template->rules && !q->rules_file)
		template_rules(q->template, &text);
	if (q->rules_file && path_read(q->rules_file, RULES_MAX, &text, e) < 0)
		return -1;
	*ret = text.len > 0 ? message("system", text_of(&text)) : JSON_NONE;
	return 0;
}

/* The attachments, then the text: models read pictures better so. */
static int
make_parts(const struct question *q, const struct buf *text, jv *ret,
    struct err *e)
{
	AUTO_JV jv parts = json_array();
	jv part;

	for (size_t i = 0; i < q->nattachments; i++) {
		if (attach_part(q->attachments[i].where,
		    q->attachments[i].type, q->prompt.until, &part, e) < 0)
			return -1;
		json_append(&parts, part);
	}
	part = json_object();
	json_set_str(&part, "type", "text");
	json_set(&part, "text", text_of(text));
	json_append(&parts, part);
	*ret = json_copy(&parts);
	return 0;
}

int
question_words(const struct question *q, const volatile int *stop, jv *ret,
    struct err *e)
{
	bool framed = q->template && q->template->prompt;
	struct prompt prompt = q->prompt;
	AUTO_BUF struct buf words = BUF_INIT, text = BUF_INIT;
	jv parts;

	prompt.optional = prompt.optional || framed;
	if (prompt_read(&prompt, stop, &words, e) < 0)
		return -1;
	if (framed)
		template_prompt(q->template, words.data, words.len, &text);
	else
		buf_add(&text, words.data, words.len);
	if (q->nattachments == 0) {
		*ret = message("user", text_of(&text));
		return 0;
	}
	if (make_parts(q, &text, &parts, e) < 0)
		return -1;
	*ret = message("user", parts);
	return 0;
}

jv
question_messages(const jv *rules, const jv *earlier, const jv *words)
{
	jv all = json_array();

	if (json_is(rules, JSON_OBJECT))
		json_append(&all, json_copy(rules));
	for (size_t i = 0; i < json_count(earlier); i++) {
		AUTO_JV jv m = json_at(earlier, i);
		const char *role = json_str(&m, "role");
		if (json_is(rules, JSON_OBJECT) && role &&
		    strcmp(role, "system") == 0)
			continue;
		json_append(&all, json_copy(&m));
	}
	json_append(&all, json_copy(words));
	return all;
}
