/* outbox: reads, addresses, sends, waits for the answer. */
#include "config.h"

#include "outbox.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "fd.h"
#include "ndjson.h"
#include "prompt.h"
#include "record.h"

enum {
	BATCH = 256,			/* messages in one transaction */
	BATCH_BYTES = 1 << 20,
	PEEK = 65536
};

struct sending {
	const struct outbox *o;
	struct hubcli *c;
	struct post post;
	struct post_how how;
	jv boxes;
	struct post_message *batch;
	size_t n, cap, bytes;
	int64_t total;
	char *box, *replyto;		/* what `how` points to */
	jv original;			/* that is replied to */
	struct hub_taker *answer;	/* --wait */
};

static void
drop_batch(struct sending *s)
{
	for (size_t i = 0; i < s->n; i++)
		post_message_release(&s->batch[i]);
	s->n = s->bytes = 0;
}

static void
sending_release(struct sending *s)
{
	hub_taker_close(s->answer);
	drop_batch(s);
	free(s->batch);
	free(s->box);
	free(s->replyto);
	json_release(&s->boxes);
	json_release(&s->original);
	post_close(&s->post);
}

/* Addressing. */

/* What answers what. */
static const char *
type_of_reply(const jv *record)
{
	const char *type = json_str(record, "type");

	if (type && strcmp(type, RECORD_TASK) == 0)
		return RECORD_RESULT;
	if (type && strcmp(type, RECORD_QUESTION) == 0)
		return RECORD_ANSWER;
	return RECORD_MESSAGE;
}

static int
address_reply(struct sending *s, struct err *e)
{
	AUTO_FREE char *id = xstrndup(s->o->reply,
	    strcspn(s->o->reply, "."));
	AUTO_JV jv record = JSON_NONE;
	const char *to;
	int r = hub_get(s->c->hub, id, &s->original, e);

	if (r < 0)
		return -1;
	if (r == 0)
		return err_set(e, ST_NOINPUT, "there is no message '%s'", id);
	record = json_get(&s->original, "record");
	to = json_str(&record, "replyto");
	s->box = hub_address(to ? to : json_str(&s->original, "source"),
	    false, e);
	s->how.corr = json_str(&s->original, "id");
	if (!s->how.type)
		s->how.type = type_of_reply(&record);
	return s->box ? 0 : -1;
}

static int
address(struct sending *s, struct err *e)
{
	const struct outbox *o = s->o;

	if (o->to_all || o->topic) {
		if (post_recipients(&s->post, o->topic, &s->boxes, e) < 0)
			return -1;
		if (json_count(&s->boxes) == 0)
			return err_set(e, ST_NOINPUT, "there is nobody that "
			    "you may write to");
		AUTO_JV jv first = json_at(&s->boxes, 0);
		s->box = xstrdup(json_string(&first));
	} else if (o->reply) {
		if (address_reply(s, e) < 0)
			return -1;
	} else {
		s->box = hub_address(o->queue ? o->queue : o->name,
		    o->queue != NULL, e);
		if (!s->box)
			return -1;
	}
	s->how.box = s->box;
	if (o->wait)
		s->how.replyto = s->c->source;
	return 0;
}

/* Output. */

static int
print_batch(struct sending *s, char (*ids)[ULID_LEN + 1], struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;

	for (size_t i = 0; i < s->n; i++) {
		if (s->o->format == OUTBOX_NDJSON) {
			if (hubcli_line(s->batch[i].line, s->batch[i].len,
			    e) < 0)
				return -1;
		} else {
			buf_addf(&out, "%s\n", ids[i]);
		}
	}
	return out.len > 0 ?
	    fd_write(STDOUT_FILENO, out.data, out.len, e) : 0;
}

/* From now on the answer to `id` is ours. */
static int
expect_answer(struct sending *s, const char *id, struct err *e)
{
	struct hub_take how = { .box = s->c->source, .ack = true,
		.corr = id };

	hub_taker_close(s->answer);
	s->answer = NULL;
	if (hub_taker_open(s->c->hub, &how, &s->answer, e) < 0)
		return -1;
	return hub_await(s->answer, id, e);
}

/* One message, before whose sending somebody waits for the answer. */
static int
flush_waiting(struct sending *s, struct err *e)
{
	char ids[1][ULID_LEN + 1];

	if (s->n != 1)
		return err_set(e, ST_USAGE, "--wait is for one message to "
		    "one");
	if (expect_answer(s, s->batch[0].id, e) < 0 ||
	    post_send(&s->post, &s->how, s->batch, 1, ids, e) < 0)
		return -1;
	/* its key was known: we wait for the answer to the first */
	if (strcmp(ids[0], s->batch[0].id) != 0) {
		memcpy(s->batch[0].id, ids[0], sizeof(ids[0]));
		return expect_answer(s, ids[0], e);
	}
	return 0;
}

