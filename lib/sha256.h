/*
 * sha256: the digest of FIPS 180-4, for chains and for what was shown.
 *
 * Ours because the only other user of a cryptographic library would be a
 * command that must start in a millisecond.
 */
#ifndef AGENT_SHA256_H
#define AGENT_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum {
	SHA256_LEN = 32,
	SHA256_HEX_LEN = 64
};

struct sha256 {
	uint32_t h[8];
	uint64_t total;			/* bytes so far */
	unsigned char block[64];
	size_t fill;
};

void	sha256_init(struct sha256 *s);
void	sha256_add(struct sha256 *s, const void *data, size_t len);
void	sha256_end(struct sha256 *s, unsigned char out[SHA256_LEN]);

/* Lower-case hexadecimal, NUL-terminated. */
void	sha256_end_hex(struct sha256 *s, char out[SHA256_HEX_LEN + 1]);
void	sha256_hex(const void *data, size_t len, char out[SHA256_HEX_LEN + 1]);

#endif
