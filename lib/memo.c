/* memo: answers kept on disk, found again by a digest of what was asked. */
#include "config.h"

#include "memo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "alloc.h"
#include "env.h"
#include "num.h"
#include "path.h"

enum { FILE_MAX = 64 << 20, CLAIM_DIGITS = 15 };

static const int64_t usual_size = INT64_C(1) << 30;
static const int64_t tidy_every = 3600 * CLOCK_SEC;
static const char tidied[] = ".tidied", claimed[] = ".claims";

struct memo {
	char *dir;
	struct memo_rule rule;
	int64_t opened;		/* wall clock, ns */
	int claims;		/* the file; -1: none can be had */
	bool added;
};

int
memo_rule_read(const char *text, struct memo_rule *ret)
{
	struct memo_rule r = { .age = MEMO_AGE };

	if (strcmp(text, "only") == 0)
		r.only = true;
	else if (strcmp(text, "renew") == 0)
		r.renew = true;
	else if (*text && strcmp(text, "yes") != 0 &&
	    num_parse_duration(text, &r.age) < 0)
		return -1;
	*ret = r;
	return 0;
}

static char *
place(struct err *e)
{
	AUTO_FREE char *cache = env_xdg_cache();

	if (cache)
		return path_join(cache, "answers");
	err_set(e, ST_CANTCREATE, "no home: no place for the cache");
	return NULL;
}

struct memo *
memo_open(const struct memo_rule *rule, struct err *e)
{
	AUTO_FREE char *dir = place(e);
	AUTO_FREE char *claims = NULL;
	struct memo *m;

	if (!dir || path_mkdirs(dir, 0700, e) < 0)
		return NULL;
	claims = path_join(dir, claimed);
	m = xcalloc(1, sizeof(*m));
	*m = (struct memo){ .dir = STEAL(dir), .rule = *rule,
	    .opened = clock_wall(), .claims = open(claims,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600) };
	return m;
}

const struct memo_rule *
memo_rule(const struct memo *m)
{
	return &m->rule;
}

static char *
file_of(const struct memo *m, const char *key)
{
	return xasprintf("%s/%.2s/%s", m->dir, key, key + 2);
}

static int64_t
ns_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * CLOCK_SEC + t->tv_nsec;
}

jv
memo_find(struct memo *m, const char key[SHA256_HEX_LEN + 1])
{
	static const struct timespec used[2] = {
		{ .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_OMIT }
	};
	AUTO_FREE char *file = file_of(m, key);
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_JV jv kept = JSON_NONE;
	struct err ignored = ERR_INIT;
	const char *is;
	struct stat st;

	if (stat(file, &st) < 0 ||
	    (m->rule.renew && ns_of(&st.st_mtim) < m->opened) ||
	    clock_wall() - ns_of(&st.st_mtim) > m->rule.age ||
	    path_read(file, FILE_MAX, &text, &ignored) < 0 ||
	    json_parse(text.data ? text.data : "", text.len, &kept,
	    &ignored) < 0)
		return JSON_NONE;
	is = json_str(&kept, "key");
	if (!is || strcmp(is, key) != 0)
		return JSON_NONE;
	/* the time of reading says what may go first; mounts may not keep it */
	(void)utimensat(AT_FDCWD, file, used, 0);
	return json_get(&kept, "value");
}

int
memo_put(struct memo *m, const char key[SHA256_HEX_LEN + 1], const jv *value,
    struct err *e)
{
	AUTO_FREE char *file = file_of(m, key);
	AUTO_FREE char *dir = path_dirname(file);
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_JV jv kept = json_object();

	json_set_str(&kept, "key", key);
	json_set(&kept, "value", json_copy(value));
	json_write(&kept, &text);
	buf_addc(&text, '\n');
	if (text.len > FILE_MAX)
		return 0;
	m->added = true;
	return path_mkdirs(dir, 0700, e) < 0 ? -1 :
	    path_replace(file, text.data, text.len, 0600, e);
}

/* Locks or unlocks the byte of a key; digests are not that many that two
 * would meet, and if they did, one would wait for the other. */
