/*
 * store-impl: what store.c and store-open.c know of each other.  For them
 * alone, and the only place that includes sqlite3.h.
 */
#ifndef AGENT_STORE_IMPL_H
#define AGENT_STORE_IMPL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"
#include "store.h"

enum { STORE_CACHE_MAX = 64 };		/* prepared statements kept */

struct store_stmt {
	struct store *s;
	sqlite3_stmt *st;
	const char *key;		/* the caller's, likely a constant */
	bool used;			/* given out */
	bool cached;
};

struct store {
	sqlite3 *db;
	char *path;
	char *lock_path;
	const struct store_schema *schema;
	const volatile int *stop;
	int64_t wait_ns;
	struct deadline busy;		/* of the wait that goes on */
	uint32_t rnd;
	int lock_fd;			/* -1: not opened yet */
	bool locked;
	bool readonly;
	bool defer;			/* checkpoints: to store_tidy() */
	int wal_pages;			/* after our last commit */
	struct store_stmt *cache[STORE_CACHE_MAX];
	size_t ncache;
};

/* What SQLite says of its last call, as an error; -1. */
int	store_fail(struct store *s, struct err *e);

/* A busy handler, for locks that others than our queue hold: sqlite3(1), a
 * recovery. */
int	store_on_busy(void *store, int n);

/* Waits for our turn to write; store_rollback() ends it. */
int	store_take_turn(struct store *s, struct err *e);

#endif
