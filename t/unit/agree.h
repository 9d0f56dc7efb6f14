/*
 * agree: what a JSON Schema for editors says of a text, and what the code
 * says, must be the same.
 */
#ifndef UNIT_AGREE_H
#define UNIT_AGREE_H

#include <stdlib.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "path.h"
#include "schema.h"
#include "tap.h"
#include "yaml.h"

struct agree {
	const char *text;
	bool good;
};

static bool
agree_schema_takes(struct schema *s, const char *text)
{
	AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;
	struct err e = ERR_INIT;

	return yaml_parse("x", text, strlen(text), &doc, &e) == 0 &&
	    schema_check(s, &doc.value, NULL, &e) == 0;
}

/* A directory of its own, with one file. */
static void
agree_begin(char *dir, const char *file, const char *text)
{
	struct err e = ERR_INIT;

	ok(mkdtemp(dir) && chdir(dir) == 0 &&
	    path_write_atomic(file, text, strlen(text), 0600, &e) == 0,
	    "has a directory %s", e.text);
}

/* All cases; `takes` is the code. */
static void
agree_run(const char *path, const struct agree *cases, size_t n,
    bool (*takes)(const char *text))
{
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_JV jv v = JSON_NONE;
	struct err e = ERR_INIT;
	struct schema *s;

	ok(path_read(path, 1 << 20, &text, &e) == 0 &&
	    json_parse(text.data, text.len, &v, &e) == 0, "reads the schema");
	s = schema_compile(&v, NULL, &e);
	ok(s != NULL, "compiles it %s", e.text);
	for (size_t i = 0; s && i < n; i++) {
		ok(takes(cases[i].text) == cases[i].good,
		    "case %zu, the code", i);
		if (!ok(agree_schema_takes(s, cases[i].text) ==
		    cases[i].good, "case %zu, the schema", i))
			diag("%s", cases[i].text);
	}
	schema_free(s);
}

static void
agree_end(const char *dir, const char *const *files)
{
	for (; *files; files++)
		unlink(*files);
	ok(chdir("/") == 0 && rmdir(dir) == 0, "cleans up");
}

#endif
