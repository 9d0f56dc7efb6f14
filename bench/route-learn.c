/*
 * route-learn TEAM.yaml TASKS.ndjson [TEAM TASKS]...: what words of tasks have
 * to do with words of descriptions, for templates/bearings.
 *
 * A word such as "friday" is a member of no group, but tasks that have it are
 * more often for those who keep a calendar.  Each labelled task tells who
 * was right, among whom; what is learned is where a word points in a space
 * of the words and groups that agents are described by, not in one of
 * agents, so that it holds in other teams.
 */
#include "config.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>

#include "alloc.h"
#include "effort.h"
#include "fd.h"
#include "learn.h"
#include "match-agents.h"
#include "match-bearing.h"
#include "match-claims.h"
#include "ndjson.h"
#include "path.h"

enum { TASKS_MIN = 2, AGENTS_MIN = 2, LARGEST = 127 };

static const double word_share = 1.5;	/* as in lib/match-bearing.c */
static const double base_share = 0.2;	/* as in learn-fit.c */

struct reading {
	struct learn *l;
	struct words *words;
	struct learn_counts *counts;
};

static void
count_asked(const struct words_token *t, void *arg)
{
	struct reading *r = arg;

	if (!t->phrase)
		learn_counts_add(r->counts, learn_word(&r->l->asked, t),
		    match_bearing_weight(t));
}

/* What match_bearing_write() takes. */
static void
count_written(const struct words_token *t, void *arg)
{
	struct reading *r = arg;

	if (!t->phrase && !t->stop && t->len >= 3)
		learn_counts_add(r->counts, learn_word(&r->l->written, t), 1);
}

static void
read_part(const char *part, size_t len, bool refused, void *arg)
{
	struct reading *r = arg;

	if (!refused)
		words_read(r->words, part, len, count_written, r);
}

static void
read_agent(struct reading *r, struct match *m, size_t number,
    const jv *a)
{
	static const char *const lists[] = {
		"responsibilities", "capabilities"
	};
	struct learn *l = r->l;
	struct learn_agent *g;

	GROW(l->agents, l->nagents, l->agentcap);
	g = &l->agents[l->nagents++];
	*g = (struct learn_agent){ .tasks = 0 };
	r->counts = &g->words;
	if (json_str(a, "description"))
		match_claims(json_str(a, "description"), read_part, r);
	for (size_t k = 0; k < 2; k++) {
		AUTO_JV jv list = agents_strings(a, lists[k]);
		for (size_t i = 0; i < json_count(&list); i++) {
			AUTO_JV jv s = json_at(&list, i);
			match_claims(json_string(&s), read_part, r);
		}
	}
	for (size_t i = 0; i < g->words.n; i++)
		l->written.words[g->words.counts[i].word].in++;
	/* made longer once it is known which words are columns */
	g->about = xcalloc(l->ngroups, sizeof(*g->about));
	match_about(m, number, g->about);
}

static void
mark_right(const struct agents *team, const char *id, struct learn_task *t)
{
	for (size_t i = 0; id && i < t->nagents; i++) {
		AUTO_JV jv a = json_at(&team->list, i);
		if (strcmp(json_str(&a, "id"), id) == 0)
			t->right[i] = true;
	}
}

static void
read_labels(const struct agents *team, const jv *line, struct learn_task *t)
{
	AUTO_JV jv also = json_get(line, "also_ok");
	const char *class = json_str(line, "class");

	mark_right(team, json_str(line, "agent"), t);
	for (size_t i = 0; i < json_count(&also); i++) {
		AUTO_JV jv s = json_at(&also, i);
		mark_right(team, json_string(&s), t);
	}
	t->heavy = !class ? -1 : strcmp(class, "heavy") == 0;
}

