/* checkpoint-impl: what the files of checkpoint.h share; private to them. */
#ifndef AGENT_CHECKPOINT_IMPL_H
#define AGENT_CHECKPOINT_IMPL_H

#include <stdbool.h>

#include "checkpoint.h"

#define CHECKPOINT_BRANCH "refs/heads/checkpoints"

/* checkpoint-make.c: an empty repository where there is none. */
int	checkpoint_make(const struct checkpoints *c, struct err *e);

/* checkpoint-note.c: the last checkpoint, without starting git for it. */

/* Remembers its tree; when that fails, git will be asked. */
void	checkpoint_note(const struct checkpoints *c, const char *id,
	    const char *tree);

/* The last of `branch` and its tree, unless NULL; false: git knows. */
bool	checkpoint_look(const struct checkpoints *c, const char *branch,
	    char ret[CHECKPOINT_ID_LEN + 1], char *ret_tree);

#endif
