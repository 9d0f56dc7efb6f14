/* Unit test of mcp: servers that are a line of sh each. */
#include "config.h"

#include "mcp.h"

#include <signal.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "fd.h"
#include "tap.h"

#define GREETED "read x; echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" \
	"{\"protocolVersion\":\"2025-06-18\",\"capabilities\":" \
	"{\"tools\":{}}}}'; read x; "
#define LISTED GREETED "read x; echo '{\"id\":2,\"result\":{\"tools\":" \
	"[{\"name\":\"t\"}]}}'; "

static struct mcp *
begin(const char *script)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	const char *envp[] = { "PATH=/usr/bin:/bin", NULL };
	struct err e = ERR_INIT;

	return mcp_start("s", argv, envp, fd_from_text("", 0, &e), &e);
}

/* Steps until it is neither starting nor listing. */
static enum mcp_state
settle(struct mcp *m)
{
	struct deadline until = deadline_in(20 * CLOCK_SEC);
	struct pollfd p[2];
	struct err e = ERR_INIT;

	for (;;) {
		mcp_step(m);
		if ((mcp_state(m) != MCP_STARTING && !mcp_listing(m)) ||
		    deadline_passed(until))
			return mcp_state(m);
		mcp_poll(m, p);
		(void)fd_poll(p, 2, until, NULL, &e);
	}
}

static int
wait_answer(struct mcp *m, int64_t call, jv *ret, struct err *e)
{
	struct deadline until = deadline_in(20 * CLOCK_SEC);
	struct pollfd p[2];
	struct err ignored = ERR_INIT;
	int r;

	while ((r = mcp_answer(m, call, ret, e)) == 0 &&
	    !deadline_passed(until)) {
		mcp_poll(m, p);
		(void)fd_poll(p, 2, until, NULL, &ignored);
		mcp_step(m);
	}
	return r;
}

/* That it is gone in the end, for this reason. */
static void
gone(const char *script, int status, const char *why)
{
	struct mcp *m = begin(script);

	ok(settle(m) == MCP_GONE, "gone: %s", why);
	is_int(mcp_failure(m)->status, status, "with the status");
	ok(strstr(mcp_failure(m)->text, why) != NULL, "and the reason: %s",
	    mcp_failure(m)->text);
	mcp_free(m);
}

static void
test_begin(void)
{
	struct mcp *m = begin(LISTED "cat >/dev/null");

	ok(settle(m) == MCP_READY, "greeted and listed");
	is_int((int64_t)json_count(mcp_tools(m)), 1, "one tool");
	ok(mcp_renewed(m) && !mcp_renewed(m), "the list is new once");
	mcp_free(m);
	gone("exit 7", ST_UNAVAILABLE, "ended with status 7");
	gone("echo 'my head' >&2; exit 7", ST_UNAVAILABLE, "7: my head");
	gone("exec >&-; exec sleep 1008", ST_UNAVAILABLE, "closed its output");
	gone("read x; echo '{\"id\":1,\"error\":{\"message\":\"no\"}}'; cat",
	    ST_PROTOCOL, "failed to begin: no");
	gone("read x; echo '{\"id\":1,\"result\":{}}'; cat", ST_PROTOCOL,
	    "speaks version ''");
	gone("yes", ST_PROTOCOL, "prints what is no message");
	gone("tr '\\0' x </dev/zero", ST_DATA, "printed a line of more");
	gone(GREETED "read x; echo '{\"id\":2,\"error\":3}'; cat",
	    ST_PROTOCOL, "failed to list its tools");
}

static void
test_answers(void)
{
	struct mcp *m = begin(LISTED "read x; echo '{\"id\":3,\"result\":"
	    "{\"content\":[]}}'; echo '{\"id\":3,\"result\":{\"a\":1}}'; "
	    "echo '{\"id\":99,\"result\":{}}'; read x; echo '{\"id\":4,"
	    "\"error\":{\"code\":1,\"message\":\"bad\"}}'; read x; exit 3");
	AUTO_JV jv arguments = json_object();
	AUTO_JV jv result = JSON_NONE;
	struct err e = ERR_INIT;
	int64_t call;

	(void)settle(m);
	call = mcp_call(m, "t", &arguments);
	is_int(wait_answer(m, call, &result, &e), 1, "an answer");
	ok(json_has(&result, "content"), "the first that came");
	is_int(mcp_answer(m, call, &result, &e), -1, "it comes once");
	call = mcp_call(m, "t", &arguments);
	is_int(wait_answer(m, call, &result, &e), -1, "an error");
	is_str(e.text, "bad", "in its words");
	call = mcp_call(m, "t", &arguments);
	is_int(wait_answer(m, call, &result, &e), -1, "no answer");
	is_int(e.status, ST_UNAVAILABLE, "because it is gone");
	is_int(mcp_answer(m, mcp_call(m, "t", &arguments), &result, &e), -1,
	    "nothing can be asked any more");
	mcp_free(m);
}

static void
test_deaf(void)
{
	struct mcp *m = begin(LISTED "exec sleep 1007");
	AUTO_JV jv arguments = json_object();
	AUTO_FREE char *text = xcalloc(1, (5 << 20) + 1);

	memset(text, 'x', 5 << 20);
	json_set_str(&arguments, "text", text);
	(void)settle(m);
	for (int i = 0; i < 8; i++)
		(void)mcp_call(m, "t", &arguments);
	ok(mcp_state(m) == MCP_GONE, "it has to read what it is told");
	mcp_free(m);
}

static void
words(const char *result, const char *want)
{
	AUTO_BUF struct buf out = BUF_INIT;
	AUTO_JV jv v = JSON_NONE;
	struct err e = ERR_INIT;

	(void)json_parse(result, strlen(result), &v, &e);
	mcp_words(&v, &out);
	is_str(out.data, want, result);
}

static void
test_words(void)
{
	words("{}", "");
	words("{\"content\":3}", "");
	words("{\"content\":[3,{},{\"type\":3},{\"type\":\"text\"}]}",
	    "[text: of no type, 0 bytes, not shown]\n");
	words("{\"content\":[{\"type\":\"text\",\"text\":\"a\"},"
	    "{\"type\":\"text\",\"text\":\"b\\n\"},"
	    "{\"type\":\"text\",\"text\":\"c\"}]}", "a\nb\nc");
	words("{\"content\":[{\"type\":\"text\",\"text\":\"{\\\"n\\\": 1}\"}],"
	    "\"structuredContent\":{\"n\":1}}", "{\"n\": 1}");
	words("{\"content\":[{\"type\":\"text\",\"text\":\"a\"}],"
	    "\"structuredContent\":{\"content\":\"a\"}}", "a");
	words("{\"content\":[{\"type\":\"text\",\"text\":\"a\"}],"
	    "\"structuredContent\":{\"n\":1}}", "a\n{\"n\":1}");
	words("{\"structuredContent\":[1]}", "[1]");
	words("{\"content\":[{\"type\":\"audio\",\"mimeType\":\"a/b\","
	    "\"data\":\"QUJD\"}]}", "[audio: a/b, 3 bytes, not shown]\n");
	words("{\"content\":[{\"type\":\"resource\"}]}",
	    "[resource ?]\n[content: of no type, 0 bytes, not shown]\n");
}

int
main(void)
{
	sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
	test_begin();
	test_answers();
	test_deaf();
	test_words();
	return done();
}
