/* bulk: a stream of tasks by a vendor's batch endpoint. */
#include "config.h"

#include "bulk.h"

#include "alloc.h"
#include "ask.h"
#include "batch-task.h"
#include "bulk-account.h"
#include "bulk-vendor.h"
#include "fd.h"
#include "http.h"
#include "key.h"
#include "ndjson.h"
#include "num.h"
#include "record.h"
#include "structured.h"

static const int64_t first_look = CLOCK_SEC, longest_look = 60 * CLOCK_SEC;

struct task {
	struct batch_task is;
	size_t at, len;		/* its request; then its result */
	struct err *bad;	/* it cannot be asked; or NULL */
};

struct run {
	const struct bulk *b;
	const struct bulk_vendor *vendor;
	struct bulk_server server;
	struct bulk_state state;
	struct task *tasks;
	size_t n, cap, asked;
	struct buf bodies, lines, results;
	char digest[SHA256_HEX_LEN + 1];
	struct bulk_account account;
	struct model_usage usage;
	int status;
};

/* Reading. */

static int
add_body(struct run *r, const jv *task, struct err *e)
{
	const struct bulk *b = r->b;
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
	return model_body(b->model, &rq, &r->bodies, e);
}

static int
add_task(struct run *r, const struct ndjson_line *line, struct err *e)
{
	AUTO_JV jv task = r->b->lines ? json_object() :
	    json_copy(&line->value);
	struct task *t;
	struct err bad = ERR_INIT;

	if (r->b->lines)
		json_set(&task, "prompt",
		    json_from_bytes(line->text, line->len));
	GROW(r->tasks, r->n, r->cap);
	t = &r->tasks[r->n++];
	*t = (struct task){ .at = r->bodies.len };
	batch_task_read(&task, &t->is);
	if (add_body(r, &task, &bad) < 0) {
		err_prefix(&bad, "line %lu", line->number);
		t->bad = xmalloc(sizeof(*t->bad));
		*t->bad = bad;
		r->status = ST_DATA;
	} else if (++r->asked > BULK_TASKS_MAX ||
	    r->bodies.len > BULK_BYTES_MAX) {
		return err_set(e, ST_DATA, "more than %d tasks, or %d MiB of "
		    "them: cut them into several batches", BULK_TASKS_MAX,
		    BULK_BYTES_MAX >> 20);
	}
	t->len = r->bodies.len - t->at;
	return 0;
}

static int
read_tasks(struct run *r, struct err *e)
{
	struct ndjson_reader in;
	struct ndjson_line line = NDJSON_LINE_INIT;
	struct err why = ERR_INIT;
	enum ndjson_result got;
	int result = 0;

	ndjson_init(&in, r->b->in, NDJSON_LINE_MAX);
	in.raw = r->b->lines;
	while (result == 0 && (got = ndjson_next_until(&in, r->b->until,
	    r->server.stop, &line, &why)) != NDJSON_EOF) {
		if (got == NDJSON_FAIL || got == NDJSON_AGAIN) {
			result = -1;
			*e = why;
			if (got == NDJSON_AGAIN)
				err_set(e, ST_TIMEOUT,
				    "no end of standard input in time");
		} else if (got == NDJSON_BAD) {
			err_warn("%s, skipping it", why.text);
			r->status = ST_DATA;
		} else if (line.len > 0) {
			result = add_task(r, &line, e);
		}
	}
	ndjson_line_release(&line);
	ndjson_release(&in);
	return result;
}

/* What makes two streams of tasks the same batch. */
static void
make_digest(struct run *r)
{
	const struct model *m = r->b->model;
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, m->base, strlen(m->base) + 1);
	sha256_add(&s, m->name, strlen(m->name) + 1);
	for (size_t i = 0; i < r->n; i++) {
		const struct task *t = &r->tasks[i];
		const char *id = t->is.id ? t->is.id : "";
		sha256_add(&s, id, strlen(id) + 1);
		if (t->len > 0)
			sha256_add(&s, r->bodies.data + t->at, t->len);
		sha256_add(&s, "", 1);
	}
	sha256_end_hex(&s, r->digest);
}

static void
make_lines(struct run *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct task *t = &r->tasks[i];
		AUTO_BUF struct buf body = BUF_INIT;
		AUTO_FREE char *id = xasprintf("%s-%zu", r->state.mark, i);
		if (t->bad)
			continue;
		buf_add(&body, r->bodies.data + t->at, t->len);
		r->vendor->add(r->b->model, id, &body, &r->lines);
		t->at = t->len = 0;
	}
	buf_release(&r->bodies);
}

