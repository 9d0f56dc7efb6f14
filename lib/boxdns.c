/* boxdns: names inside a sandbox, for programs that know no proxy. */
#include "config.h"

#include "boxdns.h"

#include "alloc.h"

enum {
	HEAD = 12,
	TYPE_A = 1,
	NXDOMAIN = 3, NOTIMP = 4
};

#define BASE UINT32_C(0x7f400000)

void
boxdns_release(struct boxdns *d)
{
	strs_release(&d->names);
}

/* The question's name with dots; its length on the wire, 0 when broken. */
static size_t
read_name(const uint8_t *p, size_t len, char *name, size_t max)
{
	size_t at = 0, out = 0;

	for (;;) {
		size_t n;
		if (at >= len)
			return 0;
		n = p[at++];
		if (n == 0)
			break;
		/* no pointers in a question */
		if (n > 63 || at + n > len || out + n + 2 > max)
			return 0;
		if (out > 0)
			name[out++] = '.';
		for (size_t i = 0; i < n; i++) {
			/* a dot within a label is somebody's trick */
			if (p[at + i] == '.' || p[at + i] == '\0')
				return 0;
			name[out++] = (char)p[at + i];
		}
		at += n;
	}
	name[out] = '\0';
	return out > 0 ? at : 0;
}

/* Allowed on any port: the port is asked for later. */
static bool
allowed_somewhere(const struct netrules *rules, struct nethost *h)
{
	static const uint16_t common[] = { 443, 80 };
	const struct strs *allow = rules->allow;

	for (size_t i = 0; i < 2; i++) {
		h->port = common[i];
		if (netrules_allow(rules, h))
			return true;
	}
	for (size_t i = 0; i < allow->n; i++) {
		struct nethost entry;
		const char *e = allow->v[i];
		if (strncmp(e, "*.", 2) == 0)
			e += 2;
		if (nethost_parse(&entry, e, strlen(e), 0)) {
			h->port = entry.port;
			if (netrules_allow(rules, h))
				return true;
		}
	}
	return false;
}

static uint32_t
address_of(struct boxdns *d, const char *name)
{
	size_t i;

	for (i = 0; i < d->names.n; i++)
		if (strcmp(d->names.v[i], name) == 0)
			return BASE + (uint32_t)i + 1;
	if (i == BOXDNS_NAMES_MAX)
		return 0;
	strs_add(&d->names, name);
	return BASE + (uint32_t)i + 1;
}

const char *
boxdns_name(const struct boxdns *d, uint32_t address)
{
	uint32_t i = address - BASE - 1;

	return address > BASE && i < d->names.n ? d->names.v[i] : NULL;
}

static void
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static size_t
put_address(uint8_t *p, uint32_t address)
{
	put16(p, 0xc000 | HEAD);	/* the name in the question */
	put16(p + 2, TYPE_A);
	put16(p + 4, 1);
	put16(p + 6, 0);		/* time to live: a minute */
	put16(p + 8, 60);
	put16(p + 10, 4);
	put16(p + 12, address >> 16);
	put16(p + 14, address & 0xffff);
	return 16;
}

size_t
boxdns_answer(struct boxdns *d, const struct netrules *rules,
    const uint8_t *q, size_t len, uint8_t out[BOXDNS_PACKET],
    struct nethost *h, bool *ret_denied)
{
	char name[NET_HOST_MAX];
	size_t n, end;
	unsigned type, code = 0;
	uint32_t address = 0;

	*ret_denied = false;
	/* one question, no answer, standard query */
	if (len < HEAD + 5 || len > BOXDNS_PACKET || (q[2] & 0x80) ||
	    q[4] != 0 || q[5] != 1)
		return 0;
	n = read_name(q + HEAD, len - HEAD, name, sizeof(name));
	if (n == 0 || HEAD + n + 4 > len)
		return 0;
	end = HEAD + n + 4;
	type = (unsigned)(q[end - 4] << 8 | q[end - 3]);
	if (end + 16 > BOXDNS_PACKET)
		return 0;
	if (q[2] & 0x78) {
		code = NOTIMP;
	} else if (!nethost_set(h, name, strlen(name), 443) || h->literal ||
	    !allowed_somewhere(rules, h)) {
		code = NXDOMAIN;
		*ret_denied = true;
	} else if (type == TYPE_A) {
		address = address_of(d, h->name);
	}
	memcpy(out, q, end);
	/* answer, recursion as wanted and available */
	out[2] = (uint8_t)(0x84 | (q[2] & 0x79));
	out[3] = (uint8_t)(0x80 | code);
	put16(out + 6, address != 0);
	put16(out + 8, 0);
	put16(out + 10, 0);
	return address ? end + put_address(out + end, address) : end;
}
