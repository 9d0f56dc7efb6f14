/* batch-resume: the file of results that lets a killed batch go on. */
#include "config.h"

#include "batch-resume.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "alloc.h"
#include "fd.h"
#include "ndjson.h"
#include "record.h"

/* Where in the file the result with a key is; the key's own digits. */
struct place {
	uint64_t key[2];
	off_t at;
	uint32_t len;		/* 0: no such */
};

struct batch_resume {
	char *path;
	int fd;
	struct place *places;	/* open addressing; size is a power of two */
	size_t count, size;
};

void
batch_key(const char *id, const char *model, const jv *request,
    char out[SHA256_HEX_LEN + 1])
{
	AUTO_FREE char *text = json_text(request);
	struct sha256 s;

	sha256_init(&s);
	if (id)
		sha256_add(&s, id, strlen(id));
	sha256_add(&s, "", 1);
	sha256_add(&s, model, strlen(model) + 1);
	sha256_add(&s, text, strlen(text));
	sha256_end_hex(&s, out);
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The first 128 bits of a key; false when it is none. */
static bool
read_key(const char *text, uint64_t key[2])
{
	if (!text || strlen(text) != SHA256_HEX_LEN)
		return false;
	key[0] = key[1] = 0;
	for (int i = 0; i < 32; i++) {
		int digit = hex(text[i]);
		if (digit < 0)
			return false;
		key[i / 16] = key[i / 16] << 4 | (uint64_t)digit;
	}
	return true;
}

static struct place *
find(struct place *places, size_t size, const uint64_t key[2])
{
	size_t i = (size_t)key[0] & (size - 1);

	while (places[i].len > 0 && (places[i].key[0] != key[0] ||
	    places[i].key[1] != key[1]))
		i = (i + 1) & (size - 1);
	return &places[i];
}

static void
grow(struct batch_resume *r)
{
	size_t size = r->size ? 2 * r->size : 1024;
	struct place *bigger = xcalloc(size, sizeof(*bigger));

	for (size_t i = 0; i < r->size; i++)
		if (r->places[i].len > 0)
			*find(bigger, size, r->places[i].key) = r->places[i];
	free(r->places);
	r->places = bigger;
	r->size = size;
}

static void
note(struct batch_resume *r, const jv *record, off_t at, size_t len)
{
	const char *type = json_str(record, "type");
	AUTO_JV jv data = json_get(record, "data");
	uint64_t key[2];
	int64_t status;
	struct place *p;

	if (!type || strcmp(type, RECORD_RESULT) != 0 ||
	    !json_int(&data, "status", &status) || status != ST_OK ||
	    !read_key(json_str(&data, "key"), key))
		return;
	if (2 * r->count >= r->size)
		grow(r);
	p = find(r->places, r->size, key);
	r->count += p->len == 0;
	*p = (struct place){ { key[0], key[1] }, at, (uint32_t)len };
}

/* Reads all lines; cuts off a last one that has no newline. */
static int
load(struct batch_resume *r, struct err *e)
{
	struct ndjson_reader in;
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;
	off_t at = 0, torn = 0;

	/* every byte counts here, so lines are measured by the reader's own
	 * raw mode and parsed one by one */
	ndjson_init(&in, r->fd, NDJSON_LINE_MAX);
	in.raw = true;
	while ((got = ndjson_next(&in, &line, e)) != NDJSON_EOF) {
		struct err bad = ERR_INIT;
		AUTO_JV jv v = JSON_NONE;
		if (got == NDJSON_FAIL)
			break;
		if (line.torn)
			torn = (off_t)line.len;
		if (got == NDJSON_BAD || line.torn)
			continue;
		at = lseek(r->fd, 0, SEEK_CUR) -
		    (off_t)(in.in.len - in.start) - (off_t)line.len - 1;
		if (json_parse(line.text, line.len, &v, &bad) == 0)
			note(r, &v, at, line.len);
	}
	if (got == NDJSON_EOF && torn > 0 &&
	    ftruncate(r->fd, lseek(r->fd, 0, SEEK_END) - torn) < 0)
		err_sys(e, ST_IO, "cannot mend '%s'", r->path);
	ndjson_line_release(&line);
	ndjson_release(&in);
	return e->status == ST_OK ? 0 : -1;
}

struct batch_resume *
batch_resume_open(const char *path, struct err *e)
{
	struct batch_resume *r = xcalloc(1, sizeof(*r));
	struct stat st;

	r->path = xstrdup(path);
	r->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (r->fd < 0)
		err_sys(e, ST_CANTCREATE, "cannot open '%s'", path);
	else if (fstat(r->fd, &st) < 0 || !S_ISREG(st.st_mode))
		err_set(e, ST_CANTCREATE, "'%s' is no regular file", path);
	else if (flock(r->fd, LOCK_EX | LOCK_NB) < 0)
		err_set(e, ST_TEMPFAIL, "'%s' is in use by another batch",
		    path);
	else
		load(r, e);
	if (e->status == ST_OK)
		return r;
	batch_resume_close(r);
	return NULL;
}

void
batch_resume_close(struct batch_resume *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	free(r->places);
	free(r->path);
	free(r);
}

int
batch_resume_find(struct batch_resume *r, const char *key, struct buf *line,
    struct err *e)
{
	uint64_t k[2];
	const struct place *p;

	if (r->size == 0 || !read_key(key, k))
		return 0;
	p = find(r->places, r->size, k);
	if (p->len == 0)
		return 0;
	buf_reserve(line, p->len);
	if (pread(r->fd, line->data + line->len, p->len, p->at) !=
	    (ssize_t)p->len)
		return err_sys(e, ST_IO, "cannot read '%s'", r->path);
	line->len += p->len;
	line->data[line->len] = '\0';
	return 1;
}

int
batch_resume_add(struct batch_resume *r, const char *line, size_t len,
    struct err *e)
{
	if (fd_write(r->fd, line, len, e) < 0)
		return err_prefix(e, "'%s'", r->path);
	return 0;
}
