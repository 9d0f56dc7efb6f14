/* boxseccomp: libseccomp; the only file that sees seccomp.h. */
#include "config.h"

#include "boxseccomp.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>

_Static_assert((int)FILTER_UNKNOWN == __NR_SCMP_ERROR, "number");

#ifdef __x86_64__
const char *const filter_arch[2] = { "SCMP_ARCH_X86_64", "amd64" };
const char *const filter_arch_32[2] = { "SCMP_ARCH_X86", "x86" };
#elif defined(__aarch64__)
const char *const filter_arch[2] = { "SCMP_ARCH_AARCH64", "arm64" };
const char *const filter_arch_32[2] = { "", "" };
#else
const char *const filter_arch[2] = { "", "" };
const char *const filter_arch_32[2] = { "", "" };
#endif

struct filter *
filter_new(uint32_t default_action)
{
	scmp_filter_ctx ctx = seccomp_init(default_action);

	if (!ctx)
		return NULL;
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	/* x32, for one */
	seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
	    SCMP_ACT_ERRNO(ENOSYS));
	return ctx;
}

void
filter_free(struct filter *f)
{
	if (f)
		seccomp_release(f);
}

void
filter_add_32(struct filter *f)
{
#ifdef __x86_64__
	/* a 32-bit call would pass a 64-bit filter */
	seccomp_arch_add(f, SCMP_ARCH_X86);
#else
	(void)f;
#endif
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
