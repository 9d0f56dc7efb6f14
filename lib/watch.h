/*
 * watch: records as lines for people.
 *
 *	08:39:14 dev  call    shell make test
 *	08:39:16 dev  failed  shell, exit 2, 1.2 s: FAIL: t/sum.t
 *
 * Local time, who, what, and of the rest as much as fits on a line; or all of
 * it, indented below, which is so for the result of a run in any case.
 * Everything that comes from a record goes through term.h's filter.  A day
 * that begins has a line of its own.  Of agents of one name that run at the
 * same time the second is called dev#2, and so on.
 */
#ifndef AGENT_WATCH_H
#define AGENT_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "json.h"
#include "term.h"
#include "ulid.h"

enum { WATCH_RUNS = 64 };

/* A run that was seen, to tell it from others of its source. */
struct watch_run {
	unsigned long long source;	/* a hash */
	unsigned number;		/* 0: the slot is free */
	bool ended;
	char id[ULID_LEN + 1];
};

struct watch {
	struct term term;
	bool verbose;		/* all text, not only what fits */
	bool deltas;		/* pieces of answers too */
	int fd;
	int64_t wanted;		/* columns, as watch_open() was told */
	size_t columns;		/* of a line; 0: no limit */
	size_t name_width;	/* of the column of names; it grows */
	int year, yday;		/* of the line before */
	struct watch_run runs[WATCH_RUNS];
	size_t next_run;
};

#define WATCH_INIT { .term = TERM_INIT }

/*
 * For lines that go to `fd`.  `columns` is 0 for no limit, or -1 for those of
 * the terminal, which are asked for again before each line; WATCH_PIPE_COLUMNS
 * where there is none.
 */
enum { WATCH_PIPE_COLUMNS = 160 };
void	watch_open(struct watch *w, int fd, enum term_when colour,
	    int64_t columns);
void	watch_close(struct watch *w);

/* Appends the lines of a record: none, when it tells people nothing. */
void	watch_show(struct watch *w, const jv *record, struct buf *out);

/*
 * What a record says: filled by watch_describe() (watch-record.c), laid out
 * by watch_show().  The texts are as they came, not yet clean.
 */
enum watch_style {
	WATCH_PLAIN, WATCH_DIM, WATCH_BOLD, WATCH_GREEN, WATCH_RED,
	WATCH_YELLOW, WATCH_STYLES
};

struct watch_event {
	const char *word;	/* "call"; NULL: nothing to show */
	enum watch_style style;	/* of the word */
	struct buf subject;	/* "shell" */
	struct buf facts;	/* ", exit 2, 1.2 s": each after a comma */
	struct buf text;	/* what was said or done, of any length */
	enum watch_style text_style;
	bool tail;		/* the end of the text says most: if it has
				 * to be cut, then at the beginning */
	bool whole;		/* never to be cut: the outcome of it all */
};

#define WATCH_EVENT_INIT { 0 }

void	watch_event_release(struct watch_event *ev);
void	watch_describe(const jv *record, struct watch_event *ev);

#endif
