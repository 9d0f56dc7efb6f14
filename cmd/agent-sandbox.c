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
#include "overlay.h"
#include "path.h"
#include "profile.h"
#include "rules.h"
#include "sandbox.h"

struct options {
	struct rules rules;
	struct strs set;	/* option, value, option, value, ... */
	const char *profile;
	char *workspace;
	bool named;		/* the workspace was given */
	int report;
	const char *overlay;	/* its name; NULL: none */
	const char *on_exit;	/* "keep", "commit", "discard" */
	struct strs accept;
	bool dry_run, explain, check;
};

/* Every rule has the option of its name; these are the others. */
enum { OPT_ACCEPT = 256, OPT_CHECK, OPT_DRY_RUN, OPT_EXPLAIN,
	OPT_ON_EXIT, OPT_OVERLAY, OPT_REPORT, OPT_RULE };

static const struct option longopts[] = {
	{ "accept", required_argument, NULL, OPT_ACCEPT },
	{ "allow", required_argument, NULL, OPT_RULE },
	{ "best-effort", required_argument, NULL, OPT_RULE },
	{ "cache", required_argument, NULL, OPT_RULE },
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
	{ "on-exit", required_argument, NULL, OPT_ON_EXIT },
	{ "overlay", optional_argument, NULL, OPT_OVERLAY },
	{ "pids-limit", required_argument, NULL, OPT_RULE },
	{ "privileged", no_argument, NULL, OPT_RULE },
	{ "profile", required_argument, NULL, 'p' },
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
	{ "tty", required_argument, NULL, OPT_RULE },
	{ "unix-socket", required_argument, NULL, OPT_RULE },
	CLI_OPT_VERSION,
	{ "workspace", required_argument, NULL, 'C' },
	{ NULL, 0, NULL, 0 }
};

static const struct cli cli = {
	.name = "agent-sandbox",
	.usage =
	    "usage: agent-sandbox [--accept PATTERN] ... [--allow HOST[:PORT]] ...\n"
	    "           [--best-effort NAME] ... [--cache PATH] ... [--check]\n"
	    "           [--cpu-time DURATION] [--cpus N] [--deny HOST[:PORT]] ...\n"
	    "           [--device PATH] ... [--disk SIZE] [--dry-run]\n"
	    "           [--env NAME[=VALUE]] ... [--explain] [--file-size SIZE]\n"
	    "           [--files N] [--git WORD] [--hide PATTERN] ...\n"
	    "           [--host-port PORT] ... [--inherit-env] [--max-output SIZE]\n"
	    "           [--memory SIZE] [--nested] [--net WORD] [--on-exit WORD]\n"
	    "           [--overlay[=NAME]] [--pids-limit N] [--privileged]\n"
	    "           [--profile NAME] [--publish PORT[:INSIDE]] ... [--read-only]\n"
	    "           [--report FD|FILE] [--resolve HOST:PORT:ADDRESS[:PORT]] ...\n"
	    "           [--ro PATH[:DEST]] ... [--rw PATH[:DEST]] ... [--seccomp WORD]\n"
	    "           [--taint WORD] [--timeout DURATION] [--tmp-size SIZE]\n"
	    "           [--tty WORD] [--unix-socket PATH] ... [--workspace DIR]\n"
	    "           [--] COMMAND [ARGUMENT ...]\n"
	    "       agent-sandbox [OPTION ...] commit [PATH ...]\n"
	    "       agent-sandbox [OPTION ...] diff\n"
	    "       agent-sandbox [OPTION ...] discard\n"
	    "       agent-sandbox --check\n"
	    "       agent-sandbox --explain\n",
	.shortopts = "+C:m:p:t:",
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
	strs_add(&o->set, option);
	strs_add(&o->set, value ? value : "true");
}

