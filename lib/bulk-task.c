/* bulk-task: the tasks of a batch. */
#include "config.h"

#include "bulk-task.h"

#include "alloc.h"
#include "batch-task.h"
#include "ndjson.h"
#include "structured.h"

static jv
task_of(const struct bulk *b, const char *text, size_t len, const jv *value)
{
	jv task;

	if (!b->lines)
		return json_copy(value);
	task = json_object();
	json_set(&task, "prompt", json_from_bytes(text, len));
	return task;
}

int
bulk_task_get(const struct bulk_tasks *t, const struct bulk_task *one,
    jv *ret, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_JV jv value = JSON_NONE;

	if (spool_read(&t->lines, one->at, one->len, &text, e) < 0 ||
	    (!t->b->lines && json_parse(text.data, text.len, &value, e) < 0))
		return -1;
	*ret = task_of(t->b, text.data, text.len, &value);
	return 0;
}

int
bulk_task_body(const struct bulk_tasks *t, const jv *task, const jv *answer,
    const struct buf *why, struct buf *out, struct err *e)
{
	const struct bulk *b = t->b;
	AUTO_JV jv messages = batch_task_messages(task, b->rules,
	    b->template);
	AUTO_JV jv options = batch_task_options(task, b->options);
	AUTO_FREE char *model = batch_task_model(task);
	struct model_request rq = { .messages = &messages,
	    .options = json_is(&options, JSON_OBJECT) ? &options : NULL,
	    .schema = b->structured ? &b->structured->schema : NULL };

	if (!json_is(&messages, JSON_ARRAY))
		return err_set(e, ST_DATA,
		    "a task has neither prompt nor messages");
	if (model && strcmp(model, b->model->name) != 0 &&
	    strcmp(model, b->model->id) != 0)
		return err_set(e, ST_DATA, "a batch has one model, '%s'; the "
		    "task names '%s'", b->model->name, model);
	if (answer)
		structured_send_back(&messages, answer, why);
	return model_body(b->model, &rq, out, e);
}

static void
add_digest(struct sha256 *s, const jv *task, const struct buf *body)
{
	struct batch_task is = BATCH_TASK_INIT;

	batch_task_read(task, &is);
	sha256_add(s, is.id ? is.id : "", is.id ? strlen(is.id) + 1 : 1);
	if (body->len > 0)
		sha256_add(s, body->data, body->len);
	sha256_add(s, "", 1);
	batch_task_release(&is);
}

static int
add_task(struct bulk_tasks *t, const struct ndjson_line *line,
    struct sha256 *digest, struct err *e)
{
	AUTO_JV jv task = task_of(t->b, line->text, line->len, &line->value);
	AUTO_BUF struct buf body = BUF_INIT;
	struct bulk_task *one;
	struct err bad = ERR_INIT;

	GROW(t->v, t->n, t->cap);
	one = &t->v[t->n++];
	*one = (struct bulk_task){ .at = t->lines.len, .len = line->len,
	    .left = t->b->retries, .misfits_left = t->b->schema_retries,
	    .again = true };
	if (spool_add(&t->lines, line->text, line->len, e) < 0)
		return -1;
	if (bulk_task_body(t, &task, NULL, NULL, &body, &bad) < 0) {
		one->bad = xasprintf("line %lu: %s", line->number, bad.text);
		one->bad_status = bad.status;
		one->again = false;
		t->bad_lines = true;
		buf_reset(&body);
	} else if (++t->asked > BULK_TASKS_MAX ||
	    (t->bytes += (int64_t)body.len) > BULK_BYTES_MAX) {
		return err_set(e, ST_DATA, "more than %d tasks, or %d MiB of "
		    "them: cut them into several batches", BULK_TASKS_MAX,
		    BULK_BYTES_MAX >> 20);
	}
	add_digest(digest, &task, &body);
	return 0;
}

static int
read_lines(struct bulk_tasks *t, const volatile int *stop,
    struct sha256 *digest, struct err *e)
{
	struct ndjson_reader in;
	struct ndjson_line line = NDJSON_LINE_INIT;
	struct err why = ERR_INIT;
	enum ndjson_result got;
	int result = 0;

	ndjson_init(&in, t->b->in, NDJSON_LINE_MAX);
	in.raw = t->b->lines;
	while (result == 0 && (got = ndjson_next_until(&in, t->b->until,
	    stop, &line, &why)) != NDJSON_EOF) {
		if (got == NDJSON_FAIL || got == NDJSON_AGAIN) {
			result = -1;
			*e = why;
			if (got == NDJSON_AGAIN)
				err_set(e, ST_TIMEOUT,
				    "no end of standard input in time");
		} else if (got == NDJSON_BAD) {
			err_warn("%s, skipping it", why.text);
			t->bad_lines = true;
		} else if (line.len > 0) {
			result = add_task(t, &line, digest, e);
		}
	}
	ndjson_line_release(&line);
	ndjson_release(&in);
	return result;
}

int
bulk_tasks_read(struct bulk_tasks *t, const volatile int *stop,
    struct err *e)
{
	const struct model *m = t->b->model;
	struct sha256 s;

	if (spool_open(&t->lines, t->b->state, e) < 0)
		return -1;
	sha256_init(&s);
	sha256_add(&s, m->base, strlen(m->base) + 1);
	sha256_add(&s, m->name, strlen(m->name) + 1);
	if (read_lines(t, stop, &s, e) < 0)
		return -1;
	sha256_end_hex(&s, t->digest);
	return 0;
}

void
bulk_tasks_release(struct bulk_tasks *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i].bad);
	free(t->v);
	spool_close(&t->lines);
	*t = (struct bulk_tasks)BULK_TASKS_INIT;
}
