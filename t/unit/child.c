/* child: started, fed, waited for and ended, whatever it does. */
#include "config.h"

#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "alloc.h"
#include "buf.h"
#include "fd.h"
#include "tap.h"

/* Long enough for a busy machine; a test that waits for it has failed. */
#define LONG (60 * CLOCK_SEC)

static struct err e;
static struct buf out;

/* Runs a shell script; its status, and its output in `out`. */
static int
sh(const char *script, const char *input, size_t limit, int64_t ns)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;

	spec.argv = argv;
	buf_reset(&out);
	return child_run(&spec, input, limit, deadline_in(ns), &out, &e);
}

static int
start(const char *script, struct child *c)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;

	spec.argv = argv;
	spec.in = CHILD_NULL;
	spec.out = CHILD_PIPE;
	return child_start(&spec, c, &e);
}

static void
test_status(void)
{
	is_int(sh("echo hi; exit 3", NULL, 10, LONG), 3, "gives the status");
	is_str(out.data, "hi\n", "and the output");
	is_int(sh("kill -9 $$", NULL, 10, LONG), 137, "128+n by signal");
	is_str(out.data, "", "no output is an empty string");
	is_int(sh("cat", "in", 10, LONG), 0, "feeds it");
	is_str(out.data, "in", "and gets it back");
	is_int(sh("cat", NULL, 10, LONG), 0, "no input is empty input");
}

