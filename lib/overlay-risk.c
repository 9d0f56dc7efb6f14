/* overlay: what must not be taken over without being asked for. */
#include "config.h"

#include "overlay-impl.h"

#include <fcntl.h>

#include "alloc.h"
#include "taint.h"

/* Links that lead out of the workspace, taken literally. */
static bool
leads_out(int dir, const char *name, const char *path)
{
	char target[4096];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);
	int depth = 0;

	if (n <= 0 || target[0] == '/')
		return true;
	target[n] = '\0';
	for (const char *p = path; *p; p++)
		depth += *p == '/';
	for (const char *p = target; *p; ) {
		size_t len = strcspn(p, "/");
		if (len == 2 && p[0] == '.' && p[1] == '.') {
			if (--depth < 0)
				return true;
		} else if (len > 0 && !(len == 1 && p[0] == '.')) {
			depth++;
		}
		p += len + (p[len] == '/');
	}
	return false;
}

/* The parts of a repository that run programs, or say where others are. */
static bool
git_risk(const char *path)
{
	static const char *const parts[] = {
		"/config", "/config.worktree", "/hooks", "/commondir",
		"/gitdir", "/modules", "/objects/info/alternates",
		"/info/attributes"
	};
	const char *git = strstr(path, ".git/");

	if (!git || (git != path && git[-1] != '/'))
		return false;
	git += 4;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		size_t n = strlen(parts[i]);
		if (strncmp(git, parts[i], n) == 0 &&
		    (git[n] == '\0' || git[n] == '/'))
			return true;
	}
	return false;
}

const char *
overlay_risk(int lower_root, int dir, const char *name, const char *path,
    const struct stat *st)
{
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
	if (strstr(path, ".git/"))
		return git_risk(path) ? "settings of a repository" : NULL;
	return taint_is_autorun(path) && !S_ISDIR(st->st_mode) ?
	    "runs by itself" : NULL;
}
