/*
 * match: which agent a text is for.
 *
 * Features are the groups of words, then the words that occur in what is
 * written about the agents.  Each has a row with a weight for each agent,
 * saturated as in BM25 so that saying something five times is not worth five
 * times as much, and a rarity: a feature that all agents have says nothing.
 * What words have to do with each other, as learned, comes on top of that
 * (match-bearing.h).
 */
#include "config.h"

#include "match.h"

#include <math.h>

#include "alloc.h"
#include "match-bearing.h"
#include "match-claims.h"
#include "shape.h"

/* What the parts of a description are worth. */
static const double weight_id = 0.7, weight_description = 1,
    weight_duty = 1, weight_capability = 1.3,
    weight_refused = -0.7;
static const double saturation = 3;	/* k1 of BM25 */
static const double length_share = 0.6;	/* b of BM25 */
static const double known_word = 3.2, unknown_word = 2.8; /* of a group */
static const double many_features = 0.8; /* against one that has several */
static const double foreign_trade = 0.5; /* least worth of another trade */
static const double first_words = 1.5;	/* at the beginning of a sentence */
static const double point_worth = 0.25;	/* as a logit of the share */

struct word {
	uint64_t stem;			/* 0: free */
	size_t feature;
	char text[MATCH_WHY_LEN];
};

struct match {
	struct words *words;
	struct match_bearing *bearing;
	size_t nagents, ngroups;
	size_t nfeatures, featurecap;
	double *raw;			/* nfeatures rows of nagents */
	double *rows;			/* saturated, times rarity */
	bool stale;			/* rows are older than raw */
	struct word *table;
	size_t used, size;		/* size is a power of 2 */
	double *query;			/* of nfeatures; 0 between calls */
	size_t *touched;
	size_t ntouched;
	size_t agent;			/* being described */
	double weight;
};

static struct word *
find_word(const struct match *m, uint64_t stem)
{
	size_t i = stem & (m->size - 1);

	while (m->table[i].stem && m->table[i].stem != stem)
		i = (i + 1) & (m->size - 1);
	return &m->table[i];
}

static void
grow_table(struct match *m)
{
	struct word *old = m->table;
	size_t n = m->size;

	m->size = n ? 2 * n : 1024;
	m->table = xcalloc(m->size, sizeof(*m->table));
	for (size_t i = 0; i < n; i++)
		if (old[i].stem)
			*find_word(m, old[i].stem) = old[i];
	free(old);
}

static size_t
add_feature(struct match *m)
{
	if (m->nfeatures == m->featurecap) {
		size_t n = m->featurecap ? 2 * m->featurecap : 1024;
		size_t cells = n * m->nagents;
		m->raw = xreallocarray(m->raw, cells, sizeof(*m->raw));
		m->rows = xreallocarray(m->rows, cells, sizeof(*m->rows));
		m->query = xreallocarray(m->query, n, sizeof(*m->query));
		m->touched = xreallocarray(m->touched, n,
		    sizeof(*m->touched));
		memset(m->raw + m->nfeatures * m->nagents, 0,
		    (cells - m->nfeatures * m->nagents) * sizeof(*m->raw));
		memset(m->query + m->nfeatures, 0,
		    (n - m->nfeatures) * sizeof(*m->query));
		m->featurecap = n;
	}
	return m->nfeatures++;
}

/* Words too common to say anything by themselves, by their stems. */
static bool
is_common(const struct words_token *t)
{
	return t->stop || (t->len < 3 && (unsigned char)*t->text < 0x80);
}

static size_t
need_word(struct match *m, const struct words_token *t)
{
	struct word *w = find_word(m, t->stem);

	if (w->stem)
		return w->feature;
	if (2 * m->used >= m->size) {
		grow_table(m);
		w = find_word(m, t->stem);
	}
	w->stem = t->stem;
	w->feature = add_feature(m);
	snprintf(w->text, sizeof(w->text), "%.*s", (int)t->len, t->text);
	m->used++;
	return w->feature;
}

