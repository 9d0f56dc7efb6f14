/* taint: what a command left in the workspace that makes code run later. */
#include "config.h"

#include "taint.h"

#include <dirent.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "alloc.h"
#include "clock.h"
#include "fd.h"
#include "path.h"
#include "ulid.h"

enum {
	LEVELS = 2,		/* of directories that are looked into */
	INSIDE = 4,		/* below .vscode and its like */
	ENTRIES_MAX = 20000,
	CONFIG_MAX = 1 << 16,	/* of a repository's file of that name */
	DEEPER_MAX = 400	/* directories further down */
};

/* In any directory that somebody may enter. */
static const char *const names[] = {
	".bash_login", ".bash_logout", ".bash_profile", ".bashrc", ".circleci",
	".claude", ".claude.json", ".codex", ".continue", ".cursor",
	".cursorrules", ".devcontainer", ".devcontainer.json",
	".dir-locals.el", ".drone.yml", ".emacs", ".envrc", ".exrc",
	".gdbinit", ".gemini", ".gitconfig", ".github", ".gitlab-ci.yml",
	".gitmodules", ".gnupg", ".husky", ".idea", ".inputrc", ".irbrc",
	".lldbinit", ".mcp.json", ".mise.toml", ".mocharc.js", ".netrc",
	".npmrc", ".nvimrc", ".opencode", ".pnpmfile.cjs",
	".pre-commit-config.yaml", ".profile", ".pypirc", ".Rprofile",
	".ripgreprc", ".screenrc", ".ssh", ".tmux.conf", ".travis.yml",
	".vimrc", ".vscode", ".windsurf", ".yarnrc", ".yarnrc.yml", ".zed",
	".zlogin", ".zprofile", ".zshenv", ".zshrc", "agents.yaml",
	"azure-pipelines.yml", "gemini-extension.json", "Jenkinsfile",
	"lefthook.yml", "mcp.json", "mise.toml", "opencode.json",
	"sitecustomize.py", "usercustomize.py"
};

/* What turns the repository that holds it into another one, or is run when
 * somebody goes on with a rebase. */
static const char *const redirects[] = {
	"commondir", "config", "config.worktree", "hooks",
	"objects/info/alternates", "rebase-merge/git-rebase-todo"
};

#define EACH(list, i) \
	for (size_t i = 0; i < sizeof(list) / sizeof(*(list)); i++)

struct scan {
	const char *workspace;
	size_t root;		/* length of its path */
	int64_t since;
	const struct strs *known, *hidden;
	struct strs *ret;
	unsigned seen;
	struct strs deeper;	/* whose directories were not looked at */
};

static bool
is_name(const char *name)
{
	/* most files are none of these; a big tree has many */
	if (!strchr(".Jaglmosu", name[0]))
		return false;
	EACH(names, i)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Ours, beside what agents write all the time. */
#define AGENT_DIR ".agent"
#define AGENT_CONFIG AGENT_DIR "/config.yaml"

bool
taint_is_autorun(const char *path)
{
	static const char config[] = AGENT_CONFIG;
	const char *at = strstr(path, config);

	if (at && (at == path || at[-1] == '/') && !at[sizeof(config) - 1])
		return true;
	for (const char *p = path; *p; ) {
		size_t n = strcspn(p, "/");
		AUTO_FREE char *part = xstrndup(p, n);
		if (is_name(part) || strcmp(part, ".git") == 0)
			return true;
		p += n + (p[n] == '/');
	}
	return false;
}

static bool
is_young(const struct scan *s, const struct stat *st)
{
	int64_t changed = (int64_t)st->st_ctim.tv_sec * CLOCK_SEC +
	    st->st_ctim.tv_nsec;

	return changed >= s->since;
}

/* Relative to the workspace, if it is in there. */
static void
add(struct scan *s, const char *path)
{
	bool below = strncmp(path, s->workspace, s->root) == 0 &&
	    path[s->root] == '/';

	strs_add(s->ret, below ? path + s->root + 1 : path);
}

/* A file, or anything in a directory, that is young. */
static bool
has_young(struct scan *s, const char *path, int levels)
{
	struct stat st;
	DIR *d;
	const struct dirent *entry;
	bool young;

	if (lstat(path, &st) < 0)
		return false;
	if (!S_ISDIR(st.st_mode))
		return is_young(s, &st);
	/* an empty one runs nothing */
	young = false;
	d = levels > 0 ? opendir(path) : NULL;
	while (!young && d && s->seen++ < ENTRIES_MAX &&
	    (entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		AUTO_FREE char *p = path_join(path, entry->d_name);
		young = has_young(s, p, levels - 1);
	}
	if (d)
		closedir(d);
	return young;
}

static void
look_at_own(struct scan *s, const char *dir)
{
	AUTO_FREE char *config = path_join(dir, AGENT_CONFIG);

	if (has_young(s, config, 0))
		add(s, config);
}

/*
 * A bare repository is one too, for a git that is started in it.  Its objects
 * may be elsewhere, and it needs no config.
 */
static bool
is_bare(const char *dir)
{
	AUTO_FREE char *objects = path_join(dir, "objects");
	AUTO_FREE char *common = path_join(dir, "commondir");

	return path_exists(objects) || path_exists(common);
}

static void
add_young(struct scan *s, const char *dir, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *p = path_join(dir, list[i]);
		if (has_young(s, p, 1))
			add(s, p);
	}
}

/* As git writes it: two directories up. */
static bool
is_plain_commondir(const char *path)
{
	char text[8] = "";
	struct err ignored;
	AUTO_FD int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
	    O_CLOEXEC);

	return fd >= 0 && fd_read(fd, text, sizeof(text) - 1, &ignored) > 0 &&
	    (strcmp(text, "../..") == 0 || strcmp(text, "../..\n") == 0);
}

