/*
 * pattern: regular expressions as JSON Schema has them.
 *
 * A pattern becomes a program for Thompson's construction.  All jumps are
 * relative, so that a part can be moved (to put a SPLIT before it) and copied
 * (for {2,5}) without looking into it.  Since only "found or not" is asked,
 * groups and laziness leave no trace.
 */
#include "config.h"

#include "pattern.h"

#include "alloc.h"
#include "pattern-impl.h"
#include "unicode.h"
#include "utf8.h"

enum {
	PROGRAM_MAX = 20000,	/* instructions */
	SETS_MAX = 5000,
	DEPTH_MAX = 100,	/* of groups */
	REPEAT_MAX = 1000
};

/* Line terminators, as `.` leaves them out. */
static const struct pattern_range newlines[] = {
	{ '\n', '\n' }, { '\r', '\r' }, { 0x2028, 0x2029 }
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* Emitting. */

static int
emit(struct pattern_parser *ps, struct pattern_inst in)
{
	struct pattern *p = ps->p;

	if (p->len >= PROGRAM_MAX)
		return pattern_refuse(ps, "too large");
	GROW(p->code, p->len, p->cap);
	p->code[p->len++] = in;
	return 0;
}

/* Puts an instruction before the part that begins at `start`. */
static int
insert(struct pattern_parser *ps, size_t start, struct pattern_inst in)
{
	struct pattern *p = ps->p;

	if (emit(ps, in) < 0)
		return -1;
	memmove(p->code + start + 1, p->code + start,
	    (p->len - 1 - start) * sizeof(*p->code));
	p->code[start] = in;
	return 0;
}

static int
copy_part(struct pattern_parser *ps, size_t start, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (emit(ps, ps->p->code[start + i]) < 0)
			return -1;
	return 0;
}

static int
emit_set(struct pattern_parser *ps, struct pattern_set *s)
{
	struct pattern *p = ps->p;

	if (p->nsets >= SETS_MAX) {
		free(s->ranges);
		return pattern_refuse(ps, "too many classes");
	}
	GROW(p->sets, p->nsets, p->capsets);
	p->sets[p->nsets] = *s;
	return emit(ps, (struct pattern_inst){ OP_SET, (uint32_t)p->nsets++,
	    0, 0 });
}

/* Atoms and terms. */

static int	parse_alternatives(struct pattern_parser *ps);

/* After "(?=" or "(?!": the body, then ACCEPT, which ends the look. */
static int
parse_look(struct pattern_parser *ps, enum pattern_op op)
{
	size_t start = ps->p->len;

	if (parse_alternatives(ps) < 0 ||
	    emit(ps, (struct pattern_inst){ OP_ACCEPT, 0, 0, 0 }) < 0)
		return -1;
	if (!pattern_take(ps, ')'))
		return pattern_refuse(ps, "( without )");
	return insert(ps, start, (struct pattern_inst){ op, 0,
	    (int)(ps->p->len - start) + 1, 0 });
}

/* After '('. */
static int
parse_group(struct pattern_parser *ps)
{
	int r;

	if (++ps->depth > DEPTH_MAX)
		return pattern_refuse(ps, "nested too deeply");
	if (pattern_take_text(ps, "?=")) {
		r = parse_look(ps, OP_LOOK);
		ps->depth--;
		return r;
	}
	if (pattern_take_text(ps, "?!")) {
		r = parse_look(ps, OP_LOOK_NOT);
		ps->depth--;
		return r;
	}
	if (pattern_take_text(ps, "?<=") || pattern_take_text(ps, "?<!"))
		return pattern_refuse(ps, "look-behind is not supported");
	if (pattern_take_text(ps, "?<")) {
		while (pattern_more(ps) && ps->text[ps->at] != '>')
			ps->at++;
		if (!pattern_take(ps, '>'))
			return pattern_refuse(ps, "bad name of a group");
	} else if (pattern_take(ps, '?') && !pattern_take(ps, ':')) {
		return pattern_refuse(ps, "no such group");
	}
	if (parse_alternatives(ps) < 0)
		return -1;
	ps->depth--;
	return pattern_take(ps, ')') ? 0 : pattern_refuse(ps, "( without )");
}

/* After a backslash outside a class. */
static int
parse_escape(struct pattern_parser *ps)
{
	struct pattern_set s = { 0 };
	uint32_t c = 0;
	int r;

	if (!pattern_more(ps))
		return pattern_refuse(ps, "ends in a backslash");
	if (pattern_take(ps, 'b'))
		return emit(ps, (struct pattern_inst){ OP_WORD, 0, 0, 0 });
	if (pattern_take(ps, 'B'))
		return emit(ps, (struct pattern_inst){ OP_NOT_WORD, 0, 0, 0 });
	if ((r = pattern_parse_escape(ps, &s)) < 0) {
		free(s.ranges);
		return -1;
	}
	if (r > 0)
		return emit_set(ps, &s);
	if (pattern_parse_char(ps, &c) < 0)
		return -1;
	return emit(ps, (struct pattern_inst){ OP_CHAR, c, 0, 0 });
}

static int
parse_atom(struct pattern_parser *ps)
{
	struct pattern_set s = { 0 };
	char c = ps->text[ps->at];

	switch (c) {
	case '(':
		ps->at++;
		return parse_group(ps);
	case '[':
		ps->at++;
		if (pattern_parse_class(ps, &s) == 0)
			return emit_set(ps, &s);
		free(s.ranges);
		return -1;
	case '.':
		ps->at++;
		pattern_add_ranges(&s, newlines, COUNT(newlines), true);
		return emit_set(ps, &s);
	case '^':
	case '$':
		ps->at++;
		return emit(ps, (struct pattern_inst){
		    c == '^' ? OP_START : OP_END, 0, 0, 0 });
	case '\\':
		ps->at++;
		return parse_escape(ps);
	case '*':
	case '+':
	case '?':
		return pattern_refuse(ps, "nothing to repeat before '%c'", c);
	default:
		return emit(ps, (struct pattern_inst){ OP_CHAR,
		    utf8_next(ps->text, ps->len, &ps->at), 0, 0 });
	}
}

static bool
take_number(struct pattern_parser *ps, unsigned *ret)
{
	size_t from = ps->at;
	unsigned v = 0;

	for (; pattern_more(ps) && ps->text[ps->at] >= '0' &&
	    ps->text[ps->at] <= '9'; ps->at++)
		if (v <= REPEAT_MAX)
			v = v * 10 + (unsigned)(ps->text[ps->at] - '0');
	*ret = v;
	return ps->at > from;
}

/* "{2}", "{2,}", "{2,5}"; what only looks so is text, and is left. */
static bool
take_braces(struct pattern_parser *ps, unsigned *min, unsigned *max,
    bool *unbounded)
{
	size_t back = ps->at;

	if (pattern_take(ps, '{') && take_number(ps, min)) {
		*max = *min;
		*unbounded = false;
		if (pattern_take(ps, ','))
			*unbounded = !take_number(ps, max);
		if (pattern_take(ps, '}'))
			return true;
	}
	ps->at = back;
	return false;
}

/* x{min,max} of the part at `start`, which is there once. */
static int
repeat(struct pattern_parser *ps, size_t start, unsigned min, unsigned max,
    bool unbounded)
{
	size_t n = ps->p->len - start, end;

	if (min > REPEAT_MAX || (!unbounded && max > REPEAT_MAX))
		return pattern_refuse(ps, "more than %d repetitions",
		    REPEAT_MAX);
	if (!unbounded && max < min)
		return pattern_refuse(ps, "{%u,%u} is upside down", min, max);
	for (unsigned i = 1; i < (unbounded ? min : max); i++)
		if (copy_part(ps, start, n) < 0)
			return -1;
	if (unbounded && min == 0) {
		if (insert(ps, start, (struct pattern_inst){ OP_SPLIT, 0, 1,
		    (int)n + 2 }) < 0)
			return -1;
		return emit(ps, (struct pattern_inst){ OP_JUMP, 0,
		    -(int)n - 1, 0 });
	}
	if (unbounded)
		return emit(ps, (struct pattern_inst){ OP_SPLIT, 0, -(int)n,
		    1 });
	if (max == 0) {
		/* kept, as its sets are, but never entered */
		return insert(ps, start, (struct pattern_inst){ OP_JUMP, 0,
		    (int)n + 1, 0 });
	}
	end = ps->p->len + (max - min);
	for (unsigned i = min; i < max; i++) {
		/* the copies after this place move up by one each time */
		size_t at = start + i * n + (i - min);
		if (insert(ps, at, (struct pattern_inst){ OP_SPLIT, 0, 1,
		    (int)(end - at) }) < 0)
			return -1;
	}
	return 0;
}

static int
parse_term(struct pattern_parser *ps)
{
	size_t start = ps->p->len;
	unsigned min = 0, max = 0;
	bool unbounded = true, many = true;

	if (parse_atom(ps) < 0)
		return -1;
	if (pattern_take(ps, '+')) {
		min = 1;
	} else if (pattern_take(ps, '?')) {
		unbounded = false;
		max = 1;
	} else if (!pattern_take(ps, '*')) {
		many = take_braces(ps, &min, &max, &unbounded);
	}
	if (!many)
		return 0;
	pattern_take(ps, '?');	/* lazy: the same, when only asked whether */
	return repeat(ps, start, min, max, unbounded);
}

static int
parse_alternatives(struct pattern_parser *ps)
{
	size_t start = ps->p->len, jump = 0;

	for (;;) {
		size_t from = ps->p->len;
		while (pattern_more(ps) && ps->text[ps->at] != '|' &&
		    ps->text[ps->at] != ')')
			if (parse_term(ps) < 0)
				return -1;
		if (from != start)
			ps->p->code[jump].x = (int)(ps->p->len - jump);
		if (!pattern_take(ps, '|'))
			return 0;
		/* (all so far | next): SPLIT all-so-far JUMP-to-end next */
		if (insert(ps, start, (struct pattern_inst){ OP_SPLIT, 0, 1,
		    (int)(ps->p->len - start) + 2 }) < 0)
			return -1;
		jump = ps->p->len;
		if (emit(ps, (struct pattern_inst){ OP_JUMP, 0, 1, 0 }) < 0)
			return -1;
	}
}

void
pattern_free(struct pattern *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->nsets; i++)
		free(p->sets[i].ranges);
	free(p->sets);
	free(p->code);
	free(p);
}

struct pattern *
pattern_compile(const char *text, size_t len, struct err *e)
{
	struct pattern *p = xcalloc(1, sizeof(*p));
	struct pattern_parser ps = { .p = p, .text = text, .len = len, .e = e };

	if (parse_alternatives(&ps) == 0) {
		if (!pattern_more(&ps)) {
			if (emit(&ps, (struct pattern_inst){ OP_ACCEPT,
			    0, 0, 0 }) == 0)
				return p;
		} else {
			pattern_refuse(&ps, ") without (");
		}
	}
	pattern_free(p);
	return NULL;
}