static void
cannot(const char *program, const char *cwd, int status, const char *text)
{
	const char *const argv[] = { program, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;

	spec.argv = argv;
	spec.cwd = cwd;
	is_int(child_run(&spec, NULL, 10, deadline_in(LONG), &out, &e), -1,
	    program);
	is_int(e.status, status, "says its status");
	is_str(e.text, text, "and why");
}

static void
test_not_started(void)
{
	cannot("agentutils-no-such", NULL, ST_NOTFOUND,
	    "cannot run 'agentutils-no-such': No such file or directory");
	cannot("/etc/passwd", NULL, ST_NOEXEC,
	    "cannot run '/etc/passwd': Permission denied");
	cannot("true", "/nowhere", ST_NOINPUT,
	    "cannot enter '/nowhere': No such file or directory");
}

static void
test_much(void)
{
	enum { SIZE = 3 << 20 };
	AUTO_FREE char *text = xmalloc(SIZE + 1);

	memset(text, 'x', SIZE);
	text[SIZE] = '\0';
	is_int(sh("cat", text, SIZE, LONG), 0, "much goes through both ways");
	is_int((int64_t)out.len, SIZE, "all of it");
	is_int(sh("cat", text, SIZE - 1, LONG), -1, "but not over the limit");
	is_int(e.status, ST_DATA, "which is bad data");
	is_int(sh("exit 4", text, 10, LONG), 4, "it need not read its input");
	is_int(sh("exec >&-; cat >/dev/null; exit 5", "x", 10, LONG), 5,
	    "nor write output");
	is_int(sh("exec <&-; echo a; exit 6", text, 10, LONG), 6,
	    "nor leave it open");
}

static void
test_time(void)
{
	is_int(sh("echo a; tail -f /dev/null", NULL, 10, 50 * CLOCK_MS), -1,
	    "one that does not end is out of time");
	is_int(e.status, ST_TIMEOUT, "says its status");
	is_str(e.text, "'sh': out of time", "and its name");
	is_int(sh("exec >/dev/null; tail -f /dev/null", NULL, 10,
	    50 * CLOCK_MS), -1,
	    "also with its output closed");
	is_int(sh("tail -f /dev/null & echo $!; exit 7", NULL, 20, LONG), 7,
	    "its end is the end, whoever holds its output");
	is_int(sh("trap '' TERM; echo a; while :; do tail -f /dev/null; done",
	    NULL, 10, 50 * CLOCK_MS), -1, "ignoring SIGTERM does not help");
	errno = 0;
	is_int(waitpid(-1, NULL, WNOHANG), -1, "nothing is left to reap");
	is_int(errno, ECHILD, "really");
}

/* Reads a process id that it prints, and waits until that is no more. */
static bool
reads_gone(struct child *c, void (*end)(struct child *))
{
	struct deadline until = deadline_in(LONG);
	char text[32] = "", path[64];
	ssize_t n = fd_read(c->out, text, sizeof(text) - 1, &e);

	text[n > 0 ? (size_t)n - 1 : 0] = '\0';
	end(c);
	snprintf(path, sizeof(path), "/proc/%s/cwd", text);
	/* a zombie has no cwd; its reaper may be slow */
	while (access(path, F_OK) == 0 && !deadline_passed(until))
		poll(NULL, 0, 5);
	return n > 1 && !deadline_passed(until);
}

static void
by_stop(struct child *c)
{
	is_int(child_stop(c, 10 * CLOCK_MS), 128 + SIGTERM, "stops");
}

static void
by_its_end(struct child *c)
{
	int status = -1;

	is_int(child_wait(c, deadline_in(LONG), NULL, &status, &e), 1,
	    "waits for the end");
	is_int(status, 8, "and has the status");
	child_close(c);
}

static void
test_group(void)
{
	struct child c = CHILD_INIT;
	int status = 0;

	child_stop(&c, 0);
	is_int(child_wait(&c, DEADLINE_NEVER, NULL, &status, &e), -1,
	    "there is no child to wait for");
	start("tail -f /dev/null & echo $!; wait", &c);
	ok(reads_gone(&c, by_stop), "its children die with it when stopped");
	start("tail -f /dev/null >/dev/null & echo $!; exit 8", &c);
	ok(reads_gone(&c, by_its_end), "and when it ends");
	start("kill -STOP $$", &c);
	is_int(child_wait(&c, deadline_in(CLOCK_MS), NULL, &status, &e), 0,
	    "a stopped one has not ended");
	is_int(child_stop(&c, 10 * CLOCK_MS), 128 + SIGTERM, "but can be");
}

/* A process in between starts a child and is killed. */
static void
test_parent_dies(void)
{
	struct deadline until = deadline_in(LONG);
	int p[2];
	char c;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		exit(99);
	pid = fork();
	if (pid == 0) {
		const char *const argv[] = { "tail", "-f", "/dev/null", NULL };
		struct child_spec spec = CHILD_SPEC_INIT;
		struct child child = CHILD_INIT;
		spec.argv = argv;
		spec.out = p[1];
		if (child_start(&spec, &child, &e) == 0)
			(void)!write(p[1], "x", 1);
		poll(NULL, 0, -1);
		_exit(0);
	}
	close(p[1]);
	is_int(fd_read(p[0], &c, 1, &e), 1, "a child was started");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	is_int(fd_wait(p[0], POLLIN, until, NULL, &e), 1,
	    "it dies with its parent");
	is_int(fd_read(p[0], &c, 1, &e), 0, "and closes its output");
	close(p[0]);
}

static void
test_inherits(void)
{
	const char *const argv[] = { "sh", "-c",
		"cd /proc/self/fd && for n in 3 4 5 6 7 8 9 19 20 21; do "
		"if test -e $n; then echo $n; fi; done; "
		"grep -E 'SigBlk|SigIgn' /proc/self/status | "
		/* glibc's own 32 and 33 may be ignored */
		"sed 's/[0-9a-f]*\\(.......\\)$/\\1/'", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	AUTO_FD int leak = open("/dev/null", O_RDONLY);
	AUTO_FD int keep = fcntl(leak, F_DUPFD_CLOEXEC, 20);
	sigset_t set;

	spec.argv = argv;
	spec.err = CHILD_NULL;
	spec.keep = &keep;
	spec.nkeep = 1;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR2, SIG_IGN);
	buf_reset(&out);
	is_int(child_run(&spec, NULL, 1000, deadline_in(LONG), &out, &e), 0,
	    "runs");
	signal(SIGUSR2, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	is_str(out.data, "20\nSigBlk:\t0000000\nSigIgn:\t0000000\n",
	    "inherits what is named, no signal mask, nothing ignored");
}

static void
test_interrupted(void)
{
	static volatile int stop = SIGINT;
	const char *const argv[] = { "tail", "-f", "/dev/null", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;

	spec.argv = argv;
	spec.stop = &stop;
	is_int(child_run(&spec, NULL, 10, DEADLINE_NEVER, &out, &e), -1,
	    "our signal ends the wait");
	is_int(e.status, ST_SIGNAL + SIGINT, "with its number");
	signal(SIGCHLD, SIG_IGN);
	is_int(sh("exit 3", NULL, 10, LONG), -1,
	    "with SIGCHLD ignored there is no status");
	signal(SIGCHLD, SIG_DFL);
}

int
main(void)
{
	test_status();
	test_not_started();
	test_much();
	test_time();
	test_group();
	test_parent_dies();
	test_inherits();
	test_interrupted();
	buf_release(&out);
	return done();
}
