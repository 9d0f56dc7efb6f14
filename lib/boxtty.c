/* boxtty: our terminal while a confined command has one of its own. */
#include "config.h"

#include "boxtty.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include "alloc.h"
#include "fd.h"

void
boxtty_size(struct box_spec *spec)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		spec->rows = size.ws_row;
		spec->cols = size.ws_col;
	}
}

void
boxtty_resized(const struct boxtty *t)
{
	struct winsize size;

	if (t->master >= 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(t->master, TIOCSWINSZ, &size);
}

static void
filter(void *arg, const char *data, size_t len, struct buf *out)
{
	ttyfilter(arg, data, len, out);
}

/* In the background we read no keys and leave the terminal alone. */
static bool
in_foreground(void)
{
	return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

int
boxtty_start(struct boxtty *t, struct loop *l, int master, struct relay *in,
    struct relay *out, struct err *e)
{
	struct termios raw;
	int keys, to;

	t->master = master;
	out->shared = true;
	out->filter = filter;
	out->filter_arg = &t->filter;
	to = fcntl(master, F_DUPFD_CLOEXEC, 5);
	if (to < 0 || relay_start(out, l, to, STDOUT_FILENO, e) < 0)
		return -1;
	if (!in_foreground())
		return 0;
	if (tcgetattr(STDIN_FILENO, &t->saved) == 0) {
		raw = t->saved;
		cfmakeraw(&raw);
		t->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	}
	keys = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 5);
	to = fcntl(master, F_DUPFD_CLOEXEC, 5);
	in->keep_blocking = true;
	in->close_to = true;
	if (keys < 0 || to < 0)
		return err_sys(e, ST_WRAPPER, "cannot read the terminal");
	return relay_start(in, l, keys, to, e);
}

void
boxtty_end(struct boxtty *t)
{
	AUTO_BUF struct buf out = BUF_INIT;
	struct err ignored;

	if (t->master < 0)
		return;
	ttyfilter_end(&t->filter, &out);
	if (out.len > 0)
		(void)fd_write(STDOUT_FILENO, out.data, out.len, &ignored);
	if (t->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &t->saved);
	close(t->master);
	t->master = -1;
}
