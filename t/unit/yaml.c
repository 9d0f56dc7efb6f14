/* yaml: values, places, bounds. */
#include "config.h"

#include "yaml.h"

#include "alloc.h"
#include "suggest.h"
#include "tap.h"

static void
gives(const char *text, const char *want)
{
	AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;
	struct err e = ERR_INIT;
	AUTO_FREE char *got = NULL;

	if (yaml_parse("f", text, strlen(text), &doc, &e) < 0)
		got = xstrdup(e.text);
	else
		got = json_text(&doc.value);
	is_str(got, want, want);
}

static void
test_scalars(void)
{
	gives("", "null");
	gives("# nothing\n---\n...\n", "null");
	gives("[~, null, NULL, '', ]", "[null,null,null,\"\"]");
	gives("[true, False, yes, no, on, off, y]",
	    "[true,false,\"yes\",\"no\",\"on\",\"off\",\"y\"]");
	gives("[1, -2, +3, 0644, 0x1F, 0o17]", "[1,-2,3,644,31,15]");
	gives("[1.5, .5, 5., 1e3, -1.5E-1]", "[1.5,0.5,5,1000,-0.15]");
	gives("[1_000, 1:30, 0b1, 0x, 0o8, e3, ., 1.2.3, +]",
	    "[\"1_000\",\"1:30\",\"0b1\",\"0x\",\"0o8\",\"e3\",\".\","
	    "\"1.2.3\",\"+\"]");
	gives("['1', \"true\", !!str 1, ! 2]", "[\"1\",\"true\",\"1\",\"2\"]");
	gives("[!!int 1, !!float 2, !!bool true, !!null ~]",
	    "[1,2,true,null]");
	gives("2026-11-21", "\"2026-11-21\"");
	gives("9007199254740992", "9007199254740992");
	gives("a: |\n  x\n  y\nb: >\n  x\n  y\n",
	    "{\"a\":\"x\\ny\\n\",\"b\":\"x y\\n\"}");
	gives("{\"a\":[1,{\"b\":null}]}", "{\"a\":[1,{\"b\":null}]}");
}

static void
test_refused(void)
{
	gives("a: 9007199254740993\n", "f:1:4: number '9007199254740993' is "
	    "too large to be exact, put it in quotes");
	gives("0xffffffffffffffffff", "f:1:1: number '0xffffffffffffffffff' "
	    "is too large to be exact, put it in quotes");
	gives("- 1e999\n", "f:1:3: number '1e999' is out of range");
	gives("- .inf\n", "f:1:3: '.inf' is no number that JSON has");
	gives("a: 1\nb: 2\na: 3\n", "f:3:1: key 'a' occurs twice");
	gives("? [x]\n: y\n", "f:1:3: a key must be a word");
	gives("a: !ruby/object {}\n", "f:1:4: unknown tag on a mapping");
	gives("a: !!binary aGk=\n",
	    "f:1:4: unknown tag 'tag:yaml.org,2002:binary'");
	gives("!!int x", "f:1:1: 'x' does not fit its tag");
	gives("\"a\\0b\"", "f:1:1: NUL in a string");
	gives("\"a\\0b\": 1", "f:1:1: NUL in a key");
	gives("a: 1\n---\nb: 2\n", "f:3:1: a second document");
	gives("a: [1, 2\n", "f:2:1: did not find expected ',' or ']', "
	    "while parsing a flow sequence");
	gives("x: \xff\n", "f:1:4: invalid leading UTF-8 octet");
	gives("a: *b\n", "f:1:4: alias '*b' has no anchor");
	gives("a: &b [*b]\n",
	    "f:1:8: alias '*b' is inside what it stands for");
}

static void
test_anchors(void)
{
	gives("a: &x {m: 1}\nb: *x\n", "{\"a\":{\"m\":1},\"b\":{\"m\":1}}");
	gives("a: &x {m: 1, n: 1}\nb:\n  <<: *x\n  n: 2\n",
	    "{\"a\":{\"m\":1,\"n\":1},\"b\":{\"m\":1,\"n\":2}}");
	gives("b: {n: 2, <<: [{n: 1, o: 3}, {o: 4, p: 5}]}\n",
	    "{\"b\":{\"n\":2,\"o\":3,\"p\":5}}");
	gives("'<<': 1\n", "{\"<<\":1}");
	gives("<<: 1\n",
	    "f:1:5: '<<' takes a mapping or a list of mappings");
}

