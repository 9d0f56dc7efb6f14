/*
 * pattern: regular expressions as JSON Schema has them (ECMA 262, with its
 * `u` flag), matched in bounded time.
 *
 * The patterns come from models and strangers, so nothing backtracks: all
 * states are followed at once, and time is at most the product of the sizes
 * of pattern and string.  There is a budget on top, for look-ahead and for
 * enormous strings.
 *
 * Understood: alternatives, groups (also named), classes, all quantifiers,
 * anchors, \b \B, \d \w \s and their opposites, \p{...} with a general
 * category, ASCII, Any or White_Space, \u{...} and the other escapes,
 * look-ahead.  Refused: back-references and look-behind, which cannot be had
 * in bounded time; scripts and other properties; what ECMA 262 has not.
 */
#ifndef AGENT_PATTERN_H
#define AGENT_PATTERN_H

#include <stddef.h>

#include "err.h"

struct pattern;

/* NULL on failure: ST_DATA with the reason and the offset in the pattern. */
struct pattern *pattern_compile(const char *text, size_t len, struct err *e);
void	pattern_free(struct pattern *p);		/* NULL is fine */

/*
 * Whether it is found anywhere in the string: 1, 0, or PATTERN_GAVE_UP when
 * the budget was used up.
 */
enum { PATTERN_GAVE_UP = -1 };
int	pattern_match(const struct pattern *p, const char *s, size_t len);

#endif
