/*
 * hostcheck: what this host can do for a sandbox, and why it cannot.
 */
#ifndef AGENT_HOSTCHECK_H
#define AGENT_HOSTCHECK_H

#include "err.h"
#include "json.h"

/*
 * Why no sandbox can be made here, with the mend; ST_WRAPPER always.  Is
 * called when bwrap failed; `bwrap_said` is its own message, or how it ended.
 */
int	hostcheck_explain(const char *bwrap_said, struct err *e);

/* Whether the kernel lets us make a user namespace: 0, or its errno. */
int	hostcheck_userns(void);

/*
 * All that --check shows: an object of objects, each with "ok", "what" and,
 * where it is not, "mend".
 */
jv	hostcheck_all(void);

#endif
