/*
 * memory: what an agent, or a person, remembers: one SQLite file.
 *
 * Notes, found by memory_search(); documents, which are notes by the part;
 * key-values, lists and states (memory-state.h).  Every change is written to
 * the history and can be undone.  The tables are private, the views are not:
 * agent-mem(1), FILES.
 *
 * A note's row number grows with each edit and is what the index knows it by
 * (index.h).  Notes written last are not in the index yet: a search reads
 * that tail as well, and the writer who makes it too long indexes it.
 */
#ifndef AGENT_MEMORY_H
#define AGENT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "json.h"
#include "store.h"

enum {
	MEMORY_TEXT_MAX = 64 << 20,	/* of one note */
	MEMORY_ID_MAX = 256,
	MEMORY_TAIL = 256		/* notes that wait for the index */
};

struct memory {
	struct store *store;
	const char *author;	/* who writes; borrowed */
	const char *name;	/* of one that is shared; borrowed; or NULL */
	bool readonly;
	bool allow_secrets;	/* else they are blanked in what comes in */
	bool bulk;		/* a stream: index at its end */
	int64_t first, last;	/* notes of this transaction, in a row */
	bool wrote;		/* any */
	size_t blanked;		/* secrets, so far */
};

enum {
	MEMORY_READONLY = 1,
	MEMORY_NOCREATE = 2,
	MEMORY_LAZY = 4		/* a stream: sync at the end only */
};

/*
 * Opens, makes or upgrades.  `stop` as in store.h.  The struct is the
 * caller's to close.
 */
int	memory_open(const char *path, unsigned flags, const volatile int *stop,
	    struct memory *ret, struct err *e);
void	memory_close(struct memory *m);

#define MEMORY_INIT { 0 }
#define AUTO_MEMORY __attribute__((cleanup(memory_close)))

/* Writing is done between these two; index and history are kept in step. */
int	memory_begin(struct memory *m, struct err *e);
int	memory_commit(struct memory *m, struct err *e);

static inline void
memory_auto_rollback(struct memory **m)
{
	if (*m && (*m)->store)
		store_rollback((*m)->store);
}

#define AUTO_MEMORY_ROLLBACK \
	__attribute__((unused, cleanup(memory_auto_rollback)))

struct memory_note {
	int64_t n;		/* the row; 0: none yet */
	char *id;
	char *text;
	size_t text_len;
	char *tags;		/* a JSON array; NULL: none */
	int64_t time;		/* when it was so, ms since 1970; 0: now */
	int64_t expires;	/* ms; 0: never */
	double importance;	/* 0 to 1; 0.5 when nothing was said */
	char *source, *author;	/* or NULL */
	char *extra;		/* a JSON object of what else came with it */
	char *path;		/* of a part of a document, */
	int64_t line, last_line; /* and where it stands there */
	int64_t doc;		/* its row; 0: a note */
};

#define MEMORY_NOTE_INIT { .importance = 0.5 }

void	memory_note_release(struct memory_note *note);
#define AUTO_NOTE __attribute__((cleanup(memory_note_release)))

/*
 * From a JSON object: text, and any of id, tags, time, source, author (or
 * agent), importance, expires; other members are kept.  `supersedes` is for
 * memory_supersede().  ST_DATA.
 */
int	memory_note_parse(const jv *object, struct memory_note *ret,
	    struct err *e);

/* As an object, on one line, without its end: the caller may add members
 * and the brace.  In one that is shared it has the `memory`. */
void	memory_note_write(struct memory *m, const struct memory_note *note,
	    struct buf *out);

enum memory_added {
	MEMORY_ADDED, MEMORY_SAME, MEMORY_CHANGED
};
const char *memory_added_name(enum memory_added how);

/*
 * Adds.  A note with the same text but for case, spaces and a full stop is
 * the same: its id is given, and its tags are completed.  An id that is
 * there is changed.  `ret_id` is the caller's to free.
 */
int	memory_add(struct memory *m, const struct memory_note *note,
	    enum memory_added *ret, char **ret_id, struct err *e);

/* Says that `id` replaces `old`; either may come later.  Idempotent.
 * memory_replace() does so to a note that is there, and can be undone. */
int	memory_supersede(struct memory *m, const char *id, const char *old,
	    struct err *e);
int	memory_replace(struct memory *m, const char *id, const char *old,
	    struct err *e);

/* Tags of `add` that `have` lacks, added, for the caller to free; NULL when
 * there are none. */
char	*memory_join_tags(const char *have, const char *add);

/* 1 and the note; 0 when there is none. */
int	memory_get(struct memory *m, const char *id, struct memory_note *ret,
	    struct err *e);
/* As memory_get() by any unique start of an id; ST_NOINPUT when it is none. */
int	memory_need(struct memory *m, const char *id, struct memory_note *ret,
	    struct err *e);
int	memory_get_row(struct memory *m, int64_t n, struct memory_note *ret,
	    struct err *e);

/* Replaces all that is in `note` under its id.  memory_edit() is for what a
 * person wrote: secrets in it are blanked. */
int	memory_edit(struct memory *m, const struct memory_note *note,
	    struct err *e);
int	memory_change(struct memory *m, const struct memory_note *note,
	    const char *op, struct err *e);
int	memory_remove(struct memory *m, const struct memory_note *note,
	    const char *op, struct err *e);

/* Walking, newest first: filters of memory-search.h; `fn` stops it with
 * nonzero, -1 meaning failure. */
struct memory_filter;
int	memory_each(struct memory *m, const struct memory_filter *f,
	    size_t limit, bool oldest_first,
	    int (*fn)(void *arg, struct memory_note *note, struct err *e),
	    void *arg, struct err *e);

/* Columns of a query that begins with MEMORY_COLUMNS. */
#define MEMORY_COLUMNS "n, id, text, tags, time, expires, importance, " \
	"source, author, extra, doc, line, last_line"
void	memory_note_read(struct store_stmt *q, struct memory_note *ret);

/* History. */
int	memory_log(struct memory *m, const char *op, const char *what,
	    int64_t first, int64_t last, const char *before, struct err *e);

/* Undoes the last change that is not undone, or the one of that number:
 * 1 and what it was (the caller frees), 0 when there is none. */
int	memory_undo(struct memory *m, int64_t number, char **ret_what,
	    struct err *e);

/*
 * What is not indexed yet, in memory or (in a transaction) for good.
 * memory_commit() does this when it is due.
 */
struct index;
int	memory_index_open(struct memory *m, struct index *ret, struct err *e);
int	memory_index_update(struct memory *m, struct err *e);
/* In a transaction: one segment of all, which searches fastest. */
int	memory_index_merge(struct memory *m, struct err *e);

/* Upkeep: calls `say` for each problem; their number. */
int	memory_check(struct memory *m, void (*say)(void *arg,
	    const char *problem), void *arg, struct err *e);
int	memory_vacuum(struct memory *m, struct err *e);

/* Milliseconds since 1970, and as RFC 3339. */
int64_t	memory_now(void);

#endif
