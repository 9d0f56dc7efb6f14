/*
 * acp-impl: what acp-serve.c (the editor) and acp-session.c (one session, its
 * process, its questions) know of each other.  For them alone.
 */
#ifndef AGENT_ACP_IMPL_H
#define AGENT_ACP_IMPL_H

#include "acp-serve.h"
#include "child.h"
#include "clock.h"
#include "json.h"
#include "ndjson.h"
#include "ulid.h"

struct acp_session {
	const struct acp_serve *serve;
	struct acp_session *next;
	char id[ULID_LEN + 1];
	char *cwd;			/* where it works */
	char *run;			/* that it is; NULL before a prompt */
	const char *mode;		/* permit.h */
	char *servers;			/* of the editor, as a file of ours has
					 * them (servers.h); or NULL */
	/* while it is at a prompt */
	jv prompt;			/* the request's id; or JSON_NONE */
	struct child child;
	struct ndjson_reader reader;
	bool cancelled, streamed;
	jv result;			/* data of its result */
	char *failure;			/* what went wrong, in words */
	/* a question that is open */
	char *question;			/* the id of our request; or NULL */
	unsigned questions;		/* that there were */
	char *key;			/* of its gate */
	jv answer;			/* that goes to the gate; JSON_NONE */
	struct deadline gate_until;
};

struct acp_session *acp_session_new(const struct acp_serve *s,
	    const char *cwd);
void	acp_session_free(struct acp_session *s);

/* The one of an earlier process: ST_NOINPUT when there is none. */
int	acp_session_load(struct acp_session *s, const char *id,
	    struct err *e);

/* Tells what it has said so far. */
int	acp_session_replay(struct acp_session *s, struct err *e);

/* Starts a process for these words; the prompt is answered at its end. */
int	acp_session_prompt(struct acp_session *s, const jv *id,
	    const char *words, struct err *e);

/* Takes what its process has said; answers the prompt when it has ended. */
int	acp_session_step(struct acp_session *s, struct err *e);

void	acp_session_cancel(struct acp_session *s);

/* The editor has answered its question: `result` of the response. */
void	acp_session_answer(struct acp_session *s, const jv *result);

/* Whether it is at a prompt. */
bool	acp_session_busy(const struct acp_session *s);

/*
 * acp-servers.c: `mcpServers` of a session as the text of a file; NULL when
 * there is none that can be started.  The names of those that cannot be are
 * appended to `unused`.
 */
char	*acp_servers(const jv *list, struct buf *unused);

/* acp-serve.c: one line to the editor each; values are taken over. */
int	acp_notify(const struct acp_serve *s, const char *method, jv params,
	    struct err *e);
int	acp_request(const struct acp_serve *s, const char *id,
	    const char *method, jv params, struct err *e);
int	acp_result(const struct acp_serve *s, const jv *id, jv result,
	    struct err *e);
int	acp_error(const struct acp_serve *s, const jv *id, int code,
	    const char *message, struct err *e);

enum {				/* of JSON-RPC, and of the protocol */
	ACP_PARSE = -32700, ACP_INVALID = -32600, ACP_NO_METHOD = -32601,
	ACP_PARAMS = -32602, ACP_INTERNAL = -32603, ACP_AUTH = -32000,
	ACP_NOT_FOUND = -32002
};

#endif
