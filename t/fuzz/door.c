/*
 * Hostile lines for the hub, through the socket of a sandbox.  Whatever they
 * say, nothing reaches or leaves the mailbox of another one, and no gate is
 * answered.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "fd.h"
#include "hub-serve.h"
#include "hub.h"
#include "workspace.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { INPUT_MAX = 4096 };	/* whose answers nobody has to read at once */

static struct workspace workspace;

static void
make_workspace(void)
{
	static char dir[] = "/tmp/fuzz-door.XXXXXX";
	struct err e = ERR_INIT;

	if (!mkdtemp(dir) || workspace_make(dir, &workspace, &e) < 0)
		abort();
	AUTO_FREE char *rules = xasprintf("%s/agents.yaml", dir);
	static const char text[] = "agents:\n  - id: dev\n  - id: spy\n";
	FILE *f = fopen(rules, "we");
	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		abort();
}

/* What it must neither read nor change. */
static void
put_secret(struct hub *h)
{
	struct hub_message m = { .box = "/agent/spy",
		.id = "01JD0000000000000000000001", .source = "/user/me",
		.line = "{\"secret\":true}", .len = 15,
		.priority = HUB_PRIO_DEFAULT };
	struct err e = ERR_INIT;

	if (hub_send(h, &m, 1, &e) < 0)
		abort();
}

static int
count(const jv *item, void *arg)
{
	const char *state = json_str(item, "state");

	*(int *)arg += state && strcmp(state, "ready") == 0 ? 1 : 100;
	return 0;
}

/* All that was said, or it is a secret that was told. */
static void
read_answers(int fd)
{
	AUTO_BUF struct buf all = BUF_INIT;
	struct err e = ERR_INIT;

	if (fd_read_all(fd, 64 << 20, DEADLINE_NEVER, &all, &e) < 0)
		return;
	if (all.len > 0 && memmem(all.data, all.len, "\"secret\"", 8))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct hub *h;
	struct err e = ERR_INIT;
	int pair[2], letters = 0;

	if (!h) {
		make_workspace();
		if (hub_open(workspace.dir, NULL, NULL, &h, &e) < 0)
			abort();
		put_secret(h);
	}
	if (len > INPUT_MAX || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC,
	    0, pair) < 0)
		return 0;
	if (fd_write(pair[0], data, len, &e) == 0) {
		shutdown(pair[0], SHUT_WR);
		(void)hub_serve_one(&workspace, "/agent/dev", pair[1], NULL,
		    &e);
	}
	close(pair[1]);
	read_answers(pair[0]);
	close(pair[0]);
	if (hub_list(h, "/agent/spy", NULL, count, &letters, &e) < 0 ||
	    letters != 1)
		abort();
	return 0;
}
