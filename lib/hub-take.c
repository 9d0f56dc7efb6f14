/*
 * hub-take: those who take from a box, and the leases that they hold.
 *
 * A lease is gone when its owner is: hub_owner_lives() asks the kernel.  That
 * is asked when a taker starts, and when the bell says that a holder went
 * away; between these times nobody looks.
 */
#include "config.h"

#include "hub-sqlite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"

/* Opening and closing. */

static int
become_owner(struct sqlite_taker *t, int64_t pid, struct err *e)
{
	if (pid < 0) {
		snprintf(t->owner, sizeof(t->owner), "t:");
		return 0;
	}
	if (pid > 0) {
		AUTO_FREE char *owner = hub_owner_of_pid(pid);

		if (!owner)
			return err_set(e, ST_USAGE, "there is no process %lld",
			    (long long)pid);
		snprintf(t->owner, sizeof(t->owner), "%s", owner);
		return 0;
	}
	if (bell_hold(t->dir, t->file, &t->fd, e) < 0)
		return -1;
	snprintf(t->owner, sizeof(t->owner), "f:%s", t->file);
	return 0;
}

int
hub_sqlite_taker_open(struct hub *hub, const struct hub_take *how,
    struct hub_taker **ret, struct err *e)
{
	struct sqlite_taker *t = xcalloc(1, sizeof(*t));

	t->taker.hub = hub;
	t->h = hub_sqlite(hub);
	t->box = xstrdup(how->box);
	t->dir = hub_box_dir(t->h, how->box);
	t->corr = how->corr ? xstrdup(how->corr) : NULL;
	t->lease_ms = (how->lease_ns ? how->lease_ns : HUB_LEASE) / CLOCK_MS;
	t->ack = how->ack;
	t->fd = t->timer = -1;
	t->bell = (struct bell)BELL_INIT;
	t->suspicious = true;
	if (become_owner(t, how->owner_pid, e) < 0) {
		hub_sqlite_taker_close(&t->taker);
		return -1;
	}
	*ret = &t->taker;
	return 0;
}

static void
forget_taken(struct sqlite_taker *t)
{
	for (size_t i = 0; i < t->ntaken; i++)
		free(t->taken[i]);
	t->ntaken = 0;
}

/*
 * What we still hold goes back as if we had never taken it.  Should that not
 * work, the lock file tells the others.
 */
static void
give_back(struct sqlite_taker *t)
{
	struct err ignored = ERR_INIT;
	AUTO_ROLLBACK struct store *tx = t->h->s;
	int64_t n = 0;

	if (t->row == 0 || store_get_int(t->h->s, "select 1 from message where"
	    " box = ? and state = 1 and owner = ? limit 1",
	    STORE_ARGS(ARG_INT(t->row), ARG_STR(t->owner)), &n,
	    &ignored) <= 0 || store_begin(t->h->s, &ignored) < 0)
		return;
	if (store_run(t->h->s, "update message set state = 0, owner = null,"
	    " until = null, tries = tries - 1"
	    " where box = ? and state = 1 and owner = ?",
	    STORE_ARGS(ARG_INT(t->row), ARG_STR(t->owner)), &ignored) < 0 ||
	    store_commit(t->h->s, &ignored) < 0)
		return;
	hub_ring(t->h, t->box);
}

void
hub_sqlite_taker_close(struct hub_taker *taker)
{
	struct sqlite_taker *t = sqlite_taker(taker);
	struct err ignored = ERR_INIT;

	if (t->file[0]) {
		give_back(t);
		if (t->awaits)
			(void)hub_write(t->h, STORE_NORMAL, "delete from"
			    " awaited where owner = ?",
			    STORE_ARGS(ARG_STR(t->owner)), &ignored);
		bell_drop(t->dir, t->file, t->fd);
	}
	bell_close(&t->bell);
	if (t->timer >= 0)
		close(t->timer);
	forget_taken(t);
	free(t->taken);
	free(t->box);
	free(t->dir);
	free(t->corr);
	free(t);
}

int
hub_sqlite_taker_fd(const struct hub_taker *t)
{
	return sqlite_taker(t)->fd;
}

int
hub_sqlite_held(struct hub_taker *taker, struct err *e)
{
	struct sqlite_taker *t = sqlite_taker(taker);
	int64_t n = 0;

	if (t->row != 0 && store_get_int(t->h->s, "select count(*) from"
	    " message where box = ? and state = 1 and owner = ?",
	    STORE_ARGS(ARG_INT(t->row), ARG_STR(t->owner)), &n, e) < 0)
		return -1;
	return (int)n;
}

int
hub_sqlite_await(struct hub_taker *taker, const char *id, struct err *e)
{
	struct sqlite_taker *t = sqlite_taker(taker);
	AUTO_ROLLBACK struct store *tx = t->h->s;

	t->awaits = true;
	if (store_begin(t->h->s, e) < 0 ||
	    hub_box_row(t->h, t->box, true, &t->row, e) < 0 ||
	    store_run(t->h->s, "insert or replace into awaited"
	    " values (?, ?, ?)", STORE_ARGS(ARG_STR(id), ARG_INT(t->row),
	    ARG_STR(t->owner)), e) < 0)
		return -1;
	return store_commit(t->h->s, e);
}

