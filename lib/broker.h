/*
 * broker: the credential broker: plain HTTP inside a sandbox, TLS and a secret
 * outside.
 *
 * Each rule (inject.h) has an endpoint, a listener that was made inside.  A
 * request to it that the rule allows goes to the rule's host, with the secret
 * in its header; the answer comes back as it comes, piece by piece, and the
 * secret is blanked where it shows up whole.  Neither side is read faster than
 * the other takes, so memory does not grow.  Redirects are passed back, never
 * followed.  One request a connection: none can hide behind another.
 *
 * A 401 fetches the secret anew, where a command gives it, and asks once more
 * as long as the whole request is still there.  What does not need the new one
 * goes on meanwhile.
 *
 * Somebody who pays may have to be asked before anything is sent: meter.h.
 */
#ifndef AGENT_BROKER_H
#define AGENT_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "brokerkey.h"
#include "clock.h"
#include "http.h"
#include "inject.h"
#include "loop.h"

enum { BROKER_CONNS_MAX = 1500, BROKER_UPSTREAM_MAX = 256 };

/* In place of the socket to who pays: there never was one; it has gone. */
enum { BROKER_UNMETERED = -1, BROKER_METER_LOST = -2 };

struct broker_event {
	const struct inject *rule;
	const char *method, *path;	/* NULL: not understood */
	const char *why;		/* refused, or NULL */
};

struct broker_endpoint {
	struct broker *broker;
	struct inject rule;
	struct brokerkey *key;
	struct deadline fresh;		/* no new key is asked for before */
	struct key_helper *fetch;	/* of one; NULL */
	int fd;				/* -1: none yet */
	uint16_t port;
};

struct broker_conn;

struct broker {
	struct loop *loop;
	struct http *http;
	struct broker_endpoint *endpoints;
	size_t n;
	struct broker_conn *conns;	/* a list */
	size_t count;
	size_t kept;			/* bytes of requests kept for later */
	bool paused;			/* the listeners wait for room */
	int meter;			/* who pays is asked there */
	int64_t asked;			/* so often */
	void (*told)(void *arg, const struct broker_event *event);
	void *arg;
};

/* Adds an endpoint: reads the rule and its secret.  ST_USAGE, ST_DENIED. */
int	broker_add(struct broker *b, const char *rule, struct err *e);

/* Starts to serve endpoint `i`; takes over the listener. */
int	broker_listen(struct broker *b, size_t i, int fd, struct err *e);

/* Asks there before a request is sent: meter.h. */
int	broker_meter(struct broker *b, int sock, struct err *e);

/* After each round of the loop: what the other side did, what took too long;
 * when to call again at the latest. */
struct deadline broker_step(struct broker *b);

void	broker_release(struct broker *b);

#endif
