/*
 * memo: answers kept on disk, found again by a digest of what was asked.
 *
 * One file an answer, $XDG_CACHE_HOME/agent/answers/AB/CDEF..., written under
 * another name and renamed: any number of processes may read and write at
 * once, and who looks finds a whole answer or none.  What a file says is
 * believed only if it is whole and names its own key.
 *
 * Who asks for what is not there claims it: a byte of one file, by the digest,
 * is locked, which the kernel takes back from the dead.
 *
 * Answers older than the rule's age are not found.  Once an hour at most, who
 * has added something removes those older than MEMO_AGE, then those not used
 * for longest until $AGENT_CACHE_SIZE (1 GiB) is kept to.
 */
#ifndef AGENT_MEMO_H
#define AGENT_MEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "err.h"
#include "json.h"
#include "sha256.h"

#define MEMO_AGE (30 * 86400 * CLOCK_SEC)

struct memo_rule {
	bool only;		/* what is not there is an error */
	bool renew;		/* what was there before memo_open() does not
				 * count */
	int64_t age;		/* ns */
};

/* "" or "yes", "only", "renew", or the longest age: -1 when it is none. */
int	memo_rule_read(const char *text, struct memo_rule *ret);

struct memo;

/* ST_CANTCREATE without a place for it. */
struct memo *memo_open(const struct memo_rule *rule, struct err *e);
void	memo_close(struct memo *m);		/* NULL is fine */
const struct memo_rule *memo_rule(const struct memo *m);

/* What is kept under a key, an object; JSON_NONE when nothing is. */
jv	memo_find(struct memo *m, const char key[SHA256_HEX_LEN + 1]);

/* Keeps an object, in the place of what was there. */
int	memo_put(struct memo *m, const char key[SHA256_HEX_LEN + 1],
	    const jv *value, struct err *e);

/*
 * Whether this process is the one to ask for what is not there: 0 when another
 * has said so and is alive; 1 then is said for us, until memo_yield().
 */
int	memo_claim(struct memo *m, const char key[SHA256_HEX_LEN + 1]);
void	memo_yield(struct memo *m, const char key[SHA256_HEX_LEN + 1]);

/* Removes all; how many there were, or -1. */
int64_t	memo_clear(struct err *e);

#endif
