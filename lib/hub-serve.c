/* hub-serve: does what a sandbox asks for, if it may. */
#include "config.h"

#include "hub-serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "fd.h"
#include "gate.h"
#include "hub.h"
#include "ndjson.h"
#include "post.h"
#include "record.h"

enum {
	REQUEST_MAX = 64 << 20,
	MESSAGES_MAX = 1024,
	TAKERS = 8,
	TAKE_MAX = 64
};

struct session {
	int fd;
	struct ndjson_reader in;
	const struct workspace *w;
	struct hub *hub;
	struct post post;
	struct hub_taker *takers[TAKERS];
	struct hub_watch *watch;
	const volatile int *stop;
};

static const char *
member(const jv *o, const char *key)
{
	const char *s = json_str(o, key);

	return s ? s : "";
}

static int64_t
number(const jv *o, const char *key, int64_t min, int64_t max)
{
	int64_t n = 0;

	(void)json_int(o, key, &n);
	return n < min ? min : n > max ? max : n;
}

/* Whether the box is one that we may take from. */
static bool
ours(struct session *s, const char *box)
{
	struct err ignored = ERR_INIT;

	if (strcmp(box, s->post.source) == 0)
		return true;
	return strncmp(box, "/queue/", 7) == 0 &&
	    post_check(&s->post, box, NULL, &ignored) == 0;
}

static int
need_ours(struct session *s, const char *box, struct err *e)
{
	if (ours(s, box))
		return 0;
	return err_set(e, ST_DENIED, "'%s' may not take from '%s'",
	    s->post.source, box);
}

/* A message that we sent or were sent, or that is in a queue of ours. */
static int
visible(struct session *s, const char *id, jv *ret, struct err *e)
{
	int r = hub_get(s->hub, id, ret, e);

	if (r <= 0)
		return r;
	if (strcmp(member(ret, "source"), s->post.source) == 0 ||
	    ours(s, member(ret, "box")))
		return 1;
	json_release(ret);
	*ret = JSON_NONE;
	return 0;
}

/* NULL when there is no such one. */
static struct hub_taker **
find_taker(struct session *s, const jv *request, struct err *e)
{
	int64_t n = number(request, "taker", -1, TAKERS);

	if (n >= 0 && n < TAKERS && s->takers[n])
		return &s->takers[n];
	err_set(e, ST_PROTOCOL, "no such taker");
	return NULL;
}

/* The operations: 0 and the answer in `*ret`, or -1. */

static int
one_message(struct session *s, const jv *one, struct post_how *how,
    struct post_message *ret, struct err *e)
{
	AUTO_JV jv text = json_get(one, "line");
	struct ndjson_line line = NDJSON_LINE_INIT;
	AUTO_JV jv value = JSON_NONE;
	AUTO_FREE char *box = hub_address(member(one, "box"), false, e);

	if (!box || !json_is(&text, JSON_STRING))
		return err_set(e, ST_PROTOCOL, "no message");
	line.text = json_string(&text);
	line.len = json_string_len(&text);
	if (memchr(line.text, '\n', line.len))
		return err_set(e, ST_PROTOCOL, "a message of two lines");
	if (json_parse(line.text, line.len, &value, e) < 0)
		return -1;
	if (!json_is(&value, JSON_OBJECT))
		return err_set(e, ST_DATA, "not an object");
	line.value = value;
	how->box = box;
	how->key = json_str(one, "key");
	how->priority = (int)number(one, "priority", HUB_PRIO_MIN,
	    HUB_PRIO_MAX);
	how->tries = (int)number(one, "tries", 0, 1000);
	how->at_ns = number(one, "at_ms", 0, INT64_MAX / CLOCK_MS) * CLOCK_MS;
	how->ttl_ns = number(one, "ttl_ms", 0, INT64_MAX / CLOCK_MS / 4) *
	    CLOCK_MS;
	return post_line(&s->post, how, &line, ret, e);
}

