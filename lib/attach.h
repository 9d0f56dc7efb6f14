/*
 * attach: files as parts of a message: pictures, documents, sound, text.
 */
#ifndef AGENT_ATTACH_H
#define AGENT_ATTACH_H

#include <stddef.h>

#include "buf.h"
#include "clock.h"
#include "err.h"
#include "json.h"

enum { ATTACH_MAX = 32 << 20 };

/*
 * A part as Chat Completions has it.  `where` is a file, "-" for standard
 * input, or an http(s) URL of a picture, which goes as it is; `type` is the
 * MIME type, or NULL to tell it by the first bytes.  ST_NOINPUT, ST_TIMEOUT,
 * ST_DATA for a type that is not known or a file above ATTACH_MAX.
 */
int	attach_part(const char *where, const char *type,
	    struct deadline until, jv *ret, struct err *e);

#endif
