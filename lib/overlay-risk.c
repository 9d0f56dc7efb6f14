/* overlay: what must not be taken over without being asked for. */
#include "config.h"

#include "overlay-impl.h"

#include <fcntl.h>

#include "alloc.h"
#include "taint.h"

/*
 * Links that lead out of the workspace.  One that goes up after it went down
 * may go through another link, and so further up than it seems to: nobody
 * makes such links but who wants that.
 */
static bool
leads_out(int dir, const char *name, const char *path)
{
	char target[4096];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);
	int depth = 0;
	bool down = false;

	if (n <= 0 || target[0] == '/')
		return true;
	target[n] = '\0';
	for (const char *p = path; *p; p++)
		depth += *p == '/';
	for (const char *p = target; *p; ) {
		size_t len = strcspn(p, "/");
		if (len == 2 && p[0] == '.' && p[1] == '.') {
			if (down || --depth < 0)
				return true;
		} else if (len > 0 && !(len == 1 && p[0] == '.')) {
			down = true;
		}
		p += len + (p[len] == '/');
	}
	return false;
}

/* What follows the first ".git" in a path: "hooks/x", ""; or NULL. */
static const char *
below_git(const char *path)
{
	for (const char *p = path; *p; ) {
		size_t n = strcspn(p, "/");
		if (n == 4 && strncmp(p, ".git", n) == 0)
			return p + n + (p[n] == '/');
		p += n + (p[n] == '/');
	}
	return NULL;
}

static bool
starts_with_part(const char *path, const char *part)
{
	size_t n = strlen(part);

	return strncmp(path, part, n) == 0 &&
	    (path[n] == '\0' || path[n] == '/');
}

/*
 * The parts of a repository that run programs, or say where others are; a
 * rebase that has begun runs what its list says when it goes on.  `rest` is
 * relative to the repository, or to the part of it that a linked worktree
 * has to itself.
 */
static bool
git_risk(const char *rest)
{
	static const char *const parts[] = {
		"config", "config.worktree", "hooks", "commondir",
		"gitdir", "modules", "objects/info/alternates",
		"info/attributes", "rebase-merge"
	};
	static const char worktrees[] = "worktrees/";
	const size_t n = sizeof(worktrees) - 1;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (starts_with_part(rest, parts[i]))
			return true;
	if (strncmp(rest, worktrees, n) != 0)
		return false;
	rest = strchr(rest + n, '/');
	return rest && git_risk(rest + 1);
}

/* A bare repository has its parts beside a file HEAD. */
static bool
bare_risk(int lower_root, const char *path)
{
	const char *at = path;

	for (;;) {
		if (git_risk(at)) {
			AUTO_FREE char *head = xasprintf("%.*sHEAD",
			    (int)(at - path), path);
			struct stat st;
			if (fstatat(lower_root, head, &st,
			    AT_SYMLINK_NOFOLLOW) == 0)
				return true;
		}
		at = strchr(at, '/');
		if (!at)
			return false;
		at++;
	}
}

const char *
overlay_risk(int lower_root, int dir, const char *name, const char *path,
    const struct stat *st)
{
	const char *rest = below_git(path);
	struct stat lower;

	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		return "a device";
	if (S_ISSOCK(st->st_mode) || S_ISFIFO(st->st_mode))
		return "a socket or FIFO";
	if (st->st_mode & (S_ISUID | S_ISGID) && !S_ISDIR(st->st_mode))
		return "setuid";
	if (S_ISLNK(st->st_mode) && leads_out(dir, name, path))
		return "a link out of the workspace";
	if (strcmp(name, ".git") == 0)
		return fstatat(lower_root, path, &lower,
		    AT_SYMLINK_NOFOLLOW) == 0 &&
		    (lower.st_mode & S_IFMT) == (st->st_mode & S_IFMT) &&
		    S_ISDIR(st->st_mode) ? NULL : "a repository";
	if (rest)
		return git_risk(rest) ? "settings of a repository" : NULL;
	if (strcmp(name, "HEAD") == 0)
		return "a repository";
	if (bare_risk(lower_root, path))
		return "settings of a repository";
	return taint_is_autorun(path) && !S_ISDIR(st->st_mode) ?
	    "runs by itself" : NULL;
}

const char *
overlay_risk_gone(const char *path)
{
	const char *rest = below_git(path);

	return !rest ? NULL : *rest == '\0' ? "a repository" :
	    git_risk(rest) ? "settings of a repository" : NULL;
}

bool
overlay_in_git(const char *path)
{
	return below_git(path) != NULL;
}
