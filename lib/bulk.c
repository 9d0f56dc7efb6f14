/* bulk: a stream of tasks by a vendor's batch endpoint. */
#include "config.h"

#include "bulk.h"

#include "alloc.h"
#include "ask.h"
#include "batch-task.h"
#include "bulk-account.h"
#include "bulk-task.h"
#include "bulk-vendor.h"
#include "fd.h"
#include "http.h"
#include "key.h"
#include "model-error.h"
#include "num.h"
#include "record.h"
#include "structured.h"

static const int64_t first_look = CLOCK_SEC, longest_look = 60 * CLOCK_SEC;

struct run {
	const struct bulk *b;
	const struct bulk_vendor *vendor;
	struct bulk_server server;
	struct bulk_state state;
	struct bulk_tasks tasks;
	size_t asked;			/* in this round */
	struct spool lines, results;
	struct bulk_account account;
	int status;
};

static void
worse(struct run *r, int status)
{
	if (r->status == ST_OK)
		r->status = status;
}

/* What a result says: 0 and a reply, or -1 and why not. */
static int
read_result(const struct run *r, const struct bulk_task *t,
    struct model_reply *ret, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_JV jv line = JSON_NONE, body = JSON_NONE;
	int status = 0;

	if (t->result_len == 0)
		return err_set(e, ST_UNAVAILABLE, "%s: the batch has no "
		    "result for this task", r->b->model->name);
	if (spool_read(&r->results, t->result_at, t->result_len, &text,
	    e) < 0 || json_parse(text.data, text.len, &line, e) < 0)
		return -1;
	(void)r->vendor->result(&line, &status, &body);
	return model_read(r->b->model, status, &body, ret, e);
}

/* Whether an answer is what it has to be: 0 and its value; -1 and why. */
static int
read_value(const struct run *r, const struct model_reply *reply, jv *ret,
    struct buf *why, struct err *e)
{
	AUTO_JV jv content = json_get(&reply->message, "content");

	if (!r->b->structured || reply->finish != MODEL_STOP)
		return 0;
	return structured_read(r->b->structured, json_string(&content) ?
	    json_string(&content) : "", json_string_len(&content), ret, why,
	    e);
}

/* Handing in. */

/* A request that goes again because its answer does not fit has that answer
 * in it. */
static int
make_body(const struct run *r, const struct bulk_task *t, struct buf *out,
    struct err *e)
{
	AUTO_JV jv task = JSON_NONE, value = JSON_NONE;
	AUTO_BUF struct buf why = BUF_INIT;
	struct model_reply reply = MODEL_REPLY_INIT;
	struct err misfit = ERR_INIT;
	bool unfit = t->result_len > 0 &&
	    read_result(r, t, &reply, &misfit) == 0 &&
	    read_value(r, &reply, &value, &why, &misfit) < 0;
	int result = bulk_task_get(&r->tasks, t, &task, e);

	if (result == 0)
		result = bulk_task_body(&r->tasks, &task,
		    unfit ? &reply.message : NULL, &why, out, e);
	model_reply_release(&reply);
	return result;
}

