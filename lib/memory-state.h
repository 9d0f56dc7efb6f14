/*
 * memory-state: key-values, lists and states of a memory.
 *
 * A key has one value and a version that counts its changes; or a list of
 * items.  A state is bytes under a name, of which the last few versions are
 * kept: what a run or a script saves to go on later.  Keys may expire; one
 * that has is not there.
 */
#ifndef AGENT_MEMORY_STATE_H
#define AGENT_MEMORY_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "memory.h"

enum { KEY_MAX = 1024, VALUE_MAX = 64 << 20 };
#define STATE_MAX ((size_t)900 << 20)	/* SQLite's own limit is near */

/* 1 and the value, which the caller frees; 0 when it is not there. */
int	key_get(struct memory *m, const char *key, char **ret, struct err *e);

/* The others are used within a transaction. */
int	key_set(struct memory *m, const char *key, const char *value,
	    int64_t expires, struct err *e);
int	key_delete(struct memory *m, const char *key, struct err *e);

/* Sets when the value is `old` (NULL: not there): 1, or 0 when it is not. */
int	key_swap(struct memory *m, const char *key, const char *old,
	    const char *value, int64_t expires, struct err *e);

/* Adds; one that is not there is 0.  ST_DATA when it is no whole number. */
int	key_add(struct memory *m, const char *key, int64_t by, int64_t *ret,
	    struct err *e);

int	list_push(struct memory *m, const char *key, const char *value,
	    struct err *e);
/* The oldest, or with `last` the newest: 1, 0 when empty. */
int	list_pop(struct memory *m, const char *key, bool last, char **ret,
	    struct err *e);

/* Saves a new version and forgets all but the last `keep`. */
int	state_save(struct memory *m, const char *name, const void *data,
	    size_t len, int64_t keep, int64_t *ret_version, struct err *e);
/* The newest, or that version: 1, 0 when it is not there. */
int	state_load(struct memory *m, const char *name, int64_t version,
	    struct buf *out, struct err *e);

#endif
