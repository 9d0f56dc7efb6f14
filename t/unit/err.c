/* err: whole texts, harmless lines, one write each. */
#include "config.h"

#include "err.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "alloc.h"
#include "tap.h"

/* The lines that err_report() would print, one message per write. */
static int saved_stderr = -1, peer = -1;

static void
capture(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		exit(99);
	saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(pair[0], STDERR_FILENO);
	close(pair[0]);
	peer = pair[1];
}

/* What one write(2) brought; "" when there was none. */
static const char *
captured(void)
{
	static char line[4096];
	ssize_t n = recv(peer, line, sizeof(line) - 1, MSG_DONTWAIT);

	line[n > 0 ? n : 0] = '\0';
	return line;
}

static void
release(void)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(peer);
}

static void
test_text(void)
{
	struct err e = ERR_INIT;

	is_int(err_set(&e, ST_DATA, "bad %d", 7), -1, "err_set gives -1");
	is_int(e.status, ST_DATA, "and keeps the status");
	is_str(e.text, "bad 7", "and the text");
	errno = ENOENT;
	is_int(err_sys(&e, ST_IO, "cannot open '%s'", "x"), -1,
	    "err_sys gives -1");
	is_str(e.text, "cannot open 'x': No such file or directory",
	    "with the reason");
	is_int(errno, ENOENT, "and leaves errno alone");
	err_prefix(&e, "line %d", 3);
	is_str(e.text, "line 3: cannot open 'x': No such file or directory",
	    "err_prefix puts the place before it");
	is_int(e.status, ST_IO, "and keeps the status");
	err_set(&e, ST_DATA, "again: %s", e.text);
	is_str(e.text, "again: line 3: cannot open 'x': "
	    "No such file or directory", "its own text may be an argument");
}

static void
test_cut(void)
{
	struct err e = ERR_INIT;
	char text[2 * ERR_TEXT_MAX];

	memset(text, 'a', sizeof(text));
	text[ERR_TEXT_MAX - 1] = '\0';
	err_set(&e, ST_DATA, "%s", text);
	is_str(e.text, text, "the longest text fits");
	text[ERR_TEXT_MAX - 1] = 'a';
	text[sizeof(text) - 1] = '\0';
	err_set(&e, ST_DATA, "%s", text);
	is_int((int64_t)strlen(e.text), ERR_TEXT_MAX - 1, "a longer is cut");
	is_str(e.text + ERR_TEXT_MAX - 5, "a...", "which shows");
	err_prefix(&e, "%s", text);
	is_int((int64_t)strlen(e.text), ERR_TEXT_MAX - 1, "a prefix likewise");
	for (size_t i = 0; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3);
	text[sizeof(text) - 2] = '\0';
	err_set(&e, ST_DATA, "%s", text);
	is_str(e.text + strlen(e.text) - 6, "\xe2\x82\xac...",
	    "not inside a character");
	errno = EIO;
	err_sys(&e, ST_IO, "%s", text);
	is_str(e.text + strlen(e.text) - 6, "\xe2\x82\xac...",
	    "nor does a reason follow what was cut");
}

static void
test_report(void)
{
	struct err e = ERR_INIT;
	char text[ERR_TEXT_MAX], line[64];
	int status;

	capture();
	err_set(&e, ST_TIMEOUT, "out of time");
	status = err_report(&e);
	snprintf(line, sizeof(line), "%s", captured());
	release();
	is_int(status, ST_TIMEOUT, "err_report gives the status");
	is_str(line, "agent-test: out of time\n", "one line in one write");

	capture();
	err_warn("a\x1b[31m\n\t\x7f\xc2\x9b" "b\xc2\xa0\xc3\xa4\x9b\xff\xe2");
	snprintf(line, sizeof(line), "%s", captured());
	release();
	is_str(line, "agent-test: a?[31m????" "?b\xc2\xa0\xc3\xa4???\n",
	    "control bytes and broken characters become '?'");

	memset(text, 'x', sizeof(text));
	capture();
	err_warn("%.*s", (int)sizeof(text), text);
	is_int((int64_t)strlen(captured()), ERR_TEXT_MAX,
	    "a long warning is one line too");
	release();
}

static void
test_kinds(void)
{
	is_str(err_kind(ST_TIMEOUT), "timeout", "a status has a name");
	is_str(err_kind(ST_SIGNAL + 9), "signal", "a signal");
	is_str(err_kind(42), "failed", "any other");
}

int
main(void)
{
	err_set_program("agent-test");
	is_str(err_program(), "agent-test", "knows its name");
	test_text();
	test_cut();
	test_report();
	test_kinds();
	return done();
}
