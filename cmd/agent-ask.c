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
#include "ask-server.h"
#include "batch.h"
#include "catalog.h"
#include "cli.h"
#include "fd.h"
#include "history.h"
#include "question.h"
#include "settings.h"
#include "structured.h"
#include "workspace.h"

/* One question and what it needs. */
struct one {
	const struct ask_options *o;
	jv rules, words, messages;
	struct history *history;
	char *conversation;	/* that goes on, or is made */
	bool goes_on;
	char *model;		/* of that */
	struct model m;
	struct structured fit;
};

static struct question
question_of(const struct ask_options *o)
{
	return (struct question){
		.rules = o->rules, .rules_file = o->rules_file,
		.prompt = { .operands = o->operands,
		    .noperands = o->noperands, .files = o->files,
		    .nfiles = o->nfiles, .no_stdin = o->no_stdin,
		    .until = deadline_min(deadline_in(o->stdin_timeout),
		    deadline_in(o->timeout)) },
		.attachments = o->attachments,
		.nattachments = o->nattachments
	};
}

/* The conversation that is to go on: its messages. */
static int
load_conversation(struct one *q, jv *earlier, struct err *e)
{
	const struct ask_options *o = q->o;

	if ((o->log || o->conversation || o->resume_last) &&
	    history_open(&q->history, e) < 0)
		return -1;
	if (!o->conversation && !o->resume_last)
		return 0;
	q->conversation = history_find(q->history, o->conversation, e);
	q->goes_on = true;
	return q->conversation ? history_load(q->history, q->conversation,
	    earlier, &q->model, e) : -1;
}

static int
prepare(struct one *q, const jv *config, struct err *e)
{
	const struct ask_options *o = q->o;
	struct question words = question_of(o);
	AUTO_JV jv earlier = JSON_NONE;

	if ((o->schema && structured_init(&q->fit, o->schema,
	    o->schema_multi, e) < 0) ||
	    question_rules(&words, &q->rules, e) < 0 ||
	    question_words(&words, &cli_signal, &q->words, e) < 0 ||
	    load_conversation(q, &earlier, e) < 0)
		return -1;
	q->messages = question_messages(&q->rules, &earlier, &q->words);
	return catalog_find(config, o->model ? o->model : q->model, &q->m, e);
}

static int
keep(void *ctx, const struct model_reply *r, struct err *e)
{
	struct one *q = ctx;
	jv none = JSON_NONE;

	/* rules of a conversation that goes on are already there */
	return history_add(q->history, &q->conversation,
	    q->goes_on ? &none : &q->rules, &q->words, r, e);
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
	struct one q = { .o = o, .rules = JSON_NONE, .words = JSON_NONE,
	    .messages = JSON_NONE, .m = MODEL_INIT, .fit = STRUCTURED_INIT };
	const char *id = NULL;
	struct ask a = {
		.model = &q.m,
		.request = { .messages = &q.messages, .options = &o->options,
		    .retries = o->retries,
		    .flags = o->no_stream ? MODEL_NO_STREAM : 0 },
		.format = o->format,
		.extract = o->extract,
		.structured = o->schema ? &q.fit : NULL,
		.schema_retries = o->schema_retries,
		.until = deadline_in(o->timeout),
		.out = STDOUT_FILENO,
		.notes = isatty(STDERR_FILENO) == 1 && !o->quiet ?
		    STDERR_FILENO : -1,
		.keep = o->log ? keep : NULL,
		.keep_ctx = &q,
		.conversation = o->log ? (const char *const *)&q.conversation :
		    &id,
		.usage = o->usage
	};
	int r;

	if (prepare(&q, config, e) < 0)
		r = ask_failed(&a, e);
	else if (o->action == ASK_DRY_RUN)
		r = show_request(&a, e);
	else
		r = ask_run(&a, &cli_signal, e);
	structured_release(&q.fit);
	model_release(&q.m);
	history_close(q.history);
	free(q.conversation);
	free(q.model);
	json_release(&q.messages);
	json_release(&q.words);
	json_release(&q.rules);
	return r;
}

static int
ask_many(const struct ask_options *o, const jv *config, struct err *e)
{
	struct question q = question_of(o);
	AUTO_JV jv rules = JSON_NONE;
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
	    e) == 0) && question_rules(&q, &rules, e) == 0 &&
	    (!o->model || catalog_find(config, o->model, &m, e) == 0)) {
		b.rules = json_str(&rules, "content");
		r = batch_run(&b, &cli_signal, e);
	}
	structured_release(&fit);
	model_release(&m);
	return r;
}

/* What is not asked of a model. */
static int
ask_other(const struct ask_options *o, const jv *config, struct err *e)
{
	struct deadline until = deadline_in(o->timeout);
	struct model m = MODEL_INIT;
	AUTO_BUF struct buf out = BUF_INIT;
	int r = 0;

	if (o->action != ASK_HISTORY)
		r = catalog_find(config, o->model, &m, e);
	if (r == 0 && o->action == ASK_HISTORY)
		r = ask_history(o->conversation, o->operands, o->noperands,
		    o->format == ASK_NDJSON, &out, e);
	else if (r == 0)
		r = (o->action == ASK_MODELS ? ask_models : ask_check)(&m,
		    until, &cli_signal, &out, e);
	model_release(&m);
	return r < 0 ? -1 : fd_write(STDOUT_FILENO, out.data ? out.data : "",
	    out.len, e);
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
	int r;

	if (workspace_find(o->dir, &ws, e) < 0 ||
	    settings_load(&ws, &settings, e) < 0)
		return failed(o, e);
	if (o->action == ASK_PROMPT || o->action == ASK_DRY_RUN)
		return ask_one(o, &settings.all, e);
	r = o->action == ASK_BATCH ? ask_many(o, &settings.all, e) :
	    ask_other(o, &settings.all, e);
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
