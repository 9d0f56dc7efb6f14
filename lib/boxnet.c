/* boxnet: the network of one sandbox. */
#include "config.h"

#include "boxnet.h"

#include <arpa/inet.h>
#include <sys/resource.h>

#include "alloc.h"
#include "boxenv.h"
#include "num.h"

enum {
	REMEMBERED_MAX = 64,
	TOLD_MAX = 10000	/* refusals: a command makes what it likes */
};

const char boxnet_hosts[] =
    "127.0.0.1\tlocalhost agent\n::1\tlocalhost ip6-localhost\n";
const char boxnet_resolv[] = "nameserver 127.0.0.1\n";

bool
boxnet_needs_root(const struct rules *rules)
{
	return rules->net == NET_ALLOW && rules->allow.n > 0;
}

static int
parse_port(const char *text, const char *option, uint16_t *ret, struct err *e)
{
	int64_t port;

	if (num_parse_int(text, 1, 65535, &port) < 0)
		return err_set(e, ST_WRAPPER, "--%s takes a port, not '%s'",
		    option, text);
	*ret = (uint16_t)port;
	return 0;
}

static void
set_environment(struct strs *env)
{
	static const char *const names[] = {
		"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy",
		"ALL_PROXY", "all_proxy"
	};
	AUTO_FREE char *url = xasprintf("http://127.0.0.1:%d", PROXY_PORT);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		boxenv_set(env, names[i], url);
	boxenv_set(env, "NO_PROXY", "localhost,127.0.0.1,::1");
	boxenv_set(env, "no_proxy", "localhost,127.0.0.1,::1");
	/* Node.js heeds them only if told, from 22.21 on */
	boxenv_set(env, "NODE_USE_ENV_PROXY", "1");
}

int
boxnet_prepare(struct boxnet *n, const struct rules *rules,
    struct box_spec *spec, struct strs *env, struct err *e)
{
	n->proxy.rules = (struct netrules){ .allow = &rules->allow,
	    .deny = &rules->deny, .resolve = &rules->resolve,
	    .inside = boxenv_depth() > 0 };
	if (netrules_check(&n->proxy.rules, e) < 0)
		return -1;
	if (rules->net == NET_HOST)
		return rules->publish.n + rules->host_ports.n == 0 ?
		    boxbroker_prepare(&n->broker, rules, spec, env, e) :
		    err_set(e, ST_WRAPPER, "--net host has all ports: "
		    "--publish and --host-port make no sense");
	if (rules->host_ports.n > BOX_PORTS_MAX ||
	    rules->publish.n > BOX_PORTS_MAX)
		return err_set(e, ST_WRAPPER, "more than %d ports",
		    BOX_PORTS_MAX);
	for (size_t i = 0; i < rules->host_ports.n; i++)
		if (parse_port(rules->host_ports.v[i], "host-port",
		    &spec->ports[spec->nports++], e) < 0)
			return -1;
	if (boxnet_needs_root(rules)) {
		spec->listen = BOX_LISTEN_PROXY | BOX_LISTEN_PLAIN |
		    BOX_LISTEN_DNS;
		spec->proxy_port = PROXY_PORT;
		set_environment(env);
	}
	return boxbroker_prepare(&n->broker, rules, spec, env, e);
}

/* What was refused has a mend; what could not be had has only a reason. */
static void
remember(struct boxnet *n, const char *host, const char *why)
{
	bool refused = strcmp(why, "not allowed") == 0;
	struct strs *list = refused ? &n->denied : &n->failed;
	AUTO_FREE char *text = refused ? xstrdup(host) :
	    xasprintf("%s: it %s", host, why);

	if (list->n < REMEMBERED_MAX && !strs_has(list, text))
		strs_add(list, text);
}

static void
told(void *arg, const struct proxy_event *event)
{
	struct boxnet *n = arg;
	AUTO_FREE char *host = event->port ? xasprintf("%s:%u", event->host,
	    event->port) : xstrdup(event->host);
	jv data;

	if (!event->allowed && event->host[0])
		remember(n, host, event->why);
	if (!boxreport_wanted(n->report) ||
	    (!event->allowed && n->refusals++ >= TOLD_MAX))
		return;
	data = json_object();
	json_set_str(&data, "kind", "net");
	json_set_str(&data, "host", event->host);
	json_set_int(&data, "port", event->port);
	json_set_str(&data, "by", event->by);
	json_set_str(&data, "why", event->why);
	boxreport_emit(n->report, event->allowed ? "sandbox.connect" :
	    "sandbox.deny", data);
}

