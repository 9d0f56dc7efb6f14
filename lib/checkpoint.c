/* checkpoint: what the files of a workspace were, and back to it. */
#include "config.h"

#include "checkpoint.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "alloc.h"
#include "buf.h"
#include "checkpoint-impl.h"
#include "child.h"
#include "clock.h"
#include "env.h"
#include "fd.h"
#include "lock.h"
#include "num.h"
#include "path.h"

enum {
	GIT_SECONDS = 600,		/* the longest that git may take */
	LOCK_SECONDS = 120,
	OUTPUT_MAX = 64 << 20,
	COMPLAINTS_MAX = 1 << 20
};

#define BRANCH CHECKPOINT_BRANCH

/* Fields of the list, none of which can hold the separators. */
#define FIELD "\x1f"
#define RECORD "\x1e"

void
checkpoints_close(struct checkpoints *c)
{
	struct checkpoints none = CHECKPOINTS_INIT;

	free(c->git_dir);
	free(c->root);
	if (c->lock >= 0)
		close(c->lock);
	*c = none;
}

/*
 * Runs git on our repository; what it prints goes to `out`, or where ours
 * goes when that is NULL; its complaints likewise, to the descriptor
 * `complaints`.  Its exit status, -1 when there is none.
 */
static int
run_git(const struct checkpoints *c, const char *const *args,
    const char *input, struct buf *out, int complaints, struct err *e)
{
	AUTO_FREE char *git_dir = xasprintf("GIT_DIR=%s", c->git_dir);
	AUTO_FREE char *tree = xasprintf("GIT_WORK_TREE=%s", c->root);
	const char *path = env_get("PATH");
	AUTO_FREE char *path_var = xasprintf("PATH=%s",
	    path ? path : "/usr/local/bin:/usr/bin:/bin");
	const char *const envp[] = {
		git_dir, tree, path_var, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_OPTIONAL_LOCKS=0",
		"GIT_TERMINAL_PROMPT=0", "GIT_LITERAL_PATHSPECS=1",
		"HOME=/nonexistent", "LC_ALL=C", NULL
	};
	struct child_spec spec = CHILD_SPEC_INIT;
	AUTO_BUF struct buf unused = BUF_INIT;
	struct child child = CHILD_INIT;
	int status = -1;

	spec.argv = args;
	spec.envp = envp;
	spec.cwd = c->root;
	spec.err = complaints;
	if (out || input) {
		status = child_run(&spec, input, OUTPUT_MAX,
		    deadline_in(GIT_SECONDS * CLOCK_SEC), out ? out : &unused,
		    e);
	} else {
		spec.in = CHILD_NULL;
		if (child_start(&spec, &child, e) == 0 && child_wait(&child,
		    DEADLINE_NEVER, NULL, &status, e) < 0)
			status = -1;
	}
	return status;
}

static int
failed(const char *const *args, int status, struct err *e)
{
	return err_set(e, ST_SYSTEM, "git %s failed (status %d)", args[1],
	    status);
}

/* -1 unless it ends with 0. */
static int
git(const struct checkpoints *c, const char *const *args, const char *input,
    struct buf *out, struct err *e)
{
	int status = run_git(c, args, input, out, CHILD_INHERIT, e);

	return status > 0 ? failed(args, status, e) : status;
}

/* One word that git printed, without its newline. */
static int
git_word(const struct checkpoints *c, const char *const *args,
    const char *input, char *ret, size_t size, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;

	if (git(c, args, input, &out, e) < 0)
		return -1;
	if (out.len > 0 && out.data[out.len - 1] == '\n')
		buf_truncate(&out, out.len - 1);
	if (out.len == 0 || out.len >= size)
		return err_set(e, ST_SYSTEM, "git %s said '%.80s'", args[1],
		    out.len > 0 ? out.data : "nothing");
	memcpy(ret, out.data, out.len + 1);
	return 0;
}

