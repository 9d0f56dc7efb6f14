/* prompt: the words of a question, from operands, files and standard input. */
#include "config.h"

#include "prompt.h"

#include <poll.h>
#include <sys/stat.h>

#include "alloc.h"
#include "fd.h"
#include "path.h"

enum { PATIENCE_SECONDS = 3 };

enum meant { NOT_READ, READ, READ_WARN };

static bool
is_stdin(const char *name)
{
	return strcmp(name, "-") == 0;
}

/* Whether standard input is meant, by the rule of prompt.h. */
static enum meant
stdin_meant(const struct prompt *p)
{
	struct stat st;

	for (size_t i = 0; i < p->noperands; i++)
		if (is_stdin(p->operands[i]))
			return READ;
	for (size_t i = 0; i < p->nfiles; i++)
		if (is_stdin(p->files[i]))
			return READ;
	if (p->no_stdin || fd_was_closed(STDIN_FILENO) ||
	    fstat(STDIN_FILENO, &st) < 0)
		return NOT_READ;
	if (p->noperands + p->nfiles == 0 && !p->optional)
		return isatty(STDIN_FILENO) ? NOT_READ : READ;
	return S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) ? READ_WARN :
	    NOT_READ;
}

/* An empty line between parts. */
static void
separate(struct buf *out)
{
	if (out->len == 0)
		return;
	if (out->data[out->len - 1] != '\n')
		buf_addc(out, '\n');
	buf_addc(out, '\n');
}

static void
add_operands(const struct prompt *p, struct buf *out)
{
	for (size_t i = 0; i < p->noperands; i++) {
		if (is_stdin(p->operands[i]))
			continue;
		if (out->len > 0)
			buf_addc(out, ' ');
		buf_adds(out, p->operands[i]);
	}
}

static int
add_files(const struct prompt *p, struct buf *out, struct err *e)
{
	for (size_t i = 0; i < p->nfiles; i++) {
		if (is_stdin(p->files[i]))
			continue;
		separate(out);
		if (path_read(p->files[i], PROMPT_MAX, out, e) < 0)
			return -1;
	}
	return 0;
}

/* Waits for the first byte, and says so when that takes long. */
static int
wait_first(struct deadline until, const volatile int *stop, struct err *e)
{
	struct deadline patience = deadline_min(until,
	    deadline_in(PATIENCE_SECONDS * CLOCK_SEC));
	int r = fd_wait(STDIN_FILENO, POLLIN, patience, stop, e);

	if (r != 0)
		return r;
	if (!deadline_passed(until))
		err_warn("waiting for standard input; --no-stdin or "
		    "</dev/null if there is none");
	return fd_wait(STDIN_FILENO, POLLIN, until, stop, e);
}

static int
add_stdin(const struct prompt *p, enum meant meant, const volatile int *stop,
    struct buf *out, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;

	for (;;) {
		char chunk[65536];
		int r = meant == READ_WARN && text.len == 0 ?
		    wait_first(p->until, stop, e) :
		    fd_wait(STDIN_FILENO, POLLIN, p->until, stop, e);
		ssize_t n;

		if (r == 0)
			return err_set(e, ST_TIMEOUT,
			    "no end of standard input in time");
		if (r < 0)
			return -1;
		n = fd_read(STDIN_FILENO, chunk, sizeof(chunk), e);
		if (n == -1)
			return err_prefix(e, "standard input");
		if (n == 0)
			break;
		if (n > 0)
			buf_add(&text, chunk, (size_t)n);
		if (text.len > PROMPT_MAX)
			return err_set(e, ST_DATA,
			    "standard input is larger than %d MiB",
			    PROMPT_MAX >> 20);
	}
	if (text.len > 0) {
		separate(out);
		buf_add(out, text.data, text.len);
	}
	return 0;
}

int
prompt_read(const struct prompt *p, const volatile int *stop, struct buf *out,
    struct err *e)
{
	enum meant meant = stdin_meant(p);

	buf_add(out, "", 0);
	add_operands(p, out);
	if (add_files(p, out, e) < 0)
		return -1;
	if (meant != NOT_READ && add_stdin(p, meant, stop, out, e) < 0)
		return -1;
	if (out->len == 0 && !p->optional)
		return err_set(e, ST_USAGE, "no %s",
		    p->called ? p->called : "prompt");
	return 0;
}
