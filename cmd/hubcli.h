/*
 * hubcli: what agent-send, agent-recv, agent-gate and agent-work begin with:
 * the workspace, its hub, and who we are in it.
 */
#ifndef AGENT_HUBCLI_H
#define AGENT_HUBCLI_H

#include "err.h"
#include "hub.h"
#include "workspace.h"

struct hubcli {
	struct workspace w;	/* empty behind a socket */
	struct hub *hub;
	char *source;		/* our address */
	bool socket;
};

#define HUBCLI_INIT { .w = WORKSPACE_INIT }

/*
 * `dir` is that of -C, `from` that of --from; both may be NULL.  Who we are:
 * what the socket says; else `from`, $AGENT_ID, the user.  ST_NOINPUT when
 * there is no workspace.
 */
int	hubcli_open(const char *dir, const char *from, struct hubcli *ret,
	    struct err *e);
void	hubcli_close(struct hubcli *c);
#define AUTO_HUBCLI __attribute__((cleanup(hubcli_close)))

/* NULL behind a socket. */
const struct workspace *hubcli_workspace(const struct hubcli *c);

/* data.text, data.answer...: the words of a record, NULL when it has none. */
char	*hubcli_words(const jv *record);

/* One line on stdout, in one write(2), with its newline. */
int	hubcli_line(const char *line, size_t len, struct err *e);
int	hubcli_json(const jv *v, struct err *e);

#endif
