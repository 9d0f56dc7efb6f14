/*
 * hub-socket: the hub as a sandboxed agent has it, through the socket that it
 * was given.  The other end is hub-serve.c, which knows whose the socket is.
 *
 * One request a line, {"op": ..., ...}, one answer a line: {"ok": ...} or
 * {"error": {"status": 77, "message": "..."}}.  The first line is the
 * server's and tells who we are.
 */
#include "config.h"

#include "hub-backend.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "alloc.h"
#include "fd.h"
#include "ndjson.h"

enum { ANSWER_MAX = 64 << 20 };

struct socket_hub {
	struct hub hub;		/* first */
	int fd;
	char *identity;
	struct ndjson_reader in;
	struct ndjson_line line;
};

struct socket_taker {
	struct hub_taker taker;	/* first */
	int64_t number;
};

struct socket_watch {
	struct hub_watch watch;	/* first */
};

static struct socket_hub *
socket_hub(struct hub *h)
{
	return (struct socket_hub *)(void *)h;
}

static struct socket_taker *
socket_taker(const struct hub_taker *t)
{
	return (struct socket_taker *)(uintptr_t)t;
}

/* Not by write(2): that would end us by SIGPIPE when the hub is gone. */
static int
put(struct socket_hub *h, const jv *request, struct err *e)
{
	AUTO_BUF struct buf line = BUF_INIT;
	size_t done = 0;

	json_write(request, &line);
	buf_addc(&line, '\n');
	while (done < line.len) {
		ssize_t n = send(h->fd, line.data + done, line.len - done,
		    MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			return err_set(e, ST_UNAVAILABLE,
			    "the socket to the hub was closed");
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* The next line as an answer; its `ok`, or the error that it tells. */
static int
answer(struct socket_hub *h, jv *ret, struct err *e)
{
	enum ndjson_result r = ndjson_next(&h->in, &h->line, e);

	if (r == NDJSON_EOF || r == NDJSON_FAIL)
		return err_set(e, ST_UNAVAILABLE,
		    "the socket to the hub was closed");
	if (r != NDJSON_LINE)
		return err_set(e, ST_PROTOCOL, "the hub answered nonsense");
	AUTO_JV jv error = json_get(&h->line.value, "error");
	if (json_is(&error, JSON_OBJECT)) {
		const char *text = json_str(&error, "message");
		int64_t status = ST_PROTOCOL;

		json_int(&error, "status", &status);
		return err_set(e, (int)status, "%s", text ? text : "refused");
	}
	*ret = json_get(&h->line.value, "ok");
	return 0;
}

/* Takes `request`. */
static int
call(struct socket_hub *h, const char *op, jv request, jv *ret, struct err *e)
{
	AUTO_JV jv mine = request;

	json_set_str(&mine, "op", op);
	if (put(h, &mine, e) < 0)
		return -1;
	return answer(h, ret, e);
}

/* A call whose answer is a number. */
static int
call_int(struct socket_hub *h, const char *op, jv request, struct err *e)
{
	AUTO_JV jv mine = request;
	AUTO_JV jv ok = JSON_NONE;
	double d = 0;

	if (call(h, op, json_copy(&mine), &ok, e) < 0)
		return -1;
	if (!json_number(&ok, &d) || d < 0 || d > 1e6)
		return err_set(e, ST_PROTOCOL, "the hub answered nonsense");
	return (int)d;
}

static void
set_text(jv *o, const char *key, const char *text)
{
	if (text)
		json_set_str(o, key, text);
}

static void
sock_close(struct hub *hub)
{
	struct socket_hub *h = socket_hub(hub);

	ndjson_line_release(&h->line);
	ndjson_release(&h->in);
	if (h->fd >= 0)
		close(h->fd);
	free(h->identity);
	free(h);
}

static jv
message_request(const struct hub_message *m)
{
	jv o = json_object();

	json_set_str(&o, "box", m->box);
	json_set(&o, "line", json_from_bytes(m->line, m->len));
	set_text(&o, "key", m->key);
	json_set_int(&o, "priority", m->priority);
	json_set_int(&o, "tries", m->tries);
	json_set_int(&o, "at_ms", m->at_ns / CLOCK_MS);
	json_set_int(&o, "ttl_ms", m->ttl_ns / CLOCK_MS);
	return o;
}

static int
sock_send(struct hub *hub, struct hub_message *m, size_t n, struct err *e)
{
	jv request = json_object();
	AUTO_JV jv list = json_array();
	AUTO_JV jv ok = JSON_NONE;

	for (size_t i = 0; i < n; i++)
		json_append(&list, message_request(&m[i]));
	json_set(&request, "messages", json_copy(&list));
	if (call(socket_hub(hub), "send", request, &ok, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv one = json_at(&ok, i);
		const char *id = json_str(&one, "id");

		if (!id)
			return err_set(e, ST_PROTOCOL,
			    "the hub answered nonsense");
		snprintf(m[i].accepted, sizeof(m[i].accepted), "%s", id);
		json_bool(&one, "known", &m[i].known);
	}
	return 0;
}

static int
sock_taker_open(struct hub *hub, const struct hub_take *how,
    struct hub_taker **ret, struct err *e)
{
	jv request = json_object();
	struct socket_taker *t;
	int n;

	json_set_str(&request, "box", how->box);
	set_text(&request, "corr", how->corr);
	json_set_int(&request, "lease_ms", how->lease_ns / CLOCK_MS);
	json_set_bool(&request, "ack", how->ack);
	/* a process of ours is nobody out there: time decides */
	json_set_bool(&request, "timed", how->owner_pid != 0);
	n = call_int(socket_hub(hub), "open", request, e);
	if (n < 0)
		return -1;
	t = xcalloc(1, sizeof(*t));
	t->taker.hub = hub;
	t->number = n;
	*ret = &t->taker;
	return 0;
}

static jv
taker_request(const struct hub_taker *t)
{
	jv o = json_object();

	json_set_int(&o, "taker", socket_taker(t)->number);
	return o;
}

static void
sock_taker_close(struct hub_taker *t)
{
	struct err ignored = ERR_INIT;

	(void)call_int(socket_hub(t->hub), "close", taker_request(t),
	    &ignored);
	free(t);
}

static int
delivery(const jv *o, struct hub_delivery *d, struct err *e)
{
	AUTO_JV jv line = json_get(o, "line");
	const char *id = json_str(o, "id"), *lease = json_str(o, "lease");
	int64_t number = 0;

	if (!json_is(&line, JSON_STRING) || !id || !lease ||
	    !json_int(o, "number", &number))
		return err_set(e, ST_PROTOCOL, "the hub answered nonsense");
	d->len = json_string_len(&line);
	d->line = xstrndup(json_string(&line), d->len);
	d->number = (int)number;
	snprintf(d->id, sizeof(d->id), "%s", id);
	snprintf(d->lease, sizeof(d->lease), "%s", lease);
	return 0;
}

static int
sock_take(struct hub_taker *t, struct hub_delivery *out, int max,
    struct err *e)
{
	jv request = taker_request(t);
	AUTO_JV jv ok = JSON_NONE;
	int n;

	json_set_int(&request, "max", max);
	if (call(socket_hub(t->hub), "take", request, &ok, e) < 0)
		return -1;
	for (n = 0; n < max && (size_t)n < json_count(&ok); n++) {
		AUTO_JV jv one = json_at(&ok, (size_t)n);

		if (delivery(&one, &out[n], e) < 0) {
			while (n-- > 0)
				hub_delivery_release(&out[n]);
			return -1;
		}
	}
	return n;
}

/* Waits for the answer to a `wait`; tells the server when we had enough. */
static int
wait_answer(struct socket_hub *h, struct deadline until, int also,
    const volatile int *stop, struct err *e)
{
	AUTO_JV jv enough = json_object();
	AUTO_JV jv ok = JSON_NONE;
	struct pollfd p[2] = { { h->fd, POLLIN, 0 }, { also, POLLIN, 0 } };
	int r = 0, got;
	double d = 0;

	if (!ndjson_pending(&h->in))
		do
			r = poll(p, 2, deadline_poll_ms(until));
		while (r < 0 && !(stop && *stop));
	got = r < 0 ? -1 : r > 0 && !p[0].revents ? 2 : 0;
	json_set_str(&enough, "op", "enough");
	if (put(h, &enough, e) < 0 || answer(h, &ok, e) < 0)
		return -1;
	if (got < 0)
		return err_set(e, ST_SIGNAL + *stop, "interrupted");
	if (json_number(&ok, &d) && d > 0 && d < 2)
		return 1;
	return got;
}

static int
wait_op(struct socket_hub *h, const char *op, jv request,
    struct deadline until, int also, const volatile int *stop, struct err *e)
{
	AUTO_JV jv mine = request;

	json_set_str(&mine, "op", op);
	if (put(h, &mine, e) < 0)
		return -1;
	return wait_answer(h, until, also, stop, e);
}

static int
sock_wait(struct hub_taker *t, struct deadline until, int also,
    const volatile int *stop, struct err *e)
{
	return wait_op(socket_hub(t->hub), "wait", taker_request(t), until,
	    also, stop, e);
}

static int
sock_held(struct hub_taker *t, struct err *e)
{
	return call_int(socket_hub(t->hub), "held", taker_request(t), e);
}

static int
sock_await(struct hub_taker *t, const char *id, struct err *e)
{
	jv request = taker_request(t);

	json_set_str(&request, "id", id);
	return call_int(socket_hub(t->hub), "await", request, e) < 0 ? -1 : 0;
}

static int
sock_settle(struct hub *hub, const char *box, const char *lease,
    enum hub_verdict v, int64_t pause_ns, const char *why, struct err *e)
{
	jv request = json_object();
	int r;

	set_text(&request, "box", box);
	json_set_str(&request, "lease", lease);
	json_set_int(&request, "verdict", (int64_t)v);
	json_set_int(&request, "pause_ms", pause_ns / CLOCK_MS);
	set_text(&request, "why", why);
	r = call_int(socket_hub(hub), "settle", request, e);
	/* "not yours any more" comes as an error of status 1 */
	return r < 0 && e->status == ST_NO ? 0 : r;
}

/* An object by id: 1, 0 when the answer is null. */
static int
fetch(struct hub *hub, const char *op, jv request, jv *ret, struct err *e)
{
	AUTO_JV jv mine = request;
	AUTO_JV jv ok = JSON_NONE;

	if (call(socket_hub(hub), op, json_copy(&mine), &ok, e) < 0)
		return -1;
	if (!json_is(&ok, JSON_OBJECT))
		return 0;
	*ret = json_copy(&ok);
	return 1;
}

static int
sock_get(struct hub *hub, const char *id, jv *ret, struct err *e)
{
	jv request = json_object();

	json_set_str(&request, "id", id);
	return fetch(hub, "get", request, ret, e);
}

static int
sock_subscribers(struct hub *hub, const char *topic, jv *ret, struct err *e)
{
	jv request = json_object();

	json_set_str(&request, "topic", topic);
	return call(socket_hub(hub), "subscribers", request, ret, e);
}

static int
sock_gate_get(struct hub *hub, const char *id, jv *ret, struct err *e)
{
	jv request = json_object();

	json_set_str(&request, "id", id);
	return fetch(hub, "gate", request, ret, e);
}

static int
sock_gate_ask(struct hub *hub, const jv *question, jv *ret, struct err *e)
{
	jv request = json_object();

	json_set(&request, "question", json_copy(question));
	return fetch(hub, "ask", request, ret, e) < 0 ? -1 : 0;
}

static int
sock_gate_watch(struct hub *hub, struct hub_watch **ret, struct err *e)
{
	struct socket_watch *w = xcalloc(1, sizeof(*w));

	(void)e;
	w->watch.hub = hub;
	*ret = &w->watch;
	return 0;
}

static int
sock_watch_wait(struct hub_watch *w, struct deadline until, int also,
    const volatile int *stop, struct err *e)
{
	return wait_op(socket_hub(w->hub), "gate-wait", json_object(), until,
	    also, stop, e);
}

static void
sock_watch_close(struct hub_watch *w)
{
	free(w);
}

static const struct hub_ops socket_ops = {
	.name = "socket",
	.close = sock_close,
	.send = sock_send,
	.taker_open = sock_taker_open,
	.taker_close = sock_taker_close,
	.take = sock_take,
	.wait = sock_wait,
	.held = sock_held,
	.await = sock_await,
	.settle = sock_settle,
	.get = sock_get,
	.subscribers = sock_subscribers,
	.gate_ask = sock_gate_ask,
	.gate_get = sock_gate_get,
	.gate_watch = sock_gate_watch,
	.watch_wait = sock_watch_wait,
	.watch_close = sock_watch_close
};

static int
connect_to(const char *path, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	AUTO_FD int fd = -1;

	if (strlen(path) >= sizeof(a.sun_path))
		return err_set(e, ST_CONFIG, "'%s' is too long for a socket",
		    path);
	memcpy(a.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return err_sys(e, ST_UNAVAILABLE, "cannot connect to '%s'",
		    path);
	return steal_fd(&fd);
}

int
hub_socket_open(const char *path, struct hub **ret, struct err *e)
{
	struct socket_hub *h;
	AUTO_JV jv ok = JSON_NONE;
	int fd = connect_to(path, e);

	if (fd < 0)
		return -1;
	h = xcalloc(1, sizeof(*h));
	h->hub.ops = &socket_ops;
	h->fd = fd;
	h->line = (struct ndjson_line)NDJSON_LINE_INIT;
	ndjson_init(&h->in, fd, ANSWER_MAX);
	if (answer(h, &ok, e) < 0 || !json_string(&ok)) {
		if (e->status == 0)
			err_set(e, ST_PROTOCOL, "'%s' is not a hub", path);
		sock_close(&h->hub);
		return -1;
	}
	h->identity = xstrdup(json_string(&ok));
	h->hub.identity = h->identity;
	*ret = &h->hub;
	return 0;
}
