/*
 * conversation: what was said and done in a run, on disk before it counts.
 *
 * conversation.ndjson in the run's directory holds records: the task, each
 * model.message, each tool.call before it is made and each tool.result.  A
 * line is there, synced, before anything that follows from it is done, so
 * that a run can go on where its file ends.  In memory it is the array of
 * messages that a model is sent.
 */
#ifndef AGENT_CONVERSATION_H
#define AGENT_CONVERSATION_H

#include "err.h"
#include "json.h"

struct conversation {
	int fd;
	jv messages;		/* array, in the shape of model.h */
};

#define CONVERSATION_INIT { .fd = -1, .messages = JSON_NONE }

/* Creates conversation.ndjson in `dir`; ST_CANTCREATE when it is there. */
int	conversation_create(const char *dir, struct conversation *ret,
	    struct err *e);

/* Appends a record and syncs it. */
int	conversation_log(struct conversation *c, const jv *record,
	    struct err *e);

/* Adds a message to what the model is sent; takes it. */
void	conversation_say(struct conversation *c, jv message);
void	conversation_say_text(struct conversation *c, const char *role,
	    const char *text);

/* The answer to a tool call: {"role":"tool","tool_call_id",content}. */
void	conversation_say_result(struct conversation *c, const char *id,
	    const char *text, size_t len);

void	conversation_close(struct conversation *c);

#endif
