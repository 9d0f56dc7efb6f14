/* The schema of route.yaml for editors against what the code takes. */
#include "config.h"

#include "agree.h"
#include "alloc.h"
#include "route-config.h"

/* What both must say of a text; the code alone knows the agents and whether a
 * condition is jq. */
static const struct agree cases[] = {
	{ "{}\n", true },
	{ "# nothing\n", true },
	{ "[]\n", false },
	{ "below: best\n", true },
	{ "below: gate\n", true },
	{ "below: default\n", false },
	{ "{below: default, default: a}\n", true },
	{ "below: nobody\n", false },
	{ "default: 3\n", false },
	{ "{confidence: 0, heavy_at: 1, explore: 0.5}\n", true },
	{ "confidence: 1.1\n", false },
	{ "heavy_at: -0.1\n", false },
	{ "explore: much\n", false },
	{ "breaker: {failures: 3, open: 30s}\n", true },
	{ "breaker: {open: 90}\n", true },
	{ "breaker: {open: 0}\n", false },
	{ "breaker: {open: 1.5}\n", false },
	{ "breaker: {open: soon}\n", false },
	{ "breaker: {closed: 3}\n", false },
	{ "breaker: {failures: three}\n", false },
	{ "half_life: 3d\n", true },
	{ "half_life: 1h30m\n", true },
	{ "half_life: -3d\n", false },
	{ "judge: ollama/x\n", true },
	{ "judge: [ollama/x]\n", false },
	{ "objective: cheapest\n", true },
	{ "objective: cheap\n", false },
	{ "spread: least_loaded\n", true },
	{ "spread: random\n", false },
	{ "sticky: data.conversation\n", true },
	{ "models: {a/b: , c/d: {}}\n", true },
	{ "models: {a/b: {classes: [light, heavy], context: 8000}}\n", true },
	{ "models: {a/b: {classes: [hevy]}}\n", false },
	{ "models: {a/b: {classes: light}}\n", false },
	{ "models: {a/b: {context: 8k}}\n", false },
	{ "models: {a/b: {input_cost: 0.5, output_cost: 2}}\n", true },
	{ "models: {a/b: {quality: 1, priority: 2, pool: p}}\n", true },
	{ "models: {a/b: {priority: 1.5}}\n", false },
	{ "models: {a/b: {local: true, tools: false, images: true}}\n", true },
	{ "models: {a/b: {local: maybe}}\n", false },
	{ "models: {a/b: {price: 3}}\n", false },
	{ "models: [a/b]\n", false },
	{ "pools: {p: {at: 0.5, next: q}, q: {}}\n", true },
	{ "pools: {p: {then: q}}\n", false },
	{ "pools: {p: 3}\n", false },
	{ "rules: {first: [{when: .x, class: heavy, stop: true}]}\n", true },
	{ "rules: {last: [{name: n, model: a/b, gate: true}]}\n", true },
	{ "rules: {last: [{local_only: true, priority: critical}]}\n", true },
	{ "rules: {last: [{objective: best}], first: []}\n", true },
	{ "rules: {last: [{objective: x}]}\n", false },
	{ "rules: {middle: []}\n", false },
	{ "rules: {first: {when: .x}}\n", false },
	{ "rules: {first: [{when: [.x]}]}\n", false },
	{ "rules: {first: [{class: medium}]}\n", false },
	{ "rules: {first: [{then: x}]}\n", false },
	{ "colour: red\n", false },
};

static bool
code_takes(const char *text)
{
	AUTO_AGENTS struct agents agents = AGENTS_INIT;
	struct route_config c = { .doc = YAML_DOC_INIT };
	AUTO_JV jv known = json_object();
	struct err e = ERR_INIT;

	if (agents_read("agents.yaml", &agents, &e) == 0 &&
	    path_write_atomic("route.yaml", text, strlen(text), 0600,
	    &e) == 0 && route_config_read("route.yaml", &known, &agents, &c,
	    &e) == 0) {
		route_config_release(&c);
		return true;
	}
	diag("%s", e.text);
	return false;
}

int
main(void)
{
	static const char *const files[] = {
		"agents.yaml", "route.yaml", NULL
	};
	char dir[] = "/tmp/agent-unit.XXXXXX";

	agree_begin(dir, "agents.yaml", "agents: [{id: a}]\n");
	agree_run(SRCDIR "/templates/route.schema.json", cases,
	    sizeof(cases) / sizeof(*cases), code_takes);
	agree_end(dir, files);
	return done();
}
