/* stem: the common part of the forms of an English word (Porter, 1980). */
#include "config.h"

#include "stem.h"

#include <stdbool.h>

#include "alloc.h"

struct rule {
	const char *end;
	const char *to;
};

/* Steps 2 and 3: the longer of two that share an end stands first. */
static const struct rule step2[] = {
	{ "ational", "ate" }, { "tional", "tion" }, { "enci", "ence" },
	{ "anci", "ance" }, { "izer", "ize" }, { "abli", "able" },
	{ "alli", "al" }, { "entli", "ent" }, { "eli", "e" },
	{ "ousli", "ous" }, { "ization", "ize" }, { "ation", "ate" },
	{ "ator", "ate" }, { "alism", "al" }, { "iveness", "ive" },
	{ "fulness", "ful" }, { "ousness", "ous" }, { "aliti", "al" },
	{ "iviti", "ive" }, { "biliti", "ble" }, { "logi", "log" }, { 0 }
};
static const struct rule step3[] = {
	{ "icate", "ic" }, { "ative", "" }, { "alize", "al" },
	{ "iciti", "ic" }, { "ical", "ic" }, { "ful", "" }, { "ness", "" },
	{ 0 }
};
static const char *const step4[] = {
	"al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement",
	"ment", "ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize",
	NULL
};

static bool
is_cons(const char *w, size_t i)
{
	switch (w[i]) {
	case 'a': case 'e': case 'i': case 'o': case 'u':
		return false;
	case 'y':
		return i == 0 || !is_cons(w, i - 1);
	default:
		return true;
	}
}

/* How many times a vowel is followed by a consonant. */
static int
measure(const char *w, size_t len)
{
	int m = 0;

	for (size_t i = 1; i < len; i++)
		m += is_cons(w, i) && !is_cons(w, i - 1);
	return m;
}

static bool
has_vowel(const char *w, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_cons(w, i))
			return true;
	return false;
}

static bool
is_double(const char *w, size_t len)
{
	return len > 1 && w[len - 1] == w[len - 2] && is_cons(w, len - 1);
}

/* Consonant, vowel, consonant at the end, as in "hop" but not "snow". */
static bool
is_cvc(const char *w, size_t len)
{
	return len > 2 && is_cons(w, len - 3) && !is_cons(w, len - 2) &&
	    is_cons(w, len - 1) && !strchr("wxy", w[len - 1]);
}

static bool
ends(const char *w, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len > n && memcmp(w + len - n, end, n) == 0;
}

static size_t
step1_tail(char *w, size_t len)
{
	if (ends(w, len, "at") || ends(w, len, "bl") || ends(w, len, "iz")) {
		w[len++] = 'e';
		return len;
	}
	if (is_double(w, len) && !strchr("lsz", w[len - 1]))
		return len - 1;
	if (measure(w, len) == 1 && is_cvc(w, len))
		w[len++] = 'e';
	return len;
}

static size_t
step1(char *w, size_t len)
{
	if (ends(w, len, "sses") || ends(w, len, "ies"))
		len -= 2;
	else if (ends(w, len, "s") && !ends(w, len, "ss"))
		len--;
	if (ends(w, len, "eed")) {
		if (measure(w, len - 3) > 0)
			len--;
	} else if (ends(w, len, "ed") && has_vowel(w, len - 2)) {
		len = step1_tail(w, len - 2);
	} else if (ends(w, len, "ing") && has_vowel(w, len - 3)) {
		len = step1_tail(w, len - 3);
	}
	if (ends(w, len, "y") && has_vowel(w, len - 1))
		w[len - 1] = 'i';
	return len;
}

static size_t
replace(char *w, size_t len, const struct rule *r)
{
	for (; r->end; r++) {
		size_t stem;

		if (!ends(w, len, r->end))
			continue;
		stem = len - strlen(r->end);
		if (measure(w, stem) == 0)
			return len;
		memcpy(w + stem, r->to, strlen(r->to));
		return stem + strlen(r->to);
	}
	return len;
}

static size_t
strip(const char *w, size_t len)
{
	for (const char *const *s = step4; *s; s++) {
		size_t stem;

		if (!ends(w, len, *s))
			continue;
		stem = len - strlen(*s);
		if (measure(w, stem) > 1 && (strcmp(*s, "ion") != 0 ||
		    w[stem - 1] == 's' || w[stem - 1] == 't'))
			return stem;
		return len;
	}
	return len;
}

size_t
stem_word(char *w, size_t len)
{
	if (len <= 2)
		return len;
	for (size_t i = 0; i < len; i++)
		if (w[i] < 'a' || w[i] > 'z')
			return len;
	len = step1(w, len);
	len = replace(w, len, step2);
	len = replace(w, len, step3);
	len = strip(w, len);
	if (ends(w, len, "e") && (measure(w, len - 1) > 1 ||
	    (measure(w, len - 1) == 1 && !is_cvc(w, len - 1))))
		len--;
	if (measure(w, len) > 1 && is_double(w, len) && w[len - 1] == 'l')
		len--;
	return len;
}

size_t
stem_prefix(const char *stem, size_t len)
{
	if (len > 2 && (stem[len - 1] == 'i' || stem[len - 1] == 'e'))
		return len - 1;
	return len;
}
