/* journal: many writers, torn tails, full disks, rotation. */
#include "config.h"

#include "journal.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "alloc.h"
#include "fd.h"
#include "path.h"
#include "record.h"
#include "tap.h"

static char dir[] = "/tmp/agent-journal.XXXXXX";
static char *path;

static void
put(const char *text)
{
	struct err e = ERR_INIT;

	if (path_write_atomic(path, text, strlen(text), 0600, &e) < 0)
		diag("%s", e.text);
}

static char *
content(void)
{
	struct buf b = BUF_INIT;
	struct err e = ERR_INIT;

	if (path_read(path, 1 << 26, &b, &e) < 0)
		diag("%s", e.text);
	return buf_steal(&b);
}

static void
add_gives(const char *before, const char *after, const char *title)
{
	AUTO_JOURNAL struct journal j = JOURNAL_INIT;
	AUTO_FREE char *got = NULL;
	struct err e = ERR_INIT;

	put(before);
	ok(journal_open(path, &j, &e) == 0 &&
	    journal_add_line(&j, "{\"b\":2}", 7, &e) == 0, "adds");
	got = content();
	is_str(got, after, title);
}

static void
test_tails(void)
{
	AUTO_BUF struct buf big = BUF_INIT;
	AUTO_FREE char *before = NULL;
	AUTO_FREE char *after = NULL;

	add_gives("", "{\"b\":2}\n", "to an empty file");
	add_gives("{\"a\":1}\n", "{\"a\":1}\n{\"b\":2}\n", "to a whole one");
	add_gives("{\"a\":1}\n{\"x\":\"to", "{\"a\":1}\n{\"b\":2}\n",
	    "after a torn line, which goes");
	add_gives("{\"x\":\"to", "{\"b\":2}\n", "which may be the only one");
	add_gives("{\"a\":1}", "{\"a\":1}\n{\"b\":2}\n",
	    "after a whole line without newline, which stays");
	for (int i = 0; i < 200000; i++)
		buf_addc(&big, 'x');
	before = xasprintf("{\"a\":1}\n{\"x\":\"%s", big.data);
	add_gives(before, "{\"a\":1}\n{\"b\":2}\n", "after a long torn one");
	after = xasprintf("{\"a\":\"%s\"}", big.data);
	free(STEAL(before));
	before = xasprintf("%s\n{\"b\":2}\n", after);
	add_gives(after, before, "after a long whole one");
}

/* A limit on the size of files stands for a full disk. */
static void
test_full(void)
{
	struct rlimit old, small = { 20, 20 };
	AUTO_JOURNAL struct journal j = JOURNAL_INIT;
	AUTO_FREE char *got = NULL;
	struct err e = ERR_INIT;

	signal(SIGXFSZ, SIG_IGN);
	put("{\"a\":1}\n");
	ok(journal_open(path, &j, &e) == 0, "opens");
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	ok(journal_add_line(&j, "{\"b\":222222222}", 15, &e) < 0,
	    "a full disk is told");
	setrlimit(RLIMIT_FSIZE, &old);
	is_int(e.status, ST_IO, "as such");
	got = content();
	is_str(got, "{\"a\":1}\n", "and leaves no part of the line");
}

static void
write_many(int who)
{
	AUTO_JOURNAL struct journal j = JOURNAL_INIT;
	struct err e = ERR_INIT;

	if (journal_open(path, &j, &e) < 0)
		_exit(1);
	for (int i = 0; i < 300; i++) {
		AUTO_FREE char *line = xasprintf("{\"who\":%d,\"n\":%d,"
		    "\"pad\":\"%0*d\"}", who, i, i * 20 + 1, 0);
		if (journal_add_line(&j, line, strlen(line), &e) < 0)
			_exit(1);
		if (who == 0 && i == 150) {
			AUTO_FREE char *old = xasprintf("%s.1", path);
			rename(path, old);
		}
	}
	_exit(0);
}

/* Counts the lines of a file; -1 when one is bad or out of order. */
static int
count(const char *name, int next[4])
{
	struct journal_reader r = JOURNAL_READER_INIT;
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;
	struct err e = ERR_INIT;
	int n = 0;

	if (journal_reader_open(name, false, &r, &e) < 0)
		return -1;
	while ((got = journal_next(&r, DEADLINE_NEVER, NULL, &line, &e)) ==
	    NDJSON_LINE) {
		int64_t who, i;
		if (!json_int(&line.value, "who", &who) ||
		    !json_int(&line.value, "n", &i) || next[who]++ != i)
			got = NDJSON_BAD;
		n++;
	}
	ndjson_line_release(&line);
	journal_reader_close(&r);
	return got == NDJSON_EOF ? n : -1;
}

static void
test_many(void)
{
	AUTO_FREE char *old = xasprintf("%s.1", path);
	int next[4] = { 0 }, bad = 0, status, first, second;

	put("");
	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			write_many(i);
	while (wait(&status) > 0)
		bad += status != 0;
	is_int(bad, 0, "four writers at once");
	first = count(old, next);
	second = count(path, next);
	ok(first > 0 && second > 0, "one of which rotates the file");
	is_int(first + second, 1200, "lose nothing");
}

