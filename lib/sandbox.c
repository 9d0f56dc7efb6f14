/* sandbox: runs a command confined. */
#include "config.h"

#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "alloc.h"
#include "audit.h"
#include "boxcache.h"
#include "boxdenied.h"
#include "boxenv.h"
#include "boxlimits.h"
#include "boxnet.h"
#include "boxreport.h"
#include "boxspec.h"
#include "boxtty.h"
#include "env.h"
#include "fd.h"
#include "hostcheck.h"
#include "launch.h"
#include "loop.h"
#include "mounts.h"
#include "path.h"
#include "relay.h"
#include "taint.h"
#include "term.h"

enum { AFTER_DEATH_MS = 2000 };

/* What is only tried when the plain way has failed. */
struct attempt {
	bool uproot;		/* leave the chroot first */
	bool bind_proc;		/* show the /proc of the sandbox around us */
};

/* One sandbox while it lives. */
struct box {
	const struct sandbox *s;
	const struct rules *rules;
	struct attempt how;
	struct loop loop;
	struct box_spec spec;
	struct mounts mounts;
	struct boxcache caches;
	struct strs env;
	struct boxlimits limits;
	struct boxnet net;
	struct relay relays[3];
	struct boxreport report;
	struct boxdenied denied;
	struct boxtty tty;
	struct term_filter clean[3];	/* for output to a terminal */
	int control;		/* our side of the socket */
	int messages;		/* what bwrap says: a memory file */
	int signals;
	pid_t pid;		/* bwrap */
	int pidfd;
	int ends[3];		/* the command's 0, 1, 2 */
	bool piped[3];
	bool started, exited, gone, failed;
	int early_signal;	/* came before the command was known to run */
	int wait_status;	/* of the command */
	int status;		/* to end with */
	struct box_msg usage;
	const char *struck;	/* the limit that ended it */
	struct deadline until, drain;
	int64_t began, began_wall;
	struct err *e;
};

static const int forwarded[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH
};

/* Numbers that bwrap's descriptors must not have: launch.c puts ours there. */
static void
reserve_low_descriptors(void)
{
	int fd;

	while ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0)
		if (fd > BOX_STDERR_FD) {
			close(fd);
			break;
		}
}

static void
clean_text(void *arg, const char *data, size_t len, struct buf *out)
{
	term_filter(arg, data, len, out);
}

/*
 * What the command gets as 0, 1 and 2: ours, or a pipe where ours is a
 * terminal or the output is counted.  A directory would be a way out.
 */
