/* memory-vector: notes by the meaning that an embedding model gave them. */
#include "config.h"

#include "memory-vector.h"

#include <math.h>

#include "alloc.h"
#include "dot.h"
#include "vector-file.h"

enum {
	BLOCK = VECTOR_BLOCK,
	DIM_MAX = 8192,
	RESCORE = 64		/* of the scan, scored exactly */
};

/* Half precision, IEEE 754: for what is stored, not for what is fast. */

static uint16_t
to_half(float f)
{
	uint32_t x;
	int32_t e;

	memcpy(&x, &f, sizeof(x));
	e = (int32_t)(x >> 23 & 0xFF) - 112;
	if (e >= 31)
		return (uint16_t)(x >> 16 & 0x8000) | 0x7BFF;
	if (e <= 0) {
		if (e < -10)
			return (uint16_t)(x >> 16 & 0x8000);
		return (uint16_t)((x >> 16 & 0x8000) |
		    ((x & 0x7FFFFF) | 0x800000) >> (14 - e));
	}
	x += 0x1000;		/* round to nearest */
	return (uint16_t)((x >> 16 & 0x8000) |
	    (((x >> 23 & 0xFF) - 112) << 10) | (x >> 13 & 0x3FF));
}

static float
from_half(uint16_t h)
{
	int e = h >> 10 & 0x1F;
	float m = (float)(h & 0x3FF);
	float v = e ? ldexpf(1024 + m, e - 25) : ldexpf(m, -24);

	return h & 0x8000 ? -v : v;
}

/* A vector of length 1 as bytes, and what a byte is worth. */
static float
quantise(const float *v, size_t dim, int8_t *out, size_t padded)
{
	float most = 1e-30f;

	for (size_t i = 0; i < dim; i++)
		most = fabsf(v[i]) > most ? fabsf(v[i]) : most;
	for (size_t i = 0; i < dim; i++)
		out[i] = (int8_t)lrintf(v[i] * 127 / most);
	memset(out + dim, 0, padded - dim);
	return most / 127;
}

static size_t
padded(size_t dim)
{
	return (dim + DOT_PAD - 1) / DOT_PAD * DOT_PAD;
}

static int
normalise(const float *v, size_t dim, float *out, struct err *e)
{
	double sum = 0;

	for (size_t i = 0; i < dim; i++)
		sum += (double)v[i] * (double)v[i];
	if (dim == 0 || dim > DIM_MAX)
		return err_set(e, ST_DATA, "a vector of %zu dimensions", dim);
	if (!(sum > 0) || isinf(sum))
		return err_set(e, ST_DATA, "a vector without a direction");
	for (size_t i = 0; i < dim; i++)
		out[i] = (float)((double)v[i] / sqrt(sum));
	return 0;
}

/* The number of a model; 0 when it is not there and not to be made. */
static int
model_of(struct memory *m, const char *name, size_t dim, bool make,
    int64_t *ret, struct err *e)
{
	*ret = 0;
	if (make && store_run(m->store, "insert or ignore into model "
	    "(name, dim) values (?, ?)", STORE_ARGS(ARG_STR(name),
	    ARG_INT((int64_t)dim)), e) < 0)
		return -1;
	return store_get_int(m->store, "select id from model where name = ? "
	    "and dim = ?", STORE_ARGS(ARG_STR(name), ARG_INT((int64_t)dim)),
	    ret, e) < 0 ? -1 : 0;
}

/* Blocks. */

struct packing {
	int64_t rows[BLOCK];
	float scale[BLOCK];
	int8_t *data;
	size_t n, dim, pad;
};

static void
pack(struct packing *k, int64_t n, const uint16_t *half)
{
	float v[DIM_MAX];

	for (size_t i = 0; i < k->dim; i++)
		v[i] = from_half(half[i]);
	k->rows[k->n] = n;
	k->scale[k->n] = quantise(v, k->dim, k->data + k->n * k->pad, k->pad);
	k->n++;
}