static int
op_send(struct session *s, const jv *request, jv *ret, struct err *e)
{
	AUTO_JV jv list = json_get(request, "messages");
	size_t n = json_count(&list), made = 0;
	AUTO_FREE struct post_message *m = xcalloc(n + 1, sizeof(*m));
	AUTO_FREE char (*ids)[ULID_LEN + 1] = xcalloc(n + 1, sizeof(*ids));
	struct post_how how = { .priority = HUB_PRIO_DEFAULT };
	int r = 0;

	if (n == 0 || n > MESSAGES_MAX)
		return err_set(e, ST_PROTOCOL, "1 to %d messages at a time",
		    MESSAGES_MAX);
	for (; made < n && r == 0; made++) {
		AUTO_JV jv one = json_at(&list, made);
		r = one_message(s, &one, &how, &m[made], e);
	}
	if (r == 0)
		r = post_send(&s->post, &how, m, n, ids, e);
	for (size_t i = 0; i < n && r == 0; i++) {
		jv o = json_object();
		json_set_str(&o, "id", ids[i]);
		json_set_bool(&o, "known", strcmp(ids[i], m[i].id) != 0);
		json_append(ret, o);
	}
	for (size_t i = 0; i < made; i++)
		post_message_release(&m[i]);
	return r;
}

static int
op_open(struct session *s, const jv *request, jv *ret, struct err *e)
{
	struct hub_take how = {
		.box = member(request, "box"),
		.corr = json_str(request, "corr"),
		.lease_ns = number(request, "lease_ms", 0, 86400000) *
		    CLOCK_MS
	};
	bool timed = false;

	(void)json_bool(request, "ack", &how.ack);
	if (json_bool(request, "timed", &timed) && timed)
		how.owner_pid = -1;
	if (need_ours(s, how.box, e) < 0)
		return -1;
	for (int i = 0; i < TAKERS; i++)
		if (!s->takers[i]) {
			*ret = json_from_int(i);
			return hub_taker_open(s->hub, &how, &s->takers[i], e);
		}
	return err_set(e, ST_PROTOCOL, "more than %d takers", TAKERS);
}

static int
op_take(struct session *s, const jv *request, jv *ret, struct err *e)
{
	struct hub_delivery d[TAKE_MAX];
	struct hub_taker **t = find_taker(s, request, e);
	int n;

	if (!t || (n = hub_take(*t, d,
	    (int)number(request, "max", 0, TAKE_MAX), e)) < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		jv o = json_object();

		json_set(&o, "line", json_from_bytes(d[i].line, d[i].len));
		json_set_str(&o, "id", d[i].id);
		json_set_str(&o, "lease", d[i].lease);
		json_set_int(&o, "number", d[i].number);
		json_append(ret, o);
		hub_delivery_release(&d[i]);
	}
	return 0;
}

static int
op_wait(struct session *s, const jv *request, jv *ret, struct err *e)
{
	struct hub_taker **t = find_taker(s, request, e);
	int r;

	if (!t)
		return -1;
	/* "enough" may have come with the request */
	r = ndjson_pending(&s->in) ? 2 :
	    hub_wait(*t, DEADLINE_NEVER, s->fd, s->stop, e);
	*ret = json_from_int(r);
	return r < 0 ? -1 : 0;
}

static int
op_close(struct session *s, const jv *request, jv *ret, struct err *e)
{
	struct hub_taker **t = find_taker(s, request, e);

	if (!t)
		return -1;
	hub_taker_close(*t);
	*t = NULL;
	*ret = json_from_int(0);
	return 0;
}

static int
op_held(struct session *s, const jv *request, jv *ret, struct err *e)
{
	struct hub_taker **t = find_taker(s, request, e);
	int n = t ? hub_held(*t, e) : -1;

	*ret = json_from_int(n);
	return n < 0 ? -1 : 0;
}

static int
op_await(struct session *s, const jv *request, jv *ret, struct err *e)
{
	struct hub_taker **t = find_taker(s, request, e);

	*ret = json_from_int(0);
	if (!t)
		return -1;
	return hub_await(*t, member(request, "id"), e);
}

