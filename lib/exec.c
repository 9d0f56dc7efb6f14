/* exec: programs in the place of a server. */
#include "config.h"

#include "exec.h"

#include <signal.h>
#include <sys/epoll.h>

#include "alloc.h"
#include "child.h"
#include "fd.h"
#include "json.h"

/* For a program to end when told to, before it is made to. */
static const int64_t grace = CLOCK_SEC / 5;

struct exec_call {
	struct exec *exec;
	struct exec_call *next;
	struct http_events events;
	void *ctx;
	struct child child;
	struct http_timers timers;
	struct deadline until, idle, progress;
	bool begun;		/* a byte has come */
	bool cancelled, failed;
	struct err e;
};

struct exec {
	int ep;
	struct exec_call *calls;
};

static void *
exec_new(size_t connections, struct err *e)
{
	struct exec *x = xcalloc(1, sizeof(*x));

	(void)connections;
	x->ep = epoll_create1(EPOLL_CLOEXEC);
	if (x->ep >= 0)
		return x;
	err_sys(e, ST_SYSTEM, "cannot wait for programs");
	free(x);
	return NULL;
}

static void
free_call(struct exec_call *c)
{
	child_stop(&c->child, grace);
	free(c);
}

static void
exec_release(void *t)
{
	struct exec *x = t;

	/* all are told first: they end at once, not one after the other */
	for (struct exec_call *c = x->calls; c; c = c->next)
		child_signal(&c->child, SIGTERM);
	while (x->calls) {
		struct exec_call *c = x->calls;
		x->calls = c->next;
		free_call(c);
	}
	close(x->ep);
	free(x);
}

static struct deadline
within(int64_t ns)
{
	return ns > 0 ? deadline_in(ns) : DEADLINE_NEVER;
}

/* The words of a command; they live in it.  NULL: it is none. */
static const char **
words_of(const jv *command)
{
	size_t n = json_string(command) ? 3 : json_count(command);
	const char **argv = xcalloc(n + 1, sizeof(*argv));

	if (json_string(command)) {
		argv[0] = "sh";
		argv[1] = "-c";
		argv[2] = json_string(command);
		return argv;
	}
	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv word = json_at(command, i);
		argv[i] = json_string(&word);
	}
	return argv;
}

static int
run(struct exec_call *c, const char *target, const struct http_request *rq,
    struct err *e)
{
	const char *text = target + strlen(exec_transport.scheme);
	AUTO_JV jv command = JSON_NONE;
	AUTO_FREE const char **argv = NULL;
	AUTO_FD int in = fd_from_text(rq->body, rq->body_len, e);
	struct child_spec spec = CHILD_SPEC_INIT;

	if (in < 0 || json_parse(text, strlen(text), &command, e) < 0)
		return -1;
	argv = words_of(&command);
	if (!argv[0])
		return err_set(e, ST_CONFIG, "'exec' is empty");
	spec.argv = argv;
	spec.in = in;
	spec.out = CHILD_PIPE;
	if (child_start(&spec, &c->child, e) < 0) {
		e->status = ST_CONFIG;
		return -1;
	}
	return fd_set_nonblock(c->child.out, true, e);
}

/* Wakes us when it writes, and when it has ended. */
static int
watch(const struct exec_call *c, struct err *e)
{
	struct epoll_event ev = { .events = EPOLLIN };

	if (epoll_ctl(c->exec->ep, EPOLL_CTL_ADD, c->child.out, &ev) < 0 ||
	    (c->child.pidfd >= 0 && epoll_ctl(c->exec->ep, EPOLL_CTL_ADD,
	    c->child.pidfd, &ev) < 0))
		return err_sys(e, ST_SYSTEM, "cannot wait for a program");
	return 0;
}

static void *
exec_start(void *t, const char *target, const struct http_request *rq,
    const struct http_events *events, void *ctx, struct err *e)
{
	struct exec *x = t;
	struct exec_call *c = xcalloc(1, sizeof(*c));

	*c = (struct exec_call){
		.exec = x, .events = *events, .ctx = ctx,
		.child = CHILD_INIT, .timers = rq->timers,
		.until = rq->until,
		.idle = within(rq->timers.first_byte),
		.progress = within(rq->timers.progress)
	};
	if (run(c, target, rq, e) < 0 || watch(c, e) < 0) {
		free_call(c);
		return NULL;
	}
	c->next = x->calls;
	x->calls = c;
	return c;
}