static void
connect_inside(void *arg, int id, uint16_t port)
{
	struct boxnet *n = arg;
	struct box_msg m = { .type = BOX_CONNECT, .value = id, .port = port };

	if (send(n->control, &m, sizeof(m), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		proxy_connected(&n->proxy, id, -1);
}

static int
add_source(struct boxnet *n, enum proxy_listener kind, uint16_t port, int fd,
    struct err *e)
{
	struct proxy_source *s = &n->sources[n->n];

	if (n->n == BOXNET_SOURCES) {
		close(fd);
		return 0;
	}
	*s = (struct proxy_source){ &n->proxy, kind, port };
	n->fds[n->n++] = fd;
	return proxy_listen(s, fd, e);
}

/* "PORT" or "PORT:INSIDE": on the host's loopback only. */
static int
publish(struct boxnet *n, const char *rule, struct err *e)
{
	AUTO_FREE char *outer = xstrndup(rule, strcspn(rule, ":"));
	const char *colon = strchr(rule, ':');
	uint16_t port = 0, inner = 0;
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1, fd;

	if (parse_port(outer, "publish", &port, e) < 0 ||
	    parse_port(colon ? colon + 1 : outer, "publish", &inner, e) < 0)
		return -1;
	sin.sin_port = htons(port);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(e, ST_WRAPPER, "cannot make a socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0 ||
	    listen(fd, 128) < 0) {
		err_sys(e, ST_WRAPPER, "cannot publish port %u", port);
		close(fd);
		return -1;
	}
	return add_source(n, PROXY_PUBLISHED, inner, fd, e);
}

/* A connection takes two descriptors: as many as we may have. */
static void
raise_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max < 8192 ? r.rlim_max : 8192;
		setrlimit(RLIMIT_NOFILE, &r);
	}
}

int
boxnet_start(struct boxnet *n, const struct rules *rules, int meter,
    struct loop *loop, int control, struct boxreport *report, struct err *e)
{
	n->proxy.loop = loop;
	n->proxy.told = told;
	n->proxy.connect_inside = connect_inside;
	n->proxy.arg = n;
	n->control = control;
	n->report = report;
	n->next = DEADLINE_NEVER;
	if (boxnet_needs_root(rules) || rules->host_ports.n > 0 ||
	    rules->publish.n > 0)
		raise_descriptors();
	for (size_t i = 0; i < rules->publish.n; i++)
		if (publish(n, rules->publish.v[i], e) < 0)
			return -1;
	return boxbroker_start(&n->broker, rules, meter, loop, report, e);
}

int
boxnet_message(struct boxnet *n, const struct box_msg *m, int fd,
    struct err *e)
{
	n->next = deadline_in(0);
	switch ((enum box_msg_type)m->type) {
	case BOX_LISTENER:
		if (m->value == BOX_LISTEN_DNS)
			return proxy_answer_names(&n->proxy, fd, e);
		return add_source(n, m->value == BOX_LISTEN_PROXY ?
		    PROXY_SPEAKS : PROXY_BY_NAME, 0, fd, e);
	case BOX_PLAIN_PORT:
		if (boxbroker_takes(&n->broker, (uint16_t)m->port, fd))
			return 0;
		return add_source(n, PROXY_HOST_PORT, (uint16_t)m->port, fd,
		    e);
	case BOX_CONNECTED:
		proxy_connected(&n->proxy, m->value, fd);
		return 0;
	case BOX_REFUSED:
		proxy_connected(&n->proxy, m->value, -1);
		return 0;
	default:
		if (fd >= 0)
			close(fd);
		return 0;
	}
}

void
boxnet_release(struct boxnet *n)
{
	boxbroker_release(&n->broker);
	proxy_release(&n->proxy);
	for (size_t i = 0; i < n->n; i++)
		close(n->fds[i]);
	strs_release(&n->denied);
	strs_release(&n->failed);
}
