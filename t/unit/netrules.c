/* Tests of lib/netrules: how a host may be spelled, and which are allowed. */
#include "config.h"

#include "netrules.h"

#include <arpa/inet.h>
#include <string.h>

#include "tap.h"

static bool
parses(const char *text, const char *name, uint16_t port)
{
	struct nethost h = { .port = 0 };

	return nethost_parse(&h, text, strlen(text), 80) &&
	    strcmp(h.name, name) == 0 && h.port == port;
}

static void
test_parse(void)
{
	static const char *const bad[] = {
		"", ":80", "a:", "a:0", "a:65536", "a:8x", "a b", "a/b",
		"0x7f.1", "0x7f000001", "2130706433", "127.1", "0177.0.0.1",
		"127.0.0.1.", "1.2.3.4.5", "[::1", "::1]", "[::1]x",
		"a..b", "a@b", "a\tb", "a%00b", "256.1.1.1",
		"999", "1.2.3"
	};
	char longest[300];

	ok(parses("Example.COM", "example.com", 80), "lower case");
	ok(parses("example.com.:443", "example.com", 443), "no final dot");
	ok(parses("127.0.0.1:8080", "127.0.0.1", 8080), "an address");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct nethost h;
		ok(!nethost_parse(&h, bad[i], strlen(bad[i]), 80),
		    "'%s' is no host", bad[i]);
	}
	memset(longest, 'a', sizeof(longest));
	struct nethost h;
	ok(!nethost_parse(&h, longest, sizeof(longest), 80), "too long");
	ok(!nethost_parse(&h, "a\0.test", 7, 80), "no NUL");
}

static bool
allows(const struct netrules *r, const char *text)
{
	struct nethost h;

	return nethost_parse(&h, text, strlen(text), 443) &&
	    netrules_allow(r, &h);
}

static void
test_allow(void)
{
	AUTO_STRS struct strs allow = STRS_INIT, deny = STRS_INIT;
	AUTO_STRS struct strs resolve = STRS_INIT;
	struct netrules r = { &allow, &deny, &resolve, false };
	struct err e = ERR_INIT;

	STRS_ADD(&allow, "a.test", "*.wild.test", "p.test:8443", "10.1.2.3");
	STRS_ADD(&deny, "bad.wild.test");
	ok(netrules_check(&r, &e) == 0, "the entries are understood");
	ok(allows(&r, "a.test") && allows(&r, "A.Test.:80"), "a name");
	ok(!allows(&r, "x.a.test") && !allows(&r, "aa.test") &&
	    !allows(&r, "a.test.evil"), "that name alone");
	ok(allows(&r, "x.wild.test") && allows(&r, "x.y.wild.test") &&
	    !allows(&r, "xwild.test"), "all below");
	ok(!allows(&r, "bad.wild.test"), "denying wins");
	ok(allows(&r, "p.test:8443") && !allows(&r, "p.test:443"), "a port");
	ok(allows(&r, "10.1.2.3") && !allows(&r, "10.1.2.4"), "an address");
	STRS_ADD(&allow, "*");
	STRS_ADD(&deny, "93.184.216.34", "[2001:4860::8]");
	ok(!allows(&r, "93.184.216.34") && allows(&r, "93.184.216.35") &&
	    !allows(&r, "[::ffff:93.184.216.34]") &&
	    !allows(&r, "[64:ff9b::5db8:d822]") &&
	    !allows(&r, "[2001:4860:0::8]"), "denied in any spelling");
	strs_add(&allow, "http://a.test/");
	ok(netrules_check(&r, &e) < 0 && e.status == ST_USAGE,
	    "a URL is none");
}

static bool
is_public(const char *text)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &in4.sin_addr) == 1)
		return netaddr_public((const struct sockaddr *)&in4);
	if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		return netaddr_public((const struct sockaddr *)&in6);
	diag("'%s' is no address", text);
	return false;
}

static void
test_public(void)
{
	static const char *const not[] = {
		"0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200",
		"127.0.0.1", "127.255.255.254", "169.254.169.254",
		"172.16.0.1", "172.31.255.255", "192.0.0.192", "192.168.1.1",
		"198.18.0.1", "224.0.0.1", "255.255.255.255",
		"168.63.129.16", "::", "::1", "::ffff:127.0.0.1",
		"::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
		"64:ff9b::a9fe:a9fe", "2002:7f00:1::", "fc00::1",
		"fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1"
	};
	static const char *const is[] = {
		"1.1.1.1", "172.15.0.1", "172.32.0.1", "192.167.1.1",
		"2606:4700::1111", "2001:4860:4860::8888"
	};

	for (size_t i = 0; i < sizeof(not) / sizeof(*not); i++)
		ok(!is_public(not[i]), "%s is not public", not[i]);
	for (size_t i = 0; i < sizeof(is) / sizeof(*is); i++)
		ok(is_public(is[i]), "%s is public", is[i]);
}

int
main(void)
{
	test_parse();
	test_allow();
	test_public();
	return done();
}
