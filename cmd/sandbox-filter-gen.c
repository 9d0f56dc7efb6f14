/*
 * sandbox-filter-gen: prints the system call filters of agent-sandbox as C,
 * or, given "names", those of all system calls.
 *
 * Runs once, when agentutils is built: making a filter with libseccomp takes
 * 1.2 ms, which nobody should pay at each start.  The style is allow, then
 * deny: a list of what an agent may call would break its programs with every
 * new libc.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "alloc.h"
#include "boxseccomp.h"
#include "boxspec.h"

/* removexattrat; numbers are the same everywhere since Linux 5.1. */
enum { SETXATTRAT = 463, LAST_JUDGED = 466 };

#define EACH(list, i) \
	for (size_t i = 0; i < sizeof(list) / sizeof(*(list)); i++)

/* Never: the kernel's own matters, and what has led out of sandboxes. */
static const char *const refused[] = {
	"acct", "add_key", "adjtimex", "bpf", "clock_adjtime",
	"clock_adjtime64", "clock_settime", "clock_settime64",
	"delete_module", "fanotify_init", "finit_module", "init_module",
	"ioperm", "iopl", "kexec_file_load", "kexec_load", "keyctl",
	"lookup_dcookie", "modify_ldt", "nfsservctl", "open_by_handle_at",
	"perf_event_open", "pidfd_getfd", "quotactl", "quotactl_fd",
	"reboot", "request_key", "settimeofday", "stime", "swapoff",
	"swapon", "sysfs", "syslog", "_sysctl", "uselib", "userfaultfd",
	"vhangup"
};

/* As if the kernel had never heard of them: callers have another way. */
static const char *const unknown[] = {
	"io_uring_enter", "io_uring_register", "io_uring_setup", "openat2"
};

static const char *const debugging[] = {
	"kcmp", "process_madvise", "process_vm_readv", "process_vm_writev",
	"ptrace"
};

/* What makes namespaces and mounts: kept for --nested. */
static const char *const nesting[] = {
	"chroot", "mount", "pivot_root", "setdomainname", "sethostname",
	"setns", "umount", "umount2", "unshare"
};

static const char *const nesting_unknown[] = {
	"clone3", "fsconfig", "fsmount", "fsopen", "fspick", "mount_setattr",
	"move_mount", "open_tree"
};

static void __attribute__((noreturn))
die(const char *what, int r)
{
	fprintf(stderr, "sandbox-filter-gen: %s: %s\n", what, strerror(-r));
	exit(1);
}

static void
deny(struct filter *ctx, const char *name, int error)
{
	int nr = filter_number(name), r;

	if (nr == FILTER_UNKNOWN)
		return;		/* this libseccomp does not know it yet */
	r = filter_add(ctx, SECCOMP_RET_ERRNO | (uint32_t)error, nr, NULL, 0);
	if (r < 0 && r != -EFAULT)
		die(name, r);
}

static void
deny_if(struct filter *ctx, int nr, int error, struct filter_arg a,
    const struct filter_arg *b)
{
	struct filter_arg args[2] = { a };
	int r;

	if (nr == FILTER_UNKNOWN)
		return;
	if (b)
		args[1] = *b;
	r = filter_add(ctx, SECCOMP_RET_ERRNO | (uint32_t)error, nr, args,
	    b ? 2 : 1);
	if (r < 0 && r != -EFAULT && r != -EDOM)
		die("conditional rule", r);
}

static struct filter_arg
has_bit(unsigned arg, uint64_t bit)
{
	return (struct filter_arg){ arg, FILTER_MASKED, bit, bit };
}

/* A setuid file in the workspace would raise who runs it outside. */
static void
deny_setuid(struct filter *ctx)
{
	static const uint64_t bits[] = { S_ISUID, S_ISGID };
	static const struct {
		const char *name;
		unsigned mode_arg, flags_arg;
	} calls[] = {
		{ "chmod", 1, 0 }, { "fchmod", 1, 0 }, { "fchmodat", 2, 0 },
		{ "creat", 1, 0 }, { "mknod", 1, 0 }, { "mknodat", 2, 0 },
		{ "open", 2, 1 }, { "openat", 3, 2 }
	};
	static const uint64_t creating[] = { O_CREAT, __O_TMPFILE };

	EACH(bits, i) EACH(calls, j) {
		int nr = filter_number(calls[j].name);
		struct filter_arg mode = has_bit(calls[j].mode_arg, bits[i]);

		if (calls[j].flags_arg == 0) {
			deny_if(ctx, nr, EPERM, mode, NULL);
			continue;
		}
		EACH(creating, k) {
			struct filter_arg flag =
			    has_bit(calls[j].flags_arg, creating[k]);
			deny_if(ctx, nr, EPERM, mode, &flag);
		}
	}
	/* fchmodat2 is younger than libseccomp 2.5.4 */
	EACH(bits, i)
		deny_if(ctx, 452, EPERM, has_bit(2, bits[i]), NULL);
}

