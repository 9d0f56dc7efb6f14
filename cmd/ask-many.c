/* ask-many: a stream of questions on standard input. */
#include "config.h"

#include "ask-work.h"

#include <unistd.h>

#include "alloc.h"
#include "batch.h"
#include "bulk.h"
#include "embed.h"
#include "structured.h"

int
ask_many(const struct ask_work *w, struct err *e)
{
	const struct ask_options *o = w->o;
	struct question q = ask_question(w);
	AUTO_JV jv rules = JSON_NONE;
	struct model m = MODEL_INIT;
	struct structured fit = STRUCTURED_INIT;
	struct batch b = {
		.config = w->config,
		.template = w->template,
		.memo = w->memo,
		.model = o->model ? &m : NULL,
		.options = &o->options,
		.structured = o->schema ? &fit : NULL,
		.jobs = o->jobs,
		.lines = o->lines,
		.unordered = o->unordered,
		.progress = isatty(STDERR_FILENO) == 1 && !o->quiet,
		.flags = ask_options_flags(o),
		.retries = o->retries < 0 ? BATCH_RETRIES : o->retries,
		.schema_retries = o->schema_retries,
		.timeout = o->timeout,
		.resume = o->resume,
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO
	};
	int r = -1;

	if ((!o->schema || structured_init(&fit, o->schema, o->schema_multi,
	    e) == 0) && question_rules(&q, &rules, e) == 0 &&
	    (!o->model ||
	    ask_model(w, o->model, &m, e) == 0)) {
		b.rules = json_str(&rules, "content");
		r = batch_run(&b, &cli_signal, e);
	}
	structured_release(&fit);
	model_release(&m);
	return r;
}

int
ask_embed(const struct ask_work *w, struct err *e)
{
	const struct ask_options *o = w->o;
	struct model m = MODEL_INIT;
	struct embed embed = {
		.model = &m,
		.options = &o->options,
		.memo = w->memo,
		.jobs = o->jobs ? o->jobs : EMBED_JOBS,
		.lines = o->lines,
		.result = o->format == ASK_NDJSON,
		.retries = o->retries < 0 ? BATCH_RETRIES : o->retries,
		.timeout = o->timeout,
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO
	};
	int r = ask_model(w, o->model, &m, e);

	if (r == 0)
		r = embed_run(&embed, &cli_signal, e);
	model_release(&m);
	return r;
}

int
ask_bulk(const struct ask_work *w, struct err *e)
{
	const struct ask_options *o = w->o;
	struct question q = ask_question(w);
	AUTO_JV jv rules = JSON_NONE;
	struct model m = MODEL_INIT;
	struct structured fit = STRUCTURED_INIT;
	struct bulk b = {
		.model = &m,
		.template = w->template,
		.options = &o->options,
		.structured = o->schema ? &fit : NULL,
		.state = o->resume,
		.retries = o->retries < 0 ? MODEL_RETRIES : o->retries,
		.schema_retries = o->schema_retries,
		.lines = o->lines,
		.progress = isatty(STDERR_FILENO) == 1 && !o->quiet,
		.until = deadline_in(o->timeout),
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO
	};
	int r = -1;

	if ((!o->schema || structured_init(&fit, o->schema, o->schema_multi,
	    e) == 0) && question_rules(&q, &rules, e) == 0 &&
	    ask_model(w, o->model, &m, e) == 0) {
		b.rules = json_str(&rules, "content");
		r = bulk_run(&b, &cli_signal, e);
	}
	structured_release(&fit);
	model_release(&m);
	return r;
}
