/* policy: the first rule that applies decides, and errs on the safe side. */
#include "config.h"

#include "policy.h"

#include "alloc.h"
#include "tap.h"

static jv
parse(const char *text)
{
	struct err e = ERR_INIT;
	jv v = JSON_NONE;

	if (json_parse(text, strlen(text), &v, &e) < 0)
		diag("%s", e.text);
	return v;
}

static void
decides(struct policy *p, const char *subject, enum policy_verdict verdict,
    const char *words)
{
	AUTO_JV jv v = parse(subject);
	const char *got = "unset";

	is_int(policy_decide(p, &v, &got), verdict, subject);
	is_str(got, words, "and says why");
}

/* Whatever the tool is called with; -1: that depends. */
static void
is_of_tool(struct policy *p, const char *subject, int verdict)
{
	AUTO_JV jv v = parse(subject);

	is_int(policy_of_tool(p, &v), verdict, subject);
}

static void
refuses(const char *rules, const char *why)
{
	AUTO_JV jv v = parse(rules);
	struct err e = ERR_INIT;
	struct policy *p = policy_new(&v, &e);

	ok(!p && e.status == ST_CONFIG && strstr(e.text, why), "refuses: %s",
	    e.text);
	policy_free(p);
}

int
main(void)
{
	AUTO_JV jv rules = parse("["
	    "{\"tool\":[\"write_file\",\"edit_*\"],"
	    "\"when\":\".arguments.path | startswith(\\\"t/\\\")\","
	    "\"deny\":\"hands off\"},"
	    "{\"tool\":\"shell\",\"agent\":\"boss\",\"allow\":true},"
	    "{\"tool\":\"shell\",\"when\":\".arguments.command | "
	    "test(\\\"push\\\")\",\"ask\":\"push?\"},"
	    "{\"tool\":\"odd\",\"when\":\".a + {}\",\"allow\":true},"
	    "{\"tool\":\"odd\",\"deny\":true}]");
	jv none = JSON_NONE;
	struct err e = ERR_INIT;
	struct policy *p = policy_new(&rules, &e);

	ok(p != NULL, "compiles");
	decides(p, "{\"tool\":\"edit_file\",\"arguments\":{\"path\":\"t/x\"}}",
	    POLICY_DENY, "hands off");
	decides(p, "{\"tool\":\"edit_file\",\"arguments\":{\"path\":\"x\"}}",
	    POLICY_ALLOW, NULL);
	decides(p, "{\"tool\":\"edit_file\",\"arguments\":{\"path\":3}}",
	    POLICY_DENY, "hands off");
	decides(p, "{\"tool\":\"shell\",\"agent\":\"dev\","
	    "\"arguments\":{\"command\":\"git push\"}}", POLICY_ASK, "push?");
	decides(p, "{\"tool\":\"shell\",\"agent\":\"boss\","
	    "\"arguments\":{\"command\":\"git push\"}}", POLICY_ALLOW, NULL);
	decides(p, "{\"tool\":\"odd\",\"a\":1}", POLICY_DENY, NULL);
	decides(p, "{}", POLICY_ALLOW, NULL);
	is_of_tool(p, "{\"tool\":\"edit_file\"}", -1);
	is_of_tool(p, "{\"tool\":\"shell\",\"agent\":\"dev\"}", -1);
	is_of_tool(p, "{\"tool\":\"shell\",\"agent\":\"boss\"}",
	    POLICY_ALLOW);
	is_of_tool(p, "{\"tool\":\"odd\"}", -1);
	is_of_tool(p, "{\"tool\":\"fetch\"}", POLICY_ALLOW);
	policy_free(p);
	p = policy_new(&none, &e);
	decides(p, "{\"tool\":\"x\"}", POLICY_ALLOW, NULL);
	policy_free(p);
	refuses("[{\"allow\":true},{\"tool\":\"x\"}]", "rule 2: it needs one");
	refuses("[{\"allow\":true,\"deny\":\"x\"}]", "rule 1: it needs one");
	refuses("[{\"allow\":true,\"when\":\"(\"}]", "rule 1: ");
	return done();
}
