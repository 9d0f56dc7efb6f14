/* broker-call: the host's side of the credential broker. */
#include "config.h"

#include "broker-impl.h"

#include <strings.h>

#include "alloc.h"

enum {
	CONNECT_SECONDS = 20,
	IDLE_SECONDS = 900		/* a model may think */
};

static void
add_blanked(struct broker_conn *c, const char *text)
{
	struct sieve s = { .key = c->key };

	sieve_take(&s, text, strlen(text), &c->out);
	sieve_end(&s, &c->out);
}

/* A redirect to where we come from leads to the endpoint. */
static void
add_field(struct broker_conn *c, const struct http_field *f)
{
	const char *origin = c->endpoint->rule.origin, *value = f->value;
	size_t n = strlen(origin);

	buf_addf(&c->out, "%s: ", f->name);
	if (strcasecmp(f->name, "location") == 0 &&
	    strncasecmp(value, origin, n) == 0 &&
	    (value[n] == '/' || value[n] == '\0')) {
		buf_addf(&c->out, "http://127.0.0.1:%u", c->endpoint->port);
		value += n;
	}
	add_blanked(c, value);
	buf_adds(&c->out, "\r\n");
}

/* What is ours to say, or would lead the client past us. */
static bool
is_dropped(const char *name)
{
	static const char *const names[] = {
		"alt-svc", "connection", "content-length", "keep-alive",
		"proxy-authenticate", "proxy-connection",
		"strict-transport-security", "trailer", "transfer-encoding",
		"upgrade"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

static bool
wants_new_key(const struct broker_conn *c, int status)
{
	return status == 401 && !c->tried && c->whole &&
	    c->endpoint->rule.source == INJECT_CMD &&
	    (c->key != c->endpoint->key || deadline_passed(
	    c->endpoint->fresh));
}

static int
on_head(void *ctx, const struct http_head *head, struct err *e)
{
	struct broker_conn *c = ctx;
	const char *length = http_field(head, "content-length");

	if (wants_new_key(c, head->status)) {
		c->again = c->tried = true;
		return err_set(e, ST_DENIED, "the key is not valid");
	}
	c->headed = true;
	broker_meter_head(c, head->status);
	c->until = DEADLINE_NEVER;
	c->empty = head->status == 204 || head->status == 304 ||
	    strcmp(c->req.method, "HEAD") == 0;
	buf_addf(&c->out, "HTTP/1.1 %d \r\n", head->status);
	for (size_t i = 0; i < head->count; i++)
		if (!is_dropped(head->fields[i].name))
			add_field(c, &head->fields[i]);
	if (length && !http_field(head, "transfer-encoding") &&
	    strspn(length, "0123456789") == strlen(length)) {
		buf_addf(&c->out, "Content-Length: %s\r\n", length);
	} else if (!c->empty && !c->req.old) {
		c->chunked = true;
		buf_adds(&c->out, "Transfer-Encoding: chunked\r\n");
	}
	buf_adds(&c->out, "Connection: close\r\n\r\n");
	broker_settle(c);
	return 0;
}

static void
add_body(struct broker_conn *c, const struct buf *text)
{
	if (text->len == 0 || c->empty)
		return;
	if (c->chunked)
		buf_addf(&c->out, "%zx\r\n", text->len);
	buf_add(&c->out, text->data, text->len);
	if (c->chunked)
		buf_adds(&c->out, "\r\n");
}

static int
on_body(void *ctx, const char *data, size_t len, struct err *e)
{
	struct broker_conn *c = ctx;
	AUTO_BUF struct buf text = BUF_INIT;

	(void)e;
	sieve_take(&c->sieve, data, len, &text);
	broker_meter_body(c, &text);
	add_body(c, &text);
	if (c->out.len - c->done > BROKER_WINDOW) {
		c->stalled = true;
		http_pause(c->call, true);
	}
	broker_settle(c);
	return 0;
}

static void
on_done(void *ctx, const struct err *e)
{
	struct broker_conn *c = ctx;
	AUTO_BUF struct buf text = BUF_INIT;

	c->call = NULL;
	if (c->again)
		return;		/* broker_ask_again() */
	if (e && c->headed) {
		broker_cut(c);
		return;
	}
	if (e) {
		broker_refuse(c, e->status == ST_TIMEOUT ? 504 : 502, e->text);
		return;
	}
	sieve_end(&c->sieve, &text);
	broker_meter_body(c, &text);
	broker_meter_end(c, true);
	add_body(c, &text);
	if (c->chunked)
		buf_adds(&c->out, "0\r\n\r\n");
	broker_close(c);
}

/* Of what came from the client, what the host takes. */
static ssize_t
on_read(void *ctx, char *data, size_t max)
{
	struct broker_conn *c = ctx;
	size_t n = c->up.len - c->sent;

	if (n == 0)
		return c->up_ended ? 0 : HTTP_LATER;
	n = n < max ? n : max;
	memcpy(data, c->up.data + c->sent, n);
	c->sent += n;
	if (!c->whole) {
		buf_consume(&c->up, c->sent);
		c->sent = 0;
	}
	broker_settle(c);
	return (ssize_t)n;
}

static bool
on_rewind(void *ctx)
{
	struct broker_conn *c = ctx;

	if (c->whole)
		c->sent = 0;
	return c->whole;
}

static void
add_headers(const struct broker_conn *c, struct strs *all)
{
	const struct inject *rule = &c->endpoint->rule;

	for (size_t i = 0; i < c->req.headers.n; i++)
		strs_add(all, c->req.headers.v[i]);
	strs_addf(all, "%s: %s%s%s", rule->header, rule->before,
	    c->key->value, rule->after);
}

void
broker_ask(struct broker_conn *c)
{
	static const struct http_events events = { on_head, on_body, on_done };
	const struct http_source source = {
		on_read, on_rewind, c->req.chunked ? -1 : c->req.length, NULL
	};
	AUTO_FREE char *url = xasprintf("%s%s", c->endpoint->rule.origin,
	    c->req.target);
	AUTO_STRS struct strs headers = STRS_INIT;
	struct http_request rq = {
		.method = c->req.method, .url = url,
		.source = c->req.body ? &source : NULL,
		.timers = { .connect = CONNECT_SECONDS * CLOCK_SEC,
		    .first_byte = IDLE_SECONDS * CLOCK_SEC,
		    .idle = IDLE_SECONDS * CLOCK_SEC },
		.until = DEADLINE_NEVER,
	};
	struct err e = ERR_INIT;

	brokerkey_drop(c->key);
	c->key = brokerkey_share(c->endpoint->key);
	c->sieve = (struct sieve){ .key = c->key };
	add_headers(c, &headers);
	rq.headers = (const char *const *)headers.v;
	c->call = http_start(c->broker->http, &rq, &events, c, &e);
	explicit_bzero(headers.v[headers.n - 1],
	    strlen(headers.v[headers.n - 1]));
	if (!c->call)
		broker_refuse(c, 502, e.text);
}

void
broker_leave(struct broker_conn *c)
{
	if (c->call)
		http_cancel(c->call);
	c->call = NULL;
	broker_meter_end(c, false);
}

/* The client took some. */
void
broker_go_on(struct broker_conn *c)
{
	if (c->stalled && c->out.len - c->done < BROKER_WINDOW / 2) {
		c->stalled = false;
		if (c->call)
			http_pause(c->call, false);
	}
}

void
broker_no_key(struct broker_endpoint *p)
{
	for (struct broker_conn *c = p->broker->conns; c; c = c->next)
		if (c->endpoint == p && c->again && !c->call) {
			c->again = false;
			broker_refuse(c, 502, "no key can be had");
		}
}

/* Once more, with another secret if there is one. */
void
broker_ask_again(struct broker_conn *c)
{
	struct broker_endpoint *p = c->endpoint;
	struct err e = ERR_INIT;

	/* somebody else may have fetched it meanwhile */
	if (c->key == p->key) {
		if (broker_fetch(p, &e) < 0) {
			err_warn("%s", e.text);
			broker_no_key(p);
		}
		return;
	}
	c->again = false;
	c->sent = 0;
	broker_ask(c);
}
