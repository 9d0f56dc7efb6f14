/*
 * model-call: one question under way: its attempts, and what reads the answer
 * of each.  Between model.c, which owns the loop, and model-*.c only.
 */
#ifndef AGENT_MODEL_CALL_H
#define AGENT_MODEL_CALL_H

#include "answer.h"
#include "ledger.h"
#include "model.h"
#include "sse.h"
#include "transport.h"

enum { TRANSPORTS_MAX = 4 };

struct vendor_key;

struct model_pool {
	size_t connections;
	struct transport transports[TRANSPORTS_MAX];
	size_t ntransports;
	struct model_call *calls;
	struct leg *legs;
	size_t active;
	struct deadline retry_at;	/* no call is to be tried before */
	struct model_call *finished, *last_finished;	/* not yet told of */
	struct vendor_key *keys;	/* that commands gave */
	struct ledger *ledger;		/* NULL: none */
	struct memo *memo;		/* NULL: none */
	struct model_call **leads;	/* by key, where there is a memo */
	struct strs answered;		/* keys whose claims are to end */
	char *dir;			/* where we are, for it; or NULL */
	struct ledger_settlement *unbooked;	/* what is to be settled */
	size_t nunbooked, unbooked_cap;
	struct deadline book_at;	/* at the latest */
	struct model_call **unleased;	/* in the order they came; or NULL */
	size_t nunleased, unleased_cap;
};

/*
 * One attempt on its transport.  It outlives its call when the answer was
 * whole but the connection is still to be read to its end, so that it can be
 * used again.
 */
struct leg {
	struct model_pool *pool;
	struct leg *prev, *next;
	struct model_call *call;	/* NULL: nobody listens any more */
	const struct transport_ops *ops;
	void *wire;			/* the call on the transport */
};

/* How the body is read. */
enum reading {
	READ_SSE,
	READ_NDJSON,
	READ_WHOLE,		/* one JSON value */
	READ_ERROR		/* of a status that is none of 2xx */
};

struct model_call {
	struct model_pool *pool;
	struct model_call *prev, *next;
	const struct model *m;		/* who is asked now */
	jv messages, tools, options, schema;
	struct model_request rq;	/* points to these */
	struct deadline until;
	void (*done)(void *ctx, struct model_reply *r, const struct err *e);
	void *done_ctx;
	struct buf body;		/* of the request */
	char *key;			/* that was used last */
	bool keyless;			/* parked: its command is asked */
	bool renewed;			/* it was asked for anew */
	struct leg *leg;
	struct answer answer;
	struct sse sse;
	struct buf raw;			/* a whole body, or part of a line */
	enum reading reading;
	int status;			/* HTTP; 0: no head yet */
	bool hard_end;			/* nothing can follow */
	bool local;			/* the caller's events failed */
	int tries, attempts;		/* of this model, of all */
	struct deadline retry_at;	/* DEADLINE_NEVER: not waiting */
	struct ledger_lease lease;
	bool leased;
	bool queued;			/* for a lease */
	int64_t leased_at;
	int64_t max_output;		/* tokens, by the lease; 0: any */
	char *memo_key;			/* of the request; or NULL */
	bool recalled;			/* answered from the memo */
	char *carries;			/* rq.memo_key; or NULL */
	bool leads;			/* others wait for its answer */
	bool alone;			/* it has waited for one in vain */
	struct model_call *next_lead;	/* in the same bucket */
	struct model_call *lead;	/* whom it waits for; or NULL */
	struct model_call *followers, *next_follower;
	struct deadline claimed;	/* by another process: until then */
	int64_t look;			/* again, in so long */
	bool finished;
	struct model_call *next_finished;
	struct err e;			/* ST_OK: answered */
	int64_t began;
};

enum { BODY_MAX = 64 << 20, ERROR_MAX = 64 << 10 };

/* Begins an attempt.  -1: it cannot be made. */
int	call_begin(struct model_call *c, struct err *e);

/* The parts of a request: the body into c->body, the header fields as an
 * array of strings with `key` instead of the model's (NULL: that), the URL. */
int	call_make_body(struct model_call *c, struct err *e);
jv	call_fields(const struct model *m, const char *key);
char	*call_url(const struct model *m);

/*
 * model-key.c.  The newest key, or NULL; whether the call may begin: 1; 0 when
 * it is parked until its key is here; -1.  After a refusal: 1 when there is
 * a newer one, 0 when it is parked until there is, -1 when that is no use.
 */
const char *call_key(const struct model_call *c);
int	call_need_key(struct model_call *c, struct err *e);
int	call_renew_key(struct model_call *c);
int	pool_keys_step(struct model_pool *p);	/* 1 when something happened */
size_t	pool_keys_fds(const struct model_pool *p,
	    struct pollfd *fds);	/* how many; fds may be NULL */
struct deadline pool_keys_due(const struct model_pool *p);
void	pool_keys_free(struct model_pool *p);

/* Lets go of the attempt, which is cancelled. */
void	call_drop_leg(struct model_call *c);
void	leg_free(struct leg *l);

/*
 * model-memo.c: 1 when the memo answers, and the call has ended, or when it
 * waits for another that asks the same; 0; -1.  At the end of a call those
 * that wait for it go on, and then, when what is kept is kept, the claims of
 * this process end.
 */
int	call_recall(struct model_call *c, struct err *e);
void	call_unlead(struct model_call *c, bool ended);
void	call_unfollow(struct model_call *c);
void	pool_yield(struct model_pool *p);

/* With a lease, or where none is needed: it goes out. */
int	call_send(struct model_call *c, struct err *e);

/* No lease: it comes again after `wait`, or ends with `e`. */
void	call_refused(struct model_call *c, int64_t wait, const struct err *e);

/*
 * model-ledger.c: around an attempt.  call_lease(): whether it may go out; if
 * not, it is in the queue, of which pool_lease() serves a chunk.
 */
bool	call_lease(struct model_call *c);
void	call_unqueue(struct model_call *c);
bool	pool_lease(struct model_pool *p);	/* whether there were any */
struct deadline pool_ledger_due(const struct model_pool *p);
void	pool_book_due(struct model_pool *p);
void	call_settle(struct model_call *c, const struct err *e);
void	call_limits(struct model_call *c, const struct http_head *head);
void	pool_open_ledger(struct model_pool *p);
void	pool_book(struct model_pool *p);	/* what was put off */

/* What has come of it; what is in the answer moves. */
void	call_reply(struct model_call *c, struct model_reply *r);

/* Nothing happens to it before that time, when it begins (anew). */
void	call_park(struct model_call *c, struct deadline until);

/*
 * model-retry.c: an attempt has ended, well or not, and what follows is to be
 * decided; it is made again, now; it has failed with c->e, and that model is
 * not asked again for that.
 */
void	call_ended(struct model_call *c, const struct err *e);
void	call_again(struct model_call *c);
void	call_failed(struct model_call *c);

/* Nothing follows: model_wait() tells the caller. */
void	call_finish(struct model_call *c);

#endif
