/*
 * agent-ask: asks a model, writes its answer as it comes.
 *
 * This file reads the options; what is asked, and how, is lib/.
 */
#include "config.h"

#include <unistd.h>

#include "alloc.h"
#include "ask.h"
#include "catalog.h"
#include "cli.h"
#include "env.h"
#include "fd.h"
#include "json.h"
#include "model.h"
#include "path.h"
#include "prompt.h"
#include "settings.h"
#include "workspace.h"

enum {
	OPT_CHECK = 256,
	OPT_DRY_RUN,
	OPT_FORMAT,
	OPT_JSON,
	OPT_MODELS,
	OPT_NO_STDIN,
	OPT_NO_STREAM,
	OPT_RETRIES,
	OPT_STDIN_TIMEOUT,
	OPT_SYSTEM_FILE,
	OPT_TIMEOUT
};

enum { SYSTEM_MAX = 16 << 20 };

static const int64_t usual_timeout = 600 * CLOCK_SEC;

static const struct option longopts[] = {
	{ "cd", required_argument, NULL, 'C' },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "dry-run", no_argument, NULL, OPT_DRY_RUN },
	{ "file", required_argument, NULL, 'f' },
	{ "format", required_argument, NULL, OPT_FORMAT },
	CLI_OPT_HELP,
	{ "json", no_argument, NULL, OPT_JSON },
	{ "model", required_argument, NULL, 'm' },
	{ "models", no_argument, NULL, OPT_MODELS },
	{ "no-stdin", no_argument, NULL, OPT_NO_STDIN },
	{ "no-stream", no_argument, NULL, OPT_NO_STREAM },
	{ "option", required_argument, NULL, 'o' },
	{ "output-format", required_argument, NULL, OPT_FORMAT },
	{ "quiet", no_argument, NULL, 'q' },
	{ "retries", required_argument, NULL, OPT_RETRIES },
	{ "stdin-timeout", required_argument, NULL, OPT_STDIN_TIMEOUT },
	{ "system", required_argument, NULL, 's' },
	{ "system-file", required_argument, NULL, OPT_SYSTEM_FILE },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "usage", no_argument, NULL, 'u' },
	CLI_OPT_VERSION,
	{ 0 }
};

static const struct cli cli = {
	.name = "agent-ask",
	.usage = "usage: agent-ask [-qu] [-C DIR] [-f FILE] [-m MODEL] "
	    "[-o KEY VALUE] [-s TEXT]\n"
	    "                 [--dry-run] [--format text|ndjson] [--no-stdin]\n"
	    "                 [--no-stream] [--retries N] "
	    "[--stdin-timeout TIME]\n"
	    "                 [--system-file FILE] [--timeout TIME] "
	    "[PROMPT ...]\n"
	    "       agent-ask --check [-m MODEL]\n"
	    "       agent-ask --models [-m PROVIDER]\n",
	.shortopts = "C:f:m:o:qs:u",
	.longopts = longopts,
};

struct options {
	const char *dir;
	const char *model;
	const char *rules, *rules_file;
	char **files;
	size_t nfiles, cap;
	jv options;
	enum ask_format format;
	int question;		/* OPT_CHECK, OPT_MODELS: not a prompt */
	bool dry_run, no_stdin, no_stream, quiet, usage;
	int retries;
	int64_t timeout, stdin_timeout;
};

/* "-o KEY VALUE": two words; a value that is JSON is meant as such. */
static void
add_option(struct options *o, int argc, char **argv)
{
	const char *key = optarg, *value;
	struct err ignored = ERR_INIT;
	jv v = JSON_NONE;

	if (optind >= argc)
		cli_usage(&cli, "option -o needs a key and a value");
	value = argv[optind++];
	if (json_parse(value, strlen(value), &v, &ignored) < 0)
		v = json_from_str(value);
	json_set(&o->options, key, v);
}

static enum ask_format
format_of(const char *word)
{
	if (strcmp(word, "text") == 0)
		return ASK_TEXT;
	if (strcmp(word, "ndjson") == 0 || strcmp(word, "stream-json") == 0)
		return ASK_NDJSON;
	cli_usage(&cli, "--format takes text or ndjson, not '%s'", word);
}

static void
set_option(struct options *o, int c, int argc, char **argv)
{
	switch (c) {
	case 'C':
		o->dir = optarg;
		break;
	case 'f':
		GROW(o->files, o->nfiles, o->cap);
		o->files[o->nfiles++] = optarg;
		break;
	case 'm':
		o->model = optarg;
		break;
	case 'o':
		add_option(o, argc, argv);
		break;
	case 'q':
		o->quiet = true;
		break;
	case 's':
		o->rules = optarg;
		break;
	case 'u':
		o->usage = true;
		break;
	case OPT_CHECK:
	case OPT_MODELS:
		o->question = c;
		break;
	case OPT_DRY_RUN:
		o->dry_run = true;
		break;
	case OPT_FORMAT:
		o->format = format_of(optarg);
		break;
	case OPT_JSON:
		o->format = ASK_NDJSON;
		break;
	case OPT_NO_STDIN:
		o->no_stdin = true;
		break;
	case OPT_NO_STREAM:
		o->no_stream = true;
		break;
	case OPT_RETRIES:
		o->retries = (int)cli_int(&cli, "--retries", 0, 100);
		break;
	case OPT_STDIN_TIMEOUT:
		o->stdin_timeout = cli_duration(&cli, "--stdin-timeout");
		break;
	case OPT_SYSTEM_FILE:
		o->rules_file = optarg;
		break;
	case OPT_TIMEOUT:
		o->timeout = cli_duration(&cli, "--timeout");
		break;
	}
}

