/* effort: how much work a text asks for. */
#include "config.h"

#include "effort.h"

#include <math.h>
#include <stdbool.h>

#include "alloc.h"
#include "buf.h"
#include "fold.h"

static const double weights[EFFORT_SIGNALS] = {
	-2.2, -0.25, 1.15, 1.45, -1.1, -1.9, -0.4, 0, -0.85, -0.9,
	0.6, 0.9, -0.15, -0.45, -0.8, 1.6, -0.5, 0.75, 1.05
};

static const struct {
	const char *name, *group;
} signals[EFFORT_SIGNALS] = {
	[EFFORT_BIAS] = { "", NULL },
	[EFFORT_LENGTH] = { "length", NULL },
	[EFFORT_BROAD] = { "breadth", "size-broad" },
	[EFFORT_LARGE] = { "a large undertaking", "size-large" },
	[EFFORT_BRIEF] = { "asks for something short", "size-brief" },
	[EFFORT_LIMIT] = { "says how short", "size-limit" },
	[EFFORT_HORIZON] = { "a long time", "size-horizon" },
	[EFFORT_QUESTION] = { "a question", "size-question" },
	[EFFORT_ERROR] = { "an error", "size-error" },
	[EFFORT_PASTED] = { "pasted text", NULL },
	[EFFORT_COUNTED] = { "large numbers of things", NULL },
	[EFFORT_CLAUSES] = { "several parts", NULL },
	[EFFORT_SENTENCES] = { "sentences", NULL },
	[EFFORT_ASKS] = { "question marks", NULL },
	[EFFORT_ENDS_ASKING] = { "ends as a question", NULL },
	[EFFORT_ORDERS] = { "begins as an undertaking", "size-orders" },
	[EFFORT_TOUCHES] = { "begins as a small matter", "size-touches" },
	[EFFORT_GOAL] = { "a goal to be met", "size-goal" },
	[EFFORT_JOINED] = { "one thing and another", "size-joined" },
};

void
effort_init(struct effort_words *ew, struct words *w)
{
	ew->words = w;
	for (size_t i = 0; i < EFFORT_SIGNALS; i++)
		ew->groups[i] = signals[i].group ?
		    words_find_group(w, signals[i].group) : -1;
}

const char *
effort_signal(size_t signal)
{
	return signals[signal].name;
}

double
effort_speaks(const struct effort *f, size_t signal)
{
	return weights[signal] * f->signals[signal];
}

/*
 * People tell a story and then ask for something small, or order something
 * large in six words.  So a text is taken apart into sentences, and only
 * those count that ask.
 */
enum { SENTENCES_MAX = 40 };	/* the last takes what is left */

struct sentence {
	double signal[EFFORT_SIGNALS];
	double words;
	const char *from, *to;
	bool orders, asks;
};

struct reading {
	const struct effort_words *ew;
	struct sentence sentence[SENTENCES_MAX];
	size_t n;
};

/* Whether a signal lies in how a sentence begins. */
static bool
opens(size_t signal)
{
	return signal == EFFORT_ORDERS || signal == EFFORT_TOUCHES;
}

static void
count(const struct words_token *t, void *arg)
{
	struct reading *r = arg;
	bool first = t->place <= (t->phrase ? 2 : 0);
	struct sentence *s;

	if (r->n == 0 || (t->place == 0 && !t->phrase &&
	    r->n < SENTENCES_MAX))
		r->sentence[r->n++].from = t->text;
	s = &r->sentence[r->n - 1];
	s->words += !t->phrase;
	s->to = t->text + t->len;
	for (size_t i = 0; i < t->nlinks; i++)
		for (size_t k = 0; k < EFFORT_SIGNALS; k++)
			if (r->ew->groups[k] == t->links[i].group &&
			    (first || !opens(k)))
				s->signal[k] += 1;
}

/* What was said, without what was pasted; the bytes of that. */
static size_t
take_prose(const char *text, size_t len, struct buf *prose)
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

/*
 * "46 files", "2k lines", "400,000 rows": the largest number that counts
 * something, as its decimal logarithm.
 */
static double
counted(const char *s, size_t len)
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