static int
make_end(struct box *b, int i)
{
	struct stat st;
	bool own = b->tty.wanted && (i < 2 || isatty(i));
	bool pipe_it = isatty(i) || (i > 0 && b->rules->output > 0);
	int p[2];

	if (fstat(i, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(b->e, ST_WRAPPER, "descriptor %d is a "
		    "directory, which would be a way out of the sandbox", i);
	b->ends[i] = i;
	if (own) {
		/* the init makes its own; nothing of ours is inside */
		b->ends[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		b->piped[i] = true;
		return b->ends[i] < 0 ? err_sys(b->e, ST_WRAPPER,
		    "cannot open '/dev/null'") : 0;
	}
	if (!pipe_it)
		return 0;
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(b->e, ST_WRAPPER, "cannot make a pipe");
	b->ends[i] = p[i == 0 ? 0 : 1];
	b->piped[i] = true;
	b->relays[i].shared = i > 0;
	b->relays[i].close_to = i == 0;
	b->relays[i].keep_blocking = i == 0;
	if (i > 0 && isatty(i)) {
		term_filter_init(&b->clean[i], TERM_SGR);
		b->relays[i].filter = clean_text;
		b->relays[i].filter_arg = &b->clean[i];
	}
	return i == 0 ?
	    relay_start(&b->relays[i], &b->loop,
	    fcntl(0, F_DUPFD_CLOEXEC, 5), p[1], b->e) :
	    relay_start(&b->relays[i], &b->loop, p[0], i, b->e);
}

static void
send_signal(struct box *b, int sig)
{
	struct box_msg m = { .type = BOX_SIGNAL, .value = sig };

	(void)send(b->control, &m, sizeof(m), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Everything inside dies with bwrap. */
static void
kill_all(struct box *b)
{
	if (b->pid > 0 && !b->gone)
		kill(b->pid, SIGKILL);
}

static void
strike(struct box *b, const char *limit, int status)
{
	if (b->struck)
		return;
	b->struck = limit;
	b->status = status;
	boxreport_limit(&b->report, limit);
	kill_all(b);
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
		strike(b, "signal", ST_SIGNAL + (int)info.ssi_signo);
}

static void
on_end(void *arg, int fd, uint32_t events)
{
	struct box *b = arg;

	(void)events;
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
			kill_all(b);
		}
		break;
	case BOX_NOTIFIER:
		boxdenied_start(&b->denied, &b->loop, steal_fd(&fd),
		    &b->report);
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
		if (!b->struck)
			b->status = WIFSIGNALED(m->value) ?
			    ST_SIGNAL + WTERMSIG(m->value) :
			    WEXITSTATUS(m->value);
		break;
	default:
		if (boxnet_message(&b->net, m, fd, b->e) < 0) {
			b->failed = true;
			kill_all(b);
		}
		return;
	}
	if (fd >= 0)
		close(fd);
}

static void
on_control(void *arg, int fd, uint32_t events)
{
	struct box *b = arg;
	struct box_msg m;
	struct iovec iov = { &m, sizeof(m) };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} space;
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = space.bytes, .msg_controllen = sizeof(space) };
	const struct cmsghdr *c;
	int passed = -1;
	ssize_t n = recvmsg(fd, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (ssize_t)sizeof(m)) {
		loop_remove(&b->loop, fd);
		return;
	}
	m.text[sizeof(m.text) - 1] = '\0';
	c = CMSG_FIRSTHDR(&h);
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(&passed, CMSG_DATA(c), sizeof(passed));
	got_message(b, &m, passed);
}

static int
catch_signals(struct box *b)
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

static int
make_control(struct box *b, int *ret_inside)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(b->e, ST_WRAPPER, "cannot make a socket");
	b->control = pair[0];
	*ret_inside = pair[1];
	b->messages = memfd_create("agent-sandbox-messages", MFD_CLOEXEC);
	if (b->messages < 0)
		return err_sys(b->e, ST_WRAPPER, "cannot make a memory file");
	if (send(b->control, &b->spec, sizeof(b->spec), MSG_NOSIGNAL) !=
	    (ssize_t)sizeof(b->spec))
		return err_sys(b->e, ST_WRAPPER, "cannot tell the init");
	if (loop_set(&b->loop, b->control, EPOLLIN, on_control, b) < 0)
		return err_sys(b->e, ST_WRAPPER, "cannot wait for the init");
	return 0;
}

