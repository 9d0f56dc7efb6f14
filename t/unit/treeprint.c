/* treeprint: whatever changes shows, and what is left out does not. */
#include "config.h"

#include "treeprint.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "tap.h"
#include "tree.h"

static char top[] = "/tmp/agent-treeprint.XXXXXX";
static char last[TREEPRINT_LEN + 1];

/* The print, some time later, when what has changed has settled. */
static bool
look(char ret[TREEPRINT_LEN + 1])
{
	return treeprint(".", clock_wall() + 3 * CLOCK_SEC, ret);
}

static bool
put(const char *name, const char *text)
{
	AUTO_FD int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	return fd >= 0 &&
	    write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static void
expect_new(bool done, const char *what)
{
	char now[TREEPRINT_LEN + 1] = "";

	ok(done && look(now) && strcmp(now, last) != 0, "shows %s", what);
	memcpy(last, now, sizeof(now));
}

static void
expect_same(bool done, const char *what)
{
	char now[TREEPRINT_LEN + 1] = "";

	ok(done && look(now), "has a print: %s", what);
	is_str(now, last, what);
}

/* Another content of the same length, and the old times put back. */
static bool
forge(void)
{
	struct stat st;

	return stat("d/file", &st) == 0 && put("d/file", "owt") &&
	    utimensat(AT_FDCWD, "d/file",
	    (struct timespec[]){ st.st_atim, st.st_mtim }, 0) == 0;
}

static bool
put_many(size_t n)
{
	char name[32];

	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "many/%zu", i);
		if (!put(name, ""))
			return false;
	}
	return true;
}

static void
test_changes(void)
{
	expect_new(mkdir("d", 0700) == 0, "a directory");
	expect_new(put("d/file", "one"), "a file");
	expect_same(true, "the same twice");
	expect_new(put("d/file", "two"), "what is written");
	expect_new(forge(), "what is written with the old time and size");
	expect_new(chmod("d/file", 0700) == 0, "a mode");
	expect_new(rename("d/file", "d/name") == 0, "a name");
	expect_new(rename("d/name", "name") == 0, "a place");
	expect_new(symlink("name", "link") == 0, "a link");
	expect_new(unlink("link") == 0, "what is removed");
}

static void
test_left_out(void)
{
	expect_same(mkdir(".agent", 0700) == 0 && put(".agent/x", "x") &&
	    mkdir(".git", 0700) == 0 && put(".git/HEAD", "x"),
	    "nothing of .agent and .git");
	expect_new(mkdir("d/.git", 0700) == 0 && put("d/.git/HEAD", "x"),
	    "a repository within");
}

static void
test_limits(void)
{
	char now[TREEPRINT_LEN + 1] = "kept";

	ok(!treeprint(".", clock_wall(), now), "none of what is new");
	ok(!treeprint("gone", clock_wall(), now), "none of nothing");
	ok(mkdir("many", 0700) == 0 && put_many(TREEPRINT_FILES_MAX - 10) &&
	    look(now), "one of many files");
	memcpy(now, "kept", 5);
	ok(put_many(TREEPRINT_FILES_MAX) && !look(now), "none of too many");
	is_str(now, "kept", "nothing is said then");
}

int
main(void)
{
	struct err e = ERR_INIT;

	if (!mkdtemp(top) || chdir(top) < 0 || !look(last))
		return 1;
	test_changes();
	test_left_out();
	test_limits();
	ok(chdir("/") == 0 && tree_remove(AT_FDCWD, top, &e) == 0, "cleans");
	return done();
}
