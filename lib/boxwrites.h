/*
 * boxwrites: attempts to write what is read-only, for --audit.
 *
 * The filter asks us at each call that means to write; we look where it leads
 * in the file tree of the caller, and let the kernel go on in any case: it
 * alone decides, so a caller that changes its mind between our look and the
 * call fools the record, never the sandbox.
 */
#ifndef AGENT_BOXWRITES_H
#define AGENT_BOXWRITES_H

#include <linux/seccomp.h>
#include <stdbool.h>

#include "buf.h"

/*
 * Whether the filter asked because of a write, rather than to have the call
 * refused; then *ret_name is the call's name.
 */
bool	boxwrites_is_one(const struct seccomp_data *call,
	    const char **ret_name);

/*
 * Whether it leads to a read-only file system; then `path` gets where, as the
 * caller sees it.  `listener` is where `call` came from.
 */
bool	boxwrites_refused(int listener, const struct seccomp_notif *call,
	    struct buf *path);

#endif
