/*
 * hub-wake: how long it takes from a send to the line on the stdout of a
 * waiting agent-recv -f, with many of them waiting; and, as the floor, from a
 * write to as many cat(1) to the line on theirs, in turn with the former.
 *
 *	hub-wake AGENT-RECV AGENTS ROUNDS
 *
 * Run in a directory with an empty .agent.  Prints the median, the 99th
 * percentile and the longest of both, in milliseconds.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "child.h"
#include "clock.h"
#include "fd.h"
#include "hub.h"
#include "num.h"
#include "ulid.h"

static struct child *agents, *cats;

struct sender {
	int to, from;
};

static int
start(const char *program, int n, struct err *e)
{
	for (int i = 0; i < n; i++) {
		AUTO_FREE char *name = xasprintf("agent%d", i);
		const char *argv[] = { program, "-f", "--auto", name, NULL };
		struct child_spec spec = CHILD_SPEC_INIT;

		spec.argv = argv;
		spec.out = CHILD_PIPE;
		if (child_start(&spec, &agents[i], e) < 0)
			return -1;
		argv[0] = "cat";
		argv[1] = NULL;
		spec.in = CHILD_PIPE;
		if (child_start(&spec, &cats[i], e) < 0)
			return -1;
	}
	return 0;
}

/* The line that must come: nanoseconds since `from`, or -1. */
static int64_t
await(const struct child *c, int64_t from, struct err *e)
{
	char line[4096];

	if (fd_wait(c->out, POLLIN, deadline_in(20 * CLOCK_SEC), NULL, e) != 1)
		return -1;
	from = clock_mono() - from;
	return fd_read(c->out, line, sizeof(line), e) > 0 ? from : -1;
}

static int64_t
once_cat(int i, struct err *e)
{
	int64_t from = clock_mono();

	return fd_write(cats[i].in, "{}\n", 3, e) < 0 ? -1
	    : await(&cats[i], from, e);
}

static int
send_to(struct hub *h, int i, struct err *e)
{
	AUTO_FREE char *box = xasprintf("/agent/agent%d", i);
	char id[ULID_LEN + 1];
	struct hub_message m = { .box = box, .id = id, .source = "/user/me",
		.line = "{}", .len = 2, .priority = HUB_PRIO_DEFAULT };

	ulid_make(id);
	return hub_send(h, &m, 1, e);
}

/*
 * The sender, which sends to whom it is told to, and says when it is ready for
 * the next: a process of its own, so that what it does afterwards is not taken
 * for the way of the message.
 */
static int
be_sender(int in, int out, struct err *e)
{
	AUTO_HUB struct hub *h = NULL;
	int i;

	if (hub_open(".agent", NULL, NULL, &h, e) < 0)
		return -1;
	while (fd_read(in, &i, sizeof(i), e) == sizeof(i))
		if (send_to(h, i, e) < 0 || fd_write(out, "", 1, e) < 0)
			return -1;
	return 0;
}

static int
start_sender(struct sender *ret)
{
	struct err e = ERR_INIT;
	int p[2], q[2];
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0 || pipe2(q, O_CLOEXEC) < 0 ||
	    (pid = fork()) < 0)
		return -1;
	if (pid == 0) {
		close(p[1]);
		_exit(be_sender(p[0], q[1], &e) < 0 ? err_report(&e) : 0);
	}
	close(p[0]);
	close(q[1]);
	*ret = (struct sender){ p[1], q[0] };
	return 0;
}

/* Has one sent to and waits for its line: nanoseconds, or -1. */
static int64_t
once(const struct sender *s, int i, struct err *e)
{
	int64_t from = clock_mono();
	int64_t ns = fd_write(s->to, &i, sizeof(i), e) < 0 ? -1 :
	    await(&agents[i], from, e);
	char ready;

	return fd_read(s->from, &ready, 1, e) == 1 ? ns : -1;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
print(const char *what, int64_t *ns, int n)
{
	qsort(ns, (size_t)n, sizeof(*ns), compare);
	printf("%-12s p50 %6.2f ms  p99 %6.2f ms  max %6.2f ms\n", what,
	    (double)ns[n / 2] / 1e6, (double)ns[n * 99 / 100] / 1e6,
	    (double)ns[n - 1] / 1e6);
}

static int
measure(const struct sender *sender, int n, int rounds, struct err *e)
{
	AUTO_FREE int64_t *ours = xcalloc((size_t)rounds, sizeof(*ours));
	AUTO_FREE int64_t *floor = xcalloc((size_t)rounds, sizeof(*floor));

	/* the first time each may still be starting */
	for (int i = 0; i < n; i++)
		if (once(sender, i, e) < 0 || once_cat(i, e) < 0)
			return -1;
	for (int i = 0; i < rounds; i++)
		if ((ours[i] = once(sender, i * 7 % n, e)) < 0 ||
		    (floor[i] = once_cat(i * 7 % n, e)) < 0)
			return -1;
	print("agent-recv", ours, rounds);
	print("cat", floor, rounds);
	return 0;
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	int64_t n, rounds;
	struct sender sender;
	int r;

	err_set_program("hub-wake");
	if (argc != 4 || num_parse_int(argv[2], 1, 10000, &n) < 0 ||
	    num_parse_int(argv[3], 1, 1000000, &rounds) < 0) {
		fputs("usage: hub-wake AGENT-RECV AGENTS ROUNDS\n", stderr);
		return ST_USAGE;
	}
	agents = xcalloc((size_t)n, sizeof(*agents));
	cats = xcalloc((size_t)n, sizeof(*cats));
	r = start_sender(&sender) < 0 ?
	    err_sys(&e, ST_SYSTEM, "cannot fork") : 0;
	if (r == 0)
		r = start(argv[1], (int)n, &e);
	if (r == 0)
		r = measure(&sender, (int)n, (int)rounds, &e);
	for (int i = 0; i < n; i++) {
		child_stop(&agents[i], 0);
		child_stop(&cats[i], 0);
	}
	free(agents);
	free(cats);
	return r < 0 ? err_report(&e) : ST_OK;
}