/* Adds long lines and says which are there, until it is killed. */
static void
write_until_killed(int ack, int who, int from)
{
	AUTO_JOURNAL struct journal j = JOURNAL_INIT;
	struct err e = ERR_INIT;

	if (journal_open(path, &j, &e) < 0)
		_exit(1);
	for (int i = from; ; i++) {
		int32_t said[2] = { who, i };
		AUTO_FREE char *line = xasprintf("{\"who\":%d,\"n\":%d,"
		    "\"pad\":\"%0*d\"}", who, i, 300000, 0);
		if (journal_add_line(&j, line, strlen(line), &e) < 0 ||
		    write(ack, said, sizeof(said)) != sizeof(said))
			_exit(1);
	}
}

enum { KILL_ROUNDS = 25, KILL_WRITERS = 2, KILL_MAX = 100000 };

/* What is in the file, of what was said to be; -1 for a bad line. */
static int
count_lost(bool (*acked)[KILL_MAX])
{
	static bool there[KILL_WRITERS][KILL_MAX];
	struct journal_reader r = JOURNAL_READER_INIT;
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;
	struct err e = ERR_INIT;
	int lost = 0;

	if (journal_reader_open(path, false, &r, &e) < 0)
		return -1;
	while ((got = journal_next(&r, DEADLINE_NEVER, NULL, &line, &e)) ==
	    NDJSON_LINE) {
		int64_t who, i;
		if (json_int(&line.value, "who", &who) &&
		    json_int(&line.value, "n", &i))
			there[who][i] = true;
	}
	ndjson_line_release(&line);
	journal_reader_close(&r);
	for (int who = 0; who < KILL_WRITERS; who++)
		for (int i = 0; i < KILL_MAX; i++)
			lost += acked[who][i] && !there[who][i];
	return got == NDJSON_EOF ? lost : -1;
}

static void
test_killed(void)
{
	static bool acked[KILL_WRITERS][KILL_MAX];
	AUTO_JOURNAL struct journal j = JOURNAL_INIT;
	int last[KILL_WRITERS] = { 0 }, said[2], n = 0;
	struct err e = ERR_INIT;

	put("");
	for (int round = 0; round < KILL_ROUNDS; round++) {
		pid_t pids[KILL_WRITERS];
		int p[2], some = 2 + round % 5;

		if (pipe(p) < 0)
			return;
		for (int who = 0; who < KILL_WRITERS; who++)
			if ((pids[who] = fork()) == 0)
				write_until_killed(p[1], who, last[who] + 1);
		close(p[1]);
		/* killed after a few lines, wherever they then are; what
		 * they said before counts too */
		while (read(p[0], said, sizeof(said)) == sizeof(said)) {
			acked[said[0]][said[1]] = true;
			last[said[0]] = said[1];
			n++;
			if (--some == 0)
				for (int who = 0; who < KILL_WRITERS; who++)
					kill(pids[who], SIGKILL);
		}
		close(p[0]);
		while (wait(NULL) > 0)
			;
	}
	ok(n > KILL_ROUNDS, "writers are killed while they write");
	ok(journal_open(path, &j, &e) == 0 &&
	    journal_add_line(&j, "{}", 2, &e) == 0, "the next one mends it");
	is_int(count_lost(acked), 0, "nothing that they said is lost");
}

static enum ndjson_result
next(struct journal_reader *r, struct ndjson_line *line, int ms)
{
	struct err e = ERR_INIT;

	return journal_next(r, deadline_in(ms * CLOCK_MS), NULL, line, &e);
}

static void
append(const char *text)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);

	if (write(fd, text, strlen(text)) < 0)
		diag("cannot append");
}

static void
test_follow(void)
{
	struct journal_reader r = JOURNAL_READER_INIT;
	struct ndjson_line line = NDJSON_LINE_INIT;
	AUTO_FREE char *old = xasprintf("%s.1", path);
	struct err e = ERR_INIT;

	unlink(path);
	ok(journal_reader_open(path, false, &r, &e) < 0, "not there");
	is_int(e.status, ST_NOINPUT, "is an error");
	ok(journal_reader_open(path, true, &r, &e) == 0,
	    "but not for a follower");
	is_int(next(&r, &line, 0), NDJSON_AGAIN, "that waits");
	append("{\"n\":1}\n{\"n\":");
	is_int(next(&r, &line, 20000), NDJSON_LINE, "a line comes");
	is_int(next(&r, &line, 0), NDJSON_AGAIN, "a part of one does not");
	ok(truncate(path, 8) == 0, "it is taken back");
	is_int(next(&r, &line, 0), NDJSON_AGAIN, "nothing");
	append("{\"other\":2}\n");
	is_int(next(&r, &line, 20000), NDJSON_LINE, "another comes");
	is_str(line.text ? (line.len == 11 ? "whole" : "not") : "",
	    "whole", "as it was written");
	append("{\"n\":3}\n");
	rename(path, old);
	append("{\"n\":4}\n");
	is_int(next(&r, &line, 20000), NDJSON_LINE, "after a rename");
	ok(line.len == 7 && line.text[5] == '3', "the rest of the old file");
	is_int(next(&r, &line, 20000), NDJSON_LINE, "then");
	ok(line.len == 7 && line.text[5] == '4', "the new file");
	ok(truncate(path, 0) == 0, "truncated");
	is_int(next(&r, &line, 0), NDJSON_AGAIN, "nothing");
	append("{\"n\":5}\n");
	is_int(next(&r, &line, 20000), NDJSON_LINE, "from the beginning");
	is_int((int64_t)line.number, 1, "with numbers anew");
	ndjson_line_release(&line);
	journal_reader_close(&r);
}

