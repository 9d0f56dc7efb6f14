/*
 * sandbox-talk: what goes between us and the inside while a sandbox lives:
 * signals in, the init's messages out.
 */
#include "config.h"

#include "sandbox-impl.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "alloc.h"
#include "fd.h"

enum { AFTER_DEATH_MS = 2000 };

static const int forwarded[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH
};

static void
send_signal(struct box *b, int sig)
{
	struct box_msg m = { .type = BOX_SIGNAL, .value = sig };

	(void)send(b->control, &m, sizeof(m), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/*
 * Everything inside dies with bwrap, once it has come so far as to tell the
 * kernel.  Before that its child is in its group, or about to become the
 * init, which ends when our side of the socket is closed.
 */
void
sandbox_kill(struct box *b)
{
	if (b->pid > 0 && !b->gone)
		kill(-b->pid, SIGKILL);
	if (b->control >= 0)
		shutdown(b->control, SHUT_WR);
}

void
sandbox_strike(struct box *b, const char *limit, int status)
{
	if (b->struck)
		return;
	b->struck = limit;
	b->status = status;
	boxreport_limit(&b->report, limit);
	sandbox_kill(b);
}

static void
on_signal(void *arg, int fd, uint32_t events)
{
	struct box *b = arg;
	struct signalfd_siginfo info;

	(void)events;
	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	/*
	 * The command may run before we are told that it does: a signal waits
	 * for that word, a second one does not.
	 */
	if (info.ssi_signo == SIGWINCH)
		boxtty_resized(&b->tty);
	else if (b->started)
		send_signal(b, (int)info.ssi_signo);
	else if (!b->early_signal)
		b->early_signal = (int)info.ssi_signo;
	else
		sandbox_strike(b, "signal", ST_SIGNAL + (int)info.ssi_signo);
}

static void
on_end(void *arg, int fd, uint32_t events)
{
	struct box *b = arg;

	(void)events;
	/* somebody may have killed it early; nobody has its number yet */
	sandbox_kill(b);
	if (waitpid(b->pid, &b->wait_status, WNOHANG) != b->pid)
		return;
	loop_remove(&b->loop, fd);
	b->gone = true;
	/* what is in the pipes is still ours to pass on */
	b->drain = deadline_in(AFTER_DEATH_MS * CLOCK_MS);
}

static void
got_message(struct box *b, const struct box_msg *m, int fd)
{
	switch ((enum box_msg_type)m->type) {
	case BOX_PTY:
		if (boxtty_start(&b->tty, &b->loop, steal_fd(&fd),
		    &b->relays[0], &b->relays[1], b->e) < 0) {
			b->failed = true;
			sandbox_kill(b);
		}
		break;
	case BOX_NOTIFIER:
		boxdenied_start(&b->denied, &b->loop, steal_fd(&fd),
		    &b->report, &b->filters);
		break;
	case BOX_STARTED:
		b->started = true;
		if (b->early_signal)
			send_signal(b, b->early_signal);
		break;
	case BOX_NO_EXEC:
		b->started = b->exited = true;
		b->status = m->value == ENOENT ? ST_NOTFOUND : ST_NOEXEC;
		errno = m->value;
		err_sys(b->e, b->status, "cannot run '%s'", b->s->argv[0]);
		break;
	case BOX_NO_SETUP:
		errno = m->value;
		err_sys(b->e, ST_WRAPPER, "cannot make a sandbox: %.64s",
		    m->text);
		break;
	case BOX_EXITED:
		b->exited = true;
		b->usage = *m;
		/* now: bwrap takes a while to end, and we would only wait */
		b->hit = boxlimits_struck(&b->limits);
		if (!b->struck)
			b->status = WIFSIGNALED(m->value) ?
			    ST_SIGNAL + WTERMSIG(m->value) :
			    WEXITSTATUS(m->value);
		break;
	default:
		if (boxnet_message(&b->net, m, fd, b->e) < 0) {
			b->failed = true;
			sandbox_kill(b);
		}
		return;
	}
	if (fd >= 0)
		close(fd);
}

/* Who sent it is process 1 of all that runs inside. */
static void
meet_init(struct box *b, const struct box_msg *m, const struct cmsghdr *c)
{
	struct ucred who;

	memcpy(&who, CMSG_DATA(c), sizeof(who));
	/* that one may come from its child */
	if (b->inside < 0 && who.pid > 0 && m->type != BOX_DEGRADED)
		b->inside = (int)syscall(SYS_pidfd_open, who.pid, 0);
}

/* False when there is none. */
static bool
take_message(struct box *b, int fd)
{
	struct box_msg m;
	struct iovec iov = { &m, sizeof(m) };
	union {
		char bytes[CMSG_SPACE(sizeof(int)) +
		    CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} space;
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = space.bytes, .msg_controllen = sizeof(space) };
	int passed = -1;
	ssize_t n = recvmsg(fd, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n != (ssize_t)sizeof(m)) {
		loop_remove(&b->loop, fd);
		return false;
	}
	m.text[sizeof(m.text) - 1] = '\0';
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&h); c; c = CMSG_NXTHDR(&h, c))
		if (c->cmsg_type == SCM_RIGHTS)
			memcpy(&passed, CMSG_DATA(c), sizeof(passed));
		else if (c->cmsg_type == SCM_CREDENTIALS)
			meet_init(b, &m, c);
	got_message(b, &m, passed);
	return true;
}

