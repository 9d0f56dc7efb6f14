/* sandbox: runs a command confined. */
#include "config.h"

#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "alloc.h"
#include "boxenv.h"
#include "hostcheck.h"
#include "launch.h"
#include "sandbox-impl.h"

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
		sandbox_strike(b, "timeout", ST_TIMEOUT);
	if (b->rules->output > 0 && b->relays[1].total + b->relays[2].total >
	    (uint64_t)b->rules->output)
		sandbox_strike(b, "output", ST_SIGNAL + SIGKILL);
	if (b->gone || !deadline_passed(b->limits.next))
		return;
	limit = boxlimits_watch(&b->limits, b->pid);
	if (limit)
		sandbox_strike(b, limit, ST_SIGNAL + SIGKILL);
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
	sandbox_hear(b);
	sandbox_await_inside(b);
	return 0;
}

static void
release(struct box *b)
{
	int fds[] = { b->control, b->messages, b->signals, b->pidfd };

	sandbox_kill(b);
	boxtty_end(&b->tty);
	boxdenied_end(&b->denied);
	if (b->pid > 0 && !b->gone)
		while (waitpid(b->pid, NULL, 0) < 0 && errno == EINTR)
			;
	sandbox_await_inside(b);
	for (int i = 0; i < 3; i++)
		relay_stop(&b->relays[i]);
	boxnet_release(&b->net);
	boxlimits_release(&b->limits);
	janitor_dismiss(&b->janitor);
	mounts_release(&b->mounts);
	boxcache_release(&b->caches);
	boxfilters_release(&b->filters);
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
		printf("%s ", b->mounts.argv.v[i]);
	printf("-- %s", b->mounts.init);
	for (const char *const *p = b->s->argv; *p; p++)
		printf(" %s", *p);
	putchar('\n');
	return 0;
}

static int
run_once(const struct sandbox *s, struct attempt how, int *ret_status,
    struct err *e)
{
	struct box b = {
		.s = s, .how = how, .rules = s->rules, .loop = LOOP_INIT,
		.mounts = MOUNTS_INIT, .limits = BOXLIMITS_INIT,
		.janitor = JANITOR_INIT, .net = BOXNET_INIT,
		.tty = BOXTTY_INIT, .denied = BOXDENIED_INIT,
		.relays = { RELAY_INIT, RELAY_INIT, RELAY_INIT },
		.report = { { s->report, s->audit } },
		.control = -1, .messages = -1, .signals = -1, .pidfd = -1,
		.inside = -1,
		.e = e,
	};
	int r;

	reserve_low_descriptors();
	if (s->dry_run) {
		r = sandbox_plan(&b) < 0 ? -1 : print_plan(&b);
		*ret_status = 0;
	} else {
		r = sandbox_prepare(&b) < 0 || sandbox_start(&b) < 0 ||
		    supervise(&b) < 0 ? -1 : sandbox_conclude(&b);
		if (r == 0)
			*ret_status = b.status;
	}
	boxtty_end(&b.tty);
	if (r == 0)
		sandbox_warn(&b);
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
	/* a chroot that is a mount looks like any, to all but the kernel */
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