static int
plan(struct box *b)
{
	AUTO_BUF struct buf hosts = BUF_INIT, resolv = BUF_INIT;
	AUTO_FREE char *home = boxenv_home();
	AUTO_FREE char *init = path_program("agent-sandbox-init", b->e);
	AUTO_FREE char *cwd = path_cwd(b->e);
	size_t n = strlen(b->s->workspace);
	struct mounts_where where = {
		.workspace = b->s->workspace,
		.backing = b->s->overlay ? b->s->overlay->merged :
		    b->s->workspace,
		.cwd = b->s->workspace, .home = home, .init = init,
		.as_root = geteuid() == 0, .bind_proc = b->how.bind_proc,
	};

	b->spec.uid = getuid();
	b->spec.gid = getgid();
	where.other_uid = where.as_root && b->rules->nested;
	if (where.other_uid)
		b->spec.uid = b->spec.gid = 1000;
	if (boxnet_needs_root(b->rules)) {
		where.map_root = true;
		where.hosts = boxnet_hosts;
		where.resolv = boxnet_resolv;
		if (!where.as_root || where.other_uid)
			b->spec.flags |= BOX_MAP_BACK;
	}

	if (!init || !cwd) {
		b->e->status = ST_WRAPPER;
		return -1;
	}
	if (strncmp(cwd, b->s->workspace, n) == 0 &&
	    (cwd[n] == '/' || cwd[n] == '\0'))
		where.cwd = cwd;
	boxenv_make(&b->env, b->rules, home);
	if (boxnet_prepare(&b->net, b->rules, &b->spec, &b->env, b->e) < 0)
		return -1;
	if (where.as_root && b->rules->net != NET_HOST)
		where.hosts = boxnet_hosts;
	/* with the host's network, its names; the files may be links to what
	 * is not shown */
	if (b->rules->net == NET_HOST) {
		struct err ignored;
		if (path_read("/etc/hosts", 1 << 20, &hosts, &ignored) == 0)
			where.hosts = hosts.data;
		if (path_read("/etc/resolv.conf", 1 << 20, &resolv,
		    &ignored) == 0)
			where.resolv = resolv.data;
	}
	if (!b->rules->privileged && !b->s->dry_run &&
	    boxcache_open(&b->caches, b->rules, &where, b->e) < 0)
		return -1;
	where.caches = b->caches.mounts;
	where.ncaches = b->caches.n;
	if (mounts_plan(&b->mounts, b->rules, &where, b->e) < 0)
		return -1;
	for (const char *const *p = b->s->argv; *p; p++)
		strs_add(&b->mounts.argv, *p);
	b->spec.magic = BOX_MAGIC;
	b->spec.filter = b->rules->nested ? BOX_FILTER_NESTED :
	    BOX_FILTER_DEFAULT;
	if (b->rules->seccomp == SECCOMP_DEVEL)
		b->spec.filter++;	/* the one after each allows that */
	else if (b->rules->seccomp == SECCOMP_NONE)
		b->spec.filter = BOX_FILTER_NONE;
	if (where.as_root && !b->rules->nested && !b->rules->privileged &&
	    !where.bind_proc)
		b->spec.flags |= BOX_PROC_RO;
	if (b->rules->privileged)
		b->spec.filter = BOX_FILTER_NONE;
	else if (b->s->report >= 0)
		b->spec.flags |= BOX_NOTIFY;
	b->tty.wanted = b->rules->tty != TTY_NEVER && isatty(0) && isatty(1);
	b->tty.filter.full_screen = b->rules->tty == TTY_ALWAYS;
	if (b->tty.wanted) {
		b->spec.flags |= BOX_TTY | (isatty(2) ? BOX_TTY_ERR : 0);
		boxtty_size(&b->spec);
	}
	return 0;
}

static size_t
list_overlays(const struct box *b, struct launch_overlay *out)
{
	size_t n = 0;
	const struct overlay *o = b->s->overlay;

	if (o)
		out[n++] = (struct launch_overlay){ o->workspace, o->upper,
		    o->work, o->merged };
	for (size_t i = 0; i < b->caches.n; i++) {
		o = &b->caches.overlays[i];
		out[n++] = (struct launch_overlay){ o->workspace, o->upper,
		    o->work, o->merged };
	}
	return n;
}

/* Where /proc/sys is read-only, somebody else has to limit processes. */
static int
keep_pid_max(struct box *b)
{
	if (b->spec.pid_max == 0 || (!b->how.bind_proc &&
	    !(b->rules->nested && geteuid() == 0)))
		return 0;
	b->spec.pid_max = 0;
	b->limits.pids = b->how.bind_proc ? "outer" : "none";
	if (b->how.bind_proc || rules_may_lack(b->rules, "pids"))
		return 0;
	return err_set(b->e, ST_WRAPPER, "cannot limit processes of a root "
	    "that makes sandboxes without a control group; --best-effort "
	    "pids does without");
}

