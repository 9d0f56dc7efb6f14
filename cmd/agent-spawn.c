/*
 * agent-spawn: runs an agent on a task, its tools in a sandbox.
 *
 * Standard output is the run as records, the last one a `result`.  At a
 * terminal, or with --format text, the same records go through agent-watch,
 * which knows how to show them.
 */
#include "config.h"

#include <signal.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "crew.h"
#include "fd.h"
#include "outlet.h"
#include "path.h"
#include "permit.h"
#include "prompt.h"
#include "record.h"
#include "spawn.h"
#include "spawn-check.h"
#include "stay.h"

enum {
	OPT_AGENTS = 256, OPT_CHECK, OPT_DRY_RUN, OPT_FORK, OPT_FORMAT,
	OPT_IDLE_EXIT, OPT_MAX_TOKENS,
	OPT_MAX_TURNS, OPT_NO_CHECKPOINTS, OPT_NO_STDIN, OPT_PARK,
	OPT_PERMISSION_MODE, OPT_STAY, OPT_TASK, OPT_TIMEOUT,
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
	{ "jobs", required_argument, NULL, 'j' },
	{ "max-tokens", required_argument, NULL, OPT_MAX_TOKENS },
	{ "max-turns", required_argument, NULL, OPT_MAX_TURNS },
	{ "model", required_argument, NULL, 'm' },
	{ "no-checkpoints", no_argument, NULL, OPT_NO_CHECKPOINTS },
	{ "no-stdin", no_argument, NULL, OPT_NO_STDIN },
	{ "park", no_argument, NULL, OPT_PARK },
	{ "permission-mode", required_argument, NULL, OPT_PERMISSION_MODE },
	{ "resume", required_argument, NULL, 'r' },
	{ "stay", required_argument, NULL, OPT_STAY },
	{ "task", required_argument, NULL, OPT_TASK },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	CLI_OPT_VERSION,
	{ 0 }
};

static const struct cli cli = {
	.name = "agent-spawn",
	.usage = "usage: agent-spawn [-c] [-a AGENT] [-C DIR] [-f FILE] "
	    "[-j N] [-m MODEL] [-r RUN] [--agents FILE] [--check] "
	    "[--dry-run] [--fork-session] [--format text|ndjson] "
	    "[--idle-exit TIME] [--max-tokens N] "
	    "[--max-turns N] [--no-checkpoints] [--no-stdin] [--park] "
	    "[--permission-mode MODE] [--stay ID] [--task ID] "
	    "[--timeout TIME] [TASK ...]\n",
	.shortopts = "a:C:cf:j:m:r:",
	.longopts = longopts,
};

struct options {
	struct spawn spawn;
	struct prompt prompt;
	char **files;
	size_t nfiles, cfiles;
	bool text, check, stay;
	int64_t idle_ns;	/* -1: for ever */
	size_t jobs;		/* 0: one task, from the operands */
};

static bool
parse_format(const char *word)
{
	if (strcmp(word, "text") == 0)
		return true;
	if (strcmp(word, "ndjson") != 0 && strcmp(word, "stream-json") != 0)
		cli_usage(&cli, "--format is text or ndjson, not '%s'", word);
	return false;
}

static void
take_option(struct options *o, int c)
{
	switch (c) {
	case 'a':
		o->spawn.agent = optarg;
		break;
	case 'C':
		o->spawn.dir = optarg;
		break;
	case 'c':
		o->spawn.resume = "last";
		break;
	case 'f':
		GROW(o->files, o->nfiles, o->cfiles);
		o->files[o->nfiles++] = optarg;
		break;
	case 'j':
		o->jobs = (size_t)cli_int(&cli, "-j", 1, JOBS_MAX);
		break;
	case 'm':
		o->spawn.model = optarg;
		break;
	case 'r':
		o->spawn.resume = optarg;
		break;
	case OPT_AGENTS:
		o->spawn.agents_file = optarg;
		break;
	case OPT_CHECK:
		o->check = true;
		break;
	case OPT_DRY_RUN:
		o->spawn.dry_run = true;
		break;
	case OPT_FORK:
		o->spawn.fork = true;
		break;
	case OPT_FORMAT:
		o->text = parse_format(optarg);
		break;
	case OPT_IDLE_EXIT:
		o->idle_ns = cli_duration(&cli, "--idle-exit");
		break;
	case OPT_MAX_TOKENS:
		o->spawn.max_tokens = cli_int(&cli, "--max-tokens", 1,
		    INT64_MAX);
		break;
	case OPT_MAX_TURNS:
		o->spawn.max_turns = cli_int(&cli, "--max-turns", 1, 1000000);
		break;
	case OPT_NO_CHECKPOINTS:
		o->spawn.no_checkpoints = true;
		break;
	case OPT_NO_STDIN:
		o->prompt.no_stdin = true;
		break;
	case OPT_PARK:
		o->spawn.park = true;
		break;
	case OPT_PERMISSION_MODE:
		if (permit_mode(optarg) < 0)
			cli_usage(&cli, "--permission-mode is default, "
			    "acceptEdits, plan or bypassPermissions, not '%s'",
			    optarg);
		o->spawn.mode = optarg;
		break;
	case OPT_STAY:
		o->spawn.agent = optarg;
		o->stay = true;
		break;
	case OPT_TASK:
		o->spawn.task = optarg;
		break;
	case OPT_TIMEOUT:
		o->spawn.timeout_ns = cli_duration(&cli, "--timeout");
		break;
	}
}

