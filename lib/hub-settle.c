/* hub-settle: what becomes of a lease; looking at boxes; cleaning up. */
#include "config.h"

#include "hub-sqlite.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "bell.h"
#include "num.h"
#include "path.h"
#include "ulid.h"

/* "ID.N" or "ID"; n is 0 for the latter. */
static int
parse_lease(const char *lease, char id[ULID_LEN + 1], int64_t *n,
    struct err *e)
{
	size_t len = strcspn(lease, ".");

	*n = 0;
	snprintf(id, ULID_LEN + 1, "%.*s", ULID_LEN, lease);
	if (len != ULID_LEN || !ulid_valid(id) || (lease[len] == '.' &&
	    num_parse_int(lease + len + 1, 1, INT32_MAX, n) < 0))
		return err_set(e, ST_USAGE,
		    "'%s' is not the id of a delivery", lease);
	return 0;
}

struct found {
	int64_t seq, tries, max_tries;
	int state;
	bool owned;
	char box[HUB_BOX_MAX];
};

/* 1, 0 when there is no such message, -1. */
static int
find(struct hub_sqlite *h, const char *id, const char *box,
    struct found *ret, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(h->s, "select m.seq, m.tries, m.max_tries, m.state,"
	    " m.owner is not null, b.name from message m join box b"
	    " using (box) where m.id = ?", STORE_ARGS(ARG_STR(id)), &q, e) < 0)
		return -1;
	if ((r = store_step(q, e)) <= 0)
		return r;
	ret->seq = store_col_int(q, 0);
	ret->tries = store_col_int(q, 1);
	ret->max_tries = store_col_int(q, 2);
	ret->state = (int)store_col_int(q, 3);
	ret->owned = store_col_int(q, 4) != 0;
	snprintf(ret->box, sizeof(ret->box), "%s", store_col_str(q, 5));
	/* another's box is as good as no message */
	return !box || strcmp(box, ret->box) == 0;
}

/* Whether the lease is the current one; `e` says why it is not. */
static bool
current(const struct found *f, const char *lease, int64_t n, struct err *e)
{
	if (n > 0 && n != f->tries)
		err_set(e, ST_NO, "'%s' is not yours any more: it was "
		    "delivered again (%lld)", lease, (long long)f->tries);
	else if (f->state == MSG_DONE)
		err_set(e, ST_NO, "'%s' was acknowledged before", lease);
	else if (f->state == MSG_DEAD)
		err_set(e, ST_NO, "'%s' is among the dead letters", lease);
	else if (f->state != MSG_LEASED || !f->owned)
		err_set(e, ST_NO, "'%s' is not yours any more: its lease ran "
		    "out", lease);
	else
		return true;
	return false;
}

static int
apply(struct hub_sqlite *h, const struct found *f, enum hub_verdict v,
    int64_t pause_ms, const char *why, struct err *e)
{
	int64_t until = hub_boot_ms() + pause_ms;
	int64_t r;

	if (v == HUB_NAK && f->tries >= f->max_tries)
		v = HUB_DEAD;
	switch (v) {
	case HUB_ACK:
		r = store_run(h->s, "update message set state = 4,"
		    " owner = null, until = null, done = ? where seq = ?",
		    STORE_ARGS(ARG_INT(hub_wall_ms()), ARG_INT(f->seq)), e);
		break;
	case HUB_EXTEND:
		r = store_run(h->s, "update message set until = ?"
		    " where seq = ?", STORE_ARGS(ARG_INT(until),
		    ARG_INT(f->seq)), e);
		break;
	case HUB_DEAD:
		r = store_run(h->s, "update message set state = 3,"
		    " owner = null, until = null, error = coalesce(?, error)"
		    " where seq = ?", STORE_ARGS(ARG_STR(why),
		    ARG_INT(f->seq)), e);
		break;
	case HUB_RETURN:
		r = store_run(h->s, "update message set state = 0,"
		    " owner = null, until = null, tries = tries - 1"
		    " where seq = ?", STORE_ARGS(ARG_INT(f->seq)), e);
		break;
	case HUB_NAK:
	default:
		/* leased by nobody for as long as the pause */
		r = store_run(h->s, "update message set state = iif(?1, 1, 0),"
		    " owner = null, until = iif(?1, ?2, null),"
		    " error = coalesce(?3, error) where seq = ?4",
		    STORE_ARGS(ARG_INT(pause_ms > 0), ARG_INT(until),
		    ARG_STR(why), ARG_INT(f->seq)), e);
		break;
	}
	return r < 0 ? -1 : 0;
}

/* 1 settled, in which case the box is in `*f`; 0; -1. */
static int
settle_now(struct hub_sqlite *h, const char *box, const char *lease,
    enum hub_verdict v, int64_t pause_ns, const char *why, struct found *f,
    struct err *e)
{
	AUTO_ROLLBACK struct store *tx = h->s;
	char id[ULID_LEN + 1];
	int64_t n;
	int r;

