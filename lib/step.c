/*
 * step: running one, in this order: look whether it is done; take the locks;
 * look again; write down what is begun; run; sync what it printed; put the
 * result there by rename.
 */
#include "config.h"

#include "step.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

#include "alloc.h"
#include "child.h"
#include "env.h"
#include "fd.h"
#include "makejobs.h"
#include "path.h"
#include "step-impl.h"
#include "workspace.h"

enum {
	GRACE_S = 5,		/* to end in, after SIGTERM */
	ATTEMPTS_KEPT = 10,
	DELAY_MAX_S = 300,
	MOMENT_MS = 50,		/* what runs longer has its intent synced */
	CONTEXT_MAX = 64 << 10
};

/* An attempt in the making. */
struct attempt {
	const struct step_spec *s;
	struct step_lease lease;
	char key[SHA256_HEX_LEN + 1];
	int64_t number, generation;
	char *dir;
	int64_t began;		/* wall clock */
	int64_t took;		/* ns */
	int status;
	enum step_outcome outcome;
	char *message;
};

static void
attempt_release(struct attempt *a)
{
	step_lease_release(&a->lease);
	free(a->dir);
	free(a->message);
}

static bool
is_cancelled(const struct step_spec *s)
{
	AUTO_FREE char *path = step_path(s->dir, s->id, "cancel");

	return path_exists(path);
}

/* What was begun last: 1; 0: nothing, or a crash of the machine has taken it
 * before it was synced; -1. */
static int
read_intent(const char *dir, const char *id, jv *ret, int64_t *ret_attempt,
    struct err *e)
{
	AUTO_FREE char *path = step_path(dir, id, "intent.json");
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_JV jv intent = JSON_NONE;
	struct err ignored;

	if (!path_exists(path))
		return 0;
	if (path_read(path, CONTEXT_MAX, &text, e) < 0)
		return -1;
	if (json_parse(text.data ? text.data : "", text.len, &intent,
	    &ignored) < 0 || !json_int(&intent, "attempt", ret_attempt))
		return 0;
	*ret = json_copy(&intent);
	return 1;
}

/* The number of the attempt that was begun last; 0: none. */
static int
last_begun(const struct attempt *a, int64_t *ret, struct err *e)
{
	AUTO_JV jv intent = JSON_NONE;
	int64_t begun = 0;

	if (read_intent(a->s->dir, a->s->id, &intent, &begun, e) < 0)
		return -1;
	*ret = begun > a->number ? begun : a->number;
	return 0;
}

bool
step_begun(const struct step_spec *s, int64_t *ret_attempt)
{
	AUTO_JV jv intent = JSON_NONE;
	char key[SHA256_HEX_LEN + 1];
	struct err ignored;
	const char *then;

	if (read_intent(s->dir, s->id, &intent, ret_attempt, &ignored) <= 0 ||
	    step_key(s, key, &ignored) < 0)
		return false;
	then = json_str(&intent, "key");
	return then && strcmp(then, key) == 0;
}

bool
step_unfinished(const char *dir, const char *id,
    const struct step_result *last)
{
	AUTO_JV jv intent = JSON_NONE;
	struct err ignored;
	int64_t attempt;

	return read_intent(dir, id, &intent, &attempt, &ignored) > 0 &&
	    attempt > last->attempt;
}

/* Puts a value there as a whole. */
static int
put(const struct step_spec *s, const char *name, const jv *v, bool sync,
    struct err *e)
{
	AUTO_FREE char *path = step_path(s->dir, s->id, name);
	AUTO_BUF struct buf text = BUF_INIT;

	json_write(v, &text);
	buf_addc(&text, '\n');
	return (sync ? path_write_atomic : path_replace)(path, text.data,
	    text.len, 0600, e);
}

static jv
describe(const struct attempt *a)
{
	char began[TIMESTAMP_LEN + 1];
	jv v = json_object();

	timestamp_format(a->began, began);
	json_set_str(&v, "flow", a->s->flow);
	json_set_str(&v, "task", a->s->id);
	json_set_str(&v, "key", a->key);
	json_set_int(&v, "attempt", a->number);
	json_set_int(&v, "generation", a->generation);
	json_set_str(&v, "began", began);
	return v;
}

/* An attempt whose output nobody will ask for any more. */
static void
forget_attempt(const struct step_spec *s, int64_t number)
{
	static const char *const names[] = { "stdout", "stderr",
	    "output.json", NULL };
	AUTO_FREE char *name = xasprintf("%lld", (long long)number);
	AUTO_FREE char *dir = step_path(s->dir, s->id, name);

	if (!path_is_dir(dir))
		return;
	for (size_t i = 0; names[i]; i++) {
		AUTO_FREE char *file = path_join(dir, names[i]);
		unlink(file);
	}
	rmdir(dir);
}

