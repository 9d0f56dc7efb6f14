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
	static const char *const lax[] = {
		"nan", "[nan]", "[-nan]", "{\"a\":NaN}", "[infinity]", "[01]",
		"[+1]", "[.5]", "[1.]", "[-]", "[1e]", "[1e+]", "[-01]",
		"\xef\xbb\xbf{}", "\f1", "[1\f]", "[tru]", "[nulll]",
		"{\"a\":1,}", "[1,]", "{a:1}", "['a']", "[\"a\nb\"]",
		"[\"\\x\"]", "[1}", "{]", "//\n1", "\"\\", "\"a",
		"\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\u00g0\"",
	};

	for (size_t i = 0; i < sizeof(lax) / sizeof(*lax); i++)
		parse_refuses(lax[i], lax[i]);
	ok(json_parse("1\0", 2, &v, &e) == -1, "refuses NUL");
	is_int(json_parse("[\"secret\"x]", 11, &v, &e), -1, "refuses rubbish");
	ok(!strstr(e.text, "secret"), "does not quote the input: %s", e.text);
}

static void
parse_gives(const char *text, const char *want)
{
	struct err e = ERR_INIT;
	AUTO_JV jv v = JSON_NONE;
	AUTO_FREE char *got = NULL;

	if (json_parse(text, strlen(text), &v, &e) < 0)
		diag("%s", e.text);
	got = json_text(&v);
	is_str(got, want, text);
}

/* Our reader against libjq's, which a text that is not plain is left to. */
static void
test_read_like_jq(void)
{
	static const char *const texts[] = {
		"\"\\u00e9\\u0000\\uFFff\\ud83d\\ude00\"",
		"\"a\\/\\b\\f\\n\\r\\t\\\\\\\"\"",
		"\"\xff\xc3\xa9\xed\xa0\x80\"", "[ 1 , -0 , 0 ,\t-12\n]",
		"[9007199254740993,1234567890123456,12345678901234567]",
		"[1.5,1e3,-2E-2,1e999,0.1]", " {\"a\":{},\"b\":[],\"a\":1} ",
		"{\"\":\"\",\"\\u0061\":true}", "[[[[false,null]]]]", "7",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct err e = ERR_INIT;
		size_t len = strlen(texts[i]);
		AUTO_JV jv ours = JSON_NONE;
		AUTO_JV jv theirs = jv_parse_sized(texts[i], (int)len);
		ok(json_parse(texts[i], len, &ours, &e) == 0 &&
		    json_equal(&ours, &theirs), "reads as libjq: %s",
		    texts[i]);
	}
}

static void
test_values(void)
{
	AUTO_BUF struct buf deep = BUF_INIT;
	struct err e = ERR_INIT;
	AUTO_JV jv v = JSON_NONE;

	parse_gives(" [ -0.5e-3 , 0 , 1E2 ] ", "[-0.0005,0,100]");
	parse_gives("[true,false,null,\"nan 01\"]",
	    "[true,false,null,\"nan 01\"]");
	parse_gives("{\"b\":1,\"a\":{\"\":[]},\"b\":2}",
	    "{\"a\":{\"\":[]},\"b\":2}");
	parse_gives("\"\\u00e4\\ud83d\\ude00\\u0000\\/\"",
	    "\"\xc3\xa4\xf0\x9f\x98\x80\\u0000/\"");
	parse_gives("\"\xff\"", "\"\xef\xbf\xbd\"");
	parse_gives("[9007199254740993]", "[9007199254740992]");
	parse_gives("[1e999]", "[1.7976931348623157e+308]");
	for (int i = 0; i < 100000; i++)
		buf_addc(&deep, '[');
	is_int(json_parse(deep.data, deep.len, &v, &e), -1,
	    "refuses deep nesting");
	for (int i = 0; i < 100000; i++)
		buf_addc(&deep, ']');
	is_int(json_parse(deep.data, deep.len, &v, &e), -1, "also if closed");
}

static jv
parsed(const char *text)
{
	struct err e = ERR_INIT;
	jv v = JSON_NONE;

	if (json_parse(text, strlen(text), &v, &e) < 0)
		diag("%s", e.text);
	return v;
}