static int
op_settle(struct session *s, const jv *request, jv *ret, struct err *e)
{
	const char *lease = member(request, "lease");
	AUTO_FREE char *id = xstrndup(lease, strcspn(lease, "."));
	int64_t v = number(request, "verdict", 0, HUB_DEAD);
	AUTO_JV jv item = JSON_NONE;
	int r;

	if ((r = hub_get(s->hub, id, &item, e)) < 0)
		return -1;
	if (r == 0 || !ours(s, member(&item, "box")))
		return err_set(e, ST_NO, "there is no message '%s'", lease);
	r = hub_settle(s->hub, member(&item, "box"), lease,
	    (enum hub_verdict)v, number(request, "pause_ms", 0, 86400000) *
	    CLOCK_MS, json_str(request, "why"), e);
	*ret = json_from_int(r);
	return r > 0 ? 0 : -1;
}

static int
op_get(struct session *s, const jv *request, jv *ret, struct err *e)
{
	int r = visible(s, member(request, "id"), ret, e);

	if (r == 0)
		*ret = json_null();
	return r < 0 ? -1 : 0;
}

static int
op_subscribers(struct session *s, const jv *request, jv *ret, struct err *e)
{
	const char *topic = member(request, "topic");

	return post_recipients(&s->post, *topic ? topic : NULL, ret, e);
}

static int
op_ask(struct session *s, const jv *request, jv *ret, struct err *e)
{
	AUTO_JV jv q = json_get(request, "question");

	if (!json_is(&q, JSON_OBJECT) || !json_str(&q, "question") ||
	    !json_str(&q, "kind") || !json_str(&q, "subject"))
		return err_set(e, ST_PROTOCOL, "no question");
	json_set_str(&q, "source", s->post.source);
	/* the file is one of theirs: what it said has come along */
	json_unset(&q, "path");
	return gate_put(s->hub, s->w, json_copy(&q), ret, e);
}

static int
op_gate(struct session *s, const jv *request, jv *ret, struct err *e)
{
	int r = hub_gate_get(s->hub, member(request, "id"), ret, e);

	if (r < 0 || (r > 0 && strcmp(member(ret, "source"),
	    s->post.source) == 0))
		return r < 0 ? -1 : 0;
	json_release(ret);
	*ret = json_null();
	return 0;
}

static int
op_gate_wait(struct session *s, const jv *request, jv *ret, struct err *e)
{
	int r = 1;

	(void)request;
	if (!s->watch) {
		/* what came before was not heard: look once more */
		if (hub_gate_watch(s->hub, &s->watch, e) < 0)
			return -1;
	} else if (ndjson_pending(&s->in)) {
		r = 2;
	} else {
		r = hub_watch_wait(s->watch, DEADLINE_NEVER, s->fd, s->stop,
		    e);
	}
	*ret = json_from_int(r);
	return r < 0 ? -1 : 0;
}

static const struct op {
	const char *name;
	int (*fn)(struct session *s, const jv *request, jv *ret,
	    struct err *e);
	bool list;		/* `*ret` starts as an array */
} ops[] = {
	{ "ask", op_ask, false },
	{ "await", op_await, false },
	{ "close", op_close, false },
	{ "gate", op_gate, false },
	{ "gate-wait", op_gate_wait, false },
	{ "get", op_get, false },
	{ "held", op_held, false },
	{ "open", op_open, false },
	{ "send", op_send, true },
	{ "settle", op_settle, false },
	{ "subscribers", op_subscribers, false },
	{ "take", op_take, true },
	{ "wait", op_wait, false },
};

