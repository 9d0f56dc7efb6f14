/*
 * step-key: what decides the result of a step, as a digest.
 *
 * Every field is preceded by its length, so that no two lists of fields give
 * the same bytes.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "alloc.h"
#include "fd.h"
#include "path.h"
#include "step-impl.h"

static void
add(struct sha256 *s, const char *text, size_t len)
{
	char n[24];

	sha256_add(s, n, (size_t)snprintf(n, sizeof(n), "%zu:", len));
	sha256_add(s, text, len);
}

static void
add_str(struct sha256 *s, const char *text)
{
	add(s, text, strlen(text));
}

/* The content of an open regular file, from its beginning. */
static int
digest_fd(int fd, const char *name, char ret[SHA256_HEX_LEN + 1],
    struct err *e)
{
	struct sha256 s;
	char chunk[65536];
	off_t at = 0;
	ssize_t n;

	sha256_init(&s);
	while ((n = pread(fd, chunk, sizeof(chunk), at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, ST_IO, "cannot read '%s'", name);
		sha256_add(&s, chunk, (size_t)n);
		at += n;
	}
	sha256_end_hex(&s, ret);
	return 0;
}

int
step_digest(const char *root, const char *name, char ret[SHA256_HEX_LEN + 1],
    struct err *e)
{
	AUTO_FREE char *path = path_join(root, name);
	/* not to hang on a FIFO */
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, ST_NOINPUT, "cannot open '%s'", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ST_NOINPUT, "'%s' is not a regular file",
		    name);
	return digest_fd(fd, name, ret, e);
}

static int
add_needs(struct sha256 *s, const struct step_spec *spec, struct err *e)
{
	for (size_t i = 0; spec->needs && i < spec->needs->n; i++) {
		const char *id = spec->needs->v[i];
		AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
		char attempt[24];
		int there = step_last(spec->dir, id, &r, e);

		if (there < 0)
			return -1;
		if (there == 0)
			return err_set(e, ST_NOINPUT,
			    "there is no result of '%s' yet", id);
		snprintf(attempt, sizeof(attempt), "%lld",
		    (long long)r.attempt);
		add_str(s, "need");
		add_str(s, id);
		add_str(s, attempt);
		add_str(s, r.key);
	}
	return 0;
}

int
step_key(const struct step_spec *spec, char ret[SHA256_HEX_LEN + 1],
    struct err *e)
{
	char digest[SHA256_HEX_LEN + 1];
	struct sha256 s;

	sha256_init(&s);
	add_str(&s, "agent-flow step 1");
	add_str(&s, spec->flow);
	add_str(&s, spec->id);
	add_str(&s, spec->salt ? spec->salt : "");
	for (size_t i = 0; spec->argv && spec->argv[i]; i++) {
		add_str(&s, "arg");
		add_str(&s, spec->argv[i]);
	}
	for (size_t i = 0; spec->env && i < spec->env->n; i++) {
		add_str(&s, "env");
		add_str(&s, spec->env->v[i]);
	}
	for (size_t i = 0; spec->inputs && i < spec->inputs->n; i++) {
		if (step_digest(spec->root, spec->inputs->v[i], digest,
		    e) < 0)
			return -1;
		add_str(&s, "input");
		add_str(&s, spec->inputs->v[i]);
		add_str(&s, digest);
	}
	for (size_t i = 0; spec->outputs && i < spec->outputs->n; i++) {
		add_str(&s, "output");
		add_str(&s, spec->outputs->v[i]);
	}
	if (spec->in >= 0 && !(spec->flags & STEP_INPUT_FOLLOWS)) {
		if (digest_fd(spec->in, "standard input", digest, e) < 0)
			return -1;
		add_str(&s, "stdin");
		add_str(&s, digest);
	}
	if (add_needs(&s, spec, e) < 0)
		return -1;
	sha256_end_hex(&s, ret);
	return 0;
}
