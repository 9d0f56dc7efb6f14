/* inbox: takes, prints, waits; or keeps FIFOs fed and drained. */
#include "config.h"

#include "inbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "fd.h"
#include "ndjson.h"
#include "post.h"
#include "record.h"

struct receiving {
	const struct inbox *in;
	struct hubcli *c;
	struct hub_taker *taker;
	struct deadline until;
	int out;			/* stdout, or the FIFO */
	int reader;			/* tells when nobody reads; -1 */
	struct ndjson_reader orders;	/* of --fifo */
	int64_t count;
	bool unread;			/* the reader has left */
};

static int
put(const struct receiving *r, const char *line, size_t len, struct err *e)
{
	size_t done = 0;

	if (!r->in->fifo)
		return hubcli_line(line, len, e);
	/* who reads a FIFO may be long in coming; a signal ends that */
	AUTO_FREE char *text = xasprintf("%.*s\n", (int)len, line);
	while (done <= len) {
		ssize_t n = write(r->out, text + done, len + 1 - done);

		if (n > 0)
			done += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			return err_sys(e, ST_IO, "cannot write '%s'",
			    r->in->fifo);
		else if (fd_wait(r->out, POLLOUT, DEADLINE_NEVER,
		    &cli_signal, e) < 0)
			return -1;
	}
	return 0;
}

/* The record with the name of its lease spliced in; or its words. */
static int
print(const struct receiving *r, const struct hub_delivery *d, struct err *e)
{
	AUTO_BUF struct buf line = BUF_INIT;
	char lease[sizeof(d->lease) + 2];

	if (r->in->format == INBOX_TEXT) {
		AUTO_JV jv record = JSON_NONE;
		AUTO_FREE char *words = NULL;

		if (json_parse(d->line, d->len, &record, e) == 0)
			words = hubcli_words(&record);
		if (words)
			return put(r, words, strlen(words), e);
	}
	if (r->in->ack)
		return put(r, d->line, d->len, e);
	snprintf(lease, sizeof(lease), "\"%s\"", d->lease);
	ndjson_splice(d->line, d->len, "lease", lease, &line);
	return put(r, line.data, line.len, e);
}

/* Takes at most `max` and prints them: their number, or -1. */
static int
take(struct receiving *r, int max, struct err *e)
{
	struct hub_delivery d[INBOX_MAX];
	int n = hub_take(r->taker, d, max, e), failed = 0;

	for (int i = 0; i < n; i++) {
		if (!failed && print(r, &d[i], e) < 0) {
			r->unread = errno == EPIPE;
			failed = 1;
		}
		hub_delivery_release(&d[i]);
	}
	r->count += n > 0 ? n : 0;
	return failed ? -1 : n;
}

/* How many more may be out. */
static int
room(const struct receiving *r, struct err *e)
{
	int held;

	if (r->in->one)
		return 1;
	if (!r->in->follow || r->in->ack)
		return INBOX_MAX;
	held = hub_held(r->taker, e);
	return held < 0 ? -1 : r->in->window - held;
}

static bool
enough(const struct receiving *r)
{
	if (r->in->one && r->count > 0)
		return true;
	return !r->in->follow && (r->count > 0 || !r->in->wait);
}

/* Orders through the second FIFO: "ack LEASE", "nak LEASE WHY", "reply...". */

static int
send_reply(struct receiving *r, const char *lease, const char *text,
    struct err *e)
{
	AUTO_FREE char *id = xstrndup(lease, strcspn(lease, "."));
	AUTO_POST struct post p = POST_INIT;
	struct post_how how = { .type = RECORD_MESSAGE, .corr = id,
		.key = lease, .priority = HUB_PRIO_DEFAULT };
	AUTO_JV jv item = JSON_NONE;
	struct post_message m = { 0 };
	char ids[1][ULID_LEN + 1];
	int ok = hub_get(r->c->hub, id, &item, e);

	if (ok == 0)
		return err_set(e, ST_DATA, "there is no message '%s'", id);
	if (ok < 0 || post_open(r->c->hub, hubcli_workspace(r->c), r->in->box,
	    &p, e) < 0)
		return -1;
	how.box = json_str(&item, "source");
	if (post_text(&p, &how, text, strlen(text), &m, e) < 0)
		return -1;
	ok = post_send(&p, &how, &m, 1, ids, e);
	post_message_release(&m);
	return ok;
}

static int
obey(struct receiving *r, char *line, struct err *e)
{
	char *lease = strchr(line, ' ');
	char *rest = lease ? strchr(lease + 1, ' ') : NULL;
	bool nak = strncmp(line, "nak ", 4) == 0;
	bool reply = strncmp(line, "reply ", 6) == 0;

	if (!nak && !reply && strncmp(line, "ack ", 4) != 0)
		return err_set(e, ST_DATA,
		    "'%s' is not 'ack', 'nak' or 'reply'", line);
	if (rest)
		*rest++ = '\0';
	lease++;
	if (reply && send_reply(r, lease, rest ? rest : "", e) < 0)
		return -1;
	return hub_settle(r->c->hub, r->in->box, lease, nak ? HUB_NAK
	    : HUB_ACK, 0, rest, e) > 0 ? 0 : -1;
}

