/* memory-tool: the memory as tools of a model. */
#include "config.h"

#include "memory-tool.h"

#include "alloc.h"
#include "clock.h"
#include "memory-search.h"

enum { LIMIT_MAX = 50, ROOM = 32 << 10 };

static const char declarations[] =
"[{\"type\":\"function\",\"function\":{\"name\":\"memory\",\"description\":"
"\"Keep files for yourself that last beyond this conversation, below "
"/memories. Look there before you begin; write down what a later you must "
"know.\",\"parameters\":{\"type\":\"object\",\"properties\":{"
"\"command\":{\"type\":\"string\",\"enum\":[\"view\",\"create\","
"\"str_replace\",\"insert\",\"delete\",\"rename\"]},"
"\"path\":{\"type\":\"string\",\"description\":\"/memories, or a file "
"below it\"},"
"\"view_range\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"},"
"\"description\":\"first and last line; -1 is the end\"},"
"\"file_text\":{\"type\":\"string\"},\"old_str\":{\"type\":\"string\"},"
"\"new_str\":{\"type\":\"string\"},\"insert_line\":{\"type\":\"integer\","
"\"description\":\"after this line; 0 is the beginning\"},"
"\"insert_text\":{\"type\":\"string\"},\"old_path\":{\"type\":\"string\"},"
"\"new_path\":{\"type\":\"string\"}},\"required\":[\"command\"]}}},"
"{\"type\":\"function\",\"function\":{\"name\":\"remember\",\"description\":"
"\"Add a note to your memory: one fact, with names and numbers, that will "
"matter later.\",\"parameters\":{\"type\":\"object\",\"properties\":{"
"\"text\":{\"type\":\"string\"},\"tags\":{\"type\":\"array\",\"items\":{"
"\"type\":\"string\"}},\"supersedes\":{\"type\":\"string\","
"\"description\":\"id of the note that this one replaces\"}},"
"\"required\":[\"text\"]}}},"
"{\"type\":\"function\",\"function\":{\"name\":\"recall\",\"description\":"
"\"Search your memory by a question or words.\",\"parameters\":{"
"\"type\":\"object\",\"properties\":{\"query\":{\"type\":\"string\"},"
"\"limit\":{\"type\":\"integer\"}},\"required\":[\"query\"]}}}]";

jv
memory_tools(void)
{
	jv list = JSON_NONE;
	struct err ignored = ERR_INIT;

	json_parse(declarations, sizeof(declarations) - 1, &list, &ignored);
	return list;
}

static int
remember(struct memory *m, const jv *arguments, struct buf *out,
    struct err *e)
{
	struct memory *tx AUTO_MEMORY_ROLLBACK = m;
	AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
	AUTO_NOTE struct memory_note old = MEMORY_NOTE_INIT;
	AUTO_FREE char *id = NULL;
	const char *replaces = json_str(arguments, "supersedes");
	enum memory_added how;

	if (memory_note_parse(arguments, &note, e) < 0) {
		e->status = ST_NO;
		return -1;
	}
	/* a model does not choose ids, authors and times */
	free(note.id);
	free(note.author);
	note.id = note.author = NULL;
	note.time = 0;
	if (memory_begin(m, e) < 0)
		return -1;
	if (replaces && memory_need(m, replaces, &old, e) < 0) {
		e->status = ST_NO;
		return -1;
	}
	if (memory_add(m, &note, &how, &id, e) < 0 || (replaces &&
	    memory_supersede(m, id, old.id, e) < 0) ||
	    memory_commit(m, e) < 0)
		return -1;
	buf_addf(out, "%s as %s\n", how == MEMORY_SAME ? "Known already" :
	    "Remembered", id);
	return 0;
}

static int
recall(struct memory *m, const jv *arguments, const char *const *synonyms,
    size_t nsynonyms, struct buf *out, struct err *e)
{
	AUTO_HITS struct memory_hits hits = MEMORY_HITS_INIT;
	struct memory_search s = { .text = json_str(arguments, "query"),
		.limit = 8, .synonyms = synonyms, .nsynonyms = nsynonyms };
	int64_t limit;

	if (!s.text)
		return err_set(e, ST_NO, "recall needs a \"query\"");
	if (json_int(arguments, "limit", &limit) && limit > 0)
		s.limit = limit < LIMIT_MAX ? (size_t)limit : LIMIT_MAX;
	if (memory_search(m, &s, false, &hits, e) < 0)
		return -1;
	for (size_t i = 0; i < hits.n; i++) {
		const struct memory_note *n = &hits.hit[i].note;
		char stamp[TIMESTAMP_LEN + 1];
		if (out->len + n->text_len > ROOM)
			break;
		timestamp_format(n->time * CLOCK_MS, stamp);
		buf_addf(out, "[%s %.10s%s]\n", n->id, stamp,
		    hits.hit[i].superseded ? ", replaced since" : "");
		buf_add(out, n->text, n->text_len);
		buf_adds(out, "\n\n");
	}
	if (hits.n == 0)
		buf_adds(out, "Nothing is remembered about that.\n");
	return 0;
}

int
memory_tool_call(struct memory *m, const char *name, const jv *arguments,
    const char *const *synonyms, size_t nsynonyms, struct buf *out,
    struct err *e)
{
	if (strcmp(name, "memory") == 0)
		return memory_file_call(m, arguments, out, e);
	if (strcmp(name, "remember") == 0)
		return remember(m, arguments, out, e);
	if (strcmp(name, "recall") == 0)
		return recall(m, arguments, synonyms, nsynonyms, out, e);
	return err_set(e, ST_NOINPUT, "there is no tool '%s'", name);
}
