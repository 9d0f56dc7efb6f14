/*
 * boxfilter: system call filters of the user's, in addition to ours.
 *
 * A profile (the JSON that docker and podman take) is made into a program by
 * agent-sandbox-filter, which knows libseccomp.  The kernel asks every filter
 * and takes the strictest answer, so one more can only refuse more.  The
 * command gets them last of all, so that they need not allow what the init
 * does.
 */
#ifndef AGENT_BOXFILTER_H
#define AGENT_BOXFILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

#include "boxspec.h"
#include "buf.h"
#include "err.h"
#include "rules.h"

struct boxfilters {
	struct buf programs[BOX_FILTERS_MAX];	/* of struct sock_filter */
	size_t n;
};

#define BOXFILTERS_INIT { .n = 0 }

void	boxfilters_release(struct boxfilters *f);

/*
 * Makes those that the rules name; relative names start at `workspace`.
 * ST_WRAPPER and the reason when one is wrong.
 */
int	boxfilters_make(struct boxfilters *f, const struct rules *rules,
	    const char *workspace, const char *home, struct err *e);

/* Tells the init how many there are, in `spec`, and what they are, after it. */
void	boxfilters_announce(const struct boxfilters *f, struct box_spec *spec);
int	boxfilters_send(const struct boxfilters *f, int control,
	    struct err *e);

/*
 * What they do about a call, SECCOMP_RET_...: the answer of the first that
 * does not let it pass, else SECCOMP_RET_ALLOW.
 */
uint32_t boxfilters_judge(const struct boxfilters *f,
	    const struct seccomp_data *call);

#endif
