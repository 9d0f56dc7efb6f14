/*
 * fuzz: text as it comes in notes, documents and queries: cut into words and
 * parts, read as Markdown, searched for secrets and for times.
 */
#include "config.h"

#include <assert.h>
#include <stdint.h>

#include "alloc.h"
#include "chunk.h"
#include "lexis.h"
#include "memory-markdown.h"
#include "memory-query.h"
#include "secret.h"
#include "stem.h"
#include "synonyms.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const char *text;
	size_t len;
	size_t end;		/* of the part before */
};

static void
on_word(void *arg, const struct word *w)
{
	const struct input *in = arg;
	char stem[WORD_MAX + 2];

	assert(w->len > 0 && w->len <= WORD_MAX);
	assert(w->start < w->end && w->end <= in->len);
	memcpy(stem, w->text, w->len);
	assert(stem_word(stem, w->len) <= w->len);
}

static int
on_part(void *arg, const struct chunk_part *part, struct err *e)
{
	struct input *in = arg;
	size_t from = (size_t)(part->text - in->text);

	(void)e;
	/* parts may overlap but leave nothing out in between but blanks */
	for (size_t i = in->end; i < from; i++)
		assert(strchr(" \t\n\r\v\f", in->text[i]));
	in->end = from + part->len;
	assert(in->end <= in->len && part->line <= part->last_line);
	return 0;
}

static int
on_note(void *arg, struct memory_note *note, struct err *e)
{
	(void)arg;
	(void)e;
	assert(note->text_len > 0 && strlen(note->text) <= note->text_len);
	return 0;
}

static void
on_synonym(void *arg, const char *word, size_t len)
{
	(void)arg;
	assert(len > 0 && len <= WORD_MAX && word);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	AUTO_BUF struct buf out = BUF_INIT;
	struct input in = { text, size, 0 };
	struct memory_search s = { .text = text };
	struct query q = { 0 };
	struct err e = ERR_INIT;

	lexis_scan(text, size, on_word, &in);
	chunk_document(size & 1 ? "x.md" : size & 2 ? "x.log" : "x.c", text,
	    size, on_part, &in, &e);
	markdown_read(text, size, on_note, NULL, &e);
	secret_blank(text, size, &out);
	synonyms_each(text, size, "word", 4, on_synonym, NULL);
	query_parse(&s, &q);
	when_parse(text, INT64_C(1760000000000), &q.when);
	query_release(&q);
	return 0;
}
