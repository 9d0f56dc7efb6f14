/* effort: how much work a text asks for. */
#include "config.h"

#include "effort.h"

#include <math.h>
#include <stdbool.h>

#include "alloc.h"
#include "buf.h"
#include "effort-look.h"

/* Fitted on sets of tasks of many teams, each time leaving one set out. */
static const struct {
	const char *name, *group;
	double weight;
} signals[EFFORT_SIGNALS] = {
	[EFFORT_BIAS] = { "", NULL, -2.14 },
	[EFFORT_LENGTH] = { "length", NULL, 0.11 },
	[EFFORT_BROAD] = { "breadth", "size-broad", 1.61 },
	[EFFORT_LARGE] = { "a large undertaking", "size-large", 1.36 },
	[EFFORT_BRIEF] = { "asks for something short", "size-brief", -1.34 },
	[EFFORT_LIMIT] = { "says how short", "size-limit", -2.03 },
	[EFFORT_HORIZON] = { "a long time", "size-horizon", 0.28 },
	[EFFORT_QUESTION] = { "a question", "size-question", -0.47 },
	[EFFORT_ERROR] = { "an error", "size-error", -0.39 },
	[EFFORT_PASTED] = { "pasted text", NULL, -2.44 },
	[EFFORT_COUNTED] = { "large numbers of things", NULL, 0.46 },
	[EFFORT_CLAUSES] = { "several parts", NULL, 0.69 },
	[EFFORT_SENTENCES] = { "sentences", NULL, -0.59 },
	[EFFORT_ASKS] = { "question marks", NULL, -0.75 },
	[EFFORT_ENDS_ASKING] = { "ends as a question", NULL, -1.87 },
	[EFFORT_ORDERS] = { "begins as an undertaking", "size-orders", 1.57 },
	[EFFORT_TOUCHES] = { "begins as a small matter", "size-touches",
	    -0.61 },
	[EFFORT_GOAL] = { "a goal to be met", "size-goal", 0.34 },
	[EFFORT_JOINED] = { "one thing and another", "size-joined", 0.28 },
	[EFFORT_ASKED] = { "asks for several things", "size-asked", 0.46 },
	[EFFORT_ASKED_MUCH] = { "asks for many things", NULL, 1.06 },
	[EFFORT_ITEMS] = { "a list", NULL, 1.02 },
	[EFFORT_LISTED] = { "a list of three or more", NULL, 0.59 },
	[EFFORT_PLURALS] = { "many things", NULL, -0.35 },
	[EFFORT_ALL_PLURAL] = { "things rather than a thing", NULL, 3.03 },
	[EFFORT_SHORT] = { "few words", NULL, -0.40 },
	[EFFORT_LONG] = { "many words", NULL, 1.20 },
	[EFFORT_ALONE] = { "one sentence", NULL, -0.72 },
	[EFFORT_QUOTES] = { "one passage, quoted", NULL, -1.52 },
	[EFFORT_CODE] = { "one place in code", NULL, -1.80 },
	[EFFORT_MINE] = { "a matter of one person", "size-mine", -1.39 },
	[EFFORT_WORDS] = { "how it is worded", NULL, 1 },
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
	return signals[signal].weight * f->signals[signal];
}

/*
 * People tell a story and then ask for something small, or order something
 * large in six words.  So a text is taken apart into sentences, and only
 * those count that ask.
 */
enum { SENTENCES_MAX = 40 };	/* the last takes what is left */

struct sentence {
	double signal[EFFORT_SIGNALS];
	double words, plurals;
	double items, item_words;	/* of the list that it may be */
	const char *from, *to;
	bool orders, asks;
};

struct reading {
	const struct effort_words *ew;
	struct sentence sentence[SENTENCES_MAX];
	size_t n;
	double heavy, rarity;		/* of all words that tasks taught us */
};

static void
weigh_word(struct reading *r, const struct words_token *t)
{
	const struct words_bearing *b = words_asked(r->ew->words, t->stem);

	if (b) {
		r->heavy += b->heavy;
		r->rarity += b->rarity * b->rarity / 100.0;
	}
}

/* Whether a signal lies in how a sentence begins. */
static bool
opens(size_t signal)
{
	return signal == EFFORT_ORDERS || signal == EFFORT_TOUCHES;
}

enum { ITEM_WORDS = 4 };	/* more are no item of a list */

static void
end_item(struct sentence *s)
{
	if (s->item_words > 0 && s->item_words <= ITEM_WORDS)
		s->items++;
	s->item_words = 0;
}

/* "tokens, one library of components and the forms" are three items. */
static void
count_items(struct sentence *s, const struct words_token *t, bool joins)
{
	if (s->to && s->to < t->text &&
	    memchr(s->to, ',', (size_t)(t->text - s->to)))
		end_item(s);
	if (joins)
		end_item(s);
	else
		s->item_words++;
}

