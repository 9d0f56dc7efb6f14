/* mem-search: shows what is found, to people, to pipes and to models. */
#include "config.h"

#include "mem.h"

#include "alloc.h"
#include "clock.h"
#include "fd.h"
#include "ndjson.h"
#include "term.h"
#include "utf8.h"

enum {
	LIMIT = 10,
	PASSAGE = 400,		/* bytes of a note that people see */
	QUERY_MAX = 1 << 20,
	TOKEN_BYTES = 4		/* a cautious guess of what a token holds */
};

#define MARK "\033[1m"
#define UNMARK "\033[0m"

/* Text for a terminal: nothing in it may command the terminal. */
static void
put_clean(const char *s, size_t len, bool one_line, struct buf *out)
{
	AUTO_BUF struct buf clean = BUF_INIT;

	term_clean(s, len, one_line ? TERM_ONELINE : 0, &clean);
	for (size_t i = 0; i < clean.len; i++) {
		buf_addc(out, clean.data[i]);
		if (clean.data[i] == '\n')
			buf_adds(out, "    ");
	}
}

/* The part of a long note where most of the query's words stand. */
static size_t
passage_start(const struct memory_hit *h)
{
	size_t best = 0, most = 0;

	if (h->note.text_len <= PASSAGE)
		return 0;
	for (size_t i = 0; i < h->nspans; i++) {
		size_t n = 0, k = i;
		while (k < h->nspans &&
		    h->span[k].end < h->span[i].start + PASSAGE - 60)
			n++, k++;
		if (n > most) {
			most = n;
			best = h->span[i].start > 60 ?
			    h->span[i].start - 60 : 0;
		}
	}
	return utf8_cut(h->note.text, best);
}

static void
put_passage(const struct memory_hit *h, bool mark, struct buf *out)
{
	const char *text = h->note.text;
	size_t from = passage_start(h), to = from + PASSAGE, at = from;

	if (to >= h->note.text_len)
		to = h->note.text_len;
	else
		to = utf8_cut(text, to);
	if (from > 0)
		buf_adds(out, "...");
	for (size_t i = 0; i < h->nspans; i++) {
		struct memory_span s = h->span[i];
		if (s.start < at || s.end > to)
			continue;
		put_clean(text + at, s.start - at, false, out);
		buf_adds(out, mark ? MARK : "");
		put_clean(text + s.start, s.end - s.start, false, out);
		buf_adds(out, mark ? UNMARK : "");
		at = s.end;
	}
	put_clean(text + at, to - at, false, out);
	if (to < h->note.text_len)
		buf_adds(out, "...");
}

static void
put_tags(const char *tags, struct buf *out)
{
	AUTO_JV jv list = JSON_NONE;
	struct err ignored;

	if (!tags || json_parse(tags, strlen(tags), &list, &ignored) < 0)
		return;
	for (size_t i = 0; i < json_count(&list); i++) {
		AUTO_JV jv tag = json_at(&list, i);
		const char *s = json_string(&tag);
		buf_adds(out, " #");
		put_clean(s ? s : "", s ? strlen(s) : 0, true, out);
	}
}

static void
put_head(const struct memory_note *note, struct buf *out)
{
	char stamp[TIMESTAMP_LEN + 1];

	timestamp_format(note->time * CLOCK_MS, stamp);
	put_clean(note->id, strlen(note->id), true, out);
	buf_addf(out, "  %.10s", stamp);
	if (note->author) {
		buf_adds(out, "  ");
		put_clean(note->author, strlen(note->author), true, out);
	}
	if (note->path) {
		buf_adds(out, "  ");
		put_clean(note->path, strlen(note->path), true, out);
		buf_addf(out, ":%lld", (long long)note->line);
	}
	put_tags(note->tags, out);
}

static void
put_text(const struct memory_hit *h, struct buf *out)
{
	put_head(&h->note, out);
	if (h->memory->name)
		buf_addf(out, "  [%s]", h->memory->name);
	if (h->superseded)
		buf_adds(out, "  (replaced)");
	buf_adds(out, "\n    ");
	put_passage(h, isatty(STDOUT_FILENO), out);
	buf_addc(out, '\n');
	if (h->why)
		buf_addf(out, "    %s\n", h->why);
}

