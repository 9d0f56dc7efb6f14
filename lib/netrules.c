/* netrules: which hosts a sandbox may reach. */
#include "config.h"

#include "netrules.h"

#include <arpa/inet.h>
#include <ctype.h>

#include "alloc.h"
#include "num.h"

socklen_t
netaddr_len(const struct sockaddr *sa)
{
	return sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
	    sizeof(struct sockaddr_in);
}

void
netaddr_set_port(struct sockaddr *sa, uint16_t port)
{
	if (sa->sa_family == AF_INET6)
		((struct sockaddr_in6 *)(void *)sa)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)(void *)sa)->sin_port = htons(port);
}

/* An address in the one spelling that inet_pton(3) takes. */
static bool
parse_address(const char *text, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
	    .sin6_port = htons(port) };

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		memcpy(ret, &in, sizeof(in));
	else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		memcpy(ret, &in6, sizeof(in6));
	else
		return false;
	return true;
}

/* Whether inet_aton(3) could take the last label for a number. */
static bool
ends_in_number(const char *name)
{
	const char *last = strrchr(name, '.');

	last = last ? last + 1 : name;
	if (last[0] == '0' && (last[1] == 'x' || last[1] == 'X'))
		return true;
	return *last && strspn(last, "0123456789") == strlen(last);
}

static bool
valid_name(const char *name)
{
	size_t n = strlen(name), label = 0;

	if (n == 0 || n > 253 || ends_in_number(name))
		return false;
	for (const char *p = name; *p; p++) {
		if (*p == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_')
			return false;
		if (++label > 63)
			return false;
	}
	return label > 0;
}

bool
nethost_set(struct nethost *h, const char *name, size_t len, uint16_t port)
{
	if (len >= 2 && name[0] == '[' && name[len - 1] == ']') {
		name++;
		len -= 2;
	}
	if (len == 0 || len >= NET_HOST_MAX || memchr(name, '\0', len) ||
	    port == 0)
		return false;
	memset(h, 0, sizeof(*h));
	for (size_t i = 0; i < len; i++)
		h->name[i] = (char)tolower((unsigned char)name[i]);
	h->port = port;
	if (parse_address(h->name, port, &h->addr)) {
		h->literal = true;
		return true;
	}
	/* "example.com." is the same host */
	if (len > 1 && h->name[len - 1] == '.')
		h->name[len - 1] = '\0';
	return valid_name(h->name);
}

bool
nethost_parse(struct nethost *h, const char *text, size_t len,
    uint16_t standard)
{
	const char *colon = memrchr(text, ':', len);
	int64_t port = standard;
	char digits[8];

	/* the colon of "[::1]" is none */
	if (colon && memchr(colon, ']', (size_t)(text + len - colon)))
		colon = NULL;
	if (colon) {
		size_t n = (size_t)(text + len - colon - 1);
		if (n == 0 || n > 5)
			return false;
		memcpy(digits, colon + 1, n);
		digits[n] = '\0';
		if (strspn(digits, "0123456789") != n ||
		    num_parse_int(digits, 1, 65535, &port) < 0)
			return false;
		len = (size_t)(colon - text);
		/* an IPv6 address needs its brackets here */
		if (memchr(text, ':', len) && text[0] != '[')
			return false;
	}
	return nethost_set(h, text, len, (uint16_t)port);
}

/* An entry as pattern and port; 0 for any port. */
static bool
parse_entry(const char *entry, struct nethost *h, bool *ret_star,
    bool *ret_any_port)
{
	bool star = strncmp(entry, "*.", 2) == 0;
	const char *rest = entry + (star ? 2 : 0);

	*ret_any_port = false;
	*ret_star = star;
	if (strcmp(entry, "*") == 0 || strncmp(entry, "*:", 2) == 0) {
		*ret_star = true;
		rest = entry + 1;
		h->name[0] = '\0';
		h->literal = false;
		*ret_any_port = *rest == '\0';
		if (*ret_any_port)
			return true;
		int64_t port;
		if (num_parse_int(rest + 1, 1, 65535, &port) < 0)
			return false;
		h->port = (uint16_t)port;
		return true;
	}
	if (nethost_parse(h, rest, strlen(rest), 0))
		return !star || !h->literal;
	*ret_any_port = true;
	return nethost_parse(h, rest, strlen(rest), 1) && (!star ||
	    !h->literal);
}

/* One spelling for all: an IPv4 address as it is mapped, or behind NAT64. */
static void
plain_address(const struct sockaddr_storage *sa, uint8_t ret[16])
{
	static const uint8_t mapped[12] = {
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
	};
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;

	if (sa->ss_family == AF_INET)
		memcpy(ret + 12, &in->sin_addr, 4);
	else
		memcpy(ret, &in6->sin6_addr, 16);
	if (sa->ss_family == AF_INET || memcmp(ret, nat64, 12) == 0)
		memcpy(ret, mapped, 12);
}

static bool
same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	uint8_t plain[2][16];

	plain_address(a, plain[0]);
	plain_address(b, plain[1]);
	return memcmp(plain[0], plain[1], 16) == 0;
}

static bool
matches(const char *entry, const struct nethost *h)
{
	struct nethost want;
	bool star, any_port;
	size_t n, m;

	if (!parse_entry(entry, &want, &star, &any_port) ||
	    (!any_port && want.port != h->port))
		return false;
	if (star && !want.name[0])
		return true;
	if (want.literal || h->literal)
		return want.literal && h->literal &&
		    same_address(&want.addr, &h->addr);
	if (!star)
		return strcmp(want.name, h->name) == 0;
	n = strlen(h->name);
	m = strlen(want.name);
	return n > m + 1 && h->name[n - m - 1] == '.' &&
	    strcmp(h->name + n - m, want.name) == 0;
}

