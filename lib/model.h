/*
 * model: asking a language model, whichever protocol it speaks.
 *
 * Messages, tools and the answer have the shape of OpenAI's Chat Completions,
 * whatever goes over the wire:
 *
 *	{"role":"system"|"user"|"assistant"|"tool", "content":TEXT|PARTS,
 *	 "tool_calls":[{"id","type":"function",
 *	    "function":{"name","arguments":JSON-TEXT}}], "tool_call_id"}
 *	PARTS: {"type":"text","text"}, {"type":"image_url","image_url":{"url"}},
 *	    {"type":"file","file":{"filename","file_data"}}
 *	tools: {"type":"function","function":{"name","description",
 *	    "parameters"}}
 *
 * An answer may also have "reasoning" (text) and "native": what only its
 * provider can read (signatures, encrypted reasoning).  Put the message into
 * the conversation as it is: native goes back to that provider untouched, and
 * to no other.
 *
 * One question at a time:
 *
 *	struct model m = MODEL_INIT;
 *	struct model_reply r = MODEL_REPLY_INIT;
 *	struct model_request rq = { .messages = &messages, .tools = &tools };
 *	struct model_pool *p = model_pool_new(0, &e);
 *	catalog_find(&config, "openai/gpt-5", &m, &e);		(catalog.h)
 *	if (model_ask(p, &m, &rq, deadline, &cli_signal, &r, &e) < 0) ...
 *	json_append(&messages, json_copy(&r.message));
 *
 * Many at once: model_start() for each and model_wait() in a loop.
 *
 * What a call may cost is leased from the user's ledger before it is sent
 * (ledger.h), for the pool and run of $AGENT_POOL and $AGENT_RUN, and settled
 * afterwards.
 *
 * An answer counts only if the protocol's own end was seen.  One that was cut
 * is ST_PROTOCOL; what had come of it is in the reply, without its tool calls.
 */
#ifndef AGENT_MODEL_H
#define AGENT_MODEL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "clock.h"
#include "err.h"
#include "http.h"
#include "json.h"
#include "strs.h"

struct memo;		/* answers kept on disk: memo.h */
struct provider;	/* a protocol: provider.h */
struct model_pool;
struct model_call;

/*
 * Whom to ask, and how to get there.  Filled by catalog_find(); everything in
 * it is owned.
 */
struct model {
	char *name;		/* "openai/gpt-5": what people call it */
	char *vendor;		/* "openai": the entry in providers.yaml */
	char *id;		/* "gpt-5": what the server calls it */
	const struct provider *provider;
	char *base;		/* URL, or "replay:FILE" */
	char *unix_socket;	/* or NULL */
	char *key;		/* or NULL: none, or key_cmd knows it */
	char *key_from;		/* "OPENAI_API_KEY", "key_cmd": for people */
	jv key_cmd;		/* string or argv: run when a key is needed, and
				 * after a 401 */
	jv headers;		/* object: more header fields */
	jv quirks;		/* object: provider.h */
	jv options;		/* object: under those of the request */
	struct http_timers timers;
	struct model *fallback;	/* asked when this one cannot answer; or NULL */
	struct strs on;		/* as a fallback: after these kinds of failure,
				 * by model_error_name() or err_kind(); none:
				 * where another may do better */
};

#define MODEL_INIT { .key_cmd = JSON_NONE, .headers = JSON_NONE, \
	.quirks = JSON_NONE, .options = JSON_NONE }

void	model_release(struct model *m);

/* Appends {"role","content"} to a conversation; `content`, a text or parts, is
 * taken. */
void	model_add_message(jv *messages, const char *role, jv content);

/* Why an answer ended. */
enum model_finish {
	MODEL_UNFINISHED,	/* cut, or failed */
	MODEL_STOP,		/* by itself */
	MODEL_TOOLS,		/* it wants tools called */
	MODEL_LENGTH,		/* out of tokens: partial, no tool calls */
	MODEL_REFUSED,		/* by the model or a filter */
	MODEL_PAUSED		/* wants to be sent its own words to go on */
};
const char *model_finish_name(enum model_finish finish); /* "stop" */

/* The exit status for it: ST_OK, ST_LIMIT, ST_REFUSED, ST_PROTOCOL. */
int	model_finish_status(enum model_finish finish);

/* Tokens, -1 where the server does not say. */
struct model_usage {
	int64_t input;		/* all of the prompt, cached or not */
	int64_t output;		/* with reasoning */
	int64_t cached;		/* of input: read from the cache */
	int64_t cache_write;	/* of input: written to it */
	int64_t reasoning;	/* of output */
	double cost;		/* in USD, when the server says it */
	bool estimated;		/* the caller's guess, as it says nothing */
};

