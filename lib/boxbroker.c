/* boxbroker: the credential broker of one sandbox. */
#include "config.h"

#include "boxbroker.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "alloc.h"
#include "boxenv.h"
#include "env.h"
#include "fd.h"
#include "fdpass.h"
#include "inject.h"
#include "json.h"
#include "num.h"
#include "path.h"
#include "proxy.h"

enum { READY_SECONDS = 90 };	/* a command may ask for a passphrase */

static bool
has_port(const struct box_spec *spec, uint16_t port)
{
	for (uint32_t i = 0; i < spec->nports; i++)
		if (spec->ports[i] == port)
			return true;
	return port == 0 || port == PROXY_PORT;
}

static int
choose_port(const struct inject *r, struct box_spec *spec, uint16_t *ret,
    struct err *e)
{
	uint16_t port = r->port ? r->port : BOXBROKER_PORT;

	while (!r->port && has_port(spec, port))
		port++;
	if (has_port(spec, port))
		return err_set(e, ST_USAGE, "--inject: port %u is taken",
		    port);
	if (spec->nports == BOX_PORTS_MAX)
		return err_set(e, ST_USAGE, "more than %d ports",
		    BOX_PORTS_MAX);
	spec->ports[spec->nports++] = port;
	*ret = port;
	return 0;
}

/* --inherit-env and --env would let the secret itself in. */
static void
take_out(struct strs *env, const struct inject *r)
{
	const char *value = r->source == INJECT_ENV ? env_get(r->from) : NULL;
	size_t kept = 0;

	for (size_t i = 0; i < env->n; i++) {
		const char *has = strchr(env->v[i], '=');
		if (value && has && strcmp(has + 1, value) == 0)
			free(env->v[i]);
		else
			env->v[kept++] = env->v[i];
	}
	if (env->v)
		env->v[kept] = NULL;
	env->n = kept;
}

int
boxbroker_prepare(struct boxbroker *b, const struct rules *rules,
    struct box_spec *spec, struct strs *env, struct err *e)
{
	for (size_t i = 0; i < rules->inject.n; i++) {
		AUTO_INJECT struct inject r = INJECT_INIT;

		if (rules->net == NET_HOST)
			return err_set(e, ST_USAGE, "--inject needs a network "
			    "of the sandbox's own, not --net host");
		if (b->n == BOXBROKER_MAX)
			return err_set(e, ST_USAGE, "more than %d --inject",
			    BOXBROKER_MAX);
		if (inject_parse(&r, rules->inject.v[i], e) < 0)
			return err_prefix(e, "--inject");
		if (choose_port(&r, spec, &b->ports[b->n], e) < 0)
			return -1;
		AUTO_FREE char *url = xasprintf("http://127.0.0.1:%u%s",
		    b->ports[b->n++], r.base);
		take_out(env, &r);
		boxenv_set(env, r.variable, url);
	}
	/* whoever heeds a proxy must not send it these */
	if (b->n > 0) {
		boxenv_set(env, "NO_PROXY", "localhost,127.0.0.1,::1");
		boxenv_set(env, "no_proxy", "localhost,127.0.0.1,::1");
	}
	return 0;
}

static void
lose(struct boxbroker *b)
{
	loop_remove(b->loop, b->sock);
	close(steal_fd(&b->sock));
}

static void
report(struct boxbroker *b, jv data)
{
	bool refused = json_has(&data, "why");

	json_set_str(&data, "kind", "net");
	json_set_str(&data, "by", "inject");
	boxreport_emit(b->report, refused ? "sandbox.deny" :
	    "sandbox.connect", data);
}

/* 1 with a message, 0 without, -1 at the end. */
static int
next_message(struct boxbroker *b, jv *ret)
{
	char text[BOXBROKER_TEXT];
	struct err ignored;
	int fd;
	ssize_t n = fdpass_recv(b->sock, text, sizeof(text), &fd);

	if (fd >= 0)
		close(fd);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n > 0 && json_parse(text, (size_t)n, ret, &ignored) == 0 ?
	    1 : -1;
}

