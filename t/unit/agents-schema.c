/* The schema of agents.yaml for editors against what the code takes. */
#include "config.h"

#include "agents.h"
#include "agree.h"
#include "alloc.h"
#include "policy.h"

#define A(text) "agents: [{id: a, " text "}]\n"

/* What both must say of a text; the code alone knows of other files. */
static const struct agree cases[] = {
	{ "agents: [{id: a}, {id: b}]\n", true },
	{ "agents: []\n", true },
	{ "agents: {}\n", false },
	{ "agents: [x]\n", false },
	{ "agents: [{}]\n", false },
	{ "{}\n", false },
	{ "agent: [{id: a}]\n", false },
	{ "defaults: {model: x}\nagents: [{id: a}]\n", true },
	{ "defaults: {id: x}\nagents: [{id: a}]\n", false },
	{ "defaults: {modle: x}\nagents: [{id: a}]\n", false },
	{ "include: []\n", true },
	{ "include: {}\nagents: []\n", false },
	{ "agents: [{id: 'a b'}]\n", false },
	{ "agents: [{id: -a}]\n", false },
	{ "agents: [{id: .a}]\n", false },
	{ "agents: [{id: a.b_c-9}]\n", true },
	{ "agents: [{id: user}]\n", false },
	{ "agents: [{id: 3}]\n", false },
	{ A("model: x, tools: read_file"), true },
	{ A("model: [x, y], tools: [read_file], skills: []"), true },
	{ A("tools_dir: [x, y]"), true },
	{ A("tools_dir: 3"), false },
	{ A("mcp_servers: {a-b: {command: x, args: [y], env: {A: 1}, "
	    "required: true, timeout: 5m, startup_timeout: 9, "
	    "type: stdio}}"), true },
	{ A("mcp_servers: {a: {command: [x, y]}}"), true },
	{ A("mcp_servers: {a: {args: [x]}}"), false },
	{ A("mcp_servers: {a: {command: x, url: y}}"), false },
	{ A("mcp_servers: {a: {command: x, type: http}}"), false },
	{ A("mcp_servers: {a: {command: x, timeout: soon}}"), false },
	{ A("mcp_servers: {a__b: {command: x}}"), false },
	{ A("mcp_servers: {'a b': {command: x}}"), false },
	{ A("mcp_servers: [x]"), false },
	{ A("model: {}"), false },
	{ A("tools: [3]"), false },
	{ A("type: codex"), true },
	{ A("type: robot"), false },
	{ A("limits: {turns: 3, tokens: 1, cost: 0.5, context: 9, "
	    "depth: 1}"), true },
	{ A("limits: {turns: 0}"), false },
	{ A("limits: {turns: 1.5}"), false },
	{ A("limits: {cost: -1}"), false },
	{ A("limits: {wall_time: 90, idle: 1h30m}"), true },
	{ A("limits: {wall_time: 0.5s, idle: 5 m}"), false },
	{ A("limits: {wall_time: soon}"), false },
	{ A("limits: {wall_time: 0}"), false },
	{ A("limits: {jobs: 1}"), false },
	{ A("retries: 3, check: make test, escalate: true"), true },
	{ A("check: {run: x, each_turn: true, rollback: false}"), true },
	{ A("check: {each_turn: true}"), false },
	{ A("check: {run: x, when: y}"), false },
	{ A("retries: -1"), false },
	{ A("retries: 101"), false },
	{ A("env: {A: b, B: 1}"), true },
	{ A("env: {A: [b]}"), false },
	{ A("policy: [{tool: shell, deny: no commands}]"), true },
	{ A("policy: [{tool: shell, deny: no}]"), false },
	{ A("policy: [{tool: shell, allow: Off}]"), false },
	{ A("policy: [{deny: true, allow: false}]"), true },
	{ A("policy: [{deny: true, allow: true}]"), false },
	{ A("policy: [{deny: false}]"), false },
	{ A("policy: [{}]"), false },
	{ A("policy: {deny: true}"), false },
	{ A("policy: [{deny: 3}]"), false },
	{ A("policy: [{ask: go?, when: .x, agent: [a]}]"), true },
	{ A("policy: [{ask: go?, where: .x}]"), false },
	{ A("description: [x]"), false },
	{ A("options: {temperature: 0}"), true },
	{ A("options: 3"), false },
	{ A("colour: red"), false },
};

static bool
rules_are_good(const struct agents *a)
{
	for (size_t i = 0; i < json_count(&a->list); i++) {
		AUTO_JV jv agent = json_at(&a->list, i);
		AUTO_JV jv rules = json_get(&agent, "policy");
		struct err e = ERR_INIT;
		struct policy *p = policy_new(&rules, &e);

		policy_free(p);
		if (!p)
			return false;
	}
	return true;
}

static bool
code_takes(const char *text)
{
	AUTO_AGENTS struct agents a = AGENTS_INIT;
	struct err e = ERR_INIT;

	if (path_write_atomic("agents.yaml", text, strlen(text), 0600,
	    &e) == 0 && agents_read("agents.yaml", &a, &e) == 0)
		return rules_are_good(&a);
	diag("%s", e.text);
	return false;
}

int
main(void)
{
	static const char *const files[] = { "agents.yaml", NULL };
	char dir[] = "/tmp/agent-unit.XXXXXX";

	agree_begin(dir, "agents.yaml", "agents: []\n");
	agree_run(SRCDIR "/templates/agents.schema.json", cases,
	    sizeof(cases) / sizeof(*cases), code_takes);
	agree_end(dir, files);
	return done();
}
