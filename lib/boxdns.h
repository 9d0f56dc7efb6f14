/*
 * boxdns: names inside a sandbox, for programs that know no proxy.
 *
 * Whoever asks for the address of an allowed host gets one of 127.64.0.0/10
 * that stands for it; who connects there reaches us, and the address tells
 * the name.  No question ever leaves: a name server is a channel out.
 */
#ifndef AGENT_BOXDNS_H
#define AGENT_BOXDNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netrules.h"
#include "strs.h"

enum { BOXDNS_PACKET = 512, BOXDNS_NAMES_MAX = 65536 };

struct boxdns {
	struct strs names;	/* index + 1 is the address's last 22 bits */
};

#define BOXDNS_INIT { .names = STRS_INIT }

void	boxdns_release(struct boxdns *d);

/*
 * Answers one question.  The length of the answer, 0 for what is no question.
 * The name is in `h`; *ret_denied when it is not allowed on any port.
 */
size_t	boxdns_answer(struct boxdns *d, const struct netrules *rules,
	    const uint8_t *question, size_t len,
	    uint8_t answer[BOXDNS_PACKET], struct nethost *h,
	    bool *ret_denied);

/* The name that an address (host byte order) stands for, or NULL. */
const char *boxdns_name(const struct boxdns *d, uint32_t address);

#endif
