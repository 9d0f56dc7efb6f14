/* path: names, files as a whole, directories, what is ours. */
#include "config.h"

#include "path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "alloc.h"
#include "child.h"
#include "tap.h"

static void
is_path(char *got, const char *want, const char *title)
{
	is_str(got, want, title);
	free(got);
}

static void
test_names(void)
{
	is_path(path_join("a", "b"), "a/b", "joins");
	is_path(path_join("a/", "b"), "a/b", "with one slash");
	is_path(path_join("a", "/b"), "/b", "an absolute one alone");
	is_path(path_join("", "b"), "b", "nothing before");
	is_path(path_dirname("a/b"), "a", "dirname");
	is_path(path_dirname("a"), ".", "dirname of a name");
	is_path(path_dirname("/a"), "/", "dirname below the root");
	is_path(path_dirname("/"), "/", "dirname of the root");
	is_path(path_dirname("a/b//"), "a", "dirname with a slash at the end");
	is_path(path_dirname("a//b"), "a", "dirname with two slashes");
	is_path(path_dirname(""), ".", "dirname of nothing");
	is_str(path_basename("a/b"), "b", "basename");
	is_str(path_basename("b"), "b", "basename of a name");
}

static void
test_dirs(void)
{
	struct err e = ERR_INIT;
	AUTO_FREE char *here = path_cwd(&e);
	AUTO_FREE char *deep = path_join(here, "a/b/c");

	is_int(path_mkdirs("a/b/c/", 0755, &e), 0, "makes directories");
	is_int(path_mkdirs("a/b/c", 0755, &e), 0, "again");
	is_int(path_mkdirs("/", 0755, &e), 0, "the root is there");
	is_int(path_mkdirs("", 0755, &e), -1, "nothing is no directory");
	ok(path_is_dir("a/b/c"), "they are there");
	is_int(path_write_atomic("f", "x", 1, 0600, &e), 0, "makes a file");
	is_int(path_mkdirs("f/g", 0755, &e), -1, "not below a file");
	is_int(e.status, ST_CANTCREATE, "and says so");
	is_path(path_find_up(deep, "f"), here, "finds upwards");
	AUTO_FREE char *b = path_join(here, "a/b");
	is_path(path_find_up(deep, "c"), b, "its own name is in the next");
	is_path(path_find_up("/", "proc"), "/", "also in the root");
	is_path(path_find_up(deep, "no such name"), NULL, "or finds nothing");
	if (symlink("a/b", "link") < 0)
		exit(99);
	is_path(path_real("link/c/.././", &e), b, "resolves links and dots");
	is_path(path_real("nowhere", &e), NULL, "only of what is there");
	is_str(e.text, "cannot open 'nowhere': No such file or directory",
	    "and says so");
}

static int
count_entries(const char *dir)
{
	DIR *d = opendir(dir);
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n - 2;
}

static void
test_files(void)
{
	struct err e = ERR_INIT;
	AUTO_BUF struct buf b = BUF_INIT;
	struct stat st;

	path_mkdirs("files", 0755, &e);
	is_int(path_write_atomic("files/f", "one\0two", 7, 0640, &e), 0,
	    "writes");
	is_int(path_read("files/f", 7, &b, &e), 0, "reads");
	ok(b.len == 7 && memcmp(b.data, "one\0two", 7) == 0, "the same");
	ok(stat("files/f", &st) == 0 && (st.st_mode & 0777) == 0640,
	    "with its mode");
	is_int(path_write_atomic("files/f", "", 0, 0640, &e), 0, "replaces");
	buf_reset(&b);
	path_read("files/f", 7, &b, &e);
	is_int((int64_t)b.len, 0, "by nothing");
	is_int(count_entries("files"), 1, "and leaves nothing beside it");
	is_int(path_write_atomic("no/f", "", 0, 0640, &e), -1,
	    "not into what is not there");
	is_int(e.status, ST_CANTCREATE, "as its status says");
	path_mkdirs("files/dir", 0755, &e);
	is_int(path_write_atomic("files/dir", "x", 1, 0640, &e), -1,
	    "not over a directory");
	is_int(count_entries("files"), 2, "nor is anything left then");
	is_int(path_read("files/dir", 7, &b, &e), -1, "reads no directory");
	is_int(e.status, ST_NOINPUT, "says so");
	is_int(mkfifo("files/fifo", 0600), 0, "a FIFO");
	is_int(path_read("files/fifo", 7, &b, &e), -1,
	    "nor what nobody writes");
	is_int(e.status, ST_NOINPUT, "says so");
	is_int(path_read("/dev/zero", 7, &b, &e), -1, "nor too much");
	is_int(e.status, ST_DATA, "says so");
	is_str(e.text, "'/dev/zero': input is larger than 7 bytes",
	    "with the name");
}

static void
test_ours(void)
{
	struct err e = ERR_INIT;
	AUTO_FREE char *self = path_program("path.t", &e);

	ok(self && self[0] == '/' && access(self, X_OK) == 0,
	    "finds a program beside itself");
	is_path(path_program("no-such-program", &e), NULL, "or does not");
	is_int(e.status, ST_NOINPUT, "and says so");
	path_mkdirs("data/templates", 0755, &e);
	path_write_atomic("data/templates/x", "", 0, 0644, &e);
	setenv("AGENT_DATADIR", "data", 1);
	is_path(path_data("templates/x", &e), "data/templates/x",
	    "finds data where it is told");
	is_path(path_data("templates/y", &e), NULL, "or does not");
	is_int(e.status, ST_NOINPUT, "and says so");
}

int
main(void)
{
	char dir[] = "/tmp/agent-path.XXXXXX";
	const char *const rm[] = { "rm", "-rf", dir, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct err e = ERR_INIT;
	AUTO_BUF struct buf out = BUF_INIT;

	if (!mkdtemp(dir) || chdir(dir) < 0)
		return 99;
	test_names();
	test_dirs();
	test_files();
	test_ours();
	spec.argv = rm;
	spec.cwd = "/";
	is_int(child_run(&spec, NULL, 0, DEADLINE_NEVER, &out, &e), 0,
	    "removes what it made");
	return done();
}
