/* err: what went wrong, in words and as an exit status. */
#include "config.h"

#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "utf8.h"

static const char *program = "agent";

static const struct {
	int status;
	const char *kind;
} kinds[] = {
	{ ST_OK, "ok" },
	{ ST_NO, "failed" },
	{ ST_USAGE, "usage" },
	{ ST_REFUSED, "refused" },
	{ ST_LIMIT, "limit" },
	{ ST_BUDGET, "budget" },
	{ ST_DATA, "bad_data" },
	{ ST_NOINPUT, "not_found" },
	{ ST_UNAVAILABLE, "unavailable" },
	{ ST_BUG, "bug" },
	{ ST_SYSTEM, "system" },
	{ ST_CANTCREATE, "cannot_create" },
	{ ST_IO, "io" },
	{ ST_TEMPFAIL, "try_later" },
	{ ST_PROTOCOL, "protocol" },
	{ ST_DENIED, "denied" },
	{ ST_CONFIG, "config" },
	{ ST_TIMEOUT, "timeout" },
	{ ST_WRAPPER, "sandbox" },
	{ ST_NOEXEC, "not_executable" },
	{ ST_NOTFOUND, "command_not_found" },
};

/*
 * Appends to `text` from `len`; what does not fit is cut with "...", not in
 * the middle of a character.  The new length; ERR_TEXT_MAX when it was cut.
 */
static size_t __attribute__((format(printf, 3, 0)))
append(char *text, size_t len, const char *fmt, va_list ap)
{
	int n;

	if (len >= ERR_TEXT_MAX)
		return len;
	n = vsnprintf(text + len, ERR_TEXT_MAX - len, fmt, ap);
	if (n < 0) {
		text[len] = '\0';
		return len;
	}
	if ((size_t)n < ERR_TEXT_MAX - len)
		return len + (size_t)n;
	memcpy(text + utf8_cut(text, ERR_TEXT_MAX - 4), "...", 4);
	return ERR_TEXT_MAX;
}

static size_t __attribute__((format(printf, 3, 4)))
appendf(char *text, size_t len, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	len = append(text, len, fmt, ap);
	va_end(ap);
	return len;
}

int
err_set(struct err *e, int status, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];	/* an argument may be e->text itself */
	va_list ap;

	va_start(ap, fmt);
	append(text, 0, fmt, ap);
	va_end(ap);
	e->status = status;
	memcpy(e->text, text, sizeof(text));
	return -1;
}

int
err_sys(struct err *e, int status, const char *fmt, ...)
{
	int saved = errno;
	char text[ERR_TEXT_MAX];
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	len = append(text, 0, fmt, ap);
	va_end(ap);
	appendf(text, len, ": %s", strerror(saved));
	e->status = status;
	memcpy(e->text, text, sizeof(text));
	errno = saved;
	return -1;
}

int
err_prefix(struct err *e, const char *fmt, ...)
{
	char old[ERR_TEXT_MAX];
	size_t len;
	va_list ap;

	memcpy(old, e->text, sizeof(old));
	va_start(ap, fmt);
	len = append(e->text, 0, fmt, ap);
	va_end(ap);
	appendf(e->text, len, ": %s", old);
	return -1;
}

/* One line, one write; what would steer a terminal becomes '?'. */
static void
print_line(char *line)
{
	size_t len = strlen(line), n;

	for (size_t i = 0; i < len; i += n) {
		uint32_t c = 0;

		n = utf8_decode(line + i, len - i, &c);
		/* C0, DEL, C1 (U+0080 to U+009F) and what is no UTF-8: a
		 * terminal in another encoding may obey it */
		if (n == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0)) {
			n = n ? n : 1;
			memset(line + i, '?', n);
		}
	}
	line[len] = '\n';
	while (write(STDERR_FILENO, line, len + 1) < 0 && errno == EINTR)
		;
}

int
err_report(const struct err *e)
{
	char line[ERR_TEXT_MAX];

	appendf(line, 0, "%s: %s", program, e->text);
	print_line(line);
	return e->status;
}

void
err_warn(const char *fmt, ...)
{
	char line[ERR_TEXT_MAX];
	size_t len = appendf(line, 0, "%s: ", program);
	va_list ap;

	va_start(ap, fmt);
	append(line, len, fmt, ap);
	va_end(ap);
	print_line(line);
}

void
err_set_program(const char *name)
{
	program = name;
}

const char *
err_program(void)
{
	return program;
}

const char *
err_kind(int status)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].status == status)
			return kinds[i].kind;
	return status > ST_SIGNAL ? "signal" : "failed";
}