static void
exec_cancel(void *call)
{
	struct exec_call *c = call;

	/* it may be the one that is giving events just now */
	c->cancelled = true;
	child_signal(&c->child, SIGTERM);
}

static void
exec_progress(void *call)
{
	struct exec_call *c = call;

	c->progress = within(c->timers.progress);
}

static void
exec_limit(void *call, struct deadline until)
{
	struct exec_call *c = call;

	c->until = until;
}

static int
exec_fd(const void *t)
{
	const struct exec *x = t;

	return x->ep;
}

static struct deadline
due_of(const struct exec_call *c)
{
	struct deadline d = deadline_min(c->until,
	    deadline_min(c->idle, c->progress));

	if (c->cancelled)
		return deadline_in(0);
	/* without a pidfd (before Linux 5.3) we look now and then */
	return c->child.pidfd >= 0 ? d :
	    deadline_min(d, deadline_in(20 * CLOCK_MS));
}

static struct deadline
exec_due(const void *t)
{
	const struct exec *x = t;
	struct deadline due = DEADLINE_NEVER;

	for (const struct exec_call *c = x->calls; c; c = c->next)
		due = deadline_min(due, due_of(c));
	return due;
}

static int
give_head(struct exec_call *c)
{
	static const struct http_field type = {
		"content-type", "application/x-ndjson"
	};
	const struct http_head head = { 200, &type, 1 };

	if (c->begun)
		return 0;
	c->begun = true;
	return c->events.head ? c->events.head(c->ctx, &head, &c->e) : 0;
}

/* Reads what there is: how often it did; the end closes our side. */
static int
drain(struct exec_call *c)
{
	char chunk[65536];
	struct err e = ERR_INIT;
	int happened = 0;
	ssize_t n = 0;

	while (!c->failed && !c->cancelled && c->child.out >= 0 &&
	    (n = fd_read(c->child.out, chunk, sizeof(chunk), &e)) > 0) {
		happened++;
		c->idle = within(c->timers.idle);
		if (give_head(c) < 0 || (!c->cancelled &&
		    c->events.body(c->ctx, chunk, (size_t)n, &c->e) < 0))
			c->failed = true;
	}
	if (c->child.out >= 0 && (n == 0 || n == -1) && !c->failed &&
	    !c->cancelled) {
		close(c->child.out);
		c->child.out = -1;
		happened++;
	}
	return happened;
}

static void
end(struct exec_call *c, int status)
{
	if (!c->failed && !c->cancelled && status == 0 && give_head(c) < 0)
		c->failed = true;
	if (!c->failed && status > ST_SIGNAL)
		err_set(&c->e, ST_UNAVAILABLE,
		    "the program was killed by signal %d",
		    status - ST_SIGNAL);
	else if (!c->failed && status != 0)
		err_set(&c->e, ST_UNAVAILABLE,
		    "the program ended with status %d", status);
}

/* Whether the call is over, with c->e saying how. */
static bool
over(struct exec_call *c)
{
	struct err e = ERR_INIT;
	int status;

	if (c->failed)
		return true;
	if (child_wait(&c->child, deadline_in(0), NULL, &status, &e) == 1) {
		(void)drain(c);
		end(c, status);
		return true;
	}
	if (!deadline_passed(due_of(c)) || c->child.pidfd < 0)
		return false;
	err_set(&c->e, ST_TIMEOUT, deadline_passed(c->until) ?
	    "the program was out of time" : "the program was silent");
	return true;
}

static int
exec_step(void *t, struct err *e)
{
	struct exec *x = t;
	struct exec_call **at = &x->calls, *c;
	int happened = 0;

	(void)e;
	while ((c = *at)) {
		int n = c->cancelled ? 0 : drain(c);
		if (n > 0)
			happened = 1;
		if (!c->cancelled && !over(c)) {
			at = &c->next;
			continue;
		}
		/* an event may have added calls before it */
		for (at = &x->calls; *at != c; at = &(*at)->next)
			;
		*at = c->next;
		if (!c->cancelled)
			c->events.done(c->ctx, c->e.status != ST_OK ? &c->e :
			    NULL);
		free_call(c);
		happened = 1;
		at = &x->calls;
	}
	return happened;
}

const struct transport_ops exec_transport = {
	.scheme = "exec:",
	.create = exec_new,
	.start = exec_start,
	.cancel = exec_cancel,
	.progress = exec_progress,
	.limit = exec_limit,
	.fd = exec_fd,
	.due = exec_due,
	.step = exec_step,
	.release = exec_release
};
