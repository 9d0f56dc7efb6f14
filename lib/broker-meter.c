/* broker-meter: requests that somebody pays for: meter.h. */
#include "config.h"

#include "broker-impl.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "alloc.h"
#include "fd.h"
#include "fdpass.h"
#include "json.h"
#include "meter.h"

enum { PATH_SHOWN = 512 };

static int
say(const struct broker *b, jv message, int fd)
{
	AUTO_JV jv own = message;
	AUTO_FREE char *text = json_text(&own);

	return fdpass_send(b->meter, text, strlen(text), fd);
}

static struct broker_conn *
find(struct broker *b, int64_t id)
{
	struct broker_conn *c = b->conns;

	while (c && c->metered != id)
		c = c->next;
	return c;
}

static bool
has_room(const struct broker *b)
{
	size_t waiting = 0;

	for (const struct broker_conn *c = b->conns; c; c = c->next)
		waiting += c->state == BROKER_ASKED;
	return waiting < METER_WAITING_MAX;
}

bool
broker_meter_ask(struct broker_conn *c)
{
	struct broker *b = c->broker;
	size_t len = c->req.path_len < PATH_SHOWN ? c->req.path_len :
	    PATH_SHOWN;
	jv m;

	if (b->meter == BROKER_UNMETERED || strcmp(c->req.method, "POST") != 0)
		return false;
	if (b->meter < 0 || !has_room(b)) {
		broker_refuse(c, 503, b->meter < 0 ? "nobody keeps the books" :
		    "too many at once");
		return true;
	}
	c->metered = ++b->asked;
	c->state = BROKER_ASKED;
	c->until = DEADLINE_NEVER;
	m = json_object();
	json_set_int(&m, "id", c->metered);
	json_set(&m, "ask", json_from_bytes(c->req.target, len));
	if (!c->req.chunked)
		json_set_int(&m, "length", c->req.length);
	(void)say(b, m, -1);
	return true;
}

/* The answer is kept beside, in memory that is no longer ours once told. */
void
broker_meter_head(struct broker_conn *c, int status)
{
	c->status = status;
	if (c->metered)
		c->copy = memfd_create("answer", MFD_CLOEXEC);
}

void
broker_meter_body(struct broker_conn *c, const struct buf *text)
{
	struct err ignored;

	if (c->copy < 0 || text->len == 0)
		return;
	c->copied += text->len;
	if (c->copied > METER_KEPT_MAX ||
	    fd_write(c->copy, text->data, text->len, &ignored) < 0)
		close(steal_fd(&c->copy));
}

void
broker_meter_end(struct broker_conn *c, bool whole)
{
	jv m;

	if (!c->metered)
		return;
	m = json_object();
	json_set_int(&m, "id", c->metered);
	json_set_int(&m, "status", c->status);
	json_set_bool(&m, "whole", whole);
	(void)say(c->broker, m, c->copy);
	c->metered = 0;
	if (c->copy >= 0)
		close(steal_fd(&c->copy));
}

static void
lose(struct broker *b)
{
	loop_remove(b->loop, b->meter);
	close(b->meter);
	b->meter = BROKER_METER_LOST;
	for (struct broker_conn *c = b->conns, *next; c; c = next) {
		next = c->next;
		if (c->state == BROKER_ASKED)
			broker_refuse(c, 503, "nobody keeps the books");
	}
}

static void
take_answer(struct broker *b, const jv *m)
{
	struct broker_conn *c;
	const char *body = json_str(m, "body");
	int64_t id = 0, status = 503;

	(void)json_int(m, "id", &id);
	(void)json_int(m, "status", &status);
	c = id > 0 ? find(b, id) : NULL;
	if (!c || c->state != BROKER_ASKED)
		return;		/* the client has gone */
	if (json_has(m, "go")) {
		broker_begin(c);
		return;
	}
	c->metered = 0;
	broker_answer(c, (int)status, "application/json", body ? body : "");
}

static void
on_meter(void *arg, int fd, uint32_t events)
{
	struct broker *b = arg;
	char text[METER_TEXT];
	AUTO_JV jv m = JSON_NONE;
	struct err ignored;
	int with;
	ssize_t n = fdpass_recv(fd, text, sizeof(text), &with);

	(void)events;
	if (with >= 0)
		close(with);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
		lose(b);
	else if (json_parse(text, (size_t)n, &m, &ignored) == 0)
		take_answer(b, &m);
}

int
broker_meter(struct broker *b, int sock, struct err *e)
{
	b->meter = sock;
	if (loop_set(b->loop, sock, EPOLLIN, on_meter, b) < 0)
		return err_sys(e, ST_WRAPPER, "--meter %d", sock);
	return 0;
}
