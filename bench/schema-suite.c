/*
 * schema-suite DIR: how much of the official JSON-Schema-Test-Suite (the
 * directory of its checkout) the validator passes, draft 2020-12.
 *
 * A schema that is refused counts as failed, but is told apart: refusing is
 * what is asked of what we cannot do.
 */
#include "config.h"

#include <dirent.h>

#include "alloc.h"
#include "buf.h"
#include "err.h"
#include "path.h"
#include "schema.h"

enum { DOCUMENTS_MAX = 100, FILE_LIMIT = 1 << 20 };

struct suite {
	struct schema_document documents[DOCUMENTS_MAX];
	jv values[DOCUMENTS_MAX];
	char *uris[DOCUMENTS_MAX];
	size_t n;
	unsigned good, bad, refused;
	bool verbose, format;
};

static jv
load(const char *path)
{
	AUTO_BUF struct buf b = BUF_INIT;
	struct err e = ERR_INIT;
	jv v = JSON_NONE;

	if (path_read(path, FILE_LIMIT, &b, &e) < 0 ||
	    json_parse(b.data, b.len, &v, &e) < 0)
		err_warn("%s: %s", path, e.text);
	return v;
}

static bool
is_json(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && strcmp(name + n - 5, ".json") == 0;
}

/* All files below remotes/, under the address that the tests use. */
static void
load_remotes(struct suite *s, const char *dir, const char *uri)
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		AUTO_FREE char *path = path_join(dir, name);
		AUTO_FREE char *at = xasprintf("%s/%s", uri, name);
		if (is_json(name) && s->n < DOCUMENTS_MAX) {
			s->values[s->n] = load(path);
			s->uris[s->n] = STEAL(at);
			s->documents[s->n] = (struct schema_document){
				s->uris[s->n], &s->values[s->n]
			};
			s->n++;
		} else if (name[0] != '.' && path_is_dir(path)) {
			load_remotes(s, path, at);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static void
run_test(struct suite *s, const struct schema *schema, const char *what,
    const jv *test)
{
	AUTO_JV jv data = json_get(test, "data");
	struct err e = ERR_INIT;
	bool want = false;

	json_bool(test, "valid", &want);
	if ((schema_check(schema, &data, NULL, &e) == 0) == want) {
		s->good++;
		return;
	}
	s->bad++;
	if (s->verbose)
		printf("wrong %s: %s (want %s)\n", what,
		    json_str(test, "description"), want ? "valid" : "invalid");
}

static void
run_group(struct suite *s, const char *file, const jv *group)
{
	struct schema_options options = {
		.assert_format = s->format,
		.documents = s->documents, .ndocuments = s->n
	};
	AUTO_JV jv value = json_get(group, "schema");
	AUTO_JV jv tests = json_get(group, "tests");
	AUTO_FREE char *what = xasprintf("%s: %s", file,
	    json_str(group, "description"));
	struct err e = ERR_INIT;
	struct schema *schema = schema_compile(&value, &options, &e);

	if (!schema && s->verbose)
		printf("refused %s: %s\n", what, e.text);
	for (size_t i = 0; i < json_count(&tests); i++) {
		AUTO_JV jv test = json_at(&tests, i);
		if (schema)
			run_test(s, schema, what, &test);
		else
			s->refused++;
	}
	schema_free(schema);
}

static void
run_dir(struct suite *s, const char *dir)
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);

	s->good = s->bad = s->refused = 0;
	for (int i = 0; i < n; i++) {
		if (is_json(list[i]->d_name)) {
			AUTO_FREE char *path = path_join(dir, list[i]->d_name);
			AUTO_JV jv groups = load(path);
			for (size_t k = 0; k < json_count(&groups); k++) {
				AUTO_JV jv group = json_at(&groups, k);
				run_group(s, list[i]->d_name, &group);
			}
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static unsigned
print(const struct suite *s, const char *what)
{
	unsigned all = s->good + s->bad + s->refused;

	printf("%s: %u of %u (%.2f %%), %u wrong, %u refused\n", what,
	    s->good, all, all ? 100.0 * s->good / all : 0, s->bad,
	    s->refused);
	return all ? s->good * 10000u / all : 0;
}

int
main(int argc, char **argv)
{
	struct suite s = { .verbose = argc > 2 };
	unsigned required;

	err_set_program("schema-suite");
	if (argc < 2) {
		err_warn("usage: schema-suite DIRECTORY [verbose]");
		return 2;
	}
	AUTO_FREE char *tests = path_join(argv[1], "tests/draft2020-12");
	AUTO_FREE char *optional = path_join(tests, "optional");
	AUTO_FREE char *formats = path_join(optional, "format");
	AUTO_FREE char *remotes = path_join(argv[1], "remotes");
	load_remotes(&s, remotes, "http://localhost:1234");
	run_dir(&s, tests);
	required = print(&s, "required");
	run_dir(&s, optional);
	print(&s, "optional");
	s.format = true;
	run_dir(&s, formats);
	print(&s, "formats, asserted");
	for (size_t i = 0; i < s.n; i++) {
		json_release(&s.values[i]);
		free(s.uris[i]);
	}
	return required < 9800;
}