/* What would take memory or stack without bound. */
static void
test_bounds(void)
{
	AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;
	AUTO_BUF struct buf b = BUF_INIT;
	struct err e = ERR_INIT;

	buf_adds(&b, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 12; i++) {
		buf_addf(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			buf_addf(&b, "*a%d,", i - 1);
		buf_adds(&b, "]\n");
	}
	ok(yaml_parse("f", b.data, b.len, &doc, &e) < 0, "a billion laughs");
	ok(strstr(e.text, "aliases expand to too much"), "are refused");
	is_int(e.status, ST_CONFIG, "as bad configuration");

	buf_reset(&b);
	for (int i = 0; i < 100000; i++)
		buf_addc(&b, '[');
	ok(yaml_parse("f", b.data, b.len, &doc, &e) < 0, "deep nesting");
	is_str(e.text, "f:1:65: nested more than 64 deep", "is refused");

	buf_reset(&b);
	buf_adds(&b, "a0: &a0 []\n");
	for (int i = 1; i < 100; i++)
		buf_addf(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	ok(yaml_parse("f", b.data, b.len, &doc, &e) < 0, "a deep chain");
	is_str(e.text, "f:63:12: nested more than 64 deep", "is refused");

	buf_reset(&b);
	for (int i = 0; i < YAML_NODES_MAX; i++)
		buf_adds(&b, "- \n");
	ok(yaml_parse("f", b.data, b.len, &doc, &e) < 0, "too many values");
}

static const char text[] =
    "agents:\n"
    "- &dev\n"
    "  model: gpt-4.1\n"
    "  tools: [shell, 7]\n"
    "- <<: *dev\n"
    "  modle: x\n"
    "prices: {gpt-4.1: {in: 2}}\n";

static void
where(const struct yaml_doc *doc, const char *path, const char *want)
{
	struct err e = ERR_INIT;

	yaml_err(doc, path, &e, "x");
	is_str(e.text, want, path);
}

static void
test_where(void)
{
	AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;
	struct err e = ERR_INIT;

	is_int(yaml_parse("f", text, strlen(text), &doc, &e), 0, "parses");
	where(&doc, "", "f:1:1: x");
	where(&doc, "agents.0.model", "f:3:10: x");
	where(&doc, "agents.0.tools.1", "f:4:18: x");
	where(&doc, "agents.1.model", "f:3:10: x");
	where(&doc, "agents.1.nothing", "f:5:3: x");
	where(&doc, "prices.gpt-4.1.in", "f:7:24: x");
	yaml_err_key(&doc, "agents.1.modle", &e, "key");
	is_str(e.text, "f:6:3: key", "the place of a key");
}

static void
test_check(void)
{
	static const char *const words[] = { "gpt-4.1", "gpt-5", NULL };
	static const struct yaml_shape agent[] = {
		{ "model", .kinds = YAML_STRING | YAML_REQUIRED,
		    .words = words },
		{ "tools", .kinds = YAML_LIST, .each = YAML_STRING },
		{ "turns", .kinds = YAML_INT },
		YAML_SHAPE_END
	};
	static const struct yaml_shape top[] = {
		{ "agents", .kinds = YAML_LIST, .each = YAML_MAP,
		    .members = agent },
		{ "prices", .kinds = YAML_ANY },
		YAML_SHAPE_END
	};
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ text, "f:4:18: an element of 'tools' must be a string, "
		    "not a number" },
		{ "", NULL },
		{ "agents: [{model: gpt-5, turns: 3}]", NULL },
		{ "agents: [{turns: 1}]", "f:1:10: 'model' is missing" },
		{ "agents: [{model: gpt-6}]", "f:1:18: 'model' must be "
		    "'gpt-4.1' or 'gpt-5', not 'gpt-6', "
		    "did you mean 'gpt-5'?" },
		{ "agents: [{model: gpt-5, turns: 1.5}]", "f:1:32: 'turns' "
		    "must be a whole number, not a fraction" },
		{ "agents: [3]", "f:1:10: an element of 'agents' must be "
		    "a mapping, not a number" },
		{ "agents: {}", "f:1:9: 'agents' must be a list, "
		    "not a mapping" },
		{ "agnets: []\nprise: 1",
		    "f:1:1: unknown key 'agnets', did you mean 'agents'?" },
		{ "- 1", "f:1:1: the file must be a mapping, not a list" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;
		struct err e = ERR_INIT;
		const char *t = cases[i].text, *want = cases[i].want;

		if (yaml_parse("f", t, strlen(t), &doc, &e) == 0)
			yaml_check(&doc, "", top, &e);
		is_str(e.status ? e.text : NULL, want, want ? want : "good");
	}
}

static void
test_suggest(void)
{
	static const char *const known[] = { "model", "tools", "mode", "x",
	    "Shell", NULL };

	is_str(suggest("modle", known), "model", "letters swapped");
	is_str(suggest("tool", known), "tools", "one is missing");
	is_str(suggest("MODEL", known), NULL, "all in capitals is too far");
	is_str(suggest("shell", known), "Shell", "case");
	is_str(suggest("frobnicate", known), NULL, "nothing near");
	is_str(suggest("y", known), NULL, "one letter");
	is_str(suggest("", known), NULL, "nothing");
}

int
main(void)
{
	test_scalars();
	test_refused();
	test_anchors();
	test_bounds();
	test_where();
	test_check();
	test_suggest();
	return done();
}
