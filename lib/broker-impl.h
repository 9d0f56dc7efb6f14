/*
 * broker-impl: what broker.c (the client's side), broker-call.c (the host's
 * side), broker-fetch.c (new secrets) and broker-meter.c (who pays) know of
 * each other.  For them alone.
 */
#ifndef AGENT_BROKER_IMPL_H
#define AGENT_BROKER_IMPL_H

#include "broker.h"
#include "brokerreq.h"

enum {
	BROKER_WINDOW = 256 << 10,	/* bytes under way in one direction */
	BROKER_KEPT_MAX = 4 << 20,	/* of a request, for a second try */
	BROKER_KEPT_ALL = 64 << 20	/* of all of them */
};

struct broker_conn {
	struct broker *broker;
	struct broker_endpoint *endpoint;
	struct broker_conn *next, **link;
	int fd;
	enum { BROKER_READING, BROKER_ASKED, BROKER_OPEN,
	    BROKER_CLOSING } state;
	struct deadline until;
	struct buf in;			/* as it came from the client */
	struct brokerreq req;
	struct framing framing;
	struct buf up;			/* the body, without its framing */
	size_t sent;			/* of it, to the host */
	bool whole;			/* `up` begins where the body does */
	bool up_ended;
	struct buf out;			/* to the client */
	size_t done;			/* of it */
	bool headed;			/* the head of the answer is in it */
	bool chunked, empty;		/* how its body goes; there is none */
	bool down_ended;
	struct http_call *call;
	bool stalled;			/* `call` waits for the client */
	bool again;			/* with a new secret, once it came */
	bool tried;			/* that it did */
	struct brokerkey *key;
	struct sieve sieve;
	int64_t metered;		/* the number of the question; 0 */
	int status;			/* of the answer */
	int copy;			/* of the answer, for who pays; or -1 */
	size_t copied;
};

/*
 * broker-fetch.c: fetches a new secret for the endpoint, unless that is under
 * way: 0, then `key` changes, or broker_no_key() is called; -1.  When it has
 * taken too long.  Ends it.
 */
int	broker_fetch(struct broker_endpoint *p, struct err *e);
struct deadline broker_fetch_due(struct broker_endpoint *p);
void	broker_fetch_end(struct broker_endpoint *p);

/* broker-call.c: there is none for who waits for it. */
void	broker_no_key(struct broker_endpoint *p);

/* broker.c: goes on with a request whose head is there. */
void	broker_begin(struct broker_conn *c);

/* Bytes for the client, sooner or later. */
void	broker_settle(struct broker_conn *c);	/* waits for what is next */
void	broker_refuse(struct broker_conn *c, int status, const char *why);
void	broker_answer(struct broker_conn *c, int status, const char *type,
	    const char *body);
void	broker_close(struct broker_conn *c);	/* after what is in `out` */
void	broker_cut(struct broker_conn *c);	/* so that it shows */

/* broker-call.c: asks the host; ends that; goes on when the client took some
 * of the answer; asks with a new secret. */
void	broker_ask(struct broker_conn *c);
void	broker_leave(struct broker_conn *c);
void	broker_go_on(struct broker_conn *c);
void	broker_ask_again(struct broker_conn *c);

/*
 * broker-meter.c: whether who pays has to be asked; then broker_begin() comes
 * when it may go on.  What the answer is, and that it has ended.
 */
bool	broker_meter_ask(struct broker_conn *c);
void	broker_meter_head(struct broker_conn *c, int status);
void	broker_meter_body(struct broker_conn *c, const struct buf *text);
void	broker_meter_end(struct broker_conn *c, bool whole);

#endif
