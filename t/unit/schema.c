/* schema: what passes, what is said about what does not, hostile schemas. */
#include "config.h"

#include "schema.h"

#include "alloc.h"
#include "tap.h"

static jv
parse(const char *text)
{
	struct err e = ERR_INIT;
	jv v = JSON_NONE;

	if (json_parse(text, strlen(text), &v, &e) < 0)
		diag("%s: %s", text, e.text);
	return v;
}

/* The reasons, "" when it passes, "refused: ..." for the schema. */
static char *
reasons(const char *schema, const char *value, bool format)
{
	struct schema_options o = { .assert_format = format };
	AUTO_JV jv s = parse(schema), v = parse(value);
	struct err e = ERR_INIT;
	struct buf why = BUF_INIT;
	struct schema *c = schema_compile(&s, &o, &e);

	buf_reset(&why);
	if (!c)
		buf_addf(&why, "refused: %s", e.text);
	else
		schema_check(c, &v, &why, &e);
	schema_free(c);
	return buf_steal(&why);
}

static void
says(const char *schema, const char *value, const char *want)
{
	AUTO_FREE char *got = reasons(schema, value, false);

	is_str(got, want, schema);
}

static void
test_reasons(void)
{
	says("{\"type\":\"string\"}", "1",
	    "at the top: expected string, got number\n");
	says("{\"type\":[\"integer\",\"null\"]}", "1.5",
	    "at the top: expected integer or null, got 1.5\n");
	says("{\"properties\":{\"tasks\":{\"items\":{\"properties\":{\"name\":"
	    "{\"type\":\"string\"}}}}}}", "{\"tasks\":[{\"name\":7}]}",
	    "at /tasks/0/name: expected string, got number\n");
	says("{\"required\":[\"a\",\"b\"]}", "{\"b\":1}",
	    "at the top: lacks \"a\"\n");
	says("{\"enum\":[\"a\",\"b\"]}", "\"c\"",
	    "at the top: must be one of \"a\", \"b\", not \"c\"\n");
	says("{\"properties\":{\"a\":true},\"additionalProperties\":false}",
	    "{\"x/y\":1}", "at the top: \"x/y\" is not allowed (known: "
	    "\"a\")\n");
	says("{\"patternProperties\":{\"/\":{\"minimum\":3}}}",
	    "{\"x/~\":1}", "at /x~1~0: must be at least 3, not 1\n");
	says("{\"anyOf\":[{\"type\":\"string\"},{\"properties\":{\"a\":"
	    "{\"maxLength\":1}}}]}", "{\"a\":\"xyz\"}",
	    "at the top: fits none of the 2 alternatives: (1) expected "
	    "string, got object; (2) at /a: must have at most 1 characters, "
	    "has 3\n");
	says("{\"oneOf\":[true,{\"type\":\"number\"},{}]}", "1",
	    "at the top: fits 3 alternatives (1 and 3), where only one "
	    "may\n");
	says("{\"uniqueItems\":true}", "[1,{\"a\":[2]},{\"a\":[2.0]}]",
	    "at the top: elements 1 and 2 are equal\n");
	says("{\"propertyNames\":{\"pattern\":\"^[a-z]+$\"}}", "{\"A\":1}",
	    "at the top: the name \"A\": \"A\" does not match the pattern "
	    "^[a-z]+$\n");
	says("{\"items\":false}", "[1]",
	    "at the top: must have at most 0 elements, has 1\n");
}

static void
test_count(void)
{
	AUTO_JV jv s = parse("{\"items\":{\"type\":\"string\"}}");
	AUTO_JV jv v = parse("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]");
	AUTO_JV jv good = parse("[]");
	AUTO_BUF struct buf why = BUF_INIT;
	struct err e = ERR_INIT;
	size_t lines = 0;

	is_int(schema_check_once(&s, &v, &why, &e), -1, "many are wrong");
	is_int(e.status, ST_DATA, "65");
	is_str(e.text, "at /0: expected string, got number (and 14 more)",
	    "the first, and how many");
	for (size_t i = 0; i < why.len; i++)
		lines += why.data[i] == '\n';
	is_int((int64_t)lines, SCHEMA_REASONS, "not all of them");
	is_int(schema_check_once(&s, &good, NULL, &e), 0, "passes");
}

