/* shape: what a text looks like. */
#include "config.h"

#include "shape.h"

#include <stdbool.h>

#include "alloc.h"

/*
 * A shape is there when one of its marks is: `at_line` at the beginning of a
 * line, else anywhere.  Marks are exact bytes.
 */
struct mark {
	const char *text;
	bool at_line;
};

static const struct mark diff[] = {
	{ "@@ -", true }, { "diff --git ", true }, { "--- a/", true }, { 0 }
};
static const struct mark trace[] = {
	{ "Traceback (most recent", true }, { "\tat ", true },
	{ "panic: ", true }, { "Exception in thread", true },
	{ "Segmentation fault", false }, { "segfault", false },
	{ "core dumped", false }, { "Error: ", true }, { "NullPointer", false },
	{ "error TS", false }, { "error[E", false }, { "goroutine ", true },
	{ "undefined reference", false }, { 0 }
};
static const struct mark console[] = {
	{ "webpack-internal:", false }, { "Uncaught ", false },
	{ "Check the render method", false }, { "document.", false },
	{ "<div", false }, { "className=", false }, { ".tsx", false },
	{ ".css", false }, { ".vue", false }, { 0 }
};
static const struct mark sql[] = {
	{ "SELECT ", true }, { "select * from", false }, { "UPDATE ", true },
	{ "DELETE FROM", true }, { "INSERT INTO", true },
	{ "ALTER TABLE", true }, { "CREATE TABLE", true },
	{ "CREATE INDEX", true }, { "Seq Scan", false },
	{ "(cost=", false }, { "EXPLAIN ", true },
	{ "deadlock detected", false },
	{ 0 }
};
static const struct mark infra[] = {
	{ "FROM ", true }, { "apiVersion:", true }, { "readinessProbe", false },
	{ "kubectl ", false }, { "resource \"", true }, { "helm ", false },
	{ "OOMKilled", false }, { "CrashLoop", false }, { "docker ", false },
	{ "runs-on:", false }, { 0 }
};
static const struct mark tests[] = {
	{ "FAILED ", true }, { "--- FAIL:", true }, { " failed, ", false },
	{ "AssertionError", false }, { "not ok ", true }, { 0 }
};
static const struct mark audit[] = {
	{ "CVE-", false }, { "npm audit", false }, { "Severity: ", false },
	{ "GHSA-", false }, { 0 }
};
static const struct mark code[] = {
	{ "function ", true }, { "def ", true }, { "class ", true },
	{ "#include", true }, { "import ", true }, { "const ", true },
	{ "return ", false }, { "func ", true }, { "public ", true }, { 0 }
};

static const struct {
	struct shape shape;
	const struct mark *marks;
} shapes[] = {
	{ { "diff", "review", 1.5 }, diff },
	{ { "stack trace", "debug", 1.5 }, trace },
	{ { "browser", "frontend", 2 }, console },
	{ { "SQL", "database", 2 }, sql },
	{ { "deployment", "infra", 1.5 }, infra },
	{ { "test output", "test", 2 }, tests },
	{ { "vulnerability", "security", 2.5 }, audit },
	{ { "code", "code", 1 }, code },
};

/* Whether `mark` begins at s[i]. */
static bool
mark_at(const char *s, size_t len, size_t i, const struct mark *m)
{
	size_t n = strlen(m->text);

	return n <= len - i && memcmp(s + i, m->text, n) == 0;
}

static bool
has_mark(const char *s, size_t len, const struct mark *m)
{
	if (!m->at_line)
		return memmem(s, len, m->text, strlen(m->text));
	for (size_t at = 0; at < len; ) {
		const char *nl;
		if (mark_at(s, len, at, m))
			return true;
		nl = memchr(s + at, '\n', len - at);
		if (!nl)
			return false;
		at = (size_t)(nl - s) + 1;
		/* what is indented counts as well, but not for "\tat" */
		while (at < len && (s[at] == ' ' ||
		    (s[at] == '\t' && *m->text != '\t')))
			at++;
	}
	return false;
}

void
shape_find(const char *text, size_t len, shape_fn fn, void *arg)
{
	/* what matters is near the beginning; a pasted log may be long */
	if (len > 16384)
		len = 16384;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		for (const struct mark *m = shapes[i].marks; m->text; m++)
			if (has_mark(text, len, m)) {
				fn(&shapes[i].shape, arg);
				break;
			}
}
