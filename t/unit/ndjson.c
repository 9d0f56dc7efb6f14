/* ndjson: lines in, lines out, nothing lost. */
#include "config.h"

#include "ndjson.h"

#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "fd.h"
#include "tap.h"

/* A descriptor from which `text` can be read. */
static int
input(const char *text)
{
	int p[2];

	if (pipe(p) < 0 || write(p[1], text, strlen(text)) < 0)
		return -1;
	close(p[1]);
	return p[0];
}

static void
test_reader(void)
{
	struct ndjson_reader r;
	struct ndjson_line line = NDJSON_LINE_INIT;
	struct err e = ERR_INIT;
	AUTO_FD int fd = input("{\"n\":1}\n\n[]\n{bad\n"
	    "{\"long\":\"xxxxxxxxxxxxxxxxxxxxxxxxx\"}\n{\"n\":2}\r\n{\"n\":3}");

	ndjson_init(&r, fd, 20);
	is_int(ndjson_next(&r, &line, &e), NDJSON_LINE, "a line");
	is_int((int64_t)line.number, 1, "the first");
	is_int(ndjson_next(&r, &line, &e), NDJSON_BAD, "an array is bad");
	is_str(e.text, "line 3: not an object but array", "and says so");
	is_int(ndjson_next(&r, &line, &e), NDJSON_BAD, "so is no JSON");
	is_int(ndjson_next(&r, &line, &e), NDJSON_BAD, "so is a long line");
	is_str(e.text, "line 5: longer than 20 bytes", "and says so");
	is_int(ndjson_next(&r, &line, &e), NDJSON_LINE, "then it goes on");
	is_int((int64_t)line.number, 6, "with the right number");
	is_int(ndjson_next(&r, &line, &e), NDJSON_LINE, "a torn line");
	ok(line.torn, "is told");
	is_int(ndjson_next(&r, &line, &e), NDJSON_EOF, "and the end");
	ndjson_line_release(&line);
	ndjson_release(&r);
}

/* Lines of every length around the limit, also at the end of the input. */
static void
test_limits(void)
{
	for (size_t len = 18; len <= 43; len++)
		for (int newline = 0; newline < 2; newline++) {
			AUTO_BUF struct buf text = BUF_INIT;
			struct ndjson_reader r;
			struct ndjson_line line = NDJSON_LINE_INIT;
			struct err e = ERR_INIT;
			enum ndjson_result want = len > 20 ? NDJSON_BAD :
			    NDJSON_LINE, got;

			buf_addf(&text, "{\"a\":\"%0*d\"}%s", (int)len - 8, 0,
			    newline ? "\n" : "");
			AUTO_FD int fd = input(text.data);
			ndjson_init(&r, fd, 20);
			got = ndjson_next(&r, &line, &e);
			if (got != want || ndjson_next(&r, &line, &e) !=
			    NDJSON_EOF)
				ok(false, "%zu bytes, %d newlines", len,
				    newline);
			ndjson_line_release(&line);
			ndjson_release(&r);
		}
	ok(true, "lines around the limit");
}

/* A line far over the limit through a pipe, then a good one. */
static void
test_huge(void)
{
	struct ndjson_reader r;
	struct ndjson_line line = NDJSON_LINE_INIT;
	struct err e = ERR_INIT;
	char chunk[65536];
	int p[2];
	pid_t pid;

	for (int again = 0; again < 2; again++) {
		memset(chunk, 'x', sizeof(chunk));
		if (pipe(p) < 0)
			exit(99);
		pid = fork();
		if (pid == 0) {
			for (int i = 0; i < 64; i++)
				fd_write(p[1], chunk, sizeof(chunk), &e);
			_exit(!again && fd_write(p[1], "\n{\"n\":1}\n", 9,
			    &e) < 0);
		}
		close(p[1]);
		ndjson_init(&r, p[0], sizeof(chunk));
		is_int(ndjson_next(&r, &line, &e), NDJSON_BAD, "huge is bad");
		if (!again)
			is_int(ndjson_next(&r, &line, &e), NDJSON_LINE,
			    "the next is not");
		is_int(ndjson_next(&r, &line, &e), NDJSON_EOF, "then the end");
		ok(r.in.cap <= 4 * sizeof(chunk), "it was not kept: %zu",
		    r.in.cap);
		ndjson_line_release(&line);
		ndjson_release(&r);
		close(p[0]);
		waitpid(pid, NULL, 0);
	}
}

