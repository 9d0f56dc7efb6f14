/* vector-file: the blocks of vectors of a memory in one file to map. */
#include "config.h"

#include "vector-file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "alloc.h"
#include "fd.h"
#include "path.h"

enum {
	LEAST = 64,			/* blocks, from which it is worth it */
	PIECE = 4 << 20			/* of a write */
};
#define DATA_AT ((size_t)2 << 20)

struct header {
	char magic[8];
	uint64_t version, model, pad, n, last_block, digest;
};

static const char magic[8] = "agentvec";

static char *
name_of(struct memory *m, int64_t model)
{
	return xasprintf("%s-vec.%lld", store_path(m->store),
	    (long long)model);
}

static size_t
size_of(size_t n, size_t pad)
{
	return DATA_AT + n * (pad + sizeof(float) + sizeof(int64_t));
}

/* Of the last block: a database that was replaced has another there. */
static int
digest_of(struct memory *m, int64_t block, uint64_t *ret, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	uint64_t h = 14695981039346656037u;
	const unsigned char *p;
	size_t len;
	int r;

	if (store_query(m->store, "select rows, substr(data, 1, 4096) from "
	    "vector_block where id = ?", STORE_ARGS(ARG_INT(block)), &q,
	    e) < 0)
		return -1;
	r = store_step(q, e);
	if (r <= 0)
		return r;
	for (int col = 0; col < 2; col++) {
		p = store_col_bytes(q, col, &len);
		for (size_t i = 0; i < len; i++)
			h = (h ^ p[i]) * 1099511628211u;
	}
	*ret = h;
	return 1;
}

static bool
fits(struct memory *m, int64_t model, size_t pad, const struct header *h,
    size_t size)
{
	struct err ignored = ERR_INIT;
	uint64_t digest = 0;

	return memcmp(h->magic, magic, sizeof(magic)) == 0 &&
	    h->version == 1 && h->model == (uint64_t)model && h->pad == pad &&
	    h->n < SIZE_MAX / 2 / (pad + 16) &&
	    size == size_of((size_t)h->n, pad) &&
	    digest_of(m, (int64_t)h->last_block, &digest, &ignored) > 0 &&
	    digest == h->digest;
}

static bool
read_header(int fd, struct header *ret, size_t *ret_size)
{
	struct stat sb;

	if (fstat(fd, &sb) < 0 || !S_ISREG(sb.st_mode))
		return false;
	*ret_size = (size_t)sb.st_size;
	return pread(fd, ret, sizeof(*ret), 0) == sizeof(*ret);
}

bool
vector_file_open(struct memory *m, int64_t model, size_t pad,
    struct vector_file *ret)
{
	AUTO_FREE char *name = name_of(m, model);
	AUTO_FD int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	struct header h;
	struct vector_file f = { .pad = pad };

	if (fd < 0 || !read_header(fd, &h, &f.size) ||
	    !fits(m, model, pad, &h, f.size))
		return false;
	f.map = mmap(NULL, f.size, PROT_READ, MAP_SHARED, fd, 0);
	if (f.map == MAP_FAILED)
		return false;
	f.n = (size_t)h.n;
	f.last_block = (int64_t)h.last_block;
	f.data = (const int8_t *)f.map + DATA_AT;
	f.scale = (const float *)(const void *)(f.data + f.n * pad);
	f.row = (const int64_t *)(const void *)(f.scale + f.n);
	*ret = f;
	return true;
}

void
vector_file_close(struct vector_file *f)
{
	if (f->map)
		munmap(f->map, f->size);
	*f = (struct vector_file){ 0 };
}

/* Three streams into one file, each in large pieces. */
struct stream {
	struct buf buf;
	off_t at;
};

static int
put(int fd, struct stream *s, const void *data, size_t len, bool end,
    const char *name, struct err *e)
{
	size_t done = 0;

	if (len)
		buf_add(&s->buf, data, len);
	if (s->buf.len < PIECE && !end)
		return 0;
	while (done < s->buf.len) {
		ssize_t n = pwrite(fd, s->buf.data + done, s->buf.len - done,
		    s->at);
		if (n <= 0)
			return err_sys(e, ST_IO, "cannot write '%s'", name);
		done += (size_t)n;
		s->at += n;
	}
	buf_reset(&s->buf);
	return 0;
}

enum { DATA, SCALE, ROW, STREAMS };

