/* sandbox-end: how a sandbox ended, and what people should know of it. */
#include "config.h"

#include "sandbox-impl.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "fd.h"
#include "hostcheck.h"
#include "taint.h"

/* bwrap's own words, or how it ended without any. */
static char *
bwrap_said(struct box *b)
{
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored;
	int status = b->wait_status;
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) :
	    WEXITSTATUS(status) - ST_SIGNAL;

	if (lseek(b->messages, 0, SEEK_SET) == 0)
		(void)fd_read_all(b->messages, 4096, DEADLINE_NEVER, &text,
		    &ignored);
	while (text.len > 0 && text.data[text.len - 1] == '\n')
		buf_truncate(&text, text.len - 1);
	if (text.len > 0)
		return buf_steal(&text);
	/* what it started tells by its status */
	if (sig > 0)
		return xasprintf("bwrap was killed by signal %d (%s) before "
		    "the command ran", sig, strsignal(sig));
	return xasprintf("bwrap ended with status %d before the command ran, "
	    "and said nothing", WEXITSTATUS(status));
}

static void
say_found(const char *what, const struct strs *found)
{
	err_warn("%s by itself later: '%s'%s", what, found->v[0],
	    found->n > 1 ? " and others" : "");
}

static int
set_aside(struct box *b, const struct strs *found)
{
	if (found->n == 0)
		return 0;
	say_found("moved aside what would run", found);
	return taint_quarantine(b->s->workspace, found, b->e);
}

/*
 * Says what was left that runs by itself, and moves aside what has no other
 * use.  An overlay needs none of this: what is in it runs nowhere before it
 * is committed.
 */
static int
judge_taint(struct box *b)
{
	AUTO_STRS struct strs found = STRS_INIT, hostile = STRS_INIT;
	int64_t how = b->rules->taint;
	bool whole;

	if (how == TAINT_OFF || b->rules->read_only || b->s->overlay)
		return 0;
	whole = taint_scan(b->s->workspace, b->began_wall,
	    &b->mounts.git.found, &b->rules->hide, &found);
	/* said at each command of an agent it would cost more than it tells */
	if (!whole && (how != TAINT_WARN || isatty(STDERR_FILENO)))
		err_warn("the workspace has too many files to look at all of "
		    "them for what may run by itself later");
	if (!whole || found.n > 0)
		boxreport_taint(&b->report, &found, whole);
	if (found.n == 0)
		return 0;
	if (how == TAINT_QUARANTINE)
		return set_aside(b, &found);
	if (how == TAINT_FAIL && b->status == 0)
		b->status = ST_WRAPPER;
	taint_split(&found, &hostile);
	if (found.n > 0)
		say_found("made or changed what may run", &found);
	return set_aside(b, &hostile);
}

int
sandbox_conclude(struct box *b)
{
	AUTO_FREE char *said = NULL;
	const char *struck;

	if (b->failed)
		return -1;
	if (!b->started && !b->struck) {
		said = bwrap_said(b);
		return b->e->text[0] ? -1 : hostcheck_explain(said, b->e);
	}
	struck = b->exited ? b->hit : boxlimits_struck(&b->limits);
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
	const struct strs *d = &b->net.denied, *f = &b->net.failed;

	if (b->status == 0)
		return;
	if (d->n > 0)
		err_warn("refused a connection to %s%s; --allow %s lets it",
		    d->v[0], d->n > 1 ? " and others" : "", d->v[0]);
	if (f->n > 0)
		err_warn("could not connect to %s%s", f->v[0],
		    f->n > 1 ? ", and to others" : "");
}

/* The kernel says by the signal alone that it was a filter. */
static void
warn_filtered(const struct box *b)
{
	if (b->status == ST_SIGNAL + SIGSYS && b->filters.n > 0)
		err_warn("a system call that a file of --seccomp forbids "
		    "ended the command");
}

void
sandbox_warn(const struct box *b)
{
	warn_filtered(b);
	warn_struck(b);
	warn_denied(b);
}
