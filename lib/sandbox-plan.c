/* sandbox-plan: what the rules of a sandbox amount to on this host. */
#include "config.h"

#include "sandbox-impl.h"

#include "alloc.h"
#include "boxenv.h"
#include "path.h"

/* While it is made: where things are, and whose memory that is. */
struct plan {
	struct mounts_where where;
	char *home, *init, *cwd;
	struct buf hosts, resolv;
};

static void
plan_release(struct plan *p)
{
	free(p->home);
	free(p->init);
	free(p->cwd);
	buf_release(&p->hosts);
	buf_release(&p->resolv);
}

/* Who the command is inside, and who bwrap has to be for that. */
static void
plan_identity(struct box *b, struct mounts_where *w)
{
	b->spec.uid = getuid();
	b->spec.gid = getgid();
	w->as_root = geteuid() == 0;
	w->other_uid = w->as_root && b->rules->nested;
	if (w->other_uid)
		b->spec.uid = b->spec.gid = 1000;
	if (!boxnet_needs_root(b->rules))
		return;
	w->map_root = true;
	if (!w->as_root || w->other_uid)
		b->spec.flags |= BOX_MAP_BACK;
}

static int
plan_places(struct box *b, struct plan *p)
{
	const char *ws = b->s->workspace;
	size_t n = strlen(ws);

	p->home = boxenv_home();
	p->init = path_program("agent-sandbox-init", b->e);
	p->cwd = path_cwd(b->e);
	if (!p->init || !p->cwd) {
		b->e->status = ST_WRAPPER;
		return -1;
	}
	p->where.workspace = p->where.cwd = ws;
	if (strncmp(p->cwd, ws, n) == 0 &&
	    (p->cwd[n] == '/' || p->cwd[n] == '\0'))
		p->where.cwd = p->cwd;
	p->where.backing = b->s->overlay ? b->s->overlay->merged : ws;
	p->where.home = p->home;
	p->where.init = p->init;
	p->where.bind_proc = b->how.bind_proc;
	return 0;
}

/* With the host's network, its names; the files may be links to what is not
 * shown. */
static void
plan_names(struct box *b, struct plan *p)
{
	struct err ignored;

	if (b->rules->net != NET_HOST) {
		if (p->where.map_root || p->where.as_root)
			p->where.hosts = boxnet_hosts;
		if (p->where.map_root)
			p->where.resolv = boxnet_resolv;
		return;
	}
	if (path_read("/etc/hosts", 1 << 20, &p->hosts, &ignored) == 0)
		p->where.hosts = p->hosts.data;
	if (path_read("/etc/resolv.conf", 1 << 20, &p->resolv,
	    &ignored) == 0)
		p->where.resolv = p->resolv.data;
}

static void
plan_filter(struct box *b, const struct mounts_where *w)
{
	const struct rules *r = b->rules;

	b->spec.filter = r->nested ? BOX_FILTER_NESTED : BOX_FILTER_DEFAULT;
	if (r->seccomp == SECCOMP_DEVEL)
		b->spec.filter++;	/* the one after each allows that */
	else if (r->seccomp == SECCOMP_NONE)
		b->spec.filter = BOX_FILTER_NONE;
	if (w->as_root && !r->nested && !r->privileged && !w->bind_proc)
		b->spec.flags |= BOX_PROC_RO;
	if (!r->privileged)
		b->spec.flags |= BOX_SCOPE | BOX_OWN_GROUPS;
	if (r->privileged)
		b->spec.filter = BOX_FILTER_NONE;
	else if (boxreport_wanted(&b->report))
		b->spec.flags |= BOX_NOTIFY |
		    (b->s->audit >= 0 ? BOX_AUDIT : 0);
}

static void
plan_terminal(struct box *b)
{
	b->tty.wanted = b->rules->tty != TTY_NEVER && isatty(0) && isatty(1);
	b->tty.filter.full_screen = b->rules->tty == TTY_ALWAYS;
	if (!b->tty.wanted)
		return;
	b->spec.flags |= BOX_TTY | (isatty(2) ? BOX_TTY_ERR : 0);
	boxtty_size(&b->spec);
}

static int
plan_mounts(struct box *b, struct mounts_where *w)
{
	if (!b->rules->privileged && !b->s->dry_run &&
	    boxcache_open(&b->caches, b->rules, &b->s->how, w, b->e) < 0)
		return -1;
	w->caches = b->caches.mounts;
	w->ncaches = b->caches.n;
	if (mounts_plan(&b->mounts, b->rules, w, b->e) < 0)
		return -1;
	if (b->mounts.pinned.len > BOX_PINS_LENGTH)
		return err_set(b->e, ST_WRAPPER, "too many repositories are "
		    "in the workspace: use --overlay, or a part of it");
	b->spec.pins_length = (uint32_t)b->mounts.pinned.len;
	return 0;
}

int
sandbox_plan(struct box *b)
{
	__attribute__((cleanup(plan_release))) struct plan p = {
		.hosts = BUF_INIT, .resolv = BUF_INIT
	};

	b->spec.magic = BOX_MAGIC;
	plan_identity(b, &p.where);
	if (plan_places(b, &p) < 0)
		return -1;
	boxenv_make(&b->env, b->rules, p.home);
	if (boxnet_prepare(&b->net, b->rules, &b->spec, &b->env, b->e) < 0)
		return -1;
	plan_names(b, &p);
	if (!b->s->dry_run && boxfilters_make(&b->filters, b->rules,
	    p.where.workspace, p.home, b->e) < 0)
		return -1;
	boxfilters_announce(&b->filters, &b->spec);
	plan_filter(b, &p.where);
	plan_terminal(b);
	return plan_mounts(b, &p.where);
}
