/*
 * conversation: what was said and done in a run, on disk before it counts.
 *
 * conversation.ndjson in the run's directory holds records: agent.start, each
 * task (what the person said), each model.message, each tool.call before it
 * is made and each tool.result with all that the model reads of it, and the
 * result; and agent.handover, after which the model is sent the task and the
 * brief in it instead of all that came before.  A line is written before
 * anything that follows from it is done, so after kill -9 the file says
 * exactly how far the run has come, and it can go on where the file ends.
 * Against a crash of the machine it is synced before calls are made and at
 * the end: what had no effect outside may be done again, what had one is at
 * least known to have begun.
 *
 * A run has one owner, the process that holds the flock of the file.
 */
#ifndef AGENT_CONVERSATION_H
#define AGENT_CONVERSATION_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"
#include "json.h"
#include "model.h"

struct conversation {
	int fd;
	jv messages;		/* array, in the shape of model.h: what the
				 * model is sent */
	/* how far it has come; all but `start` also in a new one */
	jv start;		/* data of agent.start; JSON_NONE */
	jv result;		/* the record, if that is the last thing;
				 * JSON_NONE while the run is open */
	jv tail;		/* the last record that was there when it was
				 * opened; JSON_NONE in a new one */
	jv last;		/* data of the last model.message since the
				 * last handover; JSON_NONE */
	jv calls;		/* tool calls of the last message that have no
				 * answer among the messages yet; an array */
	jv begun;		/* the tool.call of those that were begun,
				 * {ID: record} */
	jv answers;		/* and the data of tool.result of those that
				 * ended, {ID: data} */
	jv brief;		/* of the last handover, a string; JSON_NONE */
	char *kept;		/* the first checkpoint, or NULL */
	jv escalated;		/* what a person was asked and did not answer,
				 * data of escalation; JSON_NONE */
	jv seen;		/* ids of the messages taken, {ID: true} */
	int64_t turns;		/* model messages */
	unsigned long tools;	/* tool calls */
	struct model_usage usage;
};

#define CONVERSATION_INIT { .fd = -1, .messages = JSON_NONE, \
	.start = JSON_NONE, .result = JSON_NONE, .last = JSON_NONE, \
	.tail = JSON_NONE, .calls = JSON_NONE, .begun = JSON_NONE, \
	.answers = JSON_NONE, .escalated = JSON_NONE, .brief = JSON_NONE, \
	.seen = JSON_NONE, .usage = MODEL_USAGE_INIT }

/* Creates conversation.ndjson in `dir`; ST_CANTCREATE when it is there. */
int	conversation_create(const char *dir, struct conversation *ret,
	    struct err *e);

/*
 * Opens the one in `dir` to go on: takes it over (ST_TEMPFAIL with the owner
 * when it still has one at the deadline), cuts off a line that a crash left
 * torn, reads how far it has come.  ST_NOINPUT when there is none, ST_DATA
 * when it is none of ours.
 */
int	conversation_open(const char *dir, struct deadline until,
	    struct conversation *ret, struct err *e);

/*
 * Appends a record, and takes into account what it says: a message goes to
 * the messages, a result of a tool to the answers.  The answers go to the
 * messages, in the order of the calls, as soon as all are there.
 */
int	conversation_log(struct conversation *c, const jv *record,
	    struct err *e);

/*
 * The record as the journal and the watchers get it: of what a tool printed,
 * which the conversation keeps for the model, only the start.
 */
jv	conversation_shown(const jv *record);

/* Waits until all that was logged is on the disk. */
int	conversation_sync(const struct conversation *c, struct err *e);

void	conversation_close(struct conversation *c);
#define AUTO_CONVERSATION __attribute__((cleanup(conversation_close)))

#endif
