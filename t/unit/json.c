/* json: values that no input can abort or corrupt. */
#include "config.h"

#include "json.h"

#include "alloc.h"
#include "tap.h"

static void
parse_refuses(const char *text, const char *title)
{
	struct err e = ERR_INIT;
	AUTO_JV jv v = JSON_NONE;

	ok(json_parse(text, strlen(text), &v, &e) == -1 &&
	    e.status == ST_DATA, "refuses %s", title);
}

static void
test_parse(void)
{
	struct err e = ERR_INIT;
	AUTO_JV jv v = JSON_NONE;

	is_int(json_parse("{\"a\":[1,{\"b\":\"x\"}]}", 19, &v, &e), 0,
	    "parses an object");
	is_str(json_path_str(&v, "a.1.b"), "x", "finds by path");
	is_str(json_path_str(&v, "a.9.b"), NULL, "no such element");
	is_str(json_path_str(&v, "a.x"), NULL, "no member of an array");
	is_str(json_str(&v, "a"), NULL, "an array is no string");
	parse_refuses("", "nothing");
	parse_refuses("{", "half an object");
	parse_refuses("1 2", "two values");
	parse_refuses("nan", "NaN");
	is_int(json_parse("[\"secret\"x]", 11, &v, &e), -1, "refuses rubbish");
	ok(!strstr(e.text, "secret"), "does not quote the input: %s", e.text);
}

static void
test_wrong_kinds(void)
{
	AUTO_JV jv n = json_from_int(3);
	AUTO_JV jv a = json_array();
	int64_t i;

	ok(!json_has(&n, "a"), "a number has no members");
	is_int((int64_t)json_count(&n), 0, "nor elements");
	json_set(&n, "a", json_from_int(1));
	json_append(&n, json_from_int(1));
	ok(json_is(&n, JSON_NUMBER), "setting into a number does nothing");
	json_append(&a, json_from_str("x"));
	json_set(&a, "k", json_from_str("y"));
	is_int((int64_t)json_count(&a), 1, "nor a member into an array");
	ok(!json_int(&a, "x", &i), "no integer in an array");
}

static void
test_write(void)
{
	AUTO_JV jv v = json_object();
	AUTO_FREE char *text = NULL;

	json_set_str(&v, "s", "a\"\n\x01\xff");
	json_set_int(&v, "i", 1234567890123);
	json_set_bool(&v, "b", true);
	json_set(&v, "n", json_null());
	json_set(&v, "none", JSON_NONE);
	text = json_text(&v);
	is_str(text, "{\"b\":true,\"i\":1234567890123,\"n\":null,"
	    "\"s\":\"a\\\"\\n\\u0001\xef\xbf\xbd\"}", "prints sorted, valid");
}

int
main(void)
{
	test_parse();
	test_wrong_kinds();
	test_write();
	return done();
}
