/* boxseccomp: libseccomp; the only file that sees seccomp.h. */
#include "config.h"

#include "boxseccomp.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>

_Static_assert((int)FILTER_UNKNOWN == __NR_SCMP_ERROR, "number");

struct filter *
filter_new(uint32_t default_action)
{
	scmp_filter_ctx ctx = seccomp_init(default_action);

	if (ctx)
		seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return ctx;
}

void
filter_free(struct filter *f)
{
	if (f)
		seccomp_release(f);
}

void
filter_add_arch(struct filter *f, int error)
{
#ifdef __x86_64__
	/* a 32-bit call would pass a 64-bit filter */
	seccomp_arch_add(f, SCMP_ARCH_X86);
#endif
	/* any other way in, x32 for one, is no system call at all */
	seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_ERRNO((unsigned)error));
}

int
filter_number(const char *name)
{
	return seccomp_syscall_resolve_name(name);
}

char *
filter_name(int number)
{
	return seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
}

int
filter_add(struct filter *f, uint32_t action, int number,
    const struct filter_arg *args, unsigned n)
{
	static const enum scmp_compare ops[] = {
		[FILTER_NE] = SCMP_CMP_NE, [FILTER_LT] = SCMP_CMP_LT,
		[FILTER_LE] = SCMP_CMP_LE, [FILTER_EQ] = SCMP_CMP_EQ,
		[FILTER_GE] = SCMP_CMP_GE, [FILTER_GT] = SCMP_CMP_GT,
		[FILTER_MASKED] = SCMP_CMP_MASKED_EQ
	};
	struct scmp_arg_cmp c[FILTER_ARGS_MAX];

	if (n > FILTER_ARGS_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < n; i++)
		c[i] = (struct scmp_arg_cmp){ args[i].index, ops[args[i].op],
		    args[i].a, args[i].b };
	return seccomp_rule_add_array(f, action, number, n, c);
}

int
filter_write(struct filter *f, int fd)
{
	return seccomp_export_bpf(f, fd);
}
