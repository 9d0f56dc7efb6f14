/*
 * mem-embed: asks a program for the vectors of texts.
 *
 * The program reads lines {"text": ...} and writes a line for each, in
 * order, with the list of numbers in "embedding" (or "vector") and the name
 * of its "model"; or why there is none, in "error".  `agent-ask --embed` is
 * one.
 */
#include "config.h"

#include "mem.h"

#include "alloc.h"
#include "child.h"
#include "env.h"

enum { REPLY_MAX = 64 << 20 };
#define PATIENCE (120 * CLOCK_SEC)

size_t
mem_split(char *line, const char *argv[MEM_WORDS + 1])
{
	size_t n = 0;

	for (char *p = line; *p && n < MEM_WORDS; ) {
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

void
mem_vectors_release(struct mem_vectors *v)
{
	free(v->v);
	free(v->has);
	free(v->model);
	free(v->refusal);
	*v = (struct mem_vectors){ 0 };
}

/* The member of an object, or of its `data` when it is a record. */
static jv
member(const jv *o, const char *name)
{
	AUTO_JV jv data = json_get(o, "data");

	return json_has(o, name) ? json_get(o, name) : json_get(&data, name);
}

static void
take_refusal(const jv *error, struct mem_vectors *v)
{
	const char *why = json_str(error, "message");

	v->refused++;
	if (!v->refusal)
		v->refusal = xstrdup(why ? why : json_string(error) ?
		    json_string(error) : "no reason given");
}

/* A line: the vector of text `at`, or why there is none: 1; else 0. */
static int
read_vector(const char *line, size_t len, size_t at, struct mem_vectors *v,
    struct err *e)
{
	AUTO_JV jv o = JSON_NONE, list = JSON_NONE, error = JSON_NONE;
	AUTO_JV jv model = JSON_NONE;
	size_t n;

	if (json_parse(line, len, &o, e) < 0)
		return -1;
	list = json_has(&o, "vector") ? json_get(&o, "vector") :
	    member(&o, "embedding");
	error = member(&o, "error");
	model = member(&o, "model");
	n = json_count(&list);
	if (n == 0) {
		if (json_is(&error, JSON_NOTHING))
			return 0;
		take_refusal(&error, v);
		return 1;
	}
	if (v->dim && n != v->dim)
		return err_set(e, ST_PROTOCOL, "the embedder's vectors are of "
		    "%zu and of %zu dimensions", v->dim, n);
	v->dim = n;
	v->v = xreallocarray(v->v, (at + 1) * n, sizeof(*v->v));
	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv x = json_at(&list, i);
		double d = 0;
		json_number(&x, &d);
		v->v[at * n + i] = (float)d;
	}
	v->has[at] = true;
	if (!v->model)
		v->model = xstrdup(json_string(&model) ? json_string(&model) :
		    "unknown");
	return 1;
}

static int
read_reply(const struct buf *reply, size_t n, struct mem_vectors *v,
    struct err *e)
{
	const char *p = reply->data, *end = p + reply->len;
	size_t at = 0;

	v->has = xcalloc(n, sizeof(*v->has));
	while (p && p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl ? nl : end) - p);
		int r = len && at < n ? read_vector(p, len, at, v, e) : 0;
		if (r < 0)
			return -1;
		at += (size_t)r;
		p += len + 1;
	}
	return at == n ? 0 : err_set(e, ST_PROTOCOL,
	    "the embedder gave %zu vectors for %zu texts", at, n);
}

const char *
mem_embedder(const struct mem_options *o)
{
	return o->embedder ? o->embedder : env_get("AGENT_EMBEDDER");
}

int
mem_ask_vectors(const struct mem_options *o, const char *const *texts,
    size_t n, struct mem_vectors *ret, struct err *e)
{
	AUTO_FREE char *line = xstrdup(mem_embedder(o));
	AUTO_BUF struct buf in = BUF_INIT, reply = BUF_INIT;
	const char *argv[MEM_WORDS + 1];
	struct child_spec spec = CHILD_SPEC_INIT;
	int status;

	if (mem_split(line, argv) == 0)
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
	/* 1: some texts were refused, and their lines say so */
	if (status > 1 || (status == 1 && (read_reply(&reply, n, ret, e) < 0 ||
	    ret->refused == 0)))
		return err_set(e, ST_UNAVAILABLE,
		    "the embedder '%s' ended with status %d", argv[0], status);
	return status == 1 ? 0 : read_reply(&reply, n, ret, e);
}

/*
 * A search goes on without: words find most of it, and a server that is away
 * is said, not fatal.
 */
void
mem_embed_query(const struct mem_options *o, const char *text,
    struct mem_vectors *ret)
{
	struct err why = ERR_INIT;

	if (!mem_embedder(o))
		return;
	if (mem_ask_vectors(o, &text, 1, ret, &why) == 0 && ret->has[0])
		return;
	err_warn("%s; searching by words alone", ret->refusal ? ret->refusal :
	    why.text);
	mem_vectors_release(ret);
}