static void
count(const struct words_token *t, void *arg)
{
	struct reading *r = arg;
	bool first = t->place <= (t->phrase ? 2 : 0), joins = false;
	struct sentence *s;

	if (r->n == 0 || (t->place == 0 && !t->phrase &&
	    r->n < SENTENCES_MAX))
		r->sentence[r->n++].from = t->text;
	s = &r->sentence[r->n - 1];
	for (size_t i = 0; i < t->nlinks; i++)
		for (size_t k = 0; k < EFFORT_SIGNALS; k++)
			if (r->ew->groups[k] == t->links[i].group &&
			    (first || !opens(k))) {
				s->signal[k] += 1;
				joins |= k == EFFORT_JOINED;
			}
	if (!t->phrase) {
		s->words++;
		s->plurals += effort_look_plural(t->text, t->len);
		count_items(s, t, joins);
		weigh_word(r, t);
	}
	s->to = t->text + t->len;
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
		end_item(s);
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

/* The size of it all, the story included. */
static void
measure_all(const struct reading *r, double *signal)
{
	double words = 0, plurals = 0, items = 0, asked = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct sentence *s = &r->sentence[i];
		words += s->words;
		plurals += s->plurals;
		asked += s->signal[EFFORT_ASKED];
		items = fmax(items, s->items);
	}
	signal[EFFORT_SHORT] = words < 14;
	signal[EFFORT_LONG] = words >= 25;
	signal[EFFORT_ITEMS] = fmin(items, 8) / 4;
	signal[EFFORT_LISTED] = items >= 3;
	signal[EFFORT_PLURALS] = log1p(plurals);
	signal[EFFORT_ALL_PLURAL] = 3 * plurals / fmax(words, 5);
	signal[EFFORT_ASKED_MUCH] = asked >= 3;
	signal[EFFORT_ALONE] = r->n == 1;
	/* few words are no weak evidence here: large orders are short */
	signal[EFFORT_WORDS] = r->rarity > 0 ? r->heavy *
	    words_heavy_scale(r->ew->words) / sqrt(r->rarity) : 0;
}

/* What is left of it, when the story has been left out. */
static void
measure_wish(const struct reading *r, double *signal)
{
	double words = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct sentence *s = &r->sentence[i];
		size_t n = (size_t)(s->to - s->from);
		for (size_t k = 0; k < EFFORT_SIGNALS; k++)
			signal[k] += s->signal[k];
		words += s->words;
		signal[EFFORT_COUNTED] = fmax(signal[EFFORT_COUNTED],
		    effort_look_counted(s->from, n));
		signal[EFFORT_CLAUSES] = fmax(signal[EFFORT_CLAUSES],
		    effort_look_clauses(s->from, n));
		signal[EFFORT_ASKS] += s->to[-1] == '?';
	}
	signal[EFFORT_LENGTH] = log1p(words) - 3;
	signal[EFFORT_SENTENCES] = log(fmax((double)r->n, 1));
}

static void
read_signals(const struct effort_words *ew, const char *text, size_t len,
    double *signal)
{
	struct reading r = { .ew = ew };
	AUTO_BUF struct buf prose = BUF_INIT;
	size_t pasted = effort_look_prose(text, len, &prose);

	words_read(ew->words, prose.data, prose.len, count, &r);
	tell_kinds(&r, prose.data + prose.len);
	measure_all(&r, signal);
	leave_out_the_story(&r);
	measure_wish(&r, signal);
	signal[EFFORT_ASKS] = log1p(signal[EFFORT_ASKS]);
	signal[EFFORT_CLAUSES] = sqrt(signal[EFFORT_CLAUSES]);
	for (size_t k = 0; k < EFFORT_SIGNALS; k++)
		if (ew->groups[k] >= 0)
			signal[k] = log1p(signal[k]);
	signal[EFFORT_BIAS] = 1;
	signal[EFFORT_PASTED] = pasted > 20;
	signal[EFFORT_QUOTES] = effort_look_quotes(prose.data, prose.len);
	signal[EFFORT_CODE] = effort_look_names_code(prose.data, prose.len);
	signal[EFFORT_ENDS_ASKING] = effort_look_ends_asking(prose.data,
	    prose.len);
}

void
effort_estimate(const struct effort_words *ew, const char *text, size_t len,
    struct effort *ret)
{
	double sum = 0;

	*ret = (struct effort){ 0 };
	read_signals(ew, text, len, ret->signals);
	for (size_t k = 0; k < EFFORT_SIGNALS; k++)
		sum += signals[k].weight * ret->signals[k];
	ret->heavy = 1 / (1 + exp(-sum));
	ret->minutes = exp(log(5) + ret->heavy * log(11));
	ret->tokens = (long)(ret->minutes * 1200) + (long)(len / 4);
}
