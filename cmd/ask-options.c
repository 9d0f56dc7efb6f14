/* ask-options: the command line of agent-ask. */
#include "config.h"

#include "ask-options.h"

#include <limits.h>

#include "alloc.h"
#include "batch.h"
#include "env.h"

enum {
	OPT_AT = 256,
	OPT_BATCH_API,
	OPT_CACHE,
	OPT_CACHE_CLEAR,
	OPT_CHECK,
	OPT_DRY_RUN,
	OPT_EMBED,
	OPT_FALLBACK_REFUSED,
	OPT_FORMAT,
	OPT_HISTORY,
	OPT_JSON,
	OPT_KEY_FD,
	OPT_LINES,
	OPT_LOG,
	OPT_MODELS,
	OPT_NO_STDIN,
	OPT_NO_STREAM,
	OPT_RESULTS,
	OPT_RETRIES,
	OPT_SAVE,
	OPT_SCHEMA,
	OPT_SCHEMA_MULTI,
	OPT_SCHEMA_RETRIES,
	OPT_STDIN_TIMEOUT,
	OPT_SYSTEM_FILE,
	OPT_TEMPLATES,
	OPT_TIMEOUT,
	OPT_UNORDERED,
	OPT_XL
};

static const int64_t usual_timeout = 600 * CLOCK_SEC;

static const struct option longopts[] = {
	{ "at", required_argument, NULL, OPT_AT },
	{ "attachment", required_argument, NULL, 'a' },
	{ "batch-api", no_argument, NULL, OPT_BATCH_API },
	{ "cache", optional_argument, NULL, OPT_CACHE },
	{ "cache-clear", no_argument, NULL, OPT_CACHE_CLEAR },
	{ "cd", required_argument, NULL, 'C' },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "cid", required_argument, NULL, 'r' },
	{ "continue", no_argument, NULL, 'c' },
	{ "conversation", required_argument, NULL, 'r' },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "embed", no_argument, NULL, OPT_EMBED },
	{ "extract", no_argument, NULL, 'x' },
	{ "extract-last", no_argument, NULL, OPT_XL },
	{ "fallback-refused", no_argument, NULL, OPT_FALLBACK_REFUSED },
	{ "file", required_argument, NULL, 'f' },
	{ "format", required_argument, NULL, OPT_FORMAT },
	CLI_OPT_HELP,
	{ "history", no_argument, NULL, OPT_HISTORY },
	{ "jobs", required_argument, NULL, 'j' },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "json-schema", required_argument, NULL, OPT_SCHEMA },
	{ "key-fd", required_argument, NULL, OPT_KEY_FD },
	{ "lines", no_argument, NULL, OPT_LINES },
	{ "log", no_argument, NULL, OPT_LOG },
	{ "model", required_argument, NULL, 'm' },
	{ "models", no_argument, NULL, OPT_MODELS },
	{ "no-log", no_argument, NULL, 'n' },
	{ "no-stdin", no_argument, NULL, OPT_NO_STDIN },
	{ "no-stream", no_argument, NULL, OPT_NO_STREAM },
	{ "option", required_argument, NULL, 'o' },
	{ "output-format", required_argument, NULL, OPT_FORMAT },
	{ "output-schema", required_argument, NULL, OPT_SCHEMA },
	{ "param", required_argument, NULL, 'p' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "resume", required_argument, NULL, OPT_RESULTS },
	{ "retries", required_argument, NULL, OPT_RETRIES },
	{ "save", required_argument, NULL, OPT_SAVE },
	{ "schema", required_argument, NULL, OPT_SCHEMA },
	{ "schema-multi", required_argument, NULL, OPT_SCHEMA_MULTI },
	{ "schema-retries", required_argument, NULL, OPT_SCHEMA_RETRIES },
	{ "stdin-timeout", required_argument, NULL, OPT_STDIN_TIMEOUT },
	{ "system", required_argument, NULL, 's' },
	{ "system-file", required_argument, NULL, OPT_SYSTEM_FILE },
	{ "template", required_argument, NULL, 't' },
	{ "templates", no_argument, NULL, OPT_TEMPLATES },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "unordered", no_argument, NULL, OPT_UNORDERED },
	{ "usage", no_argument, NULL, 'u' },
	CLI_OPT_VERSION,
	{ "xl", no_argument, NULL, OPT_XL },
	{ 0 }
};

