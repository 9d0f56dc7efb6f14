/* route-stream: tasks in, the same tasks out, with what was decided. */
#include "config.h"

#include "route-stream.h"

#include <fcntl.h>

#include "alloc.h"
#include "fd.h"
#include "ndjson.h"
#include "record.h"

/* A line of text as a task. */
static jv
text_task(const char *text, size_t len)
{
	struct record_origin origin = { .source = "/command/agent-route" };
	jv data = json_object();

	json_set(&data, "prompt", json_from_bytes(text, len));
	return record_new(&origin, RECORD_TASK, data);
}

static bool
is_task(const jv *v)
{
	const char *type = json_str(v, "type");

	return !type || strcmp(type, RECORD_TASK) == 0;
}

static int
remember(const struct route_stream *st, const jv *task,
    const struct route_choice *c, struct err *e)
{
	const char *text = route_text(task);
	struct route_decision d = {
		.id = json_str(task, "id"), .text = text,
		.len = text ? strlen(text) : 0, .agent = c->agent,
		.model = c->model, .c = c->c, .sticky = c->sticky
	};

	if (!st->setup->stat || !c->agent)
		return 0;
	return route_stat_decided(st->setup->stat, &d, e);
}

/* Decides on one task and writes it; `line` is NULL for one made of text. */
static int
route_one(const struct route_stream *st, const jv *task,
    const struct ndjson_line *line, struct buf *out, struct err *e)
{
	struct route_choice c;
	AUTO_BUF struct buf member = BUF_INIT;
	AUTO_BUF struct buf made = BUF_INIT;

	if (route_decide(st->setup->route, task, NULL, 0, &c, e) < 0)
		return -1;
	if (st->explain) {
		const char *id = json_str(task, "id");
		if (!st->lines && id)
			buf_addf(out, "%s: ", id);
		route_explain(st->setup->route, &c, out);
	} else {
		route_write(st->setup->route, &c, &member);
		if (!line)
			record_write(task, &made);
		ndjson_splice(line ? line->text : made.data,
		    line ? line->len : made.len, "route", member.data, out);
		buf_addc(out, '\n');
	}
	return remember(st, task, &c, e);
}

static int
handle_line(const struct route_stream *st, const struct ndjson_line *line,
    struct buf *out, struct err *e)
{
	if (st->lines) {
		AUTO_JV jv task = JSON_NONE;
		if (line->len == 0)
			return 0;
		task = text_task(line->text, line->len);
		return route_one(st, &task, NULL, out, e);
	}
	if (is_task(&line->value))
		return route_one(st, &line->value, line, out, e);
	if (!st->explain) {
		buf_add(out, line->text, line->len);
		buf_addc(out, '\n');
	}
	return 0;
}

typedef int (*line_fn)(const struct route_stream *st,
    const struct ndjson_line *line, struct buf *out, struct err *e);

static long
each_line(const struct route_stream *st, line_fn fn, struct err *e)
{
	struct ndjson_reader r;
	struct ndjson_line line = NDJSON_LINE_INIT;
	AUTO_BUF struct buf out = BUF_INIT;
	enum ndjson_result got;
	long bad = 0;

	ndjson_init(&r, st->in, NDJSON_LINE_MAX);
	r.raw = st->lines;
	while ((got = ndjson_next(&r, &line, e)) != NDJSON_EOF) {
		if (got == NDJSON_BAD) {
			bad++;
			err_warn("%s, skipping it", e->text);
			continue;
		}
		buf_reset(&out);
		if (got != NDJSON_LINE || fn(st, &line, &out, e) < 0 ||
		    fd_write(st->out, out.data, out.len, e) < 0) {
			bad = -1;
			break;
		}
	}
	ndjson_line_release(&line);
	ndjson_release(&r);
	return bad;
}

/*
 * A task that waits in a pipe was decided on with what was known then.  So
 * the pipe is made small where that matters: where models compete.  It is no
 * failure when stdout is none, or the kernel refuses.
 */
static void
decide_late(const struct route_stream *st)
{
	if (st->setup->config.nmodels > 1 && st->setup->stat)
		(void)fcntl(st->out, F_SETPIPE_SZ, 4096);
}

long
route_stream(const struct route_stream *st, struct err *e)
{
	decide_late(st);
	return each_line(st, handle_line, e);
}

static int
observe_line(const struct route_stream *st, const struct ndjson_line *line,
    struct buf *out, struct err *e)
{
	buf_add(out, line->text, line->len);
	buf_addc(out, '\n');
	return route_stat_observe(st->setup->stat, &line->value, e);
}

long
route_observe(const struct route_stream *st, struct err *e)
{
	return each_line(st, observe_line, e);
}

static double
num(const jv *v, const char *key)
{
	double d = 0;

	json_num(v, key, &d);
	return d;
}

static void
add_row(const jv *row, struct buf *out)
{
	buf_addf(out, "%-32s %-5s %7.1f %6.1f%% %8.0f %8.0f %7.1f %9.5f %5.0f  "
	    "%s\n", json_str(row, "model"), json_str(row, "class"),
	    num(row, "tasks"), 100 * num(row, "failed"), num(row, "first_ms"),
	    num(row, "total_ms"), num(row, "tokens_per_second"),
	    num(row, "cost_per_task"), num(row, "load"),
	    json_str(row, "circuit"));
}

int
route_show_stats(struct route_setup *s, bool json, int out, struct err *e)
{
	AUTO_JV jv list = JSON_NONE;
	AUTO_BUF struct buf text = BUF_INIT;

	if (route_stat_list(s->stat, &list, e) < 0)
		return -1;
	if (!json)
		buf_adds(&text, json_count(&list) == 0 ?
		    "nothing is known about any model yet\n" :
		    "MODEL                            CLASS   TASKS FAILED "
		    "FIRST_MS TOTAL_MS   TOK/S  USD/TASK  LOAD  CIRCUIT\n");
	for (size_t i = 0; i < json_count(&list); i++) {
		AUTO_JV jv row = json_at(&list, i);
		if (json) {
			json_write(&row, &text);
			buf_addc(&text, '\n');
		} else {
			add_row(&row, &text);
		}
	}
	return fd_write(out, text.data, text.len, e);
}
