/*
 * agent-sandbox-init: process 1 of a sandbox; started by bwrap alone.
 *
 * It does from inside what cannot be done from outside, gives up every right
 * it has, starts the command, forwards signals to it, reaps what it leaves
 * behind and ends with its status, which ends everything else in the process
 * namespace.
 *
 * It runs beside a command that may be hostile, under the same user: hence it
 * is not dumpable (nobody inside can trace it or open its memory), has the
 * same system call filter as the command, and keeps no descriptor but the
 * socket to the parent, on which it takes only fixed-size messages.
 *
 * Freestanding on purpose (no library of ours): it is linked statically,
 * because a dynamic link costs 0.6 ms a start.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "boxspec.h"
#include "sandbox-filter.h"

static struct box_spec spec;
static int control = BOX_CONTROL_FD;

/* A message, with a descriptor unless it is -1. */
static void
tell(const struct box_msg *m, int fd)
{
	struct iovec iov = { (void *)(uintptr_t)m, sizeof(*m) };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} space = { { 0 } };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *c;
		h.msg_control = space.bytes;
		h.msg_controllen = sizeof(space.bytes);
		c = CMSG_FIRSTHDR(&h);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	while (sendmsg(control, &h, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

static void
tell_text(enum box_msg_type type, int value, const char *text)
{
	struct box_msg m = { .type = type, .value = value };

	snprintf(m.text, sizeof(m.text), "%s", text);
	tell(&m, -1);
}

static void __attribute__((noreturn))
fail(const char *what)
{
	tell_text(BOX_NO_SETUP, errno, what);
	_exit(125);
}

static void
give(enum box_msg_type type, int value, uint32_t port, int fd)
{
	struct box_msg m = { .type = type, .value = value, .port = port };

	tell(&m, fd);
	close(fd);
}

static int
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n, len = (ssize_t)strlen(text);

	if (fd < 0)
		return -1;
	n = write(fd, text, (size_t)len);
	close(fd);
	return n == len ? 0 : -1;
}

static void
read_spec(void)
{
	ssize_t n;

	do
		n = recv(control, &spec, sizeof(spec), 0);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(spec) || spec.magic != BOX_MAGIC) {
		static const char text[] =
		    "agent-sandbox-init: started by agent-sandbox alone\n";
		if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
			_exit(71);
		_exit(125);
	}
	if (fcntl(control, F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(BOX_STDERR_FD, F_SETFD, FD_CLOEXEC) < 0)
		fail("cannot set up descriptors");
}

static int
listen_on(uint32_t address, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons(port), .sin_addr.s_addr = htonl(address) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		fail("cannot make a socket inside");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0 ||
	    listen(fd, 1024) < 0)
		fail("cannot listen inside");
	return fd;
}

static uint32_t
bound_port(int fd)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	if (getsockname(fd, (struct sockaddr *)&sin, &len) < 0)
		fail("cannot tell a port inside");
	return ntohs(sin.sin_port);
}

/*
 * Sockets belong to the namespace in which they were made, so what the
 * parent accepts on these comes from inside; there is nothing in between
 * that the command could attack.
 */
static void
make_listeners(void)
{
	struct sockaddr_in dns = { .sin_family = AF_INET,
	    .sin_port = htons(53), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	if (spec.listen & BOX_LISTEN_PROXY) {
		int fd = listen_on(INADDR_LOOPBACK, (uint16_t)spec.proxy_port);
		give(BOX_LISTENER, BOX_LISTEN_PROXY, bound_port(fd), fd);
	}
	if (spec.listen & BOX_LISTEN_PLAIN) {
		give(BOX_LISTENER, BOX_LISTEN_PLAIN, 80,
		    listen_on(INADDR_ANY, 80));
		give(BOX_LISTENER, BOX_LISTEN_PLAIN, 443,
		    listen_on(INADDR_ANY, 443));
	}
	if (spec.listen & BOX_LISTEN_DNS) {
		int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || bind(fd, (struct sockaddr *)&dns,
		    sizeof(dns)) < 0)
			fail("cannot answer names inside");
		give(BOX_LISTENER, BOX_LISTEN_DNS, 53, fd);
	}
	for (uint32_t i = 0; i < spec.nports && i < BOX_PORTS_MAX; i++)
		give(BOX_PLAIN_PORT, 0, spec.ports[i],
		    listen_on(INADDR_LOOPBACK, spec.ports[i]));
}