static void
test_objects(void)
{
	AUTO_JV jv a = parsed("{\"a\":{\"x\":1,\"y\":2},\"b\":true}");
	AUTO_JV jv b = parsed("{\"a\":{\"y\":3},\"c\":\"s\"}");
	AUTO_FREE char *text = NULL;
	bool yes = false;
	int seen = 0;

	AUTO_JV jv merged = json_merge(&a, &b);
	text = json_text(&merged);
	is_str(text, "{\"a\":{\"x\":1,\"y\":3},\"b\":true,\"c\":\"s\"}",
	    "merges");
	ok(json_bool(&merged, "b", &yes) && yes, "finds a boolean");
	ok(!json_bool(&merged, "c", &yes), "a string is none");
	AUTO_JV jv x = json_path(&merged, "a.x");
	ok(json_is(&x, JSON_NUMBER) && json_is_true(&x), "finds a number");
	JSON_EACH(&merged, it)
		seen += json_iter_key(&merged, it)[0];
	is_int(seen, 'a' + 'b' + 'c', "walks over all members");
	json_unset(&merged, "a");
	is_int((int64_t)json_count(&merged), 2, "takes one out");
	AUTO_JV jv copy = json_copy(&merged);
	json_set_int(&copy, "d", 1);
	ok(!json_has(&merged, "d") && json_has(&copy, "d"),
	    "a copy is of its own");
	ok(!json_equal(&merged, &copy), "and another value");
}

static void
test_numbers(void)
{
	AUTO_JV jv a = parsed("[0.5,1e300,9007199254740992,\"a\\u0000b\"]");
	AUTO_JV jv holder = json_object();
	int64_t i = 0;

	json_set(&holder, "v", json_at(&a, 0));
	ok(!json_int(&holder, "v", &i), "a half is no integer");
	json_set(&holder, "v", json_at(&a, 1));
	ok(!json_int(&holder, "v", &i), "nor what has lost its digits");
	json_set(&holder, "v", json_at(&a, 2));
	ok(json_int(&holder, "v", &i) && i == INT64_C(1) << 53, "2^53 is one");
	AUTO_JV jv s = json_at(&a, 3);
	is_int((int64_t)json_string_len(&s), 3, "a string may hold NUL");
	AUTO_JV jv none = json_at(&a, 4);
	ok(json_is(&none, JSON_NOTHING), "behind the end is nothing");
}

/* cmd/jq-late.c makes it without libjq, to which it is given later. */
static void
test_none(void)
{
	static const jv zeros;
	AUTO_JV jv copy = json_copy(&zeros);
	AUTO_JV jv object = json_object();

	ok(json_is(&zeros, JSON_NOTHING), "all zeros are JSON_NONE");
	ok(json_is(&copy, JSON_NOTHING), "and so is a copy");
	json_set(&object, "a", json_copy(&zeros));
	is_int((int64_t)json_count(&object), 0, "which sets nothing");
	json_release(&copy);
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

/* What we print ourselves is what libjq prints. */
static void
test_write_like_jq(void)
{
	static const char *const texts[] = {
		"{\"b\":1,\"a\":[true,false,null],\"aa\":{},\"\":[]}",
		"[0,-0,1,-1,0.1,1e300,9007199254740992,9007199254740994,"
		"123456789012,-1e-7,3.0]",
		"\"\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r"
		"\\u001f \\\"/\\\\\\u007f\"",
		"{\"\\u00e9\":\"\\u20ac\\ud83d\\ude00\",\"z\\n\":\"\"}",
		"\"\"", "12", "null"
	};
	size_t bad = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		AUTO_JV jv v = JSON_NONE;
		struct err e = ERR_INIT;
		if (json_parse(texts[i], strlen(texts[i]), &v, &e) < 0)
			bad++;
		AUTO_JV jv theirs = jv_dump_string(jv_copy(v),
		    JV_PRINT_SORTED);
		AUTO_FREE char *ours = json_text(&v);
		if (strcmp(ours, json_string(&theirs)) == 0)
			continue;
		bad++;
		diag("%s, not %s", ours, json_string(&theirs));
	}
	ok(bad == 0, "prints as libjq does");
}

int
main(void)
{
	test_parse();
	test_read_like_jq();
	test_values();
	test_objects();
	test_numbers();
	test_none();
	test_wrong_kinds();
	test_write();
	test_write_like_jq();
	return done();
}
