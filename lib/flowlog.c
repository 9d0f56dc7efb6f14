/* flowlog: what a flow does, in the journal of its workspace. */
#include "config.h"

#include "flowlog.h"

#include "alloc.h"
#include "env.h"
#include "record.h"

int
flowlog_open(const struct workspace *w, const char *flow, struct flowlog *ret,
    struct err *e)
{
	AUTO_FREE char *path = workspace_journal(w);

	if (journal_open(path, &ret->journal, e) < 0)
		return -1;
	ret->flow = flow;
	return 0;
}

void
flowlog_close(struct flowlog *log)
{
	journal_close(&log->journal);
}

/* A record of the flow's own; takes `data`. */
static int
add(struct flowlog *log, const char *task, const char *type, jv data,
    struct err *e)
{
	AUTO_FREE char *source = xasprintf("/flow/%s", log->flow);
	struct record_origin origin = {
		.source = source, .task = task, .flow = log->flow,
		.run = env_get("AGENT_FLOW_RUN"),
		.traceparent = record_traceparent()
	};
	AUTO_JV jv record = record_new(&origin, type, data);

	return journal_add(&log->journal, &record, e);
}

int
flowlog_begun(void *log, const jv *intent, struct err *e)
{
	int64_t attempt = 0;
	const char *task = json_str(intent, "task");
	jv data = json_copy(intent);
	AUTO_FREE char *text = NULL;

	json_int(intent, "attempt", &attempt);
	text = attempt > 1 ? xasprintf("%s begins, attempt %lld", task,
	    (long long)attempt) : xasprintf("%s begins", task);
	json_set_str(&data, "text", text);
	return add(log, task, RECORD_PROGRESS, data, e);
}

int
flowlog_ended(struct flowlog *log, const char *task,
    const struct step_result *r, struct err *e)
{
	jv data = json_copy(&r->record);

	json_set_str(&data, "reason", step_outcome_name(r->outcome));
	return add(log, task, RECORD_RESULT, data, e);
}