/* What can be read now; what is wrong is told, and no more. */
static int
take_orders(struct receiving *r, struct err *e)
{
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;

	while ((got = ndjson_next(&r->orders, &line, e)) != NDJSON_AGAIN &&
	    got != NDJSON_EOF && got != NDJSON_FAIL) {
		struct err wrong = ERR_INIT;
		AUTO_FREE char *text = got == NDJSON_LINE ?
		    xstrndup(line.text, line.len) : NULL;

		if (text && obey(r, text, &wrong) < 0)
			err_warn("%s", wrong.text);
	}
	ndjson_line_release(&line);
	return got == NDJSON_FAIL ? -1 : 0;
}

/* Opened for both: so it neither blocks nor ends when others come and go. */
static int
open_fifo(const char *path, struct err *e)
{
	struct stat st;
	AUTO_FD int fd = -1;

	if (mkfifo(path, 0600) < 0 && errno != EEXIST)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'", path);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, ST_CANTCREATE, "cannot open '%s'", path);
	if (!S_ISFIFO(st.st_mode))
		return err_set(e, ST_CANTCREATE, "'%s' is not a FIFO", path);
	return steal_fd(&fd);
}

static int
prepare(struct receiving *r, struct err *e)
{
	const struct inbox *in = r->in;
	struct hub_take how = { .box = in->box, .corr = in->corr,
		.lease_ns = in->lease_ns, .ack = in->ack,
		.owner_pid = in->owner };
	struct stat st;

	/* who takes and leaves holds by time, or through --owner */
	if (!in->ack && !in->follow && in->owner == 0)
		how.owner_pid = -1;
	r->until = in->wait ? deadline_in(in->wait_ns) : DEADLINE_NEVER;
	if (in->fifo) {
		AUTO_FREE char *orders = xasprintf("%s.out", in->fifo);

		if ((r->out = open_fifo(in->fifo, e)) < 0 ||
		    (r->reader = open_fifo(orders, e)) < 0)
			return -1;
		ndjson_init(&r->orders, r->reader, NDJSON_LINE_MAX);
		r->orders.raw = true;
	} else if (fstat(STDOUT_FILENO, &st) == 0 && S_ISFIFO(st.st_mode)) {
		r->reader = STDOUT_FILENO;
	}
	return hub_taker_open(r->c->hub, &how, &r->taker, e);
}

/* 1 go on, 0 that was all, -1. */
static int
wait_more(struct receiving *r, struct err *e)
{
	int got = hub_wait(r->taker, r->until, r->reader, &cli_signal, e);

	if (got == 2 && r->in->fifo)
		return take_orders(r, e) < 0 ? -1 : 1;
	return got == 2 ? 0 : got;
}

static int
receive(struct receiving *r, struct err *e)
{
	int n, may;

	do {
		may = room(r, e);
		n = may < 0 ? -1 : take(r, may > 0 ? may : 0, e);
		if (n == 0 && !enough(r))
			n = wait_more(r, e);
		else if (n == 0)
			break;
	} while (n > 0 && !(r->in->one && r->count > 0));
	if (n < 0)
		return -1;
	/* printed: only now it is done with */
	return r->in->ack ? hub_take(r->taker, NULL, 0, e) : 0;
}

static int
finish(const struct receiving *r, int status, struct err *e)
{
	const struct record_origin origin = {
		.source = "/command/agent-recv"
	};
	jv data;

	if (r->in->format != INBOX_NDJSON)
		return status;
	data = json_object();
	json_set_int(&data, "status", status);
	json_set_int(&data, "delivered", r->count);
	AUTO_JV jv result = record_new(&origin, RECORD_RESULT, data);
	return record_emit(STDOUT_FILENO, &result, e) < 0 ? -1 : status;
}

int
inbox_run(const struct inbox *in, struct hubcli *c, struct err *e)
{
	struct inbox mine = *in;
	struct receiving r = { .in = &mine, .c = c, .out = STDOUT_FILENO,
		.reader = -1 };
	int status = -1;

	mine.follow |= mine.fifo != NULL;
	/* who leaves early (head(1)) is no reason to count a failure against
	 * what was not read: first give back, then die of it */
	signal(SIGPIPE, SIG_IGN);
	if (prepare(&r, e) == 0 && receive(&r, e) == 0)
		status = finish(&r, r.count > 0 ? ST_OK : ST_NO, e);
	hub_taker_close(r.taker);
	if (r.unread) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	if (mine.fifo) {
		ndjson_release(&r.orders);
		if (r.reader >= 0)
			close(r.reader);
		if (r.out >= 0)
			close(r.out);
	}
	return status;
}
