/*
 * agent-ask: asks models, writes their answers as they come.
 *
 * This file puts together what the options (ask-options.c) ask for; what is
 * done then is in lib/: ask.h for one question, batch.h for many.
 */
#include "config.h"

#include <unistd.h>

#include "alloc.h"
#include "ask.h"
#include "ask-options.h"
#include "attach.h"
#include "batch.h"
#include "catalog.h"
#include "cli.h"
#include "fd.h"
#include "json.h"
#include "model.h"
#include "path.h"
#include "prompt.h"
#include "settings.h"
#include "structured.h"
#include "workspace.h"

enum { SYSTEM_MAX = 16 << 20 };

static jv
text_of(const struct buf *text)
{
	return json_from_bytes(text->data ? text->data : "", text->len);
}

static void
add_message(jv *messages, const char *role, jv content)
{
	jv m = json_object();

	json_set_str(&m, "role", role);
	json_set(&m, "content", content);
	json_append(messages, m);
}

/* The text, with the attachments before it when there are any. */
static int
make_content(const struct ask_options *o, const struct buf *text, jv *ret,
    struct err *e)
{
	AUTO_JV jv parts = json_array();
	jv part;

	if (o->nattachments == 0) {
		*ret = text_of(text);
		return 0;
	}
	for (size_t i = 0; i < o->nattachments; i++) {
		if (attach_part(o->attachments[i].where,
		    o->attachments[i].type, &part, e) < 0)
			return -1;
		json_append(&parts, part);
	}
	part = json_object();
	json_set_str(&part, "type", "text");
	json_set(&part, "text", text_of(text));
	json_append(&parts, part);
	*ret = json_copy(&parts);
	return 0;
}

/* The system message, from an option or a file; empty when there is none. */
static int
read_rules(const struct ask_options *o, struct buf *rules, struct err *e)
{
	if (o->rules)
		buf_adds(rules, o->rules);
	return o->rules_file ?
	    path_read(o->rules_file, SYSTEM_MAX, rules, e) : 0;
}

static int
make_messages(const struct ask_options *o, jv *ret, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT, rules = BUF_INIT;
	jv content;
	struct prompt p = { .operands = o->operands,
	    .noperands = o->noperands, .files = o->files,
	    .nfiles = o->nfiles, .no_stdin = o->no_stdin,
	    .until = deadline_min(deadline_in(o->stdin_timeout),
	    deadline_in(o->timeout)) };

	if (read_rules(o, &rules, e) < 0 ||
	    prompt_read(&p, &cli_signal, &text, e) < 0 ||
	    make_content(o, &text, &content, e) < 0)
		return -1;
	*ret = json_array();
	if (rules.len > 0)
		add_message(ret, "system", text_of(&rules));
	add_message(ret, "user", content);
	return 0;
}

static int
show_request(const struct ask *a, struct err *e)
{
	AUTO_JV jv shown = JSON_NONE;
	AUTO_BUF struct buf out = BUF_INIT;

	struct model_request rq = a->request;

	rq.schema = a->structured ? &a->structured->schema : NULL;
	if (model_dry_run(a->model, &rq, &shown, e) < 0)
		return -1;
	json_write_pretty(&shown, &out);
	buf_addc(&out, '\n');
	return fd_write(STDOUT_FILENO, out.data, out.len, e);
}

