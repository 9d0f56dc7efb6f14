/* key: keys that a command or a descriptor knows. */
#include "config.h"

#include "key.h"

#include <fcntl.h>

#include "alloc.h"
#include "buf.h"
#include "child.h"
#include "fd.h"

enum { KEY_MAX = 16 << 10 };

/* Takes the key and overwrites what it came in. */
static int
first_line(struct buf *out, const char *from, char **ret, struct err *e)
{
	size_t n = strcspn(out->data ? out->data : "", "\r\n");

	if (n > 0)
		*ret = xstrndup(out->data, n);
	if (out->data)
		explicit_bzero(out->data, out->len);
	return n > 0 ? 0 : err_set(e, ST_DENIED, "%s gave no key", from);
}

int
key_run(const jv *cmd, char **ret, struct err *e)
{
	size_t n = json_string(cmd) ? 3 : json_count(cmd);
	AUTO_FREE const char **argv = xcalloc(n + 1, sizeof(*argv));
	AUTO_BUF struct buf out = BUF_INIT;
	struct child_spec spec = CHILD_SPEC_INIT;
	int status;

	if (json_string(cmd)) {
		argv[0] = "sh";
		argv[1] = "-c";
		argv[2] = json_string(cmd);
	} else {
		for (size_t i = 0; i < n; i++) {
			AUTO_JV jv v = json_at(cmd, i);
			argv[i] = json_string(&v);
		}
	}
	if (!argv[0])
		return err_set(e, ST_CONFIG, "key_cmd is empty");
	spec.argv = argv;
	status = child_run(&spec, NULL, KEY_MAX, deadline_in(60 * CLOCK_SEC),
	    &out, e);
	if (status < 0)
		return err_prefix(e, "key_cmd");
	if (status == 0)
		return first_line(&out, "key_cmd", ret, e);
	if (out.data)
		explicit_bzero(out.data, out.len);
	return err_set(e, ST_DENIED, "key_cmd failed with status %d", status);
}

int
key_read(int fd, struct deadline until, char **ret, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	int r;

	if (fcntl(fd, F_GETFD) < 0)
		return err_sys(e, ST_DENIED, "--key-fd %d", fd);
	r = fd_read_all(fd, KEY_MAX, until, &out, e);
	close(fd);
	/* no file may get the number of a standard descriptor */
	if (fd <= STDERR_FILENO && fd_open_std(e) < 0)
		r = -1;
	if (r == 0)
		return first_line(&out, "--key-fd", ret, e);
	if (out.data)
		explicit_bzero(out.data, out.len);
	return err_prefix(e, "--key-fd %d", fd);
}

/*
 * By the filter for core files and not by PR_SET_DUMPABLE, which would give
 * our files in /proc to root and keep debuggers and leak checkers away.  The
 * filter is inherited: what a key helper leaves has no memory in it either.
 */
void
key_hide(void)
{
	AUTO_FD int fd = open("/proc/self/coredump_filter",
	    O_WRONLY | O_CLOEXEC);
	struct err ignored = ERR_INIT;

	if (fd >= 0)
		(void)fd_write(fd, "0", 1, &ignored);
}

void
key_free(char *key)
{
	if (key)
		explicit_bzero(key, strlen(key));
	free(key);
}
