/*
 * mail: the mailbox of an agent while it works.
 *
 * A message is leased from the hub, put into the conversation, and only then
 * settled, so a killed run loses none; one that was put there before is known
 * by its id and not put there twice.
 *
 * Of an agent that stays (stay.h) the messages that were taken are kept until
 * they are answered: mail_settle() does nothing, mail_owed() gives them.
 */
#ifndef AGENT_MAIL_H
#define AGENT_MAIL_H

#include <stdbool.h>

#include "clock.h"
#include "err.h"
#include "hub.h"
#include "json.h"

struct mail;

/* The hub is borrowed. */
int	mail_open(struct hub *h, const char *agent, bool stays,
	    struct mail **ret, struct err *e);
void	mail_close(struct mail *m);		/* NULL is fine */

/*
 * Waits for a message: 1 there may be one, 0 out of time, -1 failure, or
 * ST_SIGNAL + *stop.
 */
int	mail_wait(struct mail *m, struct deadline until,
	    const volatile int *stop, struct err *e);

/* How many are there to be taken, those that wait included; or -1. */
int	mail_count(struct mail *m, struct err *e);

/* Takes what is there: records with a `lease`. */
int	mail_take(struct mail *m, jv *ret, struct err *e);

/*
 * Whether there is nothing to be taken whose id is not in `seen`, {ID: true}:
 * 1, 0, -1.
 */
int	mail_known(struct mail *m, const jv *seen, struct err *e);

/* They are in the conversation, for good. */
int	mail_settle(struct mail *m, const jv *records, struct err *e);

/* Those that were taken and are not answered; an array, the mail's own. */
const jv *mail_owed(const struct mail *m);

/* They are answered, or given up: forgets them. */
void	mail_clear(struct mail *m);

/* Whether somebody said that it shall stop. */
bool	mail_stopped(const struct mail *m);

/* What the model is told of a record. */
char	*mail_words(const jv *record);

#endif
