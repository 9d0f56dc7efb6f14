/*
 * store-open: a store's file: made, recognised, brought up to date, closed.
 *
 * Closing checkpoints only a WAL that has grown: a lone command that adds a
 * line would otherwise pay three more syncs.
 */
#include "config.h"

#include "store-impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "path.h"

enum {
	PAGE_SIZE_DEFAULT = 4096,
	CACHE_KIB_DEFAULT = 16000,
	CKPT_ON_CLOSE = 256		/* pages in the WAL */
};

static int
configure(struct store *s, const struct store_options *o, struct err *e)
{
	AUTO_FREE char *cache = xasprintf("pragma cache_size = -%d;"
	    "pragma temp_store = memory",
	    o->cache_kib ? o->cache_kib : CACHE_KIB_DEFAULT);

	sqlite3_busy_handler(s->db, store_on_busy, s);
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (store_script(s, cache, e) < 0)
		return -1;
	return store_set_sync(s, o->sync, e);
}

/* The header's two numbers: whose it is and how old. */
static int
identify(struct store *s, int64_t *ret_app, int64_t *ret_version,
    struct err *e)
{
	if (store_get_int(s, "pragma application_id", NULL, ret_app, e) < 0 ||
	    store_get_int(s, "pragma user_version", NULL, ret_version, e) < 0)
		return -1;
	if (*ret_app != 0 && *ret_app != s->schema->application_id)
		return err_set(e, ST_NOINPUT, "'%s' is a database, but not %s",
		    s->path, s->schema->name);
	if (*ret_version > s->schema->version)
		return err_set(e, ST_CONFIG, "'%s' was made by a newer version"
		    " (schema %lld, this program knows %d)", s->path,
		    (long long)*ret_version, s->schema->version);
	return 0;
}

/* A database without our mark may be taken over only when it is empty. */
static int
check_empty(struct store *s, struct err *e)
{
	int64_t n = 0;

	if (store_get_int(s, "select count(*) from sqlite_schema", NULL, &n,
	    e) < 0)
		return -1;
	return n == 0 ? 0 : err_set(e, ST_NOINPUT,
	    "'%s' is a database, but not %s", s->path, s->schema->name);
}

static char *
copy_name(const struct store *s, int version)
{
	char *name = xasprintf("%s.v%d", s->path, version);

	for (int i = 2; path_exists(name); i++) {
		free(name);
		name = xasprintf("%s.v%d.%d", s->path, version, i);
	}
	return name;
}

static int
run_steps(struct store *s, int from, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = s;
	AUTO_FREE char *mark = xasprintf("pragma application_id = %d;"
	    "pragma user_version = %d", (int)s->schema->application_id,
	    s->schema->version);

	/* our turn is taken already, by upgrade() */
	if (store_script(s, "begin immediate", e) < 0)
		return -1;
	for (int v = from; v < s->schema->version; v++)
		if (store_script(s, s->schema->steps[v], e) < 0)
			return err_prefix(e, "schema %d", v + 1);
	if (store_script(s, mark, e) < 0)
		return -1;
	return store_commit(s, e);
}

static int
upgrade(struct store *s, const struct store_options *o, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = s;
	int64_t app = 0, version = 0;

	/* holding the turn: of two that start at once, one does it */
	if (store_take_turn(s, e) < 0 || identify(s, &app, &version, e) < 0)
		return -1;
	if (app != 0 && version == s->schema->version)
		return 0;
	if (app == 0) {
		AUTO_FREE char *page = xasprintf("pragma page_size = %d;"
		    "pragma journal_mode = wal", o->page_size ? o->page_size :
		    PAGE_SIZE_DEFAULT);
		if (check_empty(s, e) < 0 || store_script(s, page, e) < 0)
			return -1;
	} else {
		AUTO_FREE char *copy = copy_name(s, (int)version);
		if (store_backup(s, copy, e) < 0)
			return err_prefix(e, "keeping a copy before the "
			    "upgrade");
	}
	return run_steps(s, app ? (int)version : 0, e);
}

/*
 * Makes the file with the right mode, and refuses what is no regular file:
 * SQLite would make it as the umask says and wait on a FIFO.
 */