/* Leases that have ended. */

#define TAKE_BACK \
	"update message set state = iif(tries >= max_tries and" \
	" owner is not null, 3, 0), until = null, owner = null," \
	" error = iif(owner is null, error, ?1) where box = ?2 and state = 1"

static int
reclaim_owner(struct sqlite_taker *t, const char *owner, struct err *e)
{
	if (store_run(t->h->s, TAKE_BACK " and owner = ?3",
	    STORE_ARGS(ARG_STR("its process ended"), ARG_INT(t->row),
	    ARG_STR(owner)), e) < 0 ||
	    store_run(t->h->s, "delete from awaited where owner = ?",
	    STORE_ARGS(ARG_STR(owner)), e) < 0)
		return -1;
	return 0;
}

/* Inside a transaction: takes back what the dead hold. */
static int
reclaim_dead(struct sqlite_taker *t, struct err *e)
{
	AUTO_JV jv dead = json_array();
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(t->h->s, "select owner from message where box = ?1"
	    " and state = 1 and owner is not null union"
	    " select owner from awaited where box = ?1",
	    STORE_ARGS(ARG_INT(t->row)), &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		const char *owner = store_col_str(q, 0);

		if (strcmp(owner, t->owner) != 0 &&
		    !hub_owner_lives(t->dir, owner))
			json_append(&dead, json_from_str(owner));
	}
	for (size_t i = 0; r == 0 && i < json_count(&dead); i++) {
		AUTO_JV jv owner = json_at(&dead, i);
		r = reclaim_owner(t, json_string(&owner), e);
	}
	return r;
}

/*
 * Whether there may be something to do, told without queueing up to write:
 * 1, 0, -1.
 */
static int
worth_it(struct sqlite_taker *t, struct err *e)
{
	int64_t any = 0;
	int r = 1;

	if (t->row == 0)
		r = hub_box_row(t->h, t->box, false, &t->row, e);
	if (r == 0)
		t->suspicious = false;
	if (r <= 0 || t->ntaken > 0)
		return r;
	r = store_get_int(t->h->s, "select 1 where"
	    " exists (select 1 from message where box = ?1 and state = 0)"
	    " or exists (select 1 from message where box = ?1 and state = 1"
	    " and until <= ?2) or exists (select 1 from message where"
	    " box = ?1 and state = 2 and at <= ?3) or ?4 and ("
	    " exists (select 1 from message where box = ?1 and state = 1)"
	    " or exists (select 1 from awaited where box = ?1))",
	    STORE_ARGS(ARG_INT(t->row), ARG_INT(hub_boot_ms()),
	    ARG_INT(hub_wall_ms()), ARG_INT(t->suspicious)), &any, e);
	if (r == 0)
		t->suspicious = false;
	return r;
}

static int
make_ready(struct sqlite_taker *t, struct err *e)
{
	if (store_run(t->h->s, TAKE_BACK " and until <= ?3",
	    STORE_ARGS(ARG_STR("its lease ran out"), ARG_INT(t->row),
	    ARG_INT(hub_boot_ms())), e) < 0 ||
	    store_run(t->h->s, "update message set state = 0 where box = ?"
	    " and state = 2 and at <= ?", STORE_ARGS(ARG_INT(t->row),
	    ARG_INT(hub_wall_ms())), e) < 0)
		return -1;
	if (t->suspicious && reclaim_dead(t, e) < 0)
		return -1;
	t->suspicious = false;
	return 0;
}

/* Taking. */

/* What was handed out before is done; and a little of what is old goes. */
static int
acknowledge_taken(struct sqlite_taker *t, struct err *e)
{
	int64_t now = hub_wall_ms();

	if (t->ntaken == 0)
		return 0;
	for (size_t i = 0; i < t->ntaken; i++) {
		if (store_run(t->h->s, "update message set state = 4,"
		    " owner = null, until = null, done = ? where id = ?"
		    " and state = 1 and owner = ?", STORE_ARGS(ARG_INT(now),
		    ARG_STR(t->taken[i]), ARG_STR(t->owner)), e) < 0)
			return -1;
	}
	if (store_run(t->h->s, "delete from message where seq in (select seq"
	    " from message where state = 4 and done <= ? limit ?)",
	    STORE_ARGS(ARG_INT(now - HUB_RETENTION / CLOCK_MS),
	    ARG_INT(2 * (int64_t)t->ntaken)), e) < 0)
		return -1;
	return 0;
}