/*
 * The parts that linked worktrees have to themselves: those may be anywhere,
 * and whoever uses git there is led by these.
 */
static void
look_at_worktrees(struct scan *s, const char *git)
{
	static const char *const own[] = {
		"config.worktree", "rebase-merge/git-rebase-todo"
	};
	AUTO_FREE char *all = path_join(git, "worktrees");
	struct stat st;
	const struct dirent *entry;
	DIR *d;

	if (lstat(all, &st) < 0)
		return;
	if (!S_ISDIR(st.st_mode) && is_young(s, &st))
		add(s, all);
	d = S_ISDIR(st.st_mode) ? opendir(all) : NULL;
	while (d && s->seen++ < ENTRIES_MAX && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		AUTO_FREE char *one = path_join(all, entry->d_name);
		AUTO_FREE char *common = path_join(one, "commondir");
		if (lstat(one, &st) == 0 && S_ISLNK(st.st_mode)) {
			if (is_young(s, &st))
				add(s, one);
			continue;
		}
		if (has_young(s, common, 0) && !is_plain_commondir(common))
			add(s, common);
		add_young(s, one, own, sizeof(own) / sizeof(*own));
	}
	if (d)
		closedir(d);
}

/* "  hooksPath = .githooks": the value; NULL for another line. */
static char *
config_value(const char *line, size_t len)
{
	static const char *const keys[] = { "hookspath", "path" };
	const char *end = line + len, *value = memchr(line, '=', len);

	while (line < end && strchr(" \t", *line))
		line++;
	EACH(keys, i) {
		size_t n = strlen(keys[i]);
		if (!value || (size_t)(value - line) < n ||
		    strncasecmp(line, keys[i], n) != 0 ||
		    strspn(line + n, " \t") != (size_t)(value - line) - n)
			continue;
		value++;
		while (value < end && strchr(" \t\"", *value))
			value++;
		while (end > value && strchr(" \t\r\"", end[-1]))
			end--;
		return xstrndup(value, (size_t)(end - value));
	}
	return NULL;
}

static void
look_at_value(struct scan *s, const char *base, const char *value)
{
	AUTO_FREE char *full = path_join(base, value);
	AUTO_FREE char *real = realpath(full, NULL);

	if (real && strncmp(real, s->workspace, s->root) == 0 &&
	    real[s->root] == '/' && has_young(s, real, 1) &&
	    !strs_has(s->ret, real + s->root + 1))
		add(s, real);
}

/* Hooks and settings that a repository has in its working tree. */
static void
look_at_config(struct scan *s, const char *git)
{
	AUTO_FREE char *config = path_join(git, "config");
	AUTO_FREE char *tree = path_dirname(git);
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored;
	size_t n;

	if (path_read(config, CONFIG_MAX, &text, &ignored) < 0)
		return;
	for (const char *p = text.data; *p; p += n + (p[n] == '\n')) {
		n = strcspn(p, "\n");
		AUTO_FREE char *value = config_value(p, n);
		if (!value || !*value)
			continue;
		/* hooks start at the tree, files that are included here */
		look_at_value(s, tree, value);
		look_at_value(s, git, value);
	}
}

/* When it was made; where that is not kept, when it was changed. */
static bool
is_newborn(const struct scan *s, const char *path)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BTIME |
	    STATX_CTIME, &st) < 0)
		return false;
	if (!(st.stx_mask & STATX_BTIME))
		st.stx_btime = st.stx_ctime;
	return st.stx_btime.tv_sec * CLOCK_SEC + st.stx_btime.tv_nsec >=
	    s->since;
}

/*
 * Nearby we know those that were there: any other was made here, or moved
 * here, which is as good as new.  Far down one may have been there, and been
 * committed to.
 */
static void
look_at_git(struct scan *s, const char *git, int level)
{
	struct stat st;

	if (lstat(git, &st) < 0)
		return;
	if (!strs_has(s->known, git) && (level <= LEVELS ||
	    is_newborn(s, git))) {
		if (has_young(s, git, 1) || is_young(s, &st))
			add(s, git);
		return;
	}
	add_young(s, git, redirects, sizeof(redirects) / sizeof(*redirects));
	look_at_worktrees(s, git);
	look_at_config(s, git);
}