/* Built in, profile, workspace; then what the command line says. */
static void
settle_rules(struct options *o)
{
	AUTO_STRS struct strs refused = STRS_INIT;
	struct err e = ERR_INIT;

	rules_defaults(&o->rules);
	if (profile_apply(&o->rules, o->profile, o->workspace, &refused,
	    &e) < 0) {
		e.status = ST_WRAPPER;
		exit(err_report(&e));
	}
	for (size_t i = 0; i < refused.n; i++)
		err_warn("the workspace's own profile cannot widen '%s'",
		    refused.v[i]);
	for (size_t i = 0; i + 1 < o->set.n; i += 2)
		if (rules_set(&o->rules, o->set.v[i], o->set.v[i + 1],
		    &e) < 0)
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
		case OPT_ACCEPT:
			strs_add(&o->accept, optarg);
			break;
		case OPT_ON_EXIT:
			if (strcmp(optarg, "keep") != 0 &&
			    strcmp(optarg, "commit") != 0 &&
			    strcmp(optarg, "discard") != 0)
				cli_usage(&cli, "--on-exit takes keep, "
				    "commit or discard, not '%s'", optarg);
			o->on_exit = optarg;
			break;
		case OPT_OVERLAY:
			o->overlay = optarg ? optarg : "default";
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
		case 'p':
			o->profile = optarg;
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
commit(const struct options *o, struct overlay *v, const struct strs *paths)
{
	AUTO_STRS struct strs refused = STRS_INIT;
	struct err e = ERR_INIT;

	if (overlay_commit(v, paths, &o->accept, &refused, &e) == 0)
		return ST_OK;
	for (size_t i = 0; i < refused.n; i++)
		err_warn("%s", refused.v[i]);
	return err_report(&e);
}

static int
diff(const struct overlay *v)
{
	struct err e = ERR_INIT;
	size_t left_out;

	if (overlay_diff(v, &left_out, &e) < 0)
		return err_report(&e);
	if (left_out > 0)
		err_warn("%zu changes in .git are not shown", left_out);
	return ST_OK;
}

/* What may be done to an overlay; NULL when the word is a command to run. */
static const char *
overlay_verb(const char *before, const char *word)
{
	static const char *const verbs[] = { "commit", "diff", "discard" };

	for (size_t i = 0; strcmp(before, "--") != 0 && i < 3; i++)
		if (strcmp(word, verbs[i]) == 0)
			return verbs[i];
	return NULL;
}

static int
change_overlay(struct options *o, const char *verb, int argc, char **argv)
{
	AUTO_OVERLAY struct overlay v = OVERLAY_INIT;
	AUTO_STRS struct strs paths = STRS_INIT;
	struct err e = ERR_INIT;

	optind++;
	parse_options(o, argc, argv);
	for (int i = optind; i < argc; i++)
		strs_add(&paths, argv[i]);
	if (paths.n > 0 && strcmp(verb, "commit") != 0)
		cli_usage(&cli, "%s takes no operand", verb);
	if (overlay_open(&v, o->workspace, o->overlay ? o->overlay :
	    "default", false, &e) < 0)
		return err_report(&e);
	if (strcmp(verb, "diff") == 0)
		return diff(&v);
	if (strcmp(verb, "commit") == 0)
		return commit(o, &v, &paths);
	return overlay_discard(&v, &e) < 0 ? err_report(&e) : ST_OK;
}

/* What --on-exit says, after a command that did well; else all is kept. */
static int
conclude(const struct options *o, struct overlay *v, int status)
{
	AUTO_STRS struct strs all = STRS_INIT;
	struct err e = ERR_INIT;

	if (!o->on_exit || strcmp(o->on_exit, "keep") == 0)
		return status;
	if (strcmp(o->on_exit, "discard") == 0) {
		if (overlay_discard(v, &e) == 0)
			return status;
		err_report(&e);
		return ST_WRAPPER;
	}
	if (status != 0) {
		err_warn("the command failed: its changes are kept aside");
		return status;
	}
	return commit(o, v, &all) == ST_OK ? status : ST_WRAPPER;
}

static int
run(const struct options *o, char **argv)
{
	AUTO_OVERLAY struct overlay v = OVERLAY_INIT;
	struct err e = ERR_INIT;
	struct sandbox s = {
		.rules = &o->rules, .workspace = o->workspace,
		.argv = (const char *const *)(uintptr_t)argv,
		.report = o->report, .dry_run = o->dry_run,
	};
	int status = 0;

	if (sandbox_check_workspace(o->workspace, o->named, &e) < 0)
		return err_report(&e);
	if (o->overlay && overlay_open(&v, o->workspace, o->overlay,
	    !o->dry_run, &e) < 0) {
		e.status = ST_WRAPPER;
		return err_report(&e);
	}
	s.overlay = o->overlay ? &v : NULL;
	if (sandbox_run(&s, &status, &e) < 0)
		return err_report(&e);
	if (e.text[0])
		err_report(&e);
	if (o->dry_run)
		return cli_end(status);
	return o->overlay ? conclude(o, &v, status) : status;
}

int
main(int argc, char **argv)
{
	struct options o = { .report = -1 };
	struct err e = ERR_INIT;
	int status;

	cli_begin(&cli);
	parse_options(&o, argc, argv);
	if (o.check)
		return show_check();
	if (!o.workspace && !(o.workspace = path_cwd(&e))) {
		e.status = ST_WRAPPER;
		return err_report(&e);
	}
	settle_rules(&o);
	if (o.explain) {
		status = show_rules(&o);
	} else {
		const char *verb;
		if (optind == argc)
			cli_usage(&cli, "no command");
		verb = overlay_verb(argv[optind - 1], argv[optind]);
		status = verb ? change_overlay(&o, verb, argc, argv) :
		    run(&o, argv + optind);
	}
	strs_release(&o.accept);
	strs_release(&o.set);
	rules_release(&o.rules);
	free(o.workspace);
	return status;
}
