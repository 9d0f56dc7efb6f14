/* spawn-options: the command line of agent-spawn. */
#include "config.h"

#include "spawn-options.h"

#include <stddef.h>
#include <unistd.h>

#include "alloc.h"
#include "num.h"
#include "permit.h"
#include "ulid.h"

enum {
	OPT_AGENTS = 256, OPT_CHECK, OPT_DRY_RUN, OPT_FORK, OPT_FORMAT,
	OPT_IDLE_EXIT, OPT_PARTIAL, OPT_MAX_COST, OPT_MAX_TOKENS, OPT_MAX_TURNS,
	OPT_MCP_CONFIG,
	OPT_NO_CHECKPOINTS, OPT_NO_STDIN, OPT_PARK,
	OPT_PERMISSION_MODE, OPT_ROUTE, OPT_RUN, OPT_SERVE, OPT_STAY, OPT_TASK,
	OPT_TIMEOUT,
	JOBS_MAX = 1000
};

static const struct option longopts[] = {
	{ "agent", required_argument, NULL, 'a' },
	{ "agents", required_argument, NULL, OPT_AGENTS },
	{ "cd", required_argument, NULL, 'C' },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "continue", no_argument, NULL, 'c' },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "file", required_argument, NULL, 'f' },
	{ "fork-session", no_argument, NULL, OPT_FORK },
	{ "format", required_argument, NULL, OPT_FORMAT },
	CLI_OPT_HELP,
	{ "idle-exit", required_argument, NULL, OPT_IDLE_EXIT },
	{ "include-partial-messages", no_argument, NULL, OPT_PARTIAL },
	{ "jobs", required_argument, NULL, 'j' },
	{ "max-cost", required_argument, NULL, OPT_MAX_COST },
	{ "max-tokens", required_argument, NULL, OPT_MAX_TOKENS },
	{ "max-turns", required_argument, NULL, OPT_MAX_TURNS },
	{ "mcp-config", required_argument, NULL, OPT_MCP_CONFIG },
	{ "model", required_argument, NULL, 'm' },
	{ "no-checkpoints", no_argument, NULL, OPT_NO_CHECKPOINTS },
	{ "no-stdin", no_argument, NULL, OPT_NO_STDIN },
	{ "park", no_argument, NULL, OPT_PARK },
	{ "permission-mode", required_argument, NULL, OPT_PERMISSION_MODE },
	{ "resume", required_argument, NULL, 'r' },
	{ "route", required_argument, NULL, OPT_ROUTE },
	{ "run", required_argument, NULL, OPT_RUN },
	{ "serve", required_argument, NULL, OPT_SERVE },
	{ "stay", required_argument, NULL, OPT_STAY },
	{ "task", required_argument, NULL, OPT_TASK },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	CLI_OPT_VERSION,
	{ 0 }
};

const struct cli spawn_cli = {
	.name = "agent-spawn",
	.usage = "usage: agent-spawn [-c] [-a AGENT] [-C DIR] [-f FILE] "
	    "[-j N] [-m MODEL] [-r RUN] [--agents FILE] [--check] "
	    "[--dry-run] [--fork-session] [--format text|ndjson] "
	    "[--idle-exit TIME] [--include-partial-messages] "
	    "[--max-cost USD] [--max-tokens N] "
	    "[--max-turns N] [--mcp-config FILE] [--no-checkpoints] "
	    "[--no-stdin] [--park] "
	    "[--permission-mode MODE] [--route JSON] [--run ID] "
	    "[--serve acp] [--stay ID] [--task ID] [--timeout TIME] "
	    "[TASK ...]\n",
	.shortopts = "a:C:cf:j:m:r:",
	.longopts = longopts,
};

static bool
parse_format(const char *word)
{
	if (strcmp(word, "text") == 0)
		return true;
	if (strcmp(word, "ndjson") != 0 && strcmp(word, "stream-json") != 0)
		cli_usage(&spawn_cli, "--format is text or ndjson, not '%s'",
		    word);
	return false;
}

static void
take_route(struct spawn_options *o)
{
	struct err e = ERR_INIT;

	jv_free(o->route);
	if (json_parse(optarg, strlen(optarg), &o->route, &e) < 0 ||
	    !json_is(&o->route, JSON_OBJECT))
		cli_usage(&spawn_cli, "--route is a JSON object, as "
		    "agent-route(1) writes it");
	o->spawn.route = &o->route;
}

static double
parse_cost(void)
{
	double usd;

	if (num_parse_double(optarg, &usd) < 0 || usd <= 0)
		cli_usage(&spawn_cli, "--max-cost is in USD, not '%s'",
		    optarg);
	return usd;
}

/* Where the word of an option goes, and what is set by one. */
struct member {
	int option;
	size_t offset;
};

#define MEMBER(name) offsetof(struct spawn_options, name)

static const struct member words[] = {
	{ 'a', MEMBER(spawn.agent) }, { OPT_STAY, MEMBER(spawn.agent) },
	{ 'C', MEMBER(spawn.dir) }, { 'm', MEMBER(spawn.model) },
	{ 'r', MEMBER(spawn.resume) },
	{ OPT_AGENTS, MEMBER(spawn.agents_file) },
	{ OPT_PERMISSION_MODE, MEMBER(spawn.mode) },
	{ OPT_RUN, MEMBER(spawn.run) }, { OPT_TASK, MEMBER(spawn.task) },
	{ 0, 0 }
};

