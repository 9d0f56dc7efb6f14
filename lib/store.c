/*
 * store: a SQLite file that several processes share: statements, transactions
 * and upkeep; store-open.c opens and closes it.
 *
 * One thing is not SQLite's default: writers queue up on a side file
 * before they ask for SQLite's lock.  Its own back-off sleeps up to 100 ms
 * and is unfair, an flock wakes the next in line at once (twice the
 * throughput of sixteen writers, a tenth of the longest wait).
 */
#include "config.h"

#include "store-impl.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "alloc.h"
#include "fd.h"
#include "lock.h"
#include "path.h"

enum {
	PAGES_DUE = 1000,	/* in the WAL, for store_tidy() */
	PAGES_FORGOTTEN = 16000	/* for a commit */
};

/* Errors. */

static int
class_of(int code, int sys)
{
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return ST_TEMPFAIL;
	case SQLITE_CORRUPT:
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
		return ST_DATA;
	case SQLITE_NOTADB:
		return ST_NOINPUT;
	case SQLITE_FULL:
	case SQLITE_IOERR:
		return ST_IO;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return ST_DENIED;
	case SQLITE_CANTOPEN:
		if (sys == EACCES || sys == EPERM)
			return ST_DENIED;
		return sys == ENOSPC || sys == EDQUOT ? ST_IO : ST_CANTCREATE;
	case SQLITE_NOMEM:
		return ST_SYSTEM;
	case SQLITE_INTERRUPT:
		return ST_TIMEOUT;
	default:
		return ST_BUG;
	}
}

int
store_fail(struct store *s, struct err *e)
{
	int code = s->db ? sqlite3_extended_errcode(s->db) : SQLITE_NOMEM;
	int sys = s->db ? sqlite3_system_errno(s->db) : 0;
	int status = class_of(code, sys);

	if (s->stop && *s->stop && status == ST_TEMPFAIL)
		return err_set(e, ST_SIGNAL + *s->stop,
		    "'%s': interrupted while waiting for its lock", s->path);
	if (sys == ENOSPC || sys == EDQUOT)
		code = SQLITE_FULL;
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(e, status,
		    "'%s' is locked by another process", s->path);
	case SQLITE_CORRUPT:
		return err_set(e, status, "'%s' is damaged (%s)", s->path,
		    sqlite3_errmsg(s->db));
	case SQLITE_NOTADB:
		return err_set(e, status, "'%s' is not a database", s->path);
	case SQLITE_FULL:
		return err_set(e, status, "cannot write '%s': disk full",
		    s->path);
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		return err_set(e, status, "cannot %s '%s': %s",
		    (code & 0xff) == SQLITE_IOERR ? "read or write" : "open",
		    s->path, sys ? strerror(sys) : sqlite3_errstr(code));
	default:
		return err_set(e, status, "'%s': %s", s->path,
		    s->db ? sqlite3_errmsg(s->db) : "out of memory");
	}
}

/* Waiting. */

static bool
stopped(const struct store *s)
{
	return s->stop && *s->stop;
}

int
store_on_busy(void *arg, int n)
{
	struct store *s = arg;
	struct timespec ts = { 0 };

	if (n == 0)
		s->busy = deadline_in(s->wait_ns);
	if (deadline_passed(s->busy) || stopped(s))
		return 0;
	/* xorshift: so that two waiters do not knock in step */
	s->rnd ^= s->rnd << 13;
	s->rnd ^= s->rnd >> 17;
	s->rnd ^= s->rnd << 5;
	ts.tv_nsec = 200000 + (long)(s->rnd % 1800000);
	nanosleep(&ts, NULL);
	return 1;
}

int
store_take_turn(struct store *s, struct err *e)
{
	int r;

	if (s->lock_fd < 0)
		s->lock_fd = open(s->lock_path,
		    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock_fd < 0)
		return err_sys(e, errno == ENOSPC || errno == EDQUOT ? ST_IO :
		    errno == EACCES || errno == EROFS ? ST_DENIED :
		    ST_CANTCREATE, "cannot open '%s'", s->lock_path);
	r = lock_take(s->lock_fd, deadline_in(s->wait_ns), s->stop, e);
	if (r < 0)
		return err_prefix(e, "'%s'", s->path);
	if (r == 0)
		return err_set(e, ST_TEMPFAIL,
		    "'%s' is locked by another process", s->path);
	s->locked = true;
	return 0;
}

static void
end_turn(struct store *s)
{
	if (s->locked)
		lock_drop(s->lock_fd);
	s->locked = false;
}

/* Statements. */

static int
bind_one(sqlite3_stmt *st, int i, const struct store_arg *a)
{
	sqlite3_uint64 len = a->len;

	switch (a->kind) {
	case STORE_INT:
		return sqlite3_bind_int64(st, i, a->i);
	case STORE_NUM:
		return sqlite3_bind_double(st, i, a->d);
	case STORE_TEXT:
		if (!a->p)
			return sqlite3_bind_null(st, i);
		if (a->len == SIZE_MAX)
			len = strlen(a->p);
		return sqlite3_bind_text64(st, i, a->p, len, SQLITE_STATIC,
		    SQLITE_UTF8);
	case STORE_BLOB:
		if (!a->p && !len)
			return sqlite3_bind_zeroblob(st, i, 0);
		return sqlite3_bind_blob64(st, i, a->p, len, SQLITE_STATIC);
	case STORE_NULL:
	case STORE_END:
		break;
	}
	return sqlite3_bind_null(st, i);
}

