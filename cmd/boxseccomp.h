/*
 * boxseccomp: libseccomp, for the programs that make system call filters.
 *
 * Actions are the kernel's, SECCOMP_RET_... of <linux/seccomp.h>, with the
 * errno in the low bits.  Nothing of this is in agent-sandbox itself: loading
 * libseccomp would cost more than making a sandbox.
 */
#ifndef AGENT_BOXSECCOMP_H
#define AGENT_BOXSECCOMP_H

#include <stdbool.h>
#include <stdint.h>

struct filter;

/* How an argument of a call is compared; MASKED: (argument & a) == b. */
enum filter_op {
	FILTER_NE, FILTER_LT, FILTER_LE, FILTER_EQ, FILTER_GE, FILTER_GT,
	FILTER_MASKED
};

struct filter_arg {
	unsigned index;
	enum filter_op op;
	uint64_t a, b;
};

enum { FILTER_ARGS_MAX = 6 };

/*
 * For this architecture alone: what comes by another is no system call at all
 * (ENOSYS).  NULL when there is no memory.
 */
struct filter *filter_new(uint32_t default_action);
void	filter_free(struct filter *f);

/* Adds the 32-bit one.  Rules that are there already do not hold for it. */
void	filter_add_32(struct filter *f);

/* As profiles call this architecture: "SCMP_ARCH_X86_64", "amd64", and the
 * 32-bit one; "" where there is none or we do not know it. */
extern const char *const filter_arch[2], *const filter_arch_32[2];

/* The number of a call; FILTER_UNKNOWN when libseccomp has none. */
enum { FILTER_UNKNOWN = -1 };
int	filter_number(const char *name);

/* The name of a call of this architecture; NULL.  The caller frees. */
char	*filter_name(int number);

/*
 * Adds a rule: the action if all of `args` hold.  0 or -errno; -EACCES when
 * the action is the default one.
 */
int	filter_add(struct filter *f, uint32_t action, int number,
	    const struct filter_arg *args, unsigned n);

/* Writes struct sock_filter, one after the other; 0 or -errno. */
int	filter_write(struct filter *f, int fd);

#endif
