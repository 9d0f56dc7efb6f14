/* fuzz: what the command sends to the sandbox's proxy and name server. */
#include "config.h"

#include <stdint.h>

#include "alloc.h"
#include "boxdns.h"
#include "proxyreq.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_names(const uint8_t *data, size_t size)
{
	AUTO_STRS struct strs allow = STRS_INIT, none = STRS_INIT;
	struct netrules rules = { &allow, &none, &none, false };
	struct boxdns d = BOXDNS_INIT;
	struct nethost h = { .port = 0 };
	uint8_t answer[BOXDNS_PACKET];
	bool denied;
	size_t n;

	strs_add(&allow, "*.ok.test:443");
	n = boxdns_answer(&d, &rules, data, size, answer, &h, &denied);
	if (n > sizeof(answer) || (n > 0 && n < size && n < 12))
		abort();
	boxdns_release(&d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct nethost h;

	for (int greeted = 0; greeted < 2; greeted++) {
		struct proxyreq r;
		proxyreq_parse(&r, text, size, greeted);
		if (r.used > size)
			abort();
		if ((r.kind == PROXYREQ_HTTP || r.kind == PROXYREQ_CONNECT ||
		    r.kind == PROXYREQ_SOCKS) && (!r.host.name[0] ||
		    r.host.port == 0))
			abort();
		/* nothing of the client's ends the head early */
		if (r.kind == PROXYREQ_HTTP && memmem(r.head.data, r.head.len,
		    "\r\n\r\n", 4) != r.head.data + r.head.len - 4)
			abort();
		proxyreq_release(&r);
	}
	if (nethost_parse(&h, text, size, 80) && !h.name[0])
		abort();
	try_names(data, size);
	return 0;
}