const struct cli ask_cli = {
	.name = "agent-ask",
	.usage = "usage: agent-ask [-cnqux] [-a FILE] [-C DIR] [-f FILE] "
	    "[-m MODEL] [-MD]\n"
	    "                 [-MF FILE] [-MP] [-MT TARGET] [-o KEY VALUE] "
	    "[-p NAME VALUE]\n"
	    "                 [-r ID] [-s TEXT] [-t TEMPLATE] "
	    "[--at FILE TYPE]\n"
	    "                 [--cache[=HOW]] [--dry-run] "
	    "[--fallback-refused]\n"
	    "                 [--format text|ndjson] [--key-fd N] [--log] "
	    "[--no-stdin]\n"
	    "                 [--no-stream] [--retries N] [--save NAME]\n"
	    "                 [--schema SCHEMA] [--schema-multi SCHEMA]\n"
	    "                 [--schema-retries N] [--stdin-timeout TIME]\n"
	    "                 [--system-file FILE] [--timeout TIME] [--xl] "
	    "[PROMPT ...]\n"
	    "       agent-ask -j N [-qu] [-C DIR] [-m MODEL] [-o KEY VALUE] "
	    "[-p NAME VALUE]\n"
	    "                 [-s TEXT] [-t TEMPLATE] [--cache[=HOW]]\n"
	    "                 [--fallback-refused] [--key-fd N] [--lines]\n"
	    "                 [--resume FILE] [--retries N] "
	    "[--schema SCHEMA]\n"
	    "                 [--schema-retries N] [--system-file FILE] "
	    "[--timeout TIME]\n"
	    "                 [--unordered]\n"
	    "       agent-ask --batch-api --resume FILE [-q] [-C DIR] "
	    "[-m MODEL]\n"
	    "                 [-o KEY VALUE] [-p NAME VALUE] [-s TEXT] "
	    "[-t TEMPLATE]\n"
	    "                 [--key-fd N] [--lines] [--schema SCHEMA] "
	    "[--system-file FILE]\n"
	    "                 [--timeout TIME]\n"
	    "       agent-ask --cache-clear\n"
	    "       agent-ask --check [-m MODEL]\n"
	    "       agent-ask --embed -m MODEL [-j N] [-o KEY VALUE] "
	    "[--cache[=HOW]]\n"
	    "                 [--format text|ndjson] [--lines] [--retries N] "
	    "[--timeout TIME]\n"
	    "       agent-ask --history [--json] [-r ID] [WORD ...]\n"
	    "       agent-ask --models [-m PROVIDER]\n"
	    "       agent-ask --templates [--json]\n",
	.shortopts = "C:M:a:cf:j:m:no:p:qr:s:t:ux",
	.longopts = longopts,
};

/* The second word of an option that takes two. */
static const char *
second(const char *needs, int argc, char **argv)
{
	if (optind >= argc)
		cli_usage(&ask_cli, "option %s", needs);
	return argv[optind++];
}

/* "-o KEY VALUE"; a value that is JSON is meant as such. */
static void
add_option(struct ask_options *o, int argc, char **argv)
{
	const char *key = optarg;
	const char *value = second("-o needs a key and a value", argc, argv);
	struct err ignored = ERR_INIT;
	jv v = JSON_NONE;

	if (json_parse(value, strlen(value), &v, &ignored) < 0)
		v = json_from_str(value);
	json_set(&o->options, key, v);
}

/* As gcc's: -MD, -MP, "-MF FILE" and "-MT TARGET". */
static void
add_dependency(struct ask_options *o, int argc, char **argv)
{
	o->deps = true;
	if (strcmp(optarg, "F") == 0)
		o->depfile = second("-MF needs a file", argc, argv);
	else if (strcmp(optarg, "T") == 0)
		o->deptarget = second("-MT needs a target", argc, argv);
	else if (strcmp(optarg, "P") == 0)
		o->phony = true;
	else if (strcmp(optarg, "D") != 0)
		cli_usage(&ask_cli, "unknown option '-M%s'", optarg);
}

static void
set_cache(struct ask_options *o, const char *how)
{
	o->cache = true;
	if (memo_rule_read(how, &o->memo) < 0)
		cli_usage(&ask_cli, "--cache takes an age, only or renew, "
		    "not '%s'", how);
}

/* "-a FILE", or "--at FILE TYPE": two words. */
static void
add_attachment(struct ask_options *o, bool typed, int argc, char **argv)
{
	const char *where = optarg;
	const char *type = typed ? second("--at needs a file and a type",
	    argc, argv) : NULL;

	GROW(o->attachments, o->nattachments, o->attachments_cap);
	o->attachments[o->nattachments++] =
	    (struct question_attachment){ where, type };
}

