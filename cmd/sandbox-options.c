/* sandbox-options: the command line of agent-sandbox. */
#include "config.h"

#include "sandboxcmd.h"

#include "alloc.h"
#include "num.h"
#include "path.h"
#include "profile.h"

/* Every rule has the option of its name; these are the others. */
enum { OPT_ACCEPT = 256, OPT_AUDIT, OPT_CHECK, OPT_DRY_RUN, OPT_EXPLAIN,
	OPT_METER, OPT_ON_EXIT, OPT_OVERLAY, OPT_OVERLAY_BY, OPT_OVERLAY_MAX,
	OPT_REPORT, OPT_RULE };

static const struct option longopts[] = {
	{ "accept", required_argument, NULL, OPT_ACCEPT },
	{ "allow", required_argument, NULL, OPT_RULE },
	{ "audit", required_argument, NULL, OPT_AUDIT },
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
	{ "inject", required_argument, NULL, OPT_RULE },
	{ "max-output", required_argument, NULL, OPT_RULE },
	{ "memory", required_argument, NULL, OPT_RULE },
	{ "meter", required_argument, NULL, OPT_METER },
	{ "nested", no_argument, NULL, OPT_RULE },
	{ "net", required_argument, NULL, OPT_RULE },
	{ "on-exit", required_argument, NULL, OPT_ON_EXIT },
	{ "overlay", optional_argument, NULL, OPT_OVERLAY },
	{ "overlay-by", required_argument, NULL, OPT_OVERLAY_BY },
	{ "overlay-max", required_argument, NULL, OPT_OVERLAY_MAX },
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
	{ "ulimit", required_argument, NULL, OPT_RULE },
	{ "unix-socket", required_argument, NULL, OPT_RULE },
	CLI_OPT_VERSION,
	{ "workspace", required_argument, NULL, 'C' },
	{ NULL, 0, NULL, 0 }
};

const struct cli sandbox_cli = {
	.name = "agent-sandbox",
	.usage =
	    "usage: agent-sandbox [--accept PATTERN] ... [--allow HOST[:PORT]] ...\n"
	    "           [--audit FD|FILE] [--best-effort NAME] ... [--cache PATH] ...\n"
	    "           [--check] [--cpu-time DURATION] [--cpus N]\n"
	    "           [--deny HOST[:PORT]] ... [--device PATH] ... [--disk SIZE]\n"
	    "           [--dry-run]\n"
	    "           [--env NAME[=VALUE]] ... [--explain] [--file-size SIZE]\n"
	    "           [--files N] [--git WORD] [--hide PATTERN] ...\n"
	    "           [--host-port PORT] ... [--inherit-env] [--inject RULE] ...\n"
	    "           [--max-output SIZE] [--memory SIZE] [--meter FD] [--nested]\n"
	    "           [--net WORD] [--on-exit WORD] [--overlay[=NAME]]\n"
	    "           [--overlay-by WORD] [--overlay-max SIZE] [--pids-limit N]\n"
	    "           [--privileged]\n"
	    "           [--profile NAME] [--publish PORT[:INSIDE]] ... [--read-only]\n"
	    "           [--report FD|FILE] [--resolve HOST:PORT:ADDRESS[:PORT]] ...\n"
	    "           [--ro PATH[:DEST]] ... [--rw PATH[:DEST]] ...\n"
	    "           [--seccomp WORD|FILE] ...\n"
	    "           [--taint WORD] [--timeout DURATION] [--tmp-size SIZE]\n"
	    "           [--tty WORD] [--ulimit NAME=N] ... [--unix-socket PATH] ...\n"
	    "           [--workspace DIR]\n"
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

static void
set_rule(struct box_options *o, const char *option, const char *value)
{
	strs_add(&o->set, option);
	strs_add(&o->set, value ? value : "true");
}

static void
set_how(struct overlay_how *how, int option, const char *value)
{
	int by = overlay_by(value);

	if (option == OPT_OVERLAY_MAX) {
		if (num_parse_size(value, &how->copy_max) < 0)
			cli_usage(&sandbox_cli, "--overlay-max takes a size "
			    "such as 2G, not '%s'", value);
		return;
	}
	if (by < 0)
		cli_usage(&sandbox_cli, "--overlay-by takes auto, kernel, "
		    "fuse or copy, not '%s'", value);
	how->by = (enum overlay_by)by;
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

void
sandbox_options(struct box_options *o, int argc, char **argv)
{
	struct err e = ERR_INIT;

	for (;;) {
		const char *word = argv[optind];
		int c = cli_option(&sandbox_cli, argc, argv);

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
		case OPT_METER:
			o->meter = sandbox_take_meter(optarg);
			break;
		case OPT_ON_EXIT:
			if (strcmp(optarg, "keep") != 0 &&
			    strcmp(optarg, "commit") != 0 &&
			    strcmp(optarg, "discard") != 0)
				cli_usage(&sandbox_cli, "--on-exit takes keep, "
				    "commit or discard, not '%s'", optarg);
			o->on_exit = optarg;
			break;
		case OPT_OVERLAY:
			o->overlay = optarg ? optarg : "default";
			break;
		case OPT_OVERLAY_BY:
		case OPT_OVERLAY_MAX:
			set_how(&o->how, c, optarg);
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
		case OPT_AUDIT:
			o->audit = sandbox_open_report(optarg);
			break;
		case OPT_REPORT:
			o->report = sandbox_open_report(optarg);
			break;
		default:
			set_rule(o, option_name(word), optarg);
		}
	}
}

/* Built in, profile, workspace; then what the command line says. */
void
sandbox_settle(struct box_options *o)
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
	/* an overlay is for who is not trusted; it would not keep these */
	if (o->overlay) {
		strs_add(&o->rules.hide, ".env");
		strs_add(&o->rules.hide, ".env.*");
	}
	for (size_t i = 0; i + 1 < o->set.n; i += 2)
		if (rules_set(&o->rules, o->set.v[i], o->set.v[i + 1],
		    &e) < 0)
			cli_usage(&sandbox_cli, "%s", e.text);
}

void
sandbox_options_release(struct box_options *o)
{
	strs_release(&o->accept);
	strs_release(&o->set);
	rules_release(&o->rules);
	free(o->workspace);
}