static void
put_json(const struct memory_hit *h, const char *query_id, struct buf *out)
{
	memory_note_write(h->memory, &h->note, out);
	buf_addf(out, ",\"score\":%.6g", h->score);
	if (query_id) {
		buf_adds(out, ",\"query_id\":");
		json_quote(query_id, strlen(query_id), out);
	}
	if (h->why)
		buf_addf(out, ",\"explain\":%s", h->why);
	buf_adds(out, "}\n");
}

/*
 * For a prompt: each note with where it comes from, as many as the tokens
 * hold.  What is in a note is data; the fence and the heading say so.
 */
static void
put_context(const struct memory_hits *hits, int64_t tokens, struct buf *out)
{
	size_t room = (size_t)tokens * TOKEN_BYTES;

	for (size_t i = 0; i < hits->n; i++) {
		AUTO_BUF struct buf one = BUF_INIT;
		const char *name = hits->hit[i].memory->name;
		buf_adds(&one, "[");
		put_head(&hits->hit[i].note, &one);
		buf_addf(&one, "%s%s]%s\n", name ? "  " : "",
		    name ? name : "", hits->hit[i].superseded ?
		    " (replaced since)" : "");
		buf_add(&one, hits->hit[i].note.text,
		    hits->hit[i].note.text_len);
		buf_adds(&one, "\n\n");
		if (out->len + one.len > room)
			continue;
		buf_add(out, one.data, one.len);
	}
}

struct searching {
	const struct mem_options *o;
	struct memory_set set;
	char *model;		/* of the embedder, when it was asked */
};

static int
run_query(struct searching *k, const char *text, const char *query_id,
    struct memory_hits *ret, struct buf *out, struct err *e)
{
	const struct mem_options *o = k->o;
	char *synonyms[4];
	const char *files[4];
	struct memory_search s = { .text = text, .all = o->all,
		.exact = o->exact, .limit = o->limit > 0 ? (size_t)o->limit :
		o->context ? 50 : LIMIT, .synonyms = files };
	AUTO_VECTORS struct mem_vectors v = { 0 };
	int r;

	if (mem_filter(o, &s.filter, e) < 0)
		return -1;
	mem_embed_query(o, text, &v);
	s.vector = v.v;
	s.dim = v.dim;
	s.model = v.model;
	s.nsynonyms = mem_synonyms(o, synonyms);
	for (size_t i = 0; i < s.nsynonyms; i++)
		files[i] = synonyms[i];
	r = memory_set_search(&k->set, &s, o->explain, ret, e);
	if (!k->model)
		k->model = STEAL(v.model);
	for (size_t i = 0; i < s.nsynonyms; i++)
		free(synonyms[i]);
	if (r < 0)
		return -1;
	if (o->context)
		put_context(ret, o->context, out);
	for (size_t i = 0; !o->context && i < ret->n; i++) {
		if (mem_ndjson(o))
			put_json(&ret->hit[i], query_id, out);
		else
			put_text(&ret->hit[i], out);
	}
	return 0;
}

/* Lines of {"query": ..., "id": ...}: one process, many questions. */
static int
search_lines(struct searching *k, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	struct ndjson_reader in;
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;
	int64_t count = 0;
	int status = ST_OK;

	ndjson_init(&in, STDIN_FILENO, NDJSON_LINE_MAX);
	while ((got = ndjson_next(&in, &line, e)) == NDJSON_LINE ||
	    got == NDJSON_BAD) {
		AUTO_HITS struct memory_hits hits = MEMORY_HITS_INIT;
		const char *text = got == NDJSON_LINE ?
		    json_str(&line.value, "query") : NULL;
		if (!text) {
			if (got == NDJSON_LINE)
				err_set(e, ST_DATA, "line %lu: no \"query\"",
				    line.number);
			status = err_report(e);
			continue;
		}
		if (run_query(k, text, json_str(&line.value, "id"), &hits,
		    &out, e) < 0 || mem_flush(&out, true, e) < 0)
			break;
		count += (int64_t)hits.n;
	}
	ndjson_line_release(&line);
	ndjson_release(&in);
	if (got != NDJSON_EOF || mem_result("search", count, e) < 0)
		return -1;
	return status;
}

