/* ulid: ids that sort by time, in one process and in its children. */
#include "config.h"

#include "ulid.h"

#include <sys/wait.h>

#include "alloc.h"
#include "clock.h"
#include "tap.h"

static void
test_order(void)
{
	char last[ULID_LEN + 1], next[ULID_LEN + 1];
	int64_t before = clock_wall() / CLOCK_MS, after;
	int wrong = 0;

	ulid_make(last);
	for (int i = 0; i < 20000; i++) {
		ulid_make(next);
		if (!ulid_valid(next) || strcmp(last, next) >= 0)
			wrong++;
		memcpy(last, next, sizeof(last));
	}
	after = clock_wall() / CLOCK_MS;
	is_int(wrong, 0, "each is greater than the one before");
	ok(ulid_time_ms(last) >= before && ulid_time_ms(last) <= after + 1,
	    "and holds the time");
}

/* An id drawn in a child, at once after the fork. */
static void
from_child(char out[ULID_LEN + 1])
{
	int p[2];
	pid_t pid;

	if (pipe(p) < 0)
		exit(99);
	pid = fork();
	if (pid == 0) {
		ulid_make(out);
		_exit(write(p[1], out, ULID_LEN + 1) != ULID_LEN + 1);
	}
	close(p[1]);
	if (read(p[0], out, ULID_LEN + 1) != ULID_LEN + 1)
		out[0] = '\0';
	close(p[0]);
	waitpid(pid, NULL, 0);
}

static void
test_fork(void)
{
	char a[ULID_LEN + 1], b[ULID_LEN + 1], c[ULID_LEN + 1];

	from_child(a);
	from_child(b);
	ulid_make(c);
	ok(ulid_valid(a) && ulid_valid(b), "children draw");
	ok(strcmp(a + 10, b + 10) != 0 && strcmp(a + 10, c + 10) != 0 &&
	    strcmp(b + 10, c + 10) != 0, "each for itself");
	/* the next in order would share all but the last characters */
	ok(memcmp(a + 10, b + 10, 10) != 0 && memcmp(a + 10, c + 10, 10) != 0,
	    "not from where the parent was");
}

static void
test_valid(void)
{
	ok(ulid_valid("01ARZ3NDEKTSV4RRFFQ69G5FAV"), "the specification's");
	is_int(ulid_time_ms("01ARZ3NDEKTSV4RRFFQ69G5FAV"), 1469922850259,
	    "and its time");
	is_int(ulid_time_ms("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"),
	    (INT64_C(1) << 48) - 1, "the last");
	ok(!ulid_valid(""), "not the empty string");
	ok(!ulid_valid("01ARZ3NDEKTSV4RRFFQ69G5FA"), "not a short one");
	ok(!ulid_valid("01ARZ3NDEKTSV4RRFFQ69G5FAVV"), "not a long one");
	ok(!ulid_valid("01arz3ndektsv4rrffq69g5fav"), "not in lower case");
	ok(!ulid_valid("01ARZ3NDEKTSV4RRFFQ69G5FAU"), "not with a U");
	ok(!ulid_valid("81ARZ3NDEKTSV4RRFFQ69G5FAV"), "not above 48 bits");
	ok(!ulid_valid("../../../../../../../../xx"), "not a path");
}

int
main(void)
{
	test_order();
	test_fork();
	test_valid();
	return done();
}