static int
make_file(struct store *s, unsigned flags, struct err *e)
{
	bool make = !(flags & (STORE_READONLY | STORE_NOCREATE));
	AUTO_FREE char *dir = NULL;
	struct stat sb;
	int fd;

	if (stat(s->path, &sb) == 0)
		return S_ISREG(sb.st_mode) ? 0 : err_set(e, ST_NOINPUT,
		    "'%s' is not a regular file", s->path);
	if (errno != ENOENT || !make)
		return err_sys(e, errno == EACCES ? ST_DENIED : ST_NOINPUT,
		    "cannot open '%s'", s->path);
	dir = path_dirname(s->path);
	if (path_mkdirs(dir, 0700, e) < 0)
		return -1;
	fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, errno == EACCES ? ST_DENIED : errno ==
		    ENOSPC || errno == EDQUOT ? ST_IO : ST_CANTCREATE,
		    "cannot create '%s'", s->path);
	close(fd);
	return 0;
}

/*
 * For reading, a file in a directory where we may not write (a copy on a
 * read-only medium): SQLite could not make its -shm there, and needs none
 * when there is no WAL.
 */
static int
open_readonly(struct store *s, struct err *e)
{
	AUTO_FREE char *wal = xasprintf("%s-wal", s->path);
	AUTO_FREE char *dir = path_dirname(s->path);
	AUTO_FREE char *uri = NULL;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;

	if (access(s->path, W_OK) < 0 || access(dir, W_OK) < 0)
		flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX;
	/* '?', '#' and '%' mean something in a URI */
	if (access(dir, W_OK) < 0 && !path_exists(wal) &&
	    !strpbrk(s->path, "?#%"))
		uri = xasprintf("file:%s?immutable=1", s->path);
	if (sqlite3_open_v2(uri ? uri : s->path, &s->db,
	    flags | (uri ? SQLITE_OPEN_URI : 0), NULL) != SQLITE_OK)
		return store_fail(s, e);
	return 0;
}

static int
open_checked(struct store *s, const struct store_options *o, struct err *e)
{
	int64_t app = 0, version = 0;

	if (make_file(s, o->flags, e) < 0)
		return -1;
	if (s->readonly) {
		if (open_readonly(s, e) < 0)
			return -1;
	} else if (sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		return store_fail(s, e);
	}
	if (configure(s, o, e) < 0 || identify(s, &app, &version, e) < 0)
		return -1;
	if (app != 0 && version == s->schema->version)
		return 0;
	if (!s->readonly)
		return upgrade(s, o, e);
	if (app == 0)
		return err_set(e, ST_NOINPUT, "'%s' is not %s", s->path,
		    s->schema->name);
	return err_set(e, ST_CONFIG, "'%s' has an older schema (%lld); any "
	    "writing command brings it up to date", s->path,
	    (long long)version);
}

int
store_open(const char *path, const struct store_schema *schema,
    const struct store_options *o, struct store **ret, struct err *e)
{
	static const struct store_options defaults = { 0 };
	struct store *s = xcalloc(1, sizeof(*s));

	if (!o)
		o = &defaults;
	*s = (struct store){
		.path = xstrdup(path), .lock_path = xasprintf("%s-lock", path),
		.schema = schema, .stop = o->stop, .lock_fd = -1,
		.wait_ns = o->wait_ns ? o->wait_ns : STORE_WAIT,
		.rnd = (uint32_t)clock_mono() | 1,
		.readonly = o->flags & STORE_READONLY
	};
	if (open_checked(s, o, e) < 0) {
		store_close(s);
		return -1;
	}
	*ret = s;
	return 0;
}

/* Only the last to close, with a WAL worth it, pays for a checkpoint. */
static void
checkpoint_on_close(struct store *s)
{
	AUTO_FREE char *wal = xasprintf("%s-wal", s->path);
	struct stat sb;

	if (!s->readonly && stat(wal, &sb) == 0 &&
	    sb.st_size > (off_t)CKPT_ON_CLOSE * PAGE_SIZE_DEFAULT)
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0,
		    NULL);
}

void
store_close(struct store *s)
{
	if (!s)
		return;
	if (s->db)
		store_rollback(s);
	for (size_t i = 0; i < s->ncache; i++) {
		sqlite3_finalize(s->cache[i]->st);
		free(s->cache[i]);
	}
	if (s->db) {
		checkpoint_on_close(s);
		sqlite3_close(s->db);
	}
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->lock_path);
	free(s->path);
	free(s);
}