static int
start(struct box *b)
{
	AUTO_FREE char *bwrap = launch_find_bwrap();
	AUTO_FD int inside = -1;

	if (!bwrap)
		return hostcheck_explain("", b->e);
	if (boxlimits_prepare(&b->limits, b->rules, b->s->workspace, &b->spec,
	    b->e) < 0)
		return -1;
	if (keep_pid_max(b) < 0)
		return -1;
	if (make_control(b, &inside) < 0 ||
	    boxnet_start(&b->net, b->rules, &b->loop, b->control, &b->report,
	    b->e) < 0)
		return -1;
	struct launch_overlay overlays[BOXCACHE_MAX + 1];
	struct launch l = {
		.bwrap = bwrap, .argv = &b->mounts.argv, .env = &b->env,
		.std = { b->ends[0], b->ends[1], b->ends[2] },
		.messages = b->messages, .control = inside,
		.keep = b->mounts.fds, .nkeep = b->mounts.nfds,
		.groups = b->limits.group.procs,
		.ngroups = b->limits.group.nprocs,
		.uproot = b->how.uproot,
	};
	l.overlays = overlays;
	l.noverlays = list_overlays(b, overlays);
	b->pid = launch_start(&l, &b->pidfd, b->e);
	if (b->pid < 0)
		return -1;
	cgroup_guard(&b->limits.group);
	if (loop_set(&b->loop, b->pidfd, EPOLLIN, on_end, b) < 0)
		return err_sys(b->e, ST_WRAPPER, "cannot wait for bwrap");
	/* only the command holds these now, so their ends are seen */
	for (int i = 0; i < 3; i++)
		if (b->piped[i]) {
			close(b->ends[i]);
			b->piped[i] = false;
		}
	return 0;
}

static bool
finished(struct box *b)
{
	if (!b->gone)
		return false;
	if (deadline_passed(b->drain) && b->struck)
		return true;
	return relay_ended(&b->relays[1]) && relay_ended(&b->relays[2]);
}

static void
look_at_limits(struct box *b)
{
	const char *limit;

	if (deadline_passed(b->until))
		strike(b, "timeout", ST_TIMEOUT);
	if (b->rules->output > 0 && b->relays[1].total + b->relays[2].total >
	    (uint64_t)b->rules->output)
		strike(b, "output", ST_SIGNAL + SIGKILL);
	if (b->gone || !deadline_passed(b->limits.next))
		return;
	limit = boxlimits_watch(&b->limits, b->pid);
	if (limit)
		strike(b, limit, ST_SIGNAL + SIGKILL);
}

static int
supervise(struct box *b)
{
	while (!finished(b)) {
		struct deadline next = deadline_min(b->limits.next,
		    b->gone ? b->drain : b->until);
		if (b->gone && deadline_passed(b->drain))
			next = DEADLINE_NEVER;	/* a slow reader */
		next = deadline_min(next, b->net.next);
		if (loop_round(&b->loop, next, b->e) < 0)
			return -1;
		look_at_limits(b);
		if (deadline_passed(b->net.next) || b->net.proxy.conns)
			b->net.next = proxy_tick(&b->net.proxy);
	}
	/* what the init said last may still be on the way */
	while (b->loop.slots[b->control].fn)
		on_control(b, b->control, EPOLLIN);
	return 0;
}

/* bwrap's own words, on one line and without its name twice. */
static char *
bwrap_said(struct box *b)
{
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored;

	if (lseek(b->messages, 0, SEEK_SET) < 0 ||
	    fd_read_all(b->messages, 4096, DEADLINE_NEVER, &text,
	    &ignored) < 0)
		return xstrdup("");
	while (text.len > 0 && text.data[text.len - 1] == '\n')
		buf_truncate(&text, text.len - 1);
	return buf_steal(&text);
}

/*
 * Says what was left that runs by itself.  An overlay needs none of this:
 * what is in it runs nowhere before it is committed.
 */