static int
perform(struct session *s, const jv *request, jv *ret, struct err *e)
{
	const char *name = member(request, "op");

	for (size_t i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (strcmp(ops[i].name, name) == 0) {
			if (ops[i].list)
				*ret = json_array();
			return ops[i].fn(s, request, ret, e);
		}
	return err_set(e, ST_DENIED, "no such operation");
}

static int
reply(struct session *s, int r, const jv *ok, const struct err *failed,
    struct err *e)
{
	AUTO_JV jv o = json_object();

	if (r == 0)
		json_set(&o, "ok", json_copy(ok));
	else
		json_set(&o, "error", record_error_data(failed));
	return ndjson_write(s->fd, &o, e);
}

static void
converse(struct session *s, struct err *e)
{
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;
	AUTO_JV jv hello = json_from_str(s->post.source);

	ndjson_init(&s->in, s->fd, REQUEST_MAX);
	if (reply(s, 0, &hello, NULL, e) < 0)
		return;
	while ((got = ndjson_next_until(&s->in, DEADLINE_NEVER, s->stop, &line,
	    e)) == NDJSON_LINE) {
		AUTO_JV jv ok = JSON_NONE;
		struct err failed = ERR_INIT;
		int r;

		/* ends a wait that may have ended before */
		if (strcmp(member(&line.value, "op"), "enough") == 0)
			continue;
		r = perform(s, &line.value, &ok, &failed);
		if (reply(s, r, &ok, &failed, e) < 0)
			break;
	}
	ndjson_line_release(&line);
	ndjson_release(&s->in);
}

static void
end_session(struct session *s)
{
	for (int i = 0; i < TAKERS; i++)
		hub_taker_close(s->takers[i]);
	if (s->watch)
		hub_watch_close(s->watch);
	post_close(&s->post);
	hub_close(s->hub);
}

/* Who cannot be served is told why. */
static int
open_session(struct session *s, const char *identity, struct err *e)
{
	struct err ignored = ERR_INIT;

	if (hub_open(s->w->dir, NULL, s->stop, &s->hub, e) == 0 &&
	    post_open(s->hub, s->w, identity, &s->post, e) == 0)
		return 0;
	(void)reply(s, -1, NULL, e, &ignored);
	return -1;
}

int
hub_serve_one(const struct workspace *w, const char *identity, int fd,
    const volatile int *stop, struct err *e)
{
	struct session s = { .fd = fd, .w = w, .post = POST_INIT,
		.stop = stop };
	struct err ignored = ERR_INIT;
	int r = open_session(&s, identity, e);

	if (r == 0)
		converse(&s, &ignored);
	end_session(&s);
	return r;
}

/*
 * In a process of its own.  Takers that are still there were not closed by
 * who opened them: a sandbox was killed.  So nothing is given back in order:
 * our own end tells the others, and counts.
 */
static void __attribute__((noreturn))
serve_and_exit(const struct workspace *w, const char *identity, int fd,
    const volatile int *stop)
{
	struct session s = { .fd = fd, .w = w, .post = POST_INIT,
		.stop = stop };
	struct err e = ERR_INIT;

	if (open_session(&s, identity, &e) == 0)
		converse(&s, &e);
	_exit(e.status != ST_OK);
}

/* Only processes of our own user, however the file may be reached. */
static bool
peer_is_us(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	    peer.uid == geteuid();
}

static void
reap(int *n)
{
	while (*n > 0 && waitpid(-1, NULL, WNOHANG) > 0)
		--*n;
}

static int
accept_one(const struct workspace *w, const char *identity, int listener,
    const volatile int *stop, int *connections)
{
	AUTO_FD int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	pid_t parent = getpid();
	pid_t pid;

	if (fd < 0 || !peer_is_us(fd))
		return 0;
	/* whoever is one too many waits for another one's end */
	while (*connections >= HUB_SERVE_MAX) {
		if (waitpid(-1, NULL, 0) < 0)
			break;
		--*connections;
	}
	pid = fork();
	if (pid == 0) {
		close(listener);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(1);
		serve_and_exit(w, identity, fd, stop);
	}
	*connections += pid > 0;
	return 0;
}

int
hub_serve(const struct workspace *w, const char *identity, int listener,
    const volatile int *stop, struct err *e)
{
	int connections = 0, r;

	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		/* now and then, to bury those that have ended */
		r = fd_wait(listener, POLLIN, connections > 0 ?
		    deadline_in(10 * CLOCK_SEC) : DEADLINE_NEVER, stop, e);
		reap(&connections);
		if (r < 0)
			break;
		if (r > 0)
			accept_one(w, identity, listener, stop, &connections);
	}
	return *stop ? 0 : -1;
}
