/*
 * mcp-wire: the process of an MCP server, what goes to it, and what there is
 * to tell of it.
 */
#include "config.h"

#include "mcp-impl.h"

#include <signal.h>

#include "alloc.h"
#include "fd.h"

enum {
	UNREAD_MAX = 32 << 20,	/* bytes that it was told and has not read */
	LOGS_MAX = 50,
	LOG_TEXT_MAX = 2000,
	GRACE_MS = 1500		/* to end when it was told to */
};

void
mcp_hang_up(struct mcp *m)
{
	if (m->child.in >= 0)
		close(steal_fd(&m->child.in));
}

void
mcp_drop(struct mcp *m, int status, const char *why)
{
	if (m->state == MCP_GONE)
		return;
	m->state = MCP_GONE;
	m->listing = false;
	err_set(&m->why, status, "MCP server '%s' %s", m->name, why);
	mcp_hang_up(m);
	child_signal(&m->child, SIGTERM);
}

void
mcp_drop_saying(struct mcp *m, int status, const char *why)
{
	AUTO_BUF struct buf words = BUF_INIT;

	buf_addf(&words, "%s: ", why);
	if (m->errors >= 0)
		fd_last_line(m->errors, &words);
	if (words.len == strlen(why) + 2)
		buf_truncate(&words, words.len - 2);
	mcp_drop(m, status, words.data);
}

void
mcp_log(struct mcp *m, const char *level, const char *text, size_t len)
{
	jv log;
	AUTO_BUF struct buf words = BUF_INIT;

	if (json_count(&m->logs) >= LOGS_MAX) {
		m->left_out++;
		return;
	}
	log = json_object();
	buf_addf(&words, "MCP server '%s': ", m->name);
	buf_add(&words, text, len < LOG_TEXT_MAX ? len : LOG_TEXT_MAX);
	json_set_str(&log, "level", level);
	json_set(&log, "text", json_from_bytes(words.data, words.len));
	if (len > LOG_TEXT_MAX)
		json_set_bool(&log, "truncated", true);
	json_append(&m->logs, log);
}

void
mcp_warn(struct mcp *m, const char *text)
{
	mcp_log(m, "warning", text, strlen(text));
}

jv
mcp_take_logs(struct mcp *m)
{
	jv all = m->logs;

	m->logs = json_array();
	if (m->left_out > 0) {
		AUTO_FREE char *text = xasprintf("%u more lines of its log "
		    "are left out", m->left_out);
		m->left_out = 0;
		mcp_warn(m, text);
		json_append(&all, json_at(&m->logs, 0));
		json_release(&m->logs);
		m->logs = json_array();
	}
	return all;
}

void
mcp_flush(struct mcp *m)
{
	struct err e = ERR_INIT;
	ssize_t n = 0;

	while (m->out.len > 0 && m->child.in >= 0 && (n = fd_write_some(
	    m->child.in, m->out.data, m->out.len, &e)) > 0)
		buf_consume(&m->out, (size_t)n);
	if (n == -1) {
		/* it has left, and its output will say so */
		close(steal_fd(&m->child.in));
		buf_reset(&m->out);
	} else if (m->out.len > UNREAD_MAX) {
		mcp_drop(m, ST_PROTOCOL, "does not read what it is told");
	}
}

void
mcp_say(struct mcp *m, jv message)
{
	AUTO_JV jv own = message;

	if (m->child.in < 0)
		return;
	json_set_str(&own, "jsonrpc", "2.0");
	json_write(&own, &m->out);
	buf_addc(&m->out, '\n');
	mcp_flush(m);
}

void
mcp_notify(struct mcp *m, const char *method, jv params)
{
	jv message = json_object();

	json_set_str(&message, "method", method);
	json_set(&message, "params", params);
	mcp_say(m, message);
}

void
mcp_poll(const struct mcp *m, struct pollfd p[2])
{
	bool there = m->state != MCP_GONE;

	p[0] = (struct pollfd){ .fd = there ? m->child.out : -1,
	    .events = POLLIN };
	p[1] = (struct pollfd){ .fd = there && m->out.len > 0 ? m->child.in :
	    -1, .events = POLLOUT };
}

void
mcp_end(struct mcp *m, struct deadline until)
{
	struct err ignored;
	int status;

	if (m->child.pid > 0 && child_wait(&m->child, until, NULL, &status,
	    &ignored) != 1)
		child_signal(&m->child, SIGTERM);
}

void
mcp_free(struct mcp *m)
{
	if (!m)
		return;
	child_stop(&m->child, GRACE_MS * CLOCK_MS);
	ndjson_release(&m->reader);
	for (size_t i = 0; i < m->nasked; i++)
		json_release(&m->asked[i].result);
	free(m->asked);
	json_release(&m->tools);
	json_release(&m->coming);
	json_release(&m->logs);
	buf_release(&m->out);
	if (m->errors >= 0)
		close(m->errors);
	free(m->name);
	free(m);
}

struct mcp *
mcp_open(const char *name, const char *const *argv, const char *const *envp,
    int errors, struct err *e)
{
	struct mcp *m = xcalloc(1, sizeof(*m));
	struct child_spec spec = CHILD_SPEC_INIT;

	*m = (struct mcp){ .name = xstrdup(name), .child = CHILD_INIT,
	    .errors = errors, .logs = json_array(), .tools = json_array(),
	    .coming = JSON_NONE };
	ndjson_init(&m->reader, -1, MCP_LINE_MAX);
	spec.argv = argv;
	spec.envp = envp;
	spec.in = spec.out = CHILD_PIPE;
	spec.err = errors;
	if (child_start(&spec, &m->child, e) < 0 ||
	    fd_set_nonblock(m->child.in, true, e) < 0 ||
	    fd_set_nonblock(m->child.out, true, e) < 0) {
		mcp_free(m);
		return NULL;
	}
	m->reader.fd = m->child.out;
	m->reader.raw = true;
	return m;
}
