/*
 * agent-sandbox: runs a command confined, by a manifest of permissions.
 */
#include "config.h"

#include <fcntl.h>

#include "alloc.h"
#include "cli.h"
#include "fd.h"
#include "hostcheck.h"
#include "json.h"
#include "num.h"
#include "path.h"
#include "rules.h"
#include "sandbox.h"

struct options {
	struct rules rules;
	char *workspace;
	bool named;		/* the workspace was given */
	int report;
	bool dry_run, explain, check;
};

/* Every rule has the option of its name; these are the others. */
enum { OPT_CHECK = 256, OPT_DRY_RUN, OPT_EXPLAIN, OPT_REPORT, OPT_RULE };

static const struct option longopts[] = {
	{ "allow", required_argument, NULL, OPT_RULE },
	{ "best-effort", required_argument, NULL, OPT_RULE },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "cpu-time", required_argument, NULL, OPT_RULE },
	{ "cpus", required_argument, NULL, OPT_RULE },
	{ "deny", required_argument, NULL, OPT_RULE },
	{ "device", required_argument, NULL, OPT_RULE },
	{ "disk", required_argument, NULL, OPT_RULE },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "env", required_argument, NULL, OPT_RULE },
	{ "explain", no_argument, NULL, OPT_EXPLAIN },
	{ "file-size", required_argument, NULL, OPT_RULE },
	{ "files", required_argument, NULL, OPT_RULE },
	{ "git", required_argument, NULL, OPT_RULE },
	CLI_OPT_HELP,
	{ "hide", required_argument, NULL, OPT_RULE },
	{ "host-port", required_argument, NULL, OPT_RULE },
	{ "inherit-env", no_argument, NULL, OPT_RULE },
	{ "max-output", required_argument, NULL, OPT_RULE },
	{ "memory", required_argument, NULL, OPT_RULE },
	{ "nested", no_argument, NULL, OPT_RULE },
	{ "net", required_argument, NULL, OPT_RULE },
	{ "pids-limit", required_argument, NULL, OPT_RULE },
	{ "publish", required_argument, NULL, OPT_RULE },
	{ "read-only", no_argument, NULL, OPT_RULE },
	{ "report", required_argument, NULL, OPT_REPORT },
	{ "resolve", required_argument, NULL, OPT_RULE },
	{ "ro", required_argument, NULL, OPT_RULE },
	{ "rw", required_argument, NULL, OPT_RULE },
	{ "seccomp", required_argument, NULL, OPT_RULE },
	{ "taint", required_argument, NULL, OPT_RULE },
	{ "timeout", required_argument, NULL, OPT_RULE },
	{ "tmp-size", required_argument, NULL, OPT_RULE },
	{ "unix-socket", required_argument, NULL, OPT_RULE },
	CLI_OPT_VERSION,
	{ "workspace", required_argument, NULL, 'C' },
	{ NULL, 0, NULL, 0 }
};

static const struct cli cli = {
	.name = "agent-sandbox",
	.usage =
	    "usage: agent-sandbox [--allow HOST[:PORT]] ... [--best-effort NAME] ...\n"
	    "           [--check] [--cpu-time DURATION] [--cpus N]\n"
	    "           [--deny HOST[:PORT]] ... [--device PATH] ... [--disk SIZE]\n"
	    "           [--dry-run] [--env NAME[=VALUE]] ... [--explain]\n"
	    "           [--file-size SIZE] [--files N] [--git WORD] [--hide PATTERN] ...\n"
	    "           [--host-port PORT] ... [--inherit-env] [--max-output SIZE]\n"
	    "           [--memory SIZE] [--nested] [--net WORD] [--pids-limit N]\n"
	    "           [--publish PORT[:INSIDE]] ... [--read-only] [--report FD|FILE]\n"
	    "           [--resolve HOST:PORT:ADDRESS[:PORT]] ... [--ro PATH[:DEST]] ...\n"
	    "           [--rw PATH[:DEST]] ... [--seccomp WORD] [--taint WORD]\n"
	    "           [--timeout DURATION] [--tmp-size SIZE] [--unix-socket PATH] ...\n"
	    "           [--workspace DIR] [--] COMMAND [ARGUMENT ...]\n"
	    "       agent-sandbox --check\n"
	    "       agent-sandbox --explain\n",
	.shortopts = "+C:m:t:",
	.longopts = longopts,
	.wrapper = true,
};

