/* sandbox-start: our side of a sandbox, and starting it. */
#include "config.h"

#include "sandbox-impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "alloc.h"
#include "audit.h"
#include "env.h"
#include "fd.h"
#include "hostcheck.h"
#include "launch.h"
#include "path.h"
#include "taint.h"

static void
clean_text(void *arg, const char *data, size_t len, struct buf *out)
{
	term_filter(arg, data, len, out);
}

/*
 * What the command gets as 0, 1 and 2: ours, or a pipe where ours is a
 * terminal or a file, or the output is counted.  A directory would be a way
 * out.
 */
static int
make_end(struct box *b, int i)
{
	struct stat st;
	bool own = b->tty.wanted && (i < 2 || isatty(i));
	bool known = fstat(i, &st) == 0, pipe_it;
	int p[2];

	if (known && S_ISDIR(st.st_mode))
		return err_set(b->e, ST_WRAPPER, "descriptor %d is a "
		    "directory, which would be a way out of the sandbox", i);
	b->ends[i] = i;
	/* a file could not be opened again as /dev/stdout: init_scope() */
	pipe_it = isatty(i) || (i > 0 && (b->rules->output > 0 ||
	    (known && S_ISREG(st.st_mode))));
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

/*
 * What gives up a wall, or a secret for use, is written where it cannot be
 * taken back: the workspace's trail, or the user's.
 */
static int
audit_rights(struct box *b)
{
	const struct rules *r = b->rules;
	jv data, words, secrets;

	if (!r->privileged && r->net != NET_HOST && r->inject.n == 0)
		return 0;
	if (r->privileged)
		err_warn("privileged: the command is not confined");
	AUTO_FREE char *root = path_find_up(b->s->workspace, ".agent");
	AUTO_FREE char *dir = root ? path_join(root, ".agent") :
	    env_xdg_state();
	if (!dir)
		return 0;
	if (path_mkdirs(dir, 0700, b->e) < 0)
		return -1;
	AUTO_FREE char *trail = path_join(dir, "audit.ndjson");
	words = json_array();
	for (const char *const *p = b->s->argv; *p; p++)
		json_append(&words, json_from_str(*p));
	secrets = json_array();
	for (size_t i = 0; i < r->inject.n; i++)
		json_append(&secrets, json_from_str(r->inject.v[i]));
	data = json_object();
	json_set(&data, "command", words);
	json_set_str(&data, "workspace", b->s->workspace);
	json_set(&data, "inject", secrets);
	return audit_add(trail, r->privileged ? "sandbox.privileged" :
	    r->net == NET_HOST ? "sandbox.host" : "sandbox.secret",
	    "/command/agent-sandbox", data, b->e);
}

/*
 * Root without capabilities writes only what is root's.  We stay root all the
 * same: whoever owns the workspace may not see what root named with --ro.
 */
static void
look_at_owner(const struct box *b)
{
	struct stat st;

	if (geteuid() != 0 || b->rules->privileged || b->rules->read_only ||
	    stat(b->s->workspace, &st) < 0 || st.st_uid == 0 ||
	    (st.st_mode & S_IWOTH))
		return;
	err_warn("the workspace belongs to uid %u, and root is confined to "
	    "what is its own: run this as that user, with 'setpriv "
	    "--reuid=%u --regid=%u --clear-groups'", st.st_uid, st.st_uid,
	    st.st_gid);
}

int
sandbox_prepare(struct box *b)
{
	if (loop_open(&b->loop, b->e) < 0 || sandbox_plan(b) < 0 ||
	    sandbox_catch_signals(b) < 0)
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
	look_at_owner(b);
	boxreport_start(&b->report, b->rules, b->s->workspace, b->s->overlay,
	    b->s->argv);
	return 0;
}

static void
list_overlay(const struct overlay *o, struct overlay_mount *out, size_t *n)
{
	if (o->by != OVERLAY_COPY)
		out[(*n)++] = (struct overlay_mount){ o->workspace, o->upper,
		    o->work, o->merged, o->fuse };
}

/* Those that must be mounted. */
static size_t
list_overlays(const struct box *b, struct overlay_mount *out)
{
	size_t n = 0;

	if (b->s->overlay)
		list_overlay(b->s->overlay, out, &n);
	for (size_t i = 0; i < b->caches.n; i++)
		list_overlay(&b->caches.overlays[i], out, &n);
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

/*
 * bwrap takes its options from a pipe: so it can start while we do what has
 * to be done before it may start anything.  One stays here that is an error
 * without the others, in case that we are killed before those are written.
 */
static int
launch(struct box *b, const char *bwrap, int inside, int options)
{
	AUTO_STRS struct strs argv = STRS_INIT;
	struct overlay_mount overlays[BOXCACHE_MAX + 1];
	struct launch l = {
		.bwrap = bwrap, .argv = &argv, .options = options,
		.env = &b->env,
		.std = { b->ends[0], b->ends[1], b->ends[2] },
		.messages = b->messages, .control = inside,
		.keep = b->mounts.fds, .nkeep = b->mounts.nfds,
		.overlays = overlays,
		.noverlays = list_overlays(b, overlays),
		.uproot = b->how.uproot,
	};

	STRS_ADD(&argv, "bwrap", "--as-pid-1", "--args");
	strs_addf(&argv, "%d", options);
	STRS_ADD(&argv, "--", b->mounts.init);
	strs_add_all(&argv, b->s->argv);
	b->pid = launch_start(&l, &b->pidfd, b->e);
	return b->pid < 0 ? -1 : sandbox_watch_end(b);
}

/* If bwrap ended before it read them, its own words are the error. */
static int
give_options(struct box *b, int to)
{
	AUTO_BUF struct buf text = BUF_INIT;
	struct err e = ERR_INIT;

	for (size_t i = 1; i < b->mounts.argv.n; i++)
		buf_add(&text, b->mounts.argv.v[i],
		    strlen(b->mounts.argv.v[i]) + 1);
	if (fd_write(to, text.data, text.len, &e) < 0 && errno != EPIPE)
		return err_set(b->e, ST_WRAPPER, "cannot tell bwrap: %s",
		    e.text);
	return 0;
}

int
sandbox_start(struct box *b)
{
	AUTO_FREE char *bwrap = launch_find_bwrap();
	AUTO_FD int inside = -1, options = -1, give = -1;
	int p[2];

	if (!bwrap)
		return hostcheck_explain("", b->e);
	/* first: it may move us into another group, and bwrap with us */
	boxlimits_plan(&b->limits, b->rules);
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(b->e, ST_WRAPPER, "cannot make a pipe");
	options = p[0];
	give = p[1];
	if (sandbox_make_control(b, &inside) < 0 ||
	    launch(b, bwrap, inside, options) < 0)
		return -1;
	close(steal_fd(&options));
	if (janitor_start(&b->janitor, &b->limits.group.dirs, b->pid,
	    b->e) < 0 || give_options(b, give) < 0)
		return -1;
	close(steal_fd(&give));
	/* from here on bwrap is at work: what can wait was put off until now */
	if (boxlimits_prepare(&b->limits, b->s->workspace, &b->spec,
	    b->e) < 0 || keep_pid_max(b) < 0 || sandbox_tell_init(b) < 0 ||
	    boxnet_start(&b->net, b->rules, b->s->meter, &b->loop, b->control,
	    &b->report, b->e) < 0)
		return -1;
	mounts_close(&b->mounts);
	cgroup_sweep(&b->limits.group);
	/* only the command holds these now, so their ends are seen */
	for (int i = 0; i < 3; i++)
		if (b->piped[i]) {
			close(b->ends[i]);
			b->piped[i] = false;
		}
	return 0;
}
