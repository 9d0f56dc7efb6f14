/* pattern-impl: the program that pattern.c makes and pattern-match.c runs. */
#ifndef AGENT_PATTERN_IMPL_H
#define AGENT_PATTERN_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

bool	pattern_in_ranges(const struct pattern_range *r, size_t n, uint32_t c);

#endif