/*
 * Requests that type into a terminal, or load a line discipline; the kernel
 * looks at 32 bits only.
 */
static void
deny_requests(struct filter *ctx)
{
	static const uint64_t requests[] = { TIOCSTI, TIOCLINUX, TIOCSETD };

	EACH(requests, i)
		deny_if(ctx, filter_number("ioctl"), EPERM, (struct filter_arg){ 1,
		    FILTER_MASKED, 0xffffffff, requests[i] }, NULL);
}

/*
 * Only UNIX, INET, INET6 and NETLINK; no raw sockets of the middle two.
 * A network namespace does not cover AF_VSOCK, which leads to the hypervisor.
 */
static void
deny_sockets(struct filter *ctx)
{
	static const int allowed[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };
	const int socket = filter_number("socket");
	const int calls[] = { socket, filter_number("socketpair") };
	uint64_t next = 0;
	struct filter_arg raw = { 1, FILTER_MASKED, 0xf, SOCK_RAW };

	EACH(calls, c) {
		next = 0;
		EACH(allowed, i) {
			for (; next < (uint64_t)allowed[i]; next++)
				deny_if(ctx, calls[c], EAFNOSUPPORT,
				    (struct filter_arg){ 0,
				    FILTER_MASKED, 0xffffffff, next },
				    NULL);
			next++;
		}
		deny_if(ctx, calls[c], EAFNOSUPPORT,
		    (struct filter_arg){ 0, FILTER_GE, next, 0 }, NULL);
	}
	deny_if(ctx, socket, EPERM,
	    (struct filter_arg){ 0, FILTER_MASKED, 0xffffffff,
	    AF_INET }, &raw);
	deny_if(ctx, socket, EPERM,
	    (struct filter_arg){ 0, FILTER_MASKED, 0xffffffff,
	    AF_INET6 }, &raw);
}

/* Protocols of AF_NETLINK that are for administrators, and often had holes. */
static void
deny_netlink(struct filter *ctx)
{
	static const uint64_t protocols[] = {
		NETLINK_XFRM, NETLINK_AUDIT, NETLINK_NETFILTER, NETLINK_CRYPTO
	};

	EACH(protocols, i) {
		struct filter_arg protocol = { 2, FILTER_MASKED,
		    0xffffffff, protocols[i] };
		deny_if(ctx, filter_number("socket"), EPROTONOSUPPORT,
		    (struct filter_arg){ 0, FILTER_MASKED, 0xffffffff,
		    AF_NETLINK }, &protocol);
	}
}

static void
ask_if(struct filter *ctx, int nr, const struct filter_arg *args,
    unsigned n)
{
	int r;

	if (nr == FILTER_UNKNOWN || nr < 0)
		return;		/* a processor without it */
	r = filter_add(ctx, SECCOMP_RET_USER_NOTIF, nr, args, n);
	if (r < 0)
		die("asking about a write", r);
}

/*
 * What --audit looks at: lib/boxwrites.c.  No rule here may meet one that
 * denies: hence no setuid bit in the modes.
 */
static void
ask_writes(struct filter *ctx)
{
	static const char *const always[] = {
		"link", "linkat", "mkdir", "mkdirat", "rename", "renameat2",
		"rmdir", "symlink", "symlinkat", "truncate", "unlink",
		"unlinkat"
	};
	static const uint64_t writing[] = {
		O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
	};
	static const struct { const char *name; unsigned flags; } opening[] = {
		{ "open", 1 }, { "openat", 2 }
	};

	EACH(always, i)
		ask_if(ctx, filter_number(always[i]), NULL, 0);
	EACH(opening, i) EACH(writing, j) {
		unsigned flags = opening[i].flags;
		struct filter_arg args[] = {
			has_bit(flags, writing[j]),
			{ flags + 1, FILTER_MASKED, S_ISUID | S_ISGID, 0 }
		};
		ask_if(ctx, filter_number(opening[i].name),
		    args, 2);
	}
}

