/* store: what others rely on, attacked. */
#include "config.h"

#include "store.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "alloc.h"
#include "path.h"
#include "tap.h"

static const char *const steps1[] = {
	"create table t (id integer primary key, n int not null unique)"
};
static const char *const steps2[] = {
	"create table t (id integer primary key, n int not null unique)",
	"alter table t add column word text"
};
static const char *const broken[] = {
	"create table t (id integer primary key, n int not null unique)",
	"alter table t add column word text; alter table nothing rename to x"
};
static const struct store_schema v1 = { "a test store", 0x74657374, 1, steps1 };
static const struct store_schema v2 = { "a test store", 0x74657374, 2, steps2 };
static const struct store_schema bad2 = { "a test store", 0x74657374, 2,
	broken };
static const struct store_schema other = { "a foreign store", 0x12345678, 1,
	steps1 };

static const struct store_options readonly = { .flags = STORE_READONLY };
static const struct store_options nocreate = { .flags = STORE_NOCREATE };
static const struct store_options impatient = { .wait_ns = CLOCK_MS };

static int64_t
count(struct store *s)
{
	struct err e = ERR_INIT;
	int64_t n = -1;

	store_get_int(s, "select count(*) from t", NULL, &n, &e);
	return n;
}

static int
add(struct store *s, int64_t n, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = s;

	if (store_begin(s, e) < 0 ||
	    store_run(s, "insert into t (n) values (?)",
	    STORE_ARGS(ARG_INT(n)), e) < 0)
		return -1;
	return store_commit(s, e);
}

static void
put(const char *path, const char *text)
{
	struct err e = ERR_INIT;

	path_write_atomic(path, text, strlen(text), 0600, &e);
}

static int
open_status(const char *path, const struct store_schema *schema,
    const struct store_options *o)
{
	AUTO_STORE struct store *s = NULL;
	struct err e = ERR_INIT;

	return store_open(path, schema, o, &s, &e) < 0 ? e.status : 0;
}

static void
test_basics(void)
{
	AUTO_STORE struct store *s = NULL;
	AUTO_STMT struct store_stmt *q = NULL;
	struct err e = ERR_INIT;
	struct stat sb;
	int64_t n = 0;

	is_int(open_status("a/b.db", &v1, &nocreate), ST_NOINPUT,
	    "a missing one is not made when it need not be");
	ok(store_open("a/b.db", &v1, NULL, &s, &e) == 0, "opens: %s", e.text);
	ok(stat("a/b.db", &sb) == 0 && (sb.st_mode & 0777) == 0600,
	    "for the owner alone");
	ok(add(s, 7, &e) == 0, "writes");
	ok(add(s, 7, &e) < 0 && e.status == ST_DATA, "a constraint is 65");
	ok(!store_in_transaction(s), "and the transaction is over");
	is_int(count(s), 1, "nothing half done stays");
	ok(store_query(s, "select n, ?, ?, null from t", STORE_ARGS(
	    ARG_TEXT("a\0b", 3), ARG_STR(NULL)), &q, &e) == 0 &&
	    store_step(q, &e) == 1, "a query gives a row");
	is_int(store_col_int(q, 0), 7, "with a number");
	{
		size_t len;
		const char *p = store_col_bytes(q, 1, &len);
		ok(len == 3 && memcmp(p, "a\0b", 3) == 0, "and bytes");
	}
	ok(store_col_null(q, 2) && !store_col_str(q, 3), "and NULLs");
	ok(store_get_int(s, "select n from t where n > 100", NULL, &n, &e) == 0,
	    "no row is told");
	ok(store_run(s, "nonsense", NULL, &e) < 0 && e.status == ST_BUG,
	    "wrong SQL is our bug");
}

static void
test_versions(void)
{
	AUTO_STORE struct store *s = NULL, *old = NULL;
	struct err e = ERR_INIT;

	is_int(open_status("a/b.db", &v2, &readonly), ST_CONFIG,
	    "reading does not upgrade");
	ok(store_open("a/b.db", &bad2, NULL, &s, &e) < 0,
	    "an upgrade that fails is refused");
	is_int(open_status("a/b.db", &v1, NULL), 0, "and changes nothing");
	ok(store_open("a/b.db", &v2, NULL, &s, &e) == 0, "upgrades: %s",
	    e.text);
	ok(store_run(s, "update t set word = 'x'", NULL, &e) == 1,
	    "to the new schema");
	is_int(open_status("a/b.db", &v1, NULL), ST_CONFIG,
	    "a newer one is refused");
	ok(store_open("a/b.db.v1", &v1, NULL, &old, &e) == 0 &&
	    count(old) == 1, "the copy is whole");
	is_int(open_status("a/b.db", &other, NULL), ST_NOINPUT,
	    "another application's file is refused");
}

