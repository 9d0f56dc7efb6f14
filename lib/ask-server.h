/*
 * ask-server: what a server says about itself, and what the history has: the
 * questions that are not for a model.
 */
#ifndef AGENT_ASK_SERVER_H
#define AGENT_ASK_SERVER_H

#include <stdbool.h>

#include "buf.h"
#include "err.h"
#include "model.h"

/* The models of the server of `m`, one "provider/model" a line. */
int	ask_models(const struct model *m, struct deadline until,
	    const volatile int *stop, struct buf *out, struct err *e);

/* "NAME: ok, key from X"; ST_NOINPUT when the server has no such model. */
int	ask_check(const struct model *m, struct deadline until,
	    const volatile int *stop, struct buf *out, struct err *e);

/* One conversation, or those in which the words occur; history.h. */
int	ask_history(const char *conversation, char *const *words, size_t n,
	    bool json, struct buf *out, struct err *e);

#endif
