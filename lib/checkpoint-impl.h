/* checkpoint-impl: what the files of checkpoint.h share; private to them. */
#ifndef AGENT_CHECKPOINT_IMPL_H
#define AGENT_CHECKPOINT_IMPL_H

#include <stdbool.h>

#include "checkpoint.h"
#include "treeprint.h"

#define CHECKPOINT_DIR "checkpoints.git"
#define CHECKPOINT_BRANCH "refs/heads/checkpoints"

/* checkpoint-make.c: an empty repository where there is none. */
int	checkpoint_make(const struct checkpoints *c, struct err *e);

/* checkpoint-note.c: the last checkpoint, without starting git for it. */

/*
 * Remembers its tree and how the workspace looked before, "" when that is not
 * known; when this fails, git will be asked.
 */
void	checkpoint_note(const struct checkpoints *c, const char *id,
	    const char *tree, const char *print);

/* Makes it the last one, at once or not at all; under our lock. */
int	checkpoint_move(const struct checkpoints *c, const char *id,
	    struct err *e);

/* The last one and its tree, unless NULL; false: git knows. */
bool	checkpoint_look(const struct checkpoints *c,
	    char ret[CHECKPOINT_ID_LEN + 1], char *ret_tree);

/* The last one, and how the workspace looked then; false: not known. */
bool	checkpoint_looked(const struct checkpoints *c,
	    char ret[CHECKPOINT_ID_LEN + 1],
	    char ret_print[TREEPRINT_LEN + 1]);

#endif
