/*
 * patch: unified diffs, as models write them.
 *
 * The numbers in a hunk's head are a hint: models miscount.  What a hunk has
 * in place of what is the text itself.  It applies where the head says, or
 * else at the only other place in the file where its old lines are, first
 * exactly, then with other white space at the ends of lines; when there is
 * more than one place, it is refused.  Lines that stay are the file's, so what
 * was only matched roughly does not change.
 *
 * "/dev/null" as the old name makes a file, as the new name removes one.
 * Renames and binary patches are refused.
 */
#ifndef AGENT_PATCH_H
#define AGENT_PATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"

struct patch_line {
	char kind;		/* ' ', '-' or '+' */
	bool open;		/* "\ No newline at end of file" */
	const char *text;	/* in the patch; no newline */
	size_t len;
};

struct patch_hunk {
	int64_t at;		/* first old line, from 1; 0: not said */
	int64_t line;		/* of the patch, for messages */
	struct patch_line *lines;
	size_t n, cap;
};

struct patch_file {
	char *path;
	bool creates, removes;
	struct patch_hunk *hunks;
	size_t n, cap;
};

struct patch {
	struct patch_file *files;
	size_t n, cap;
};

#define PATCH_INIT { 0 }

void	patch_release(struct patch *p);
#define AUTO_PATCH __attribute__((cleanup(patch_release)))

/*
 * Reads a patch; text before, between and after its files is passed over.
 * `*ret` points into `text`.  ST_NO with words that help to do better.
 */
int	patch_parse(const char *text, size_t len, struct patch *ret,
	    struct err *e);

/* What a file becomes, appended to `out`.  ST_NO, and nothing of use in it. */
int	patch_apply(const struct patch_file *f, const struct buf *old,
	    struct buf *out, struct err *e);

#endif
