/*
 * boxnet: the network of one sandbox: which listeners it needs inside, what
 * its programs are told of them, and what becomes of them outside.
 */
#ifndef AGENT_BOXNET_H
#define AGENT_BOXNET_H

#include <stdbool.h>

#include "boxbroker.h"
#include "boxreport.h"
#include "boxspec.h"
#include "proxy.h"
#include "rules.h"
#include "strs.h"

enum { BOXNET_SOURCES = 2 * BOX_PORTS_MAX + 4 };

struct boxnet {
	struct proxy proxy;
	struct boxbroker broker;
	struct proxy_source sources[BOXNET_SOURCES];
	int fds[BOXNET_SOURCES];
	size_t n;
	int control;
	struct boxreport *report;
	unsigned refusals;		/* that were told */
	struct strs denied;		/* "host:port", each once */
	struct strs failed;		/* "host:port: it is not known" */
	struct deadline next;
};

#define BOXNET_INIT { .proxy = { .dns = BOXDNS_INIT }, \
	.broker = BOXBROKER_INIT }

/* /etc/hosts and /etc/resolv.conf inside, or NULL: the host's. */
extern const char boxnet_hosts[], boxnet_resolv[];

/* Whether the listeners need ports below 1024. */
bool	boxnet_needs_root(const struct rules *rules);

/* Checks the rules; fills `spec` and the environment. */
int	boxnet_prepare(struct boxnet *n, const struct rules *rules,
	    struct box_spec *spec, struct strs *env, struct err *e);

/*
 * Starts: opens what is published.  `meter` is the socket of who pays, or -1.
 * `loop` and `report` must outlive it.
 */
int	boxnet_start(struct boxnet *n, const struct rules *rules, int meter,
	    struct loop *loop, int control, struct boxreport *report,
	    struct err *e);

/* A message of the init's that concerns the network; takes over `fd`. */
int	boxnet_message(struct boxnet *n, const struct box_msg *m, int fd,
	    struct err *e);

void	boxnet_release(struct boxnet *n);

#endif
