/* plan-data: what tasks hand to each other. */
#include "config.h"

#include "alloc.h"
#include "path.h"
#include "plan-impl.h"
#include "record.h"
#include "schema.h"

enum { PRINTED_MAX = 64 << 20 };

static int
read_output(const struct plan *p, const char *id, const struct step_result *r,
    jv *ret, struct err *e)
{
	AUTO_FREE char *name = xasprintf("%lld/output.json",
	    (long long)r->attempt);
	AUTO_FREE char *path = step_path(p->steps, id, name);
	AUTO_BUF struct buf text = BUF_INIT;

	if (!path_exists(path)) {
		*ret = r->outcome == STEP_OK ? json_from_str("") : json_null();
		return 0;
	}
	if (path_read(path, PRINTED_MAX, &text, e) < 0 ||
	    json_parse(text.data, text.len, ret, e) < 0)
		return err_prefix(e, "'%s'", path);
	return 0;
}

int
plan_context(const struct plan *p, const struct plan_step *s, jv *ret,
    struct err *e)
{
	AUTO_JV jv tasks = json_object();

	for (size_t i = 0; i < s->needs.n; i++) {
		AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
		AUTO_JV jv v = json_object();
		jv output;

		if (step_last(p->steps, s->needs.v[i], &r, e) < 0 ||
		    read_output(p, s->needs.v[i], &r, &output, e) < 0)
			return -1;
		json_set_str(&v, "result", step_outcome_name(r.outcome));
		json_set_int(&v, "status", r.status);
		json_set(&v, "message", json_from_str(r.message));
		json_set(&v, "output", output);
		json_set(&tasks, s->needs.v[i], json_copy(&v));
	}
	*ret = json_object();
	json_set(ret, "tasks", json_copy(&tasks));
	return 0;
}

jv
plan_agent_result(const char *text, size_t len)
{
	const char *end = text + len;
	const char *line;

	/* the last line is the result, always */
	while (end > text && end[-1] == '\n')
		end--;
	for (line = end; line > text && line[-1] != '\n'; line--)
		;
	jv record;
	struct err ignored;
	if (json_parse(line, (size_t)(end - line), &record, &ignored) < 0)
		return JSON_NONE;
	AUTO_JV jv owned = record;
	const char *type = json_str(&owned, "type");
	return type && strcmp(type, RECORD_RESULT) == 0 ?
	    json_get(&owned, "data") : JSON_NONE;
}

/* What it printed, or the last words of an agent. */
static int
text_of(const struct plan_step *s, struct buf *text, struct err *e)
{
	AUTO_JV jv result = JSON_NONE;
	const char *words;

	if (strcmp(json_str(&s->task, "kind"), "agent") != 0)
		return 0;
	result = plan_agent_result(text->data, text->len);
	words = json_str(&result, "text");
	if (!words)
		return err_set(e, ST_PROTOCOL, "the agent ended without a "
		    "result");
	buf_reset(text);
	buf_adds(text, words);
	return 0;
}

static int
parse_output(const struct plan_step *s, const struct buf *text, jv *ret,
    struct err *e)
{
	AUTO_JV jv form = json_get(&s->task, "output");
	const char *word = json_string(&form);
	size_t len = text->len;

	if (json_is(&form, JSON_NOTHING) || (word && strcmp(word,
	    "text") == 0)) {
		while (len > 0 && text->data[len - 1] == '\n')
			len--;
		/* what is long is in the file, not in every context */
		*ret = len > PLAN_OUTPUT_MAX ? json_null() :
		    json_from_bytes(text->data, len);
		return 0;
	}
	if (json_parse(text->data, text->len, ret, e) < 0)
		return err_prefix(e, "its output is no JSON");
	if (!word && schema_check_once(&form, ret, NULL, e) < 0) {
		json_release(ret);
		return err_prefix(e, "its output");
	}
	return 0;
}

int
plan_check_output(void *step, const char *file, struct err *e)
{
	const struct plan_step *s = step;
	AUTO_FREE char *dir = path_dirname(file);
	AUTO_FREE char *path = path_join(dir, "output.json");
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_FREE char *json = NULL;
	jv value;

	if (path_read(file, PRINTED_MAX, &text, e) < 0)
		return -1;
	if (text.len == 0 && !json_has(&s->task, "output"))
		return 0;
	buf_add(&text, "", 0);
	if (text_of(s, &text, e) < 0 || parse_output(s, &text, &value, e) < 0)
		return -1;
	AUTO_JV jv owned = value;
	json = json_text(&owned);
	return path_write_atomic(path, json, strlen(json), 0600, e);
}