/* Says, before anything happens, that it is going to. */
static int
begin(struct attempt *a, struct err *e)
{
	AUTO_JV jv intent = JSON_NONE;
	AUTO_FREE char *name = NULL;
	int64_t last;

	if (last_begun(a, &last, e) < 0)
		return -1;
	a->number = last + 1;
	a->began = clock_wall();
	free(a->dir);
	name = xasprintf("%lld", (long long)a->number);
	a->dir = step_path(a->s->dir, a->s->id, name);
	forget_attempt(a->s, a->number);	/* the intent was lost */
	if (path_mkdirs(a->dir, 0700, e) < 0)
		return -1;
	intent = describe(a);
	json_set_int(&intent, "pid", getpid());
	if (a->number > ATTEMPTS_KEPT)
		forget_attempt(a->s, a->number - ATTEMPTS_KEPT);
	if (put(a->s, "intent.json", &intent, false, e) < 0)
		return -1;
	return a->s->begun ? a->s->begun(a->s->context, &intent, e) : 0;
}

/*
 * The same for every repetition of what has no result yet, so that an outside
 * service can tell a repetition from something new.
 */
static void
add_step_key(const struct attempt *a, struct strs *env)
{
	AUTO_FREE char *text = xasprintf("%s\n%s\n%lld", a->s->root, a->key,
	    (long long)a->generation);
	char hex[SHA256_HEX_LEN + 1];

	sha256_hex(text, strlen(text), hex);
	strs_addf(env, "AGENT_STEP_KEY=%s", hex);
	strs_addf(env, "AGENT_STEP_ATTEMPT=%lld", (long long)a->number);
	strs_addf(env, "AGENT_STEP_ID=%s", a->s->id);
}

static bool
is_set_again(const char *entry, const struct step_spec *s)
{
	/* make's descriptors are not passed on, so neither is their number */
	static const char *const dropped[] = { "AGENT_STEP_KEY=",
	    "AGENT_STEP_ATTEMPT=", "AGENT_STEP_ID=", "MAKEFLAGS=", "MFLAGS=",
	    "MAKELEVEL=", NULL };
	size_t name = strcspn(entry, "=") + 1;
	size_t n = s->flags & STEP_MAKES ? 3 : 6;

	for (size_t i = 0; i < n; i++)
		if (strncmp(entry, dropped[i], strlen(dropped[i])) == 0)
			return true;
	for (size_t i = 0; s->env && i < s->env->n; i++)
		if (strncmp(entry, s->env->v[i], name) == 0)
			return true;
	return false;
}

static void
make_env(const struct attempt *a, struct strs *env)
{
	for (const char *const *v = env_all(); *v; v++)
		if (!is_set_again(*v, a->s))
			strs_add(env, *v);
	for (size_t i = 0; a->s->env && i < a->s->env->n; i++)
		strs_add(env, a->s->env->v[i]);
	add_step_key(a, env);
}

static int
open_output(const struct attempt *a, const char *name, struct err *e)
{
	AUTO_FREE char *path = path_join(a->dir, name);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'", path);
	return fd;
}

static int
sync_output(int fd, struct err *e)
{
	/* nothing printed, nothing to lose */
	if (lseek(fd, 0, SEEK_END) > 0 && fsync(fd) < 0)
		return err_sys(e, ST_IO, "cannot sync the output of a step");
	return 0;
}

static int
sync_intent(const struct step_spec *s, struct err *e)
{
	AUTO_FREE char *path = step_path(s->dir, s->id, "intent.json");
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_sys(e, ST_IO, "cannot sync '%s'", path);
	return path_sync_dir(path, e);
}

static void
say(struct attempt *a, enum step_outcome outcome, int status, char *message)
{
	a->outcome = outcome;
	a->status = status;
	free(a->message);
	a->message = message;
}

/* What a program's end means. */
static void
judge(struct attempt *a, int status)
{
	char *why = NULL;

	if (status > ST_SIGNAL)
		why = xasprintf("killed by signal %d", status - ST_SIGNAL);
	else if (status != 0 && step_outcome_of_status(status) != STEP_FAILED)
		why = xasprintf("exit status %d", status);
	say(a, status == ST_NO && (a->s->flags & STEP_ASKS) ? STEP_DENIED :
	    step_outcome_of_status(status), status, why);
}

