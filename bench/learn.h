/*
 * learn: what bench/route-learn knows of labelled tasks and their teams, and
 * the two steps of learning from them.
 */
#ifndef BENCH_LEARN_H
#define BENCH_LEARN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "words.h"

enum { LEARN_WORD = 32, LEARN_TEAM = 32 };

struct learn_word {
	uint64_t stem;
	char text[LEARN_WORD];
	unsigned in;			/* how many tasks, or agents, have it */
	double rarity;			/* 0: too rare to learn from */
	size_t column;			/* of agents, if written about them */
};

/* Words by their stems, in the order in which they were met. */
struct learn_vocabulary {
	struct learn_word *words;
	size_t n, cap;
	size_t *places, nplaces;
};

/* The number of a word, which is new the first time. */
size_t	learn_word(struct learn_vocabulary *v, const struct words_token *t);

struct learn_count {			/* a word of a task, or of an agent */
	size_t word;
	double n;
};

struct learn_counts {
	struct learn_count *counts;
	size_t n, cap;
};

void	learn_counts_add(struct learn_counts *c, size_t word, double n);

struct learn_agent {
	struct learn_counts words;
	double *about;			/* how much of each column */
	double tasks;
	double to[WORDS_WAYS];
};

struct learn_task {
	struct learn_counts words;
	size_t first, nagents;		/* of its team */
	bool right[LEARN_TEAM];
	double base[LEARN_TEAM];	/* what is known without learning */
	double heavy_base;		/* likewise, of how much work it is */
	double heavy;			/* 1, 0; below: unknown */
};

struct learn {
	struct learn_vocabulary asked, written;
	struct learn_agent *agents;
	size_t nagents, agentcap;
	struct learn_task *tasks;
	size_t ntasks, taskcap;
	size_t ncolumns, ngroups;
	double *ways;			/* WORDS_WAYS rows of columns */
	double *asked_to;		/* of each word: WORDS_WAYS */
	double *asked_heavy;
};

/* Finds the main directions in which agents differ, and puts them there. */
void	learn_space(struct learn *l);

/* Finds where words of tasks point, and how much work they speak for. */
void	learn_fit(struct learn *l);

#endif