/* Handing in. */

/* The batch of an earlier process that was killed before it heard of it. */
static int
find_batch(struct run *r, struct err *e)
{
	AUTO_FREE char *id = NULL;
	int found;

	if (!r->state.begun)
		return 0;
	found = r->vendor->find(&r->server, &r->state, r->asked, &id, e);
	return found <= 0 ? found : bulk_state_batch(&r->state, id, e);
}

static int
hand_in(struct run *r, struct err *e)
{
	AUTO_FREE char *id = NULL;

	if (!r->state.batch && find_batch(r, e) < 0)
		return -1;
	if (r->state.batch) {
		bulk_account_resume(&r->account, e);
		return 0;
	}
	if (bulk_account_lease(&r->account, r->lines.len, r->asked, e) < 0) {
		if (!r->state.begun)	/* it is not meant any more */
			(void)unlink(r->state.path);
		return -1;
	}
	if (r->vendor->prepare && r->vendor->prepare(&r->server, &r->state,
	    &r->lines, e) < 0)
		return -1;
	id = r->vendor->submit(&r->server, &r->state, &r->lines, e);
	return id ? bulk_state_batch(&r->state, id, e) : -1;
}

/* Waiting. */

static void
show(const struct run *r, const struct bulk_progress *p)
{
	AUTO_BUF struct buf out = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (!r->b->progress)
		return;
	buf_addf(&out, "\r%s: %s, %lld of %zu done\033[K%s", r->state.batch,
	    p->word ? p->word : "", (long long)p->done, r->asked,
	    p->ended ? "\n" : "");
	(void)fd_write(STDERR_FILENO, out.data, out.len, &ignored);
}

static void
release_progress(struct bulk_progress *p)
{
	free(p->word);
	json_release(&p->answer);
	*p = (struct bulk_progress){ .answer = JSON_NONE };
}

static int
await_end(struct run *r, struct bulk_progress *p, struct err *e)
{
	int64_t look = first_look;

	for (;;) {
		release_progress(p);
		if (r->vendor->poll(&r->server, r->state.batch, p, e) < 0)
			return -1;
		show(r, p);
		if (p->ended)
			return 0;
		if (look >= deadline_left(r->b->until))
			return err_set(e, ST_TEMPFAIL, "the batch '%s' is not "
			    "done (%s, %lld of %zu): come again with '%s'",
			    r->state.batch, p->word, (long long)p->done,
			    r->asked, r->state.path);
		if (fd_poll(NULL, 0, deadline_in(look), r->server.stop,
		    e) < 0)
			return -1;
		look = look * 3 / 2 < longest_look ? look * 3 / 2 :
		    longest_look;
	}
}

/* Results. */

/* Which task an id is of: ours are MARK-NUMBER. */
static struct task *
task_of(struct run *r, const char *id)
{
	int64_t i;

	if (!id || strncmp(id, r->state.mark, ULID_LEN) != 0 ||
	    id[ULID_LEN] != '-' || num_parse_int(id + ULID_LEN + 1, 0,
	    (int64_t)r->n - 1, &i) < 0)
		return NULL;
	return &r->tasks[i];
}

/* Notes where the result of each task is. */
static int
sort_results(struct run *r, struct err *e)
{
	size_t at = 0;

	while (at < r->results.len) {
		char *from = r->results.data + at;
		char *lf = memchr(from, '\n', r->results.len - at);
		size_t len = lf ? (size_t)(lf - from) : r->results.len - at;
		AUTO_JV jv line = JSON_NONE, body = JSON_NONE;
		struct task *t;
		int status;
		if (len > 0 && json_parse(from, len, &line, e) < 0)
			return err_prefix(e, "the results");
		t = task_of(r, r->vendor->result(&line, &status, &body));
		if (t && !t->bad) {
			t->at = at;
			t->len = len;
		}
		at += len + 1;
	}
	return 0;
}

static void
fail(struct run *r, const struct task *t, const struct model_reply *reply,
    const struct err *why, struct buf *out)
{
	if (r->status == ST_OK)
		r->status = ST_NO;
	batch_task_record(&t->is, RECORD_ERROR, reply ?
	    model_error_json(reply, why) : record_error_data(why), out);
}

