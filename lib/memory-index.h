/* memory-index: what those who write and those who search agree on. */
#ifndef AGENT_MEMORY_INDEX_H
#define AGENT_MEMORY_INDEX_H

#include <stddef.h>

#include "lexis.h"

/* A word among the tags, of the author, or in the path counts half. */
#define MEMORY_TAG_WEIGHT 0.5

/* The term of the index that stands for a tag ('t'), author, source. */
size_t	memory_mark(char kind, const char *value, size_t len,
	    char out[WORD_MAX]);

#endif