int
checkpoints_open(const char *dir, const char *root, struct checkpoints *ret,
    struct err *e)
{
	AUTO_CHECKPOINTS struct checkpoints c = CHECKPOINTS_INIT;
	AUTO_FREE char *lock = path_join(dir, "checkpoints.lock");

	c.git_dir = path_join(dir, CHECKPOINT_DIR);
	c.root = xstrdup(root);
	c.lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (c.lock < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'", lock);
	if (!path_is_dir(c.git_dir) && checkpoint_make(&c, e) < 0)
		return -1;
	*ret = c;
	c = (struct checkpoints)CHECKPOINTS_INIT;
	return 0;
}

static int
lock(const struct checkpoints *c, struct err *e)
{
	int r = lock_take(c->lock, deadline_in(LOCK_SECONDS * CLOCK_SEC), NULL,
	    e);

	if (r == 0)
		return err_set(e, ST_TEMPFAIL, "another process keeps the "
		    "checkpoints of '%s' locked", c->root);
	return r < 0 ? -1 : 0;
}

/*
 * A git that was killed leaves its lock; under ours nobody else can be at
 * work, so it is stale.
 */
static void
drop_stale_lock(const struct checkpoints *c)
{
	AUTO_FREE char *file = path_join(c->git_dir, "index.lock");

	unlink(file);
}

/* The last checkpoint and its tree, which may be NULL; "" when none is. */
static int
last_id(const struct checkpoints *c, char ret[CHECKPOINT_ID_LEN + 1],
    char *ret_tree, struct err *e)
{
	const char *const args[] = {
		"git", "for-each-ref", "--format=%(objectname) %(tree)",
		BRANCH, NULL
	};
	AUTO_BUF struct buf out = BUF_INIT;

	if (checkpoint_look(c, ret, ret_tree))
		return 0;
	ret[0] = '\0';
	if (git(c, args, NULL, &out, e) < 0)
		return -1;
	if (out.len != 2 * CHECKPOINT_ID_LEN + 2)
		return 0;
	memcpy(ret, out.data, CHECKPOINT_ID_LEN);
	ret[CHECKPOINT_ID_LEN] = '\0';
	if (ret_tree) {
		memcpy(ret_tree, out.data + CHECKPOINT_ID_LEN + 1,
		    CHECKPOINT_ID_LEN);
		ret_tree[CHECKPOINT_ID_LEN] = '\0';
	}
	return 0;
}

/* Control characters would break the list apart. */
static void
add_line(struct buf *out, const char *text)
{
	for (; *text; text++)
		buf_addc(out, (unsigned char)*text < ' ' ? ' ' : *text);
	buf_addc(out, '\n');
}

static int
commit(const struct checkpoints *c, const char *tree, const char *parent,
    const char *message, char ret[CHECKPOINT_ID_LEN + 1], struct err *e)
{
	const char *const first[] = { "git", "commit-tree", tree, NULL };
	const char *const next[] = {
		"git", "commit-tree", tree, "-p", parent, NULL
	};

	if (git_word(c, parent[0] ? next : first, message, ret,
	    CHECKPOINT_ID_LEN + 1, e) < 0)
		return -1;
	return checkpoint_move(c, ret, e);
}

/*
 * Takes in what has changed ("-A"), or which files are new ("-N").  A file
 * that cannot be read, or a repository in it that has no commit yet, is no
 * reason to keep nothing: it is left out, and named.  A full disk is one.
 */
static int
add_all(const struct checkpoints *c, const char *what, struct buf *left_out,
    struct err *e)
{
	static const char error[] = "error: ";
	const char *const add[] = {
		"git", "add", what, "--ignore-errors", "--", ".", NULL
	};
	const char *why;
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_FD int complaints = fd_from_text("", 0, e);
	int status;

