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
#include "key.h"
#include "settings.h"
#include "workspace.h"

int
ask_model(const struct ask_work *w, const char *name, struct model *ret,
    struct err *e)
{
	return catalog_find_with(w->config, name, w->key, w->key_from, ret,
	    e);
}

/* What needs neither a model nor a server. */
static int
ask_files(const struct ask_options *o, const struct workspace *ws,
    struct buf *out, struct err *e)
{
	switch (o->action) {
	case ASK_CACHE_CLEAR:
		return memo_clear(e) < 0 ? -1 : 0;
	case ASK_HISTORY:
		return ask_history(o->conversation, o->operands, o->noperands,
		    o->format == ASK_NDJSON, out, e);
	case ASK_SAVE:
		return ask_save(o, e);
	case ASK_TEMPLATES:
		return ask_templates(ws, o->format == ASK_NDJSON, out);
	default:
		return 0;
	}
}

/* What is asked of a server, but not of a model. */
static int
ask_server(const struct ask_work *w, struct buf *out, struct err *e)
{
	const struct ask_options *o = w->o;
	struct deadline until = deadline_in(o->timeout);
	struct model m = MODEL_INIT;
	int r = ask_model(w, o->model, &m, e);

	if (r == 0)
		r = (o->action == ASK_MODELS ? ask_models : ask_check)(&m,
		    until, &cli_signal, out, e);
	model_release(&m);
	return r;
}

static int
ask_other(const struct ask_work *w, struct err *e)
{
	const struct ask_options *o = w->o;
	AUTO_BUF struct buf out = BUF_INIT;
	int r = o->action == ASK_MODELS || o->action == ASK_CHECK ?
	    ask_server(w, &out, e) :
	    ask_files(o, w->ws, &out, e);

	return r < 0 ? -1 : fd_write(STDOUT_FILENO, out.data ? out.data : "",
	    out.len, e);
}

/* A failure of what is not one question; that says so itself. */
static int
failed(const struct ask_options *o, const struct err *e)
{
	struct ask a = { .out = STDOUT_FILENO, .format =
	    o->action == ASK_BATCH || o->action == ASK_BULK ? ASK_NDJSON :
	    o->format };

	return ask_failed(&a, e);
}

static int
work(struct ask_work *w, struct err *e)
{
	const struct ask_options *o = w->o;
	int r;

	if (o->key_fd >= 0) {
		w->key_from = xasprintf("--key-fd %d", o->key_fd);
		if (key_read(o->key_fd, deadline_in(o->timeout), &w->key,
		    e) < 0)
			return failed(o, e);
	}
	if (o->cache && !(w->memo = memo_open(&o->memo, e)))
		return failed(o, e);
	if (o->action == ASK_PROMPT || o->action == ASK_DRY_RUN)
		return ask_one(w, e);
	if (o->action == ASK_BATCH)
		r = ask_many(w, e);
	else if (o->action == ASK_BULK)
		r = ask_bulk(w, e);
	else
		r = o->action == ASK_EMBED ? ask_embed(w, e) :
		    ask_other(w, e);
	return r < 0 ? failed(o, e) : r;
}

static int
run(struct ask_options *o, struct err *e)
{
	AUTO_WORKSPACE struct workspace ws = WORKSPACE_INIT;
	AUTO_SETTINGS struct settings settings = SETTINGS_INIT;
	AUTO_TEMPLATE struct template t = TEMPLATE_INIT;
	struct ask_work w = { .o = o, .ws = &ws };
	int r;

	if (workspace_find(o->dir, &ws, e) < 0 ||
	    settings_load(&ws, &settings, e) < 0 ||
	    (o->template && template_load(o->template, &ws, &o->params, &t,
	    e) < 0))
		return failed(o, e);
	w.config = &settings.all;
	w.template = o->template ? &t : NULL;
	if (w.template)
		ask_options_take(o, &t);
	r = work(&w, e);
	memo_close(w.memo);
	key_free(w.key);
	free(w.key_from);
	return r;
}

int
main(int argc, char **argv)
{
	struct ask_options o;
	struct err e = ERR_INIT;
	int r;

	cli_begin(&ask_cli);
	key_hide();
	ask_options_read(&o, argc, argv);
	cli_catch_signals();
	r = run(&o, &e);
	ask_options_release(&o);
	if (r < 0 && cli_signal)
		cli_raise();
	return cli_end(r < 0 ? err_report(&e) : r);
}
