/*
 * memory-query: from the words of a query to lists of postings; for the
 * files of memory alone.
 *
 * A group is a word of the query.  Its classes are what may stand for it: the
 * forms of the word itself, of each synonym, of each correction.  A note
 * scores, for a group, what its best class gives.
 */
#ifndef AGENT_MEMORY_QUERY_H
#define AGENT_MEMORY_QUERY_H

#include "index.h"
#include "memory-search.h"
#include "when.h"

enum query_how {
	QUERY_WORD, QUERY_SYNONYM, QUERY_SPELLING, QUERY_PREFIX, QUERY_WHOLE
};

struct query_list {
	size_t seg;
	unsigned char *data;
	size_t len;
};

/* A term of the index that a class found. */
struct query_term {
	char text[WORD_MAX];
	size_t len;
};

struct query_class {
	char word[WORD_MAX + 1];
	enum query_how how;
	double weight;
	uint64_t df;
	double idf;
	struct query_list *list;
	size_t nlists, caplists;
	struct query_term *term;
	size_t nterms, capterms;
};

enum {
	QUERY_MUST = 1, QUERY_NOT = 2, QUERY_FILTER = 4
};

struct query_group {
	char word[WORD_MAX + 1];
	unsigned flags;
	bool whole, prefix;
	struct query_class *class;
	size_t n, cap;
	double best;		/* the most that a class counts */
};

struct query {
	struct query_group *group;
	size_t n, cap;
	char **phrase;		/* folded words with a space around each */
	size_t nphrases, capphrases;
	struct when when;
	int64_t since, until;
	double total;		/* of the groups' best */
};

void	query_release(struct query *q);

/* Reads the text; no index needed. */
void	query_parse(const struct memory_search *s, struct query *ret);

/* Looks everything up. */
int	query_expand(struct query *q, const struct memory_search *s,
	    struct index *x, struct err *e);

/* Words as they are compared for a phrase: " a b c ". */
char	*query_fold(const char *text, size_t len);

/* The best `limit` documents. */
struct rank_doc {
	int64_t n;
	float score;
};

/* Spans, what stood for what, and, if asked, the reasons. */
void	memory_explain(const struct query *q, bool explain,
	    struct memory_hits *hits);

int	rank_documents(const struct query *q, const struct index *x,
	    const int64_t *dead, size_t ndead, struct rank_doc *out,
	    size_t limit, size_t *ret_n);

#endif
