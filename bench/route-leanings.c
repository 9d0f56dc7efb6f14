/*
 * route-leanings TEAM.yaml TASKS.ndjson [TEAM TASKS]...: what everyday words
 * point to, for the last part of templates/words.
 *
 * A word such as "friday" is a member of no group, but tasks that have it are
 * more often for those who keep a calendar.  Each labelled task tells: for
 * each of its words, what its agent is about, less what the whole team is
 * about on average.  What several tasks agree on is printed, in percent.
 *
 * Learned are groups of words, not agents, so that it holds in other teams.
 */
#include "config.h"

#include <fcntl.h>
#include <math.h>

#include "alloc.h"
#include "fd.h"
#include "match-agents.h"
#include "ndjson.h"
#include "path.h"

enum { TABLE = 1 << 15, WORD_MAX = 24, PROFILE = 10, TASKS_MIN = 2,
	TASKS_MAX = 100, GROUPS_OF_A_WORD = 6, TEAM_MAX = 64, LINE = 68 };
static const double prior = 1.5, least = 0.15;

struct lean {
	uint64_t stem;			/* 0: free */
	char word[WORD_MAX];
	unsigned tasks, last;
	double *sum;			/* of each group */
};

struct learning {
	struct words *words;
	size_t ngroups;
	struct lean *table;
	double *profiles, *mean;	/* of a team: rows of groups */
	size_t agent;
	unsigned task;
};

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y) - (x > y);
}

/* Keeps what one is most about, and makes it of length 1. */
static void
sharpen(double *row, size_t n)
{
	AUTO_FREE double *order = xcalloc(n, sizeof(*order));
	double floor, sum = 0;

	memcpy(order, row, n * sizeof(*row));
	qsort(order, n, sizeof(*order), by_size);
	floor = order[PROFILE];
	for (size_t g = 0; g < n; g++) {
		row[g] = row[g] > floor ? row[g] : 0;
		sum += row[g] * row[g];
	}
	for (size_t g = 0; g < n && sum > 0; g++)
		row[g] /= sqrt(sum);
}

static size_t
describe_team(struct learning *l, const struct agents *team)
{
	size_t n = json_count(&team->list);
	struct match *m = match_agents(l->words, team);

	memset(l->mean, 0, l->ngroups * sizeof(*l->mean));
	for (size_t a = 0; a < n && a < TEAM_MAX; a++) {
		double *row = l->profiles + a * l->ngroups;
		match_about(m, a, row);
		sharpen(row, l->ngroups);
		for (size_t g = 0; g < l->ngroups; g++)
			l->mean[g] += row[g] / (double)n;
	}
	match_free(m);
	return n;
}

static struct lean *
need_lean(struct learning *l, const struct words_token *t)
{
	size_t i = t->stem & (TABLE - 1);

	while (l->table[i].stem && l->table[i].stem != t->stem)
		i = (i + 1) & (TABLE - 1);
	if (!l->table[i].stem) {
		l->table[i].stem = t->stem;
		l->table[i].sum = xcalloc(l->ngroups, sizeof(double));
		for (size_t c = 0; c < t->len; c++)
			l->table[i].word[c] = (char)(t->text[c] |
			    (t->text[c] >= 'A' && t->text[c] <= 'Z' ? 32 : 0));
	}
	return &l->table[i];
}

static void
learn_word(const struct words_token *t, void *arg)
{
	struct learning *l = arg;
	const double *row = l->profiles + l->agent * l->ngroups;
	struct lean *lean;

	if (t->phrase || t->stop || t->len < 3 || t->len >= WORD_MAX ||
	    (unsigned char)*t->text >= 0xE0 ||
	    (*t->text >= '0' && *t->text <= '9'))
		return;
	lean = need_lean(l, t);
	if (lean->last == l->task)
		return;
	lean->last = l->task;
	lean->tasks++;
	for (size_t g = 0; g < l->ngroups; g++)
		lean->sum[g] += row[g] - l->mean[g];
}