static int
make_lines(struct run *r, struct err *e)
{
	if (spool_cut(&r->lines, 0, e) < 0)
		return -1;
	for (size_t i = 0; i < r->tasks.n; i++) {
		AUTO_FREE char *id = xasprintf("%s-%zu", r->state.mark, i);
		AUTO_BUF struct buf body = BUF_INIT, line = BUF_INIT;
		if (!r->tasks.v[i].again)
			continue;
		if (make_body(r, &r->tasks.v[i], &body, e) < 0)
			return -1;
		r->vendor->add(r->b->model, id, &body, &line);
		if (spool_add(&r->lines, line.data, line.len, e) < 0)
			return -1;
	}
	return 0;
}

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
	if (bulk_account_lease(&r->account, (size_t)r->lines.len,
	    r->asked, e) < 0) {
		/* it is not meant any more */
		if (!r->state.begun && r->state.round == 1)
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
static struct bulk_task *
task_of(struct run *r, const char *id)
{
	struct bulk_task *t;
	int64_t i;

	if (!id || strncmp(id, r->state.mark, ULID_LEN) != 0 ||
	    id[ULID_LEN] != '-' || num_parse_int(id + ULID_LEN + 1, 0,
	    (int64_t)r->tasks.n - 1, &i) < 0)
		return NULL;
	t = &r->tasks.v[i];
	return t->again ? t : NULL;
}

/* Notes where the result of each task is. */
static int
sort_results(struct run *r, int64_t from, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;
	int got;

	for (int64_t at = from; (got = spool_line(&r->results, at, &text,
	    e)) > 0; at += (int64_t)text.len, buf_reset(&text)) {
		AUTO_JV jv line = JSON_NONE, body = JSON_NONE;
		struct bulk_task *t;
		int status;
		if (text.len == 1)
			continue;
		if (json_parse(text.data, text.len, &line, e) < 0)
			return err_prefix(e, "the results");
		t = task_of(r, r->vendor->result(&line, &status, &body));
		if (t) {
			t->result_at = at;
			t->result_len = text.len;
		}
	}
	return got;
}

/* Whoever cancelled it does not want it to be done. */
static bool
cancelled(const struct model_reply *reply)
{
	return reply->error.code && strstr(reply->error.code, "cancel");
}

/* Whether a task is to be handed in again; what its answer took. */
static bool
judge(struct run *r, struct bulk_task *t, struct model_usage *usage)
{
	struct model_reply reply = MODEL_REPLY_INIT;
	AUTO_JV jv value = JSON_NONE;
	AUTO_BUF struct buf why = BUF_INIT;
	struct err e = ERR_INIT;
	bool again;

	if (read_result(r, t, &reply, &e) < 0)
		again = t->left > 0 && (t->result_len == 0 ||
		    (model_error_again(&reply.error) && !cancelled(&reply)));
	else
		again = read_value(r, &reply, &value, &why, &e) < 0 &&
		    t->misfits_left > 0;
	if (again && reply.finish == MODEL_STOP)
		t->misfits_left--;
	else if (again)
		t->left--;
	model_usage_add(usage, &reply.usage);
	model_reply_release(&reply);
	return again;
}

/* How many tasks are to be handed in again. */
static size_t
judge_all(struct run *r, struct model_usage *usage)
{
	size_t n = 0;

	for (size_t i = 0; i < r->tasks.n; i++) {
		struct bulk_task *t = &r->tasks.v[i];
		t->again = t->again && judge(r, t, usage);
		n += t->again;
	}
	return n;
}

static void
answer_task(struct run *r, const struct bulk_task *t,
    const struct batch_task *is, struct buf *out)
{
	struct model_reply reply = MODEL_REPLY_INIT;
	AUTO_BUF struct buf misfit = BUF_INIT;
	struct err why = ERR_INIT;
	jv data, value = JSON_NONE;

	if (t->bad) {
		err_set(&why, t->bad_status, "%s", t->bad);
		data = record_error_data(&why);
	} else if (read_result(r, t, &reply, &why) < 0 ||
	    read_value(r, &reply, &value, &misfit, &why) < 0) {
		data = t->result_len > 0 ? model_error_json(&reply, &why) :
		    record_error_data(&why);
	} else {
		data = ask_result_data(&reply);
		json_set(&data, "value", value);
		json_set_str(&data, "batch", r->state.batch);
		if (model_finish_status(reply.finish) != ST_OK)
			worse(r, ST_NO);
	}
	if (why.status != ST_OK)
		worse(r, ST_NO);
	batch_task_record(is, why.status != ST_OK ? RECORD_ERROR :
	    RECORD_RESULT, data, out);
	model_reply_release(&reply);
}

static int
write_all(struct run *r, struct err *e)
{
	for (size_t i = 0; i < r->tasks.n; i++) {
		const struct bulk_task *t = &r->tasks.v[i];
		AUTO_JV jv task = JSON_NONE;
		AUTO_BUF struct buf out = BUF_INIT;
		struct batch_task is;
		if (bulk_task_get(&r->tasks, t, &task, e) < 0)
			return -1;
		batch_task_read(&task, &is);
		answer_task(r, t, &is, &out);
		batch_task_release(&is);
		if (fd_write(r->b->out, out.data, out.len, e) < 0)
			return -1;
	}
	return 0;
}

/* From what is to be asked to its results; how many are to be asked again. */
static int
one_round(struct run *r, size_t *ret_again, struct err *e)
{
	struct bulk_progress p = { .answer = JSON_NONE };
	struct model_usage usage = MODEL_USAGE_INIT;
	int64_t had = r->results.len;
	int result = make_lines(r, e);

	if (result == 0)
		result = hand_in(r, e);
	if (result == 0)
		result = await_end(r, &p, e);
	if (result == 0)
		result = r->vendor->fetch(&r->server, r->state.batch, &p,
		    &r->results, e);
	if (result == 0)
		result = sort_results(r, had, e);
	release_progress(&p);
	if (result < 0)
		return -1;
	*ret_again = judge_all(r, &usage);
	return bulk_account_settle(&r->account, &usage, &r->state, e);
}

static int
answer_all(struct run *r, struct err *e)
{
	int result;

	for (;;) {
		size_t again = 0;
		result = one_round(r, &again, e);
		if (result < 0 || again == 0)
			break;
		r->asked = again;
		result = bulk_state_next(&r->state, again, e);
		if (result < 0)
			break;
	}
	if (result < 0 && e->status == ST_TIMEOUT &&
	    deadline_passed(r->b->until))
		return err_set(e, ST_TEMPFAIL, "out of time: come again with "
		    "'%s'", r->state.path);
	return result < 0 ? -1 : write_all(r, e);
}

static int
run(struct run *r, struct err *e)
{
	if (bulk_tasks_read(&r->tasks, r->server.stop, e) < 0)
		return -1;
	r->asked = r->tasks.asked;
	if (r->tasks.bad_lines)
		r->status = ST_DATA;
	if (r->asked == 0)
		return write_all(r, e);
	if (bulk_state_open(r->b->state, r->tasks.digest, r->asked,
	    r->b->model->name, &r->state, e) < 0 ||
	    spool_open(&r->lines, r->b->state, e) < 0 ||
	    spool_open(&r->results, r->b->state, e) < 0)
		return -1;
	return answer_all(r, e);
}

static void
release(struct run *r)
{
	bulk_tasks_release(&r->tasks);
	bulk_account_release(&r->account);
	bulk_state_close(&r->state);
	http_free(r->server.http);
	key_free(r->server.key);
	spool_close(&r->lines);
	spool_close(&r->results);
}

int
bulk_run(const struct bulk *b, const volatile int *stop, struct err *e)
{
	struct run r = { .b = b, .state = BULK_STATE_INIT,
	    .tasks = BULK_TASKS_INIT, .lines = SPOOL_INIT,
	    .results = SPOOL_INIT, .status = ST_OK };
	int result = -1;

	r.tasks.b = b;
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
