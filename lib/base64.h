/* base64: RFC 4648, with padding, on one line. */
#ifndef AGENT_BASE64_H
#define AGENT_BASE64_H

#include <stddef.h>

#include "buf.h"

void	base64_encode(const void *data, size_t len, struct buf *out);

/* 0, or -1 for what is none; what came before it is in `out`. */
int	base64_decode(const char *s, size_t len, struct buf *out);

#endif
