/*
 * key: keys that a command knows, key_cmd of a provider, or a descriptor.
 */
#ifndef AGENT_KEY_H
#define AGENT_KEY_H

#include "clock.h"
#include "err.h"
#include "json.h"

/*
 * The first line that the command prints: a string is a line for sh(1), an
 * array a program and its arguments.  The caller blanks and frees it.
 * ST_DENIED when it fails or prints nothing, ST_TIMEOUT after a minute.
 */
int	key_run(const jv *cmd, char **ret, struct err *e);

/*
 * The same without waiting.  When the descriptor is readable, and when it is
 * due, key_step() says how it is: 1 and the key; 0, not yet; -1.
 */
struct key_helper;
struct key_helper *key_start(const jv *cmd, struct err *e);
int	key_fd(const struct key_helper *h);
struct deadline key_due(const struct key_helper *h);
int	key_step(struct key_helper *h, char **ret, struct err *e);
void	key_stop(struct key_helper *h);		/* ends it; NULL is fine */

/* The first line that a descriptor gives, which is closed; likewise. */
int	key_read(int fd, struct deadline until, char **ret, struct err *e);

/* From now on no core file of this process has what is in its memory. */
void	key_hide(void);

/* Overwrites and frees; NULL is fine. */
void	key_free(char *key);

#endif