/* Whether a word is a member of a group that does not tell how much. */
static bool
is_about(const struct match *m, const struct words_link *link)
{
	return !words_is_amount(m->words, link->group);
}

static void
describe(const struct words_token *t, void *arg)
{
	struct match *m = arg;

	for (size_t i = 0; i < t->nlinks; i++)
		if (is_about(m, &t->links[i]))
			m->raw[t->links[i].group * m->nagents + m->agent] +=
			    m->weight * (double)t->links[i].weight;
	if (!t->phrase && !is_common(t))
		m->raw[need_word(m, t) * m->nagents + m->agent] += m->weight;
}

static void
write_down(const struct words_token *t, void *arg)
{
	struct match *m = arg;

	describe(t, arg);
	match_bearing_write(m->bearing, m->agent, t);
}

static void
add_part(const char *part, size_t len, bool refused, void *arg)
{
	struct match *m = arg;
	double weight = m->weight;

	if (refused)
		m->weight *= weight_refused;
	words_read(m->words, part, len, refused ? describe : write_down, m);
	m->weight = weight;
}

static void
add_text(struct match *m, const char *text, double weight)
{
	m->weight = weight;
	if (text)
		match_claims(text, add_part, m);
}

struct match *
match_new(struct words *w, const struct match_agent *agents, size_t n)
{
	struct match *m = xcalloc(1, sizeof(*m));

	m->words = w;
	m->nagents = n;
	m->ngroups = words_groups(w);
	m->bearing = match_bearing_new(w, n);
	m->stale = true;
	grow_table(m);
	while (m->nfeatures < m->ngroups)
		add_feature(m);
	for (m->agent = 0; m->agent < n; m->agent++) {
		const struct match_agent *a = &agents[m->agent];
		match_learn(m, m->agent, a->id, strlen(a->id), weight_id);
		add_text(m, a->description, weight_description);
		for (size_t i = 0; i < a->nresponsibilities; i++)
			add_text(m, a->responsibilities[i], weight_duty);
		for (size_t i = 0; i < a->ncapabilities; i++)
			add_text(m, a->capabilities[i], weight_capability);
	}
	return m;
}

void
match_free(struct match *m)
{
	if (!m)
		return;
	match_bearing_free(m->bearing);
	free(m->raw);
	free(m->rows);
	free(m->table);
	free(m->query);
	free(m->touched);
	free(m);
}

void
match_learn(struct match *m, size_t agent, const char *text, size_t len,
    double weight)
{
	if (agent >= m->nagents)
		return;
	m->agent = agent;
	m->weight = weight;
	words_read(m->words, text, len, describe, m);
	m->stale = true;
}

/* How much each agent has of everything, against the average. */
static void
measure_lengths(const struct match *m, double *ret)
{
	double sum = 0;

	for (size_t a = 0; a < m->nagents; a++)
		ret[a] = 0;
	for (size_t f = m->ngroups; f < m->nfeatures; f++)
		for (size_t a = 0; a < m->nagents; a++)
			ret[a] += fmax(m->raw[f * m->nagents + a], 0);
	for (size_t a = 0; a < m->nagents; a++)
		sum += ret[a];
	for (size_t a = 0; a < m->nagents; a++)
		ret[a] = sum > 0 ? ret[a] * (double)m->nagents / sum : 1;
}

/*
 * Words mean different things in different trades ("feature", "brief"): what
 * belongs to a trade that is not the team's counts less.
 */
static void
measure_trades(const struct match *m, double *ret)
{
	double top = 0;

	for (size_t g = 0; g < m->ngroups; g++) {
		ret[g] = 0;
		for (size_t a = 0; a < m->nagents; a++)
			ret[g] += fmax(m->raw[g * m->nagents + a], 0);
		if (words_is_trade(m->words, g))
			top = fmax(top, ret[g]);
	}
	for (size_t g = 0; g < m->ngroups; g++)
		ret[g] = top > 0 ? fmax(foreign_trade, sqrt(ret[g] / top)) : 1;
}