/* Waits for the program; -1 only when we are to end ourselves. */
static int
wait_for(struct attempt *a, struct child *c, struct err *e)
{
	struct deadline end = deadline_in(a->s->timeout);
	int status = 0;
	int r = child_wait(c, deadline_min(end, deadline_in(MOMENT_MS *
	    CLOCK_MS)), a->s->stop, &status, e);

	if (r == 0 && sync_intent(a->s, e) == 0)
		r = child_wait(c, end, a->s->stop, &status, e);
	else if (r == 0)
		r = -1;
	if (r == 1) {
		judge(a, status);
		return 0;
	}
	child_stop(c, GRACE_S * CLOCK_SEC);
	if (r == 0) {
		say(a, STEP_ERRORED, ST_TIMEOUT, xstrdup("out of time"));
		return 0;
	}
	if (!is_cancelled(a->s)) {
		struct err ignored;

		/* the reason to end is told, not what else failed */
		(void)step_lease_renew(a->s, &a->lease, &ignored);
		return -1;
	}
	say(a, STEP_CANCELLED, e->status, xstrdup("cancelled"));
	return 0;
}

static int
start(struct attempt *a, int out, int err, struct child *c, struct err *e)
{
	AUTO_STRS struct strs env = STRS_INIT;
	/* opened anew: its own offset, at the beginning */
	AUTO_FREE char *name = xasprintf("/proc/self/fd/%d", a->s->in);
	AUTO_FD int in = a->s->in < 0 ? -1 : open(name, O_RDONLY | O_CLOEXEC);
	struct child_spec spec = CHILD_SPEC_INIT;
	int keep[] = { a->lease.lease, -1, -1 };

	if (a->s->in >= 0 && in < 0)
		return err_sys(e, ST_IO, "cannot open standard input again");
	make_env(a, &env);
	spec.argv = a->s->command ? a->s->command : a->s->argv;
	spec.envp = (const char *const *)env.v;
	spec.cwd = a->s->root;
	spec.in = in >= 0 ? in : CHILD_NULL;
	spec.out = out;
	spec.err = err;
	spec.keep = keep;
	spec.nkeep = 1;
	if ((a->s->flags & STEP_MAKES) && makejobs_fds(keep + 1))
		spec.nkeep = 3;
	return child_start(&spec, c, e);
}

/* Digests of the files that it should have left, or why it failed. */
static int
look_at_outputs(struct attempt *a, jv *ret, struct err *e)
{
	for (size_t i = 0; a->s->outputs && i < a->s->outputs->n; i++) {
		const char *name = a->s->outputs->v[i];
		char digest[SHA256_HEX_LEN + 1];

		if (step_digest(a->s->root, name, digest, e) == 0) {
			json_set_str(ret, name, digest);
			continue;
		}
		if (e->status != ST_NOINPUT)
			return -1;
		say(a, STEP_FAILED, ST_NO, xasprintf("it left no '%s'", name));
		return 0;
	}
	return 0;
}

/* What the caller thinks of the output of a program that ended with 0. */
static void
check(struct attempt *a, struct err *e)
{
	AUTO_FREE char *file = path_join(a->dir, "stdout");

	bool ok = a->outcome == STEP_OK;

	if (a->s->check && (ok || a->outcome == STEP_FAILED) &&
	    a->s->check(a->s->context, file, ok, e) < 0 && ok)
		say(a, STEP_FAILED, e->status, xstrdup(e->text));
}

/* The result, as a whole, on the disk: from now on it is done. */
static int
record(struct attempt *a, const jv *outputs, struct step_result *ret,
    struct err *e)
{
	jv v = describe(a);

	json_set_str(&v, "result", step_outcome_name(a->outcome));
	json_set_int(&v, "status", a->status);
	json_set_int(&v, "duration_ms", a->took / CLOCK_MS);
	if (a->message)
		json_set_str(&v, "message", a->message);
	if (json_count(outputs) > 0)
		json_set(&v, "outputs", json_copy(outputs));
	step_result_release(ret);
	ret->record = v;
	ret->outcome = a->outcome;
	ret->status = a->status;
	ret->attempt = a->number;
	ret->generation = a->generation;
	ret->ran = true;
	ret->message = a->message ? xstrdup(a->message) : NULL;
	memcpy(ret->key, a->key, sizeof(ret->key));
	return put(a->s, "result.json", &v, true, e);
}

/* One attempt, to the point where its output is on the disk. */
static int
run_once(struct attempt *a, struct err *e)
{
	int64_t start_ns = clock_mono();
	AUTO_FD int out = -1;
	AUTO_FD int err = -1;
	struct child c = CHILD_INIT;

	if (begin(a, e) < 0)
		return -1;
	out = open_output(a, "stdout", e);
	err = out < 0 ? -1 : open_output(a, "stderr", e);
	if (err < 0)
		return -1;
	if (start(a, out, err, &c, e) < 0) {
		if (e->status != ST_NOEXEC && e->status != ST_NOTFOUND)
			return -1;
		say(a, STEP_ERRORED, e->status, xstrdup(e->text));
	} else if (wait_for(a, &c, e) < 0) {
		return -1;
	}
	/* what has left the process group too: nothing runs on behind us */
	if (step_lease_renew(a->s, &a->lease, e) < 0 ||
	    sync_output(out, e) < 0 || sync_output(err, e) < 0)
		return -1;
	a->took = clock_mono() - start_ns;
	return 0;
}

