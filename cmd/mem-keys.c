/* mem-keys: key-values, lists and states. */
#include "config.h"

#include "mem.h"

#include "alloc.h"
#include "fd.h"
#include "memory-state.h"
#include "num.h"

enum { KEEP = 10 };		/* versions of a state, unless told */

/* A write: opens, begins, calls, commits. */
struct work {
	const struct mem_options *o;
	struct memory *m;
	struct buf value;		/* the one that is to be stored */
	struct buf out;
	int64_t expires;
	int status;
};

/*
 * An operand, or standard input when there is none or it is "-": read before
 * anything is locked.
 */
static int
value_of(const struct mem_options *o, size_t i, struct buf *out,
    struct err *e)
{
	struct mem_options rest = *o;

	if (i < o->noperands && strcmp(o->operand[i], "-") != 0) {
		buf_adds(out, o->operand[i]);
		return 0;
	}
	if (i >= o->noperands)
		rest.noperands = i;
	return mem_text(&rest, i, VALUE_MAX, out, e);
}

static int
run_work(struct work *w, unsigned flags,
    int (*fn)(struct work *w, struct err *e), struct err *e)
{
	struct memory *tx AUTO_MEMORY_ROLLBACK = w->m;

	if (w->o->expires && mem_time(w->o->expires, "--expires", true,
	    &w->expires, e) < 0)
		return -1;
	if (mem_open(w->o, flags, w->m, e) < 0 || memory_begin(w->m, e) < 0 ||
	    fn(w, e) < 0 || memory_commit(w->m, e) < 0)
		return -1;
	return mem_flush(&w->out, true, e);
}

static int
in_transaction(const struct mem_options *o, unsigned flags, size_t value,
    int (*fn)(struct work *w, struct err *e), struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	struct work w = { .o = o, .m = &m, .status = ST_OK };
	int r = 0;

	buf_adds(&w.value, "");	/* so that nothing is "" */
	if (value)
		r = value_of(o, value, &w.value, e);
	if (r == 0)
		r = run_work(&w, flags, fn, e);
	buf_release(&w.value);
	buf_release(&w.out);
	return r < 0 ? -1 : w.status;
}

static int
do_set(struct work *w, struct err *e)
{
	return key_set(w->m, w->o->operand[0], w->value.data, w->expires, e);
}

int
mem_set(const struct mem_options *o, struct err *e)
{
	return in_transaction(o, 0, 1, do_set, e);
}

int
mem_get(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	AUTO_FREE char *value = NULL;
	AUTO_BUF struct buf out = BUF_INIT;
	int r;

	if (mem_open(o, MEMORY_READONLY, &m, e) < 0)
		return -1;
	r = key_get(&m, o->operand[0], &value, e);
	if (r < 0)
		return -1;
	if (r == 0)
		return ST_NO;
	buf_addf(&out, "%s\n", value);
	return mem_flush(&out, true, e);
}

static int
do_del(struct work *w, struct err *e)
{
	for (size_t i = 0; i < w->o->noperands; i++) {
		int r = key_delete(w->m, w->o->operand[i], e);
		if (r < 0)
			return -1;
		if (r == 0)
			w->status = ST_NO;
	}
	return 0;
}

int
mem_del(const struct mem_options *o, struct err *e)
{
	return in_transaction(o, MEMORY_NOCREATE, 0, do_del, e);
}

static int
do_cas(struct work *w, struct err *e)
{
	char **op = w->o->operand;
	int r;

	/* an empty OLD: only when the key is not there */
	r = key_swap(w->m, op[0], *op[1] ? op[1] : NULL, op[2], w->expires,
	    e);
	if (r == 0)
		w->status = ST_NO;
	return r < 0 ? -1 : 0;
}

int
mem_cas(const struct mem_options *o, struct err *e)
{
	return in_transaction(o, 0, 0, do_cas, e);
}

static int
do_incr(struct work *w, struct err *e)
{
	int64_t by = 1, sum;

	if (w->o->noperands > 1 && num_parse_int(w->o->operand[1], INT64_MIN,
	    INT64_MAX, &by) < 0)
		return err_set(e, ST_USAGE, "'%s' is not a whole number",
		    w->o->operand[1]);
	if (key_add(w->m, w->o->operand[0], by, &sum, e) < 0)
		return -1;
	buf_addf(&w->out, "%lld\n", (long long)sum);
	return 0;
}

