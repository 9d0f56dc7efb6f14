/*
 * netrules: which hosts a sandbox may reach.
 *
 * An entry is HOST, *.HOST, * or an address, with :PORT or without; an IPv6
 * address is in brackets.  Denying entries win.  A name is allowed by name;
 * what it resolves to is then looked at: an address that is not public is
 * refused, however the name server spells it, unless it is allowed as such or
 * given by --resolve.
 */
#ifndef AGENT_NETRULES_H
#define AGENT_NETRULES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "err.h"
#include "strs.h"

enum { NET_HOST_MAX = 256 };

/* A host as it was asked for: lower case, no final dot. */
struct nethost {
	char name[NET_HOST_MAX];
	uint16_t port;
	bool literal;			/* an address; in `addr`: */
	struct sockaddr_storage addr;	/* with the port */
};

/*
 * Takes apart "host:port" of `len` bytes, port `standard` when there is none
 * (0: one is needed).  False for what is no host name or address; in
 * particular for numbers that only some resolvers read as addresses
 * ("0x7f.1", "2130706433", "127.1").
 */
bool	nethost_parse(struct nethost *h, const char *text, size_t len,
	    uint16_t standard);

/* Sets a host from a name alone; as above. */
bool	nethost_set(struct nethost *h, const char *name, size_t len,
	    uint16_t port);

struct netrules {
	const struct strs *allow, *deny, *resolve;
	bool inside;		/* we are in a sandbox ourselves: its names
				 * have addresses of 127.64.0.0/10 */
};

/* ST_USAGE with words for the first entry that is none. */
int	netrules_check(const struct netrules *r, struct err *e);

/* Whether a host may be asked for; what it resolves to is another matter. */
bool	netrules_allow(const struct netrules *r, const struct nethost *h);

/* Whether this address of an allowed host may be reached. */
bool	netrules_allow_address(const struct netrules *r,
	    const struct sockaddr *sa);

/* The address that --resolve gives for it; false when it gives none. */
bool	netrules_resolve(const struct netrules *r, const struct nethost *h,
	    struct sockaddr_storage *ret);

/* Whether an address is on the public Internet, as far as can be known. */
bool	netaddr_public(const struct sockaddr *sa);

socklen_t netaddr_len(const struct sockaddr *sa);
void	netaddr_set_port(struct sockaddr *sa, uint16_t port);

#endif