static int
copy_blocks(struct memory *m, struct header *h, int fd, const char *name,
    struct stream s[STREAMS], struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	uint64_t n = 0;
	int r;

	if (store_query(m->store, "select id, count, rows, data from "
	    "vector_block where model = ? order by id",
	    STORE_ARGS(ARG_INT((int64_t)h->model)), &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		size_t count = (size_t)store_col_int(q, 1), a, b;
		const char *rows = store_col_bytes(q, 2, &a);
		const char *data = store_col_bytes(q, 3, &b);
		const char *v = data + VECTOR_BLOCK * sizeof(float);
		if (count > VECTOR_BLOCK || a != count * sizeof(int64_t) ||
		    b != VECTOR_BLOCK * sizeof(float) + count * h->pad ||
		    n + count > h->n)
			return err_set(e, ST_DATA, "'%s': a block of vectors "
			    "is damaged", store_path(m->store));
		if (put(fd, &s[DATA], v, count * h->pad, false, name, e) < 0 ||
		    put(fd, &s[SCALE], data, count * sizeof(float), false,
		    name, e) < 0 ||
		    put(fd, &s[ROW], rows, a, false, name, e) < 0)
			return -1;
		n += count;
	}
	if (r == 0 && n != h->n)
		return err_set(e, ST_DATA, "'%s': vectors are missing",
		    store_path(m->store));
	return r;
}

static int
write_all(struct memory *m, struct header *h, int fd, const char *name,
    struct err *e)
{
	struct stream s[STREAMS] = {
		[DATA] = { .at = (off_t)DATA_AT },
		[SCALE] = { .at = (off_t)(DATA_AT + h->n * h->pad) },
		[ROW] = { .at = (off_t)(DATA_AT + h->n * (h->pad +
		    sizeof(float))) }
	};
	int r = copy_blocks(m, h, fd, name, s, e);

	for (int i = 0; i < STREAMS; i++) {
		if (r == 0)
			r = put(fd, &s[i], NULL, 0, true, name, e);
		buf_release(&s[i].buf);
	}
	/* the header last: without it the file is none */
	if (r == 0 && (pwrite(fd, h, sizeof(*h), 0) != sizeof(*h) ||
	    fsync(fd) < 0))
		r = err_sys(e, ST_IO, "cannot write '%s'", name);
	return r;
}

static int
write_file(struct memory *m, struct header *h, struct err *e)
{
	AUTO_FREE char *name = name_of(m, (int64_t)h->model);
	AUTO_FREE char *tmp = xasprintf("%s.tmp.%ld", name, (long)getpid());
	AUTO_FD int fd = -1;

	unlink(tmp);
	fd = open(tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'", tmp);
	if (write_all(m, h, fd, name, e) < 0) {
		unlink(tmp);
		return -1;
	}
	if (rename(tmp, name) < 0) {
		err_sys(e, ST_IO, "cannot rename '%s'", tmp);
		unlink(tmp);
		return -1;
	}
	return path_sync_dir(name, e);
}

/* How many vectors the file has now; 0 when there is none that fits. */
static size_t
covered(struct memory *m, int64_t model, size_t pad)
{
	struct vector_file f = { 0 };
	size_t n = 0;

	if (vector_file_open(m, model, pad, &f))
		n = f.n;
	vector_file_close(&f);
	return n;
}

int
vector_file_update(struct memory *m, int64_t model, size_t pad,
    struct err *e)
{
	AUTO_ROLLBACK struct store *view = m->store;
	struct header h = { .version = 1, .model = (uint64_t)model,
		.pad = pad };
	int64_t n = 0, last = 0;

	memcpy(h.magic, magic, sizeof(magic));
	if (store_begin_read(m->store, e) < 0 || store_get_int(m->store,
	    "select sum(count) from vector_block where model = ?",
	    STORE_ARGS(ARG_INT(model)), &n, e) < 0 ||
	    store_get_int(m->store, "select max(id) from vector_block where "
	    "model = ?", STORE_ARGS(ARG_INT(model)), &last, e) < 0)
		return -1;
	/* up to a twentieth may be missing */
	if (n < LEAST * VECTOR_BLOCK ||
	    covered(m, model, pad) + (size_t)n / 20 >= (size_t)n)
		return 0;
	h.n = (uint64_t)n;
	h.last_block = (uint64_t)last;
	if (digest_of(m, last, &h.digest, e) < 0)
		return -1;
	return write_file(m, &h, e);
}