int
mem_incr(const struct mem_options *o, struct err *e)
{
	return in_transaction(o, 0, 0, do_incr, e);
}

static int
do_push(struct work *w, struct err *e)
{
	return list_push(w->m, w->o->operand[0], w->value.data, e);
}

int
mem_push(const struct mem_options *o, struct err *e)
{
	return in_transaction(o, 0, 1, do_push, e);
}

static int
do_pop(struct work *w, struct err *e)
{
	AUTO_FREE char *value = NULL;
	int r = list_pop(w->m, w->o->operand[0], w->o->all, &value, e);

	if (r > 0)
		buf_addf(&w->out, "%s\n", value);
	w->status = r > 0 ? ST_OK : ST_NO;
	return r < 0 ? -1 : 0;
}

int
mem_pop(const struct mem_options *o, struct err *e)
{
	return in_transaction(o, MEMORY_NOCREATE, 0, do_pop, e);
}

/* Rows of a view: its first column in text, an object in NDJSON. */
static int
print_rows(const struct mem_options *o, const char *command, const char *sql,
    const char *arg, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	AUTO_STMT struct store_stmt *q = NULL;
	AUTO_BUF struct buf out = BUF_INIT;
	int64_t count = 0;
	int r;

	if (mem_open(o, MEMORY_READONLY, &m, e) < 0 ||
	    store_query(m.store, sql, STORE_ARGS(ARG_STR(arg)), &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		size_t len;
		const char *s = store_col_bytes(q,
		    o->format == MEM_NDJSON ? 1 : 0, &len);
		count++;
		buf_add(&out, s, len);
		buf_addc(&out, '\n');
		if (mem_flush(&out, false, e) < 0)
			return -1;
	}
	if (r < 0 || mem_flush(&out, true, e) < 0)
		return -1;
	return o->format == MEM_NDJSON ? mem_result(command, count, e) :
	    ST_OK;
}

int
mem_keys(const struct mem_options *o, struct err *e)
{
	return print_rows(o, "keys", "select key, json_object('key', key, "
	    "'value', value, 'version', version, 'time', time, 'expires', "
	    "expires, 'author', author) from keys where "
	    "substr(key, 1, length(?1)) = ?1 order by key",
	    o->noperands ? o->operand[0] : "", e);
}

int
mem_items(const struct mem_options *o, struct err *e)
{
	return print_rows(o, "items", "select value, json_object('seq', seq, "
	    "'value', value, 'time', time) from lists where key = ? "
	    "order by seq", o->operand[0], e);
}

int
mem_states(const struct mem_options *o, struct err *e)
{
	return print_rows(o, "states", "select printf('%s  %d  %s  %d', name, "
	    "version, time, size), json_object('name', name, 'version', "
	    "version, 'time', time, 'author', author, 'size', size) "
	    "from states where substr(name, 1, length(?1)) = ?1 "
	    "order by name, version",
	    o->noperands ? o->operand[0] : "", e);
}

int
mem_save(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	struct memory *tx AUTO_MEMORY_ROLLBACK = &m;
	AUTO_BUF struct buf data = BUF_INIT, out = BUF_INIT;
	int64_t version;

	if (fd_read_all(STDIN_FILENO, STATE_MAX, DEADLINE_NEVER, &data,
	    e) < 0 || mem_open(o, 0, &m, e) < 0 || memory_begin(&m, e) < 0 ||
	    state_save(&m, o->operand[0], data.data, data.len,
	    o->keep > 0 ? o->keep : KEEP,
	    &version, e) < 0 || memory_commit(&m, e) < 0)
		return -1;
	buf_addf(&out, "%lld\n", (long long)version);
	return mem_flush(&out, true, e);
}

int
mem_load(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	AUTO_BUF struct buf out = BUF_INIT;
	int r;

	if (mem_open(o, MEMORY_READONLY, &m, e) < 0)
		return -1;
	r = state_load(&m, o->operand[0], o->version, &out, e);
	if (r < 0)
		return -1;
	return r == 0 ? ST_NO : mem_flush(&out, true, e);
}
