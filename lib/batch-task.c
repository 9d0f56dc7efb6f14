/* batch-task: a line of a stream of tasks, and the record that answers it. */
#include "config.h"

#include "batch-task.h"

#include "alloc.h"
#include "model.h"
#include "record.h"
#include "template.h"

static const char *
word(const jv *task, const char *key)
{
	AUTO_JV jv data = json_get(task, "data");
	const char *s = json_str(&data, key);

	return s ? s : json_str(task, key);
}

static jv
member(const jv *task, const char *key)
{
	AUTO_JV jv data = json_get(task, "data");

	return json_has(&data, key) ? json_get(&data, key) :
	    json_get(task, key);
}

static bool
is_record(const jv *v)
{
	AUTO_JV jv data = json_get(v, "data");

	return json_str(v, "specversion") && json_is(&data, JSON_OBJECT);
}

/* An id may be a number, too; without one, a record's own. */
static char *
id_of(const jv *task)
{
	AUTO_JV jv id = member(task, "id");

	if (is_record(task) && json_str(task, "task"))
		return xstrdup(json_str(task, "task"));
	if (json_string(&id))
		return xstrdup(json_string(&id));
	return json_is(&id, JSON_NUMBER) ? json_text(&id) : NULL;
}

/* What came with a task and is not the question: goes out again. */
static jv
rest_of(const jv *task)
{
	static const char *const asked[] = {
		"prompt", "messages", "system", "options"
	};
	jv rest = is_record(task) ? json_get(task, "data") : json_copy(task);

	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++)
		json_unset(&rest, asked[i]);
	return rest;
}

/* The attributes of a record that are not its own. */
static jv
attributes_of(const jv *task)
{
	static const char *const own[] = { "specversion", "id", "source",
		"type", "time", "data", "datacontenttype", "dataschema",
		"subject" };
	jv rest;

	if (!is_record(task))
		return json_object();
	rest = json_copy(task);
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		json_unset(&rest, own[i]);
	json_set_str(&rest, "corr", json_str(task, "id"));
	return rest;
}

void
batch_task_read(const jv *task, struct batch_task *ret)
{
	*ret = (struct batch_task){ .id = id_of(task), .came = rest_of(task),
	    .attributes = attributes_of(task) };
}

void
batch_task_release(struct batch_task *t)
{
	free(t->id);
	json_release(&t->came);
	json_release(&t->attributes);
	*t = (struct batch_task)BATCH_TASK_INIT;
}

static jv
framed(const struct template *t, const jv *prompt)
{
	AUTO_BUF struct buf text = BUF_INIT;

	if (!t || !t->prompt)
		return json_copy(prompt);
	template_prompt(t, json_string(prompt), json_string_len(prompt),
	    &text);
	return json_from_bytes(text.data, text.len);
}

jv
batch_task_messages(const jv *task, const char *rules,
    const struct template *template)
{
	jv given = member(task, "messages"), messages;
	AUTO_JV jv prompt = member(task, "prompt");
	const char *own = word(task, "system");

	if (json_is(&given, JSON_ARRAY))
		return given;
	json_release(&given);
	if (!json_string(&prompt))
		return JSON_NONE;
	messages = json_array();
	if (own || rules)
		model_add_message(&messages, "system",
		    json_from_str(own ? own : rules));
	model_add_message(&messages, "user", framed(template, &prompt));
	return messages;
}

jv
batch_task_options(const jv *task, const jv *options)
{
	AUTO_JV jv mine = member(task, "options");

	return options ? json_merge(options, &mine) : json_copy(&mine);
}

char *
batch_task_model(const jv *task)
{
	AUTO_JV jv route = member(task, "route");
	const char *spec = json_str(&route, "model");

	if (!spec)
		spec = word(task, "model");
	return spec ? xstrdup(spec) : NULL;
}

jv
batch_task_fallback(const jv *task)
{
	AUTO_JV jv route = member(task, "route");

	return json_str(&route, "model") ? json_get(&route, "fallback") :
	    JSON_NONE;
}

void
batch_task_record(const struct batch_task *t, const char *type, jv data,
    struct buf *out)
{
	const struct record_origin origin = {
		.source = "/command/agent-ask",
		.task = t->id,
		.traceparent = json_has(&t->attributes, "traceparent") ?
		    NULL : record_traceparent()
	};
	AUTO_JV jv bare = JSON_NONE;
	AUTO_JV jv record = JSON_NONE;

	if (json_count(&t->came) > 0)
		json_set(&data, "task", json_copy(&t->came));
	if (t->key[0])
		json_set_str(&data, "key", t->key);
	bare = record_new(&origin, type, data);
	record = json_merge(&t->attributes, &bare);
	record_write(&record, out);
	buf_addc(out, '\n');
}
