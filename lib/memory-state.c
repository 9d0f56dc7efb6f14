/* memory-state: key-values, lists and states of a memory. */
#include "config.h"

#include "memory-state.h"

#include "alloc.h"
#include "num.h"

static int
check_key(const char *key, struct err *e)
{
	size_t n = strlen(key);

	if (n == 0 || n > KEY_MAX)
		return err_set(e, ST_DATA, "a key has 1 to %d bytes", KEY_MAX);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)key[i] < ' ' || key[i] == 0x7F)
			return err_set(e, ST_DATA,
			    "a key has no control characters");
	return 0;
}

int
key_get(struct memory *m, const char *key, char **ret, struct err *e)
{
	return store_get_str(m->store, "select value from key where key = ? "
	    "and (expires is null or expires > ?)", STORE_ARGS(ARG_STR(key),
	    ARG_INT(memory_now())), ret, e);
}

int
key_set(struct memory *m, const char *key, const char *value,
    int64_t expires, struct err *e)
{
	AUTO_FREE char *old = NULL;
	struct store_arg until = ARG_INT(expires);

	if (!expires)
		until.kind = STORE_NULL;
	if (check_key(key, e) < 0 || key_get(m, key, &old, e) < 0 ||
	    memory_log(m, "set", key, 0, 0, old, e) < 0)
		return -1;
	return store_run(m->store, "insert into key (key, value, version, "
	    "time, expires, author) values (?1, ?2, 1, ?3, ?4, ?5) "
	    "on conflict (key) do update set value = ?2, "
	    "version = version + 1, time = ?3, expires = ?4, author = ?5",
	    STORE_ARGS(ARG_STR(key), ARG_STR(value), ARG_INT(memory_now()),
	    until, ARG_STR(m->author)), e) < 0 ? -1 : 0;
}

int
key_delete(struct memory *m, const char *key, struct err *e)
{
	AUTO_FREE char *old = NULL;
	int r = key_get(m, key, &old, e);

	if (r <= 0)
		return r;
	if (memory_log(m, "set", key, 0, 0, old, e) < 0 ||
	    store_run(m->store, "delete from key where key = ?",
	    STORE_ARGS(ARG_STR(key)), e) < 0)
		return -1;
	return 1;
}

int
key_swap(struct memory *m, const char *key, const char *old,
    const char *value, int64_t expires, struct err *e)
{
	AUTO_FREE char *now = NULL;
	int r = key_get(m, key, &now, e);

	if (r < 0)
		return -1;
	if (old ? !now || strcmp(now, old) != 0 : now != NULL)
		return 0;
	return key_set(m, key, value, expires, e) < 0 ? -1 : 1;
}

int
key_add(struct memory *m, const char *key, int64_t by, int64_t *ret,
    struct err *e)
{
	AUTO_FREE char *now = NULL, *text = NULL;
	int64_t n = 0, sum;

	if (key_get(m, key, &now, e) < 0)
		return -1;
	if (now && num_parse_int(now, INT64_MIN, INT64_MAX, &n) < 0)
		return err_set(e, ST_DATA, "'%s' is not a whole number", key);
	if (__builtin_add_overflow(n, by, &sum))
		return err_set(e, ST_DATA, "'%s' would become too large", key);
	text = xasprintf("%lld", (long long)sum);
	if (key_set(m, key, text, 0, e) < 0)
		return -1;
	*ret = sum;
	return 0;
}

int
list_push(struct memory *m, const char *key, const char *value,
    struct err *e)
{
	if (check_key(key, e) < 0)
		return -1;
	return store_run(m->store, "insert into item (key, seq, value, time) "
	    "values (?1, (select coalesce(max(seq), 0) + 1 from item where "
	    "key = ?1), ?2, ?3)", STORE_ARGS(ARG_STR(key), ARG_STR(value),
	    ARG_INT(memory_now())), e) < 0 ? -1 : 0;
}

int
list_pop(struct memory *m, const char *key, bool last, char **ret,
    struct err *e)
{
	int64_t seq = 0;
	int r = store_get_int(m->store, last ?
	    "select max(seq) from item where key = ?" :
	    "select min(seq) from item where key = ?",
	    STORE_ARGS(ARG_STR(key)), &seq, e);

	if (r <= 0)
		return r;
	if (store_get_str(m->store, "select value from item where key = ? and "
	    "seq = ?", STORE_ARGS(ARG_STR(key), ARG_INT(seq)), ret, e) < 0 ||
	    store_run(m->store, "delete from item where key = ? and seq = ?",
	    STORE_ARGS(ARG_STR(key), ARG_INT(seq)), e) < 0)
		return -1;
	return 1;
}

int
state_save(struct memory *m, const char *name, const void *data, size_t len,
    int64_t keep, int64_t *ret_version, struct err *e)
{
	int64_t version = 0;

	if (check_key(name, e) < 0 || store_get_int(m->store,
	    "select max(version) from state where name = ?",
	    STORE_ARGS(ARG_STR(name)), &version, e) < 0)
		return -1;
	version++;
	if (store_run(m->store, "insert into state (name, version, time, "
	    "author, size, data) values (?, ?, ?, ?, ?, ?)",
	    STORE_ARGS(ARG_STR(name), ARG_INT(version),
	    ARG_INT(memory_now()), ARG_STR(m->author), ARG_INT((int64_t)len),
	    ARG_BLOB(data, len)), e) < 0 ||
	    store_run(m->store, "delete from state where name = ? and "
	    "version <= ?", STORE_ARGS(ARG_STR(name),
	    ARG_INT(version - keep)), e) < 0)
		return -1;
	*ret_version = version;
	return 0;
}

int
state_load(struct memory *m, const char *name, int64_t version,
    struct buf *out, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	const void *data;
	size_t len;
	int r;

	if (store_query(m->store, "select data from state where name = ?1 and "
	    "(?2 = 0 or version = ?2) order by version desc limit 1",
	    STORE_ARGS(ARG_STR(name), ARG_INT(version)), &q, e) < 0)
		return -1;
	r = store_step(q, e);
	if (r <= 0)
		return r;
	data = store_col_bytes(q, 0, &len);
	buf_add(out, data, len);
	return 1;
}
