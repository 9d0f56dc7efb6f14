/* ask-templates: keeping questions as templates, and listing them. */
#include "config.h"

#include "ask-work.h"

#include "alloc.h"

enum { SHOWN = 60 };

int
ask_save(const struct ask_options *o, struct err *e)
{
	AUTO_BUF struct buf prompt = BUF_INIT;
	struct template t = {
		.name = (char *)(uintptr_t)o->save,
		.rules = (char *)(uintptr_t)o->rules,
		.model = (char *)(uintptr_t)o->model,
		.schema = (char *)(uintptr_t)o->schema,
		.options = o->options,
		.values = o->params,
		.extract = o->extract == ASK_FIRST_BLOCK,
		.extract_last = o->extract == ASK_LAST_BLOCK
	};

	for (size_t i = 0; i < o->noperands; i++)
		buf_addf(&prompt, "%s%s", i ? " " : "", o->operands[i]);
	t.prompt = prompt.data;
	return template_save(&t, e);
}

/* The beginning of a text, on one line. */
static void
add_beginning(const char *s, struct buf *out)
{
	size_t n = 0;

	for (; *s && n < SHOWN; s++, n++)
		buf_addc(out, (unsigned char)*s < ' ' ? ' ' : *s);
	/* a character is not cut in two */
	while (*s && ((unsigned char)*s & 0xc0) == 0x80)
		buf_addc(out, *s++);
	if (*s)
		buf_adds(out, "...");
}

static void
add_line(const jv *t, struct buf *out)
{
	const char *text = json_str(t, "prompt");

	if (!text)
		text = json_str(t, "system");
	if (json_str(t, "error"))
		text = json_str(t, "error");
	buf_addf(out, "%s\t", json_str(t, "name"));
	if (text)
		add_beginning(text, out);
	buf_addc(out, '\n');
}

int
ask_templates(const struct workspace *ws, bool json, struct buf *out)
{
	AUTO_JV jv all = template_list(ws);

	for (size_t i = 0; i < json_count(&all); i++) {
		AUTO_JV jv t = json_at(&all, i);
		if (!json) {
			add_line(&t, out);
			continue;
		}
		json_write(&t, out);
		buf_addc(out, '\n');
	}
	return 0;
}