static void
weigh_row(struct match *m, size_t f, const double *length,
    const double *trades)
{
	const double *raw = m->raw + f * m->nagents;
	double *row = m->rows + f * m->nagents;
	double n = (double)m->nagents, top = 0, have = 0, rarity;

	for (size_t a = 0; a < m->nagents; a++) {
		double k = saturation * (1 - length_share +
		    length_share * length[a]);
		row[a] = raw[a] > 0 ? raw[a] * (saturation + 1) /
		    (raw[a] + k) : raw[a];
		top = fmax(top, row[a]);
	}
	for (size_t a = 0; a < m->nagents; a++)
		have += top > 0 ? fmax(row[a], 0) / top : 0;
	/* what nobody has can still speak against somebody */
	rarity = log((n + 0.5) / fmax(have, 1));
	if (f < m->ngroups)
		rarity *= words_in_trades(m->words, f, trades);
	for (size_t a = 0; a < m->nagents; a++)
		row[a] *= rarity;
}

static void
find_bearings(struct match *m)
{
	AUTO_FREE double *about = xcalloc(m->ngroups + 1, sizeof(*about));

	for (size_t a = 0; a < m->nagents; a++) {
		for (size_t g = 0; g < m->ngroups; g++)
			about[g] = m->rows[g * m->nagents + a];
		match_bearing_set_about(m->bearing, a, about);
	}
	match_bearing_settle(m->bearing);
}

static void
refresh(struct match *m)
{
	AUTO_FREE double *length = xcalloc(m->nagents + 1, sizeof(*length));
	AUTO_FREE double *trades = xcalloc(m->ngroups + 1, sizeof(*trades));

	measure_lengths(m, length);
	measure_trades(m, trades);
	for (size_t f = 0; f < m->nfeatures; f++)
		weigh_row(m, f, length, trades);
	find_bearings(m);
	m->stale = false;
}

void
match_about(struct match *m, size_t agent, double *ret)
{
	if (m->stale)
		refresh(m);
	for (size_t g = 0; g < m->ngroups; g++)
		ret[g] = m->rows[g * m->nagents + agent];
}

static void
touch(struct match *m, size_t feature, double weight)
{
	if (m->query[feature] == 0)
		m->touched[m->ntouched++] = feature;
	m->query[feature] += weight;
}

/* One word is one piece of evidence, in however many groups it is. */
static double
token_share(const struct match *m, const struct words_token *t)
{
	double all = 0;

	if (!t->phrase && !is_common(t) && find_word(m, t->stem)->stem)
		all = 1;
	for (size_t i = 0; i < t->nlinks; i++)
		if (is_about(m, &t->links[i]))
			all += (double)t->links[i].weight;
	return all > 1 ? pow(all, -many_features) : 1;
}

static void
ask(const struct words_token *t, void *arg)
{
	struct match *m = arg;
	const struct word *w;
	double weight = (double)t->weight * token_share(m, t);
	bool known = false;

	match_bearing_ask(m->bearing, t);
	for (size_t i = 0; i < t->nlinks; i++) {
		const struct words_link *l = &t->links[i];
		if (is_about(m, l)) {
			touch(m, l->group, weight * (double)l->weight *
			    (t->place < 4 ? first_words : 1));
			known = true;
		}
	}
	if (t->phrase || is_common(t))
		return;
	w = find_word(m, t->stem);
	if (w->stem)
		touch(m, w->feature, weight * (known ? known_word
		    : unknown_word));
}

static void
ask_shape(const struct shape *shape, void *arg)
{
	struct match *m = arg;
	int group = words_find_group(m->words, shape->group);

	if (group >= 0)
		touch(m, (size_t)group, shape->weight);
}

static int
by_score(const void *a, const void *b)
{
	const struct match_score *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return x->agent < y->agent ? -1 : x->agent > y->agent;
}

/* What a feature is worth that occurs several times. */
static double
damp(double weight)
{
	return weight <= 1 ? weight : 1 + log(weight);
}

