/*
 * brokerkey: a secret that the credential broker gives out, and the sieve
 * that keeps it from coming back.
 */
#ifndef AGENT_BROKERKEY_H
#define AGENT_BROKERKEY_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "clock.h"
#include "inject.h"

/* One value of it; counted, because answers outlive a change. */
struct brokerkey {
	char *value;
	size_t len;
	size_t *fall;		/* what matches still when a byte does not */
	int refs;
};

/* Reads it from where the rule says.  ST_DENIED when there is none. */
struct brokerkey *brokerkey_read(const struct inject *rule, struct err *e);

/* The same of a value that came from there, which is taken over. */
struct brokerkey *brokerkey_new(const struct inject *rule, char *value,
	    struct err *e);
struct brokerkey *brokerkey_share(struct brokerkey *k);
/* Blanks the value with its last user; NULL is fine. */
void	brokerkey_drop(struct brokerkey *k);

/* How far the bytes seen so far are the beginning of it. */
struct sieve {
	const struct brokerkey *key;
	size_t matched;
};

/*
 * Appends `data` to `out` with stars for the secret wherever it is whole.
 * What may be the beginning of it is held back until more comes, or the end.
 */
void	sieve_take(struct sieve *s, const char *data, size_t len,
	    struct buf *out);
void	sieve_end(struct sieve *s, struct buf *out);

#endif