static int
open_report(const char *where, struct err *e)
{
	int64_t number;
	int fd;

	if (num_parse_int(where, 0, 1 << 20, &number) == 0) {
		if (fcntl((int)number, F_GETFD) < 0)
			return err_sys(e, ST_WRAPPER,
			    "cannot report to descriptor %s", where);
		return (int)number;
	}
	fd = open(where, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return fd < 0 ? err_sys(e, ST_WRAPPER, "cannot open '%s'", where) : fd;
}

static void
set_rule(struct options *o, const char *option, const char *value)
{
	struct err e = ERR_INIT;

	if (rules_set(&o->rules, option, value ? value : "true", &e) < 0)
		cli_usage(&cli, "%s", e.text);
}

/* getopt says which option it was only by its index, which cli hides. */
static const char *
option_name(const char *word)
{
	size_t n = strcspn(word + 2, "=");
	const char *found = NULL;

	for (const struct option *p = longopts; p->name; p++) {
		if (strncmp(p->name, word + 2, n) != 0)
			continue;
		if (strlen(p->name) == n)
			return p->name;
		found = p->name;
	}
	return found;
}

static void
parse_options(struct options *o, int argc, char **argv)
{
	struct err e = ERR_INIT;

	for (;;) {
		const char *word = argv[optind];
		int c = cli_option(&cli, argc, argv);

		switch (c) {
		case -1:
			return;
		case 'C':
			free(o->workspace);
			o->workspace = path_real(optarg, &e);
			if (!o->workspace) {
				e.status = ST_WRAPPER;
				exit(err_report(&e));
			}
			o->named = true;
			break;
		case 'm':
			set_rule(o, "memory", optarg);
			break;
		case 't':
			set_rule(o, "timeout", optarg);
			break;
		case OPT_CHECK:
			o->check = true;
			break;
		case OPT_DRY_RUN:
			o->dry_run = true;
			break;
		case OPT_EXPLAIN:
			o->explain = true;
			break;
		case OPT_REPORT:
			o->report = open_report(optarg, &e);
			if (o->report < 0)
				exit(err_report(&e));
			break;
		default:
			set_rule(o, option_name(word), optarg);
		}
	}
}

static int
show_check(void)
{
	AUTO_JV jv all = hostcheck_all();
	int status = ST_OK;

	JSON_EACH(&all, i) {
		AUTO_JV jv one = json_iter_value(&all, i);
		const char *mend = json_str(&one, "mend");
		bool good = false;

		json_bool(&one, "ok", &good);
		printf("%-9s %s  %s\n", json_iter_key(&all, i),
		    good ? "yes" : "no ", json_str(&one, "what"));
		if (mend)
			printf("%-9s      mend: %s\n", "", mend);
		if (!good && (strcmp(json_iter_key(&all, i), "bwrap") == 0 ||
		    strcmp(json_iter_key(&all, i), "userns") == 0))
			status = ST_NO;
	}
	return cli_end(status);
}

static int
show_rules(const struct options *o)
{
	AUTO_JV jv all = rules_json(&o->rules);
	AUTO_BUF struct buf text = BUF_INIT;

	json_set_str(&all, "workspace", o->workspace);
	json_write_pretty(&all, &text);
	puts(text.data);
	return cli_end(ST_OK);
}

static int
run(const struct options *o, char **argv)
{
	struct err e = ERR_INIT;
	struct sandbox s = {
		.rules = &o->rules, .workspace = o->workspace,
		.argv = (const char *const *)(uintptr_t)argv,
		.report = o->report, .dry_run = o->dry_run,
	};
	int status = 0;

	if (sandbox_check_workspace(o->workspace, o->named, &e) < 0 ||
	    sandbox_run(&s, &status, &e) < 0)
		return err_report(&e);
	if (e.text[0])
		err_report(&e);
	return o->dry_run ? cli_end(status) : status;
}

int
main(int argc, char **argv)
{
	struct options o = { .report = -1 };
	struct err e = ERR_INIT;
	int status;

	cli_begin(&cli);
	rules_defaults(&o.rules);
	parse_options(&o, argc, argv);
	if (o.check)
		return show_check();
	if (!o.workspace && !(o.workspace = path_cwd(&e))) {
		e.status = ST_WRAPPER;
		return err_report(&e);
	}
	if (o.explain) {
		status = show_rules(&o);
	} else {
		if (optind == argc)
			cli_usage(&cli, "no command");
		status = run(&o, argv + optind);
	}
	rules_release(&o.rules);
	free(o.workspace);
	return status;
}
