/* pattern-match: running the program of a pattern over a string. */
#include "config.h"

#include "pattern.h"

#include "alloc.h"
#include "pattern-impl.h"
#include "unicode.h"
#include "utf8.h"

enum { BUDGET = 1 << 27 };	/* states visited by one match */

static bool
in_ranges(const struct pattern_range *r, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= r[i].lo && c <= r[i].hi)
			return true;
	return false;
}

static bool
set_has(const struct pattern_set *s, uint32_t c)
{
	bool in = in_ranges(s->ranges, s->n, c) ||
	    (s->categories && s->categories >> unicode_category(c) & 1);

	return in != s->negate;
}

struct threads {
	unsigned *pc;		/* n of them */
	size_t n;
};

struct match {
	const struct pattern *p;
	const char *s;
	size_t len;
	long budget;
};

/* The memory of one run: two lists, marks, a stack. */
struct run {
	struct threads now, next;
	size_t *mark;		/* position + 1 at which pc was added */
	unsigned *stack;
};

static int	run_from(struct match *m, unsigned start, size_t pos,
		    bool anchored);

static bool
is_word_at(const struct match *m, size_t pos)
{
	return pos < m->len && in_ranges(pattern_words, PATTERN_NWORDS,
	    (unsigned char)m->s[pos]);
}

/* Whether an assertion holds: 1, 0, or given up. */
static int
holds(struct match *m, unsigned pc, size_t pos)
{
	const struct pattern_inst *in = &m->p->code[pc];
	bool edge;
	int r;

	switch (in->op) {
	case OP_START:
		return pos == 0;
	case OP_END:
		return pos == m->len;
	case OP_WORD:
	case OP_NOT_WORD:
		edge = (pos > 0 && is_word_at(m, pos - 1)) !=
		    is_word_at(m, pos);
		return edge == (in->op == OP_WORD);
	default:
		r = run_from(m, pc + 1, pos, true);
		if (r < 0)
			return r;
		return (r == 1) == (in->op == OP_LOOK);
	}
}

/*
 * Adds a state and all that it leads to without a character.  1 when the end
 * of the pattern is among them, 0, or given up.
 */
static int
follow(struct match *m, struct run *run, struct threads *to, unsigned start,
    size_t pos)
{
	const struct pattern_inst *code = m->p->code;
	size_t n = 0;

	run->stack[n++] = start;
	while (n > 0) {
		unsigned pc = run->stack[--n];
		const struct pattern_inst *in = &code[pc];
		int r = 1;
		if (run->mark[pc] == pos + 1)
			continue;
		run->mark[pc] = pos + 1;
		if (--m->budget < 0)
			return PATTERN_GAVE_UP;
		switch (in->op) {
		case OP_ACCEPT:
			return 1;
		case OP_SET:
		case OP_CHAR:
			to->pc[to->n++] = pc;
			break;
		case OP_SPLIT:
			run->stack[n++] = pc + (unsigned)in->y;
			run->stack[n++] = pc + (unsigned)in->x;
			break;
		case OP_JUMP:
			run->stack[n++] = pc + (unsigned)in->x;
			break;
		default:
			if ((r = holds(m, pc, pos)) < 0)
				return r;
			if (r)
				run->stack[n++] = pc + (unsigned)(in->x ?
				    in->x : 1);
		}
	}
	return 0;
}

/* One character, for all the states at once. */
static int
step(struct match *m, struct run *run, uint32_t c, size_t next_pos)
{
	for (size_t i = 0; i < run->now.n; i++) {
		unsigned pc = run->now.pc[i];
		const struct pattern_inst *in = &m->p->code[pc];
		int r;
		if (in->op == OP_CHAR ? in->arg != c :
		    !set_has(&m->p->sets[in->arg], c))
			continue;
		if ((r = follow(m, run, &run->next, pc + 1, next_pos)) != 0)
			return r;
	}
	return 0;
}

static int
scan(struct match *m, struct run *run, unsigned start, size_t pos,
    bool anchored)
{
	int r = follow(m, run, &run->now, start, pos);

	while (r == 0 && pos < m->len && (run->now.n > 0 || !anchored)) {
		struct threads t;
		uint32_t c = utf8_next(m->s, m->len, &pos);
		run->next.n = 0;
		r = step(m, run, c, pos);
		if (r == 0 && !anchored)
			r = follow(m, run, &run->next, start, pos);
		t = run->now;
		run->now = run->next;
		run->next = t;
	}
	return r;
}

static int
run_from(struct match *m, unsigned start, size_t pos, bool anchored)
{
	size_t n = m->p->len;
	AUTO_FREE unsigned *lists = xcalloc(4 * n + 2, sizeof(*lists));
	AUTO_FREE size_t *mark = xcalloc(n, sizeof(*mark));
	struct run run = {
		.now = { lists, 0 }, .next = { lists + n, 0 },
		.mark = mark, .stack = lists + 2 * n
	};

	m->budget -= (long)n;
	return scan(m, &run, start, pos, anchored);
}

int
pattern_match(const struct pattern *p, const char *s, size_t len)
{
	struct match m = { .p = p, .s = s, .len = len, .budget = BUDGET };

	return run_from(&m, 0, 0, p->code[0].op == OP_START);
}
