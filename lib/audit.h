/*
 * audit: the trail of privileged actions, .agent/audit.ndjson.
 *
 * Each line is a JSON object whose member `prev` is the SHA-256 of the line
 * before it (its bytes, without newline; 64 zeros for the first) and whose
 * `n` counts from 1.  So a line that was changed, removed, added or moved is
 * found by who reads the file from the top.
 *
 * Of the last line the chain knows nothing: its number and digest are in a
 * second file, FILE.head, so that a trail that was cut, or whose last line was
 * changed, is found; what is added to such a one goes on from there, with a
 * gap.  What this cannot tell is a trail that was written anew as a whole,
 * head and all: whoever fears that keeps the last digest elsewhere
 * (audit_verify() gives it).  To put a trail away, move both.
 *
 * Lines are added under an flock and synced: what was reported as added
 * survives a crash.  A tail without newline is what a crash left of a line
 * that nobody was told of; the next writer cuts it off.
 */
#ifndef AGENT_AUDIT_H
#define AGENT_AUDIT_H

#include <stdint.h>

#include "err.h"
#include "json.h"
#include "sha256.h"

/*
 * Adds a line: `action` ("message.refused", "gate.answer", "sandbox.host"),
 * who did it (a record's source, "/agent/tester") and what else there is to
 * say (an object, or JSON_NONE; taken).  The file is made with mode 0600.
 */
int	audit_add(const char *path, const char *action, const char *source,
	    jv data, struct err *e);

struct audit_state {
	int64_t lines;
	char last[SHA256_HEX_LEN + 1];	/* digest of the last line */
};

/*
 * Reads the whole file: 1 when it is in order, 0 when it is not and `e` says
 * which line is wrong and why (ST_DATA), -1 when it cannot be read.  A torn
 * last line is not in order; neither is an empty one.  A trail without a head
 * beside it, a copy, is held to the chain alone; a head without a trail is a
 * trail that was removed.
 */
int	audit_verify(const char *path, struct audit_state *ret, struct err *e);

#endif
