/* agents: reading agents.yaml, and saying where it is wrong. */
#include "config.h"

#include "agents.h"

#include <stdlib.h>

#include "alloc.h"
#include "briefing.h"
#include "path.h"
#include "tap.h"

static char dir[] = "/tmp/agents-test.XXXXXX";

static int
read_text(const char *text, struct agents *ret, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, AGENTS_FILE);

	if (path_write_atomic(path, text, strlen(text), 0600, e) < 0)
		return -1;
	return agents_read(path, ret, e);
}

static void
refuses(const char *text, const char *why)
{
	AUTO_AGENTS struct agents a = AGENTS_INIT;
	struct err e = ERR_INIT;

	ok(read_text(text, &a, &e) == -1 && e.status == ST_CONFIG &&
	    strstr(e.text, why), "refuses: %s (%s)", why, e.text);
}

static void
test_read(void)
{
	AUTO_AGENTS struct agents a = AGENTS_INIT;
	struct err e = ERR_INIT;
	AUTO_JV jv agent = JSON_NONE;
	AUTO_JV jv none = JSON_NONE;
	AUTO_BUF struct buf words = BUF_INIT;

	is_int(read_text("defaults:\n  model: a/b\n  limits: {turns: 5}\n"
	    "agents:\n"
	    "- id: dev\n  description: Mends.\n  tools: read_file\n"
	    "  limits: {tokens: 9}\n  direct_communication: [test]\n"
	    "- id: test\n  model: c\n  responsibilities:\n"
	    "  - runs tests\n  - reports\n", &a, &e), 0, "reads a file");
	is_int((int64_t)json_count(&a.list), 2, "of two agents");
	is_int(agents_need(&a, "dev", &agent, &e), 0, "finds one");
	is_str(json_str(&agent, "model"), "a/b", "with the defaults");
	is_str(json_path_str(&agent, "description"), "Mends.", "and its own");
	double n = 0;
	AUTO_JV jv limits = json_get(&agent, "limits");
	ok(json_num(&limits, "turns", &n) && n == 5 &&
	    json_num(&limits, "tokens", &n) && n == 9, "merged within");
	is_int(agents_need(&a, "boss", &none, &e), -1, "not the other one");
	ok(strstr(e.text, "but dev, test") != NULL, "says which: %s", e.text);
	ok(agents_may_send(&a, "dev", "test"), "dev may write to test");
	ok(!agents_may_send(&a, "test", "dev"), "not the other way");
	ok(agents_may_send(&a, "test", "user"), "anybody to the person");
	is_int(briefing_make(&agent, dir, NULL, "/ws", &none, &words, &e), 0,
	    "briefing");
	ok(strstr(words.data, "You are the agent 'dev'. Mends.") &&
	    strstr(words.data, "/ws"), "says who and where");
	ok(!strstr(words.data, "`done`"), "no word of a tool it lacks");
}

static void
test_refuse(void)
{
	refuses("agents:\n- id: a\n  modle: x\n", "agents.yaml:3:3");
	refuses("agents:\n- id: a\n  modle: x\n", "'model'");
	refuses("agents:\n- description: x\n", "id");
	refuses("agents:\n- id: a\n- id: a\n", "agents.yaml:3:7");
	refuses("agents:\n- id: 'a b'\n", "is no id");
	refuses("agents:\n- id: user\n", "the person");
	refuses("agents:\n- id: a\n  type: robot\n", "type");
	refuses("agents:\n- id: a\n  limits: {wall_time: soon}\n",
	    "is no duration");
	refuses("agents: x\n", "agents");
	refuses("", "agents");
}

int
main(void)
{
	AUTO_FREE char *path = NULL;

	if (!mkdtemp(dir))
		return 1;
	test_read();
	test_refuse();
	path = path_join(dir, AGENTS_FILE);
	unlink(path);
	rmdir(dir);
	return done();
}