static void
set_limits(void)
{
	char text[16];

	if (spec.pid_max > 0) {
		snprintf(text, sizeof(text), "%d", spec.pid_max);
		if (write_file("/proc/sys/kernel/pid_max", text) < 0)
			fail("cannot limit processes by pid_max");
	}
	if (spec.cpus > 0) {
		cpu_set_t have, want;
		int32_t n = 0;

		CPU_ZERO(&want);
		if (sched_getaffinity(0, sizeof(have), &have) < 0)
			fail("cannot limit processors");
		for (size_t i = 0; i < CPU_SETSIZE && n < spec.cpus; i++)
			if (CPU_ISSET(i, &have)) {
				CPU_SET(i, &want);
				n++;
			}
		if (sched_setaffinity(0, sizeof(want), &want) < 0)
			fail("cannot limit processors");
	}
	for (uint32_t i = 0; i < spec.nrlimits && i < BOX_RLIMITS; i++) {
		rlim_t v = (rlim_t)spec.rlimits[i].value;
		struct rlimit old, new = { v, v };
		__rlimit_resource_t what =
		    (__rlimit_resource_t)spec.rlimits[i].resource;

		/* never more than the caller had */
		if (getrlimit(what, &old) == 0 && old.rlim_max < v)
			new.rlim_cur = new.rlim_max = old.rlim_max;
		if (setrlimit(what, &new) < 0)
			fail("cannot set a resource limit");
	}
}

/*
 * bwrap ran us as uid 0 so that ports below 1024 and mounts could be had:
 * in a second user namespace we are who we were, and nobody else.
 */
static void
map_back(void)
{
	char text[64];

	if (unshare(CLONE_NEWUSER) < 0)
		fail("cannot make the second user namespace");
	if (write_file("/proc/self/setgroups", "deny") < 0)
		fail("cannot write 'setgroups'");
	snprintf(text, sizeof(text), "%u 0 1", spec.uid);
	if (write_file("/proc/self/uid_map", text) < 0)
		fail("cannot map the user");
	snprintf(text, sizeof(text), "%u 0 1", spec.gid);
	if (write_file("/proc/self/gid_map", text) < 0)
		fail("cannot map the group");
}

static void
drop_rights(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[2] = { { 0, 0, 0 } };

	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 &&
		    errno != EINVAL)
			fail("cannot drop the bounding set");
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &head, none) < 0)
		fail("cannot drop capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail("cannot set no_new_privs");
	/* whoever changed credentials lost the first two */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		fail("cannot protect the init");
}

static const struct sock_fprog programs[BOX_FILTER_COUNT] = {
#define PROGRAM(f) { sizeof(f) / sizeof(*(f)), (f) }
	PROGRAM(filter_0), PROGRAM(filter_1), PROGRAM(filter_2),
	PROGRAM(filter_3)
};

/*
 * With a listener the parent answers what the filter refuses, with the same
 * error, and so learns which call it was.  If the parent is gone, the kernel
 * answers ENOSYS.
 */
static void
ask_parent(struct sock_filter *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (f[i].code == (BPF_RET | BPF_K) &&
		    (f[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO &&
		    (f[i].k & SECCOMP_RET_DATA) != ENOSYS)
			f[i].k = SECCOMP_RET_USER_NOTIF;
}

static void
load_filter(void)
{
	struct sock_fprog p;
	long fd;

	if (spec.filter >= BOX_FILTER_COUNT)
		return;
	p = programs[spec.filter];
	if (spec.flags & BOX_NOTIFY) {
		struct sock_filter copy[BPF_MAXINSNS];
		struct sock_fprog asking = { p.len, copy };

		memcpy(copy, p.filter, p.len * sizeof(*copy));
		ask_parent(copy, p.len);
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		    SECCOMP_FILTER_FLAG_NEW_LISTENER, &asking);
		if (fd >= 0) {
			give(BOX_NOTIFIER, 0, 0, (int)fd);
			return;
		}
		/* one listener a tree: we are nested in another's */
		tell_text(BOX_DEGRADED, errno, "seccomp listener");
	}
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p) < 0)
		fail("cannot load the system call filter");
}

/* A terminal of our own; the parent gets the other side. */
static int
make_terminal(void)
{
	struct winsize size = { .ws_row = spec.rows, .ws_col = spec.cols };
	int unlock = 0, slave;
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0)
		fail("cannot make a terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		fail("cannot open a terminal");
	if (spec.rows)
		ioctl(slave, TIOCSWINSZ, &size);
	give(BOX_PTY, 0, 0, master);
	return slave;
}

static void __attribute__((noreturn))
run_command(char **argv, int tty, int report, const sigset_t *mask)
{
	int error;

	if (tty >= 0) {
		int err = spec.flags & BOX_TTY_ERR ? tty : BOX_STDERR_FD;
		if (setsid() < 0 || ioctl(tty, TIOCSCTTY, 0) < 0 ||
		    dup2(tty, 0) < 0 || dup2(tty, 1) < 0 || dup2(err, 2) < 0)
			goto failed;
	} else {
		setpgid(0, 0);
		if (dup2(BOX_STDERR_FD, STDERR_FILENO) < 0)
			goto failed;
	}
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
failed:
	error = errno;
	if (write(report, &error, sizeof(error)) < 0)
		_exit(71);
	_exit(127);
}