	if (complaints < 0)
		return -1;
	status = run_git(c, add, NULL, NULL, complaints, e);
	if (status <= 0)
		return status;
	if (lseek(complaints, 0, SEEK_SET) < 0 || fd_read_all(complaints,
	    COMPLAINTS_MAX, deadline_in(CLOCK_SEC), &text, e) < 0)
		return -1;
	buf_adds(&text, "");
	why = strstr(text.data, error);	/* after warnings */
	why = why ? why + strlen(error) : text.data;
	if (status != 1 || strstr(why, "unable to write") ||
	    strstr(why, "adding an object"))
		return err_set(e, ST_SYSTEM, "git add failed: %.*s",
		    (int)strcspn(why, "\n"), why);
	buf_add(left_out, why, strcspn(why, "\n"));
	return 0;
}

/* What a git that was killed left of a pack. */
static void
drop_half_packs(const struct checkpoints *c)
{
	static const char half[] = "tmp_";
	AUTO_FREE char *packs = path_join(c->git_dir, "objects/pack");
	const struct dirent *entry;
	DIR *d = opendir(packs);

	while (d && (entry = readdir(d)))
		if (strncmp(entry->d_name, half, sizeof(half) - 1) == 0)
			(void)unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
}

/*
 * The same for a first checkpoint, into one pack: a file for every object
 * takes five times as long and thirty times the room.  0, or 1 when anything
 * went wrong, which add_all() is to find out: git then ends at once where a
 * file grows shorter as it is read.
 */
static int
pack_all(const struct checkpoints *c, struct err *e)
{
	const char *const add[] = {
		"git", "-c", "core.bigFileThreshold=1", "add", "-A",
		"--ignore-errors", "--", ".", NULL
	};
	AUTO_FD int complaints = fd_from_text("", 0, e);
	int status;

	if (complaints < 0)
		return -1;
	drop_half_packs(c);
	status = run_git(c, add, NULL, NULL, complaints, e);
	return status < 0 ? -1 : status > 0;
}

/* The title, then run and source, and what was left out, a line each. */
static void
describe(const char *title, const char *run, const char *source,
    const struct buf *left_out, struct buf *out)
{
	add_line(out, title);
	buf_addc(out, '\n');
	add_line(out, run ? run : "");
	add_line(out, source ? source : "");
	if (left_out->len > 0)
		add_line(out, left_out->data);
}

static int
take(const struct checkpoints *c, const char *title, const char *run,
    const char *source, char ret_id[CHECKPOINT_ID_LEN + 1],
    struct buf *left_out, struct err *e)
{
	const char *const write_tree[] = { "git", "write-tree", NULL };
	char parent[CHECKPOINT_ID_LEN + 1], tree[CHECKPOINT_ID_LEN + 1];
	char old[CHECKPOINT_ID_LEN + 1];
	char look[TREEPRINT_LEN + 1] = "", was[TREEPRINT_LEN + 1];
	AUTO_BUF struct buf message = BUF_INIT;
	int more = 1;

	/* of the time before git reads the files, or it would miss changes */
	if (treeprint(c->root, clock_wall(), look) &&
	    checkpoint_looked(c, ret_id, was) && strcmp(look, was) == 0)
		return 0;
	drop_stale_lock(c);
	if (last_id(c, parent, old, e) < 0 ||
	    (!parent[0] && (more = pack_all(c, e)) < 0) ||
	    (more && add_all(c, "-A", left_out, e) < 0) ||
	    git_word(c, write_tree, NULL, tree, sizeof(tree), e) < 0)
		return -1;
	if (parent[0] && strcmp(old, tree) == 0) {
		memcpy(ret_id, parent, sizeof(parent));
		checkpoint_note(c, parent, tree, look);
		return 0;
	}
	describe(title, run, source, left_out, &message);
	if (commit(c, tree, parent, message.data, ret_id, e) < 0)
		return -1;
	checkpoint_note(c, ret_id, tree, look);
	return 1;
}

int
checkpoint_take(const struct checkpoints *c, const char *title,
    const char *run, const char *source, char ret_id[CHECKPOINT_ID_LEN + 1],
    struct buf *ret_left_out, struct err *e)
{
	AUTO_BUF struct buf left_out = BUF_INIT;
	char id[CHECKPOINT_ID_LEN + 1];
	int r;

