/*
 * foreign: keeping watch over somebody else's agent.
 *
 * One loop: a line, or the next of the moments at which patience ends.  The
 * agent is believed only in what it said itself: its own end counts, an exit
 * status of 0 does not.
 */
#include "config.h"

#include "foreign-impl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "alloc.h"
#include "fd.h"

enum {
	LINE_MAX_BYTES = 8 << 20,
	BAD_LINES_MAX = 100,
	SHOWN_MAX = 4000,	/* of a line that is no event */
	TEXT_MAX_BYTES = 1 << 20,	/* of an answer in plain text */
	LINGER_SECONDS = 10,	/* after its end, to go by itself */
	GRACE_SECONDS = 3,
	GLANCE_MS = 500		/* at the signal flag, in case poll missed it */
};

/* Ends the run by our doing: the agent has to go. */
static int
give_up(struct foreign_run *f, struct err *e, int status, const char *reason)
{
	f->ours = true;
	agent_end(&f->run, status, reason);
	e->status = status;
	return -1;
}

static int
say_log(struct foreign_run *f, const char *level, const char *text,
    size_t len, struct err *e)
{
	jv data = json_object();

	json_set_str(&data, "level", level);
	json_set(&data, "text", json_from_bytes(text, len < SHOWN_MAX ? len :
	    SHOWN_MAX));
	if (len > SHOWN_MAX)
		json_set_bool(&data, "truncated", true);
	return agent_say(&f->run, RECORD_LOG, data, false, e);
}

/* Text of a program that speaks no records is its answer. */
static int
take_text(struct foreign_run *f, const char *text, size_t len, struct err *e)
{
	if (f->kind->translated || f->records > 0)
		return say_log(f, "info", text, len, e);
	if (f->pending.len + len > TEXT_MAX_BYTES)
		return give_up(f, e, err_set(e, ST_LIMIT, "its answer is "
		    "longer than %d bytes", TEXT_MAX_BYTES) ? ST_LIMIT : 0,
		    "length");
	buf_add(&f->pending, text, len);
	buf_addc(&f->pending, '\n');
	return 0;
}

struct translation {
	struct foreign_run *f;
	struct err *e;
	bool failed;
};

static int
take_translated(const jv *event, void *arg)
{
	struct translation *t = arg;

	t->failed = foreign_event(t->f, event, t->e) < 0;
	return t->failed;
}

/* What the translation cannot make sense of is passed on as it came. */
static int
translate(struct foreign_run *f, const jv *value, const char *text,
    size_t len, struct err *e)
{
	struct translation t = { .f = f, .e = e };
	struct err why = ERR_INIT;

	if (filter_each(f->filter, value, NULL, take_translated, &t,
	    &why) >= 0 || t.failed)
		return t.failed ? -1 : 0;
	return say_log(f, "warning", text, len, e);
}

static int
take_object(struct foreign_run *f, const jv *value, const char *text,
    size_t len, struct err *e)
{
	struct err why = ERR_INIT;

	if (f->kind->dialogue) {
		int taken = foreign_acp_take(f, value, e);
		if (taken < 0)
			return give_up(f, e, e->status,
			    e->status == ST_TEMPFAIL ? "parked" :
			    err_kind(e->status));
		if (taken > 0)
			return 0;
	}
	if (f->kind->translated)
		return translate(f, value, text, len, e);
	if (record_check(value, &why) < 0)
		return take_text(f, text, len, e);
	f->records++;
	return foreign_event(f, value, e);
}

/* The key that it was given is nowhere to be read afterwards. */
static void
blank_key(const struct foreign_run *f, struct buf *line)
{
	size_t len = f->key ? strlen(f->key) : 0;
	char *at = line->data;

	while (len > 0 && (at = strstr(at, f->key)))
		memset(at, '*', len);
}

static int
take_line(struct foreign_run *f, const struct ndjson_line *line,
    struct err *e)
{
	AUTO_BUF struct buf own = BUF_INIT;
	AUTO_JV jv value = JSON_NONE;
	struct err why = ERR_INIT;

	buf_add(&own, line->text, line->len);
	blank_key(f, &own);
	f->lines++;
	if (json_parse(own.data, own.len, &value, &why) == 0 &&
	    json_is(&value, JSON_OBJECT))
		return take_object(f, &value, own.data, own.len, e);
	return take_text(f, own.data, own.len, e);
}