static enum ask_format
format_of(const char *text)
{
	if (strcmp(text, "text") == 0)
		return ASK_TEXT;
	if (strcmp(text, "ndjson") == 0 || strcmp(text, "stream-json") == 0)
		return ASK_NDJSON;
	cli_usage(&ask_cli, "--format takes text or ndjson, not '%s'", text);
}

/* Options that are more than a word or a flag: true when it was one. */
static bool
set_value(struct ask_options *o, int c, int argc, char **argv)
{
	switch (c) {
	case 'a':
	case OPT_AT:
		add_attachment(o, c == OPT_AT, argc, argv);
		return true;
	case 'M':
		add_dependency(o, argc, argv);
		return true;
	case OPT_CACHE:
		set_cache(o, optarg ? optarg : "");
		return true;
	case 'f':
		GROW(o->files, o->nfiles, o->files_cap);
		o->files[o->nfiles++] = optarg;
		return true;
	case 'j':
		o->jobs = (size_t)cli_int(&ask_cli, "-j", 1, BATCH_JOBS_MAX);
		return true;
	case 'o':
		add_option(o, argc, argv);
		return true;
	case 'p':
		json_set_str(&o->params, optarg,
		    second("-p needs a name and a value", argc, argv));
		return true;
	case OPT_FORMAT:
		o->format = format_of(optarg);
		return true;
	case OPT_KEY_FD:
		o->key_fd = (int)cli_int(&ask_cli, "--key-fd", 0, INT_MAX);
		return true;
	case OPT_RETRIES:
		o->retries = (int)cli_int(&ask_cli, "--retries", 0, 100);
		return true;
	case OPT_SCHEMA:
	case OPT_SCHEMA_MULTI:
		o->schema = optarg;
		o->schema_multi = c == OPT_SCHEMA_MULTI;
		return true;
	case OPT_SCHEMA_RETRIES:
		o->schema_retries = (int)cli_int(&ask_cli,
		    "--schema-retries", 0, 100);
		return true;
	case OPT_STDIN_TIMEOUT:
		o->stdin_timeout = cli_duration(&ask_cli, "--stdin-timeout");
		return true;
	case OPT_TIMEOUT:
		o->timeout = cli_duration(&ask_cli, "--timeout");
		return true;
	default:
		return false;
	}
}

/* What is to be done instead of asking: true when it said so. */
static bool
set_action(struct ask_options *o, int c)
{
	static const struct {
		int option;
		enum ask_action action;
	} known[] = {
		{ OPT_BATCH_API, ASK_BULK },
		{ OPT_CACHE_CLEAR, ASK_CACHE_CLEAR },
		{ OPT_CHECK, ASK_CHECK },
		{ OPT_DRY_RUN, ASK_DRY_RUN },
		{ OPT_EMBED, ASK_EMBED },
		{ OPT_HISTORY, ASK_HISTORY },
		{ OPT_MODELS, ASK_MODELS },
		{ OPT_SAVE, ASK_SAVE },
		{ OPT_TEMPLATES, ASK_TEMPLATES },
	};

	if (c == OPT_SAVE)
		o->save = optarg;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (known[i].option == c) {
			o->action = known[i].action;
			return true;
		}
	return false;
}

static void
set_word(struct ask_options *o, int c)
{
	switch (c) {
	case 'C': o->dir = optarg; break;
	case 'c': o->resume_last = true; break;
	case 'm': o->model = optarg; break;
	case 'n': o->no_log = true; break;
	case 'r': o->conversation = optarg; break;
	case 's': o->rules = optarg; break;
	case 't': o->template = optarg; break;
	case OPT_RESULTS: o->resume = optarg; break;
	case OPT_SYSTEM_FILE: o->rules_file = optarg; break;
	case OPT_JSON: o->format = ASK_NDJSON; break;
	case OPT_FALLBACK_REFUSED: o->fallback_refused = true; break;
	case OPT_LINES: o->lines = true; break;
	case OPT_LOG: o->log = true; break;
	case OPT_NO_STDIN: o->no_stdin = true; break;
	case OPT_NO_STREAM: o->no_stream = true; break;
	case OPT_UNORDERED: o->unordered = true; break;
	case 'q': o->quiet = true; break;
	case 'u': o->usage = true; break;
	case 'x': o->extract = ASK_FIRST_BLOCK; break;
	case OPT_XL: o->extract = ASK_LAST_BLOCK; break;
	}
}

