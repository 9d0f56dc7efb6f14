/* effort-look: what the bytes of a task tell of its size. */
#include "config.h"

#include "effort-look.h"

#include <math.h>

#include "alloc.h"
#include "fold.h"

size_t
effort_look_prose(const char *text, size_t len, struct buf *prose)
{
	size_t pasted = 0;

	if (!memchr(text, '\n', len)) {
		buf_add(prose, text, len);
		return 0;
	}
	for (size_t at = 0; at < len; ) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t n = nl ? (size_t)(nl - text) - at + 1 : len - at;
		if (fold_is_pasted(text + at, nl ? n - 1 : n))
			pasted += n;
		else
			buf_add(prose, text + at, n);
		at += n;
	}
	return pasted;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Units that measure, rather than count what is to be worked on. */
static bool
is_measure(const char *s, size_t n)
{
	static const char *const measures[] = {
		"s", "ms", "sec", "seconds", "min", "mins", "minutes", "minute",
		"minuten", "h", "hours", "hour", "days", "day", "tage", "weeks",
		"week", "months", "years", "year", "am", "pm", "uhr", "px",
		"mb", "gb", "kb", "percent", "euro", "euros", "eur", "dollars",
		"jan", "feb", "march", "april", "may", "june", "july", "aug",
		"sept", "oct", "nov", "dec", "km", "kg", "mg", "cm",
		"rows", "records", "customers", "users", "requests", "clients",
		"clientes", "kunden", "orders", "parcels", "visitors",
		"addresses", "people", "per", "complains", "says", "wants",
		"characters", "chars", "sentences", "zeichen", "minutos",
		"segundos", "horas", "dias", "meses", "jahre", "wochen",
		"stunden", "sekunden", "monate", "uur", "in", "at", "to",
		"and", "or", "is", "for",
		"von", "bis", "auf", "la", "de", "und", "y", "mm", "rpm",
	};

	for (size_t i = 0; i < sizeof(measures) / sizeof(*measures); i++)
		if (strlen(measures[i]) == n &&
		    strncasecmp(measures[i], s, n) == 0)
			return true;
	return false;
}

/* "40 lines" say how short; "6000 lines" are much to read. */
static const double text_large = 600;

static bool
is_text_unit(const char *s, size_t n)
{
	return (n == 5 && (strncasecmp(s, "lines", n) == 0 ||
	    strncasecmp(s, "words", n) == 0)) ||
	    (n == 6 && strncasecmp(s, "zeilen", n) == 0);
}

double
effort_look_counted(const char *s, size_t len)
{
	double best = 0;

	for (size_t i = 0; i < len; i++) {
		double n = 0;
		size_t word;
		if (!is_digit(s[i]) || (i > 0 && (is_digit(s[i - 1]) ||
		    strchr(".:-#/_", s[i - 1]) ||
		    ((s[i - 1] | 32) >= 'a' && (s[i - 1] | 32) <= 'z'))))
			continue;
		for (; i < len && (is_digit(s[i]) || ((s[i] == ',' ||
		    s[i] == '.') && i + 3 < len && is_digit(s[i + 1]) &&
		    is_digit(s[i + 2]) && is_digit(s[i + 3]))); i++)
			if (is_digit(s[i]))
				n = 10 * n + (s[i] - '0');
		if (i < len && (s[i] == 'k' || s[i] == 'M') &&
		    (i + 1 == len || s[i + 1] == ' '))
			n *= s[i++] == 'k' ? 1e3 : 1e6;
		if (i >= len || s[i] != ' ' || n < 4 || (n > 1900 && n < 2100))
			continue;
		word = strcspn(s + i + 1, " ,.;:!?\n()");
		if (word == 0 || is_measure(s + i + 1, word) ||
		    (n < text_large && is_text_unit(s + i + 1, word)))
			continue;
		best = fmax(best, log10(n));
	}
	return fmin(best, 3);
}

double
effort_look_clauses(const char *s, size_t len)
{
	double n = 0;

	for (size_t i = 0; i + 1 < len; i++)
		n += (s[i + 1] == ' ' || s[i + 1] == '\n') &&
		    strchr(",;:+", s[i]);
	return fmin(n, 8);
}

bool
effort_look_ends_asking(const char *s, size_t len)
{
	while (len > 0 && strchr(" \n\t)\"'", s[len - 1]))
		len--;
	return len > 0 && (s[len - 1] == '?' || (len > 2 &&
	    memcmp(s + len - 3, "\xEF\xBC\x9F", 3) == 0));
}

static bool
is_letter(char c)
{
	return ((c | 32) >= 'a' && (c | 32) <= 'z') || (unsigned char)c >= 0x80;
}

bool
effort_look_quotes(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] == '"' || (s[i] == '\'' && (i == 0 ||
		    i + 1 == len || !is_letter(s[i - 1]) ||
		    !is_letter(s[i + 1]))))
			return true;
	return false;
}

bool
effort_look_names_code(const char *s, size_t len)
{
	return memchr(s, '`', len) || memmem(s, len, "()", 2);
}

bool
effort_look_plural(const char *s, size_t len)
{
	return len > 3 && (s[len - 1] | 32) == 's' &&
	    !strchr("suiSUI'", s[len - 2]);
}