/* The command's pid; ends with 126 or 127 when it cannot be executed. */
static pid_t
start(char **argv, int tty, const sigset_t *mask)
{
	int report[2], error;
	pid_t pid;
	ssize_t n;

	if (pipe2(report, O_CLOEXEC) < 0)
		fail("cannot make a pipe");
	pid = vfork();
	if (pid < 0)
		fail("cannot fork");
	if (pid == 0)
		run_command(argv, tty, report[1], mask);
	close(report[1]);
	if (tty >= 0)
		close(tty);
	close(BOX_STDERR_FD);
	do
		n = read(report[0], &error, sizeof(error));
	while (n < 0 && errno == EINTR);
	close(report[0]);
	if (n == (ssize_t)sizeof(error)) {
		tell_text(BOX_NO_EXEC, error, "");
		_exit(error == ENOENT ? 127 : 126);
	}
	/* whoever waits for the end of these must not wait for us */
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	tell_text(BOX_STARTED, pid, "");
	return pid;
}

static void __attribute__((noreturn))
end(int status)
{
	struct box_msg m = { .type = BOX_EXITED, .value = status };
	struct rusage u;

	if (getrusage(RUSAGE_CHILDREN, &u) == 0) {
		m.user_us = u.ru_utime.tv_sec * 1000000 + u.ru_utime.tv_usec;
		m.sys_us = u.ru_stime.tv_sec * 1000000 + u.ru_stime.tv_usec;
		m.max_rss = u.ru_maxrss;
		m.read_blocks = u.ru_inblock;
		m.write_blocks = u.ru_oublock;
	}
	tell(&m, -1);
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
	    WEXITSTATUS(status));
}

static void
reap(pid_t command)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == command)
			end(status);
}

/* A connection to a server inside, made here and passed out: --publish. */
static void
connect_for(const struct box_msg *m)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)m->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
	    .sin6_port = htons((uint16_t)m->port),
	    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	int fd = socket(AF_INET, type, 0);
	struct box_msg refused = { .type = BOX_REFUSED, .value = m->value };

	if (fd >= 0 && (connect(fd, (struct sockaddr *)&sin,
	    sizeof(sin)) == 0 || errno == EINPROGRESS)) {
		give(BOX_CONNECTED, m->value, m->port, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	fd = socket(AF_INET6, type, 0);
	if (fd >= 0 && (connect(fd, (struct sockaddr *)&sin6,
	    sizeof(sin6)) == 0 || errno == EINPROGRESS)) {
		give(BOX_CONNECTED, m->value, m->port, fd);
		return;
	}
	refused.port = (uint32_t)errno;
	if (fd >= 0)
		close(fd);
	tell(&refused, -1);
}

static void
obey(pid_t command)
{
	struct box_msg m;
	ssize_t n = recv(control, &m, sizeof(m), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		_exit(125);	/* the parent is gone */
	if (n != (ssize_t)sizeof(m))
		return;
	if (m.type == BOX_SIGNAL) {
		/* a group that is gone, or a shell that moved on */
		if (kill(-command, m.value) < 0)
			kill(command, m.value);
	} else if (m.type == BOX_CONNECT) {
		connect_for(&m);
	}
}

static void __attribute__((noreturn))
supervise(pid_t command, int signals)
{
	struct pollfd p[2] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = control, .events = POLLIN }
	};

	for (;;) {
		struct signalfd_siginfo ignored;

		reap(command);
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[0].revents && read(signals, &ignored,
		    sizeof(ignored)) < 0)
			continue;
		if (p[1].revents)
			obey(command);
	}
}

int
main(int argc, char **argv)
{
	sigset_t chld, old;
	int signals, tty = -1;

	read_spec();
	if (argc < 2)
		fail("no command");
	make_listeners();
	set_limits();
	if (spec.flags & BOX_MAP_BACK)
		map_back();
	if (spec.flags & BOX_TTY)
		tty = make_terminal();
	/* not with MS_REC: bwrap's own covers below stay as they are */
	if ((spec.flags & BOX_PROC_RO) && mount(NULL, "/proc", NULL,
	    MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV |
	    MS_NOEXEC, NULL) < 0)
		fail("cannot make /proc read-only");
	drop_rights();
	load_filter();
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &old);
	signals = signalfd(-1, &chld, SFD_CLOEXEC);
	if (signals < 0)
		fail("cannot watch the command");
	supervise(start(argv + 1, tty, &old), signals);
}
