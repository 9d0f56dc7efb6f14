/*
 * pattern-impl: the program that pattern.c (with pattern-class.c) makes and
 * pattern-match.c runs.
 */
#ifndef AGENT_PATTERN_IMPL_H
#define AGENT_PATTERN_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

enum pattern_op {
	OP_SET,			/* a character of sets[arg] */
	OP_CHAR,		/* this character */
	OP_SPLIT,		/* both here + x and here + y */
	OP_JUMP,		/* here + x */
	OP_START, OP_END,	/* of the string */
	OP_WORD, OP_NOT_WORD,	/* \b, \B */
	OP_LOOK, OP_LOOK_NOT,	/* what follows matches; then here + x */
	OP_ACCEPT
};

struct pattern_inst {
	enum pattern_op op;
	uint32_t arg;
	int x, y;
};

struct pattern_range {
	uint32_t lo, hi;
};

struct pattern_set {
	bool negate;
	uint32_t categories;
	struct pattern_range *ranges;
	size_t n, cap;
};

struct pattern {
	struct pattern_inst *code;
	size_t len, cap;
	struct pattern_set *sets;
	size_t nsets, capsets;
};

/* 0-9 A-Z a-z and _, which make \w and the edges of words. */
enum { PATTERN_NWORDS = 4 };
extern const struct pattern_range pattern_words[PATTERN_NWORDS];

struct pattern_parser {
	struct pattern *p;
	const char *text;
	size_t len, at;
	int depth;
	struct err *e;
};

int	pattern_refuse(const struct pattern_parser *ps, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
bool	pattern_more(const struct pattern_parser *ps);
/* take what comes next, if it is that */
bool	pattern_take(struct pattern_parser *ps, char c);
bool	pattern_take_text(struct pattern_parser *ps, const char *s);

/* the ranges, which are sorted, or all that lies between them */
void	pattern_add_ranges(struct pattern_set *s,
	    const struct pattern_range *r, size_t n, bool opposite);
/* after a backslash: a character; 1 a class, 0 none, -1 */
int	pattern_parse_char(struct pattern_parser *ps, uint32_t *ret);
int	pattern_parse_escape(struct pattern_parser *ps, struct pattern_set *s);
/* after '[' */
int	pattern_parse_class(struct pattern_parser *ps, struct pattern_set *s);

#endif