static int
judge_taint(struct box *b)
{
	AUTO_STRS struct strs found = STRS_INIT;
	int64_t how = b->rules->taint;
	const char *more;

	if (how == TAINT_OFF || b->rules->read_only || b->s->overlay)
		return 0;
	taint_scan(b->s->workspace, b->began_wall, &b->mounts.git.found,
	    &found);
	if (found.n == 0)
		return 0;
	boxreport_taint(&b->report, &found);
	more = found.n > 1 ? " and others" : "";
	if (how == TAINT_QUARANTINE) {
		err_warn("moved aside what would run by itself later: '%s'%s",
		    found.v[0], more);
		return taint_quarantine(b->s->workspace, &found, b->e);
	}
	err_warn("made or changed what may run by itself later: '%s'%s",
	    found.v[0], more);
	if (how == TAINT_FAIL && b->status == 0)
		b->status = ST_WRAPPER;
	return 0;
}

static int
conclude(struct box *b)
{
	AUTO_FREE char *said = NULL;
	const char *struck;

	if (b->failed)
		return -1;
	if (!b->started && !b->struck) {
		said = bwrap_said(b);
		return b->e->text[0] ? -1 : hostcheck_explain(said, b->e);
	}
	struck = boxlimits_struck(&b->limits);
	if (!b->struck && struck) {
		b->struck = struck;
		boxreport_limit(&b->report, struck);
	}
	if (!b->exited && !b->struck)
		b->status = ST_SIGNAL + SIGKILL;	/* bwrap was killed */
	if (judge_taint(b) < 0)
		return -1;
	boxreport_end(&b->report, b->status, b->struck, &b->limits,
	    &b->usage, clock_mono() - b->began);
	return 0;
}

static void
warn_struck(const struct box *b)
{
	if (!b->struck || strcmp(b->struck, "signal") == 0)
		return;
	/* refused forks are the command's affair unless it failed */
	if (strcmp(b->struck, "pids") == 0 && b->status == 0)
		return;
	err_warn("the limit on %s was reached: --%s changes it", b->struck,
	    strcmp(b->struck, "pids") == 0 ? "pids-limit" :
	    strcmp(b->struck, "output") == 0 ? "max-output" : b->struck);
}

/* A command that failed may have wanted what was refused: say the mend. */
static void
warn_denied(const struct box *b)
{
	const struct strs *d = &b->net.denied;

	if (b->status != 0 && d->n > 0)
		err_warn("refused a connection to %s%s; --allow %s lets it",
		    d->v[0], d->n > 1 ? " and others" : "", d->v[0]);
}

/*
 * What gives up a wall is said, and written where it cannot be taken back:
 * the workspace's trail, or the user's.
 */
static int
audit_rights(struct box *b)
{
	const struct rules *r = b->rules;
	const char *what = r->privileged ? "sandbox.privileged" :
	    "sandbox.host";
	AUTO_FREE char *root = path_find_up(b->s->workspace, ".agent");
	AUTO_FREE char *dir = root ? path_join(root, ".agent") :
	    env_xdg_state();
	AUTO_FREE char *trail = dir ? path_join(dir, "audit.ndjson") : NULL;
	jv data, words;

	if (!r->privileged && r->net != NET_HOST)
		return 0;
	if (r->privileged)
		err_warn("privileged: the command is not confined");
	if (!trail)
		return 0;
	words = json_array();
	for (const char *const *p = b->s->argv; *p; p++)
		json_append(&words, json_from_str(*p));
	data = json_object();
	json_set(&data, "command", words);
	json_set_str(&data, "workspace", b->s->workspace);
	if (path_mkdirs(dir, 0700, b->e) < 0) {
		json_release(&data);
		return -1;
	}
	return audit_add(trail, what, "/command/agent-sandbox", data, b->e);
}