static void
test_numbers(void)
{
	says("{\"multipleOf\":0.0001}", "0.0075", "");
	says("{\"multipleOf\":0.01}", "19.99", "");
	says("{\"multipleOf\":0.01}", "19.999",
	    "at the top: 19.999 is no multiple of 0.01\n");
	says("{\"multipleOf\":3}", "1e300",
	    "at the top: 1e+300 is no multiple of 3\n");
	says("{\"type\":\"integer\",\"multipleOf\":0.5}", "1e308", "");
	says("{\"multipleOf\":1e-300}", "1e300", "");
	says("{\"type\":\"integer\"}", "2.0", "");
	says("{\"const\":0}", "-0.0", "");
	says("{\"const\":false}", "0", "at the top: must be false, not 0\n");
}

/* Schemas that must not compile, with a part of the reason. */
static void
test_refused(void)
{
	static const char *const bad[][2] = {
		{ "1", "must be an object" },
		{ "{\"type\":\"strin\"}", "unknown type 'strin'" },
		{ "{\"type\":[]}", "must be a string or a list" },
		{ "{\"minLength\":-1}", "whole number" },
		{ "{\"minLength\":\"1\"}", "not string" },
		{ "{\"properties\":{\"a\":{\"items\":7}}}",
		    "at #/properties/a/items: a schema must be" },
		{ "{\"$ref\":\"#\"}", "refers to itself" },
		{ "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"allOf\":["
		    "{\"$ref\":\"#/$defs/b\"}]},\"b\":{\"anyOf\":[true,{"
		    "\"$ref\":\"#/$defs/a\"}]}}}", "refers to itself" },
		{ "{\"$ref\":\"#/nowhere\"}", "leads nowhere" },
		{ "{\"$ref\":\"https://example.com/x\"}",
		    "nothing is fetched" },
		{ "{\"pattern\":\"(?<=a)b\"}", "look-behind" },
		{ "{\"patternProperties\":{\"(\":true}}", "( without )" },
		{ "{\"$schema\":\"http://json-schema.org/draft-04/schema#\"}",
		    "unknown metaschema" },
		{ "{\"$schema\":\"http://json-schema.org/draft-07/schema#\","
		    "\"items\":[true]}", "use prefixItems" },
		{ "{\"multipleOf\":0}", "above 0" },
		{ "{\"required\":[1]}", "must hold strings" },
		{ "{\"$id\":\"http://a/b#c\"}", "fragment" },
		{ "{\"$defs\":{\"a\":{\"$anchor\":\"x\"},\"b\":{\"$anchor\":"
		    "\"x\"}}}", "twice" }
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		AUTO_FREE char *got = reasons(bad[i][0], "1", false);
		ok(strncmp(got, "refused: ", 9) == 0 &&
		    strstr(got, bad[i][1]), "refuses %s", bad[i][0]);
		if (!strstr(got, bad[i][1]))
			diag("got %s", got);
	}
}