static void
on_control(void *arg, int fd, uint32_t events)
{
	(void)events;
	(void)take_message(arg, fd);
}

int
sandbox_catch_signals(struct box *b)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(*forwarded); i++) {
		struct sigaction old;
		/* nohup(1): who ignores it passes that on */
		if (sigaction(forwarded[i], NULL, &old) == 0 &&
		    old.sa_handler == SIG_IGN)
			continue;
		sigaddset(&set, forwarded[i]);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
	b->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (b->signals < 0 || loop_set(&b->loop, b->signals, EPOLLIN,
	    on_signal, b) < 0)
		return err_sys(b->e, ST_WRAPPER, "cannot catch signals");
	return 0;
}

int
sandbox_make_control(struct box *b, int *ret_inside)
{
	int pair[2], one = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(b->e, ST_WRAPPER, "cannot make a socket");
	b->control = pair[0];
	*ret_inside = pair[1];
	if (setsockopt(b->control, SOL_SOCKET, SO_PASSCRED, &one,
	    sizeof(one)) < 0)
		return err_sys(b->e, ST_WRAPPER, "cannot ask who speaks");
	b->messages = memfd_create("agent-sandbox-messages", MFD_CLOEXEC);
	if (b->messages < 0)
		return err_sys(b->e, ST_WRAPPER, "cannot make a memory file");
	if (loop_set(&b->loop, b->control, EPOLLIN, on_control, b) < 0)
		return err_sys(b->e, ST_WRAPPER, "cannot wait for the init");
	return 0;
}

int
sandbox_tell_init(struct box *b)
{
	const struct cgroup *g = &b->limits.group;
	size_t size = g->nprocs * sizeof(*g->procs);
	struct iovec iov = { &b->spec, sizeof(b->spec) };
	union {
		char bytes[CMSG_SPACE(sizeof(g->procs))];
		struct cmsghdr align;
	} space = { { 0 } };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (size > 0) {
		space.align = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
		    .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(size) };
		memcpy(CMSG_DATA(&space.align), g->procs, size);
		h.msg_control = space.bytes;
		h.msg_controllen = CMSG_SPACE(size);
	}
	if (sendmsg(b->control, &h, MSG_NOSIGNAL) != (ssize_t)iov.iov_len)
		return err_sys(b->e, ST_WRAPPER, "cannot tell the init");
	if (boxfilters_send(&b->filters, b->control, b->e) < 0)
		return -1;
	if (b->spec.pins_length > 0 && send(b->control, b->mounts.pinned.data,
	    b->spec.pins_length, MSG_NOSIGNAL) < 0)
		return err_sys(b->e, ST_WRAPPER, "cannot tell the init");
	return 0;
}

int
sandbox_watch_end(struct box *b)
{
	if (loop_set(&b->loop, b->pidfd, EPOLLIN, on_end, b) < 0)
		return err_sys(b->e, ST_WRAPPER, "cannot wait for bwrap");
	return 0;
}

/*
 * bwrap, when it is killed, is gone before what it started: the kernel kills
 * that next.  Process 1 ends last of all, so whoever looks at what was left
 * behind looks after it.
 */
void
sandbox_await_inside(struct box *b)
{
	struct err ignored;

	if (b->inside < 0)
		return;
	(void)fd_wait(b->inside, POLLIN,
	    deadline_in(AFTER_DEATH_MS * CLOCK_MS), NULL, &ignored);
	close(steal_fd(&b->inside));
}

void
sandbox_hear(struct box *b)
{
	while (take_message(b, b->control))
		;
}
