/*
 * http: HTTP requests, one or thousands at once, over libcurl.
 *
 * The only module that sees curl.h.  A `struct http` holds connections, which
 * are kept and used again; a `struct http_call` is one request on it.  Nothing
 * moves but inside http_step() and http_fetch(), and all events come from
 * there: no threads of ours, no signals.
 *
 * Redirects are not followed (a key would go along); certificates are always
 * checked, against the system's or $CURL_CA_BUNDLE or $SSL_CERT_FILE; proxies
 * are those of the environment (http_proxy, https_proxy, NO_PROXY), both as
 * for curl(1).  Compression is not asked for.
 */
#ifndef AGENT_HTTP_H
#define AGENT_HTTP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"
#include "clock.h"
#include "err.h"

struct http;
struct http_call;

/*
 * What a call waits for, each in nanoseconds, 0 for no limit.  Time during
 * which the call is paused, or we are busy elsewhere with bytes of it waiting
 * in the kernel, does not count.  Running out is ST_TIMEOUT.
 */
struct http_timers {
	int64_t connect;	/* name, TCP, TLS; else ST_UNAVAILABLE */
	int64_t first_byte;	/* from there to the status line */
	int64_t idle;		/* between bytes of any kind */
	int64_t progress;	/* between calls of http_progress(), the first
				 * from the start: bytes may be keep-alives */
};

/*
 * A body that comes piece by piece, told from where the events go.  `read`
 * gives at most `max` bytes, 0 at the end, HTTP_LATER when there are none yet
 * (http_more() when there are), -1 to give up.  `rewind` goes back to the
 * start, for a second try on another connection; false when it cannot.
 */
enum { HTTP_LATER = -2 };

struct http_source {
	ssize_t (*read)(void *ctx, char *data, size_t max);
	bool (*rewind)(void *ctx);
	int64_t len;			/* -1: not known */
	void *ctx;			/* NULL: that of the events */
};

struct http_request {
	const char *method;		/* NULL: POST with a body, else GET */
	const char *url;
	const char *const *headers;	/* "Name: value", then NULL; or NULL */
	const void *body;		/* borrowed until the call is done */
	size_t body_len;
	const struct http_source *source;	/* or NULL; in its place */
	const char *unix_socket;	/* connect here instead; or NULL */
	struct http_timers timers;
	struct deadline until;		/* the whole call; DEADLINE_NEVER */
};

struct http_field {
	const char *name, *value;
};

/* The head of a response; lives until `done` returns. */
struct http_head {
	int status;			/* 200, 429... */
	const struct http_field *fields;
	size_t count;
};

/* The value of a header field, of the first if many; NULL when not there.
 * The case of `name` does not matter. */
const char *http_field(const struct http_head *head, const char *name);

/* An HTTP date as nanoseconds since 1970; 0, or -1. */
int	http_date(const char *s, int64_t *ret_wall_ns);

/*
 * What becomes of a call.  `head` and `body` give 0, or -1 and the error with
 * which the call then ends.  `done` comes exactly once, unless the call is
 * cancelled, as the last: `e` is NULL when the whole response came, whatever
 * its status; then: ST_UNAVAILABLE (no connection), ST_TIMEOUT, ST_PROTOCOL
 * (cut, malformed, certificate), ST_CONFIG (URL).  `head` may be NULL.
 */
struct http_events {
	int (*head)(void *ctx, const struct http_head *head, struct err *e);
	int (*body)(void *ctx, const char *data, size_t len, struct err *e);
	void (*done)(void *ctx, const struct err *e);
};

/*
 * `connections` is the most that are open to one host at once; what is beyond
 * waits its turn, and that wait counts for no timer but `until`.  0: no bound.
 */
struct http *http_new(size_t connections, struct err *e);
void	http_free(struct http *h);	/* cancels what is under way */

/*
 * Begins a call; it is freed after `done`.  NULL when the request is
 * impossible (ST_CONFIG for a URL that is none, or not http or https).
 */
struct http_call *http_start(struct http *h, const struct http_request *rq,
	    const struct http_events *events, void *ctx, struct err *e);

void	http_cancel(struct http_call *c);	/* no more events; frees */
void	http_progress(struct http_call *c);	/* what came was of use */
void	http_more(struct http_call *c);	/* of the body can be read */
void	http_pause(struct http_call *c, bool on); /* back-pressure */
void	http_limit(struct http_call *c, struct deadline until);	/* anew */
size_t	http_active(const struct http *h);

/*
 * For a loop of the caller's: poll the descriptor for POLLIN, and at `due` at
 * the latest call http_step(), which does what can be done without waiting.
 */
int	http_fd(const struct http *h);
struct deadline http_due(const struct http *h);
int	http_step(struct http *h, struct err *e);

/*
 * One request, whole: the status, and at most `limit` bytes of the body
 * appended to `out` (more is ST_DATA); -1 on failure.  `type` is NULL or gets
 * the Content-Type, which the caller frees.
 */
int	http_fetch(struct http *h, const struct http_request *rq, size_t limit,
	    const volatile int *stop, struct buf *out, char **type,
	    struct err *e);

/*
 * The same, the body of a success into a spool as it comes; that of any other
 * status is appended to `refusal`.
 */
struct spool;
int	http_save(struct http *h, const struct http_request *rq, size_t limit,
	    const volatile int *stop, struct spool *to, struct buf *refusal,
	    struct err *e);

#endif
