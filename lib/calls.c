/* calls: the tool calls of one turn, each in a sandbox of its own, at once. */
#include "config.h"

#include "calls-impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include "alloc.h"
#include "fd.h"
#include "mcp.h"
#include "path.h"
#include "strs.h"
#include "subagent.h"
#include "toolbox.h"

enum {
	GRACE_SECONDS = 3,
	AGAIN_MAX = 3,
	OVERDUE_SECONDS = 10,
	TEXT_MIN = 1000,	/* of each result, however many there are */
	GLANCE_MS = 500		/* at the signal flag, in case poll missed it */
};

void
call_release(struct call *c)
{
	struct call none = CALL_INIT;

	free(c->id);
	free(c->name);
	free(c->output);
	free(c->key);
	jv_free(c->arguments);
	jv_free(c->usage);
	buf_release(&c->text);
	child_stop(&c->child, 0);
	if (c->out >= 0)
		close(c->out);
	if (c->file >= 0)
		close(c->file);
	*c = none;
}

static bool
is_shell(const struct call *c)
{
	return strcmp(c->name, "shell") == 0;
}

static bool
is_spawn(const struct call *c)
{
	return strcmp(c->name, "spawn") == 0;
}

static bool
is_served(const struct calls_place *place, const struct call *c)
{
	const struct tool *t = toolbox_find(place->tools, c->name);

	return t && t->server;
}

/* Ends a call that never ran, in words for the model. */
static void
refuse(struct call *c, const char *why)
{
	c->state = CALL_ENDED;
	c->ok = false;
	buf_reset(&c->text);
	buf_addf(&c->text, "error: %s", why);
}

/* Whether it can be run as it stands; if not, it has ended. */
static bool
check(const struct calls_place *place, struct call *c)
{
	const struct tool *t = toolbox_find(place->tools, c->name);
	struct err why = ERR_INIT;

	if (json_is(&c->arguments, JSON_NOTHING))
		err_set(&why, ST_NO, "%s", c->text.len > 0 ? c->text.data :
		    "no arguments");
	else if (!t)
		err_set(&why, ST_NO, "there is no tool '%s'", c->name);
	else if (t->server && mcp_state(t->server) == MCP_GONE)
		why = *mcp_failure(t->server);
	else if (tool_check(t, &c->arguments, &why) == 0 &&
	    (!is_spawn(c) || subagent_check(place->subagents, &c->arguments,
	    &why) == 0) && (t->run || t->program || t->file || t->server ||
	    is_shell(c)))
		return true;
	else if (!why.status)
		err_set(&why, ST_NO, "call '%s' alone, as the last thing",
		    c->name);
	refuse(c, why.text);
	return false;
}

int
calls_open_output(const struct calls_place *place, struct call *c,
    struct err *e)
{
	free(c->output);
	c->output = xasprintf("%s/%04lu-%s.txt", place->output_dir, c->number,
	    c->name);
	c->file = open(c->output, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);
	if (c->file < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'",
		    c->output);
	return 0;
}

static int
start(const struct calls_place *place, struct call *c, struct err *e)
{
	AUTO_STRS struct strs w = STRS_INIT;
	struct child_spec spec = CHILD_SPEC_INIT;
	AUTO_FD int in = -1;
	int p[2];

	if (is_served(place, c)) {
		calls_ask(place, c);
		return 0;
	}
	if (calls_words(place, c, &w, &in, e) < 0 ||
	    calls_open_output(place, c, e) < 0)
		return -1;
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, ST_SYSTEM, "cannot make a pipe");
	c->out = p[0];
	AUTO_FD int write_end = p[1];
	spec.argv = (const char *const *)w.v;
	spec.in = in;
	spec.out = spec.err = write_end;
	c->started = clock_mono();
	c->state = CALL_RUNNING;
	if (child_start(&spec, &c->child, e) < 0)
		return -1;
	return fd_set_nonblock(c->out, true, e);
}

static bool
same_path(const struct calls_place *place, const struct call *a,
    const struct call *b)
{
	const char *p = json_str(&a->arguments, "path");
	const char *q = json_str(&b->arguments, "path");
	const struct tool *s = toolbox_find(place->tools, a->name);
	const struct tool *t = toolbox_find(place->tools, b->name);

	return p && q && strcmp(p, q) == 0 && s && t &&
	    ((s->flags | t->flags) & TOOL_CHANGES);
}

static bool
must_wait(const struct calls_place *place, const struct call *calls, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (calls[k].state != CALL_ENDED &&
		    same_path(place, &calls[k], &calls[i]))
			return true;
	return false;
}

