/* transport: the table of what carries requests. */
#include "config.h"

#include "transport.h"

#include "alloc.h"
#include "exec.h"
#include "replay.h"

static void *
net_start(void *t, const char *target, const struct http_request *rq,
    const struct http_events *events, void *ctx, struct err *e)
{
	(void)target;
	return http_start(t, rq, events, ctx, e);
}

static void
net_cancel(void *call)
{
	http_cancel(call);
}

static void
net_progress(void *call)
{
	http_progress(call);
}

static void
net_limit(void *call, struct deadline until)
{
	http_limit(call, until);
}

static int
net_fd(const void *t)
{
	return http_fd(t);
}

static struct deadline
net_due(const void *t)
{
	return http_due(t);
}

static int
net_step(void *t, struct err *e)
{
	return http_step(t, e);
}

static void *
net_new(size_t connections, struct err *e)
{
	return http_new(connections, e);
}

static void
net_release(void *t)
{
	http_free(t);
}

static const struct transport_ops network = {
	.scheme = "http",		/* and https */
	.create = net_new,
	.start = net_start,
	.cancel = net_cancel,
	.progress = net_progress,
	.limit = net_limit,
	.fd = net_fd,
	.due = net_due,
	.step = net_step,
	.release = net_release
};

static const struct transport_ops *const kinds[] = {
	&network,
	&exec_transport,
	&replay_transport
};

static const struct transport_ops *
kind_of(const char *base)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strncmp(base, kinds[i]->scheme,
		    strlen(kinds[i]->scheme)) == 0)
			return kinds[i];
	return NULL;
}

int
transport_new(const char *base, size_t connections, struct transport *ret,
    struct err *e)
{
	const struct transport_ops *ops = kind_of(base);
	void *self;

	if (!ops)
		return err_set(e, ST_CONFIG, "not a URL: '%s'", base);
	self = ops->create(connections, e);
	if (!self)
		return -1;
	*ret = (struct transport){ ops, self };
	return 0;
}

bool
transport_serves(const struct transport *t, const char *base)
{
	return strncmp(base, t->ops->scheme, strlen(t->ops->scheme)) == 0;
}