static bool
any_matches(const struct strs *entries, const struct nethost *h)
{
	for (size_t i = 0; i < entries->n; i++)
		if (matches(entries->v[i], h))
			return true;
	return false;
}

bool
netrules_allow(const struct netrules *r, const struct nethost *h)
{
	return any_matches(r->allow, h) && !any_matches(r->deny, h);
}

static bool
in4(uint32_t a, uint32_t net, unsigned bits)
{
	return a >> (32 - bits) == net >> (32 - bits);
}

/* RFC 6890 and what clouds keep their metadata at. */
static bool
public4(uint32_t a)
{
	static const struct { uint32_t net; unsigned bits; } reserved[] = {
		{ 0x00000000, 8 }, { 0x0a000000, 8 }, { 0x64400000, 10 },
		{ 0x7f000000, 8 }, { 0xa9fe0000, 16 }, { 0xac100000, 12 },
		{ 0xc0000000, 24 }, { 0xc0000200, 24 }, { 0xc0586300, 24 },
		{ 0xc0a80000, 16 }, { 0xc6120000, 15 }, { 0xc6336400, 24 },
		{ 0xcb007100, 24 }, { 0xe0000000, 3 },
		{ 0xa83f8110, 32 }	/* 168.63.129.16 */
	};

	for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
		if (in4(a, reserved[i].net, reserved[i].bits))
			return false;
	return true;
}

static uint32_t
last4(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	    (uint32_t)b[2] << 8 | b[3];
}

static bool
public6(const uint8_t *b)
{
	static const uint8_t zero[12], mapped[12] = {
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
	};
	static const uint8_t nat64[12] = { 0, 0x64, 0xff, 0x9b };

	/* an IPv4 address in disguise is what it is */
	if (memcmp(b, mapped, 12) == 0 || memcmp(b, nat64, 12) == 0)
		return public4(last4(b + 12));
	if (memcmp(b, zero, 12) == 0)
		return false;
	if (b[0] == 0x20 && b[1] == 0x02)	/* 6to4 */
		return public4(last4(b + 2));
	/* local NAT64, documentation, Teredo; all else outside of 2000::/3 */
	if (memcmp(b, nat64, 4) == 0 ||
	    (b[0] == 0x20 && b[1] == 0x01 &&
	    ((b[2] == 0x0d && b[3] == 0xb8) || (b[2] == 0 && b[3] < 0x20))))
		return false;
	return (b[0] & 0xe0) == 0x20;
}

bool
netaddr_public(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return public4(ntohl(((const struct sockaddr_in *)
		    (const void *)sa)->sin_addr.s_addr));
	if (sa->sa_family == AF_INET6)
		return public6(((const struct sockaddr_in6 *)
		    (const void *)sa)->sin6_addr.s6_addr);
	return false;
}

static bool
of_outer_sandbox(const struct sockaddr *sa)
{
	return sa->sa_family == AF_INET &&
	    in4(ntohl(((const struct sockaddr_in *)(const void *)sa)->
	    sin_addr.s_addr), 0x7f400000, 10);
}

bool
netrules_allow_address(const struct netrules *r, const struct sockaddr *sa)
{
	struct nethost h = { .literal = true };

	if (r->inside && of_outer_sandbox(sa))
		return true;
	memcpy(&h.addr, sa, netaddr_len(sa));
	h.port = ntohs(sa->sa_family == AF_INET6 ?
	    ((const struct sockaddr_in6 *)(const void *)sa)->sin6_port :
	    ((const struct sockaddr_in *)(const void *)sa)->sin_port);
	if (any_matches(r->deny, &h))
		return false;
	if (netaddr_public(sa))
		return true;
	/* named by its number, not by a star */
	for (size_t i = 0; i < r->allow->n; i++)
		if (r->allow->v[i][0] != '*' && matches(r->allow->v[i], &h))
			return true;
	return false;
}

/* "HOST:PORT:ADDRESS[:PORT]" */
static bool
parse_resolve(const char *rule, struct nethost *ret_host,
    struct nethost *ret_to)
{
	const char *first = strchr(rule, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;

	return second && nethost_parse(ret_host, rule,
	    (size_t)(second - rule), 0) &&
	    nethost_parse(ret_to, second + 1, strlen(second + 1),
	    ret_host->port) && ret_to->literal;
}

bool
netrules_resolve(const struct netrules *r, const struct nethost *h,
    struct sockaddr_storage *ret)
{
	for (size_t i = 0; i < r->resolve->n; i++) {
		struct nethost host, to;
		if (!parse_resolve(r->resolve->v[i], &host, &to) ||
		    host.port != h->port || strcmp(host.name, h->name) != 0)
			continue;
		*ret = to.addr;
		return true;
	}
	return false;
}

int
netrules_check(const struct netrules *r, struct err *e)
{
	const struct strs *lists[] = { r->allow, r->deny };
	struct nethost h, to;
	bool star, any_port;

	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < lists[i]->n; j++)
			if (!parse_entry(lists[i]->v[j], &h, &star,
			    &any_port))
				return err_set(e, ST_USAGE, "'%s' is no "
				    "HOST[:PORT]", lists[i]->v[j]);
	for (size_t i = 0; i < r->resolve->n; i++)
		if (!parse_resolve(r->resolve->v[i], &h, &to))
			return err_set(e, ST_USAGE, "'%s' is no "
			    "HOST:PORT:ADDRESS[:PORT]", r->resolve->v[i]);
	return 0;
}