#define MODEL_USAGE_INIT { -1, -1, -1, -1, -1, -1, false }

/* {"input_tokens":..,"output_tokens":..}: the members that are known. */
jv	model_usage_json(const struct model_usage *u);
/* Back from that; what it does not say stays as it is. */
void	model_usage_read(const jv *usage, struct model_usage *u);
void	model_usage_add(struct model_usage *sum, const struct model_usage *u);

/* What is known about a failure, beyond struct err; text may be NULL. */
enum model_error_kind {
	MODEL_OK,
	MODEL_ERR_CONNECT,	/* no connection, or it broke before a head */
	MODEL_ERR_TIMEOUT,
	MODEL_ERR_RATE,		/* 429: wait */
	MODEL_ERR_QUOTA,	/* 429 or 402: no use waiting */
	MODEL_ERR_BUDGET,	/* a cap of ours: ledger.h */
	MODEL_ERR_OVERLOADED,	/* 503, 529 */
	MODEL_ERR_SERVER,	/* other 5xx */
	MODEL_ERR_AUTH,		/* 401, 403 */
	MODEL_ERR_NOT_FOUND,	/* no such model, no such URL */
	MODEL_ERR_CONTEXT,	/* the prompt is too long */
	MODEL_ERR_REQUEST,	/* other 4xx: our request is wrong */
	MODEL_ERR_REFUSED,	/* the provider's policy */
	MODEL_ERR_CUT,		/* ended before its end */
	MODEL_ERR_GARBAGE,	/* not what the protocol says */
	MODEL_ERR_OTHER		/* local: see the text */
};
const char *model_error_name(enum model_error_kind kind); /* "rate_limit" */

struct model_error {
	enum model_error_kind kind;
	int http_status;	/* 0: none came */
	double retry_after;	/* seconds; -1: not said */
	char *reset;		/* RFC 3339, when the limit ends */
	char *code;		/* the server's own word */
	bool partial;		/* something had come */
};

/*
 * The outcome.  After a failure `error` says more and `message` holds what
 * had come, if anything; names and ids are set as far as they were known.
 */
struct model_reply {
	jv message;		/* {"role":"assistant",...}; JSON_NONE: none */
	enum model_finish finish;
	struct model_usage usage;
	char *vendor;		/* who answered, after fallback */
	char *model;		/* its name here: "openai/gpt-5" */
	char *served;		/* as the server calls it; or NULL */
	char *request_id;	/* or NULL */
	int attempts;
	char *memo_key;		/* of the request, where there is a memo */
	bool recalled;		/* the answer is from there, and cost nothing */
	int64_t first_ns;	/* until the first text or reasoning; -1 */
	int64_t total_ns;
	struct model_error error;
};

#define MODEL_REPLY_INIT { .message = JSON_NONE, .usage = MODEL_USAGE_INIT, \
	.first_ns = -1, .error.retry_after = -1 }

void	model_reply_release(struct model_reply *r);

/*
 * The data of an `error` record: kind and status as record_error_data(),
 * and http_status, retry_after, reset, provider, model, request_id, partial.
 */
jv	model_error_json(const struct model_reply *r, const struct err *e);

/*
 * What is told on the way; each may be NULL.  `text` and `reasoning` get
 * pieces of the answer as they come, valid until they return; -1 ends the
 * call with that error.  Nothing is tried again after a piece was given: a
 * caller who would rather have retries than a live text leaves them NULL.
 */
struct model_events {
	int (*text)(void *ctx, const char *s, size_t len, struct err *e);
	int (*reasoning)(void *ctx, const char *s, size_t len, struct err *e);
	/* before waiting `delay_ns`; `to` is who is asked then */
	void (*retry)(void *ctx, const struct model_reply *failed,
	    const struct err *e, int64_t delay_ns, const struct model *to);
	/* before waiting `ns` for the ledger to let the call go out */
	void (*wait)(void *ctx, const struct err *why, int64_t ns,
	    const struct model *to);
};

enum {
	MODEL_NO_TEXT = 1,	/* do not keep text and reasoning in the reply:
				 * memory stays flat, message has none */
	MODEL_NO_STREAM = 2,	/* ask for the answer in one piece */
	MODEL_ELSEWHERE_REFUSED = 4	/* a refusal is a reason to ask the
				 * fallback, while no piece was given */
};