	if (parse_lease(lease, id, &n, e) < 0 || store_begin(h->s, e) < 0 ||
	    (r = find(h, id, box, f, e)) < 0)
		return -1;
	if (r == 0) {
		err_set(e, ST_NO, "there is no message '%s'", lease);
		return 0;
	}
	/* said twice, after a crash between the saying and the hearing */
	if (v == HUB_ACK && f->state == MSG_DONE && (n == 0 || n == f->tries))
		return 1;
	if (!current(f, lease, n, e))
		return 0;
	return apply(h, f, v, pause_ns / CLOCK_MS, why, e) < 0 ||
	    store_commit(h->s, e) < 0 ? -1 : 1;
}

int
hub_sqlite_settle(struct hub *hub, const char *box, const char *lease,
    enum hub_verdict v, int64_t pause_ns, const char *why, struct err *e)
{
	struct hub_sqlite *h = hub_sqlite(hub);
	struct err ignored = ERR_INIT;
	struct found f;
	int r;

	/* a longer lease need not survive a power cut */
	if (v == HUB_EXTEND && store_set_sync(h->s, STORE_NORMAL, e) < 0)
		return -1;
	r = settle_now(h, box, lease, v, pause_ns, why, &f, e);
	if (v == HUB_EXTEND)
		(void)store_set_sync(h->s, STORE_FULL, &ignored);
	else if (r > 0)
		hub_ring(h, f.box);
	store_tidy(h->s);
	return r;
}

int
hub_sqlite_again(struct hub *hub, const char *box, const char *id,
    struct err *e)
{
	struct hub_sqlite *h = hub_sqlite(hub);
	AUTO_ROLLBACK struct store *tx = h->s;
	struct found f;
	int r;

	if (store_begin(h->s, e) < 0 || (r = find(h, id, box, &f, e)) < 0)
		return -1;
	if (r == 0 || f.state != MSG_DEAD) {
		err_set(e, ST_NO, "'%s' is not among the dead letters", id);
		return 0;
	}
	/* it lived too long once: it may live for ever now */
	if (store_run(h->s, "update message set state = 0, tries = 0,"
	    " expires = null where seq = ?", STORE_ARGS(ARG_INT(f.seq)),
	    e) < 0 || store_commit(h->s, e) < 0)
		return -1;
	hub_ring(h, f.box);
	return 1;
}

#define ITEM \
	"select m.id, b.name, case m.state when 0 then 'ready' when 1 then" \
	" iif(m.owner is null, 'paused', 'leased') when 2 then 'later'" \
	" when 3 then 'dead' else 'done' end, m.source, m.priority, m.tries," \
	" m.error, m.at, m.record, m.corr from message m join box b" \
	" using (box) "

static jv
item(struct store_stmt *q)
{
	jv o = json_object();
	struct err ignored = ERR_INIT;
	const char *text;
	AUTO_JV jv record = JSON_NONE;
	size_t len;

	json_set_str(&o, "id", store_col_str(q, 0));
	json_set_str(&o, "box", store_col_str(q, 1));
	json_set_str(&o, "state", store_col_str(q, 2));
	json_set_str(&o, "source", store_col_str(q, 3));
	json_set_int(&o, "priority", store_col_int(q, 4));
	json_set_int(&o, "tries", store_col_int(q, 5));
	if (!store_col_null(q, 6))
		json_set_str(&o, "error", store_col_str(q, 6));
	if (!store_col_null(q, 7)) {
		char at[TIMESTAMP_LEN + 1];

		timestamp_format(store_col_int(q, 7) * CLOCK_MS, at);
		json_set_str(&o, "due", at);
	}
	text = store_col_bytes(q, 8, &len);
	if (json_parse(text, len, &record, &ignored) == 0)
		json_set(&o, "record", json_copy(&record));
	if (!store_col_null(q, 9))
		json_set_str(&o, "corr", store_col_str(q, 9));
	return o;
}

/*
 * Those of one state.  The state stands in the text so that the partial
 * indexes are used: what is done with may be a million times as much.
 * 0, 1 when `fn` has seen enough, -1.
 */
static int
list_state(struct hub_sqlite *h, const char *box, int state, hub_fn fn,
    void *arg, struct err *e)
{
	AUTO_FREE char *sql = xasprintf(ITEM "where m.state = %d and %s"
	    " order by m.rank, m.seq", state, box ?
	    "m.box = (select box from box where name = ?)" : "?1 is null");
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(h->s, sql, STORE_ARGS(ARG_STR(box)), &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		AUTO_JV jv o = item(q);

		if (fn(&o, arg) != 0)
			return 1;
	}
	return r;
}

int
hub_sqlite_list(struct hub *hub, const char *box, const char *state,
    hub_fn fn, void *arg, struct err *e)
{
	static const char *const names[] = {
		"ready", "leased", "later", "dead", "done"
	};
	int r = 0;

	for (int i = 0; i <= MSG_DONE && r == 0; i++)
		if (state ? strcmp(state, names[i]) == 0 : i < MSG_DONE)
			r = list_state(hub_sqlite(hub), box, i, fn, arg, e);
	return r < 0 ? -1 : 0;
}

