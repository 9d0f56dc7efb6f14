/* hubcli: the workspace, its hub, and who we are. */
#include "config.h"

#include "hubcli.h"

#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "env.h"
#include "fd.h"

static int
open_workspace(const char *dir, struct hubcli *c, struct err *e)
{
	int found = workspace_find(dir, &c->w, e);

	if (found == 0)
		return err_set(e, ST_NOINPUT, "there is no workspace here: no "
		    "'.agent' in this directory or above");
	if (found < 0)
		return -1;
	return hub_open(c->w.dir, NULL, &cli_signal, &c->hub, e);
}

static int
open_socket(const char *from, const char *path, struct hubcli *c,
    struct err *e)
{
	if (hub_open(NULL, path, &cli_signal, &c->hub, e) < 0)
		return -1;
	c->socket = true;
	c->source = xstrdup(hub_identity(c->hub));
	if (!from)
		return 0;
	AUTO_FREE char *asked = hub_address(from, false, e);
	if (!asked)
		return -1;
	if (strcmp(asked, c->source) != 0)
		return err_set(e, ST_DENIED, "you are '%s', not '%s'",
		    c->source, asked);
	return 0;
}

int
hubcli_open(const char *dir, const char *from, struct hubcli *ret,
    struct err *e)
{
	const char *path = env_get("AGENT_SOCKET");
	const char *id = env_get("AGENT_ID");
	struct hubcli c = HUBCLI_INIT;
	int r;

	if (path) {
		r = open_socket(from, path, &c, e);
	} else {
		c.source = hub_address(from ? from : id ? id : "user", false,
		    e);
		r = c.source ? open_workspace(dir, &c, e) : -1;
	}
	if (r < 0) {
		hubcli_close(&c);
		return -1;
	}
	*ret = c;
	return 0;
}

void
hubcli_close(struct hubcli *c)
{
	hub_close(c->hub);
	free(c->source);
	workspace_release(&c->w);
	*c = (struct hubcli)HUBCLI_INIT;
}

const struct workspace *
hubcli_workspace(const struct hubcli *c)
{
	return c->socket ? NULL : &c->w;
}

char *
hubcli_words(const jv *record)
{
	static const char *const members[] = {
		"text", "answer", "output", "prompt", "question", "message"
	};
	AUTO_JV jv data = json_get(record, "data");

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		const char *s = json_str(&data, members[i]);

		if (s)
			return xstrdup(s);
	}
	return NULL;
}

int
hubcli_line(const char *line, size_t len, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;

	buf_reserve(&out, len + 1);
	buf_add(&out, line, len);
	buf_addc(&out, '\n');
	return fd_write(STDOUT_FILENO, out.data, out.len, e);
}

int
hubcli_json(const jv *v, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;

	json_write(v, &out);
	return hubcli_line(out.data, out.len, e);
}