/* The file's bytes from `from`, `len` of them. */
static int
add_part(const struct call *c, int64_t from, size_t len, struct buf *out,
    struct err *e)
{
	buf_reserve(out, len);
	while (len > 0) {
		ssize_t n = pread(c->file, out->data + out->len, len, from);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, ST_IO, "cannot read '%s'",
			    c->output);
		if (n == 0)
			break;
		out->len += (size_t)n;
		len -= (size_t)n;
		from += n;
	}
	out->data[out->len] = '\0';
	return 0;
}

/* A sub-agent that was killed waits to be begun again. */
static void
read_subagent(struct call *c, size_t max)
{
	AUTO_BUF struct buf all = BUF_INIT;

	if (!subagent_result(c->file, &all, &c->usage) &&
	    c->status > ST_SIGNAL && c->again < AGAIN_MAX) {
		c->again++;
		c->state = CALL_WAITING;
		c->written = 0;
		return;
	}
	c->truncated = all.len > max;
	tool_text(all.data, all.len, max, &c->text);
}

/* What the model reads of the output: all, or its start and its end. */
static int
read_back(struct call *c, size_t max, struct err *e)
{
	size_t written = (size_t)c->written, head = max / 3;

	if (is_spawn(c)) {
		read_subagent(c, max);
		return 0;
	}
	if (written <= max)
		return add_part(c, 0, written, &c->text, e);
	c->truncated = true;
	if (add_part(c, 0, head, &c->text, e) < 0)
		return -1;
	buf_addf(&c->text, TOOL_GAP, written - max);
	return add_part(c, (int64_t)(written - max + head), max - head,
	    &c->text, e);
}

/* A sandbox that could not be made says so in its own name. */
static int
check_sandbox(const struct call *c, struct err *e)
{
	static const char name[] = "agent-sandbox: ";

	if (c->status != ST_WRAPPER || c->text.len < sizeof(name) ||
	    memcmp(c->text.data, name, sizeof(name) - 1) != 0)
		return 0;
	return err_set(e, ST_WRAPPER, "no sandbox: %.*s",
	    (int)strcspn(c->text.data + sizeof(name) - 1, "\n"),
	    c->text.data + sizeof(name) - 1);
}

static void
add_verdict(const struct calls_place *place, struct call *c)
{
	const struct tool *t = toolbox_find(place->tools, c->name);
	AUTO_FREE char *name = xasprintf("%s: ", t->program ? t->program :
	    "agent-tool");

	if (c->ok || is_spawn(c))
		return;
	if (!is_shell(c) && !t->file &&
	    strncmp(c->text.data, name, strlen(name)) == 0) {
		AUTO_FREE char *why = xstrdup(c->text.data + strlen(name));
		buf_reset(&c->text);
		buf_addf(&c->text, "error: %s", why);
	} else if (c->written > place->output_max) {
		buf_addf(&c->text, "\n[killed: more than %lld bytes of "
		    "output]", (long long)place->output_max);
	} else if (c->status == ST_TIMEOUT) {
		buf_addf(&c->text, "\n[killed: still running after %lld s]",
		    (long long)(calls_timeout(place, c) / CLOCK_SEC));
	} else {
		buf_addf(&c->text, "%s[exit status %d]",
		    c->text.len > 0 ? "\n" : "", c->status);
	}
}

/* All that the model reads. */
static int
take_words(struct call *c, size_t text_max, struct err *e)
{
	c->duration_ns = clock_mono() - c->started;
	c->state = CALL_ENDED;
	if (read_back(c, text_max, e) < 0 || check_sandbox(c, e) < 0)
		return -1;
	close(c->file);
	c->file = -1;
	return 0;
}

static int
finish(const struct calls_place *place, struct call *c, size_t text_max,
    struct err *e)
{
	if (child_wait(&c->child, deadline_in(GRACE_SECONDS * CLOCK_SEC), NULL,
	    &c->status, e) != 1)
		c->status = child_stop(&c->child, CLOCK_SEC);
	close(c->out);
	c->out = -1;
	if (c->overdue)
		c->status = ST_TIMEOUT;
	c->ok = c->status == 0;
	if (take_words(c, text_max, e) < 0)
		return -1;
	add_verdict(place, c);
	return 0;
}

/* Takes what it printed: 1 there may be more, 0 the end. */
static int
drain(const struct calls_place *place, struct call *c, struct err *e)
{
	char chunk[65536];
	ssize_t n = fd_read(c->out, chunk, sizeof(chunk), e);
	int64_t room = place->output_max - c->written;

	if (n == FD_AGAIN)
		return 1;
	if (n <= 0)
		return (int)n;
	if (fd_write(c->file, chunk, n > room ? (size_t)room : (size_t)n,
	    e) < 0)
		return err_prefix(e, "'%s'", c->output);
	c->written += n > room ? room : n;
	if (n <= room)
		return 1;
	c->written++;	/* tells add_verdict() why it died */
	child_signal(&c->child, SIGKILL);
	return 0;
}

