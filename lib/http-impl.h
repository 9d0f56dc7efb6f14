/*
 * http-impl: what http.c (all calls: connections, descriptors, timers) and
 * http-call.c (one call) know of each other.  For them alone.
 */
#ifndef AGENT_HTTP_IMPL_H
#define AGENT_HTTP_IMPL_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"
#include "http.h"

enum phase {
	WAITING,		/* for a connection to be free */
	CONNECTING,
	SENT,
	RECEIVING
};

struct http {
	CURLM *multi;
	int ep;
	struct http_call *first;
	struct http_call *spare;	/* ended: a handle is dear to make */
	size_t active;
	size_t connections;		/* to a host; 0: so many may be */
	bool one_each;			/* a server was met that takes one
					 * request at a time on each */
	struct deadline curl_due;
	struct deadline look_at;	/* no timer ends before */
	bool happened;			/* since the step began */
	bool resume;			/* a call wants to go on */
};

struct http_call {
	struct http *http;
	struct http_call *prev, *next;
	CURL *easy;
	struct curl_slist *headers;
	struct http_events events;
	void *ctx;
	struct http_source source;	/* of the body */
	struct http_timers timers;
	struct deadline until;
	struct http_head head;
	bool has_head;
	bool inside;		/* one of our callbacks */
	bool cancelled;		/* from there */
	bool paused, resume;
	enum phase phase;
	int64_t since;		/* in this phase, or the last byte */
	int64_t progress;
	struct err e;		/* why a callback ended it */
	char *origin;		/* "http://host:port" */
	char text[CURL_ERROR_SIZE];
};

/* Frees the calls that are kept for their handles. */
void	http_call_free_spare(struct http *h);

/* curl is done with it: the last event, and the call is gone. */
void	http_call_end(struct http_call *c, CURLcode code);

/* When it is out of time, INT64_MAX for never, and which limit that is: 0
 * for the whole call's. */
int64_t	http_call_due(const struct http_call *c, int64_t *ret_limit);

/* Ends it, out of time by that limit. */
void	http_call_expire(struct http_call *c, int64_t limit);

#endif
