/* mirror-file: the file that a memory is kept in step with. */
#include "config.h"

#include "mirror-file.h"

#include <errno.h>

#include "alloc.h"
#include "num.h"
#include "path.h"
#include "utf8.h"

enum { FILE_MAX = 64 << 20 };

static const char mark[] = "<!-- agent-mem ", mark_end[] = " -->";

void
mirror_file_release(struct mirror_file *f)
{
	free(f->path);
	buf_release(&f->text);
	*f = (struct mirror_file)MIRROR_FILE_INIT;
}

/* Links are followed: the file that they mean is the one to replace. */
static char *
real_name(const char *path, struct err *e)
{
	AUTO_FREE char *dir = path_dirname(path), *real = NULL;

	if (path_exists(path))
		return path_real(path, e);
	real = path_real(dir, e);
	return real ? path_join(real, path_basename(path)) : NULL;
}

static int
check_text(const struct mirror_file *f, struct err *e)
{
	for (size_t i = 0; i < f->text.len; ) {
		uint32_t c;
		size_t n = utf8_decode(f->text.data + i, f->text.len - i, &c);
		if (n == 0 || c == 0)
			return err_set(e, ST_DATA, "'%s' is not UTF-8 text",
			    f->path);
		i += n;
	}
	return 0;
}

/* Takes the last mark out of the text. */
static void
take_mark(struct mirror_file *f)
{
	const size_t len = sizeof(mark) - 1;
	char *p = f->text.data, *at = NULL, *stop;
	AUTO_FREE char *number = NULL;
	size_t digits;

	for (char *q = p; q && (q = strstr(q, mark)); q++)
		if (q == p || q[-1] == '\n')
			at = q;
	if (!at)
		return;
	digits = strspn(at + len, "0123456789");
	number = xstrndup(at + len, digits);
	if (strncmp(at + len + digits, mark_end, sizeof(mark_end) - 1) != 0 ||
	    num_parse_int(number, 0, INT64_MAX - 1, &f->number) < 0)
		return;
	f->whole = true;
	stop = at + strcspn(at, "\n");
	stop += *stop == '\n';
	memmove(at, stop, (size_t)(p + f->text.len - stop) + 1);
	f->text.len -= (size_t)(stop - at);
}

int
mirror_file_read(const char *path, struct mirror_file *ret, struct err *e)
{
	ret->path = real_name(path, e);
	if (!ret->path)
		return -1;
	ret->there = stat(ret->path, &ret->sb) == 0;
	if (!ret->there)
		return errno == ENOENT ? 0 : err_sys(e, ST_NOINPUT,
		    "cannot read '%s'", path);
	if (!S_ISREG(ret->sb.st_mode))
		return err_set(e, ST_NOINPUT, "'%s' is not a regular file",
		    path);
	if (path_read(ret->path, FILE_MAX, &ret->text, e) < 0 ||
	    check_text(ret, e) < 0)
		return -1;
	take_mark(ret);
	return 0;
}

/* Whether somebody else has written it since we read it. */
static bool
has_changed(const struct mirror_file *f)
{
	struct stat now;

	if (stat(f->path, &now) < 0)
		return f->there;
	return !f->there || now.st_ino != f->sb.st_ino ||
	    now.st_size != f->sb.st_size ||
	    now.st_mtim.tv_sec != f->sb.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != f->sb.st_mtim.tv_nsec;
}

int
mirror_file_write(const struct mirror_file *f, struct buf *text,
    int64_t number, struct err *e)
{
	mode_t mode = f->there ? f->sb.st_mode & 07777 : 0600;

	if (f->whole && text->len == f->text.len && (text->len == 0 ||
	    memcmp(text->data, f->text.data, text->len) == 0))
		return MIRROR_SAME;
	if (text->len > 0 && text->data[text->len - 1] != '\n')
		buf_addc(text, '\n');
	if (text->len > 1 && text->data[text->len - 2] != '\n')
		buf_addc(text, '\n');
	buf_addf(text, "%s%lld%s\n", mark, (long long)number, mark_end);
	if (has_changed(f))
		return MIRROR_CHANGED;
	return path_write_atomic(f->path, text->data, text->len, mode, e) < 0 ?
	    -1 : MIRROR_WRITTEN;
}