static void
test_wrong_files(void)
{
	AUTO_FREE char *junk = xcalloc(1, 9001);

	memset(junk, 'x', 9000);
	put("text", junk);
	is_int(open_status("text", &v1, NULL), ST_NOINPUT,
	    "a text file is not a database");
	mkdir("dir", 0700);
	is_int(open_status("dir", &v1, NULL), ST_NOINPUT, "nor a directory");
	mkfifo("fifo", 0600);
	is_int(open_status("fifo", &v1, NULL), ST_NOINPUT, "nor a FIFO");
	put("empty", "");
	is_int(open_status("empty", &v1, NULL), 0, "an empty file becomes one");
	is_int(open_status("/proc/x/y.db", &v1, NULL), ST_CANTCREATE,
	    "where none can be made");
}

static void
test_damage(void)
{
	AUTO_STORE struct store *s = NULL;
	struct err e = ERR_INIT;
	int fd;

	if (store_open("torn.db", &v1, NULL, &s, &e) == 0)
		for (int64_t i = 0; i < 2000; i++)
			add(s, i, &e);
	store_run(s, "pragma wal_checkpoint(truncate)", NULL, &e);
	store_close(STEAL(s));
	fd = open("torn.db", O_RDWR | O_CLOEXEC);
	for (off_t at = 4096; at < 12 * 4096; at += 4096)
		ok(pwrite(fd, "rubbish rubbish", 15, at) == 15, "tears");
	close(fd);
	ok(store_open("torn.db", &v1, NULL, &s, &e) == 0 &&
	    store_run(s, "select sum(n) from t", NULL, &e) < 0 &&
	    e.status == ST_DATA, "damage is 65: %s", e.text);
}

static void
found(void *arg, const char *problem)
{
	(void)problem;
	++*(int *)arg;
}

static void
test_upkeep(void)
{
	AUTO_STORE struct store *s = NULL, *copy = NULL;
	struct err e = ERR_INIT;
	int n = 0;

	ok(store_open("a/b.db", &v2, NULL, &s, &e) == 0, "opens again");
	put("copy.db", "something that was there");
	ok(store_backup(s, "copy.db", &e) == 0, "copies: %s", e.text);
	ok(store_open("copy.db", &v2, &readonly, &copy, &e) == 0 &&
	    count(copy) == 1, "the copy can be read");
	ok(store_begin(copy, &e) < 0 && e.status == ST_DENIED,
	    "what is open for reading is not written");
	ok(store_backup(s, "/proc/x/copy", &e) < 0 &&
	    e.status == ST_CANTCREATE, "a copy that cannot be made");
	ok(store_vacuum(s, &e) == 0, "vacuums: %s", e.text);
	ok(store_check(s, found, &n, &e) == 0 && n == 0, "and is sound");
}

/* A child that takes the write lock and holds it until it is killed. */
static pid_t
hold_lock(const char *path)
{
	int p[2];
	char c;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		struct store *s = NULL;
		struct err e = ERR_INIT;
		if (store_open(path, &v2, NULL, &s, &e) == 0 &&
		    store_begin(s, &e) == 0 && write(p[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(p[1]);
	ok(read(p[0], &c, 1) == 1, "a child holds the lock");
	close(p[0]);
	return pid;
}

static void
test_lock(void)
{
	AUTO_STORE struct store *s = NULL;
	struct err e = ERR_INIT;
	volatile int stop = 15;
	struct store_options o = { .stop = &stop };
	pid_t pid = hold_lock("a/b.db");

	ok(store_open("a/b.db", &v2, &impatient, &s, &e) == 0 &&
	    count(s) == 1, "readers do not wait");
	ok(add(s, 8, &e) < 0 && e.status == ST_TEMPFAIL,
	    "a writer is told after its time: %s", e.text);
	store_close(STEAL(s));
	ok(store_open("a/b.db", &v2, &o, &s, &e) == 0 && add(s, 8, &e) < 0 &&
	    e.status == ST_SIGNAL + 15, "or when it is to stop");
	stop = 0;
	kill(pid, SIGKILL);
	ok(add(s, 9, &e) == 0, "a dead holder holds nothing");
	waitpid(pid, NULL, 0);
}

static void
write_many(int64_t from, int64_t n)
{
	AUTO_STORE struct store *s = NULL;
	struct err e = ERR_INIT;

	if (store_open("many.db", &v1, NULL, &s, &e) < 0)
		_exit(1);
	for (int64_t i = from; i < from + n; i++)
		if (add(s, i, &e) < 0)
			_exit(2);
	store_close(STEAL(s));
	_exit(0);
}

static void
test_many(void)
{
	AUTO_STORE struct store *s = NULL;
	struct err e = ERR_INIT;
	pid_t pids[8];
	int bad = 0, status;

	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			write_many(i * 100, 100);
	}
	for (int i = 0; i < 8; i++) {
		waitpid(pids[i], &status, 0);
		bad += status != 0;
	}
	is_int(bad, 0, "eight create and write at once without an error");
	ok(store_open("many.db", &v1, NULL, &s, &e) == 0, "opens");
	is_int(count(s), 800, "and nothing is lost");
}

int
main(void)
{
	char dir[] = "/tmp/store.XXXXXX";

	if (!mkdtemp(dir) || chdir(dir) < 0)
		return 1;
	test_basics();
	test_versions();
	test_wrong_files();
	test_damage();
	test_upkeep();
	test_lock();
	test_many();
	return done();
}