/* One question, asked or shown. */
static int
ask_one(const struct ask_options *o, const jv *config, struct err *e)
{
	AUTO_JV jv messages = JSON_NONE;
	struct model m = MODEL_INIT;
	struct structured fit = STRUCTURED_INIT;
	struct ask a = {
		.model = &m,
		.extract = o->extract,
		.structured = o->schema ? &fit : NULL,
		.schema_retries = o->schema_retries,
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

	if ((o->schema && structured_init(&fit, o->schema, o->schema_multi,
	    e) < 0) || make_messages(o, &messages, e) < 0 ||
	    catalog_find(config, o->model, &m, e) < 0)
		r = ask_failed(&a, e);
	else if (o->action == ASK_DRY_RUN)
		r = show_request(&a, e);
	else
		r = ask_run(&a, &cli_signal, e);
	structured_release(&fit);
	model_release(&m);
	return r;
}

static int
ask_many(const struct ask_options *o, const jv *config, struct err *e)
{
	AUTO_BUF struct buf rules = BUF_INIT;
	struct model m = MODEL_INIT;
	struct structured fit = STRUCTURED_INIT;
	struct batch b = {
		.config = config,
		.model = o->model ? &m : NULL,
		.options = &o->options,
		.structured = o->schema ? &fit : NULL,
		.jobs = o->jobs,
		.lines = o->lines,
		.unordered = o->unordered,
		.progress = isatty(STDERR_FILENO) == 1 && !o->quiet,
		.flags = o->no_stream ? MODEL_NO_STREAM : 0,
		.retries = o->retries < 0 ? BATCH_RETRIES : o->retries,
		.timeout = o->timeout,
		.resume = o->resume,
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO
	};
	int r = -1;

	if ((!o->schema || structured_init(&fit, o->schema, o->schema_multi,
	    e) == 0) && read_rules(o, &rules, e) == 0 &&
	    (!o->model || catalog_find(config, o->model, &m, e) == 0)) {
		b.rules = rules.len > 0 ? rules.data : NULL;
		r = batch_run(&b, &cli_signal, e);
	}
	structured_release(&fit);
	model_release(&m);
	return r;
}

/* What the server has; or, for --check, whether it has this model. */
static int
ask_server(const struct ask_options *o, const jv *config, struct err *e)
{
	struct model m = MODEL_INIT;
	AUTO_JV jv ids = JSON_NONE;
	AUTO_BUF struct buf out = BUF_INIT;
	bool has = false;
	int r = -1;

	if (catalog_find(config, o->model, &m, e) == 0)
		ids = model_list(&m, deadline_in(o->timeout), &cli_signal, e);
	for (size_t i = 0; i < json_count(&ids); i++) {
		AUTO_JV jv id = json_at(&ids, i);
		has |= strcmp(json_string(&id), m.id) == 0;
		if (o->action == ASK_MODELS)
			buf_addf(&out, "%s/%s\n", m.vendor, json_string(&id));
	}
	if (o->action == ASK_CHECK)
		buf_addf(&out, "%s: ok%s%s\n", m.name, m.key_from ?
		    ", key from " : "", m.key_from ? m.key_from : "");
	if (!json_is(&ids, JSON_ARRAY))
		err_prefix(e, "%s", m.vendor ? m.vendor : "model");
	else if (o->action == ASK_CHECK && !has)
		err_set(e, ST_NOINPUT, "%s: the server answers, but has no "
		    "such model", m.name);
	else
		r = fd_write(STDOUT_FILENO, out.data ? out.data : "", out.len,
		    e);
	model_release(&m);
	return r;
}

/* A failure of what is not one question; that says so itself. */
static int
failed(const struct ask_options *o, const struct err *e)
{
	struct ask a = { .out = STDOUT_FILENO, .format =
	    o->action == ASK_BATCH ? ASK_NDJSON : o->format };

	return ask_failed(&a, e);
}

static int
run(const struct ask_options *o, struct err *e)
{
	AUTO_WORKSPACE struct workspace ws = WORKSPACE_INIT;
	AUTO_SETTINGS struct settings settings = SETTINGS_INIT;
	int r = -1;

	if (workspace_find(o->dir, &ws, e) < 0 ||
	    settings_load(&ws, &settings, e) < 0)
		return failed(o, e);
	switch (o->action) {
	case ASK_PROMPT:
	case ASK_DRY_RUN:
		return ask_one(o, &settings.all, e);
	case ASK_BATCH:
		r = ask_many(o, &settings.all, e);
		break;
	case ASK_CHECK:
	case ASK_MODELS:
		r = ask_server(o, &settings.all, e);
		break;
	}
	return r < 0 ? failed(o, e) : r;
}

int
main(int argc, char **argv)
{
	struct ask_options o;
	struct err e = ERR_INIT;
	int r;

	cli_begin(&ask_cli);
	ask_options_read(&o, argc, argv);
	cli_catch_signals();
	r = run(&o, &e);
	ask_options_release(&o);
	if (r < 0 && cli_signal)
		cli_raise();
	return cli_end(r < 0 ? err_report(&e) : r);
}
