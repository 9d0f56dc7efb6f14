/*
 * memory-tool: the memory as tools of a model.
 *
 * `memory` works on files below /memories, with the commands and the answers
 * that models were trained on (view, create, str_replace, insert, delete,
 * rename); a file is a note whose id is its path, so it is searched, exported
 * and undone like any other.  `remember` adds a note, `recall` searches.
 */
#ifndef AGENT_MEMORY_TOOL_H
#define AGENT_MEMORY_TOOL_H

#include "buf.h"
#include "err.h"
#include "json.h"
#include "memory-set.h"

/*
 * An array of {"type":"function","function":{...}}; `remember` may name a
 * shared memory, if `rights` (of memory-set.h) has one to write to.
 */
jv	memory_tools(const jv *rights);

/*
 * Calls one; appends what the model shall read to `out`.  ST_NO with words
 * for the model when the call was wrong; ST_NOINPUT when there is no such
 * tool; other failures are those of the memory.  `synonyms` as in
 * memory-search.h.
 */
int	memory_tool_call(struct memory_set *set, const char *name,
	    const jv *arguments, const char *const *synonyms,
	    size_t nsynonyms, struct buf *out, struct err *e);

/*
 * The commands of `memory`: memory-file.c.  Files of a shared memory are
 * below /memories/shared/NAME.
 */
int	memory_file_call(struct memory_set *set, const jv *arguments,
	    struct buf *out, struct err *e);

#endif