	if (lock(c, e) < 0)
		return -1;
	r = take(c, title, run, source, id, &left_out, e);
	lock_drop(c->lock);
	if (r >= 0)
		memcpy(ret_id, id, sizeof(id));
	if (r >= 0 && ret_left_out)
		buf_add(ret_left_out, left_out.data, left_out.len);
	return r;
}

/* The `n`-th line of a text, as a new string. */
static char *
line(const char *text, int n)
{
	while (n-- > 0 && *text) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return xstrndup(text, strcspn(text, "\n"));
}

/* "RECORD id FIELD time FIELD body RECORD" and the names of files after it. */
static void
read_entry(char *text, struct checkpoint *ret)
{
	char *rest = text, *id = strsep(&rest, FIELD);
	char *when = rest ? strsep(&rest, FIELD) : NULL;
	char *body = rest ? strsep(&rest, RECORD) : NULL;

	*ret = (struct checkpoint){ .id = xstrdup(id) };
	if (when)
		(void)num_parse_int(when, 0, INT64_MAX, &ret->time);
	ret->title = line(body ? body : "", 0);
	ret->run = line(body ? body : "", 2);
	ret->source = line(body ? body : "", 3);
	for (const char *p = rest; p && *p; p += *p == '\n') {
		size_t len = strcspn(p, "\n");
		ret->files += len > 0;
		p += len;
	}
}

int
checkpoints_list(const struct checkpoints *c, size_t max,
    struct checkpoint **ret, struct err *e)
{
	AUTO_FREE char *count = xasprintf("--max-count=%zu", max);
	const char *const args[] = {
		"git", "log", count, "--name-only", "--root",
		"--format=" RECORD "%H" FIELD "%ct" FIELD "%B" RECORD, BRANCH,
		NULL
	};
	char last[CHECKPOINT_ID_LEN + 1];
	AUTO_BUF struct buf out = BUF_INIT;
	size_t n = 0, cap = 0;
	char *rest, *entry;

	*ret = NULL;
	if (last_id(c, last, NULL, e) < 0)
		return -1;
	if (!last[0])
		return 0;
	if (git(c, args, NULL, &out, e) < 0)
		return -1;
	/* entries begin with RECORD and have another one inside */
	rest = out.data;
	while ((entry = strstr(rest, RECORD))) {
		char *body_end = strstr(entry + 1, RECORD);
		char *next = body_end ? strstr(body_end + 1, RECORD) : NULL;

		if (next)
			*next = '\0';
		GROW(*ret, n, cap);
		read_entry(entry + 1, &(*ret)[n++]);
		if (!next)
			break;
		*next = RECORD[0];
		rest = next;
	}
	return (int)n;
}

void
checkpoints_free(struct checkpoint *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].id);
		free(list[i].title);
		free(list[i].run);
		free(list[i].source);
	}
	free(list);
}

int
checkpoint_find(const struct checkpoints *c, const char *name,
    char ret_id[CHECKPOINT_ID_LEN + 1], struct err *e)
{
	bool is_hex = strlen(name) >= 4 &&
	    strspn(name, "0123456789abcdef") == strlen(name);
	int64_t back;
	AUTO_FREE char *spec = is_hex ? xasprintf("%s^{commit}", name) :
	    xasprintf(BRANCH "%s^{commit}", name);
	const char *const args[] = {
		"git", "rev-parse", "--verify", "-q", spec, NULL
	};
	struct err ignored;

	if ((is_hex || (name[0] == '~' &&
	    num_parse_int(name + 1, 0, 1000000, &back) == 0)) &&
	    git_word(c, args, NULL, ret_id, CHECKPOINT_ID_LEN + 1,
	    &ignored) == 0)
		return 0;
	return err_set(e, ST_NOINPUT, "there is no checkpoint '%s'", name);
}

