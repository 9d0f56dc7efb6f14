/*
 * boxlibc: the little of libc that agent-sandbox's own small programs call.
 *
 * They run once for each sandbox, and do some forty system calls.  Starting
 * glibc, even linked statically, takes longer than all of these: it asks the
 * processor for its caches, which a virtual machine answers slowly, and
 * touches twenty pages.  So here are a start, the calls themselves, and
 * nothing else, under the names and prototypes of libc; where there is no
 * assembly for a processor, the same programs are linked to libc.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The kernel's sigset_t. */
enum { SIGSET_SIZE = 8, MAX_ERRNO = 4095 };

extern int main(int argc, char **argv);
char **environ;
static int last_error;

int *
__errno_location(void)
{
	return &last_error;
}

#if defined(__x86_64__)

#include <asm/prctl.h>

__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n"
    "\tand $-16, %rsp\n\tcall boxlibc_start\n\thlt\n");

static long
sys(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b),
	    "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
	return r;
}

/* The compiler looks for the stack's canary at %fs:40. */
static void
set_canary(uintptr_t canary)
{
	static uintptr_t block[8];

	block[5] = canary;
	sys(SYS_arch_prctl, ARCH_SET_FS, (long)block, 0, 0, 0, 0);
}

#elif defined(__aarch64__)

__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x30, #0\n"
    "\tmov x0, sp\n\tb boxlibc_start\n");

uintptr_t __stack_chk_guard;

static long
sys(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2),
	    "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}

static void
set_canary(uintptr_t canary)
{
	__stack_chk_guard = canary;
}

#endif

void	__stack_chk_fail(void) __attribute__((noreturn));
void	boxlibc_start(long *stack)
	    __attribute__((noreturn, no_stack_protector));

void
__stack_chk_fail(void)
{
	__builtin_trap();
}

static long
result(long r)
{
	if (r >= 0 || r < -MAX_ERRNO)
		return r;
	errno = (int)-r;
	return -1;
}

#define SYS6(nr, a, b, c, d, e, f) result(sys(nr, (long)(a), (long)(b), \
	(long)(c), (long)(d), (long)(e), (long)(f)))
#define SYS4(nr, a, b, c, d) SYS6(nr, a, b, c, d, 0, 0)
#define SYS3(nr, a, b, c) SYS6(nr, a, b, c, 0, 0, 0)
#define SYS2(nr, a, b) SYS6(nr, a, b, 0, 0, 0, 0)
#define SYS1(nr, a) SYS6(nr, a, 0, 0, 0, 0, 0)

/* The stack as the kernel leaves it: argc, argv, the environment, auxv. */
void
boxlibc_start(long *stack)
{
	int argc = (int)*stack;
	char **argv = (char **)(stack + 1);
	unsigned long *aux;

	environ = argv + argc + 1;
	for (aux = (unsigned long *)environ; *aux; aux++)
		;
	for (aux++; aux[0] != AT_NULL; aux += 2)
		if (aux[0] == AT_RANDOM)
			set_canary(*(const uintptr_t *)aux[1] & ~0xffUL);
	_exit(main(argc, argv));
}

/* The empty asm keeps the compiler from making these call themselves. */
void *
memcpy(void *restrict to, const void *restrict from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
		__asm__ volatile("");
	}
	return to;
}

void *
memset(void *p, int c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		((unsigned char *)p)[i] = (unsigned char)c;
		__asm__ volatile("");
	}
	return p;
}

size_t
strlen(const char *s)
{
	size_t n = 0;

	for (; s[n]; n++)
		__asm__ volatile("");
	return n;
}

int
strncmp(const char *a, const char *b, size_t n)
{
	for (; n > 0; a++, b++, n--)
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

char *
strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)(uintptr_t)s;
}

uint16_t
(htons)(uint16_t v)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ?
	    __builtin_bswap16(v) : v;
}

uint16_t
(ntohs)(uint16_t v)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ?
	    __builtin_bswap16(v) : v;
}

uint32_t
(htonl)(uint32_t v)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ?
	    __builtin_bswap32(v) : v;
}