static void
read_task(struct reading *r, struct match *m, const struct agents *team,
    const jv *line)
{
	const char *text = json_str(line, "prompt");
	struct match_score scores[LEARN_TEAM];
	struct effort_words ew;
	struct effort f;
	struct learn *l = r->l;
	struct learn_task *t;

	if (!text)
		return;
	GROW(l->tasks, l->ntasks, l->taskcap);
	t = &l->tasks[l->ntasks++];
	*t = (struct learn_task){ .nagents = json_count(&team->list) };
	t->first = l->nagents - t->nagents;
	read_labels(team, line, t);
	match_rank(m, text, strlen(text), scores, NULL);
	for (size_t i = 0; i < t->nagents; i++) {
		t->base[scores[i].agent] = scores[i].score;
		l->agents[t->first + i].tasks += t->right[i];
	}
	effort_init(&ew, r->words);
	effort_estimate(&ew, text, strlen(text), &f);
	t->heavy_base = log(f.heavy / (1 - f.heavy));
	r->counts = &t->words;
	words_read(r->words, text, strlen(text), count_asked, r);
	for (size_t i = 0; i < t->words.n; i++) {
		struct learn_count *c = &t->words.counts[i];
		l->asked.words[c->word].in++;
		if (c->n > 1)
			c->n = 1 + log(c->n);
	}
}

static int
read_set(struct reading *r, const char *yaml, const char *path, struct err *e)
{
	AUTO_AGENTS struct agents team = AGENTS_INIT;
	struct ndjson_reader in = { 0 };
	struct ndjson_line line = { .value = JSON_NONE };
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct match *m;

	if (fd < 0)
		return err_sys(e, ST_NOINPUT, "cannot open '%s'", path);
	if (agents_read(yaml, &team, e) < 0)
		return -1;
	if (json_count(&team.list) > LEARN_TEAM)
		return err_set(e, ST_CONFIG, "'%s': a large team", yaml);
	m = match_agents(r->words, &team);
	for (size_t i = 0; i < json_count(&team.list); i++) {
		AUTO_JV jv a = json_at(&team.list, i);
		read_agent(r, m, i, &a);
	}
	ndjson_init(&in, fd, NDJSON_LINE_MAX);
	while (ndjson_next(&in, &line, e) == NDJSON_LINE)
		read_task(r, m, &team, &line.value);
	ndjson_line_release(&line);
	ndjson_release(&in);
	match_free(m);
	return 0;
}

/* Rarities, and a column for each word that several agents have. */
static void
weigh_words(struct learn *l)
{
	for (size_t i = 0; i < l->asked.n; i++) {
		struct learn_word *w = &l->asked.words[i];
		if (w->in >= TASKS_MIN && *w->text)
			w->rarity = round(10 * log((double)l->ntasks /
			    w->in)) / 10;
	}
	l->ncolumns = l->ngroups;
	for (size_t i = 0; i < l->written.n; i++) {
		struct learn_word *w = &l->written.words[i];
		w->column = w->in >= AGENTS_MIN && *w->text ?
		    l->ncolumns++ : 0;
	}
}

/* What match_bearing_set_about() makes of it, before the sum. */
static void
fill_columns(const struct learn *l, struct learn_agent *g)
{
	double length = 0, n = 0;

	g->about = xreallocarray(g->about, l->ncolumns, sizeof(*g->about));
	for (size_t i = 0; i < l->ngroups; i++) {
		g->about[i] = fmax(g->about[i], 0);
		length += g->about[i] * g->about[i];
	}
	for (size_t i = 0; i < l->ngroups && length > 0; i++)
		g->about[i] /= sqrt(length);
	for (size_t i = l->ngroups; i < l->ncolumns; i++)
		g->about[i] = 0;
	for (size_t i = 0; i < g->words.n; i++)
		n += l->written.words[g->words.counts[i].word].column > 0;
	for (size_t i = 0; i < g->words.n; i++) {
		size_t c = l->written.words[g->words.counts[i].word].column;
		if (c)
			g->about[c] = word_share / sqrt(n);
	}
}

/* Less what the whole team has in common. */
static void
centre_team(struct learn *l, size_t first, size_t n)
{
	for (size_t c = 0; c < l->ncolumns; c++) {
		double mean = 0;
		for (size_t a = first; a < first + n; a++)
			mean += l->agents[a].about[c] / (double)n;
		for (size_t a = first; a < first + n; a++)
			l->agents[a].about[c] -= mean;
	}
}

