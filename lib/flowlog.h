/*
 * flowlog: what a flow does, in the journal of its workspace.
 *
 * A step that begins is a `progress`, one that has ended a `result`; both
 * carry the flow, the task and, when $AGENT_FLOW_RUN names it, the run.
 */
#ifndef AGENT_FLOWLOG_H
#define AGENT_FLOWLOG_H

#include "err.h"
#include "journal.h"
#include "step.h"
#include "workspace.h"

struct flowlog {
	struct journal journal;
	const char *flow;
};

#define FLOWLOG_INIT { .journal = JOURNAL_INIT }

int	flowlog_open(const struct workspace *w, const char *flow,
	    struct flowlog *ret, struct err *e);
void	flowlog_close(struct flowlog *log);
#define AUTO_FLOWLOG __attribute__((cleanup(flowlog_close)))

/* Fits `begun` of struct step_spec: the context is the log. */
int	flowlog_begun(void *log, const jv *intent, struct err *e);

int	flowlog_ended(struct flowlog *log, const char *task,
	    const struct step_result *r, struct err *e);

#endif
