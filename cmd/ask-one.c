/* ask-one: one question, put together, asked or shown. */
#include "config.h"

#include "ask-work.h"

#include <unistd.h>

#include "alloc.h"
#include "ask.h"
#include "fd.h"
#include "history.h"
#include "structured.h"

/* One question and what it needs. */
struct one {
	const struct ask_work *w;
	const struct ask_options *o;
	jv rules, words, messages;
	struct history *history;
	char *conversation;	/* that goes on, or is made */
	bool goes_on;
	char *model;		/* of that */
	struct model m;
	struct structured fit;
};

struct question
ask_question(const struct ask_work *w)
{
	const struct ask_options *o = w->o;

	return (struct question){
		.rules = o->rules, .rules_file = o->rules_file,
		.template = w->template,
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
prepare(struct one *q, struct err *e)
{
	const struct ask_options *o = q->o;
	struct question words = ask_question(q->w);
	AUTO_JV jv earlier = JSON_NONE;

	if ((o->schema && structured_init(&q->fit, o->schema,
	    o->schema_multi, e) < 0) ||
	    question_rules(&words, &q->rules, e) < 0 ||
	    question_words(&words, &cli_signal, &q->words, e) < 0 ||
	    load_conversation(q, &earlier, e) < 0)
		return -1;
	q->messages = question_messages(&q->rules, &earlier, &q->words);
	return ask_model(q->w, o->model ? o->model : q->model, &q->m, e);
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
int
ask_one(const struct ask_work *w, struct err *e)
{
	const struct ask_options *o = w->o;
	struct one q = { .w = w, .o = o, .rules = JSON_NONE, .words = JSON_NONE,
	    .messages = JSON_NONE, .m = MODEL_INIT, .fit = STRUCTURED_INIT };
	const char *id = NULL;
	struct ask a = {
		.model = &q.m,
		.request = { .messages = &q.messages, .options = &o->options,
		    .retries = o->retries,
		    .flags = ask_options_flags(o) },
		.format = o->format,
		.extract = o->extract,
		.structured = o->schema ? &q.fit : NULL,
		.memo = w->memo,
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

	if (prepare(&q, e) < 0)
		r = ask_failed(&a, e);
	else if (o->action == ASK_DRY_RUN)
		r = show_request(&a, e);
	else if ((r = ask_run(&a, &cli_signal, e)) == 0 && o->deps)
		r = ask_depend(w, e);
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
