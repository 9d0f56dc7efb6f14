/* mounts-etc: /etc in a sandbox, and files that bwrap makes there. */
#include "config.h"

#include "mounts-impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "alloc.h"
#include "fd.h"
#include "path.h"

/* Sorted. */
static const char *const names[] = {
	"alternatives", "bash.bashrc", "ca-certificates", "debian_version",
	"fonts", "gai.conf", "gitconfig", "group", "host.conf", "hostname",
	"inputrc", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
	"locale.alias", "localtime", "login.defs", "lsb-release", "magic",
	"magic.mime", "mailcap", "manpath.config", "maven", "mime.types",
	"nanorc", "networks", "nodejs", "nsswitch.conf", "os-release",
	"passwd", "perl", "profile", "protocols", "rpc", "screenrc",
	"services", "shells", "texmf", "timezone", "wgetrc"
};

/* Runtimes that keep their settings in a directory with a version. */
static const char *const prefixes[] = { "chromium", "java-", "python3" };

static const char *const below[] = {
	"/etc/pki/tls", "/etc/ssl/certs", "/etc/ssl/openssl.cnf"
};

int
mounts_add_data(struct mounts *m, const char *option, const char *text,
    const char *dest, struct err *e)
{
	AUTO_FD int fd = memfd_create("agent-sandbox", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(e, ST_WRAPPER, "cannot make a memory file");
	if (m->nfds == MOUNTS_FDS_MAX)
		return err_set(e, ST_WRAPPER, "more than %d files are hidden: "
		    "hide directories, or use --overlay", MOUNTS_FDS_MAX);
	if (fd_write(fd, text, strlen(text), e) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, ST_WRAPPER, "cannot fill a memory file");
	strs_add(&m->argv, option);
	strs_addf(&m->argv, "%d", fd);
	strs_add(&m->argv, dest);
	m->fds[m->nfds++] = steal_fd(&fd);
	return 0;
}

static int
by_name(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

static bool
is_shown(const char *name)
{
	if (bsearch(name, names, sizeof(names) / sizeof(*names),
	    sizeof(*names), by_name))
		return true;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static mode_t
kind_of(int dir, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return (mode_t)DTTOIF(entry->d_type);
	return fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 ?
	    st.st_mode & S_IFMT : 0;
}

static void
add_link(struct mounts *m, int dir, const char *name, const char *path)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n <= 0)
		return;
	target[n] = '\0';
	STRS_ADD(&m->argv, "--symlink", target, path);
}

bool
mounts_add_copy(struct mounts *m, int fd, const char *perms,
    const char *dest)
{
	if (fd < 0)
		return false;
	if (m->nfds == MOUNTS_FDS_MAX) {
		close(fd);
		errno = EMFILE;
		return false;
	}
	STRS_ADD(&m->argv, "--perms", perms, "--file");
	strs_addf(&m->argv, "%d", fd);
	strs_add(&m->argv, dest);
	m->fds[m->nfds++] = fd;
	return true;
}

void
mounts_add_etc(struct mounts *m)
{
	DIR *d = opendir("/etc");
	const struct dirent *entry;

	STRS_ADD(&m->argv, "--perms", "0755", "--dir", "/etc");
	while (d && (entry = readdir(d))) {
		if (!is_shown(entry->d_name))
			continue;
		mode_t kind = kind_of(dirfd(d), entry);
		AUTO_FREE char *path = path_join("/etc", entry->d_name);
		if (kind == S_IFLNK)
			add_link(m, dirfd(d), entry->d_name, path);
		else if (kind == S_IFREG)
			(void)mounts_add_copy(m, openat(dirfd(d),
			    entry->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW),
			    "0644", path);
		else if (kind == S_IFDIR)
			STRS_ADD(&m->argv, "--ro-bind", path, path);
	}
	if (d)
		closedir(d);
	for (size_t i = 0; i < sizeof(below) / sizeof(*below); i++)
		STRS_ADD(&m->argv, "--ro-bind-try", below[i], below[i]);
}

int
mounts_add_etc_file(struct mounts *m, const struct mounts_where *w,
    const char *path, const char *text, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (!text)
		return 0;
	if (n > 0) {
		AUTO_FREE char *full = NULL;
		target[n] = '\0';
		/* "../run/systemd/resolve/stub-resolv.conf" */
		full = target[0] == '/' ? xstrdup(target) :
		    strncmp(target, "../run/", 7) == 0 ?
		    xstrdup(target + 2) : NULL;
		if (full && strncmp(full, "/run/", 5) == 0 &&
		    !strstr(full, "/../"))
			return mounts_add_data(m, "--file", text, full, e);
		return err_set(e, ST_WRAPPER, "'%s' is a link to '%s', where "
		    "nothing can be put inside", path, target);
	}
	if (w->as_root)
		return mounts_add_data(m, "--file", text, path, e);
	if (!path_exists(path))
		return 0;	/* /etc is the host's, and has none */
	return mounts_add_data(m, "--ro-bind-data", text, path, e);
}
