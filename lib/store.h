/*
 * store: a SQLite file that several processes share.
 *
 * The only module that sees sqlite3.h.  A file is in WAL mode, belongs to one
 * application (application_id) and has a schema version (user_version): one
 * written by a newer program is refused, an older one is brought up to date
 * after a copy of it was kept as PATH.vN.  Files are made with mode 0600.
 *
 * Writers queue up: store_begin() waits for its turn on PATH-lock (an flock,
 * which the kernel hands on in order and takes back from the dead), then
 * begins an immediate transaction.  So nobody is told "database is locked",
 * and nobody starves.  Keep transactions short, never wait in one for
 * anything outside (a child, the network, a person).  Readers wait for nobody.
 * Writing outside of store_begin/store_commit is possible for a single
 * statement; reading first and then writing without store_begin is a bug:
 * the snapshot may be stale, which no waiting cures.
 *
 * How failures are told apart, in err.status:
 *	ST_IO		reading or writing failed; disk full (said so)
 *	ST_TEMPFAIL	locked for longer than the time to wait
 *	ST_DATA		damaged; or a constraint of the schema was violated
 *	ST_NOINPUT	not there; or a file, but not a database of this kind
 *	ST_CONFIG	made by a newer version of the program
 *	ST_DENIED	no permission, read-only
 *	ST_CANTCREATE	cannot be created
 *	ST_BUG		the SQL is wrong
 *
 * A typical use:
 *
 *	AUTO_STORE struct store *s = NULL;
 *	AUTO_STMT struct store_stmt *q = NULL;
 *	int r;
 *
 *	if (store_open(path, &schema, NULL, &s, e) < 0)
 *		return -1;
 *	if (store_query(s, "select id, name from t where n > ?",
 *	    STORE_ARGS(ARG_INT(5)), &q, e) < 0)
 *		return -1;
 *	while ((r = store_step(q, e)) > 0)
 *		use(store_col_int(q, 0), store_col_str(q, 1));
 *	return r;
 *
 * and to write:
 *
 *	AUTO_ROLLBACK struct store *tx = s;
 *
 *	if (store_begin(s, e) < 0 ||
 *	    store_run(s, "insert into t values (?, ?)",
 *	    STORE_ARGS(ARG_INT(id), ARG_STR(name)), e) < 0)
 *		return -1;
 *	return store_commit(s, e);
 */
#ifndef AGENT_STORE_H
#define AGENT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"

struct store;
struct store_stmt;

/* What a kind of file is.  All strings live for ever. */
struct store_schema {
	const char *name;		/* for messages: "an agent memory" */
	int32_t application_id;		/* not 0 */
	int version;			/* the current one, from 1 */
	const char *const *steps;	/* `version` scripts; the i-th leads
					 * from version i to i + 1, and the
					 * first one creates */
};

enum {
	STORE_READONLY = 1,	/* no write, no upgrade; not made */
	STORE_NOCREATE = 2	/* ST_NOINPUT when it is not there */
};

enum store_sync {
	STORE_FULL,		/* committed means on the disk */
	STORE_NORMAL		/* consistent after a power cut, but the last
				 * transactions may be gone; a killed process
				 * loses nothing */
};

struct store_options {
	unsigned flags;
	enum store_sync sync;
	int64_t wait_ns;		/* for a lock; 0: STORE_WAIT */
	const volatile int *stop;	/* end a wait when set; may be NULL */
	int page_size;			/* of a new file; 0: 4096 */
	int cache_kib;			/* the most to keep of it; 0: 16000 */
};

#define STORE_WAIT (60 * CLOCK_SEC)

/* Opens, makes or upgrades.  `o` may be NULL: all defaults. */
int	store_open(const char *path, const struct store_schema *schema,
	    const struct store_options *o, struct store **ret, struct err *e);
void	store_close(struct store *s);		/* NULL is fine */

static inline void
store_auto_close(struct store **s)
{
	store_close(*s);
}

#define AUTO_STORE __attribute__((cleanup(store_auto_close)))

const char *store_path(const struct store *s);
int	store_set_sync(struct store *s, enum store_sync sync, struct err *e);

/*
 * From now on a commit does not stop to copy the WAL into the file, which
 * takes long now and then, unless that was forgotten for very long:
 * store_tidy() does it, when there is enough of it, for who has time.
 */
