/* boxinit-filter: the system call filters of the init and of the command. */
#include "config.h"

#include "boxinit.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox-filter.h"

#define LENGTH(f) (sizeof(f) / sizeof(*(f)))
#define PROGRAM(f) { LENGTH(f), (f) }
static const struct sock_fprog programs[2][BOX_FILTER_COUNT] = {
	{ PROGRAM(filter_0), PROGRAM(filter_1), PROGRAM(filter_2),
	    PROGRAM(filter_3) },
	{ PROGRAM(audit_0), PROGRAM(audit_1), PROGRAM(audit_2),
	    PROGRAM(audit_3) }
};

/* The user's, one after the other. */
static struct sock_filter given[BOX_FILTERS_LENGTH];

/* What has no right to be here is no reason to go on. */
void
init_read_filters(void)
{
	size_t at = 0;

	if (init_spec.nfilters > BOX_FILTERS_MAX)
		init_spec.nfilters = BOX_FILTERS_MAX;
	for (uint32_t i = 0; i < init_spec.nfilters; i++) {
		size_t n = init_spec.filter_length[i];

		if (n > LENGTH(given) - at ||
		    recv(BOX_CONTROL_FD, given + at, n * sizeof(*given), 0) !=
		    (ssize_t)(n * sizeof(*given)))
			init_fail("cannot read the filters");
		at += n;
	}
}

/*
 * With a listener the parent answers what the filter refuses, with the same
 * error, and so learns which call it was.  If the parent is gone, the kernel
 * answers ENOSYS.
 */
static bool
is_refusal(const struct sock_filter *f)
{
	return f->code == (BPF_RET | BPF_K) &&
	    (f->k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
}

static void
ask_parent(struct sock_filter *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_refusal(&f[i]) &&
		    (f[i].k & SECCOMP_RET_DATA) != ENOSYS)
			f[i].k = SECCOMP_RET_USER_NOTIF;
}

static int
load(const struct sock_filter *code, size_t n)
{
	struct sock_fprog p = { (unsigned short)n,
	    (struct sock_filter *)(uintptr_t)code };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p);
}

static int
listen_with(struct sock_filter *code, size_t n)
{
	struct sock_fprog p = { (unsigned short)n, code };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_NEW_LISTENER, &p);
}

static const struct sock_fprog *
own(void)
{
	bool audit = init_spec.flags & BOX_NOTIFY &&
	    init_spec.flags & BOX_AUDIT;

	return init_spec.filter < BOX_FILTER_COUNT ?
	    &programs[audit][init_spec.filter] : NULL;
}

static void
load_own(void)
{
	if (init_spec.filter < BOX_FILTER_COUNT &&
	    load(programs[0][init_spec.filter].filter,
	    programs[0][init_spec.filter].len) < 0)
		init_fail("cannot load the system call filter");
}

/* Both ours and the user's are to tell what they refuse. */
static bool
is_joined(void)
{
	return init_spec.nfilters > 0 && init_spec.flags & BOX_NOTIFY;
}

void
init_filter(void)
{
	struct sock_filter copy[BPF_MAXINSNS];
	const struct sock_fprog *p = own();
	int fd;

	if (!p || is_joined())
		return;
	if (!(init_spec.flags & BOX_NOTIFY)) {
		load_own();
		return;
	}
	memcpy(copy, p->filter, p->len * sizeof(*copy));
	ask_parent(copy, p->len);
	fd = listen_with(copy, p->len);
	if (fd >= 0) {
		init_give(BOX_NOTIFIER, 0, 0, fd);
		return;
	}
	/* one listener a tree: we are nested in another's */
	init_say(BOX_DEGRADED, errno, "seccomp listener");
	load_own();
}

/* Appends a program that goes on behind itself where it would let pass. */
static size_t
append(struct sock_filter *to, size_t at, const struct sock_filter *code,
    size_t n, bool tell)
{
	for (size_t i = 0; i < n; i++) {
		struct sock_filter *f = &to[at + i];
		bool passes;

		*f = code[i];
		passes = f->code == (BPF_RET | BPF_K) &&
		    (f->k == SECCOMP_RET_ALLOW || f->k == SECCOMP_RET_LOG);
		if (passes)
			*f = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA,
			    (uint32_t)(n - i - 1), 0, 0);
		else if (tell && is_refusal(f))
			f->k = SECCOMP_RET_USER_NOTIF;
	}
	return at + n;
}

/* All of the user's, from `at` on. */
static size_t
append_given(struct sock_filter *to, size_t at, bool tell)
{
	size_t from = 0;

	for (uint32_t i = 0; i < init_spec.nfilters; i++) {
		size_t n = init_spec.filter_length[i];
		at = append(to, at, given + from, n, tell);
		from += n;
	}
	return at;
}

/* The end of a program that lets pass what came so far. */
static size_t
append_allow(struct sock_filter *to, size_t at)
{
	to[at] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_ALLOW);
	return at + 1;
}

/* At once: the first may not let us load a second. */
static int
load_given(struct sock_filter *space)
{
	if (init_spec.nfilters == 0)
		return 0;
	if (init_spec.nfilters == 1)
		return load(given, init_spec.filter_length[0]);
	return load(space, append_allow(space, append_given(space, 0,
	    false)));
}

/*
 * One program of them all: the user's first, then ours, so that a write that
 * --audit lets pass has passed the user's.  Nobody listens yet when the
 * command is executed, so for that call, and for the end, the user's stand
 * once more in front as they are.
 */
static size_t
join(struct sock_filter *to)
{
	static const uint32_t early[] = {
		SYS_execve, SYS_execveat, SYS_exit, SYS_exit_group
	};
	const struct sock_fprog *p = own();
	size_t at = 0, sum = 0;

	for (uint32_t i = 0; i < init_spec.nfilters; i++)
		sum += init_spec.filter_length[i];
	to[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < LENGTH(early); i++)
		to[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ |
		    BPF_K, early[i], (uint8_t)(LENGTH(early) - i), 0);
	to[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA,
	    (uint32_t)sum, 0, 0);
	at = append_given(to, at, false);
	at = append_given(to, at, true);
	if (!p)
		return append_allow(to, at);
	memcpy(to + at, p->filter, p->len * sizeof(*to));
	ask_parent(to + at, p->len);
	return at + p->len;
}

int
init_narrow(void)
{
	static struct sock_filter all[2 * BOX_FILTERS_LENGTH + BPF_MAXINSNS];
	int fd;

	if (!is_joined())
		return load_given(all) < 0 ? -2 : -1;
	size_t n = join(all);
	fd = n <= BPF_MAXINSNS ? listen_with(all, n) : -1;
	if (fd >= 0)
		return fd;
	/* too much to be told, or one listener a tree */
	init_say(BOX_DEGRADED, errno, "seccomp listener");
	load_own();
	return load_given(all) < 0 ? -2 : -1;
}

void
init_filter_self(void)
{
	if (is_joined())
		load_own();
}
