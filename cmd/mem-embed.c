/*
 * mem-embed: asks a program for the vectors of texts.
 *
 * The program reads lines {"text": ...} and writes a line for each, in
 * order, with the list of numbers in "embedding" (or "vector") and the name
 * of its "model".  `agent-ask --embed --format ndjson` is one.
 */
#include "config.h"

#include "mem.h"

#include "alloc.h"
#include "child.h"
#include "env.h"
#include "fd.h"
#include "memory-vector.h"

enum { WORDS = 32, BATCH = 32, REPLY_MAX = 64 << 20 };
#define PATIENCE (120 * CLOCK_SEC)

/* A command line, cut at spaces: no shell sees it. */
static size_t
split(char *line, const char *argv[WORDS + 1])
{
	size_t n = 0;

	for (char *p = line; *p && n < WORDS; ) {
		while (*p == ' ')
			*p++ = '\0';
		if (!*p)
			break;
		argv[n++] = p;
		while (*p && *p != ' ')
			p++;
	}
	argv[n] = NULL;
	return n;
}

static int
read_vector(const char *line, size_t len, float **v, size_t at,
    size_t *dim, char **model, struct err *e)
{
	AUTO_JV jv o = JSON_NONE, list = JSON_NONE;
	const char *name;
	size_t n;

	if (json_parse(line, len, &o, e) < 0)
		return -1;
	list = json_get(&o, "embedding");
	if (!json_is(&list, JSON_ARRAY))
		list = json_get(&o, "vector");
	n = json_count(&list);
	if (n == 0)
		return 0;
	if (*dim && n != *dim)
		return err_set(e, ST_PROTOCOL, "the embedder's vectors are of "
		    "%zu and of %zu dimensions", *dim, n);
	*dim = n;
	*v = xreallocarray(*v, (at + 1) * n, sizeof(**v));
	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv x = json_at(&list, i);
		double d = 0;
		json_number(&x, &d);
		(*v)[at * n + i] = (float)d;
	}
	name = json_str(&o, "model");
	if (!*model)
		*model = xstrdup(name ? name : "unknown");
	return 1;
}

static int
read_reply(const struct buf *reply, size_t n, float **ret, size_t *ret_dim,
    char **ret_model, struct err *e)
{
	const char *p = reply->data, *end = p + reply->len;
	size_t at = 0;

	while (p && p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);
		int r = len && at < n ? read_vector(p, len, ret, at, ret_dim,
		    ret_model, e) : 0;
		if (r < 0)
			return -1;
		at += (size_t)r;
		p += len + 1;
	}
	return at == n ? 0 : err_set(e, ST_PROTOCOL,
	    "the embedder gave %zu vectors for %zu texts", at, n);
}

static int
ask(const char *command, const char *const *texts, size_t n, float **ret,
    size_t *ret_dim, char **ret_model, struct err *e)
{
	AUTO_FREE char *line = xstrdup(command);
	AUTO_BUF struct buf in = BUF_INIT, reply = BUF_INIT;
	const char *argv[WORDS + 1];
	struct child_spec spec = CHILD_SPEC_INIT;
	int status;

	if (split(line, argv) == 0)
		return err_set(e, ST_USAGE, "--embedder is empty");
	for (size_t i = 0; i < n; i++) {
		buf_adds(&in, "{\"text\":");
		json_quote(texts[i], strlen(texts[i]), &in);
		buf_adds(&in, "}\n");
	}
	spec.argv = argv;
	status = child_run(&spec, in.data, REPLY_MAX, deadline_in(PATIENCE),
	    &reply, e);
	if (status < 0)
		return err_prefix(e, "embedder");
	if (status != 0)
		return err_set(e, ST_UNAVAILABLE,
		    "the embedder '%s' ended with status %d", argv[0], status);
	return read_reply(&reply, n, ret, ret_dim, ret_model, e);
}

static const char *
embedder(const struct mem_options *o)
{
	return o->embedder ? o->embedder : env_get("AGENT_EMBEDDER");
}

/*
 * A search goes on without: words find most of it, and a server that is away
 * is said, not fatal.
 */
int
mem_embed(const struct mem_options *o, const char *const *texts, size_t n,
    float **ret, size_t *ret_dim, char **ret_model, struct err *e)
{
	*ret_dim = 0;
	if (!embedder(o))
		return 0;
	if (ask(embedder(o), texts, n, ret, ret_dim, ret_model, e) == 0)
		return 0;
	err_warn("%s; searching by words alone", e->text);
	free(*ret);
	*ret = NULL;
	*ret_dim = 0;
	return 0;
}

struct batch {
	int64_t row[BATCH];
	char *text[BATCH];
	size_t n;
};

static int
take(void *arg, int64_t row, const char *text, size_t len, struct err *e)
{
	struct batch *b = arg;

	(void)e;
	b->row[b->n] = row;
	b->text[b->n++] = xstrndup(text, len);
	return 0;
}

/* A batch's vectors; notes that have changed meanwhile get theirs later. */
static int
put_batch(struct memory *m, const struct batch *b, const float *v, size_t dim,
    const char *model, struct err *e)
{
	struct memory *tx AUTO_MEMORY_ROLLBACK = m;

	if (memory_begin(m, e) < 0)
		return -1;
	for (size_t i = 0; i < b->n; i++) {
		int64_t there = 0;
		if (store_get_int(m->store, "select 1 from note where n = ?",
		    STORE_ARGS(ARG_INT(b->row[i])), &there, e) < 0 ||
		    (there && vector_put(m, b->row[i], model, v + i * dim, dim,
		    e) < 0))
			return -1;
	}
	return memory_commit(m, e);
}

static int
embed_batch(const struct mem_options *o, struct memory *m, char **model,
    struct err *e)
{
	struct batch b = { .n = 0 };
	AUTO_FREE float *v = NULL;
	size_t dim = 0;
	int r = vector_missing(m, *model ? *model : "", BATCH, take, &b, e);

	if (r > 0)
		r = ask(embedder(o), (const char *const *)b.text, b.n, &v,
		    &dim, model, e);
	if (r == 0 && b.n)
		r = put_batch(m, &b, v, dim, *model, e);
	for (size_t i = 0; i < b.n; i++)
		free(b.text[i]);
	return r < 0 ? -1 : (int)b.n;
}

/* Notes without a vector of the embedder's model; a batch at a time, never
 * holding the file while the server thinks. */
int
mem_embed_all(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	AUTO_FREE char *model = o->model ? xstrdup(o->model) : NULL;
	AUTO_FREE float *v = NULL;
	const char *probe = "model";
	size_t dim = 0;
	int64_t count = 0;
	int r;

	if (!embedder(o))
		cli_usage(&mem_cli, "'embed' needs --embedder");
	if (mem_open(o, MEMORY_NOCREATE, &m, e) < 0)
		return -1;
	if (!model && ask(embedder(o), &probe, 1, &v, &dim, &model, e) < 0)
		return -1;
	while ((r = embed_batch(o, &m, &model, e)) > 0)
		count += r;
	if (r < 0 || vector_settle(&m, e) < 0)
		return -1;
	if (o->format == MEM_NDJSON)
		return mem_result("embed", count, e);
	return ST_OK;
}
