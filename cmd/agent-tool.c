/*
 * agent-tool: lists and calls the tools that a model may use.
 *
 * `call` is how agent-spawn runs a tool: inside agent-sandbox, the arguments
 * on stdin, what the model shall read on stdout.  `serve` is how other
 * people's agents get tools.  It confines nothing by itself.
 */
#include "config.h"

#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "fd.h"
#include "json.h"
#include "mcp-serve.h"
#include "path.h"
#include "tool.h"

enum { ARGUMENTS_MAX = 32 << 20, TOOLS_MAX = 8 << 20, OPT_JSON = 256 };

static const struct option longopts[] = {
	CLI_OPT_HELP,
	{ "json", no_argument, NULL, OPT_JSON },
	CLI_OPT_VERSION,
	{ 0 }
};

static const struct cli cli = {
	.name = "agent-tool",
	.usage = "usage: agent-tool list [--json]\n"
	    "       agent-tool call NAME [ARGUMENTS]\n"
	    "       agent-tool serve [FILE]\n",
	.shortopts = "",
	.longopts = longopts,
};

struct options {
	bool json;
};

/* Up to the first full stop: what fits on a line. */
static int
first_sentence(const char *text)
{
	const char *stop = strchr(text, '.');

	return (int)(stop ? stop - text : (long)strlen(text));
}

static int
list(const struct options *o, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	size_t n;
	const struct tool *all = tool_all(&n);

	for (size_t i = 0; i < n; i++) {
		if (o->json) {
			AUTO_JV jv d = tool_declaration(&all[i]);
			if (json_is(&d, JSON_NOTHING))
				continue;
			json_write(&d, &out);
			buf_addc(&out, '\n');
		} else {
			buf_addf(&out, "%-14s%.*s\n", all[i].name,
			    first_sentence(all[i].description),
			    all[i].description);
		}
	}
	return fd_write(STDOUT_FILENO, out.data, out.len, e);
}

/* The operand, or stdin to its end; nothing at all is an empty object. */
static int
read_arguments(const char *operand, jv *ret, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;

	if (operand)
		buf_adds(&text, operand);
	else if (fd_read_all(STDIN_FILENO, ARGUMENTS_MAX, DEADLINE_NEVER,
	    &text, e) < 0)
		return -1;
	if (text.len == 0)
		buf_adds(&text, "{}");
	return json_parse(text.data, text.len, ret, e);
}

static int
call(const char *name, const char *operand, struct err *e)
{
	const struct tool *t = tool_find(name);
	AUTO_JV jv arguments = JSON_NONE;
	AUTO_BUF struct buf out = BUF_INIT;

	if (!t)
		return err_set(e, ST_NOINPUT, "there is no tool '%s'", name);
	if (!t->run)
		return err_set(e, ST_USAGE, "'%s' works only within "
		    "agent-spawn", name);
	if (read_arguments(operand, &arguments, e) < 0 ||
	    tool_check(t, &arguments, e) < 0 ||
	    t->run(&arguments, &out, e) < 0)
		return -1;
	return fd_write(STDOUT_FILENO, out.data, out.len, e);
}

/* One that is built in and works alone. */
static jv
served(const struct tool *t, const char *self)
{
	jv command = json_array();

	json_append(&command, json_from_str(self));
	json_append(&command, json_from_str("call"));
	json_append(&command, json_from_str(t->name));
	return tool_served(t, command);
}

/* Those of the file, or those that are built in. */
static int
read_tools(const char *file, jv *ret, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;
	size_t n;
	const struct tool *all = tool_all(&n);

	if (file) {
		if (path_read(file, TOOLS_MAX, &text, e) < 0)
			return -1;
		if (json_parse(text.data, text.len, ret, e) < 0 ||
		    mcp_serve_check(ret, e) < 0)
			return err_prefix(e, "'%s'", file);
		return 0;
	}
	AUTO_FREE char *self = path_program("agent-tool", e);
	if (!self)
		return -1;
	*ret = json_array();
	for (size_t i = 0; i < n; i++)
		json_append(ret, all[i].run ? served(&all[i], self) :
		    JSON_NONE);
	return 0;
}

static int
serve(const char *file, struct err *e)
{
	AUTO_JV jv tools = JSON_NONE;
	struct mcp_serve s = { .in = STDIN_FILENO, .out = STDOUT_FILENO,
	    .tools = &tools, .stop = &cli_signal };

	if (read_tools(file, &tools, e) < 0)
		return -1;
	cli_catch_signals();
	return mcp_serve(&s, e);
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	struct err e = ERR_INIT;
	const char *verb;
	int c, r;

	cli_begin(&cli);
	while ((c = cli_option(&cli, argc, argv)) != -1)
		if (c == OPT_JSON)
			o.json = true;
	argc -= optind;
	argv += optind;
	verb = argc > 0 ? argv[0] : "";
	if (strcmp(verb, "list") == 0 && argc == 1)
		r = list(&o, &e);
	else if (strcmp(verb, "call") == 0 && (argc == 2 || argc == 3))
		r = call(argv[1], argv[2], &e);
	else if (strcmp(verb, "serve") == 0 && argc <= 2)
		r = serve(argv[1], &e);
	else
		cli_usage(&cli, "say 'list', 'call NAME' or 'serve'");
	cli_raise();
	return cli_end(r < 0 ? err_report(&e) : ST_OK);
}
