/* spawn-options: the command line of agent-spawn. */
#include "config.h"

#include "spawn-options.h"

#include <unistd.h>

#include "alloc.h"
#include "num.h"
#include "permit.h"

enum {
	OPT_AGENTS = 256, OPT_CHECK, OPT_DRY_RUN, OPT_FORK, OPT_FORMAT,
	OPT_IDLE_EXIT, OPT_PARTIAL, OPT_MAX_COST, OPT_MAX_TOKENS, OPT_MAX_TURNS,
	OPT_NO_CHECKPOINTS, OPT_NO_STDIN, OPT_PARK,
	OPT_PERMISSION_MODE, OPT_ROUTE, OPT_SERVE, OPT_STAY, OPT_TASK,
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
	{ "model", required_argument, NULL, 'm' },
	{ "no-checkpoints", no_argument, NULL, OPT_NO_CHECKPOINTS },
	{ "no-stdin", no_argument, NULL, OPT_NO_STDIN },
	{ "park", no_argument, NULL, OPT_PARK },
	{ "permission-mode", required_argument, NULL, OPT_PERMISSION_MODE },
	{ "resume", required_argument, NULL, 'r' },
	{ "route", required_argument, NULL, OPT_ROUTE },
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
	    "[--max-turns N] [--no-checkpoints] [--no-stdin] [--park] "
	    "[--permission-mode MODE] [--route JSON] [--serve acp] "
	    "[--stay ID] [--task ID] [--timeout TIME] [TASK ...]\n",
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

/* Where the word of an option goes, if that is all there is to it. */
static const char **
word_of(struct spawn_options *o, int c)
{
	switch (c) {
	case 'a':
	case OPT_STAY:
		return &o->spawn.agent;
	case 'C':
		return &o->spawn.dir;
	case 'm':
		return &o->spawn.model;
	case 'r':
		return &o->spawn.resume;
	case OPT_AGENTS:
		return &o->spawn.agents_file;
	case OPT_PERMISSION_MODE:
		return &o->spawn.mode;
	case OPT_TASK:
		return &o->spawn.task;
	default:
		return NULL;
	}
}

/* What an option sets that takes no word, or beside it. */
static bool *
flag_of(struct spawn_options *o, int c)
{
	switch (c) {
	case OPT_CHECK:
		return &o->check;
	case OPT_DRY_RUN:
		return &o->spawn.dry_run;
	case OPT_FORK:
		return &o->spawn.fork;
	case OPT_NO_CHECKPOINTS:
		return &o->spawn.no_checkpoints;
	case OPT_NO_STDIN:
		return &o->prompt.no_stdin;
	case OPT_PARK:
		return &o->spawn.park;
	case OPT_PARTIAL:
		return &o->partial;
	case OPT_SERVE:
		return &o->serve;
	case OPT_STAY:
		return &o->stay;
	default:
		return NULL;
	}
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
	const char **word = word_of(o, c);
	bool *flag = flag_of(o, c);

	if (c == OPT_PERMISSION_MODE && permit_mode(optarg) < 0)
		cli_usage(&spawn_cli, "--permission-mode is default, "
		    "acceptEdits, plan or bypassPermissions, not '%s'",
		    optarg);
	if (c == OPT_SERVE && strcmp(optarg, "acp") != 0)
		cli_usage(&spawn_cli, "--serve is acp, not '%s'", optarg);
	if (word)
		*word = optarg;
	if (flag)
		*flag = true;
	take_value(o, c);
}

void
spawn_options(int argc, char **argv, struct spawn_options *o)
{
	int c;

	o->text = isatty(STDOUT_FILENO);
	while ((c = cli_option(&spawn_cli, argc, argv)) != -1)
		take_option(o, c);
	if (o->spawn.fork && !o->spawn.resume)
		cli_usage(&spawn_cli, "--fork-session goes with -c or -r");
	if (o->jobs > 0 && (o->spawn.resume || o->nfiles > 0 ||
	    optind < argc))
		cli_usage(&spawn_cli, "with -j the tasks come on standard input");
	if (o->idle_ns >= 0 && !o->stay)
		cli_usage(&spawn_cli, "--idle-exit goes with --stay");
	if (o->serve && (o->spawn.resume || o->nfiles > 0 || o->jobs > 0 ||
	    o->spawn.dry_run || o->stay || optind < argc))
		cli_usage(&spawn_cli, "with --serve the tasks come from an "
		    "editor");
	if (o->stay && (o->spawn.resume || o->nfiles > 0 || o->jobs > 0 ||
	    o->spawn.dry_run || optind < argc))
		cli_usage(&spawn_cli, "with --stay the tasks come as messages");
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
	jv_free(o->route);
}

void
spawn_options_again(const struct spawn_options *o, struct strs *words)
{
	const struct spawn *s = &o->spawn;

	STRS_ADD(words, "--format", "ndjson");
	if (s->dir)
		STRS_ADD(words, "-C", s->dir);
	if (s->agents_file)
		STRS_ADD(words, "--agents", s->agents_file);
	if (s->max_turns > 0) {
		strs_add(words, "--max-turns");
		strs_addf(words, "%lld", (long long)s->max_turns);
	}
	if (s->max_tokens > 0) {
		strs_add(words, "--max-tokens");
		strs_addf(words, "%lld", (long long)s->max_tokens);
	}
	if (s->max_cost > 0) {
		strs_add(words, "--max-cost");
		strs_addf(words, "%.6f", s->max_cost);
	}
	if (s->timeout_ns > 0) {
		strs_add(words, "--timeout");
		strs_addf(words, "%lldms",
		    (long long)(s->timeout_ns / CLOCK_MS));
	}
	if (s->no_checkpoints)
		strs_add(words, "--no-checkpoints");
	if (s->park)
		strs_add(words, "--park");
	if (s->mode)
		STRS_ADD(words, "--permission-mode", s->mode);
}
