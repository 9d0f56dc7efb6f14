/*
 * secret: finds what looks like a password or a key in text.
 *
 * Tokens with a known beginning (sk-, ghp_, AKIA, xoxb-, glpat-, JWTs and
 * others), private keys in PEM, the password in a URL, and what follows
 * "password=", "api_key:" and the like.  It can only know forms: a secret
 * without one passes, so this is a net below the rope, not the rope.
 */
#ifndef AGENT_SECRET_H
#define AGENT_SECRET_H

#include <stddef.h>

#include "buf.h"

/*
 * Appends the text to `out`, each secret in it replaced by "[secret]"; how
 * many there were.
 */
size_t	secret_blank(const char *text, size_t len, struct buf *out);

#endif