static int
take_bad_line(struct foreign_run *f, struct err *why, struct err *e)
{
	if (++f->bad_lines >= BAD_LINES_MAX) {
		err_set(e, ST_PROTOCOL, "%s: %d bad lines, the last: %s",
		    f->kind->type, BAD_LINES_MAX, why->text);
		return give_up(f, e, ST_PROTOCOL, "protocol");
	}
	return agent_say(&f->run, RECORD_ERROR, record_error_data(why), false,
	    e);
}

/* Until when it may stay silent, or stay at all. */
static struct deadline
patience(const struct foreign_run *f)
{
	int64_t wait = f->idle_ns;

	if (f->ended && wait > LINGER_SECONDS * CLOCK_SEC)
		wait = LINGER_SECONDS * CLOCK_SEC;
	return (struct deadline){ f->heard + wait };
}

static int
check_limits(struct foreign_run *f, struct err *e)
{
	const struct agent_limits *l = &f->run.task->limits;
	double cost;
	int64_t tokens = foreign_tokens(f, &cost);

	if (f->ended)
		return 0;	/* what it has cost, it has cost */
	if (l->tokens > 0 && tokens >= l->tokens) {
		err_set(e, ST_LIMIT, "not done after %lld tokens",
		    (long long)tokens);
		return give_up(f, e, ST_LIMIT, "tokens");
	}
	if (f->cost_max > 0 && cost >= f->cost_max) {
		err_set(e, ST_BUDGET, "not done after %.4f USD", cost);
		return give_up(f, e, ST_BUDGET, "cost");
	}
	if (l->turns > 0 && f->messages > l->turns) {
		err_set(e, ST_LIMIT, "not done after %lld turns",
		    (long long)l->turns);
		return give_up(f, e, ST_LIMIT, "turns");
	}
	return 0;
}

/* 1 to go on, 0 when it has to go although it ended well, -1. */
static int
check_time(struct foreign_run *f, struct err *e)
{
	const struct agent_task *t = f->run.task;

	if (t->stop && *t->stop) {
		err_set(e, ST_SIGNAL + *t->stop, "interrupted");
		return give_up(f, e, e->status, "interrupted");
	}
	if (f->ended && deadline_passed(deadline_min(patience(f),
	    t->limits.until))) {
		f->ours = true;
		return say_log(f, "warning", "it did not exit after its end",
		    29, e);
	}
	if (f->broke.status && deadline_passed(f->leave)) {
		*e = f->broke;
		return give_up(f, e, e->status, err_kind(e->status));
	}
	if (deadline_passed(t->limits.until)) {
		err_set(e, ST_TIMEOUT, "not done in time");
		return give_up(f, e, ST_TIMEOUT, "time");
	}
	if (deadline_passed(patience(f))) {
		err_set(e, ST_TIMEOUT, "%s: silent for %lld s", f->kind->type,
		    (long long)(f->idle_ns / CLOCK_SEC));
		return give_up(f, e, ST_TIMEOUT, "idle");
	}
	return 1;
}

/* The next line, or none for now; meanwhile its requests are looked at. */
static enum ndjson_result
next_line(struct foreign_run *f, struct ndjson_line *line, struct err *e)
{
	const struct agent_task *t = f->run.task;
	struct deadline until = deadline_min(deadline_in(GLANCE_MS * CLOCK_MS),
	    deadline_min(patience(f), t->limits.until));
	enum ndjson_result got;

	if (f->meter < 0)
		return ndjson_next_until(&f->reader, until, t->stop, line, e);
	foreign_meter_step(f);
	got = ndjson_next_until(&f->reader, deadline_in(0), t->stop, line, e);
	if (got == NDJSON_AGAIN && foreign_meter_wait(f, until, e) < 0)
		return NDJSON_FAIL;
	return got;
}

/* One line: 1 there may be more, 0 the end, -1. */
static int
step(struct foreign_run *f, struct ndjson_line *line, struct err *e)
{
	struct err why = ERR_INIT;

	switch (next_line(f, line, &why)) {
	case NDJSON_LINE:
		if (!f->ended)
			f->heard = clock_mono();
		if (take_line(f, line, e) < 0 || check_limits(f, e) < 0)
			return -1;
		return check_time(f, e);
	case NDJSON_BAD:
		f->heard = f->ended ? f->heard : clock_mono();
		return take_bad_line(f, &why, e) < 0 ? -1 : check_time(f, e);
	case NDJSON_AGAIN:
		return check_limits(f, e) < 0 ? -1 : check_time(f, e);
	case NDJSON_EOF:
		return 0;
	case NDJSON_FAIL:
		break;
	}
	*e = why;
	return give_up(f, e, e->status, e->status > ST_SIGNAL ?
	    "interrupted" : err_kind(e->status));
}