static int
flush_batch(struct sending *s, struct err *e)
{
	AUTO_FREE char (*ids)[ULID_LEN + 1] = xcalloc(s->n + 1,
	    sizeof(*ids));
	int r;

	if (s->n == 0)
		return 0;
	if (s->o->wait)
		return flush_waiting(s, e);
	if (post_send(&s->post, &s->how, s->batch, s->n, ids, e) < 0)
		return -1;
	s->total += (int64_t)s->n;
	r = print_batch(s, ids, e);
	drop_batch(s);
	return r;
}

/* Adds a message, and a copy for each further addressee. */
static void
add(struct sending *s, const struct post_message *m)
{
	for (size_t i = 0; i == 0 || i < json_count(&s->boxes); i++) {
		GROW(s->batch, s->n, s->cap);
		s->batch[s->n] = (struct post_message){ 0 };
		if (i == 0) {
			s->batch[s->n] = *m;
		} else {
			AUTO_JV jv box = json_at(&s->boxes, i);
			post_copy(m, json_string(&box), &s->batch[s->n]);
		}
		s->bytes += s->batch[s->n++].len;
	}
}

static int
finish(struct sending *s, int status, struct err *e)
{
	const struct record_origin origin = {
		.source = "/command/agent-send"
	};
	jv data;

	if (s->o->format != OUTBOX_NDJSON || s->o->wait)
		return status;
	data = json_object();
	json_set_int(&data, "status", status);
	json_set_int(&data, "accepted", s->total);
	AUTO_JV jv result = record_new(&origin, RECORD_RESULT, data);
	return record_emit(STDOUT_FILENO, &result, e) < 0 ? -1 : status;
}

/* Input. */

static int
send_text(struct sending *s, const char *text, size_t len, struct err *e)
{
	struct post_message m = { 0 };

	if (post_text(&s->post, &s->how, text, len, &m, e) < 0)
		return -1;
	add(s, &m);
	return flush_batch(s, e) < 0 ? -1 : finish(s, ST_OK, e);
}

/* The lines of a reader; a bad one is told and makes the status 65. */
static int
send_lines(struct sending *s, struct ndjson_reader *in, struct err *e)
{
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;
	int status = ST_OK;

	while ((got = ndjson_next_until(in, DEADLINE_NEVER, &cli_signal,
	    &line, e)) != NDJSON_EOF && got != NDJSON_FAIL) {
		struct post_message m = { 0 };

		if (got == NDJSON_LINE &&
		    post_line(&s->post, &s->how, &line, &m, e) < 0) {
			err_prefix(e, "line %lu", line.number);
			got = NDJSON_BAD;
		}
		if (got == NDJSON_BAD) {
			err_warn("%s, skipping it", e->text);
			status = ST_DATA;
		} else {
			add(s, &m);
		}
		if ((s->n >= BATCH || s->bytes >= BATCH_BYTES ||
		    !ndjson_pending(in) || s->o->wait) &&
		    flush_batch(s, e) < 0)
			break;
		if (s->answer)
			break;
	}
	ndjson_line_release(&line);
	if (s->answer)
		return ST_OK;
	if (got != NDJSON_EOF)
		return -1;
	return flush_batch(s, e) < 0 ? -1 : finish(s, status, e);
}

/* Whether what begins like this is a line with an object. */
static bool
is_ndjson(const struct buf *text)
{
	const char *end = text->len ? memchr(text->data, '\n', text->len)
	    : NULL;
	struct err ignored = ERR_INIT;
	AUTO_JV jv v = JSON_NONE;

	if (!end)
		end = text->data + text->len;
	return text->len > 0 && json_parse(text->data,
	    (size_t)(end - text->data), &v, &ignored) == 0 &&
	    json_is(&v, JSON_OBJECT);
}

/* Reads until the first line is there. */
static int
peek(struct buf *text, struct err *e)
{
	ssize_t n;

	do {
		if (fd_wait(STDIN_FILENO, POLLIN, DEADLINE_NEVER, &cli_signal,
		    e) < 0)
			return -1;
		buf_reserve(text, PEEK);
		n = fd_read(STDIN_FILENO, text->data + text->len, PEEK, e);
		if (n == -1)
			return -1;
		text->len += n > 0 ? (size_t)n : 0;
		text->data[text->len] = '\0';
	} while (n != 0 && !memchr(text->data, '\n', text->len) &&
	    text->len < NDJSON_LINE_MAX);
	return 0;
}

