/*
 * record: one line of JSON; everything that moves between commands is one.
 *
 * A CloudEvents 1.0 event in its JSON format (CloudEvents JSON Event Format
 * 1.0), described in agent-record(5): specversion, id (a ULID), source, type,
 * time, the extension attributes below, and data.
 */
#ifndef AGENT_RECORD_H
#define AGENT_RECORD_H

#include <stdbool.h>

#include "buf.h"
#include "err.h"
#include "json.h"
#include "ulid.h"

/* Types, as agent-record(5) defines them. */
#define RECORD_TASK "task"
#define RECORD_RESULT "result"
#define RECORD_PROGRESS "progress"
#define RECORD_MESSAGE "message"
#define RECORD_QUESTION "question"
#define RECORD_ANSWER "answer"
#define RECORD_ESCALATION "escalation"
#define RECORD_AGENT_START "agent.start"
#define RECORD_AGENT_END "agent.end"
#define RECORD_AGENT_HANDOVER "agent.handover"
#define RECORD_AGENT_STOP "agent.stop"
#define RECORD_MODEL_DELTA "model.delta"
#define RECORD_MODEL_MESSAGE "model.message"
#define RECORD_MODEL_RETRY "model.retry"
#define RECORD_MODEL_USAGE "model.usage"
#define RECORD_TOOL_CALL "tool.call"
#define RECORD_TOOL_RESULT "tool.result"
#define RECORD_ROUTE "route"
#define RECORD_CHECKPOINT "checkpoint"
#define RECORD_ERROR "error"
#define RECORD_LOG "log"

/*
 * What the records of one writer have in common.  The strings are borrowed;
 * NULL leaves the attribute out.
 */
struct record_origin {
	const char *source;	/* "/agent/tester", "/command/agent-ask" */
	const char *run;
	const char *task;
	const char *flow;
	const char *to;
	const char *replyto;
	const char *corr;	/* the id that this one answers */
	const char *traceparent;
};

/*
 * A new record with a new id and the time of now; takes `data` (JSON_NONE:
 * no data).  `type` may be any of the above or a type of the caller's.
 */
jv	record_new(const struct record_origin *origin, const char *type,
	    jv data);

/*
 * Prints a record on one line, attributes in the order of agent-record(5) and
 * data last, without a newline.
 */
void	record_write(const jv *record, struct buf *out);

/* The record as a line, in one write(2). */
int	record_emit(int fd, const jv *record, struct err *e);

/*
 * Whether it is a record: specversion "1.0", id, source and type non-empty
 * strings, time (where given) RFC 3339.  ST_DATA with the reason.
 */
int	record_check(const jv *v, struct err *e);

/*
 * An `error` record's data: kind and status from `e`, its text as message.
 * The caller adds what else is known (provider, request_id, retry_after...).
 */
jv	record_error_data(const struct err *e);

/* $TRACEPARENT when it is well formed (W3C Trace Context), else NULL. */
const char *record_traceparent(void);

#endif
