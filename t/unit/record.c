/* record: made, printed in order, checked. */
#include "config.h"

#include "record.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "alloc.h"
#include "tap.h"

static void
test_new(void)
{
	static const struct record_origin origin = {
		.source = "/agent/a", .run = "r", .to = "b"
	};
	AUTO_JV jv data = json_object();
	struct err e = ERR_INIT;

	json_set_str(&data, "text", "x");
	AUTO_JV jv r = record_new(&origin, RECORD_MESSAGE, json_copy(&data));
	is_int(record_check(&r, &e), 0, "what we make is a record");
	ok(ulid_valid(json_str(&r, "id")), "with an id");
	is_str(json_str(&r, "to"), "b", "to somebody");
	ok(!json_has(&r, "task"), "without what was not given");
	AUTO_JV jv bare = record_new(&origin, "x.y", JSON_NONE);
	ok(!json_has(&bare, "data"), "data may be left out");
	ok(strcmp(json_str(&r, "id"), json_str(&bare, "id")) < 0,
	    "ids are in order");
}

static void
test_write(void)
{
	static const char text[] =
	    "{\"data\":{\"b\":1,\"a\":[]},\"id\\u0000\":1,"
	    "\"type\":\"t\",\"task\":\"k\",\"source\":\"/s\",\"id\":\"i\","
	    "\"specversion\":\"1.0\"}";
	struct err e = ERR_INIT;
	AUTO_JV jv r = JSON_NONE;
	AUTO_BUF struct buf out = BUF_INIT;
	char line[512];
	int pair[2];
	ssize_t n;

	json_parse(text, strlen(text), &r, &e);
	buf_adds(&out, "before ");
	record_write(&r, &out);
	is_str(out.data, "before {\"specversion\":\"1.0\",\"id\":\"i\","
	    "\"source\":\"/s\",\"type\":\"t\",\"task\":\"k\",\"id\\u0000\":1,"
	    "\"data\":{\"a\":[],\"b\":1}}", "attributes first, data last");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		exit(99);
	is_int(record_emit(pair[0], &r, &e), 0, "goes out");
	n = recv(pair[1], line, sizeof(line), MSG_DONTWAIT);
	ok(n == (ssize_t)(out.len - 7 + 1) && line[n - 1] == '\n',
	    "in one write");
	close(pair[0]);
	close(pair[1]);
	AUTO_FD int full = open("/dev/full", O_WRONLY);
	is_int(record_emit(full, &r, &e), -1, "or fails");
	is_int(e.status, ST_IO, "with its class");
}

static void
refuses(const char *text, const char *why)
{
	struct err e = ERR_INIT;
	AUTO_JV jv r = JSON_NONE;

	json_parse(text, strlen(text), &r, &e);
	ok(record_check(&r, &e) == -1 && e.status == ST_DATA, "refuses %s",
	    text);
	is_str(e.text, why, why);
}

#define START "{\"specversion\":\"1.0\",\"id\":\"i\""

static void
test_check(void)
{
	refuses("{}", "not a record: \"specversion\" is not \"1.0\"");
	refuses("[]", "not a record: \"specversion\" is not \"1.0\"");
	refuses("{\"specversion\":1.0}",
	    "not a record: \"specversion\" is not \"1.0\"");
	refuses(START "}", "not a record: no \"source\"");
	refuses(START ",\"source\":\"\"}", "not a record: empty \"source\"");
	refuses(START ",\"source\":\"s\",\"type\":3}",
	    "not a record: no \"type\"");
	refuses(START ",\"source\":\"s\",\"type\":\"t\",\"time\":\"now\"}",
	    "not a record: \"time\" is not RFC 3339");
	refuses(START ",\"source\":\"s\",\"type\":\"t\",\"time\":null}",
	    "not a record: \"time\" is not RFC 3339");
}

static void
traceparent(const char *value, bool good)
{
	setenv("TRACEPARENT", value, 1);
	is_str(record_traceparent(), good ? value : NULL, value);
}

static void
test_trace(void)
{
	traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	    true);
	traceparent("", false);
	traceparent("00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	    false);
	traceparent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	    false);
	traceparent("00-00000000000000000000000000000000-b7ad6b7169203331-01",
	    false);
	traceparent("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
	    false);
	traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
	    false);
	unsetenv("TRACEPARENT");
	is_str(record_traceparent(), NULL, "none");
}

static void
test_error(void)
{
	struct err e = ERR_INIT;
	AUTO_FREE char *text = NULL;

	err_set(&e, ST_TEMPFAIL, "locked");
	AUTO_JV jv data = record_error_data(&e);
	text = json_text(&data);
	is_str(text, "{\"kind\":\"try_later\",\"message\":\"locked\","
	    "\"status\":75}", "an error as data");
}

int
main(void)
{
	test_new();
	test_write();
	test_check();
	test_trace();
	test_error();
	return done();
}