/* Commas and the like in a sentence. */
static double
clauses(const char *s, size_t len)
{
	double n = 0;

	for (size_t i = 0; i + 1 < len; i++)
		n += (s[i + 1] == ' ' || s[i + 1] == '\n') &&
		    strchr(",;:+", s[i]);
	return fmin(n, 8);
}

static bool
ends_asking(const char *s, size_t len)
{
	while (len > 0 && strchr(" \n\t)\"'", s[len - 1]))
		len--;
	return len > 0 && (s[len - 1] == '?' || (len > 2 &&
	    memcmp(s + len - 3, "\xEF\xBC\x9F", 3) == 0));
}

/* What each sentence is: an order, a question, or part of the story. */
static void
tell_kinds(struct reading *r, const char *end)
{
	for (size_t i = 0; i < r->n; i++) {
		struct sentence *s = &r->sentence[i];
		const char *next = i + 1 < r->n ? s[1].from : end;
		/* its own end: what stands between it and the next */
		size_t gap = next > s->to ? (size_t)(next - s->to) : 0;

		if (gap > 4)
			gap = 4;
		s->asks = memchr(s->to, '?', gap) ||
		    s->signal[EFFORT_TOUCHES] > 0 ||
		    s->signal[EFFORT_LIMIT] > 0;
		s->orders = s->signal[EFFORT_ORDERS] > 0 &&
		    !memchr(s->to, '?', gap);
		s->to += gap;
	}
}

/* Leaves the story out: what follows an order belongs to it. */
static void
leave_out_the_story(struct reading *r)
{
	bool ordered = false, orders = false, asks = false;
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		orders |= r->sentence[i].orders;
		asks |= r->sentence[i].asks;
	}
	for (size_t i = 0; i < r->n; i++) {
		struct sentence *s = &r->sentence[i];
		ordered |= s->orders;
		if ((!orders && !asks) || ordered || s->asks)
			r->sentence[n++] = *s;
	}
	r->n = n;
}

void
effort_estimate(const struct effort_words *ew, const char *text, size_t len,
    struct effort *ret)
{
	struct reading r = { .ew = ew };
	AUTO_BUF struct buf prose = BUF_INIT;
	double *signal = ret->signals;
	double sum = 0, words = 0, sentences = 0;
	size_t pasted = take_prose(text, len, &prose);

	*ret = (struct effort){ .signals = { [EFFORT_BIAS] = 1 } };
	words_read(ew->words, prose.data, prose.len, count, &r);
	tell_kinds(&r, prose.data + prose.len);
	leave_out_the_story(&r);
	for (size_t i = 0; i < r.n; i++) {
		const struct sentence *s = &r.sentence[i];
		size_t n = (size_t)(s->to - s->from);
		for (size_t k = 0; k < EFFORT_SIGNALS; k++)
			signal[k] += s->signal[k];
		words += s->words;
		signal[EFFORT_COUNTED] = fmax(signal[EFFORT_COUNTED],
		    counted(s->from, n));
		signal[EFFORT_CLAUSES] = fmax(signal[EFFORT_CLAUSES],
		    clauses(s->from, n));
		signal[EFFORT_ASKS] += memchr(s->to - 1, '?', 1) != NULL;
		sentences++;
	}
	for (size_t k = 0; k < EFFORT_SIGNALS; k++)
		if (ew->groups[k] >= 0)
			signal[k] = log1p(signal[k]);
	signal[EFFORT_LENGTH] = log1p(words) - 3;
	signal[EFFORT_PASTED] = pasted > 20;
	signal[EFFORT_CLAUSES] = sqrt(signal[EFFORT_CLAUSES]);
	signal[EFFORT_SENTENCES] = log(fmax(sentences, 1));
	signal[EFFORT_ASKS] = log1p(signal[EFFORT_ASKS]);
	signal[EFFORT_ENDS_ASKING] = ends_asking(prose.data, prose.len);
	for (size_t k = 0; k < EFFORT_SIGNALS; k++)
		sum += weights[k] * signal[k];
	ret->heavy = 1 / (1 + exp(-sum));
	ret->minutes = exp(log(5) + ret->heavy * log(11));
	ret->tokens = (long)(ret->minutes * 1200) + (long)(len / 4);
}
