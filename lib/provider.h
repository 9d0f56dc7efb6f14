/*
 * provider: what differs between the protocols that models are spoken to in.
 *
 * Each is one file, provider-NAME.c, with one constant struct provider, and a
 * line in the table of provider.c.  A provider translates: a request of
 * model.h into a body, and the events of the answer into what follows.  It
 * opens nothing, waits for nothing and keeps no text.
 *
 * Below it lies a transport (transport.h), which moves the bytes: the network,
 * a recording (replay.h) or a program.  A provider cannot tell which.
 */
#ifndef AGENT_PROVIDER_H
#define AGENT_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "http.h"
#include "json.h"
#include "model.h"

/* How the body of a streamed answer is cut into events. */
enum provider_framing {
	PROVIDER_SSE,
	PROVIDER_NDJSON
};

/* What came of an answer so far; filled by the provider through answer_*(). */
struct answer;

/* A tool call is addressed by `slot`, the server's index for it. */
int	answer_text(struct answer *a, const char *s, size_t len, struct err *e);
int	answer_tagged(struct answer *a, const char *s, size_t len,
	    struct err *e);	/* text that may begin with <think> */
int	answer_reasoning(struct answer *a, const char *s, size_t len,
	    struct err *e);
void	answer_tool(struct answer *a, int slot, const char *id,
	    const char *name);	/* NULL: not said, or again */
void	answer_tool_arguments(struct answer *a, int slot, const char *s,
	    size_t len);
void	answer_tool_arguments_all(struct answer *a, int slot, const char *s,
	    size_t len);	/* instead of what came in pieces */
void	answer_tool_calls(struct answer *a, const jv *message); /* all that a
				 * whole message has, as model.h has them, or
				 * with objects for arguments */
size_t	answer_tools(const struct answer *a);	/* how many */
void	answer_finish(struct answer *a, enum model_finish finish); /* a refusal
				 * stands, whatever else is said */
void	answer_end(struct answer *a);	/* the protocol's own end was seen */
void	answer_last(struct answer *a);	/* and nothing can follow */
bool	answer_ended(const struct answer *a);
void	answer_native(struct answer *a, jv native); /* replaces; taken */
struct model_usage *answer_usage(struct answer *a);
void	answer_served(struct answer *a, const char *model);
void	answer_request_id(struct answer *a, const char *id);
bool	answer_keeps(const struct answer *a);	/* text is wanted in the end */
void	**answer_state(struct answer *a);	/* the provider's own notes; at
				 * first NULL; provider.release frees them */

/*
 * Classifies an error that the server described: an HTTP status (0 inside a
 * stream), its code or type and its text, any of which may be NULL.  Fills the
 * answer's error; returns -1.
 */
int	answer_error(struct answer *a, int status, const char *code,
	    const char *message, struct err *e);

/* A flag of requests beside those of model.h: the server has refused
 * stream_options. */
enum { PROVIDER_NO_STREAM_OPTIONS = 1 << 16 };

struct provider {
	const char *name;	/* "chat" */
	const char *path;	/* after the base URL, for an answer */
	enum provider_framing framing;
	const char *sentinel;	/* SSE data that is no JSON and ends an answer:
				 * "[DONE]"; or NULL */

	/* The body of a request.  -1: something that it cannot express. */
	int (*request)(const struct model *m, const struct model_request *rq,
	    jv *ret_body, struct err *e);

	/* Header fields of its own ("name: value"), key included; appended to
	 * an array of strings. */
	void (*headers)(const struct model *m, jv *fields);

	/* One event of a streamed answer, or the whole body of one that is
	 * not (`whole`).  -1: the answer has failed. */
	int (*event)(struct answer *a, const jv *data, bool whole,
	    struct err *e);

	/* The sentinel, or the end of the connection, came: settles finish
	 * and may call answer_end().  NULL: nothing to do. */
	void (*end)(struct answer *a, bool sentinel);

	/* Frees answer_state(); NULL where that is not used. */
	void (*release)(void *state);

	/* The list of models: path, and the array and member of the ids in
	 * it.  NULL: it has none. */
	const char *models_path, *models_array, *models_id;

	/* Asks for vectors (provider-embed.c), at the same base.  NULL: it
	 * has none. */
	const struct provider *embed;
};

extern const struct provider provider_chat, provider_messages,
    provider_ollama, provider_records, provider_responses;
extern const struct provider provider_embeddings, provider_ollama_embed;

/*
 * What several protocols have in common: the text of a message's content
 * (parts joined), appended; the members of a data URL ("data:TYPE;base64,..."),
 * false when it is none: `*ret_type` is the caller's, data points into `url`.
 */
void	provider_content_text(const jv *content, struct buf *out);
bool	provider_data_url(const char *url, char **ret_type,
	    const char **ret_data);

/* A message's content: a text as it is, parts each as `part_out` makes it. */
jv	provider_content(const jv *content, jv (*part_out)(const jv *part));

/* The arguments of a tool call as the object that they are the text of. */
jv	provider_arguments(const jv *function);

/* What the answer's own provider kept in a message, if it was `name`; or
 * JSON_NONE. */
jv	provider_native(const jv *message, const char *name);

/* Adds the members of `options` that are not in `known` to the body. */
void	provider_pass_options(jv *body, const jv *options,
	    const char *const *known);

/* By name; NULL when there is none. */
const struct provider *provider_find(const char *name);

/*
 * Quirks of a server, members of model.quirks, as providers.yaml(5) describes
 * them: no_stream_options, max_tokens (the member's name), developer (role
 * instead of system), reasoning_back (send reasoning with old answers),
 * no_schema, ...  True when set and not false.
 */
bool	provider_quirk(const struct model *m, const char *name);

#endif
