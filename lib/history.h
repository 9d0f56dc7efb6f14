/*
 * history: what was asked and answered, to go on with and to find again.
 *
 * One SQLite file a user, asked.db in env_xdg_state(); agent-ask(1) describes
 * its views.  A conversation has an id (a ULID); its messages are as they were
 * sent and came.
 */
#ifndef AGENT_HISTORY_H
#define AGENT_HISTORY_H

#include <stdbool.h>

#include "buf.h"
#include "err.h"
#include "json.h"
#include "model.h"

struct history;

int	history_open(struct history **ret, struct err *e);
void	history_close(struct history *h);	/* NULL is fine */

/*
 * The conversation that `id` means: the latest one for NULL, else the one
 * whose id begins so (case does not matter).  Its id, which the caller frees;
 * NULL with ST_NOINPUT when there is none, or more than one.
 */
char	*history_find(struct history *h, const char *id, struct err *e);

/* Its messages, an array, and the model that was asked last (may be NULL). */
int	history_load(struct history *h, const char *id, jv *ret_messages,
	    char **ret_model, struct err *e);

/*
 * Adds to the conversation `*id`, or makes one and gives its id: the system
 * message (where it is new), the question, the answer, also a partial one.
 */
int	history_add(struct history *h, char **id, const jv *rules,
	    const jv *words, const struct model_reply *r, struct err *e);

/*
 * The latest conversations, or those in which all words of `query` occur, the
 * latest first, one a line: id, time, model, number of messages, beginning;
 * or as JSON objects.
 */
int	history_list(struct history *h, const char *query, bool json,
	    struct buf *out, struct err *e);

/* All of a conversation for people; or as JSON objects, one a message. */
int	history_show(struct history *h, const char *id, bool json,
	    struct buf *out, struct err *e);

#endif