static const char *
feature_name(const struct match *m, size_t f)
{
	if (f < m->ngroups)
		return words_group(m->words, f);
	for (size_t i = 0; i < m->size; i++)
		if (m->table[i].stem && m->table[i].feature == f)
			return m->table[i].text;
	return "?";
}

/* What may be told: a feature, or a word by where it points. */
struct reason {
	double worth;
	size_t feature;
	const char *word;		/* NULL: the feature */
	size_t len;
};

struct reasons {
	struct reason best[MATCH_WHY];
	size_t n;
};

static void
consider(struct reasons *r, const struct reason *new)
{
	size_t at = r->n;

	while (at > 0 && r->best[at - 1].worth < new->worth)
		at--;
	if (new->worth <= 0 || at == MATCH_WHY)
		return;
	if (r->n < MATCH_WHY)
		r->n++;
	for (size_t i = r->n - 1; i > at; i--)
		r->best[i] = r->best[i - 1];
	r->best[at] = *new;
}

/* A group and a word may have the same name. */
static void
add_name(struct match_why *why, const char *name, size_t len)
{
	if (len >= MATCH_WHY_LEN)
		len = MATCH_WHY_LEN - 1;
	for (size_t i = 0; i < why->n; i++)
		if (strlen(why->text[i]) == len &&
		    strncasecmp(why->text[i], name, len) == 0)
			return;
	memcpy(why->text[why->n], name, len);
	why->text[why->n++][len] = '\0';
}

/* What gave most to one agent. */
static void
explain(const struct match *m, size_t agent, struct match_why *why)
{
	struct reasons r = { .n = 0 };
	struct words_token t;
	struct reason new = { .worth = 0 };

	for (size_t i = 0; i < m->ntouched; i++) {
		new.feature = m->touched[i];
		new.worth = damp(m->query[new.feature]) *
		    m->rows[new.feature * m->nagents + agent];
		consider(&r, &new);
	}
	for (size_t i = 0; match_bearing_tell(m->bearing, agent, i, &t,
	    &new.worth); i++) {
		new.word = t.text;
		new.len = t.len;
		if (new.len > 0)
			consider(&r, &new);
	}
	why->n = 0;
	for (size_t i = 0; i < r.n; i++) {
		const struct reason *b = &r.best[i];
		const char *name = b->word ? b->word
		    : feature_name(m, b->feature);
		add_name(why, name, b->word ? b->len : strlen(name));
	}
}

static void
add_up(const struct match *m, struct match_score *ret)
{
	double total = 0, top = -HUGE_VAL;

	for (size_t a = 0; a < m->nagents; a++)
		ret[a] = (struct match_score){ .agent = a };
	for (size_t i = 0; i < m->ntouched; i++) {
		size_t f = m->touched[i];
		double w = damp(m->query[f]);
		const double *row = m->rows + f * m->nagents;
		for (size_t a = 0; a < m->nagents; a++)
			ret[a].score += w * row[a];
	}
	for (size_t a = 0; a < m->nagents; a++) {
		ret[a].score += match_bearing_worth(m->bearing, a);
		top = fmax(top, ret[a].score);
	}
	for (size_t a = 0; a < m->nagents; a++) {
		ret[a].share = exp(point_worth * (ret[a].score - top));
		total += ret[a].share;
	}
	for (size_t a = 0; a < m->nagents; a++)
		ret[a].share /= total;
}

void
match_rank(struct match *m, const char *text, size_t len,
    struct match_score *ret, struct match_why *why)
{
	if (m->stale)
		refresh(m);
	words_read(m->words, text, len, ask, m);
	shape_find(text, len, ask_shape, m);
	add_up(m, ret);
	qsort(ret, m->nagents, sizeof(*ret), by_score);
	if (why && m->nagents > 0)
		explain(m, ret[0].agent, why);
	for (size_t i = 0; i < m->ntouched; i++)
		m->query[m->touched[i]] = 0;
	m->ntouched = 0;
	match_bearing_forget(m->bearing);
}