void
_exit(int status)
{
	for (;;)
		sys(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

/* The argument after the last that has a name. */
#define REST(type, last, ret) do { \
	va_list ap; \
	va_start(ap, last); \
	(ret) = va_arg(ap, type); \
	va_end(ap); \
} while (0)

long
syscall(long nr, ...)
{
	long v[6];
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		v[i] = va_arg(ap, long);
	va_end(ap);
	return SYS6(nr, v[0], v[1], v[2], v[3], v[4], v[5]);
}

/* None of our programs creates a file. */
int
openat(int dir, const char *path, int flags, ...)
{
	return (int)SYS4(SYS_openat, dir, path, flags, 0);
}

int
open(const char *path, int flags, ...)
{
	return openat(AT_FDCWD, path, flags);
}

int
close(int fd)
{
	return (int)SYS1(SYS_close, fd);
}

ssize_t
read(int fd, void *to, size_t n)
{
	return SYS3(SYS_read, fd, to, n);
}

ssize_t
write(int fd, const void *from, size_t n)
{
	return SYS3(SYS_write, fd, from, n);
}

int
rmdir(const char *path)
{
	return (int)SYS3(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

int
fcntl(int fd, int cmd, ...)
{
	long arg;

	REST(long, cmd, arg);
	return (int)SYS3(SYS_fcntl, fd, cmd, arg);
}

int
ioctl(int fd, unsigned long request, ...)
{
	long arg;

	REST(long, request, arg);
	return (int)SYS3(SYS_ioctl, fd, request, arg);
}

int
dup2(int from, int to)
{
	/* dup3 refuses what dup2 takes for done */
	return from == to ? fcntl(from, F_GETFD, 0) < 0 ? -1 : to :
	    (int)SYS3(SYS_dup3, from, to, 0);
}

int
pipe2(int p[2], int flags)
{
	return (int)SYS2(SYS_pipe2, p, flags);
}

int
poll(struct pollfd *p, nfds_t n, int timeout)
{
	struct timespec t = { timeout / 1000, timeout % 1000 * 1000000L };

	return (int)SYS6(SYS_ppoll, p, n, timeout < 0 ? NULL : &t, NULL, 0, 0);
}

int
socket(int domain, int type, int protocol)
{
	return (int)SYS3(SYS_socket, domain, type, protocol);
}

int
bind(int fd, __CONST_SOCKADDR_ARG a, socklen_t len)
{
	return (int)SYS3(SYS_bind, fd, a.__sockaddr__, len);
}

int
connect(int fd, __CONST_SOCKADDR_ARG a, socklen_t len)
{
	return (int)SYS3(SYS_connect, fd, a.__sockaddr__, len);
}

int
listen(int fd, int backlog)
{
	return (int)SYS2(SYS_listen, fd, backlog);
}

int
getsockname(int fd, __SOCKADDR_ARG a, socklen_t *restrict len)
{
	return (int)SYS3(SYS_getsockname, fd, a.__sockaddr__, len);
}

int
setsockopt(int fd, int level, int name, const void *v, socklen_t len)
{
	return (int)SYS6(SYS_setsockopt, fd, level, name, v, len, 0);
}

ssize_t
recv(int fd, void *to, size_t n, int flags)
{
	return SYS6(SYS_recvfrom, fd, to, n, flags, 0, 0);
}

ssize_t
sendmsg(int fd, const struct msghdr *m, int flags)
{
	return SYS3(SYS_sendmsg, fd, m, flags);
}

ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
	return SYS3(SYS_recvmsg, fd, m, flags);
}

int
kill(pid_t pid, int sig)
{
	return (int)SYS2(SYS_kill, pid, sig);
}

void *
mmap(void *at, size_t n, int prot, int flags, int fd, off_t offset)
{
	/* MAP_FAILED is -1 too */
	return (void *)SYS6(SYS_mmap, at, n, prot, flags, fd, offset);
}

pid_t
waitpid(pid_t pid, int *status, int options)
{
	return (pid_t)SYS4(SYS_wait4, pid, status, options, NULL);
}

int
getrusage(__rusage_who_t who, struct rusage *u)
{
	return (int)SYS2(SYS_getrusage, who, u);
}

pid_t
setsid(void)
{
	return (pid_t)SYS1(SYS_setsid, 0);
}

int
setpgid(pid_t pid, pid_t group)
{
	return (int)SYS2(SYS_setpgid, pid, group);
}

int
sigemptyset(sigset_t *s)
{
	memset(s, 0, sizeof(*s));
	return 0;
}

int
sigaddset(sigset_t *s, int sig)
{
	s->__val[0] |= 1UL << (sig - 1);
	return 0;
}

int
sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	return (int)SYS4(SYS_rt_sigprocmask, how, set, old, SIGSET_SIZE);
}

int
signalfd(int fd, const sigset_t *set, int flags)
{
	return (int)SYS4(SYS_signalfd4, fd, set, SIGSET_SIZE, flags);
}

int
unshare(int flags)
{
	return (int)SYS1(SYS_unshare, flags);
}

int
mount(const char *from, const char *to, const char *type,
    unsigned long flags, const void *data)
{
	return (int)SYS6(SYS_mount, from, to, type, flags, data, 0);
}

int
prctl(int option, ...)
{
	long v[4];
	va_list ap;

	va_start(ap, option);
	for (int i = 0; i < 4; i++)
		v[i] = va_arg(ap, long);
	va_end(ap);
	return (int)SYS6(SYS_prctl, option, v[0], v[1], v[2], v[3], 0);
}

int
getrlimit(__rlimit_resource_t what, struct rlimit *r)
{
	return (int)SYS4(SYS_prlimit64, 0, what, NULL, r);
}

int
setrlimit(__rlimit_resource_t what, const struct rlimit *r)
{
	return (int)SYS4(SYS_prlimit64, 0, what, r, NULL);
}

int
sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	return (int)SYS3(SYS_sched_getaffinity, pid, size, set) < 0 ? -1 : 0;
}

int
sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
	return (int)SYS3(SYS_sched_setaffinity, pid, size, set);
}

int
execve(const char *path, char *const argv[], char *const env[])
{
	return (int)SYS3(SYS_execve, path, argv, env);
}