static int
send_stdin(struct sending *s, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;
	struct ndjson_reader in;
	int r;

	if (isatty(STDIN_FILENO) || fd_was_closed(STDIN_FILENO))
		return err_set(e, ST_USAGE, "no text, and nothing on "
		    "standard input");
	if (peek(&text, e) < 0)
		return -1;
	if (s->o->format == OUTBOX_NDJSON ||
	    (s->o->format == OUTBOX_ANY && is_ndjson(&text))) {
		ndjson_init(&in, STDIN_FILENO, NDJSON_LINE_MAX);
		buf_add(&in.in, text.data, text.len);
		r = send_lines(s, &in, e);
		ndjson_release(&in);
		return r;
	}
	if (fd_read_all(STDIN_FILENO, NDJSON_LINE_MAX, DEADLINE_NEVER, &text,
	    e) < 0)
		return -1;
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		buf_truncate(&text, text.len - 1);
	if (text.len == 0)
		return err_set(e, ST_USAGE, "an empty message");
	return send_text(s, text.data, text.len, e);
}

static int
send_input(struct sending *s, struct err *e)
{
	const struct prompt p = {
		.operands = s->o->operands, .noperands = s->o->noperands,
		.no_stdin = true, .until = DEADLINE_NEVER, .called = "message"
	};
	AUTO_BUF struct buf text = BUF_INIT;

	/* a word that needs no words */
	if (s->o->noperands == 0 && s->how.type &&
	    strcmp(post_type(s->how.type), RECORD_AGENT_STOP) == 0)
		return send_text(s, "", 0, e);
	if (s->o->noperands == 0 || (s->o->noperands == 1 &&
	    strcmp(s->o->operands[0], "-") == 0))
		return send_stdin(s, e);
	if (prompt_read(&p, &cli_signal, &text, e) < 0)
		return -1;
	return send_text(s, text.data, text.len, e);
}

/* The answer. */

static int
print_reply(const struct sending *s, const struct hub_delivery *d,
    struct err *e)
{
	AUTO_JV jv record = JSON_NONE;
	AUTO_JV jv status = JSON_NONE;
	AUTO_FREE char *words = NULL;
	const char *type;
	double code = 0;

	if (json_parse(d->line, d->len, &record, e) < 0)
		return -1;
	if (s->o->format != OUTBOX_NDJSON)
		words = hubcli_words(&record);
	if ((words ? hubcli_line(words, strlen(words), e)
	    : hubcli_line(d->line, d->len, e)) < 0)
		return -1;
	type = json_str(&record, "type");
	status = json_path(&record, "data.status");
	(void)json_number(&status, &code);
	return (type && strcmp(type, RECORD_ERROR) == 0) || code != 0
	    ? ST_NO : ST_OK;
}

static int
await_reply(const struct sending *s, struct deadline until, struct err *e)
{
	struct hub_delivery d = { .line = NULL };
	int n, status;

	while ((n = hub_take(s->answer, &d, 1, e)) == 0) {
		int r = hub_wait(s->answer, until, -1, &cli_signal, e);

		if (r < 0)
			return -1;
		if (r == 0)
			return err_set(e, ST_TIMEOUT, "no answer in time; it "
			    "will be in the mailbox: agent-recv --corr %s",
			    s->batch[0].id);
	}
	if (n < 0)
		return -1;
	status = print_reply(s, &d, e);
	hub_delivery_release(&d);
	/* printed: only now it is taken */
	if (status >= 0 && hub_take(s->answer, &d, 0, e) < 0)
		status = -1;
	return status;
}

static int
send_and_wait(struct sending *s, struct err *e)
{
	struct deadline until = deadline_in(s->o->wait_ns);
	int r = send_input(s, e);

	if (r != ST_OK)
		return r;
	if (!s->answer)
		return err_set(e, ST_USAGE, "nothing was sent");
	return await_reply(s, until, e);
}

int
outbox_run(const struct outbox *o, struct hubcli *c, struct err *e)
{
	struct sending s = { .o = o, .c = c, .how = o->how,
		.post = POST_INIT, .boxes = JSON_NONE,
		.original = JSON_NONE };
	int r = post_open(c->hub, hubcli_workspace(c), c->source, &s.post, e);

	if (r == 0)
		r = address(&s, e);
	if (r == 0)
		r = o->wait ? send_and_wait(&s, e) : send_input(&s, e);
	sending_release(&s);
	return r;
}