/* The last of what it wrote on stderr, for people. */
static void
last_words(const struct foreign_run *f, struct buf *out)
{
	AUTO_FD int fd = open(f->stderr_file, O_RDONLY | O_CLOEXEC);

	buf_adds(out, "");
	if (fd >= 0)
		fd_last_line(fd, out);
	blank_key(f, out);
}

/* 145 means 401 to some; which, is the one that exists. */
static int
status_of(const struct foreign_run *f, int status)
{
	for (int http = 400; f->kind->status_is_http && http < 600; http++)
		if (http % 256 == status)
			return foreign_http(http);
	if (status == ST_NOEXEC || status == ST_NOTFOUND)
		return status;
	if (!f->kind->translated && status < ST_WRAPPER)
		return status;
	return status > ST_SIGNAL ? status : ST_NO;
}

/* It has gone without a word that would explain it. */
static void
explain_exit(struct foreign_run *f, int status)
{
	static const char box[] = "agent-sandbox: ";
	AUTO_BUF struct buf words = BUF_INIT;
	const char *type = f->kind->type;

	last_words(f, &words);
	buf_adds(&words, "");
	if (status == ST_WRAPPER && strncmp(words.data, box,
	    sizeof(box) - 1) == 0)
		err_set(&f->failure, ST_WRAPPER, "no sandbox: %s",
		    words.data + sizeof(box) - 1);
	else if (status == 0)
		err_set(&f->failure, ST_PROTOCOL, "%s ended without a result",
		    type);
	else
		err_set(&f->failure, status_of(f, status),
		    "%s ended with status %d%s%s", type, status,
		    words.len > 0 ? ": " : "", words.data);
}

/* What its end means. */
static int
judge(struct foreign_run *f, int status, struct err *e)
{
	bool text = !f->kind->translated && f->records == 0;

	if (text && status == 0 && !f->ended)
		f->ended = f->ok = true;
	if (foreign_flush(f, e) < 0)
		return -1;
	if (!f->failure.status && (!f->ended || (status != 0 && !f->ours) ||
	    (!f->ok && f->ended)))
		explain_exit(f, status);
	if (f->broke.status)
		f->failure = f->broke;
	if (f->failure.status == ST_NO && f->kind->status_is_http && !f->ours)
		f->failure.status = status_of(f, status);
	if (!f->failure.status && f->run.answer.len == 0)
		err_set(&f->failure, ST_NO, "%s answered nothing",
		    f->kind->type);
	if (!f->failure.status) {
		agent_end(&f->run, ST_OK, "stop");
		return 0;
	}
	*e = f->failure;
	agent_end(&f->run, e->status, f->limit ? f->limit :
	    err_kind(e->status));
	return agent_say(&f->run, RECORD_ERROR, record_error_data(e), false,
	    &f->failure);
}

void
foreign_watch(struct foreign_run *f, struct err *e)
{
	struct ndjson_line line = NDJSON_LINE_INIT;
	struct err ignored;
	int status, more;

	ndjson_init(&f->reader, f->child.out, LINE_MAX_BYTES);
	f->reader.raw = true;
	f->heard = clock_mono();
	do
		more = step(f, &line, e);
	while (more > 0);
	ndjson_line_release(&line);
	if (more < 0 && !f->run.reason)
		(void)give_up(f, e, e->status, "records");
	if (f->ours && f->kind->dialogue)
		foreign_acp_cancel(f);
	if (f->ours || child_wait(&f->child, deadline_in(GRACE_SECONDS *
	    CLOCK_SEC), NULL, &status, &ignored) != 1) {
		f->ours = true;
		status = child_stop(&f->child, GRACE_SECONDS * CLOCK_SEC);
	}
	child_close(&f->child);
	foreign_meter_step(f);
	if (!f->run.reason && judge(f, status, e) < 0 && !f->run.reason)
		agent_end(&f->run, e->status, "records");
}