static void
fill_agents(struct learn *l)
{
	size_t done = 0;

	for (size_t a = 0; a < l->nagents; a++)
		fill_columns(l, &l->agents[a]);
	for (size_t t = 0; t < l->ntasks; t++)
		if (l->tasks[t].first >= done) {
			centre_team(l, l->tasks[t].first,
			    l->tasks[t].nagents);
			done = l->tasks[t].first + l->tasks[t].nagents;
		}
}

static long
limited(double x)
{
	return lround(fmax(fmin(x, LARGEST), -LARGEST));
}

/* A row as it stands in the file. */
static void
say_row(const char *name, double rarity, double heavy, const double *to,
    size_t stride, double unit)
{
	printf("\t%s %ld %ld", name, lround(rarity), limited(heavy));
	for (size_t k = 0; k < WORDS_WAYS; k++)
		printf(" %ld", limited(to[k * stride] / unit));
	printf("\n");
}

/* So that few numbers are above LARGEST, and small ones are kept apart. */
static double
unit_of(const double *x, size_t n)
{
	double top = 0, sum = 0;

	for (size_t i = 0; i < n; i++) {
		top = fmax(top, fabs(x[i]));
		sum += x[i] * x[i];
	}
	return fmax(fmin(top, 12 * sqrt(sum / (double)n)), 1e-9) / LARGEST;
}

/* A task's words are divided by their length when they are summed up. */
static void
apply_rarity(struct learn *l)
{
	for (size_t i = 0; i < l->asked.n; i++) {
		double rarity = l->asked.words[i].rarity;
		for (size_t k = 0; k < WORDS_WAYS; k++)
			l->asked_to[i * WORDS_WAYS + k] *= rarity;
		l->asked_heavy[i] *= rarity;
	}
}

static void
say_all(const struct learn *l, const struct words *w)
{
	double unit = unit_of(l->asked_to, l->asked.n * WORDS_WAYS);
	double ways = unit_of(l->ways, l->ncolumns * WORDS_WAYS);
	double heavy = unit_of(l->asked_heavy, l->asked.n);
	size_t n = l->ncolumns;

	printf("unit: %.0f\nheavy: %.0f\nasked:\n",
	    1e9 * unit * ways / base_share, 1e9 * heavy);
	for (size_t i = 0; i < l->asked.n; i++) {
		const struct learn_word *a = &l->asked.words[i];
		if (a->rarity > 0)
			say_row(a->text, 10 * a->rarity,
			    l->asked_heavy[i] / heavy,
			    l->asked_to + i * WORDS_WAYS, 1, unit);
	}
	printf("written:\n");
	for (size_t i = 0; i < l->written.n; i++)
		if (l->written.words[i].column)
			say_row(l->written.words[i].text, 0, 0, l->ways +
			    l->written.words[i].column, n, ways);
	printf("groups:\n");
	for (size_t g = 0; g < l->ngroups; g++)
		if (!words_is_amount(w, g))
			say_row(words_group(w, g), 0, 0, l->ways + g, n, ways);
}

static int
run(int argc, char **argv, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;
	struct learn l = { .ncolumns = 0 };
	struct reading r = { .l = &l };

	if (path_read("templates/words", 16 << 20, &text, e) < 0)
		return -1;
	r.words = words_parse("templates/words", text.data, text.len, e);
	if (!r.words)
		return -1;
	l.ngroups = words_groups(r.words);
	for (int i = 1; i + 1 < argc; i += 2)
		if (read_set(&r, argv[i], argv[i + 1], e) < 0)
			return -1;
	weigh_words(&l);
	fill_agents(&l);
	learn_space(&l);
	learn_fit(&l);
	apply_rarity(&l);
	say_all(&l, r.words);
	return fd_close_stdout(e);
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;

	err_set_program("route-learn");
	return run(argc, argv, &e) < 0 ? err_report(&e) : 0;
}