static int
prepare(struct box *b)
{
	if (loop_open(&b->loop, b->e) < 0 || plan(b) < 0 ||
	    catch_signals(b) < 0)
		return -1;
	b->began = clock_mono();
	b->began_wall = taint_now();
	b->until = b->rules->timeout > 0 ? deadline_in(b->rules->timeout) :
	    DEADLINE_NEVER;
	b->drain = DEADLINE_NEVER;
	for (int i = 0; i < 3; i++)
		if (make_end(b, i) < 0)
			return -1;
	if (audit_rights(b) < 0)
		return -1;
	boxreport_start(&b->report, b->s->report, b->rules,
	    b->s->workspace, b->s->argv);
	return 0;
}

static void
release(struct box *b)
{
	int fds[] = { b->control, b->messages, b->signals, b->pidfd };

	kill_all(b);
	boxtty_end(&b->tty);
	boxdenied_end(&b->denied);
	if (b->pid > 0 && !b->gone)
		while (waitpid(b->pid, NULL, 0) < 0 && errno == EINTR)
			;
	for (int i = 0; i < 3; i++)
		relay_stop(&b->relays[i]);
	boxnet_release(&b->net);
	boxlimits_release(&b->limits);
	mounts_release(&b->mounts);
	boxcache_release(&b->caches);
	strs_release(&b->env);
	loop_close(&b->loop);
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int
print_plan(const struct box *b)
{
	for (size_t i = 0; i < b->mounts.argv.n; i++)
		printf("%s%s", i ? " " : "", b->mounts.argv.v[i]);
	putchar('\n');
	return 0;
}

static int
run_once(const struct sandbox *s, struct attempt how, int *ret_status,
    struct err *e)
{
	struct box b = {
		.s = s, .how = how, .rules = s->rules, .loop = LOOP_INIT,
		.mounts = MOUNTS_INIT, .limits = BOXLIMITS_INIT, .net = BOXNET_INIT,
		.tty = BOXTTY_INIT, .denied = BOXDENIED_INIT,
		.relays = { RELAY_INIT, RELAY_INIT, RELAY_INIT },
		.report = BOXREPORT_INIT, .control = -1, .messages = -1,
		.signals = -1, .pidfd = -1, .e = e,
	};
	int r;

	reserve_low_descriptors();
	if (s->dry_run) {
		r = plan(&b) < 0 ? -1 : print_plan(&b);
		*ret_status = 0;
	} else {
		r = prepare(&b) < 0 || start(&b) < 0 || supervise(&b) < 0 ?
		    -1 : conclude(&b);
		if (r == 0)
			*ret_status = b.status;
	}
	boxtty_end(&b.tty);
	if (r == 0) {
		warn_struck(&b);
		warn_denied(&b);
	}
	release(&b);
	if (r == 0)
		return 0;
	if (e->status != ST_WRAPPER)
		e->status = ST_WRAPPER;
	return r;
}

int
sandbox_run(const struct sandbox *s, int *ret_status, struct err *e)
{
	struct attempt how = { false, false };
	bool root = geteuid() == 0;
	int r;

	how.uproot = root && launch_chrooted();
	r = run_once(s, how, ret_status, e);
	if (r == 0)
		return 0;
	/* a chroot that is a mount looks like any root, but not to the kernel */
	if (root && !how.uproot && hostcheck_userns() == EPERM)
		how.uproot = true;
	else if (boxenv_depth() > 0 && strstr(e->text, "mount proc"))
		how.bind_proc = true;
	else
		return -1;
	*e = (struct err)ERR_INIT;
	return run_once(s, how, ret_status, e);
}

int
sandbox_check_workspace(const char *dir, bool named, struct err *e)
{
	static const char *const never[] = {
		"/", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64",
		"/proc", "/run", "/sbin", "/sys", "/usr", "/var"
	};
	AUTO_FREE char *home = boxenv_home();

	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		if (strcmp(dir, never[i]) == 0)
			return err_set(e, ST_WRAPPER,
			    "'%s' cannot be a workspace: it belongs to the "
			    "system", dir);
	if (!named && strcmp(dir, home) == 0)
		return err_set(e, ST_WRAPPER, "the home directory would be "
		    "writable: go to a project, or say --workspace '%s' if "
		    "that is meant", dir);
	return 0;
}
