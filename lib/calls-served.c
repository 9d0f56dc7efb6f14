/* calls-served: calls that a server of the agent's answers (servers.h). */
#include "config.h"

#include "calls-impl.h"

#include "alloc.h"
#include "fd.h"
#include "mcp.h"
#include "toolbox.h"

static struct mcp *
server_of(const struct calls_place *place, const struct call *c)
{
	return toolbox_find(place->tools, c->name)->server;
}

void
calls_ask(const struct calls_place *place, struct call *c)
{
	const struct tool *t = toolbox_find(place->tools, c->name);

	c->started = clock_mono();
	c->state = CALL_RUNNING;
	c->request = mcp_call(t->server, t->remote, &c->arguments);
}

void
calls_poll(const struct calls_place *place, const struct call *c,
    struct pollfd p[2])
{
	bool running = c->state == CALL_RUNNING;

	p[0] = (struct pollfd){ .fd = running ? c->out : -1,
	    .events = POLLIN };
	p[1] = (struct pollfd){ .fd = -1 };
	if (running && c->request)
		mcp_poll(server_of(place, c), p);
}

void
calls_give_up(const struct calls_place *place, struct call *c,
    const char *why)
{
	if (c->state == CALL_RUNNING && c->request)
		mcp_cancel(server_of(place, c), c->request, why);
	c->request = 0;
}

/* Out of time, which only we keep: true, with words in `e`. */
static bool
is_late(const struct calls_place *place, struct call *c, struct err *e)
{
	int64_t limit = calls_timeout(place, c);

	if (clock_mono() - c->started < limit)
		return false;
	err_set(e, ST_TIMEOUT, "no answer after %lld s; the call was "
	    "cancelled, and may have happened in part",
	    (long long)(limit / CLOCK_SEC));
	calls_give_up(place, c, "out of time");
	return true;
}

static int
put(const struct calls_place *place, struct call *c, const struct buf *text,
    struct err *e)
{
	size_t room = (size_t)place->output_max;

	if (calls_open_output(place, c, e) < 0)
		return -1;
	c->written = (int64_t)(text->len < room ? text->len : room);
	c->request = 0;
	return fd_write(c->file, text->data, (size_t)c->written, e) < 0 ?
	    err_prefix(e, "'%s'", c->output) : 1;
}

int
calls_take(const struct calls_place *place, struct call *c, struct err *e)
{
	struct mcp *server = server_of(place, c);
	AUTO_JV jv result = JSON_NONE;
	AUTO_BUF struct buf text = BUF_INIT;
	struct err why = ERR_INIT;
	bool failed = false;
	int r;

	mcp_step(server);
	r = mcp_answer(server, c->request, &result, &why);
	if (r == 0 && !is_late(place, c, &why))
		return 0;
	if (r == 1) {
		(void)json_bool(&result, "isError", &failed);
		mcp_words(&result, &text);
	} else {
		buf_addf(&text, "error: %s%s", why.text,
		    mcp_state(server) == MCP_GONE ? "; the call was under "
		    "way, and may have happened in part" : "");
	}
	if (failed && text.len == 0)
		buf_adds(&text, "error: the tool failed, and does not say why");
	c->status = r == 1 ? (failed ? ST_NO : ST_OK) : why.status;
	c->ok = c->status == ST_OK;
	return put(place, c, &text, e);
}
