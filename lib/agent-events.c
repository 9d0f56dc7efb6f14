/* agent-events: what is told of a question before it has its answer. */
#include "config.h"

#include "agent-impl.h"

#include "alloc.h"
#include "model-error.h"

enum { TOLD_SECONDS = 2 };	/* a shorter wait is nobody's business */

static void
tell_retry(void *context, const struct model_reply *failed,
    const struct err *why, int64_t delay_ns, const struct model *to)
{
	struct run *r = context;
	struct err e = ERR_INIT;
	jv data = model_error_json(failed, why);

	json_set_num(&data, "delay", (double)delay_ns / 1e9);
	json_set_str(&data, "next", to->name);
	/* a watcher that is gone shows at the next record that matters */
	(void)agent_say(r, RECORD_MODEL_RETRY, data, false, &e);
}

/* A rate limit that another run has met is waited for without an attempt. */
static void
tell_wait(void *context, const struct err *why, int64_t ns,
    const struct model *to)
{
	struct run *r = context;
	struct err e = ERR_INIT;
	jv data = record_error_data(why);

	json_set_str(&data, "kind", "rate_limit");
	json_set_num(&data, "delay", (double)ns / 1e9);
	json_set_str(&data, "model", to->name);
	json_set_str(&data, "next", to->name);
	if (ns >= TOLD_SECONDS * CLOCK_SEC)
		(void)agent_say(r, RECORD_MODEL_RETRY, data, false, &e);
	else
		jv_free(data);
}

static int
pass_text(void *context, const char *s, size_t len, struct err *e)
{
	struct run *r = context;

	return r->task->text(r->task->context, s, len, e);
}

struct model_events
agent_events(const struct run *r)
{
	return (struct model_events){
		.text = r->task->text ? pass_text : NULL,
		.retry = tell_retry, .wait = tell_wait
	};
}