int
hub_sqlite_get(struct hub *hub, const char *id, jv *ret, struct err *e)
{
	struct hub_sqlite *h = hub_sqlite(hub);
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(h->s, ITEM "where m.id = ?", STORE_ARGS(ARG_STR(id)),
	    &q, e) < 0 || (r = store_step(q, e)) < 0)
		return -1;
	if (r > 0)
		*ret = item(q);
	return r;
}

#define COUNT(what) \
	" (select count(*) from message m where m.box = b.box and m." what "),"

int
hub_sqlite_boxes(struct hub *hub, hub_fn fn, void *arg, struct err *e)
{
	static const char *const names[] = {
		"ready", "leased", "paused", "later", "dead", "max_leases"
	};
	struct hub_sqlite *h = hub_sqlite(hub);
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(h->s, "select b.name,"
	    COUNT("state = 0") COUNT("state = 1 and m.owner is not null")
	    COUNT("state = 1 and m.owner is null") COUNT("state = 2")
	    COUNT("state = 3") " b.max_leases from box b order by b.name",
	    NULL, &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		AUTO_JV jv o = json_object();

		json_set_str(&o, "box", store_col_str(q, 0));
		for (int i = 0; i < 6; i++)
			json_set_int(&o, names[i], store_col_int(q, i + 1));
		if (fn(&o, arg) != 0)
			return 0;
	}
	return r;
}

int
hub_sqlite_subscribe(struct hub *hub, const char *topic, const char *box,
    bool on, struct err *e)
{
	struct hub_sqlite *h = hub_sqlite(hub);

	return hub_write(h, STORE_FULL, on ?
	    "insert or ignore into topic values (?, ?)" :
	    "delete from topic where name = ? and box = ?",
	    STORE_ARGS(ARG_STR(topic), ARG_STR(box)), e) < 0 ? -1 : 0;
}

int
hub_sqlite_subscribers(struct hub *hub, const char *topic, jv *ret,
    struct err *e)
{
	struct hub_sqlite *h = hub_sqlite(hub);
	AUTO_STMT struct store_stmt *q = NULL;
	AUTO_JV jv boxes = json_array();
	int r;

	if (store_query(h->s, "select box from topic where name = ?"
	    " order by box", STORE_ARGS(ARG_STR(topic)), &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0)
		json_append(&boxes, json_from_str(store_col_str(q, 0)));
	if (r == 0)
		*ret = json_copy(&boxes);
	return r;
}

int
hub_sqlite_limit(struct hub *hub, const char *box, int n, struct err *e)
{
	struct hub_sqlite *h = hub_sqlite(hub);
	AUTO_ROLLBACK struct store *tx = h->s;
	int64_t row;

	if (store_begin(h->s, e) < 0 ||
	    hub_box_row(h, box, true, &row, e) < 0 ||
	    store_run(h->s, "update box set max_leases = ? where box = ?",
	    STORE_ARGS(ARG_INT(n), ARG_INT(row)), e) < 0 ||
	    store_commit(h->s, e) < 0)
		return -1;
	hub_ring(h, box);
	return 0;
}

/* Removes the files of those who are gone from one box's directory. */
static void
sweep(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *ent;

	while (d && (ent = readdir(d)))
		if (ulid_valid(ent->d_name))
			(void)bell_held(dir, ent->d_name);
	if (d)
		closedir(d);
}

static void
sweep_all(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *ent;

	while (d && (ent = readdir(d)))
		if (ent->d_name[0] != '.') {
			AUTO_FREE char *sub = path_join(dir, ent->d_name);
			sweep(sub);
		}
	if (d)
		closedir(d);
}

int64_t
hub_sqlite_gc(struct hub *hub, int64_t retention_ns, bool vacuum,
    struct err *e)
{
	struct hub_sqlite *h = hub_sqlite(hub);
	int64_t before = hub_wall_ms() - retention_ns / CLOCK_MS;
	int64_t total = 0, n;

	/* little by little: others get their turn between the pieces */
	do {
		n = hub_write(h, STORE_FULL, "delete from message "
		    "where seq in (select seq from message where state = 4 "
		    "and done <= ? limit 5000)",
		    STORE_ARGS(ARG_INT(before)), e);
		total += n;
	} while (n > 0);
	if (n < 0)
		return -1;
	n = hub_write(h, STORE_FULL, "delete from gate where state <> 'open'"
	    " and answered <= ?", STORE_ARGS(ARG_INT(before)), e);
	if (n < 0 || hub_write(h, STORE_FULL, "delete from remembered where"
	    " expires <= ?", STORE_ARGS(ARG_INT(hub_wall_ms())), e) < 0)
		return -1;
	sweep_all(h->dir);
	if (vacuum && store_vacuum(h->s, e) < 0)
		return -1;
	return total + n;
}

int
hub_sqlite_backup(struct hub *hub, const char *to, struct err *e)
{
	return store_backup(hub_sqlite(hub)->s, to, e);
}

int
hub_sqlite_check(struct hub *hub, void (*found)(void *arg, const char *what),
    void *arg, struct err *e)
{
	return store_check(hub_sqlite(hub)->s, found, arg, e);
}
