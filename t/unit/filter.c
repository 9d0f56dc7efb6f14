/* filter: jq programs, and what they must not reach. */
#include "config.h"

#include "filter.h"

#include <signal.h>
#include <sys/wait.h>

#include "alloc.h"
#include "env.h"
#include "tap.h"

static jv
value(const char *text)
{
	jv v = JSON_NONE;
	struct err e = ERR_INIT;

	if (json_parse(text, strlen(text), &v, &e) < 0)
		diag("%s", e.text);
	return v;
}

/* Runs a program over a value; the first result's text, or the error's. */
static char *
eval(const char *program, const char *input)
{
	struct err e = ERR_INIT;
	AUTO_JV jv in = value(input);
	AUTO_JV jv out = JSON_NONE;
	struct filter *f = filter_new(program, NULL, &e);
	int n = f ? filter_first(f, &in, NULL, &out, &e) : -1;

	filter_free(f);
	return n < 0 ? xstrdup(e.text) : n ? json_text(&out) : xstrdup("");
}

static void
check(const char *program, const char *input, const char *want)
{
	AUTO_FREE char *got = eval(program, input);
	AUTO_FREE char *title = xstrndup(program, strcspn(program, "\n"));

	is_str(got, want, title);
}

static void
test_results(void)
{
	check(".a", "{\"a\":[1,2]}", "[1,2]");
	check(".[] | select(. > 1)", "[1,2,3]", "2");
	check("empty", "1", "");
	check("def f: . + 1; f | f # two", "1", "3");
	check("# a\n.a", "{\"a\":\"x\"}", "\"x\"");
	check("test(\"migr\"; \"i\")", "\"Migration\"", "true");
	check(".a.b", "{\"a\":1}", "jq: Cannot index number with string \"b\"");
	check("error({a: 1})", "null", "jq: {\"a\":1}");
	check("error(null)", "null", "");
}

static void
test_compile_errors(void)
{
	check(". |", "1", "syntax error, unexpected $end, line 1");
	check(".a\n| nosuch", "1", "nosuch/0 is not defined, line 2");
	check("$who", "1", "$who is not defined, line 1");
	check(") | env", "1",
	    "syntax error, unexpected INVALID_CHARACTER, line 1");
}

/* The environment, other files, the process, the terminal. */
static void
test_shut_out(void)
{
	check("env", "1", "{}");
	check("$ENV", "1", "{}");
	check("def f: $ENV; f | keys", "1", "[]");
	check("input", "1", "jq: input is not available here");
	check("_input", "1", "jq: input is not available here");
	check("[inputs]", "1", "jq: input is not available here");
	check("halt", "1", "jq: halt is not available here");
	check("halt_error(3)", "1", "jq: halt is not available here");
	check("debug | stderr", "1", "1");
	check("import \"x\" as x; .", "1",
	    "syntax error, unexpected import, line 1");
	check("\"x\" | modulemeta", "1", "jq: no modules here");
}

static int
sum(const jv *result, void *arg)
{
	double d = 0, *total = arg;

	json_number(result, &d);
	*total += d;
	return d >= 4;
}

static void
test_vars_and_runs(void)
{
	static const char *const names[] = { "task", "n", NULL };
	static const char *const bad[] = { "a b", NULL };
	struct err e = ERR_INIT;
	AUTO_JV jv in = value("[1,2,3]");
	AUTO_JV jv vars = value("{\"n\":10,\"other\":1}");
	AUTO_JV jv none = JSON_NONE;
	struct filter *f = filter_new(".[] * ($n // 1)", names, &e);
	double total = 0;

	is_int(filter_each(f, &in, &vars, sum, &total, &e), 1, "stops early");
	ok(total == 10, "with a variable");
	total = 0;
	is_int(filter_each(f, &in, NULL, sum, &total, &e), 3, "runs again");
	ok(total == 6, "without");
	is_int(filter_test(f, &in, &vars, &e), 1, "is true");
	is_int(filter_test(f, &none, &vars, &e), -1, "nothing is no input");
	filter_free(f);
	ok(!filter_new(".", bad, &e), "a bad name is refused");
	is_int(e.status, ST_CONFIG, "as bad configuration");
	filter_free(NULL);
}

static void
test_results_limit(void)
{
	struct err e = ERR_INIT;
	AUTO_JV jv in = json_null();
	struct filter *f = filter_new("repeat(0)", NULL, &e);
	double total = 0;

	is_int(filter_each(f, &in, NULL, sum, &total, &e), -1,
	    "results without end come to one");
	is_int(filter_test(f, &in, NULL, &e), 1, "and it can be run again");
	filter_free(f);
}

/* The status of a child that runs what never ends. */
static int
stuck(const char *program)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		AUTO_FREE char *got = NULL;
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		got = eval(program, "null");
		_exit(got[0] ? 2 : 3);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
main(void)
{
	test_results();
	test_compile_errors();
	test_shut_out();
	test_vars_and_runs();
	test_results_limit();
	fflush(stdout);
	/* valgrind has its own view of a process that ends in mid-work */
	if (env_get("LD_PRELOAD"))
		return done();
	is_int(stuck("def f: f; f"), ST_TIMEOUT, "a loop ends the process");
	is_int(stuck("def f(x): [f(x + x)]; f(1)"), ST_SYSTEM,
	    "so does endless recursion");
	return done();
}