/* How many more leases a queue's limit allows; `max` without one. */
static int
within_limit(struct sqlite_taker *t, int max, struct err *e)
{
	int64_t limit = 0, held = 0;

	if (store_get_int(t->h->s, "select max_leases from box where box = ?",
	    STORE_ARGS(ARG_INT(t->row)), &limit, e) < 0)
		return -1;
	t->limited = limit > 0;
	if (!t->limited)
		return max;
	if (store_get_int(t->h->s, "select count(*) from message where"
	    " box = ? and state = 1 and owner is not null",
	    STORE_ARGS(ARG_INT(t->row)), &held, e) < 0)
		return -1;
	if (held >= limit)
		return 0;
	return limit - held < max ? (int)(limit - held) : max;
}

static const char select_ready[] =
    "select seq, id, tries, record from message m where box = ?1"
    " and state = 0 and not exists (select 1 from awaited a"
    " where a.id = m.corr) order by rank, seq limit ?2";

static const char select_answer[] =
    "select seq, id, tries, record from message where box = ?1"
    " and state = 0 and corr = ?3 order by rank, seq limit ?2";

static int
lease_row(struct sqlite_taker *t, int64_t seq, struct err *e)
{
	if (store_run(t->h->s, "update message set state = 1, owner = ?,"
	    " until = ?, tries = tries + 1 where seq = ?",
	    STORE_ARGS(ARG_STR(t->owner), ARG_INT(hub_boot_ms() +
	    t->lease_ms), ARG_INT(seq)), e) < 0)
		return -1;
	return 0;
}

/* What lived too long is not delivered but kept with the dead. */
static int
bury_expired(struct sqlite_taker *t, struct err *e)
{
	if (store_run(t->h->s, "update message set state = 3,"
	    " error = 'its time to live was over' where box = ? and state = 0"
	    " and expires is not null and expires <= ?",
	    STORE_ARGS(ARG_INT(t->row), ARG_INT(hub_wall_ms())), e) < 0)
		return -1;
	return 0;
}

static int
take_rows(struct sqlite_taker *t, struct hub_delivery *out, int max,
    struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	AUTO_FREE int64_t *seq = xcalloc((size_t)max + 1, sizeof(*seq));
	int n = 0, r;

	if ((t->corr ? store_query(t->h->s, select_answer,
	    STORE_ARGS(ARG_INT(t->row), ARG_INT(max), ARG_STR(t->corr)), &q,
	    e) : store_query(t->h->s, select_ready,
	    STORE_ARGS(ARG_INT(t->row), ARG_INT(max)), &q, e)) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		struct hub_delivery *d = &out[n];
		const char *text = store_col_bytes(q, 3, &d->len);

		seq[n++] = store_col_int(q, 0);
		snprintf(d->id, sizeof(d->id), "%s", store_col_str(q, 1));
		d->number = (int)store_col_int(q, 2) + 1;
		snprintf(d->lease, sizeof(d->lease), "%s.%d", d->id,
		    d->number);
		d->line = xstrndup(text, d->len);
	}
	for (int i = 0; i < n && r == 0; i++)
		r = lease_row(t, seq[i], e);
	for (int i = 0; i < n && r < 0; i++)
		hub_delivery_release(&out[i]);
	return r < 0 ? -1 : n;
}

/*
 * A lease need not survive a power cut, after which there is nobody who holds
 * it: so it need not wait for the disk.  An acknowledgement does.
 */
static int
set_sync(struct sqlite_taker *t, enum store_sync sync, struct err *e)
{
	return t->ntaken > 0 ? 0 : store_set_sync(t->h->s, sync, e);
}

static int
drop(struct hub_delivery *out, int n)
{
	for (int i = 0; i < n; i++)
		hub_delivery_release(&out[i]);
	return -1;
}

static int
take_in_transaction(struct sqlite_taker *t, struct hub_delivery *out, int max,
    struct err *e)
{
	int n, want;

	if (store_begin(t->h->s, e) < 0 || acknowledge_taken(t, e) < 0 ||
	    make_ready(t, e) < 0 || bury_expired(t, e) < 0 ||
	    (want = within_limit(t, max, e)) < 0 ||
	    (n = want > 0 ? take_rows(t, out, want, e) : 0) < 0)
		return -1;
	return store_commit(t->h->s, e) == 0 ? n : drop(out, n);
}

int
hub_sqlite_take(struct hub_taker *taker, struct hub_delivery *out, int max,
    struct err *e)
{
	struct sqlite_taker *t = sqlite_taker(taker);
	AUTO_ROLLBACK struct store *tx = t->h->s;
	int n, go = worth_it(t, e);

	if (go <= 0)
		return go;
	if (set_sync(t, STORE_NORMAL, e) < 0)
		return -1;
	n = take_in_transaction(t, out, max, e);
	if (n < 0)
		store_rollback(t->h->s);
	if (set_sync(t, STORE_FULL, e) < 0 || n < 0)
		return drop(out, n);
	if (t->ntaken > 0 && t->limited)
		hub_ring(t->h, t->box);
	forget_taken(t);
	for (int i = 0; t->ack && i < n; i++) {
		GROW(t->taken, t->ntaken, t->cap);
		t->taken[t->ntaken++] = xstrdup(out[i].id);
	}
	return n;
}