static int
set_claim(const struct memo *m, const char *key, short type)
{
	struct flock byte = { .l_type = type, .l_whence = SEEK_SET,
	    .l_len = 1 };

	for (int i = 0; i < CLAIM_DIGITS; i++) {
		char c = key[i];
		byte.l_start = byte.l_start << 4 |
		    (c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return fcntl(m->claims, F_OFD_SETLK, &byte);
}

int
memo_claim(struct memo *m, const char key[SHA256_HEX_LEN + 1])
{
	return m->claims < 0 || set_claim(m, key, F_WRLCK) == 0 ||
	    (errno != EAGAIN && errno != EACCES);
}

void
memo_yield(struct memo *m, const char key[SHA256_HEX_LEN + 1])
{
	if (m->claims >= 0)
		(void)set_claim(m, key, F_UNLCK);
}

/* Tidying up. */

struct kept {
	char *path;
	int64_t made, used, size;
};

struct all {
	struct kept *v;
	size_t n, cap;
	int64_t size;
};

static void
free_all(struct all *all)
{
	for (size_t i = 0; i < all->n; i++)
		free(all->v[i].path);
	free(all->v);
}

static void
add_kept(struct all *all, char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode)) {
		free(path);
		return;
	}
	GROW(all->v, all->n, all->cap);
	all->v[all->n++] = (struct kept){
		.path = path, .made = ns_of(&st.st_mtim),
		.used = ns_of(&st.st_atim), .size = (int64_t)st.st_blocks * 512
	};
	all->size += (int64_t)st.st_blocks * 512;
}

/* What is in the directories below `dir`: nothing else was ever made here. */
static void
list(const char *dir, int depth, struct all *all)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	if (!d)
		return;
	while ((entry = readdir(d))) {
		char *path = path_join(dir, entry->d_name);
		bool hidden = entry->d_name[0] == '.';
		if (depth == 1 && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0) {
			add_kept(all, path);
			continue;
		}
		if (depth == 0 && !hidden)
			list(path, 1, all);
		free(path);
	}
	closedir(d);
}

static int
by_use(const void *a, const void *b)
{
	const struct kept *x = a, *y = b;

	return x->used < y->used ? -1 : x->used > y->used;
}

static int64_t
size_bound(void)
{
	const char *text = env_get("AGENT_CACHE_SIZE");
	int64_t size;

	return text && num_parse_size(text, &size) == 0 ? size : usual_size;
}

static void
tidy(struct memo *m)
{
	int64_t now = clock_wall(), bound = size_bound();
	struct all all = { 0 };

	list(m->dir, 0, &all);
	if (all.n > 0)
		qsort(all.v, all.n, sizeof(*all.v), by_use);
	for (size_t i = 0; i < all.n; i++) {
		const struct kept *k = &all.v[i];
		if ((all.size > bound || now - k->made > MEMO_AGE) &&
		    unlink(k->path) == 0)
			all.size -= k->size;
	}
	free_all(&all);
}

static bool
tidy_due(const char *stamp)
{
	struct stat st;

	return stat(stamp, &st) < 0 ||
	    clock_wall() - ns_of(&st.st_mtim) > tidy_every;
}

void
memo_close(struct memo *m)
{
	struct err ignored = ERR_INIT;
	AUTO_FREE char *stamp = NULL;

	if (!m)
		return;
	stamp = path_join(m->dir, tidied);
	/* the stamp first: of many that end at once, one does it */
	if (m->added && tidy_due(stamp) &&
	    path_replace(stamp, "", 0, 0600, &ignored) == 0)
		tidy(m);
	if (m->claims >= 0)
		close(m->claims);
	free(m->dir);
	free(m);
}

int64_t
memo_clear(struct err *e)
{
	AUTO_FREE char *dir = place(e);
	struct all all = { 0 };
	int64_t n = 0;

	if (!dir)
		return -1;
	list(dir, 0, &all);
	for (size_t i = 0; i < all.n && n >= 0; i++) {
		if (unlink(all.v[i].path) == 0)
			n++;
		else if (errno != ENOENT)
			n = err_sys(e, ST_IO, "cannot remove '%s'",
			    all.v[i].path);
	}
	free_all(&all);
	return n;
}