static int
search(struct searching *k, struct err *e)
{
	const struct mem_options *o = k->o;
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_BUF struct buf out = BUF_INIT;
	AUTO_HITS struct memory_hits hits = MEMORY_HITS_INIT;
	bool lines = o->noperands == 0 && o->format == MEM_NDJSON;

	if (!lines && mem_text(o, 0, QUERY_MAX, &text, e) < 0)
		return -1;
	if (mem_open_set(o, false, &k->set, e) < 0)
		return -1;
	if (lines)
		return search_lines(k, e);
	if (run_query(k, text.data, NULL, &hits, &out, e) < 0)
		return -1;
	if (hits.changed && !mem_ndjson(o))
		err_warn("taking %s", hits.changed);
	if (mem_flush(&out, true, e) < 0)
		return -1;
	if (o->format == MEM_NDJSON && mem_result("search", (int64_t)hits.n,
	    e) < 0)
		return -1;
	return hits.n > 0 ? ST_OK : ST_NO;
}

int
mem_search(const struct mem_options *o, struct err *e)
{
	struct searching k = { .o = o, .set = MEMORY_SET_INIT };
	int r = search(&k, e);

	memory_set_close(&k.set);
	if (r >= 0 && k.model)
		mem_embed_later(o, k.model);
	free(k.model);
	return r;
}

/* Listing: no query, newest first. */

struct listing {
	const struct mem_options *o;
	struct memory *m;
	struct buf out;
	int64_t n;
};

static int
list_one(void *arg, struct memory_note *note, struct err *e)
{
	struct listing *l = arg;

	l->n++;
	if (mem_ndjson(l->o)) {
		memory_note_write(l->m, note, &l->out);
		buf_adds(&l->out, "}\n");
	} else {
		const char *nl = memchr(note->text, '\n', note->text_len);
		size_t len = nl ? (size_t)(nl - note->text) : note->text_len;
		put_head(note, &l->out);
		buf_adds(&l->out, "\n    ");
		if (len > PASSAGE)
			len = utf8_cut(note->text, PASSAGE);
		put_clean(note->text, len, true, &l->out);
		buf_adds(&l->out, len < note->text_len ? "...\n" : "\n");
	}
	return mem_flush(&l->out, false, e);
}

int
mem_list(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	struct listing l = { .o = o, .m = &m };
	struct memory_filter f;
	int r = -1;

	if (mem_filter(o, &f, e) == 0 &&
	    mem_open(o, MEMORY_READONLY, &m, e) == 0 &&
	    memory_each(&m, &f, o->limit > 0 ? (size_t)o->limit : SIZE_MAX,
	    false, list_one, &l, e) == 0)
		r = mem_flush(&l.out, true, e);
	buf_release(&l.out);
	if (r == 0 && o->format == MEM_NDJSON)
		r = mem_result("list", l.n, e);
	return r;
}

int
mem_show(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	AUTO_BUF struct buf out = BUF_INIT;

	if (mem_open(o, MEMORY_READONLY, &m, e) < 0)
		return -1;
	for (size_t i = 0; i < o->noperands; i++) {
		AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
		if (memory_need(&m, o->operand[i], &note, e) < 0)
			return -1;
		if (o->format == MEM_NDJSON) {
			memory_note_write(&m, &note, &out);
			buf_adds(&out, "}\n");
		} else if (isatty(STDOUT_FILENO)) {
			put_clean(note.text, note.text_len, false, &out);
			buf_addc(&out, '\n');
		} else {
			buf_add(&out, note.text, note.text_len);
			buf_addc(&out, '\n');
		}
		if (mem_flush(&out, true, e) < 0)
			return -1;
	}
	return o->format == MEM_NDJSON ? mem_result("show",
	    (int64_t)o->noperands, e) : ST_OK;
}