/* Waits before attempt `n` (from 1): twice as long each time. */
static int
pause_before(const struct step_spec *s, int n, struct err *e)
{
	int64_t ns = s->delay;

	for (int i = 1; i < n && ns < DELAY_MAX_S * CLOCK_SEC; i++)
		ns *= 2;
	if (ns > DELAY_MAX_S * CLOCK_SEC)
		ns = DELAY_MAX_S * CLOCK_SEC;
	return fd_wait(-1, 0, deadline_in(ns), s->stop, e) < 0 ? -1 : 0;
}

static int
run_attempts(struct attempt *a, struct step_result *ret, struct err *e)
{
	AUTO_JV jv outputs = json_object();

	for (int i = 0;; i++) {
		if (run_once(a, e) < 0)
			return -1;
		if (a->outcome != STEP_ERRORED || i >= a->s->retries)
			break;
		if (pause_before(a->s, i + 1, e) < 0)
			return -1;
	}
	if (a->outcome == STEP_NONE) {		/* it is to come again */
		step_result_release(ret);
		ret->status = a->status;
		ret->attempt = a->number;
		ret->ran = true;
		return 0;
	}
	if (a->outcome == STEP_OK && look_at_outputs(a, &outputs, e) < 0)
		return -1;
	check(a, e);
	return record(a, &outputs, ret, e);
}

/* The locks, and what was done meanwhile: 1 when there is nothing to do. */
static int
enter(struct attempt *a, struct step_result *ret, struct err *e)
{
	AUTO_STEP_RESULT struct step_result last = STEP_RESULT_INIT;
	int there;

	if (!workspace_id_valid(a->s->id))
		return err_set(e, ST_USAGE, "'%s' is no id: letters, digits, "
		    "'.', '_' and '-', at most 64", a->s->id);
	if (step_lease_take(a->s, &a->lease, e) < 0)
		return -1;
	if (!(a->s->flags & STEP_FORCE) &&
	    (there = step_done(a->s, ret, e)) != 0)
		return there;
	there = step_last(a->s->dir, a->s->id, &last, e);
	if (there < 0 || step_key(a->s, a->key, e) < 0)
		return -1;
	a->generation = last.generation + 1;
	a->number = last.attempt;
	return 0;
}

int
step_run(const struct step_spec *s, struct step_result *ret, struct err *e)
{
	struct attempt a __attribute__((cleanup(attempt_release))) = {
		.s = s, .lease = STEP_LEASE_INIT
	};
	int r;

	r = s->flags & STEP_FORCE ? 0 : step_done(s, ret, e);
	if (r == 0)
		r = enter(&a, ret, e);
	if (r != 0)
		return r < 0 ? -1 : 0;
	if ((s->flags & STEP_FORCE) || !(s->flags & STEP_KEEP_FAILED)) {
		AUTO_FREE char *cancel = step_path(s->dir, s->id, "cancel");
		unlink(cancel);
	}
	if (!is_cancelled(s))
		return run_attempts(&a, ret, e);
	AUTO_JV jv none = json_object();
	say(&a, STEP_CANCELLED, ST_NO, xstrdup("cancelled"));
	return begin(&a, e) < 0 ? -1 : record(&a, &none, ret, e);
}

int
step_decide(const struct step_spec *s, enum step_outcome outcome, int status,
    const char *message, const struct buf *output, struct step_result *ret,
    struct err *e)
{
	struct attempt a __attribute__((cleanup(attempt_release))) = {
		.s = s, .lease = STEP_LEASE_INIT
	};
	AUTO_JV jv none = json_object();
	int r = enter(&a, ret, e);

	if (r < 0 || (r == 1 && ret->outcome == outcome))
		return r < 0 ? -1 : 0;
	if (r == 1) {
		a.generation = ret->generation + 1;
		memcpy(a.key, ret->key, sizeof(a.key));
	}
	say(&a, outcome, status, message ? xstrdup(message) : NULL);
	if (begin(&a, e) < 0)
		return -1;
	if (output) {
		AUTO_FREE char *file = path_join(a.dir, "output.json");

		if (path_write_atomic(file, output->data, output->len, 0600,
		    e) < 0)
			return -1;
	}
	return record(&a, &none, ret, e);
}

int
step_cancel(const char *dir, const char *id, struct err *e)
{
	const char *const ids[] = { id, NULL };
	AUTO_FREE char *mark = step_path(dir, id, "cancel");

	if (step_make_dirs(dir, ids, e) < 0 ||
	    path_write_atomic(mark, "", 0, 0600, e) < 0)
		return -1;
	return step_signal_owner(dir, id, SIGTERM) ? 1 : 0;
}