static void
deny_nesting(struct filter *ctx)
{
	static const uint64_t namespaces[] = {
		CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET,
		CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP
	};

	EACH(nesting, i)
		deny(ctx, nesting[i], EPERM);
	EACH(nesting_unknown, i)
		deny(ctx, nesting_unknown[i], ENOSYS);
	EACH(namespaces, i)
		deny_if(ctx, filter_number("clone"), EPERM,
		    has_bit(0, namespaces[i]), NULL);
}

/*
 * Who has the capabilities of a namespace can give a file those of its owner:
 * in the workspace of a root caller, all of them, to whoever runs it outside.
 * Programs take it for a file system without such attributes.
 */
static void
deny_attributes(struct filter *ctx)
{
	static const char *const calls[] = {
		"setxattr", "lsetxattr", "fsetxattr"
	};

	EACH(calls, i)
		deny(ctx, calls[i], EOPNOTSUPP);
}

static struct filter *
make(unsigned kind, bool audit)
{
	struct filter *ctx = filter_new(SECCOMP_RET_ALLOW);
	bool nested = kind == BOX_FILTER_NESTED ||
	    kind == BOX_FILTER_NESTED_DEVEL;

	if (!ctx)
		die("filter_new", -ENOMEM);
	/* of this architecture alone: the next one is empty when added */
	if (audit)
		ask_writes(ctx);
	filter_add_32(ctx);
	EACH(refused, i)
		deny(ctx, refused[i], EPERM);
	EACH(unknown, i)
		deny(ctx, unknown[i], ENOSYS);
	if (kind == BOX_FILTER_DEFAULT || kind == BOX_FILTER_NESTED) {
		EACH(debugging, i)
			deny(ctx, debugging[i], EPERM);
	}
	deny_setuid(ctx);
	deny_requests(ctx);
	deny_sockets(ctx);
	deny_netlink(ctx);
	if (nested)
		deny_attributes(ctx);
	else
		deny_nesting(ctx);
	return ctx;
}

static void
print_one(const struct sock_filter *in)
{
	printf("\t{ 0x%x, %u, %u, 0x%x },\n", in->code, in->jt, in->jf,
	    in->k);
}

/*
 * The program as eight-byte instructions, in hexadecimal.  In front of what
 * libseccomp makes: calls that are younger than this file nobody has judged,
 * and libseccomp takes no number that it has no name for; setxattrat, for
 * deny_attributes(), is one.
 */
static void
print(const char *name, unsigned kind, struct filter *ctx)
{
	static const struct sock_filter young[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, LAST_JUDGED, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SETXATTRAT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS)
	};
	FILE *f = tmpfile();
	struct sock_filter in;
	int r;

	if (!f)
		die("tmpfile", -errno);
	r = filter_write(ctx, fileno(f));
	if (r < 0)
		die("filter_write", r);
	rewind(f);
	printf("static struct sock_filter %s_%u[] = {\n", name, kind);
	EACH(young, i)
		print_one(&young[i]);
	while (fread(&in, sizeof(in), 1, f) == 1)
		print_one(&in);
	puts("};\n");
	fclose(f);
}

static int
print_names(void)
{
	puts("static const char *const syscall_names[] = {");
	for (int i = 0; i <= LAST_JUDGED; i++) {
		AUTO_FREE char *name = filter_name(i);
		if (name)
			printf("\t[%d] = \"%s\",\n", i, name);
	}
	puts("};");
	return fflush(stdout) == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	puts("/* Made by sandbox-filter-gen. */");
	if (argc == 2 && strcmp(argv[1], "names") == 0)
		return print_names();
	for (unsigned i = 0; i < 2 * BOX_FILTER_COUNT; i++) {
		bool audit = i >= BOX_FILTER_COUNT;
		struct filter *ctx = make(i % BOX_FILTER_COUNT, audit);
		print(audit ? "audit" : "filter", i % BOX_FILTER_COUNT, ctx);
		filter_free(ctx);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