static const struct member flags[] = {
	{ OPT_CHECK, MEMBER(check) }, { OPT_DRY_RUN, MEMBER(spawn.dry_run) },
	{ OPT_FORK, MEMBER(spawn.fork) },
	{ OPT_NO_CHECKPOINTS, MEMBER(spawn.no_checkpoints) },
	{ OPT_NO_STDIN, MEMBER(prompt.no_stdin) },
	{ OPT_PARK, MEMBER(spawn.park) }, { OPT_PARTIAL, MEMBER(partial) },
	{ OPT_SERVE, MEMBER(serve) }, { OPT_STAY, MEMBER(stay) },
	{ 0, 0 }
};

static void *
find(struct spawn_options *o, const struct member *list, int option)
{
	while (list->option && list->option != option)
		list++;
	return list->option ? (char *)o + list->offset : NULL;
}

/* What has to be understood first. */
static void
take_value(struct spawn_options *o, int c)
{
	switch (c) {
	case 'c':
		o->spawn.resume = "last";
		break;
	case 'f':
		GROW(o->files, o->nfiles, o->cfiles);
		o->files[o->nfiles++] = optarg;
		break;
	case 'j':
		o->jobs = (size_t)cli_int(&spawn_cli, "-j", 1, JOBS_MAX);
		break;
	case OPT_FORMAT:
		o->text = parse_format(optarg);
		break;
	case OPT_IDLE_EXIT:
		o->idle_ns = cli_duration(&spawn_cli, "--idle-exit");
		break;
	case OPT_MAX_COST:
		o->spawn.max_cost = parse_cost();
		break;
	case OPT_MAX_TOKENS:
		o->spawn.max_tokens = cli_int(&spawn_cli, "--max-tokens", 1,
		    INT64_MAX);
		break;
	case OPT_MAX_TURNS:
		o->spawn.max_turns = cli_int(&spawn_cli, "--max-turns", 1,
		    1000000);
		break;
	case OPT_MCP_CONFIG:
		strs_add(&o->mcp_configs, optarg);
		o->spawn.mcp_configs = &o->mcp_configs;
		break;
	case OPT_ROUTE:
		take_route(o);
		break;
	case OPT_TIMEOUT:
		o->spawn.timeout_ns = cli_duration(&spawn_cli, "--timeout");
		break;
	}
}

static void
take_option(struct spawn_options *o, int c)
{
	const char **word = find(o, words, c);
	bool *flag = find(o, flags, c);

	if (c == OPT_PERMISSION_MODE && permit_mode(optarg) < 0)
		cli_usage(&spawn_cli, "--permission-mode is default, "
		    "acceptEdits, plan or bypassPermissions, not '%s'",
		    optarg);
	if (c == OPT_RUN && !ulid_valid(optarg))
		cli_usage(&spawn_cli, "--run is the id of a run, a ULID, not "
		    "'%s'", optarg);
	if (c == OPT_SERVE && strcmp(optarg, "acp") != 0)
		cli_usage(&spawn_cli, "--serve is acp, not '%s'", optarg);
	if (word)
		*word = optarg;
	if (flag)
		*flag = true;
	take_value(o, c);
}

/* What goes together, and what does not. */
static void
check_together(const struct spawn_options *o, bool operands)
{
	bool one = o->spawn.resume || o->spawn.run || o->nfiles > 0 ||
	    operands;

	if (o->spawn.fork && !o->spawn.resume)
		cli_usage(&spawn_cli, "--fork-session goes with -c or -r");
	if (o->spawn.run && o->spawn.resume)
		cli_usage(&spawn_cli, "say --run, or -c or -r");
	if (o->idle_ns >= 0 && !o->stay)
		cli_usage(&spawn_cli, "--idle-exit goes with --stay");
	if (o->jobs > 0 && one)
		cli_usage(&spawn_cli,
		    "with -j the tasks come on standard input");
	one |= o->jobs > 0 || o->spawn.dry_run;
	if (o->stay && one)
		cli_usage(&spawn_cli, "with --stay the tasks come as messages");
	if (o->serve && (one || o->stay))
		cli_usage(&spawn_cli, "with --serve the tasks come from an "
		    "editor");
}

void
spawn_options(int argc, char **argv, struct spawn_options *o)
{
	int c;

	o->text = isatty(STDOUT_FILENO);
	while ((c = cli_option(&spawn_cli, argc, argv)) != -1)
		take_option(o, c);
	check_together(o, optind < argc);
	o->prompt.operands = argv + optind;
	o->prompt.noperands = (size_t)(argc - optind);
	o->prompt.files = o->files;
	o->prompt.nfiles = o->nfiles;
	o->prompt.until = deadline_in(o->spawn.timeout_ns > 0 ?
	    o->spawn.timeout_ns : SPAWN_WALL_SECONDS * CLOCK_SEC);
}

void
spawn_options_release(struct spawn_options *o)
{
	free(o->files);
	strs_release(&o->mcp_configs);
	jv_free(o->route);
}
