/*
 * fuzz: what the command sends to an endpoint of the credential broker, what
 * a user writes as its rule, and what comes back from the host.
 */
#include "config.h"

#include <stdint.h>

#include "alloc.h"
#include "brokerkey.h"
#include "brokerreq.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rule_text[] = "U=x.test/v1 POST,GET /v1/a /v1/b/: "
    "X-Key: {key_env KEY}";

/* A body must not depend on the pieces in which it comes. */
static void
try_body(const struct brokerreq *r, const char *text, size_t len)
{
	AUTO_BUF struct buf in = BUF_INIT, out = BUF_INIT;
	AUTO_BUF struct buf in1 = BUF_INIT, out1 = BUF_INIT;
	struct framing f, f1;
	int whole, ended = 0;

	framing_start(&f, r);
	framing_start(&f1, r);
	buf_add(&in, text, len);
	whole = framing_take(&f, &in, &out);
	for (size_t i = 0; ended == 0 && i < len; i++) {
		buf_addc(&in1, text[i]);
		ended = framing_take(&f1, &in1, &out1);
	}
	if (len == 0)
		ended = framing_take(&f1, &in1, &out1);
	if (whole != ended || (whole >= 0 && (out.len != out1.len ||
	    (out.len > 0 && memcmp(out.data, out1.data, out.len) != 0))))
		abort();
	if (!r->chunked && out.len > (uint64_t)r->length)
		abort();
}

static void
try_request(const struct inject *rule, const char *text, size_t len)
{
	struct brokerreq r;
	int whole = brokerreq_parse(&r, rule, 3129, text, len);

	if (whole < 0 && (r.status < 400 || !r.why))
		abort();
	if (whole > 0) {
		if (r.used > len || !strs_has(&rule->methods, r.method) ||
		    (strncmp(r.target, "/v1/a", 5) != 0 &&
		    strncmp(r.target, "/v1/b/", 6) != 0))
			abort();
		for (size_t i = 0; i < r.headers.n; i++)
			if (strpbrk(r.headers.v[i], "\r\n") ||
			    strncasecmp(r.headers.v[i], "x-key:", 6) == 0)
				abort();
		try_body(&r, text + r.used, len - r.used);
	}
	brokerreq_release(&r);
}

/* The secret is nowhere whole, however it comes; nothing else is changed. */
static void
try_sieve(const char *text, size_t len)
{
	static char secret[] = "abab";
	size_t fall[] = { 0, 0, 0, 1, 2 };
	const struct brokerkey key = { secret, 4, fall, 1 };
	struct sieve s = { .key = &key };
	AUTO_BUF struct buf out = BUF_INIT;

	for (size_t i = 0; i < len; i++)
		sieve_take(&s, text + i, 1, &out);
	sieve_end(&s, &out);
	if (out.len != len || (len > 0 && memmem(out.data, len, secret, 4)))
		abort();
	for (size_t i = 0; i < len; i++)
		if (out.data[i] != text[i] && out.data[i] != '*')
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_INJECT struct inject rule = INJECT_INIT, own = INJECT_INIT;
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	struct err e;

	if (inject_parse(&rule, rule_text, &e) < 0)
		abort();
	try_request(&rule, text, size);
	try_sieve(text, size);
	if (inject_parse(&own, text, &e) == 0 && (!own.variable ||
	    !own.origin || !own.header || !own.from || own.paths.n == 0))
		abort();
	return 0;
}