/* The vectors that are in no block yet, into `k`. */
static int
pack_new(struct memory *m, int64_t model, struct packing *k, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	k->n = 0;
	/* cross: in this order, or SQLite reads all vectors for the few */
	if (store_query(m->store, "select v.n, v.data from vector_new w cross "
	    "join vector v on v.n = w.n where v.model = ? limit ?",
	    STORE_ARGS(ARG_INT(model), ARG_INT(BLOCK)), &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		size_t len;
		const void *p = store_col_bytes(q, 1, &len);
		uint16_t half[DIM_MAX];
		if (len != k->dim * sizeof(*half))
			continue;
		memcpy(half, p, len);
		pack(k, store_col_int(q, 0), half);
	}
	return r;
}

static int
write_block(struct memory *m, int64_t model, const struct packing *k,
    struct err *e)
{
	AUTO_BUF struct buf data = BUF_INIT;

	buf_add(&data, k->scale, sizeof(k->scale));
	buf_add(&data, k->data, k->n * k->pad);
	if (store_run(m->store, "insert into vector_block (model, count, rows, "
	    "data) values (?, ?, ?, ?)", STORE_ARGS(ARG_INT(model),
	    ARG_INT((int64_t)k->n), ARG_BLOB(k->rows, k->n *
	    sizeof(*k->rows)), ARG_BLOB(data.data, data.len)), e) < 0)
		return -1;
	for (size_t i = 0; i < k->n; i++)
		if (store_run(m->store, "delete from vector_new where n = ?",
		    STORE_ARGS(ARG_INT(k->rows[i])), e) < 0)
			return -1;
	return 0;
}

static int
make_block(struct memory *m, int64_t model, size_t dim, struct err *e)
{
	struct packing *k;
	int64_t n = 0;
	int r;

	if (store_get_int(m->store, "select count(*) from vector_new", NULL,
	    &n, e) < 0)
		return -1;
	if (n < BLOCK)
		return 0;
	k = xcalloc(1, sizeof(*k));
	k->dim = dim;
	k->pad = padded(dim);
	k->data = xcalloc(BLOCK, k->pad);
	r = pack_new(m, model, k, e);
	if (r == 0 && k->n == BLOCK)
		r = write_block(m, model, k, e);
	free(k->data);
	free(k);
	return r;
}

int
vector_put(struct memory *m, int64_t n, const char *model, const float *v,
    size_t dim, struct err *e)
{
	float unit[DIM_MAX];
	uint16_t half[DIM_MAX];
	int64_t id = 0;

	if (normalise(v, dim > DIM_MAX ? 0 : dim, unit, e) < 0 ||
	    model_of(m, model, dim, true, &id, e) < 0)
		return -1;
	for (size_t i = 0; i < dim; i++)
		half[i] = to_half(unit[i]);
	if (store_run(m->store, "insert or replace into vector (n, model, "
	    "data) values (?, ?, ?)", STORE_ARGS(ARG_INT(n), ARG_INT(id),
	    ARG_BLOB(half, dim * sizeof(*half))), e) < 0 ||
	    store_run(m->store, "insert or ignore into vector_new values (?)",
	    STORE_ARGS(ARG_INT(n)), e) < 0)
		return -1;
	return make_block(m, id, dim, e);
}

/* Searching. */

struct top {
	struct vector_hit v[RESCORE];
	size_t n;
};

static void
offer(struct top *t, int64_t n, float score)
{
	size_t i;

	if (t->n == RESCORE && score <= t->v[t->n - 1].score)
		return;
	if (t->n < RESCORE)
		t->n++;
	for (i = t->n - 1; i > 0 && t->v[i - 1].score < score; i--)
		t->v[i] = t->v[i - 1];
	t->v[i] = (struct vector_hit){ n, score };
}

struct scanning {
	int8_t *query;
	size_t pad;
	dot_fn *dot;
	struct top top;
};

/* At most BLOCK vectors with their scales and the numbers of their notes. */
static void
scan_rows(struct scanning *s, const float *scale, const int8_t *v, size_t n,
    const char *rows)
{
	int32_t product[BLOCK];

	s->dot(s->query, v, s->pad, n, product);
	for (size_t i = 0; i < n; i++) {
		float score = scale[i] * (float)product[i];
		int64_t row;
		if (s->top.n == RESCORE &&
		    score <= s->top.v[RESCORE - 1].score)
			continue;
		memcpy(&row, rows + i * sizeof(row), sizeof(row));
		offer(&s->top, row, score);
	}
}

static void
scan_block(struct scanning *s, const char *rows, const char *data, size_t n)
{
	float scale[BLOCK];

	memcpy(scale, data, sizeof(scale));
	scan_rows(s, scale, (const int8_t *)data + sizeof(scale), n, rows);
}

static void
scan_file(struct scanning *s, const struct vector_file *f)
{
	for (size_t i = 0; i < f->n; i += BLOCK) {
		size_t n = f->n - i < BLOCK ? f->n - i : BLOCK;
		scan_rows(s, f->scale + i, f->data + i * f->pad, n,
		    (const char *)(f->row + i));
	}
}

/* The derived file first, then the blocks that it does not have yet. */
static int
scan_blocks(struct memory *m, int64_t model, struct scanning *s,
    struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	struct vector_file f = { 0 };
	int64_t from = 0;
	int r;

	if (vector_file_open(m, model, s->pad, &f)) {
		scan_file(s, &f);
		from = f.last_block;
		vector_file_close(&f);
	}
	if (store_query(m->store, "select count, rows, data from vector_block "
	    "where id > ? and model = ?", STORE_ARGS(ARG_INT(from),
	    ARG_INT(model)), &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		size_t n = (size_t)store_col_int(q, 0), a, b;
		const char *rows = store_col_bytes(q, 1, &a);
		const char *data = store_col_bytes(q, 2, &b);
		if (n > BLOCK || a != n * sizeof(int64_t) ||
		    b != BLOCK * sizeof(float) + n * s->pad)
			return err_set(e, ST_DATA, "'%s': a block of vectors "
			    "is damaged", store_path(m->store));
		scan_block(s, rows, data, n);
	}
	return r;
}

static float
exact(const uint16_t *half, const float *v, size_t dim)
{
	double sum = 0;

	for (size_t i = 0; i < dim; i++)
		sum += (double)from_half(half[i]) * (double)v[i];
	return (float)sum;
}

/* One row's exact score: 1, 0 when it has gone. */
static int
score_row(struct memory *m, int64_t n, int64_t model, const float *v,
    size_t dim, float *ret, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	uint16_t half[DIM_MAX];
	const void *p;
	size_t len;
	int r;

	if (store_query(m->store, "select data from vector where n = ? and "
	    "model = ?", STORE_ARGS(ARG_INT(n), ARG_INT(model)), &q, e) < 0)
		return -1;
	r = store_step(q, e);
	if (r <= 0)
		return r;
	p = store_col_bytes(q, 0, &len);
	if (len != dim * sizeof(*half))
		return 0;
	memcpy(half, p, len);
	*ret = exact(half, v, dim);
	return 1;
}

/* Those in no block: few, so exactly. */
static int
scan_new(struct memory *m, int64_t model, const float *v, size_t dim,
    struct top *t, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(m->store, "select n from vector_new", NULL, &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		int64_t n = store_col_int(q, 0);
		float score;
		int k = score_row(m, n, model, v, dim, &score, e);
		if (k < 0)
			return -1;
		if (k > 0)
			offer(t, n, score);
	}
	return r;
}

/* The scan's best with their exact scores, each once. */
static int
rescore(struct memory *m, int64_t model, const float *v, size_t dim,
    const struct top *found, struct top *out, struct err *e)
{
	for (size_t i = 0; i < found->n; i++) {
		bool twice = false;
		float score;
		int r = score_row(m, found->v[i].n, model, v, dim, &score, e);
		if (r < 0)
			return -1;
		for (size_t k = 0; k < out->n; k++)
			twice |= out->v[k].n == found->v[i].n;
		if (r > 0 && !twice)
			offer(out, found->v[i].n, score);
	}
	return 0;
}

int
vector_search(struct memory *m, const char *model, const float *v, size_t dim,
    struct vector_hit *out, size_t limit, size_t *ret_n, struct err *e)
{
	struct scanning s = { .pad = padded(dim), .dot = dot_pick(NULL) };
	struct top best = { .n = 0 };
	float unit[DIM_MAX];
	int64_t id;
	int r = -1;

	*ret_n = 0;
	if (normalise(v, dim > DIM_MAX ? 0 : dim, unit, e) < 0 ||
	    model_of(m, model, dim, false, &id, e) < 0)
		return -1;
	if (id == 0)
		return 0;
	s.query = xcalloc(s.pad, 1);
	quantise(unit, dim, s.query, s.pad);
	if (scan_blocks(m, id, &s, e) == 0 &&
	    rescore(m, id, unit, dim, &s.top, &best, e) == 0 &&
	    scan_new(m, id, unit, dim, &best, e) == 0)
		r = 0;
	free(s.query);
	if (r < 0)
		return -1;
	*ret_n = best.n < limit ? best.n : limit;
	memcpy(out, best.v, *ret_n * sizeof(*out));
	return 0;
}

int
vector_missing(struct memory *m, const char *model, int64_t after,
    size_t limit, int (*fn)(void *arg, int64_t n, const char *text,
    size_t len, struct err *e), void *arg, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r, n = 0;

	if (store_query(m->store, "select n, text from note where n > ? and "
	    "not exists (select 1 from vector v join model k on k.id = "
	    "v.model where v.n = note.n and k.name = ?) order by n limit ?",
	    STORE_ARGS(ARG_INT(after), ARG_STR(model),
	    ARG_INT((int64_t)limit)), &q, e) < 0)
		return -1;
	for (; (r = store_step(q, e)) > 0; n++) {
		size_t len;
		const char *text = store_col_bytes(q, 1, &len);
		if (fn(arg, store_col_int(q, 0), text, len, e) < 0)
			return -1;
	}
	return r < 0 ? -1 : n;
}

char *
vector_last_model(struct memory *m)
{
	struct err ignored;
	char *model = NULL;

	store_get_str(m->store, "select value from meta where key = "
	    "'embed.model'", NULL, &model, &ignored);
	return model;
}

int
vector_upto(struct memory *m, const char *model, int64_t *ret, struct err *e)
{
	AUTO_FREE char *last = vector_last_model(m);

	*ret = 0;
	if (!last || strcmp(last, model) != 0)
		return 0;
	return store_get_int(m->store, "select cast(value as integer) from "
	    "meta where key = 'embed.upto'", NULL, ret, e) < 0 ? -1 : 0;
}

int
vector_set_upto(struct memory *m, const char *model, int64_t n, struct err *e)
{
	return store_run(m->store, "insert or replace into meta values "
	    "('embed.model', ?1), ('embed.upto', cast(?2 as text))",
	    STORE_ARGS(ARG_STR(model), ARG_INT(n)), e) < 0 ? -1 : 0;
}

/* All vectors of a model in blocks, but for the last few. */
static int
rebuild_model(struct memory *m, int64_t model, struct packing *k,
    struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	k->n = 0;
	if (store_query(m->store, "select n, data from vector where model = ? "
	    "order by n", STORE_ARGS(ARG_INT(model)), &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		uint16_t half[DIM_MAX];
		size_t len;
		const void *p = store_col_bytes(q, 1, &len);
		if (len != k->dim * sizeof(*half))
			continue;
		memcpy(half, p, len);
		pack(k, store_col_int(q, 0), half);
		if (k->n == BLOCK) {
			if (write_block(m, model, k, e) < 0)
				return -1;
			k->n = 0;
		}
	}
	for (size_t i = 0; r == 0 && i < k->n; i++)
		r = store_run(m->store, "insert into vector_new values (?)",
		    STORE_ARGS(ARG_INT(k->rows[i])), e) < 0 ? -1 : 0;
	return r;
}

int
vector_rebuild(struct memory *m, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_script(m->store, "delete from vector_block;"
	    "delete from vector_new; delete from model where id not in "
	    "(select model from vector)", e) < 0 ||
	    store_query(m->store, "select id, dim from model", NULL, &q,
	    e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		struct packing *k = xcalloc(1, sizeof(*k));
		k->dim = (size_t)store_col_int(q, 1);
		k->pad = padded(k->dim);
		k->data = xcalloc(BLOCK, k->pad);
		r = rebuild_model(m, store_col_int(q, 0), k, e);
		free(k->data);
		free(k);
		if (r < 0)
			return -1;
	}
	return r;
}

int
vector_settle(struct memory *m, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(m->store, "select id, dim from model", NULL, &q,
	    e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0)
		if (vector_file_update(m, store_col_int(q, 0),
		    padded((size_t)store_col_int(q, 1)), e) < 0)
			return -1;
	return r;
}
