/*
 * mail: the messages of an agent, taken between its turns.
 *
 * They are taken with agent-recv(1) under a lease that lasts as long as this
 * process, and acknowledged when the conversation has them: one that was
 * taken by a run that was killed then is delivered again, and known by its
 * id.
 */
#ifndef AGENT_MAIL_H
#define AGENT_MAIL_H

#include "err.h"
#include "json.h"

/*
 * What is in the mailbox of `agent` in the workspace with `root`: an array of
 * records, each with its `lease`.  Costs nothing where there is no hub.
 */
int	mail_take(const char *root, const char *agent, jv *ret, struct err *e);

/* Acknowledges records that were taken. */
int	mail_settle(const char *root, const jv *records, struct err *e);

/* The words of a message, and who says them, for the model; a new string. */
char	*mail_words(const jv *record);

#endif
