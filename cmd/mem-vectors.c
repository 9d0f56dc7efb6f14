/*
 * mem-vectors: gives notes the vectors that they lack.
 *
 * Never holds the file while the server thinks; one process at a time, by a
 * lock beside the memory; can be killed at any time.
 */
#include "config.h"

#include "mem.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "alloc.h"
#include "child.h"
#include "fd.h"
#include "lock.h"
#include "memory-vector.h"

enum {
	BATCH = 64,
	TEXT_MAX = 1 << 20,		/* bytes of a text that are sent */
	REST_SECONDS = 60		/* after a failure in the background */
};

struct embedding {
	const struct mem_options *o;
	struct memory *m;
	char *model;
	int64_t after;
	int64_t done, refused;
};

struct batch {
	int64_t row[BATCH];
	char *text[BATCH];
	size_t n;
};

static int
take(void *arg, int64_t row, const char *text, size_t len, struct err *e)
{
	struct batch *b = arg;

	(void)e;
	b->row[b->n] = row;
	b->text[b->n++] = xstrndup(text, len < TEXT_MAX ? len : TEXT_MAX);
	return 0;
}

/* A batch's vectors; notes that have changed meanwhile get theirs later. */
static int
put_batch(struct embedding *k, const struct batch *b,
    const struct mem_vectors *v, struct err *e)
{
	struct memory *m = k->m, *tx AUTO_MEMORY_ROLLBACK = m;
	int64_t upto = 0;

	if (memory_begin(m, e) < 0 || vector_upto(m, k->model, &upto, e) < 0)
		return -1;
	for (size_t i = 0; i < b->n; i++) {
		int64_t there = 0;
		if (!v->has[i])
			continue;
		if (store_get_int(m->store, "select 1 from note where n = ?",
		    STORE_ARGS(ARG_INT(b->row[i])), &there, e) < 0 ||
		    (there && vector_put(m, b->row[i], k->model,
		    v->v + i * v->dim, v->dim, e) < 0))
			return -1;
	}
	k->after = b->row[b->n - 1];
	if (k->after > upto && vector_set_upto(m, k->model, k->after, e) < 0)
		return -1;
	return memory_commit(m, e);
}

/* How many notes were looked at; 0 at the end. */
static int
embed_batch(struct embedding *k, struct err *e)
{
	AUTO_VECTORS struct mem_vectors v = { 0 };
	struct batch b = { .n = 0 };
	int r = vector_missing(k->m, k->model, k->after, BATCH, take, &b, e);

	if (r > 0)
		r = mem_ask_vectors(k->o, (const char *const *)b.text, b.n,
		    &v, e);
	if (r == 0 && v.model && !k->o->model &&
	    strcmp(v.model, k->model) != 0)
		r = err_set(e, ST_PROTOCOL, "the embedder's model was '%s' "
		    "and is '%s'", k->model, v.model);
	if (r == 0 && b.n > 0)
		r = put_batch(k, &b, &v, e);
	if (v.refused > 0 && k->refused == 0)
		err_warn("the embedder refused a note: %s", v.refusal);
	k->done += (int64_t)(b.n - v.refused);
	k->refused += (int64_t)v.refused;
	for (size_t i = 0; i < b.n; i++)
		free(b.text[i]);
	return r < 0 ? -1 : (int)b.n;
}

static int
find_model(struct embedding *k, struct err *e)
{
	AUTO_VECTORS struct mem_vectors v = { 0 };
	const char *probe = "model";

	if (k->o->model) {
		k->model = xstrdup(k->o->model);
		return 0;
	}
	if (mem_ask_vectors(k->o, &probe, 1, &v, e) < 0)
		return -1;
	if (!v.model)
		return err_set(e, ST_PROTOCOL, "the embedder refuses all: %s",
		    v.refusal);
	k->model = STEAL(v.model);
	return 0;
}

/* `all`: also those that were refused before. */
static int
embed_missing(struct embedding *k, bool all, struct err *e)
{
	int r;

	if (find_model(k, e) < 0 ||
	    (!all && vector_upto(k->m, k->model, &k->after, e) < 0))
		return -1;
	while ((r = embed_batch(k, e)) > 0)
		;
	return r < 0 ? -1 : vector_settle(k->m, e);
}

/* PATH-embed: the lock, and why the last one in the background failed. */
static int
open_lock(const struct memory *m, struct err *e)
{
	AUTO_FREE char *path = xasprintf("%s-embed", store_path(m->store));
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : err_sys(e, ST_CANTCREATE, "cannot create '%s'",
	    path);
}

int
mem_embed_all(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	struct embedding k = { .o = o, .m = &m };
	AUTO_FD int lock = -1;
	int r = 0;

	if (!mem_embedder(o))
		cli_usage(&mem_cli, "'embed' needs --embedder");
	if (o->background) {
		mem_embed_later(o, NULL);
		return ST_OK;
	}
	if (mem_open(o, MEMORY_NOCREATE, &m, e) < 0 ||
	    (lock = open_lock(&m, e)) < 0 ||
	    lock_take(lock, DEADLINE_NEVER, &cli_signal, e) < 0)
		return -1;
	r = embed_missing(&k, true, e);
	free(k.model);
	if (r < 0)
		return -1;
	if (o->format == MEM_NDJSON && mem_result("embed", k.done, e) < 0)
		return -1;
	return k.refused ? ST_NO : ST_OK;
}

/* In the background. */

/* Whether there is anything to do, and nobody who does it or just failed. */
static bool
is_due(const struct mem_options *o, const char *model, int *ret_lock)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	AUTO_FREE char *last = NULL;
	struct err ignored = ERR_INIT;
	int64_t upto = 0, waiting = 0;
	struct stat sb;

	if (mem_open(o, MEMORY_READONLY, &m, &ignored) < 0)
		return false;
	last = vector_last_model(&m);
	if (last && (!model || strcmp(last, model) == 0) &&
	    vector_upto(&m, last, &upto, &ignored) < 0)
		return false;
	if (store_get_int(m.store, "select 1 from note where n > ? limit 1",
	    STORE_ARGS(ARG_INT(upto)), &waiting, &ignored) <= 0)
		return false;
	*ret_lock = open_lock(&m, &ignored);
	return *ret_lock >= 0 && flock(*ret_lock, LOCK_EX | LOCK_NB) == 0 &&
	    fstat(*ret_lock, &sb) == 0 && (sb.st_size == 0 ||
	    sb.st_mtime + REST_SECONDS < time(NULL));
}

/* The new process: nobody waits for it or reads what it says. */
static _Noreturn void
run_alone(const struct mem_options *o, int lock)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	struct embedding k = { .o = o, .m = &m };
	struct err e = ERR_INIT, ignored = ERR_INIT;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	/* nobody shall wait for the end of what we inherited */
	if (lock > 3)
		close_range(3, (unsigned)lock - 1, 0);
	close_range((unsigned)lock + 1, ~0U, 0);
	if (ftruncate(lock, 0) == 0 &&
	    (mem_open(o, MEMORY_NOCREATE, &m, &e) < 0 ||
	    embed_missing(&k, false, &e) < 0))
		fd_write(lock, e.text, strlen(e.text), &ignored);
	memory_close(&m);
	_exit(0);
}

void
mem_embed_later(const struct mem_options *o, const char *model)
{
	int lock = -1;
	pid_t pid;

	if (mem_embedder(o) && is_due(o, model, &lock)) {
		pid = fork();
		if (pid == 0)
			run_alone(o, lock);
		if (pid < 0)
			err_warn("no process to embed in the background");
	}
	if (lock >= 0)
		close(lock);
}
