/*
 * uri: references to URIs (RFC 3986).
 */
#ifndef AGENT_URI_H
#define AGENT_URI_H

/*
 * The reference, resolved against a base (section 5.2); the base may be
 * empty.  The caller frees.
 */
char	*uri_resolve(const char *base, const char *ref);

/* The same text with %XX decoded; the caller frees. */
char	*uri_decode(const char *s);

#endif
