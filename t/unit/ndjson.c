/* ndjson: lines in, lines out, nothing lost. */
#include "config.h"

#include "ndjson.h"

#include <unistd.h>

#include "alloc.h"
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
	test_splice();
	return done();
}