static int
find_agent(const struct agents *team, const char *id)
{
	for (size_t i = 0; id && i < json_count(&team->list); i++) {
		AUTO_JV jv a = json_at(&team->list, i);
		if (strcmp(json_str(&a, "id"), id) == 0)
			return (int)i;
	}
	return -1;
}

static int
learn_tasks(struct learning *l, const char *yaml, const char *path,
    struct err *e)
{
	AUTO_AGENTS struct agents team = AGENTS_INIT;
	struct ndjson_reader in = { 0 };
	struct ndjson_line line = { .value = JSON_NONE };
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, ST_NOINPUT, "cannot open '%s'", path);
	if (agents_read(yaml, &team, e) < 0)
		return -1;
	if (describe_team(l, &team) > TEAM_MAX)
		return err_set(e, ST_CONFIG, "'%s': a large team", yaml);
	ndjson_init(&in, fd, NDJSON_LINE_MAX);
	while (ndjson_next(&in, &line, e) == NDJSON_LINE) {
		const char *text = json_str(&line.value, "prompt");
		int agent = find_agent(&team, json_str(&line.value, "agent"));
		l->task++;
		l->agent = (size_t)agent;
		if (text && agent >= 0)
			words_read(l->words, text, strlen(text), learn_word,
			    l);
	}
	ndjson_line_release(&line);
	ndjson_release(&in);
	return 0;
}

static double
leaning(const struct lean *lean, size_t g)
{
	return lean->sum[g] / sqrt(lean->tasks + prior);
}

/* Whether it is one of those that a word points to most. */
static bool
is_said(const struct learning *l, const struct lean *lean, size_t group)
{
	size_t better = 0;
	double mine;

	if (lean->tasks < TASKS_MIN || lean->tasks > TASKS_MAX)
		return false;
	mine = leaning(lean, group);
	for (size_t g = 0; mine > least && g < l->ngroups; g++)
		better += leaning(lean, g) > mine;
	return mine > least && better < GROUPS_OF_A_WORD;
}

/* One group: its name, then the words that point to it. */
static void
say_group(const struct learning *l, size_t g)
{
	size_t column = 0;

	for (size_t i = 0; i < TABLE; i++) {
		const struct lean *lean = &l->table[i];
		size_t n = strlen(lean->word) + 4;

		if (!lean->stem || !is_said(l, lean, g))
			continue;
		if (column == 0)
			printf("%s:", words_group(l->words, g));
		if (column == 0 || column + n > LINE) {
			printf("\n\t");
			column = 0;
		} else {
			printf(" ");
		}
		printf("%s%%%.0f", lean->word,
		    100 * fmin(leaning(lean, g), 1));
		column += n;
	}
	if (column)
		printf("\n");
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	AUTO_BUF struct buf text = BUF_INIT;
	struct learning l = { .task = 0 };

	err_set_program("route-leanings");
	if (path_read("templates/words", 16 << 20, &text, &e) < 0 ||
	    !(l.words = words_parse("words", text.data, text.len, &e)))
		return err_report(&e);
	l.ngroups = words_groups(l.words);
	l.table = xcalloc(TABLE, sizeof(*l.table));
	l.profiles = xcalloc(TEAM_MAX * l.ngroups, sizeof(double));
	l.mean = xcalloc(l.ngroups, sizeof(double));
	for (int i = 1; i + 1 < argc; i += 2)
		if (learn_tasks(&l, argv[i], argv[i + 1], &e) < 0)
			return err_report(&e);
	for (size_t g = 0; g < l.ngroups; g++)
		say_group(&l, g);
	for (size_t i = 0; i < TABLE; i++)
		free(l.table[i].sum);
	free(l.table);
	free(l.profiles);
	free(l.mean);
	words_free(l.words);
	return 0;
}
