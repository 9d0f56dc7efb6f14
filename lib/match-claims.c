/* match-claims: what a description claims and what it refuses. */
#include "config.h"

#include "match-claims.h"

#include <string.h>
#include <strings.h>

#include "alloc.h"

/* With what follows them up to the end of the sentence. */
static const char *const refusals[] = {
	"not for ", "but not ", "do not use ", "don't use ",
	"not meant for ", "nicht f\303\274r ", "nicht fuer ", "aber nicht ",
	"no para ", "pas pour ", "\344\270\215\347\224\250\344\272\216"
};

static const char clause_end[] = ".,;:()\n", sentence_end[] = ".;)\n";

static bool
refuses(const char *clause)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++)
		if (strncasecmp(clause, refusals[i], strlen(refusals[i])) == 0)
			return true;
	return false;
}

void
match_claims(const char *text, void (*fn)(const char *part, size_t len,
    bool refused, void *arg), void *arg)
{
	const char *from = text, *at = text;

	while (*at) {
		at += strspn(at, " \t");
		if (refuses(at)) {
			if (at > from)
				fn(from, (size_t)(at - from), false, arg);
			from = at;
			at += strcspn(at, sentence_end);
			fn(from, (size_t)(at - from), true, arg);
			from = at;
		} else {
			at += strcspn(at, clause_end);
		}
		at += *at != '\0';
	}
	if (at > from)
		fn(from, (size_t)(at - from), false, arg);
}