static void	look(struct scan *s, const char *dir, int level);

static bool
is_directory(const struct dirent *entry, const char *path)
{
	struct stat st;

	return entry->d_type == DT_DIR || (entry->d_type == DT_UNKNOWN &&
	    lstat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

static void
look_at(struct scan *s, const char *dir, const struct dirent *entry,
    int level)
{
	const char *name = entry->d_name;
	AUTO_FREE char *p = path_join(dir, name);

	if (strs_has(s->hidden, p))
		return;
	if (strcmp(name, ".git") == 0) {
		look_at_git(s, p, level);
	} else if (is_name(name)) {
		if (has_young(s, p, INSIDE))
			add(s, p);
	} else if (strcmp(name, AGENT_DIR) == 0) {
		look_at_own(s, dir);
	} else if (strcmp(name, "node_modules") != 0 &&
	    is_directory(entry, p)) {
		if (level < LEVELS && name[0] != '.')
			look(s, p, level + 1);
		else if (s->deeper.n < DEEPER_MAX)
			strs_add(&s->deeper, p);
	}
}

/* Where somebody put so much that we do not come to the end of it. */
static void
look_by_name(struct scan *s, const char *dir, int level)
{
	AUTO_FREE char *git = path_join(dir, ".git");

	look_at_git(s, git, level);
	look_at_own(s, dir);
	EACH(names, i) {
		AUTO_FREE char *p = path_join(dir, names[i]);
		if (has_young(s, p, INSIDE))
			add(s, p);
	}
}

static void
look(struct scan *s, const char *dir, int level)
{
	DIR *d = opendir(dir);
	const struct dirent *entry;
	bool head = false, whole = !d;

	while (d && s->seen++ < ENTRIES_MAX) {
		const char *name;

		entry = readdir(d);
		whole = !entry;
		if (whole)
			break;
		name = entry->d_name;
		head = head || strcmp(name, "HEAD") == 0;
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
		    (entry->d_type != DT_REG || name[0] == '.' ||
		    is_name(name)))
			look_at(s, dir, entry, level);
	}
	if (d)
		closedir(d);
	if (!whole)
		look_by_name(s, dir, level);
	if (head && is_bare(dir)) {
		static const char *const itself[] = { "HEAD" };
		add_young(s, dir, itself, 1);
		add_young(s, dir, redirects,
		    sizeof(redirects) / sizeof(*redirects));
	}
}

int64_t
taint_now(void)
{
	AUTO_FD int fd = memfd_create("agent-sandbox-now", MFD_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return clock_wall();
	return (int64_t)st.st_ctim.tv_sec * CLOCK_SEC + st.st_ctim.tv_nsec;
}

bool
taint_scan(const char *workspace, int64_t since, const struct strs *known,
    const struct strs *hidden, struct strs *ret)
{
	struct scan s = { .workspace = workspace,
	    .root = strlen(workspace), .since = since,
	    .known = known, .hidden = hidden, .ret = ret };

	look(&s, workspace, 0);
	bool whole = s.seen < ENTRIES_MAX;
	/* the nearest first */
	s.seen = 0;
	for (size_t i = 0; i < s.deeper.n; i++) {
		AUTO_FREE char *dir = xstrdup(s.deeper.v[i]);
		look(&s, dir, LEVELS + 1);
	}
	strs_release(&s.deeper);
	/* that of a linked worktree is elsewhere */
	for (size_t i = 0; i < known->n; i++)
		if (strncmp(known->v[i], workspace, s.root) != 0 ||
		    known->v[i][s.root] != '/')
			look_at_git(&s, known->v[i], 0);
	return whole;
}

/* A file that lends a repository what another has, or a link instead. */
static bool
is_hostile(const char *path)
{
	static const char worktrees[] = ".git/worktrees";
	const char *p = strstr(path, worktrees);

	if (strcmp(path_basename(path), "commondir") == 0)
		return true;
	if (!p)
		return false;
	/* that itself, or one of those in it */
	p += sizeof(worktrees) - 1;
	return *p == '\0' || !strchr(p + 1, '/');
}

void
taint_split(struct strs *paths, struct strs *ret_hostile)
{
	size_t kept = 0;

	for (size_t i = 0; i < paths->n; i++) {
		char *p = paths->v[i];

		if (is_hostile(p))
			strs_take(ret_hostile, p);
		else
			paths->v[kept++] = p;
	}
	if (paths->v)
		paths->v[kept] = NULL;
	paths->n = kept;
}

int
taint_quarantine(const char *workspace, const struct strs *paths,
    struct err *e)
{
	char id[ULID_LEN + 1];
	int r = 0;

	ulid_make(id);
	for (size_t i = 0; i < paths->n; i++) {
		AUTO_FREE char *from = path_join(workspace, paths->v[i]);
		AUTO_FREE char *to = xasprintf("%s.quarantine-%s", from, id);
		if (rename(from, to) < 0)
			r = err_sys(e, ST_WRAPPER, "cannot rename '%s'", from);
	}
	return r;
}
