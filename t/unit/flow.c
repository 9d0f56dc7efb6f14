/* The schema for editors against what the code takes and refuses. */
#include "config.h"

#include "agree.h"
#include "alloc.h"
#include "buf.h"
#include "flow.h"

#define T(text) "tasks: {a: {" text "}}\n"

/* What both must say of a text; the code alone knows of other files. */
static const struct agree cases[] = {
	{ T("run: x"), true },
	{ T("run: [x, y]"), true },
	{ T("run: []"), false },
	{ T("run: [1]"), false },
	{ T("run: {}"), false },
	{ T(""), false },
	{ T("run: x, gate: y"), false },
	{ T("gate: y"), true },
	{ T("flow: y"), true },
	{ T("parallel: {b: {run: x}}"), true },
	{ T("sequential: {b: {run: x}, c: {}}"), false },
	{ T("sequential: [b]"), false },
	{ T("run: x, prompt: y"), false },
	{ T("run: x, on_error: continue"), true },
	{ T("run: x, on_error: stop"), false },
	{ T("run: x, output: json"), true },
	{ T("run: x, output: yaml"), false },
	{ T("run: x, output: {type: object}"), true },
	{ T("run: x, retries: 3"), true },
	{ T("run: x, retries: -1"), false },
	{ T("run: x, retries: 1.5"), false },
	{ T("run: x, timeout: 3"), true },
	{ T("run: x, timeout: [3]"), false },
	{ T("run: x, always: true, title: y, sandbox: none"), true },
	{ T("run: x, always: 1"), false },
	{ T("run: x, checkpoint: true, inputs: [], outputs: []"), true },
	{ T("run: x, inputs: x"), false },
	{ T("run: x, env: {A: b}, with: {A: '1'}, condition: '1'"), true },
	{ T("run: x, env: {A: 1}"), false },
	{ T("run: x, needs: []"), true },
	{ T("run: x, needs: 3"), false },
	{ T("run: x, loop: {}"), false },
	{ T("run: x, loop: {max: 3}"), true },
	{ T("run: x, loop: {max: 0}"), false },
	{ T("run: x, loop: {over: [1, a, {}], key: .item, jobs: 2}"), true },
	{ T("run: x, loop: {over: .item, max: 3}"), true },
	{ T("run: x, loop: {over: 3}"), false },
	{ T("run: x, loop: {max: 3, while: '1', until: '1'}"), true },
	{ T("run: x, loop: {max: 3, times: 1}"), false },
	{ "tasks: {'a b': {run: x}}\n", false },
	{ "tasks: {a.b: {run: x}}\n", false },
	{ "tasks: {}\n", true },
	{ "tasks: []\n", false },
	{ "{}\n", false },
	{ "limits: {jobs: 1, timeout: 1h}\ntasks: {}\n", true },
	{ "limits: {jobs: 0}\ntasks: {}\n", false },
	{ "limits: {cost: 1, wall: 1h}\ntasks: {}\n", true },
	{ "limits: {cost: 0}\ntasks: {}\n", false },
	{ "limits: {price: 1}\ntasks: {}\n", false },
	{ "inputs: {a: null, b: [1]}\ntasks: {}\n", true },
	{ "inputs: [a]\ntasks: {}\n", false },
	{ "agents: x\ndescription: y\nsandbox: z\nenv: {}\ntasks: {}\n", true },
	{ "agents: {a: {model: x}}\ntasks: {}\n", true },
	{ "agents: []\ntasks: {}\n", false },
	{ "task: {}\n", false },
};

static bool
code_takes(const char *text)
{
	AUTO_FLOW struct flow f = FLOW_INIT;
	AUTO_BUF struct buf why = BUF_INIT;
	struct err e = ERR_INIT;

	if (path_write_atomic("unit.flow.yaml", text, strlen(text), 0600,
	    &e) < 0)
		return false;
	if (flow_read("unit.flow.yaml", &f, &why, &e) == 0)
		return true;
	diag("%s", why.len > 0 ? why.data : e.text);
	return false;
}

int
main(void)
{
	static const char *const files[] = { "unit.flow.yaml", "y", NULL };
	char dir[] = "/tmp/agent-unit.XXXXXX";

	agree_begin(dir, "y", "tasks: {}\n");
	agree_run(SRCDIR "/templates/agent-flow.schema.json", cases,
	    sizeof(cases) / sizeof(*cases), code_takes);
	agree_end(dir, files);
	return done();
}