/* `fixed`, then "--" and the paths; the caller frees the vector. */
static const char **
with_paths(const char *const *fixed, const char *const *paths)
{
	size_t n = 0, k = 0;
	const char **v;

	while (fixed[n])
		n++;
	while (paths && paths[k])
		k++;
	v = xcalloc(n + k + 2, sizeof(*v));
	memcpy(v, fixed, n * sizeof(*v));
	v[n++] = "--";
	for (size_t i = 0; i < k; i++)
		v[n + i] = paths[i];
	return v;
}

int
checkpoint_diff(const struct checkpoints *c, const char *id, const char *to,
    const char *const *paths, struct err *e)
{
	const char *const fixed[] = {
		"git", "diff", "--no-color", "--binary", "--no-ext-diff", id,
		to, NULL
	};
	const char **args = with_paths(fixed, paths);
	AUTO_BUF struct buf left_out = BUF_INIT;
	int r = lock(c, e);

	if (r == 0) {
		/* new files would not be seen otherwise */
		if (!to)
			r = add_all(c, "-N", &left_out, e);
		if (r == 0)
			r = git(c, args, NULL, NULL, e);
		lock_drop(c->lock);
	}
	free(args);
	return r;
}

/* The work tree is what the last checkpoint says; makes it what `id` says. */
static int
restore_all(const struct checkpoints *c, const char *id, struct err *e)
{
	const char *const args[] = {
		"git", "read-tree", "-u", "--reset", id, NULL
	};

	return git(c, args, NULL, NULL, e);
}

/* Whether each is in the checkpoint or in the workspace. */
static bool
all_known(const struct checkpoints *c, const char *id, const char *const *paths)
{
	AUTO_FREE char *tree = xasprintf("--with-tree=%s", id);
	const char *const fixed[] = {
		"git", "ls-files", "--error-unmatch", tree, NULL
	};
	const char **args = with_paths(fixed, paths);
	AUTO_BUF struct buf out = BUF_INIT;
	struct err ignored = ERR_INIT;
	int status = run_git(c, args, NULL, &out, CHILD_NULL, &ignored);

	free(args);
	return status != 1;
}

/* The same for some paths: those that were not there then are removed. */
static int
restore_some(const struct checkpoints *c, const char *id,
    const char *const *paths, struct err *e)
{
	AUTO_FREE char *source = xasprintf("--source=%s", id);
	const char *const fixed[] = {
		"git", "restore", source, "--worktree", "--staged",
		"--no-overlay", NULL
	};
	const char **args = with_paths(fixed, paths);
	int status = run_git(c, args, NULL, NULL, CHILD_INHERIT, e);

	if (status == 1 && !all_known(c, id, paths))
		err_set(e, ST_NOINPUT, "neither the checkpoint nor the "
		    "workspace has all of what is to be restored");
	else if (status > 0)
		failed(args, status, e);
	free(args);
	return status == 0 ? 0 : -1;
}

int
checkpoint_restore(const struct checkpoints *c, const char *id,
    const char *const *paths, char ret_before[CHECKPOINT_ID_LEN + 1],
    struct err *e)
{
	AUTO_FREE char *before = xasprintf("before going back to %.12s", id);
	AUTO_FREE char *after = xasprintf("back to %.12s%s", id,
	    paths && paths[0] ? ", in part" : "");
	AUTO_BUF struct buf left_out = BUF_INIT;
	char now[CHECKPOINT_ID_LEN + 1];
	int r;

	if (lock(c, e) < 0)
		return -1;
	r = take(c, before, NULL, NULL, ret_before, &left_out, e);
	if (r >= 0)
		r = paths && paths[0] ? restore_some(c, id, paths, e) :
		    restore_all(c, id, e);
	buf_reset(&left_out);
	if (r >= 0)
		r = take(c, after, NULL, NULL, now, &left_out, e);
	lock_drop(c->lock);
	return r < 0 ? -1 : 0;
}