static void
test_waiting(void)
{
	static volatile int stop;
	struct ndjson_reader r;
	struct ndjson_line line = NDJSON_LINE_INIT;
	struct err e = ERR_INIT;
	int p[2];

	if (pipe(p) < 0)
		exit(99);
	ndjson_init(&r, p[0], 100);
	fd_write(p[1], "{\"a\":1}\n{\"b\"", 12, &e);
	is_int(ndjson_next_until(&r, deadline_in(0), NULL, &line, &e),
	    NDJSON_LINE, "what is there needs no wait");
	ok(!ndjson_pending(&r), "half a line is none");
	is_int(ndjson_next_until(&r, deadline_in(0), NULL, &line, &e),
	    NDJSON_AGAIN, "and does not come in time");
	fd_write(p[1], ":2}\n{}\n", 7, &e);
	is_int(ndjson_next(&r, &line, &e), NDJSON_LINE, "then it does");
	is_str(line.text + 4, ":2}\n{}\n", "whole");
	ok(ndjson_pending(&r), "and there is another");
	ndjson_next(&r, &line, &e);
	stop = 15;
	is_int(ndjson_next_until(&r, DEADLINE_NEVER, &stop, &line, &e),
	    NDJSON_FAIL, "a signal ends it");
	is_int(e.status, ST_SIGNAL + 15, "with its number");
	ndjson_line_release(&line);
	ndjson_release(&r);
	close(p[0]);
	close(p[1]);
	ndjson_init(&r, p[0], 100);
	is_int(ndjson_next(&r, &line, &e), NDJSON_FAIL,
	    "so does a read that fails");
	is_int(e.status, ST_IO, "with its class");
	ndjson_release(&r);
}

static void
test_raw(void)
{
	struct ndjson_reader r;
	struct ndjson_line line = NDJSON_LINE_INIT;
	struct err e = ERR_INIT;
	AUTO_FD int fd = input("text\n\nx");

	ndjson_init(&r, fd, 20);
	r.raw = true;
	is_int(ndjson_next(&r, &line, &e), NDJSON_LINE, "a raw line");
	is_int((int64_t)line.len, 4, "of text");
	is_int(ndjson_next(&r, &line, &e), NDJSON_LINE, "a blank one");
	is_int((int64_t)line.len, 0, "is one");
	is_int(ndjson_next(&r, &line, &e), NDJSON_LINE, "a torn one");
	ok(line.torn && line.len == 1, "is told");
	is_int(ndjson_next(&r, &line, &e), NDJSON_EOF, "the end");
	ndjson_release(&r);
}

static void
check_splice(const char *line, const char *key, const char *json,
    const char *want)
{
	AUTO_BUF struct buf out = BUF_INIT;

	ndjson_splice(line, strlen(line), key, json, &out);
	is_str(out.data, want, line);
}

static void
test_splice(void)
{
	check_splice("{}", "r", "1", "{\"r\":1}");
	check_splice("{\"n\":12345678901234567890}", "r", "{}",
	    "{\"n\":12345678901234567890,\"r\":{}}");
	check_splice("{ \"a\" : [1, {\"r\":2}] , \"b\":\"}\\\"{\" } ", "r", "1",
	    "{ \"a\" : [1, {\"r\":2}] , \"b\":\"}\\\"{\" ,\"r\":1} ");
	check_splice("{\"r\":0,\"a\":1}", "r", "1", "{\"a\":1,\"r\":1}");
	check_splice("{\"a\":1,\"r\":[1,2],\"r\":3}", "r", "1",
	    "{\"a\":1,\"r\":1}");
	check_splice("{\"\\u0072\":0}", "r", "1", "{\"r\":1}");
}

int
main(void)
{
	test_reader();
	test_limits();
	test_huge();
	test_waiting();
	test_raw();
	test_splice();
	return done();
}