static void
parse_options(struct options *o, int argc, char **argv)
{
	const char *no_stdin = env_get("AGENT_STDIN");
	int c;

	*o = (struct options){ .options = json_object(), .retries = -1,
	    .timeout = usual_timeout, .stdin_timeout = INT64_MAX };
	o->no_stdin = no_stdin && strcmp(no_stdin, "no") == 0;
	while ((c = cli_option(&cli, argc, argv)) != -1)
		set_option(o, c, argc, argv);
	if (o->rules && o->rules_file)
		cli_usage(&cli, "--system and --system-file exclude each "
		    "other");
}

static void
add_message(jv *messages, const char *role, const struct buf *text)
{
	jv m = json_object();

	json_set_str(&m, "role", role);
	json_set(&m, "content", json_from_bytes(text->data, text->len));
	json_append(messages, m);
}

static int
make_messages(const struct options *o, char **operands, size_t n, jv *ret,
    struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT, rules = BUF_INIT;
	struct prompt p = { .operands = operands, .noperands = n,
	    .files = o->files, .nfiles = o->nfiles, .no_stdin = o->no_stdin,
	    .until = deadline_min(deadline_in(o->stdin_timeout),
	    deadline_in(o->timeout)) };

	if (o->rules_file &&
	    path_read(o->rules_file, SYSTEM_MAX, &rules, e) < 0)
		return -1;
	if (o->rules)
		buf_adds(&rules, o->rules);
	if (prompt_read(&p, &cli_signal, &text, e) < 0)
		return -1;
	*ret = json_array();
	if (rules.len > 0)
		add_message(ret, "system", &rules);
	add_message(ret, "user", &text);
	return 0;
}

static int
show_request(const struct ask *a, struct err *e)
{
	AUTO_JV jv shown = JSON_NONE;
	AUTO_BUF struct buf out = BUF_INIT;

	if (model_dry_run(a->model, &a->request, &shown, e) < 0)
		return -1;
	json_write_pretty(&shown, &out);
	buf_addc(&out, '\n');
	return fd_write(STDOUT_FILENO, out.data, out.len, e);
}

/* What the server has; or, for --check, whether it has this model. */
static int
ask_server(const struct options *o, const struct model *m, struct err *e)
{
	AUTO_JV jv ids = model_list(m, deadline_in(o->timeout), &cli_signal,
	    e);
	AUTO_BUF struct buf out = BUF_INIT;
	bool has = false;

	if (!json_is(&ids, JSON_ARRAY))
		return err_prefix(e, "%s", m->vendor);
	for (size_t i = 0; i < json_count(&ids); i++) {
		AUTO_JV jv id = json_at(&ids, i);
		has |= strcmp(json_string(&id), m->id) == 0;
		if (o->question == OPT_MODELS)
			buf_addf(&out, "%s/%s\n", m->vendor,
			    json_string(&id));
	}
	if (o->question == OPT_CHECK && !has)
		return err_set(e, ST_NOINPUT, "%s: the server knows the key, "
		    "but not the model", m->name);
	if (o->question == OPT_CHECK)
		buf_addf(&out, "%s: ok%s%s\n", m->name, m->key_from ?
		    ", key from " : "", m->key_from ? m->key_from : "");
	return fd_write(STDOUT_FILENO, out.data, out.len, e);
}

static int
run(const struct options *o, char **operands, size_t n, struct err *e)
{
	AUTO_WORKSPACE struct workspace ws = WORKSPACE_INIT;
	AUTO_SETTINGS struct settings settings = SETTINGS_INIT;
	AUTO_JV jv messages = JSON_NONE;
	struct model m = MODEL_INIT;
	struct ask a = {
		.model = &m,
		.request = { .messages = &messages, .options = &o->options,
		    .retries = o->retries,
		    .flags = o->no_stream ? MODEL_NO_STREAM : 0 },
		.format = o->format,
		.until = deadline_in(o->timeout),
		.out = STDOUT_FILENO,
		.notes = isatty(STDERR_FILENO) == 1 && !o->quiet ?
		    STDERR_FILENO : -1,
		.usage = o->usage
	};
	int r;

	if (workspace_find(o->dir, &ws, e) < 0 ||
	    settings_load(&ws, &settings, e) < 0 ||
	    (!o->question &&
	    make_messages(o, operands, n, &messages, e) < 0) ||
	    catalog_find(&settings.all, o->model, &m, e) < 0)
		r = ask_failed(&a, e);
	else if (o->question)
		r = ask_server(o, &m, e);
	else if (o->dry_run)
		r = show_request(&a, e);
	else
		r = ask_run(&a, &cli_signal, e);
	model_release(&m);
	return r;
}

int
main(int argc, char **argv)
{
	struct options o;
	struct err e = ERR_INIT;
	int r;

	cli_begin(&cli);
	parse_options(&o, argc, argv);
	cli_catch_signals();
	r = run(&o, argv + optind, (size_t)(argc - optind), &e);
	json_release(&o.options);
	free(o.files);
	if (r < 0 && cli_signal)
		cli_raise();
	return cli_end(r < 0 ? err_report(&e) : ST_OK);
}