struct batch {
	const struct calls_place *place;
	struct call *calls;
	size_t n;
	int (*ended)(void *context, const struct call *c, struct err *e);
	void *context;
};

static size_t
count(const struct batch *b, enum call_state state)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->calls[i].state == state;
	return n;
}

/* What the model may read of one. */
static size_t
text_max(const struct batch *b)
{
	int64_t each = b->place->text_max / (int64_t)b->n;

	return b->place->text_max == 0 || each > TOOL_TEXT_MAX ?
	    TOOL_TEXT_MAX : each < TEXT_MIN ? TEXT_MIN : (size_t)each;
}

/* Starts those that may run now; those that cannot at all end here. */
static int
start_some(struct batch *b, struct err *e)
{
	for (size_t i = 0; i < b->n; i++) {
		struct call *c = &b->calls[i];

		if (c->state != CALL_WAITING ||
		    must_wait(b->place, b->calls, i) ||
		    count(b, CALL_RUNNING) >= (size_t)b->place->jobs)
			continue;
		if (!check(b->place, c)) {
			if (b->ended(b->context, c, e) < 0)
				return -1;
		} else if (start(b->place, c, e) < 0) {
			return -1;
		}
	}
	return 0;
}

/* Waits for output of any, or a knock; -1 at the deadline or a signal. */
static int
wait_some(struct batch *b, struct pollfd *p, struct deadline until,
    const volatile int *stop, struct err *e)
{
	struct door *door = b->place->door;

	for (size_t i = 0; i < b->n; i++)
		calls_poll(b->place, &b->calls[i], &p[2 * i]);
	p[2 * b->n] = (struct pollfd){
		.fd = door ? door->fd : -1, .events = POLLIN,
	};
	if (poll(p, 2 * b->n + 1, deadline_poll_ms(deadline_min(until,
	    deadline_in(GLANCE_MS * CLOCK_MS)))) < 0 && errno != EINTR)
		return err_sys(e, ST_SYSTEM, "cannot poll");
	if (stop && *stop)
		return err_set(e, ST_SIGNAL + *stop, "interrupted");
	if (deadline_passed(until))
		return err_set(e, ST_TIMEOUT, "out of time");
	return p[2 * b->n].revents != 0 ? door_serve(door, e) : 0;
}

/*
 * The sandbox ends what takes too long; what runs outside of it, or is the
 * sandbox, has nobody but us.
 */
static bool
is_overdue(const struct calls_place *place, const struct call *c)
{
	return clock_mono() - c->started > calls_timeout(place, c) +
	    OVERDUE_SECONDS * CLOCK_SEC;
}

/* What a call has to say, or its end. */
static int
take_some(struct batch *b, struct call *c, bool ready, struct err *e)
{
	int more = 1;

	if (c->request) {
		more = calls_take(b->place, c, e);
		if (more <= 0)
			return more;
		return take_words(c, text_max(b), e) < 0 ? -1 :
		    b->ended(b->context, c, e);
	}
	c->overdue = is_overdue(b->place, c);
	if (c->overdue)
		child_signal(&c->child, SIGKILL);
	else if (ready)
		more = drain(b->place, c, e);
	if (more < 0)
		return -1;
	if (more > 0 && !c->overdue)
		return 0;
	return finish(b->place, c, text_max(b), e) < 0 ||
	    (c->state == CALL_ENDED && b->ended(b->context, c, e) < 0) ?
	    -1 : 0;
}

static int
run_batch(struct batch *b, struct pollfd *p, struct deadline until,
    const volatile int *stop, struct err *e)
{
	while (count(b, CALL_ENDED) < b->n) {
		if (start_some(b, e) < 0)
			return -1;
		if (count(b, CALL_RUNNING) == 0)
			continue;
		if (wait_some(b, p, until, stop, e) < 0)
			return -1;
		for (size_t i = 0; i < b->n; i++) {
			struct call *c = &b->calls[i];

			if (c->state == CALL_RUNNING && take_some(b, c,
			    p[2 * i].revents != 0, e) < 0)
				return -1;
		}
	}
	return 0;
}

int
calls_run(const struct calls_place *place, struct call *calls, size_t n,
    struct deadline until, const volatile int *stop,
    int (*ended)(void *context, const struct call *c, struct err *e),
    void *context, struct err *e)
{
	struct batch b = { place, calls, n, ended, context };
	struct pollfd *p = xcalloc(2 * n + 1, sizeof(*p));
	int r = run_batch(&b, p, until, stop, e);

	/* all get their notice before any is waited for */
	for (size_t i = 0; r < 0 && i < n; i++) {
		child_signal(&calls[i].child, SIGTERM);
		calls_give_up(place, &calls[i], "interrupted");
	}
	for (size_t i = 0; r < 0 && i < n; i++)
		child_stop(&calls[i].child, GRACE_SECONDS * CLOCK_SEC);
	free(p);
	return r;
}