/* What to ask; everything is borrowed, only until the call has started. */
struct model_request {
	const jv *messages;	/* array */
	const jv *tools;	/* array; NULL or empty: none */
	const jv *options;	/* object: temperature, max_tokens... in Chat
				 * Completions' words; NULL */
	const jv *schema;	/* JSON Schema the answer must follow; NULL */
	unsigned flags;
	const char *memo_key;	/* of the request that this one goes on with:
				 * who asks the same waits for both; NULL */
	int retries;		/* how often more; -1: the default, 2 */
	const struct model_events *events;	/* lives as long as the call */
	void *ctx;
};

enum { MODEL_RETRIES = 2 };

/*
 * Holds connections, so keep it as long as there may be another question.
 * `connections`: the most to one host, 0 for no bound.
 */
struct model_pool *model_pool_new(size_t connections, struct err *e);
void	model_pool_free(struct model_pool *p);

/*
 * From now on requests are answered from `memo` (which outlives the pool)
 * where it has the answer: nothing is leased, sent or paid.  The answers of
 * others are kept by who finds them good: model_remember() keeps a whole one
 * under the memo_key of a reply, and does nothing for any other.  Do it before
 * the next model_wait(): of many who ask the same at a time, in this process
 * and others, one is sent and the rest wait for what is kept of it.  When
 * nothing is, each of them is sent.
 */
void	model_pool_memo(struct model_pool *p, struct memo *memo);
int	model_remember(struct model_pool *p, const char *key,
	    const struct model_reply *r, struct err *e);

/*
 * One answer, waiting for it: 0, or -1 with `e` and ret->error.  The status
 * of `e`: ST_TEMPFAIL (rate limit), ST_BUDGET (quota), ST_UNAVAILABLE,
 * ST_DENIED (key), ST_NOINPUT (no such model), ST_PROTOCOL (cut, garbage),
 * ST_TIMEOUT, ST_REFUSED, ST_DATA (request refused as wrong), ST_CONFIG,
 * ST_SIGNAL + n.  MODEL_LENGTH and MODEL_REFUSED are answers: look at finish.
 * `ret` is released and filled anew.
 */
int	model_ask(struct model_pool *p, const struct model *m,
	    const struct model_request *rq, struct deadline until,
	    const volatile int *stop, struct model_reply *ret, struct err *e);

/*
 * The same without waiting: `done` comes once from within model_wait(), with
 * `e` NULL after success; the reply is the caller's to change or steal from
 * until it returns.  `m` must live until then.  NULL: impossible request.
 */
struct model_call *model_start(struct model_pool *p, const struct model *m,
	    const struct model_request *rq, struct deadline until,
	    void (*done)(void *ctx, struct model_reply *r, const struct err *e),
	    void *done_ctx, struct err *e);
void	model_cancel(struct model_call *c);	/* without `done` */

/* For so long the caller was busy with others, such as a slow reader: all
 * calls have that much more time. */
void	model_excuse(struct model_pool *p, int64_t ns);

/*
 * Waits until something happened to a call, one of `extra` (may be NULL) is
 * ready, which its revents then tell, or the deadline passed: 1, or 0 for the
 * last; -1 on failure or by a signal, as fd_wait() does.
 */
int	model_wait(struct model_pool *p, struct pollfd *extra, size_t count,
	    struct deadline until, const volatile int *stop, struct err *e);

/*
 * The request as it would be sent, for people and for tests: {"method","url",
 * "headers","body"}, the key blanked.
 */
int	model_dry_run(const struct model *m, const struct model_request *rq,
	    jv *ret, struct err *e);

/*
 * For who carries requests and answers himself, as vendors' batches do: the
 * body of a request for an answer in one piece, appended; and what the body of
 * such an answer, or of a refusal with that status, says.  0, or -1 as
 * model_ask().
 */
int	model_body(const struct model *m, const struct model_request *rq,
	    struct buf *out, struct err *e);
int	model_read(const struct model *m, int status, const jv *body,
	    struct model_reply *ret, struct err *e);

/*
 * The key, for who asks that server by himself; it may take as long as its
 * command does.  *ret is to be freed with key_free(); NULL: it needs none.
 */
int	model_key(const struct model *m, char **ret, struct err *e);

/*
 * The names of the models that the server of `m` has: an array of strings, in
 * its order; JSON_NONE on failure, as model_ask() fails.  Only base, provider,
 * key, headers and timers of `m` matter.
 */
jv	model_list(const struct model *m, struct deadline until,
	    const volatile int *stop, struct err *e);

#endif