static void
parse_options(struct options *o, int argc, char **argv)
{
	int c;

	o->text = isatty(STDOUT_FILENO);
	while ((c = cli_option(&cli, argc, argv)) != -1)
		take_option(o, c);
	if (o->spawn.fork && !o->spawn.resume)
		cli_usage(&cli, "--fork-session goes with -c or -r");
	if (o->jobs > 0 && (o->spawn.resume || o->nfiles > 0 ||
	    optind < argc))
		cli_usage(&cli, "with -j the tasks come on standard input");
	if (o->idle_ns >= 0 && !o->stay)
		cli_usage(&cli, "--idle-exit goes with --stay");
	if (o->stay && (o->spawn.resume || o->nfiles > 0 || o->jobs > 0 ||
	    o->spawn.dry_run || optind < argc))
		cli_usage(&cli, "with --stay the tasks come as messages");
	o->prompt.operands = argv + optind;
	o->prompt.noperands = (size_t)(argc - optind);
	o->prompt.files = o->files;
	o->prompt.nfiles = o->nfiles;
	o->prompt.until = deadline_in(o->spawn.timeout_ns > 0 ?
	    o->spawn.timeout_ns : SPAWN_WALL_SECONDS * CLOCK_SEC);
}

/* A run that did not come about still ends with a record. */
static void
write_error(struct outlet *out, const struct err *why)
{
	struct record_origin origin = { .source = "/command/agent-spawn",
	    .traceparent = record_traceparent() };
	AUTO_JV jv record = record_new(&origin, RECORD_ERROR,
	    record_error_data(why));
	struct err ignored;

	(void)outlet_record(out, &record, &ignored);
}

/* All that is wrong, on standard error; 78 when something is. */
static int
check(const struct options *o, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	int status = spawn_check(o->spawn.dir, o->spawn.agents_file, &out, e);

	if (out.len > 0 && fd_write(STDERR_FILENO, out.data, out.len, e) < 0)
		return -1;
	return status;
}

/* The same command for each task of a stream, with the same options. */
static int
run_crew(const struct options *o, struct err *e)
{
	AUTO_FREE char *self = path_program("agent-spawn", e);
	AUTO_FREE char *turns = xasprintf("%lld",
	    (long long)o->spawn.max_turns);
	AUTO_FREE char *tokens = xasprintf("%lld",
	    (long long)o->spawn.max_tokens);
	AUTO_FREE char *timeout = xasprintf("%lldms",
	    (long long)(o->spawn.timeout_ns / CLOCK_MS));
	const char *args[20] = { "--format", "ndjson" };
	size_t n = 2;
	struct crew crew = {
		.program = self, .args = args, .agent = o->spawn.agent,
		.model = o->spawn.model, .jobs = o->jobs,
		.in = STDIN_FILENO, .out = STDOUT_FILENO, .stop = &cli_signal,
	};

	if (!self)
		return -1;
	if (o->spawn.dir) {
		args[n++] = "-C";
		args[n++] = o->spawn.dir;
	}
	if (o->spawn.agents_file) {
		args[n++] = "--agents";
		args[n++] = o->spawn.agents_file;
	}
	if (o->spawn.max_turns > 0) {
		args[n++] = "--max-turns";
		args[n++] = turns;
	}
	if (o->spawn.max_tokens > 0) {
		args[n++] = "--max-tokens";
		args[n++] = tokens;
	}
	if (o->spawn.timeout_ns > 0) {
		args[n++] = "--timeout";
		args[n++] = timeout;
	}
	if (o->spawn.no_checkpoints)
		args[n++] = "--no-checkpoints";
	if (o->spawn.park)
		args[n++] = "--park";
	if (o->spawn.mode) {
		args[n++] = "--permission-mode";
		args[n++] = o->spawn.mode;
	}
	args[n] = NULL;
	return crew_run(&crew, e);
}

/* The same, message by message, until it is told to stop. */
static int
stay(struct options *o, struct outlet *out, struct err *e)
{
	int status;

	if (outlet_open(o->text, out, e) < 0)
		return -1;
	o->spawn.stop = &cli_signal;
	o->spawn.record = outlet_record;
	o->spawn.context = out;
	status = stay_run(&o->spawn, o->idle_ns, e);
	if (status == ST_OK)
		cli_signal = 0;		/* it was told to, and did */
	else if (!o->text)
		write_error(out, e);
	return status;
}

static int
spawn(struct options *o, struct outlet *out, struct err *e)
{
	AUTO_BUF struct buf prompt = BUF_INIT;
	bool nothing_new = o->spawn.resume &&
	    o->prompt.noperands + o->prompt.nfiles == 0;
	int status;

	if (!nothing_new &&
	    prompt_read(&o->prompt, &cli_signal, &prompt, e) < 0)
		return -1;
	if (outlet_open(o->text && !o->spawn.dry_run, out, e) < 0)
		return -1;
	o->spawn.stop = &cli_signal;
	o->spawn.record = outlet_record;
	o->spawn.context = out;
	status = spawn_run(&o->spawn, nothing_new ? NULL : prompt.data, e);
	if (status < 0 && !o->text)
		write_error(out, e);
	return status;
}

int
main(int argc, char **argv)
{
	struct options o = { .idle_ns = -1 };
	struct outlet out = OUTLET_INIT;
	struct err e = ERR_INIT;
	int status;

	cli_begin(&cli);
	parse_options(&o, argc, argv);
	cli_catch_signals();
	status = o.check ? check(&o, &e) :
	    o.jobs > 0 ? run_crew(&o, &e) :
	    o.stay ? stay(&o, &out, &e) : spawn(&o, &out, &e);
	outlet_close(&out);
	free(o.files);
	if (e.status == ST_USAGE && status < 0)
		cli_usage(&cli, "%s", e.text);
	cli_raise();
	if (e.status && e.status != ST_SIGNAL + SIGPIPE)
		err_report(&e);
	return cli_end(status < 0 ? e.status : status);
}