static int
bind_all(struct store_stmt *st, const struct store_arg *args, struct err *e)
{
	for (int i = 1; args && args->kind != STORE_END; i++, args++)
		if (bind_one(st->st, i, args) != SQLITE_OK)
			return store_fail(st->s, e);
	return 0;
}

static struct store_stmt *
cached(struct store *s, const char *sql)
{
	for (size_t i = 0; i < s->ncache; i++)
		if (!s->cache[i]->used && s->cache[i]->key == sql &&
		    strcmp(sqlite3_sql(s->cache[i]->st), sql) == 0)
			return s->cache[i];
	for (size_t i = 0; i < s->ncache; i++)
		if (!s->cache[i]->used &&
		    strcmp(sqlite3_sql(s->cache[i]->st), sql) == 0)
			return s->cache[i];
	return NULL;
}

static int
prepare(struct store *s, const char *sql, struct store_stmt **ret,
    struct err *e)
{
	struct store_stmt *st = cached(s, sql);
	sqlite3_stmt *raw = NULL;
	bool keep = s->ncache < STORE_CACHE_MAX;

	if (!st) {
		if (sqlite3_prepare_v3(s->db, sql, -1,
		    keep ? SQLITE_PREPARE_PERSISTENT : 0, &raw, NULL) !=
		    SQLITE_OK)
			return store_fail(s, e);
		st = xcalloc(1, sizeof(*st));
		*st = (struct store_stmt){ .s = s, .st = raw, .cached = keep };
		if (keep)
			s->cache[s->ncache++] = st;
	}
	st->used = true;
	st->key = sql;
	*ret = st;
	return 0;
}

int
store_query(struct store *s, const char *sql, const struct store_arg *args,
    struct store_stmt **ret, struct err *e)
{
	struct store_stmt *st = NULL;

	if (prepare(s, sql, &st, e) < 0)
		return -1;
	if (bind_all(st, args, e) < 0) {
		store_release(st);
		return -1;
	}
	*ret = st;
	return 0;
}

int
store_step(struct store_stmt *st, struct err *e)
{
	switch (sqlite3_step(st->st)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return store_fail(st->s, e);
	}
}

void
store_release(struct store_stmt *st)
{
	if (!st)
		return;
	if (st->cached) {
		sqlite3_reset(st->st);
		sqlite3_clear_bindings(st->st);
		st->used = false;
		return;
	}
	sqlite3_finalize(st->st);
	free(st);
}

bool
store_col_null(struct store_stmt *st, int col)
{
	return sqlite3_column_type(st->st, col) == SQLITE_NULL;
}

int64_t
store_col_int(struct store_stmt *st, int col)
{
	return sqlite3_column_int64(st->st, col);
}

double
store_col_num(struct store_stmt *st, int col)
{
	return sqlite3_column_double(st->st, col);
}

const char *
store_col_str(struct store_stmt *st, int col)
{
	return (const char *)sqlite3_column_text(st->st, col);
}

const void *
store_col_bytes(struct store_stmt *st, int col, size_t *ret_len)
{
	const void *p = sqlite3_column_blob(st->st, col);

	*ret_len = (size_t)sqlite3_column_bytes(st->st, col);
	return p ? p : "";
}

int
store_col_count(struct store_stmt *st)
{
	return sqlite3_column_count(st->st);
}

const char *
store_col_name(struct store_stmt *st, int col)
{
	return sqlite3_column_name(st->st, col);
}

bool
store_col_is_text(struct store_stmt *st, int col)
{
	return sqlite3_column_type(st->st, col) == SQLITE_TEXT;
}

int64_t
store_run(struct store *s, const char *sql, const struct store_arg *args,
    struct err *e)
{
	AUTO_STMT struct store_stmt *st = NULL;
	int r;

	if (store_query(s, sql, args, &st, e) < 0)
		return -1;
	while ((r = store_step(st, e)) > 0)
		;
	return r < 0 ? -1 : sqlite3_changes64(s->db);
}

int
store_script(struct store *s, const char *sql, struct err *e)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail(s, e);
	return 0;
}

/* The statement at its first row: 1; 0 without a row, or with NULL in it. */
static int
first_value(struct store *s, const char *sql, const struct store_arg *args,
    struct store_stmt **ret, struct err *e)
{
	int r;

	if (store_query(s, sql, args, ret, e) < 0)
		return -1;
	r = store_step(*ret, e);
	return r <= 0 ? r : !store_col_null(*ret, 0);
}

int
store_get_int(struct store *s, const char *sql, const struct store_arg *args,
    int64_t *ret, struct err *e)
{
	AUTO_STMT struct store_stmt *st = NULL;
	int r = first_value(s, sql, args, &st, e);

	if (r > 0)
		*ret = store_col_int(st, 0);
	return r;
}