void	store_defer_checkpoints(struct store *s);
void	store_tidy(struct store *s);

/*
 * A write transaction.  store_rollback() is fine when there is none, so
 * AUTO_ROLLBACK takes back what was not committed when a function is left.
 * They do not nest.
 */
int	store_begin(struct store *s, struct err *e);
int	store_commit(struct store *s, struct err *e);
void	store_rollback(struct store *s);
bool	store_in_transaction(const struct store *s);

/* One view of the data for several queries; ends with store_rollback(). */
int	store_begin_read(struct store *s, struct err *e);

static inline void
store_auto_rollback(struct store **s)
{
	if (*s)
		store_rollback(*s);
}

#define AUTO_ROLLBACK __attribute__((unused, cleanup(store_auto_rollback)))

/*
 * Arguments of a statement, by position.  Bytes are borrowed until the
 * statement is bound anew or released.  A NULL string is NULL.
 */
struct store_arg {
	enum {
		STORE_END, STORE_NULL, STORE_INT, STORE_NUM, STORE_TEXT,
		STORE_BLOB
	} kind;
	int64_t i;
	double d;
	const void *p;
	size_t len;
};

#define ARG_NULL { .kind = STORE_NULL }
#define ARG_INT(v) { .kind = STORE_INT, .i = (v) }
#define ARG_NUM(v) { .kind = STORE_NUM, .d = (v) }
#define ARG_STR(s) { .kind = STORE_TEXT, .p = (s), .len = SIZE_MAX }
#define ARG_TEXT(s, n) { .kind = STORE_TEXT, .p = (s), .len = (n) }
#define ARG_BLOB(s, n) { .kind = STORE_BLOB, .p = (s), .len = (n) }
#define STORE_ARGS(...) \
	((const struct store_arg[]){ __VA_ARGS__, { .kind = STORE_END } })

/*
 * A statement, prepared (kept for the next time by its text) and bound; args
 * may be NULL.  AUTO_STMT releases it; an unreleased reading one holds old
 * data in the WAL.
 */
int	store_query(struct store *s, const char *sql,
	    const struct store_arg *args, struct store_stmt **ret,
	    struct err *e);
int	store_step(struct store_stmt *st, struct err *e); /* 1 row, 0 end, -1 */
void	store_release(struct store_stmt *st);		/* NULL is fine */

static inline void
store_auto_release(struct store_stmt **st)
{
	store_release(*st);
}

#define AUTO_STMT __attribute__((cleanup(store_auto_release)))

/* Columns of the row, from 0.  Pointers live until the next step. */
bool	store_col_null(struct store_stmt *st, int col);
int64_t	store_col_int(struct store_stmt *st, int col);
double	store_col_num(struct store_stmt *st, int col);
const char *store_col_str(struct store_stmt *st, int col); /* NULL for NULL */
const void *store_col_bytes(struct store_stmt *st, int col, size_t *ret_len);
int	store_col_count(struct store_stmt *st);
const char *store_col_name(struct store_stmt *st, int col);
bool	store_col_is_text(struct store_stmt *st, int col);

/*
 * In one go: a statement whose rows do not matter; the number of rows that
 * it changed.  Several statements without arguments.
 */
int64_t	store_run(struct store *s, const char *sql,
	    const struct store_arg *args, struct err *e);
int	store_script(struct store *s, const char *sql, struct err *e);

/* First column of the first row: 1 found, 0 no row or NULL, -1. */
int	store_get_int(struct store *s, const char *sql,
	    const struct store_arg *args, int64_t *ret, struct err *e);
int	store_get_str(struct store *s, const char *sql,
	    const struct store_arg *args, char **ret, struct err *e);

int64_t	store_last_id(const struct store *s);	/* rowid of the last insert */

/* A number that changes when another process has committed. */
int	store_data_version(struct store *s, int64_t *ret, struct err *e);

/*
 * A consistent, compact copy; appears whole or not at all, synced; replaces
 * a file that is there.
 */
int	store_backup(struct store *s, const char *to, struct err *e);

/* Gives free space back to the file system. */
int	store_vacuum(struct store *s, struct err *e);

/*
 * SQLite's own checks (pages, indexes, constraints, foreign keys): calls
 * `found` for each problem, returns their number (at most 100), or -1.
 */
int	store_check(struct store *s, void (*found)(void *arg,
	    const char *problem), void *arg, struct err *e);

#endif
