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

/* {"type":"string","enum":[...]}: the shared memories to write to. */
static jv
memory_argument(const jv *rights)
{
	jv names = json_array(), argument = json_object();

	JSON_EACH(rights, i) {
		const char *name = json_iter_key(rights, i);
		const char *right = json_str(rights, name);
		if (right && strcmp(right, "write") == 0)
			json_append(&names, json_from_str(name));
	}
	if (json_count(&names) == 0) {
		jv_free(names);
		jv_free(argument);
		return JSON_NONE;
	}
	json_set_str(&argument, "type", "string");
	json_set(&argument, "enum", names);
	json_set_str(&argument, "description", "a memory that others read "
	    "too; without it, your own");
	return argument;
}

/* With another argument in the declaration. */
static jv
with_argument(const jv *tool, const char *name, const jv *argument)
{
	jv t = json_copy(tool), f = json_get(tool, "function");
	jv parameters = json_get(&f, "parameters");
	jv all = json_get(&parameters, "properties");

	json_set(&all, name, json_copy(argument));
	json_set(&parameters, "properties", all);
	json_set(&f, "parameters", parameters);
	json_set(&t, "function", f);
	return t;
}

jv
memory_tools(const jv *rights)
{
	AUTO_JV jv list = JSON_NONE;
	AUTO_JV jv argument = memory_argument(rights);
	jv out = json_array();
	struct err ignored = ERR_INIT;

	json_parse(declarations, sizeof(declarations) - 1, &list, &ignored);
	for (size_t i = 0; i < json_count(&list); i++) {
		AUTO_JV jv tool = json_at(&list, i);
		const char *name = json_path_str(&tool, "function.name");
		json_append(&out, json_is(&argument, JSON_OBJECT) && name &&
		    strcmp(name, "remember") == 0 ?
		    with_argument(&tool, "memory", &argument) :
		    json_copy(&tool));
	}
	return out;
}

/* The memory that a call means, to write to. */
static struct memory *
target(struct memory_set *set, const jv *arguments, struct err *e)
{
	const char *name = json_str(arguments, "memory");
	struct memory *m = memory_set_find(set, name);

	if (!m)
		err_set(e, ST_NO, "there is no memory '%s'", name ? name :
		    "of your own");
	else if (m->readonly)
		err_set(e, ST_NO, "memory '%s' may only be read", name);
	return m && !m->readonly ? m : NULL;
}

static int
remember(struct memory_set *set, const jv *arguments, struct buf *out,
    struct err *e)
{
	struct memory *m = target(set, arguments, e);
	struct memory *tx AUTO_MEMORY_ROLLBACK = m;
	AUTO_NOTE struct memory_note note = MEMORY_NOTE_INIT;
	AUTO_NOTE struct memory_note old = MEMORY_NOTE_INIT;
	AUTO_FREE char *id = NULL;
	const char *replaces = json_str(arguments, "supersedes");
	enum memory_added how;

	if (!m)
		return -1;
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
recall(struct memory_set *set, const jv *arguments,
    const char *const *synonyms, size_t nsynonyms, struct buf *out,
    struct err *e)
{
	AUTO_HITS struct memory_hits hits = MEMORY_HITS_INIT;
	struct memory_search s = { .text = json_str(arguments, "query"),
		.limit = 8, .synonyms = synonyms, .nsynonyms = nsynonyms };
	int64_t limit;

	if (!s.text)
		return err_set(e, ST_NO, "recall needs a \"query\"");
	if (json_int(arguments, "limit", &limit) && limit > 0)
		s.limit = limit < LIMIT_MAX ? (size_t)limit : LIMIT_MAX;
	if (memory_set_search(set, &s, false, &hits, e) < 0)
		return -1;
	for (size_t i = 0; i < hits.n; i++) {
		const struct memory_note *n = &hits.hit[i].note;
		const char *shared = hits.hit[i].memory->name;
		char stamp[TIMESTAMP_LEN + 1];
		if (out->len + n->text_len > ROOM)
			break;
		timestamp_format(n->time * CLOCK_MS, stamp);
		buf_addf(out, "[%s %.10s%s%s%s%s%s]\n", n->id, stamp,
		    shared ? ", memory " : "", shared ? shared : "",
		    shared && n->author ? ", by " : "",
		    shared && n->author ? n->author : "",
		    hits.hit[i].superseded ? ", replaced since" : "");
		buf_add(out, n->text, n->text_len);
		buf_adds(out, "\n\n");
	}
	if (hits.n == 0)
		buf_adds(out, "Nothing is remembered about that.\n");
	return 0;
}

int
memory_tool_call(struct memory_set *set, const char *name, const jv *arguments,
    const char *const *synonyms, size_t nsynonyms, struct buf *out,
    struct err *e)
{
	if (strcmp(name, "memory") == 0)
		return memory_file_call(set, arguments, out, e);
	if (strcmp(name, "remember") == 0)
		return remember(set, arguments, out, e);
	if (strcmp(name, "recall") == 0)
		return recall(set, arguments, synonyms, nsynonyms, out,
		    e);
	return err_set(e, ST_NOINPUT, "there is no tool '%s'", name);
}