/*
 * A stream of tasks is asked for by -j and what goes with it, or by records
 * as the format with nothing else to ask.
 */
static void
choose_action(struct ask_options *o)
{
	bool nothing = o->noperands + o->nfiles + o->nattachments == 0;
	bool unasked = nothing && !o->template;
	bool bulk = o->action == ASK_BULK;
	bool embed = o->action == ASK_EMBED;
	bool batch = !embed && !bulk && (o->jobs > 0 || o->lines ||
	    o->resume || o->unordered);

	if (o->rules && o->rules_file)
		cli_usage(&ask_cli, "--system and --system-file exclude each "
		    "other");
	if (json_count(&o->params) > 0 && !o->template && !o->save)
		cli_usage(&ask_cli, "-p needs a template: -t NAME");
	if (o->save && o->template)
		cli_usage(&ask_cli, "--save and -t exclude each other");
	if (o->conversation && o->resume_last)
		cli_usage(&ask_cli, "-c and -r exclude each other");
	if (batch && (o->conversation || o->resume_last))
		cli_usage(&ask_cli, "a stream of tasks is no conversation");
	if (batch && o->action != ASK_PROMPT)
		cli_usage(&ask_cli, "this does not go with a stream of tasks");
	if (o->deps && !o->depfile && !o->deptarget)
		cli_usage(&ask_cli, "-MD needs -MF FILE or -MT TARGET");
	if (batch && o->deps)
		cli_usage(&ask_cli, "-MD does not go with a stream of tasks");
	if (embed && !o->model)
		cli_usage(&ask_cli, "--embed needs -m PROVIDER/MODEL");
	if (bulk && (!o->resume || o->jobs || o->unordered))
		cli_usage(&ask_cli, o->resume ?
		    "-j and --unordered do not go with --batch-api" :
		    "--batch-api needs --resume FILE");
	if (o->timeout < 0)	/* not said */
		o->timeout = bulk ? INT64_MAX : usual_timeout;
	if ((batch || embed || bulk) && !nothing)
		cli_usage(&ask_cli, "a stream of tasks comes on standard "
		    "input, not from operands or files");
	if (o->action != ASK_PROMPT)
		return;
	o->log = !o->no_log && (o->log || o->conversation || o->resume_last);
	if (batch || (unasked && o->format == ASK_NDJSON && !o->no_stdin))
		o->action = ASK_BATCH;
	if (o->jobs == 0)
		o->jobs = BATCH_JOBS;
}

void
ask_options_read(struct ask_options *o, int argc, char **argv)
{
	const char *no_stdin = env_get("AGENT_STDIN");
	const char *keep = env_get("AGENT_LOG");
	const char *cache = env_get("AGENT_CACHE");
	int c;

	*o = (struct ask_options){
		.options = json_object(), .params = json_object(),
		.key_fd = -1, .retries = -1, .schema_retries = 2,
		.timeout = -1, .stdin_timeout = INT64_MAX
	};
	o->log = keep && strcmp(keep, "yes") == 0;
	o->no_stdin = no_stdin && strcmp(no_stdin, "no") == 0;
	if (cache && strcmp(cache, "no") != 0)
		set_cache(o, cache);
	while ((c = cli_option(&ask_cli, argc, argv)) != -1)
		if (!set_value(o, c, argc, argv) && !set_action(o, c))
			set_word(o, c);
	o->operands = argv + optind;
	o->noperands = (size_t)(argc - optind);
	choose_action(o);
}

unsigned
ask_options_flags(const struct ask_options *o)
{
	return (o->no_stream ? MODEL_NO_STREAM : 0) |
	    (o->fallback_refused ? MODEL_ELSEWHERE_REFUSED : 0);
}

void
ask_options_take(struct ask_options *o, const struct template *t)
{
	if (!o->model)
		o->model = t->model;
	if (!o->schema)
		o->schema = t->schema;
	if (o->extract == ASK_ALL && (t->extract || t->extract_last))
		o->extract = t->extract_last ? ASK_LAST_BLOCK :
		    ASK_FIRST_BLOCK;
	if (json_is(&t->options, JSON_OBJECT)) {
		jv all = json_merge(&t->options, &o->options);
		json_release(&o->options);
		o->options = all;
	}
}

void
ask_options_release(struct ask_options *o)
{
	json_release(&o->options);
	json_release(&o->params);
	free(o->files);
	free(o->attachments);
}
