/*
 * boxinit-mounts: whether what was to be mounted is.
 *
 * bwrap mounts by path.  Where another sandbox has the same workspace, its
 * command can put a link in the place of a directory that is about to be
 * pinned, and so have a directory from anywhere mounted.  What was mounted in
 * the end only the kernel says: each must come from where, in the workspace,
 * it is to be.
 */
#include "config.h"

#include "boxinit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct word {
	const char *at;
	size_t len;
};

/* A line of /proc/self/mountinfo. */
struct mounted {
	struct word device, root, point;
};

/* The workspace, then each pinned path below it, as mountinfo spells them. */
static char pins[BOX_PINS_LENGTH + 1];
static char info[1 << 19];

static struct word
next_word(const char **p)
{
	struct word w = { *p, 0 };

	while (w.at[w.len] && w.at[w.len] != ' ' && w.at[w.len] != '\n')
		w.len++;
	*p += w.len + (w.at[w.len] == ' ');
	return w;
}

static bool
next_mounted(const char **p, struct mounted *ret)
{
	if (!**p)
		return false;
	next_word(p);		/* its number and its parent's */
	next_word(p);
	ret->device = next_word(p);
	ret->root = next_word(p);
	ret->point = next_word(p);
	while (**p && **p != '\n')
		++*p;
	*p += **p == '\n';
	return true;
}

static bool
same_word(struct word a, struct word b)
{
	return a.len == b.len && strncmp(a.at, b.at, a.len) == 0;
}

/* Whether `path` is `dir` or, with `rest` set to what follows, below it. */
static bool
is_below(struct word path, struct word dir, struct word *ret_rest)
{
	size_t n = dir.len == 1 ? 0 : dir.len;	/* "/" */

	if (path.len < n || strncmp(path.at, dir.at, n) != 0 ||
	    (path.len > n && path.at[n] != '/'))
		return false;
	*ret_rest = (struct word){ path.at + n, path.len - n };
	return true;
}

/* The first there, and the one above it; who comes second tells that the
 * first is of the host's own mounts, which have come with the workspace. */
static bool
is_right(struct word pin)
{
	struct mounted m, first = { .root.len = 0 }, above = first;
	struct word rest = { "", 0 }, below, have;
	const char *p = info;
	bool found = false;

	while (next_mounted(&p, &m)) {
		if (same_word(m.point, pin)) {
			if (found && same_word(m.device, first.device) &&
			    same_word(m.root, first.root))
				return true;
			if (!found)
				first = m;
			found = true;
		} else if (m.point.len > above.point.len &&
		    is_below(pin, m.point, &below)) {
			above = m;
			rest = below;
		}
	}
	return found && same_word(first.device, above.device) &&
	    is_below(first.root, above.root, &have) && same_word(have, rest);
}

static void
read_info(void)
{
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t n = -1;

	if (fd >= 0)
		while (have < sizeof(info) - 1 && (n = read(fd, info + have,
		    sizeof(info) - 1 - have)) > 0)
			have += (size_t)n;
	if (n != 0)
		init_fail("cannot read what is mounted");
	close(fd);
}

void
init_check_mounts(void)
{
	size_t len = init_spec.pins_length;

	if (len == 0)
		return;
	if (len > BOX_PINS_LENGTH ||
	    recv(BOX_CONTROL_FD, pins, len, 0) != (ssize_t)len)
		init_fail("cannot read what is pinned");
	read_info();
	for (const char *p = pins; p < pins + len; p += strlen(p) + 1) {
		if (is_right((struct word){ p, strlen(p) }))
			continue;
		errno = EAGAIN;
		init_fail("the workspace changes while it is mounted");
	}
}