static void
tail_gives(const char *text, unsigned long lines, const char *want)
{
	struct journal_reader r = JOURNAL_READER_INIT;
	struct ndjson_line line = NDJSON_LINE_INIT;
	AUTO_BUF struct buf got = BUF_INIT;
	struct err e = ERR_INIT;

	put(text);
	buf_adds(&got, "");
	if (journal_reader_open(path, false, &r, &e) == 0 &&
	    journal_seek_tail(&r, lines, &e) == 0)
		while (journal_next(&r, DEADLINE_NEVER, NULL, &line, &e) ==
		    NDJSON_LINE)
			buf_add(&got, line.text, line.len);
	is_str(got.data, want, "the end of a file");
	ndjson_line_release(&line);
	journal_reader_close(&r);
}

static void
test_tail(void)
{
	tail_gives("{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n", 2,
	    "{\"b\":2}{\"c\":3}");
	tail_gives("{\"a\":1}\n{\"b\":2}\n{\"c\":3}", 1, "{\"c\":3}");
	tail_gives("{\"a\":1}\n{\"b\":2}\n", 9, "{\"a\":1}{\"b\":2}");
	tail_gives("{\"a\":1}\n", 0, "");
	tail_gives("", 3, "");
}

/* A journal of `n` records, made a minute apart; looks for the i-th. */
static void
test_has(void)
{
	AUTO_BUF struct buf text = BUF_INIT;
	struct err e = ERR_INIT;
	char ids[2000][ULID_LEN + 1];

	for (size_t i = 0; i < 2000; i++) {
		/* the time is in the first ten characters */
		snprintf(ids[i], sizeof(ids[i]), "01JD%06zu%016zu", i, i);
		buf_addf(&text, "{\"specversion\":\"1.0\",\"id\":\"%s\","
		    "\"source\":\"/agent/dev\",\"type\":\"log\","
		    "\"data\":\"%050d\"}\n", ids[i], 0);
	}
	ok(path_write_atomic(path, text.data, text.len, 0600, &e) == 0,
	    "writes one");
	for (size_t i = 1500; i < 2000; i++)
		if (journal_has(path, ids[i], &e) != 1)
			ok(false, "does not find %zu", i);
	is_int(journal_has(path, ids[1999], &e), 1, "finds the last");
	is_int(journal_has(path, ids[0], &e), 1, "and the first");
	is_int(journal_has(path, "01JD001999AAAAAAAAAAAAAAAA", &e), 0,
	    "not one that is not there");
	is_int(journal_has("/nonexistent/j", ids[0], &e), 0, "nor anywhere");
}

static void
matches(struct journal_filter f, bool want, const char *title)
{
	struct record_origin origin = { .source = "/agent/dev",
	    .run = "01JD7", .task = "check" };
	AUTO_JV jv rec = record_new(&origin, "tool.call", JSON_NONE);

	json_set_str(&rec, "time", "2026-11-21T05:06:07.123Z");
	ok(journal_match(&f, &rec) == want, "%s", title);
}

static void
test_match(void)
{
	int64_t noon, night;

	timestamp_parse("2026-11-21T12:00:00Z", &noon);
	timestamp_parse("2026-11-21", &night);
	matches((struct journal_filter){ 0 }, true, "any");
	matches((struct journal_filter){ .agent = "dev" }, true, "agent");
	matches((struct journal_filter){ .agent = "/agent/dev" }, true,
	    "whole source");
	matches((struct journal_filter){ .agent = "de" }, false, "no part");
	matches((struct journal_filter){ .agent = "x,dev" }, true, "a list");
	matches((struct journal_filter){ .run = "01J" }, true, "run");
	matches((struct journal_filter){ .run = "02" }, false, "other run");
	matches((struct journal_filter){ .type = "log,tool.*" }, true,
	    "a pattern");
	matches((struct journal_filter){ .type = "tool" }, false, "type");
	matches((struct journal_filter){ .since = night, .until = noon },
	    true, "in time");
	matches((struct journal_filter){ .since = noon }, false, "too old");
	matches((struct journal_filter){ .until = night }, false, "too new");
}

int
main(void)
{
	if (!mkdtemp(dir))
		return 1;
	path = path_join(dir, "journal.ndjson");
	test_tails();
	test_full();
	test_many();
	test_killed();
	test_follow();
	test_tail();
	test_match();
	test_has();
	AUTO_FREE char *old = xasprintf("%s.1", path);
	unlink(old);
	unlink(path);
	rmdir(dir);
	free(path);
	return done();
}
