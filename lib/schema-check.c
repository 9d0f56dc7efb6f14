/* schema-check: a value against nodes; reasons, places, what was seen. */
#include "config.h"

#include <stdarg.h>

#include "schema-impl.h"

#include "alloc.h"
#include "utf8.h"

enum {
	DEPTH_MAX = 2500,	/* calls within each other; a value nests 256 */
	STILL_MAX = 200,
	SHOWN_MAX = 60,		/* bytes of a value in a reason */
	REASON_MAX = 800,
	BUDGET = 20000000	/* steps */
};

/* The place as a JSON pointer, up to where the reasons start. */
static void
add_place(const struct schema_place *at, const struct schema_place *base,
    struct buf *out)
{
	if (!at || at == base)
		return;
	add_place(at->up, base, out);
	if (!at->key) {
		if (at->up)
			buf_addf(out, "/%zu", at->index);
		return;
	}
	buf_addc(out, '/');
	for (const char *s = json_string(at->key); *s; s++) {
		if (*s == '~')
			buf_adds(out, "~0");
		else if (*s == '/')
			buf_adds(out, "~1");
		else
			buf_addc(out, (unsigned char)*s < ' ' ? '?' : *s);
	}
}

bool
schema_fail(struct schema_checker *k, const struct schema_place *at,
    const char *fmt, ...)
{
	struct schema_reasons *to = k->reasons;
	va_list ap;
	size_t from;

	if (!to || to->n++ >= to->max)
		return false;
	from = to->text.len;
	if (at != to->base) {
		buf_adds(&to->text, "at ");
		if (at->up)
			add_place(at, to->base, &to->text);
		else
			buf_adds(&to->text, "the top");
		buf_adds(&to->text, ": ");
	}
	va_start(ap, fmt);
	buf_vaddf(&to->text, fmt, ap);
	va_end(ap);
	if (to->text.len - from > REASON_MAX) {
		buf_truncate(&to->text, from + REASON_MAX);
		buf_adds(&to->text, "...");
	}
	buf_addc(&to->text, '\n');
	return false;
}

char *
schema_show(const jv *v)
{
	char *s = json_text(v);
	size_t len = strlen(s), i = 0;

	if (len <= SHOWN_MAX)
		return s;
	while (i < SHOWN_MAX - 3)
		utf8_next(s, len, &i);
	memcpy(s + (i <= len - 4 ? i : len - 4), "...", 4);
	return s;
}

bool
schema_spend(struct schema_checker *k, size_t steps)
{
	if (k->budget < 0)
		return false;
	k->budget -= steps > BUDGET ? BUDGET : (long)steps;
	if (k->budget >= 0)
		return true;
	k->fatal = "takes too many steps";
	return false;
}

/* What was seen. */

void
schema_seen_add(struct schema_seen *seen, size_t i)
{
	if (!seen || seen->all)
		return;
	if (i / 8 >= seen->size) {
		size_t size = i / 8 * 2 + 8;
		seen->bits = xreallocarray(seen->bits, size, 1);
		memset(seen->bits + seen->size, 0, size - seen->size);
		seen->size = size;
	}
	seen->bits[i / 8] |= (unsigned char)(1u << i % 8);
}

bool
schema_seen_has(const struct schema_seen *seen, size_t i)
{
	return seen->all ||
	    (i / 8 < seen->size && seen->bits[i / 8] >> i % 8 & 1);
}

static void
seen_merge(struct schema_seen *to, const struct schema_seen *from)
{
	to->all |= from->all;
	for (size_t i = 0; !to->all && i < from->size * 8; i++)
		if (schema_seen_has(from, i))
			schema_seen_add(to, i);
}

/* Evaluating. */

static bool
eval_rules(struct schema_checker *k, const struct schema_node *n,
    const jv *v, const struct schema_place *at, struct schema_seen *seen)
{
	struct schema_seen own = { 0 };
	struct schema_seen *collect = k->schema->collects ? &own : NULL;
	bool good = true;

	for (const struct schema_rule *r = n->rules; r; r = r->next) {
		if (k->fatal || (!good && !k->reasons))
			break;
		if (r->keyword->check &&
		    !r->keyword->check(k, n, r, v, at, collect))
			good = false;
	}
	if (good && seen)
		seen_merge(seen, &own);
	free(own.bits);
	return good;
}

bool
schema_eval(struct schema_checker *k, const struct schema_node *n,
    const jv *v, const struct schema_place *at, struct schema_seen *seen)
{
	const struct schema_scope *outer = k->scope;
	struct schema_scope scope = { outer, n->resource };
	bool good;

	if (k->fatal || !schema_spend(k, 1))
		return false;
	if (n->constant >= 0)
		return n->constant ||
		    schema_fail(k, at, "nothing is allowed here");
	if (k->depth >= DEPTH_MAX || k->still >= STILL_MAX) {
		k->fatal = k->still >= STILL_MAX ?
		    "refers to itself without end" : "nests too deeply";
		return false;
	}
	if (!outer || outer->resource != n->resource)
		k->scope = &scope;
	k->depth++;
	k->still++;
	good = eval_rules(k, n, v, at, seen);
	k->still--;
	k->depth--;
	k->scope = outer;
	return good && !k->fatal;
}

bool
schema_eval_child(struct schema_checker *k, const struct schema_node *n,
    const jv *v, const jv *key, size_t index, const struct schema_place *up)
{
	struct schema_place at = { up, key, index };
	int still = k->still;
	bool good;

	k->still = 0;
	good = schema_eval(k, n, v, &at, NULL);
	k->still = still;
	return good;
}

bool
schema_eval_quiet(struct schema_checker *k, const struct schema_node *n,
    const jv *v, const struct schema_place *at, struct schema_seen *seen)
{
	struct schema_reasons *reasons = k->reasons;
	bool good;

	k->reasons = NULL;
	good = schema_eval(k, n, v, at, seen);
	k->reasons = reasons;
	return good;
}

/* The first reason into `e`, with the number of the others. */
static int
tell(const struct schema_reasons *reasons, struct err *e)
{
	const char *text = reasons->text.data;
	size_t len = strcspn(text, "\n");

	if (reasons->n > 1)
		return err_set(e, ST_DATA, "%.*s (and %zu more)", (int)len,
		    text, reasons->n - 1);
	return err_set(e, ST_DATA, "%.*s", (int)len, text);
}

int
schema_check(const struct schema *s, const jv *value, struct buf *why,
    struct err *e)
{
	struct schema_reasons reasons = { .max = SCHEMA_REASONS };
	struct schema_place top = { 0 };
	struct schema_checker k = {
		.schema = s, .reasons = &reasons, .budget = BUDGET
	};
	int r = 0;

	if (!schema_eval(&k, s->root, value, &top, NULL)) {
		if (k.fatal) {
			buf_reset(&reasons.text);
			buf_addf(&reasons.text,
			    "cannot be checked: the schema %s\n", k.fatal);
			reasons.n = 1;
		}
		if (reasons.n == 0) {
			buf_adds(&reasons.text, "does not fit the schema\n");
			reasons.n = 1;
		}
		if (why)
			buf_add(why, reasons.text.data, reasons.text.len);
		r = tell(&reasons, e);
	}
	buf_release(&reasons.text);
	return r;
}