int
store_get_str(struct store *s, const char *sql, const struct store_arg *args,
    char **ret, struct err *e)
{
	AUTO_STMT struct store_stmt *st = NULL;
	int r = first_value(s, sql, args, &st, e);

	if (r > 0)
		*ret = xstrdup(store_col_str(st, 0));
	return r;
}

int64_t
store_last_id(const struct store *s)
{
	return sqlite3_last_insert_rowid(s->db);
}

int
store_data_version(struct store *s, int64_t *ret, struct err *e)
{
	return store_get_int(s, "pragma data_version", NULL, ret, e) < 0 ?
	    -1 : 0;
}

/* Transactions. */

int
store_begin(struct store *s, struct err *e)
{
	assert(sqlite3_get_autocommit(s->db));
	if (s->readonly)
		return err_set(e, ST_DENIED, "'%s' is open for reading only",
		    s->path);
	if (store_take_turn(s, e) < 0)
		return -1;
	if (store_run(s, "begin immediate", NULL, e) >= 0)
		return 0;
	end_turn(s);
	return -1;
}

int
store_begin_read(struct store *s, struct err *e)
{
	return store_run(s, "begin", NULL, e) < 0 ? -1 : 0;
}

int
store_commit(struct store *s, struct err *e)
{
	if (store_run(s, "commit", NULL, e) < 0) {
		store_rollback(s);
		return -1;
	}
	end_turn(s);
	return 0;
}

void
store_rollback(struct store *s)
{
	/* after a full disk SQLite has rolled back by itself */
	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "rollback", NULL, NULL, NULL);
	end_turn(s);
}

bool
store_in_transaction(const struct store *s)
{
	return !sqlite3_get_autocommit(s->db);
}

/* Opening. */

int
store_set_sync(struct store *s, enum store_sync sync, struct err *e)
{
	if (s->defer)
		return store_script(s, sync == STORE_FULL ?
		    "pragma synchronous = full" :
		    "pragma synchronous = normal", e);
	return store_script(s, sync == STORE_FULL ?
	    "pragma synchronous = full; pragma wal_autocheckpoint = 1000" :
	    /* a stream pays for fewer, larger checkpoints */
	    "pragma synchronous = normal; pragma wal_autocheckpoint = 8000",
	    e);
}

/* One that fails is tried again after the next commit. */
static void
checkpoint(struct store *s)
{
	if (sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE,
	    NULL, NULL) == SQLITE_OK)
		s->wal_pages = 0;
}

static int
after_commit(void *store, sqlite3 *db, const char *name, int pages)
{
	struct store *s = store;

	(void)db;
	(void)name;
	s->wal_pages = pages;
	if (pages >= PAGES_FORGOTTEN)
		checkpoint(s);
	return SQLITE_OK;
}

void
store_defer_checkpoints(struct store *s)
{
	s->defer = true;
	sqlite3_wal_hook(s->db, after_commit, s);
}

void
store_tidy(struct store *s)
{
	if (s->wal_pages >= PAGES_DUE)
		checkpoint(s);
}

const char *
store_path(const struct store *s)
{
	return s->path;
}

/* Upkeep. */

int
store_backup(struct store *s, const char *to, struct err *e)
{
	AUTO_FREE char *tmp = xasprintf("%s.tmp.%ld", to, (long)getpid());
	AUTO_FD int fd = -1;

	unlink(tmp);
	fd = open(tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'", tmp);
	if (store_run(s, "vacuum into ?", STORE_ARGS(ARG_STR(tmp)), e) < 0) {
		unlink(tmp);
		return err_prefix(e, "copying to '%s'", to);
	}
	if (fsync(fd) < 0 || rename(tmp, to) < 0) {
		err_sys(e, ST_IO, "cannot write '%s'", to);
		unlink(tmp);
		return -1;
	}
	return path_sync_dir(to, e);
}

int
store_vacuum(struct store *s, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = s;

	if (store_take_turn(s, e) < 0)
		return -1;
	return store_script(s, "vacuum; pragma wal_checkpoint(truncate)", e);
}

static int
check_with(struct store *s, const char *sql, void (*found)(void *,
    const char *), void *arg, struct err *e)
{
	AUTO_STMT struct store_stmt *st = NULL;
	int n = 0, r;

	if (store_query(s, sql, NULL, &st, e) < 0)
		return -1;
	while ((r = store_step(st, e)) > 0) {
		const char *text = store_col_str(st, 0);
		if (!text || strcmp(text, "ok") == 0)
			continue;
		found(arg, text);
		n++;
	}
	return r < 0 ? -1 : n;
}

int
store_check(struct store *s, void (*found)(void *arg, const char *problem),
    void *arg, struct err *e)
{
	int a, b;

	a = check_with(s, "pragma integrity_check(100)", found, arg, e);
	if (a < 0)
		return -1;
	b = check_with(s, "select 'row ' || rowid || ' of ' || \"table\" || "
	    "' refers to nothing in ' || parent from pragma_foreign_key_check",
	    found, arg, e);
	return b < 0 ? -1 : a + b;
}
