/* tape: the command, its environment, and the loop. */
#include "config.h"

#include "tape.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "alloc.h"
#include "child.h"
#include "env.h"
#include "fd.h"
#include "tape-impl.h"

enum {
	LINGER_MS = 2000,	/* for answers that are still under way */
	LOOK_MS = 50		/* where nothing tells that the command ended */
};

/*
 * What clients look for.  The vendor's own tools read these, and so do most
 * others that speak the same protocol.
 */
const struct tape_route tape_routes[] = {
	{ "OPENAI_BASE_URL", "/openai/v1", "https://api.openai.com/v1",
	    "OPENAI_API_KEY", false },
	{ "ANTHROPIC_BASE_URL", "/anthropic", "https://api.anthropic.com",
	    "ANTHROPIC_API_KEY", false },
	{ "GOOGLE_GEMINI_BASE_URL", "/gemini",
	    "https://generativelanguage.googleapis.com", "GEMINI_API_KEY",
	    false },
	{ "OLLAMA_HOST", "", "http://127.0.0.1:11434", NULL, true },
	{ NULL, NULL, NULL, NULL, false }
};

const struct tape_route *
tape_route_of(const char *path)
{
	const struct tape_route *r = tape_routes;

	for (; !r->bare; r++) {
		size_t n = strlen(r->prefix);
		if (strncmp(path, r->prefix, n) == 0 &&
		    (path[n] == '/' || path[n] == '\0'))
			break;
	}
	return r;
}

void
tape_lead_here(const struct tape_options *o, int port)
{
	const char *direct = env_get("no_proxy");
	AUTO_FREE char *no_proxy = xasprintf("127.0.0.1%s%s",
	    direct ? "," : "", direct ? direct : "");

	setenv("no_proxy", no_proxy, 1);
	setenv("NO_PROXY", no_proxy, 1);
	for (const struct tape_route *r = tape_routes; r->env; r++) {
		AUTO_FREE char *url = xasprintf("%s127.0.0.1:%d%s",
		    r->bare ? "" : "http://", port, o->to ? "" : r->prefix);
		setenv(r->env, url, 1);
	}
}

static int
start(const struct tape_options *o, struct child *ret, struct err *e)
{
	struct child_spec spec = CHILD_SPEC_INIT;

	spec.argv = o->argv;
	spec.same_group = true;
	return child_start(&spec, ret, e);
}

/* One round: 1 something happened or may have, 0 the deadline, -1. */
static int
turn(const struct tape_options *o, struct tape_loop *loop,
    const struct child *c, struct deadline until, struct err *e)
{
	struct pollfd p[] = {
		{ .fd = serve_fd(loop->serve), .events = POLLIN },
		{ .fd = loop->fd, .events = POLLIN },
		{ .fd = c->pidfd, .events = POLLIN }
	};

	if (c->pid && c->pidfd < 0)
		until = deadline_min(until, deadline_in(LOOK_MS * CLOCK_MS));
	if (serve_step(loop->serve, e) < 0 || loop->step(loop->ctx, e) < 0 ||
	    serve_step(loop->serve, e) < 0)
		return -1;
	return fd_poll(p, 3, deadline_min(until, loop->due(loop->ctx)),
	    o->stop, e) < 0 ? -1 : 1;
}

/* What is under way when the command has ended is of use, if it ends soon. */
static int
finish(const struct tape_options *o, struct tape_loop *loop, struct err *e)
{
	struct deadline until = deadline_in(LINGER_MS * CLOCK_MS);
	struct tape_options calm = *o;
	struct child none = CHILD_INIT;

	calm.stop = NULL;
	while (loop->busy(loop->ctx) && !deadline_passed(until))
		if (turn(&calm, loop, &none, until, e) < 0)
			return -1;
	return 0;
}

int
tape_run(const struct tape_options *o, struct tape_loop *loop,
    int *ret_status, struct err *e)
{
	struct child c = CHILD_INIT;
	struct err why = ERR_INIT;
	int done = 0;

	*ret_status = ST_OK;
	if (o->argv && start(o, &c, e) < 0)
		return -1;
	while (!done) {
		if (turn(o, loop, &c, DEADLINE_NEVER, &why) < 0) {
			/* a signal: to end is what is wanted without one */
			if (why.status <= ST_SIGNAL) {
				*e = why;
				child_stop(&c, CLOCK_SEC);
				return -1;
			}
			if (!o->argv)
				return finish(o, loop, e);
			child_signal(&c, why.status - ST_SIGNAL);
			*ret_status = child_stop(&c, CLOCK_SEC);
			return 0;
		}
		if (o->argv && (done = child_wait(&c, deadline_in(0), NULL,
		    ret_status, e)) < 0)
			return -1;
	}
	child_close(&c);
	return finish(o, loop, e);
}