static void
test_hostile(void)
{
	struct buf b = BUF_INIT;
	AUTO_FREE char *dynamic = reasons("{\"$dynamicAnchor\":\"a\","
	    "\"$dynamicRef\":\"#a\"}", "1", false);

	ok(strstr(dynamic, "refers to itself without end"),
	    "a dynamic loop ends: %s", dynamic);
	/* 2^40 evaluations, if one let it */
	buf_adds(&b, "{\"$ref\":\"#/$defs/d0\",\"$defs\":{");
	for (int i = 0; i < 40; i++)
		buf_addf(&b, "\"d%d\":{\"allOf\":[{\"$ref\":\"#/$defs/d%d\"},"
		    "{\"$ref\":\"#/$defs/d%d\"}]},", i, i + 1, i + 1);
	buf_adds(&b, "\"d40\":{\"type\":\"integer\"}}}");
	AUTO_FREE char *wide = reasons(b.data, "1", false);
	ok(strstr(wide, "too many steps"), "a bomb ends: %s", wide);
	buf_reset(&b);
	for (int i = 0; i < 250; i++)
		buf_adds(&b, "[");
	for (int i = 0; i < 250; i++)
		buf_adds(&b, "]");
	says("{\"anyOf\":[{\"items\":{\"$ref\":\"#\"}},{\"not\":true}]}",
	    b.data, "");
	buf_release(&b);
	says("{\"properties\":{\"a\":true},\"additionalProperties\":false}",
	    "{\"a\\u0000b\":1}",
	    "at the top: \"a\\u0000b\" is not allowed (known: \"a\")\n");
	says("{\"const\":\"\\n\\u001b[31m\"}", "1", "at the top: must be "
	    "\"\\n\\u001b[31m\", not 1\n");
}

static void
test_format(void)
{
	static const char date[] = "{\"format\":\"date-time\"}";
	AUTO_FREE char *bad = reasons(date, "\"2026-02-29T00:00:00Z\"", true);
	AUTO_FREE char *good = reasons(date, "\"2026-02-28T00:00:00Z\"", true);
	AUTO_FREE char *iri = reasons("{\"format\":\"iri\"}", "1", true);
	AUTO_FREE char *own = reasons("{\"format\":\"path\"}", "\"x\"", true);

	is_str(bad, "at the top: \"2026-02-29T00:00:00Z\" is no date-time\n",
	    "asserted");
	is_str(good, "", "passes");
	says(date, "\"x\"", "");
	ok(strstr(iri, "'iri' is not supported"), "refuses what it cannot");
	is_str(own, "", "an unknown format is an annotation");
}

static void
short_is(const char *text, const char *want)
{
	struct err e = ERR_INIT;
	AUTO_JV jv v = JSON_NONE;
	int r = schema_from_short(text, &v, &e);
	AUTO_FREE char *got = r < 0 ? xstrdup(e.text) : json_text(&v);

	is_str(got, want, text);
}

static void
test_short(void)
{
	short_is("name, age int, tags [string]",
	    "{\"additionalProperties\":false,\"properties\":{\"age\":"
	    "{\"type\":\"integer\"},\"name\":{\"type\":\"string\"},\"tags\":"
	    "{\"items\":{\"type\":\"string\"},\"type\":\"array\"}},"
	    "\"required\":[\"name\",\"age\",\"tags\"],\"type\":\"object\"}");
	short_is("\nmood sad|glad: how, exactly\n nick? : short\n",
	    "{\"additionalProperties\":false,\"properties\":{\"mood\":"
	    "{\"description\":\"how, exactly\",\"enum\":[\"sad\",\"glad\"]},"
	    "\"nick\":{\"description\":\"short\",\"type\":\"string\"}},"
	    "\"required\":[\"mood\"],\"type\":\"object\"}");
	short_is("a [[num]]", "{\"additionalProperties\":false,\"properties\":"
	    "{\"a\":{\"items\":{\"items\":{\"type\":\"number\"},\"type\":"
	    "\"array\"},\"type\":\"array\"}},\"required\":[\"a\"],\"type\":"
	    "\"object\"}");
	short_is("a strin", "schema: unknown type 'strin': str, int, num, "
	    "bool, any, a|b or one in brackets");
	short_is(" , ", "schema: no fields");
	short_is("a, a", "schema: 'a' is there twice");
	short_is("?", "schema: a field without a name");
}

int
main(void)
{
	test_reasons();
	test_count();
	test_numbers();
	test_refused();
	test_hostile();
	test_format();
	test_short();
	return done();
}
