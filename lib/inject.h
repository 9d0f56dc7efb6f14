/*
 * inject: the rules of --inject: which host gets which secret.
 *
 *	[VARIABLE[:PORT]=]TARGET [METHOD,...] [/PATH ...]: HEADER: VALUE
 *
 * TARGET is a host, HOST[:PORT][/PATH], reached by TLS, or a URL.  VALUE has
 * the secret's place: {key_env NAME}, {key_cmd COMMAND} or {key_fd N}.  As in
 *
 *	OPENAI_BASE_URL=api.openai.com/v1: Authorization: Bearer {key_env KEY}
 *
 * VARIABLE is what the command finds its way by: in it is the URL of the
 * endpoint inside; without it the name is made of the host's
 * (API_OPENAI_COM_URL).
 */
#ifndef AGENT_INJECT_H
#define AGENT_INJECT_H

#include <stdint.h>

#include "err.h"
#include "netrules.h"
#include "strs.h"

enum inject_source { INJECT_ENV, INJECT_CMD, INJECT_FD };

struct inject {
	char *variable;
	uint16_t port;		/* of the endpoint inside; 0: any */
	char *origin;		/* "https://host[:port]" */
	struct nethost host;
	char *base;		/* path of the target: "" or "/v1" */
	struct strs methods, paths;	/* what may be asked for */
	char *header, *before, *after;	/* "Authorization", "Bearer ", "" */
	enum inject_source source;
	char *from;		/* variable, command or descriptor */
};

#define INJECT_INIT { .variable = NULL }

/* ST_USAGE, with words that show nothing of VALUE, which may be a secret
 * that somebody wrote there. */
int	inject_parse(struct inject *r, const char *text, struct err *e);
void	inject_release(struct inject *r);
#define AUTO_INJECT __attribute__((cleanup(inject_release)))

#endif
