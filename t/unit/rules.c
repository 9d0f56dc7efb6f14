/* Tests of lib/rules: setting, reading, and that a project only tightens. */
#include "config.h"

#include "rules.h"

#include <stdlib.h>

#include "alloc.h"
#include "tap.h"

static jv
parse(const char *text)
{
	struct err e = ERR_INIT;
	jv v;

	if (json_parse(text, strlen(text), &v, &e) < 0) {
		diag("%s: %s", text, e.text);
		abort();
	}
	return v;
}

static void
test_set(void)
{
	AUTO_RULES struct rules r = RULES_INIT;
	struct err e = ERR_INIT;

	rules_defaults(&r);
	ok(rules_set(&r, "memory", "2G", &e) == 0 &&
	    r.memory == INT64_C(2) << 30, "a size");
	ok(rules_set(&r, "timeout", "90s", &e) == 0 &&
	    r.timeout == INT64_C(90000000000), "a duration");
	ok(rules_set(&r, "ro", "/a", &e) == 0 &&
	    rules_set(&r, "ro", "/b:/c", &e) == 0 && r.ro.n == 2, "a list");
	ok(rules_set(&r, "ro", "", &e) == 0 && r.ro.n == 0,
	    "an empty value empties it");
	ok(rules_set(&r, "allow", "a.test", &e) == 0 && r.net == NET_ALLOW,
	    "a host that is allowed is a network");
	ok(rules_set(&r, "memory", "-1", &e) < 0 &&
	    r.memory == INT64_C(2) << 30, "no negative size");
	is_int(e.status, ST_USAGE, "which is misuse");
	ok(strstr(e.text, "--memory") != NULL, "and names the option");
	ok(rules_set(&r, "git", "all", &e) < 0 && r.git == GIT_COMMIT,
	    "no other word");
}

static void
expect_bad(const char *text, const char *word)
{
	AUTO_RULES struct rules r = RULES_INIT;
	AUTO_JV jv map = parse(text);
	struct err e = ERR_INIT;

	rules_defaults(&r);
	ok(rules_read(&r, &map, "profile 'x'", &e) < 0 &&
	    e.status == ST_CONFIG && strstr(e.text, word), "%s is refused",
	    text);
}

static void
test_read(void)
{
	AUTO_RULES struct rules r = RULES_INIT;
	AUTO_JV jv map = parse("{\"mem_limit\": \"1G\", \"pids\": 7, "
	    "\"net\": [\"a.test\", \"b.test:443\"], \"nested\": true, "
	    "\"paths\": {\"ro\": [\"/a\"], \"hide\": \".env\"}}");
	struct err e = ERR_INIT;

	rules_defaults(&r);
	ok(rules_read(&r, &map, "x", &e) == 0, "a profile is read");
	ok(r.memory == 1 << 30 && r.pids == 7 && r.nested &&
	    r.net == NET_ALLOW && strs_has(&r.allow, "b.test:443") &&
	    strs_has(&r.ro, "/a") && strs_has(&r.hide, ".env"),
	    "all of it");
	expect_bad("{\"mem_limits\": \"1G\"}", "'mem_limit'");
	expect_bad("{\"paths\": []}", "paths");
	expect_bad("{\"paths\": {\"rwx\": []}}", "rwx");
	expect_bad("{\"pids\": [1]}", "pids");
	expect_bad("{\"nested\": \"yes\"}", "nested");
	expect_bad("{\"taint\": 3}", "taint");
}

/*
 * Whatever a project says, no number grows, no list of what is allowed gets a
 * member, no list of what is hidden or denied loses one.
 */
static void
expect_narrower(const char *project)
{
	static const char base[] = "{\"mem_limit\": \"1G\", \"pids\": 100, "
	    "\"allow\": [\"a.test\", \"b.test\"], \"deny\": [\"c.test\"], "
	    "\"env\": [\"CI\"], \"seccomp\": \"devel\", \"git\": \"commit\", "
	    "\"paths\": {\"rw\": [\"/x\"], \"hide\": [\".env\"]}}";
	AUTO_RULES struct rules r = RULES_INIT, p = RULES_INIT;
	AUTO_JV jv mine = parse(base), theirs = parse(project);
	AUTO_STRS struct strs refused = STRS_INIT;
	struct err e = ERR_INIT;

	rules_defaults(&r);
	if (rules_read(&r, &mine, "mine", &e) < 0 ||
	    rules_read(&p, &theirs, "theirs", &e) < 0)
		diag("%s", e.text);
	rules_tighten(&r, &p, &theirs, &refused);
	ok(r.memory > 0 && r.memory <= 1 << 30 && r.pids > 0 &&
	    r.pids <= 100 && r.net <= NET_ALLOW && r.git <= GIT_COMMIT &&
	    r.seccomp <= SECCOMP_DEVEL && r.taint >= TAINT_WARN &&
	    !r.privileged && !r.inherit_env && !r.nested,
	    "nothing grows by %s", project);
	for (size_t i = 0; i < r.allow.n; i++)
		ok(strcmp(r.allow.v[i], "a.test") == 0 ||
		    strcmp(r.allow.v[i], "b.test") == 0, "no host is added");
	ok(r.rw.n <= 1 && r.ro.n == 0 && r.env.n <= 1 &&
	    strs_has(&r.hide, ".env") && strs_has(&r.deny, "c.test"),
	    "no path is added, nothing is shown");
}

static void
test_tighten(void)
{
	expect_narrower("{\"mem_limit\": 0, \"pids\": 0}");
	expect_narrower("{\"mem_limit\": \"8G\", \"pids\": 1000}");
	expect_narrower("{\"mem_limit\": \"8M\", \"pids\": 10}");
	expect_narrower("{\"allow\": [\"evil.test\"], \"net\": \"host\"}");
	expect_narrower("{\"net\": [\"evil.test\", \"a.test\"]}");
	expect_narrower("{\"allow\": [], \"deny\": [], \"env\": [\"KEY\"]}");
	expect_narrower("{\"paths\": {\"rw\": [\"/\"], \"ro\": [\"/root\"], "
	    "\"hide\": []}}");
	expect_narrower("{\"seccomp\": \"none\", \"git\": \"write\", "
	    "\"taint\": \"off\"}");
	expect_narrower("{\"privileged\": true, \"nested\": true, "
	    "\"inherit_env\": true}");
}

int
main(void)
{
	test_set();
	test_read();
	test_tighten();
	return done();
}
