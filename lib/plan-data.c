/* plan-data: what tasks hand to each other. */
#include "config.h"

#include "alloc.h"
#include "filter.h"
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
plan_value(const struct plan *p, const char *id, jv *ret, struct err *e)
{
	AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
	int there = step_last(p->steps, id, &r, e);
	jv output;

	if (there == 0)
		err_set(e, ST_TEMPFAIL, "'%s' has no result yet", id);
	if (there <= 0 || read_output(p, id, &r, &output, e) < 0)
		return -1;
	*ret = json_object();
	json_set_str(ret, "result", step_outcome_name(r.outcome));
	json_set_int(ret, "status", r.status);
	json_set(ret, "message", json_from_str(r.message));
	json_set(ret, "output", output);
	return 0;
}

/* What was kept for the task when it was planned. */
static int
read_data(const struct plan *p, const jv *task, jv *ret, struct err *e)
{
	const char *digest = json_str(task, "data");
	AUTO_FREE char *path = digest ? plan_kept(p, digest) : NULL;
	AUTO_BUF struct buf text = BUF_INIT;

	if (!digest) {
		*ret = json_object();
		return 0;
	}
	if (path_read(path, PRINTED_MAX, &text, e) < 0 ||
	    json_parse(text.data, text.len, ret, e) < 0)
		return err_prefix(e, "'%s'", path);
	return 0;
}

/* What comes after "KEY." in an id, "" for KEY itself; NULL: another id. */
static const char *
within(const char *id, const char *key)
{
	size_t len = key ? strlen(key) : 0;

	if (!key || strncmp(id, key, len) != 0 ||
	    (id[len] != '.' && id[len] != '\0'))
		return NULL;
	return id[len] ? id + len + 1 : "";
}

const char *
plan_need_name(const jv *task, const char *id)
{
	const char *own = within(id, json_str(task, "key"));

	return own ? own : id;
}

/* One of the tasks that it needs: of the round before, or of its own. */
static int
add_need(const struct plan *p, const struct plan_step *s, const char *id,
    jv *tasks, jv *last, struct err *e)
{
	const char *before = within(id, json_str(&s->task, "before"));
	jv v;

	if (plan_value(p, id, &v, e) < 0)
		return -1;
	if (!before) {
		json_set(tasks, plan_need_name(&s->task, id), v);
	} else if (!*before) {
		json_release(last);
		*last = v;
	} else {
		jv inner = json_get(last, "tasks");

		if (!json_is(&inner, JSON_OBJECT))
			inner = json_object();
		json_set(&inner, before, v);
		json_set(last, "tasks", inner);
	}
	return 0;
}

int
plan_context(const struct plan *p, const struct plan_step *s, jv *ret,
    struct err *e)
{
	static const char *const own[] = { "item", "key", "n", NULL };
	AUTO_JV jv last = json_object();
	AUTO_JV jv context = JSON_NONE;
	jv data, tasks;

	if (read_data(p, &s->task, &data, e) < 0)
		return -1;
	context = data;
	tasks = json_get(&context, "tasks");
	if (!json_is(&tasks, JSON_OBJECT))
		tasks = json_object();
	for (size_t i = 0; i < s->needs.n; i++)
		if (add_need(p, s, s->needs.v[i], &tasks, &last, e) < 0) {
			json_release(&tasks);
			return -1;
		}
	json_set(&context, "tasks", tasks);
	for (size_t i = 0; own[i]; i++)
		json_set(&context, own[i], json_get(&s->task, own[i]));
	if (json_count(&last) > 0)
		json_set(&context, "last", json_copy(&last));
	*ret = json_copy(&context);
	return 0;
}

/* A loop in a loop: the round of the outer one. */
static jv
outer_of(const jv *context)
{
	static const char *const members[] = { "item", "key", "n", "outer",
	    NULL };
	jv outer = json_object();

	for (size_t i = 0; members[i]; i++)
		json_set(&outer, members[i], json_get(context, members[i]));
	return outer;
}

int
plan_give(const struct plan *p, jv *task, const jv *context, struct err *e)
{
	AUTO_JV jv list = json_get(task, "reads");
	AUTO_JV jv tasks = json_get(context, "tasks");
	AUTO_JV jv data = json_object();
	AUTO_JV jv wanted = json_object();
	char digest[PLAN_DEF_LEN + 1];

	JSON_EACH(&tasks, i)
		if (json_has_string(&list, json_iter_key(&tasks, i)) ||
		    json_has_string(&list, "*"))
			json_set(&wanted, json_iter_key(&tasks, i),
			    json_iter_value(&tasks, i));
	if (json_count(&wanted) > 0)
		json_set(&data, "tasks", json_copy(&wanted));
	if (json_has_string(&list, ".inputs"))
		json_set(&data, "inputs", json_get(context, "inputs"));
	if (json_has_string(&list, ".outer"))
		json_set(&data, "outer", outer_of(context));
	if (json_count(&data) == 0)
		return 0;
	if (plan_keep(p, &data, digest, e) < 0)
		return -1;
	json_set_str(task, "data", digest);
	return 0;
}

int
plan_evaluate(const char *program, const jv *context, jv *ret, struct err *e)
{
	struct filter *f = filter_new(program, NULL, e);
	int r = f ? filter_first(f, context, NULL, ret, e) : -1;

	filter_free(f);
	if (r == 0)
		*ret = json_null();
	return r < 0 ? err_prefix(e, "'%.60s'", program) : 0;
}

int
plan_input(const jv *task, const jv *context, jv *ret, struct err *e)
{
	AUTO_JV jv with = json_get(task, "with");
	AUTO_JV jv input = json_object();

	*ret = JSON_NONE;
	if (!json_is(&with, JSON_OBJECT))
		return 0;
	JSON_EACH(&with, i) {
		AUTO_JV jv program = json_iter_value(&with, i);
		jv value;

		if (plan_evaluate(json_string(&program), context, &value,
		    e) < 0)
			return -1;
		json_set(&input, json_iter_key(&with, i), value);
	}
	*ret = json_copy(&input);
	return 0;
}

/* The last `result` in what agent-spawn printed; JSON_NONE. */
static jv
agent_result(const char *text, size_t len)
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
	result = agent_result(text->data, text->len);
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
	AUTO_JV jv form = plan_has_sub(&s->task) ? json_from_str("json") :
	    json_get(&s->task, "output");
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
plan_check_output(void *step, const char *file, bool ok, struct err *e)
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
	if (text_of(s, &text, e) < 0)
		return -1;
	if (parse_output(s, &text, &value, e) < 0) {
		if (ok)
			return -1;
		/* why it failed, in whatever words */
		value = json_from_bytes(text.data, text.len);
	}
	AUTO_JV jv owned = value;
	json = json_text(&owned);
	return path_write_atomic(path, json, strlen(json), 0600, e);
}