static void
on_message(void *arg, int fd, uint32_t events)
{
	struct boxbroker *b = arg;
	jv data = JSON_NONE;

	(void)fd;
	(void)events;
	switch (next_message(b, &data)) {
	case 1:
		report(b, data);
		break;
	case -1:
		err_warn("the credential broker has ended");
		lose(b);
		break;
	}
}

/* What it says first. */
static int
await(struct boxbroker *b, struct err *e)
{
	struct deadline until = deadline_in(READY_SECONDS * CLOCK_SEC);
	AUTO_JV jv first = JSON_NONE;
	const char *error;
	int got = 0;

	while (got == 0) {
		int r = fd_wait(b->sock, POLLIN, until, NULL, e);
		if (r < 0)
			return -1;
		if (r == 0)
			return err_set(e, ST_WRAPPER, "--inject: the secrets "
			    "were not there in %d s", READY_SECONDS);
		got = next_message(b, &first);
	}
	if (got < 0)
		return err_set(e, ST_WRAPPER, "the credential broker ended");
	error = json_str(&first, "error");
	return error ? err_set(e, ST_WRAPPER, "%s", error) : 0;
}

/* Descriptors that secrets are read from. */
static size_t
find_keeps(const struct rules *rules, int *keep)
{
	size_t n = 0;

	for (size_t i = 0; i < rules->inject.n; i++) {
		AUTO_INJECT struct inject r = INJECT_INIT;
		struct err ignored;
		int64_t fd;
		if (inject_parse(&r, rules->inject.v[i], &ignored) == 0 &&
		    r.source == INJECT_FD &&
		    num_parse_int(r.from, 0, 1 << 20, &fd) == 0)
			keep[n++] = (int)fd;
	}
	return n;
}

int
boxbroker_start(struct boxbroker *b, const struct rules *rules, int meter,
    struct loop *loop, struct boxreport *report_to, struct err *e)
{
	AUTO_FREE char *program = NULL;
	AUTO_STRS struct strs argv = STRS_INIT;
	struct child_spec spec = CHILD_SPEC_INIT;
	int pair[2], keep[BOXBROKER_MAX + 2];
	bool started;

	if (rules->inject.n == 0)
		return 0;
	b->loop = loop;
	b->report = report_to;
	program = path_program("agent-sandbox-broker", e);
	if (!program)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, ST_WRAPPER, "cannot make a socket");
	b->sock = pair[0];
	strs_add(&argv, program);
	strs_addf(&argv, "%d", pair[1]);
	strs_addf(&argv, "%d", meter);
	for (size_t i = 0; i < rules->inject.n; i++)
		strs_add(&argv, rules->inject.v[i]);
	keep[spec.nkeep++] = pair[1];
	if (meter >= 0)
		keep[spec.nkeep++] = meter;
	spec.argv = (const char *const *)argv.v;
	spec.in = spec.out = CHILD_NULL;
	spec.keep = keep;
	spec.nkeep += find_keeps(rules, keep + spec.nkeep);
	started = child_start(&spec, &b->child, e) == 0;
	close(pair[1]);
	if (!started || await(b, e) < 0)
		return -1;
	if (loop_set(loop, b->sock, EPOLLIN, on_message, b) < 0)
		return err_sys(e, ST_WRAPPER, "cannot wait for the broker");
	return 0;
}

bool
boxbroker_takes(struct boxbroker *b, uint16_t port, int fd)
{
	struct boxbroker_listener m = { 0 };

	for (; m.index < b->n; m.index++)
		if (b->ports[m.index] == port)
			break;
	if (m.index == b->n)
		return false;
	/* when it has gone, who connects is refused: on_message() says why */
	if (b->sock >= 0)
		(void)fdpass_send(b->sock, &m, sizeof(m), fd);
	close(fd);
	return true;
}

void
boxbroker_release(struct boxbroker *b)
{
	if (b->sock >= 0)
		lose(b);
	child_stop(&b->child, CLOCK_SEC);
}