static void
succeed(struct run *r, const struct task *t, const struct model_reply *reply,
    struct buf *out)
{
	AUTO_JV jv content = json_get(&reply->message, "content");
	AUTO_BUF struct buf why = BUF_INIT;
	struct err misfit = ERR_INIT;
	jv data, value = JSON_NONE;

	if (r->b->structured && reply->finish == MODEL_STOP &&
	    structured_read(r->b->structured, json_string(&content) ?
	    json_string(&content) : "", json_string_len(&content), &value,
	    &why, &misfit) < 0) {
		fail(r, t, reply, &misfit, out);
		return;
	}
	if (model_finish_status(reply->finish) != ST_OK && r->status == ST_OK)
		r->status = ST_NO;
	data = ask_result_data(reply);
	json_set(&data, "value", value);
	json_set_str(&data, "batch", r->state.batch);
	batch_task_record(&t->is, RECORD_RESULT, data, out);
}

static void
answer_task(struct run *r, const struct task *t, struct buf *out)
{
	AUTO_JV jv line = JSON_NONE, body = JSON_NONE;
	struct model_reply reply = MODEL_REPLY_INIT;
	struct err why = ERR_INIT;
	int status = 0;

	if (t->bad) {
		fail(r, t, NULL, t->bad, out);
		return;
	}
	if (t->len == 0) {
		err_set(&why, ST_UNAVAILABLE, "%s: the batch has no result "
		    "for this task", r->b->model->name);
		fail(r, t, NULL, &why, out);
		return;
	}
	(void)json_parse(r->results.data + t->at, t->len, &line, &why);
	(void)r->vendor->result(&line, &status, &body);
	if (model_read(r->b->model, status, &body, &reply, &why) < 0)
		fail(r, t, &reply, &why, out);
	else
		succeed(r, t, &reply, out);
	model_usage_add(&r->usage, &reply.usage);
	model_reply_release(&reply);
}

static int
write_all(struct run *r, struct err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		AUTO_BUF struct buf out = BUF_INIT;
		answer_task(r, &r->tasks[i], &out);
		if (fd_write(r->b->out, out.data, out.len, e) < 0)
			return -1;
	}
	return 0;
}

/* From the tasks that were read to their records. */
static int
answer_all(struct run *r, struct err *e)
{
	struct bulk_progress p = { .answer = JSON_NONE };
	int result = hand_in(r, e);

	if (result == 0)
		result = await_end(r, &p, e);
	if (result == 0)
		result = r->vendor->fetch(&r->server, r->state.batch, &p,
		    &r->results, e);
	if (result == 0)
		result = sort_results(r, e);
	if (result == 0)
		result = write_all(r, e);
	if (result == 0)
		result = bulk_account_settle(&r->account, &r->usage,
		    &r->state, e);
	release_progress(&p);
	if (result < 0 && e->status == ST_TIMEOUT &&
	    deadline_passed(r->b->until))
		err_set(e, ST_TEMPFAIL, "out of time: come again with '%s'",
		    r->state.path);
	return result;
}

static int
run(struct run *r, struct err *e)
{
	if (read_tasks(r, e) < 0)
		return -1;
	if (r->asked == 0)
		return write_all(r, e);
	make_digest(r);
	if (bulk_state_open(r->b->state, r->digest, r->asked,
	    r->b->model->name, &r->state, e) < 0)
		return -1;
	make_lines(r);
	return answer_all(r, e);
}

static void
release(struct run *r)
{
	for (size_t i = 0; i < r->n; i++) {
		batch_task_release(&r->tasks[i].is);
		free(r->tasks[i].bad);
	}
	free(r->tasks);
	bulk_account_release(&r->account);
	bulk_state_close(&r->state);
	http_free(r->server.http);
	key_free(r->server.key);
	buf_release(&r->bodies);
	buf_release(&r->lines);
	buf_release(&r->results);
}

int
bulk_run(const struct bulk *b, const volatile int *stop, struct err *e)
{
	struct run r = { .b = b, .state = BULK_STATE_INIT,
	    .usage = MODEL_USAGE_INIT, .status = ST_OK };
	int result = -1;

	r.vendor = bulk_vendor_of(b->model, e);
	if (!r.vendor)
		return -1;
	r.server = (struct bulk_server){ .m = b->model, .until = b->until,
	    .stop = stop, .http = http_new(1, e) };
	bulk_account_init(&r.account, b->model, b->options);
	if (r.server.http && model_key(b->model, &r.server.key, e) == 0)
		result = run(&r, e);
	release(&r);
	return result < 0 ? -1 : r.status;
}
