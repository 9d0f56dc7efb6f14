/*
 * agent-sandbox-broker: the credential broker of one sandbox, started by
 * agent-sandbox: boxbroker.h.
 *
 *	agent-sandbox-broker SOCKET METER RULE ...
 *
 * METER is the socket of who pays (meter.h), -1 when nobody does.
 * Holds the secrets, and so is not to be looked into; runs nothing but their
 * commands; ends with its socket.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "alloc.h"
#include "boxbroker.h"
#include "broker.h"
#include "fdpass.h"
#include "json.h"
#include "num.h"

struct helper {
	struct loop loop;
	struct broker broker;
	int sock;
	bool ended;
};

static void
say(const struct helper *h, jv message)
{
	AUTO_JV jv own = message;
	AUTO_FREE char *text = json_text(&own);

	(void)fdpass_send(h->sock, text, strlen(text), -1);
}

static void
told(void *arg, const struct broker_event *event)
{
	const struct helper *h = arg;
	jv m = json_object();

	json_set_str(&m, "host", event->rule->host.name);
	json_set_int(&m, "port", event->rule->host.port);
	json_set_str(&m, "method", event->method);
	json_set_str(&m, "path", event->path);
	json_set_str(&m, "why", event->why);
	say(h, m);
}

static void
on_socket(void *arg, int fd, uint32_t events)
{
	struct helper *h = arg;
	struct boxbroker_listener m;
	struct err e = ERR_INIT;
	int listener;
	ssize_t n = fdpass_recv(fd, &m, sizeof(m), &listener);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	h->ended = n != (ssize_t)sizeof(m) || listener < 0;
	if (!h->ended && broker_listen(&h->broker, m.index, listener, &e) < 0)
		err_report(&e);
}

static void
on_http(void *arg, int fd, uint32_t events)
{
	/* broker_step() comes after every round */
	(void)arg;
	(void)fd;
	(void)events;
}

/* A connection takes two descriptors. */
static void
raise_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max < 8192 ? r.rlim_max : 8192;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

static int
prepare(struct helper *h, int argc, char **argv, struct err *e)
{
	int64_t fd = -1, meter = -1;

	if (argc < 4 || num_parse_int(argv[1], 3, 1 << 20, &fd) < 0 ||
	    num_parse_int(argv[2], -1, 1 << 20, &meter) < 0)
		return err_set(e, ST_USAGE,
		    "the broker is started by agent-sandbox alone");
	h->sock = (int)fd;
	for (int i = 3; i < argc; i++)
		if (broker_add(&h->broker, argv[i], e) < 0)
			return -1;
	if (loop_open(&h->loop, e) < 0 ||
	    !(h->broker.http = http_new(BROKER_UPSTREAM_MAX, e)))
		return -1;
	h->broker.loop = &h->loop;
	h->broker.told = told;
	h->broker.arg = h;
	if (loop_set(&h->loop, h->sock, EPOLLIN, on_socket, h) < 0 ||
	    loop_set(&h->loop, http_fd(h->broker.http), EPOLLIN, on_http,
	    h) < 0)
		return err_sys(e, ST_WRAPPER, "cannot wait for requests");
	return meter < 0 ? 0 : broker_meter(&h->broker, (int)meter, e);
}

static int
serve(struct helper *h, struct err *e)
{
	struct deadline next = deadline_in(0);

	while (!h->ended) {
		if (loop_round(&h->loop, next, e) < 0)
			return -1;
		next = broker_step(&h->broker);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct helper h = { .loop = LOOP_INIT, .sock = -1,
	    .broker = { .meter = BROKER_UNMETERED } };
	struct err e = ERR_INIT;
	jv first = json_object();
	int r;

	err_set_program("agent-sandbox");
	prctl(PR_SET_DUMPABLE, 0);
	raise_descriptors();
	sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
	r = prepare(&h, argc, argv, &e);
	if (h.sock < 0)
		return err_report(&e);
	if (r < 0)
		json_set_str(&first, "error", e.text);
	say(&h, first);
	if (r == 0 && serve(&h, &e) < 0)
		r = err_report(&e);
	broker_release(&h.broker);
	loop_close(&h.loop);
	return r < 0 ? ST_WRAPPER : r;
}
