/*
 * agent-ask: asks models, writes their answers as they come.
 *
 * What there is to do is in ask-work.h, the options in ask-options.c.
 */
#include "config.h"

#include <unistd.h>

#include "alloc.h"
#include "ask.h"
#include "ask-server.h"
#include "ask-work.h"
#include "catalog.h"
#include "cli.h"
#include "fd.h"
#include "settings.h"
#include "workspace.h"

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
