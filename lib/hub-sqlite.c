/* hub-sqlite: the hub in a SQLite file: opening, the schema, sending. */
#include "config.h"

#include "hub-sqlite.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "bell.h"
#include "path.h"

/*
 * An urgent message overtakes those that wait; a class is worth one hour, so
 * that nothing waits for ever behind a stream of urgent ones.
 */
enum { AGEING_MS = 3600 * 1000 };

/*
 * Indexes are partial: what is done with costs those who take nothing, and a
 * million messages in one box leave the others as fast as they were.
 */
static const char create[] =
    "create table meta (name text primary key, value text not null)"
    " strict, without rowid;"
    "insert into meta values ('boot', '');"

    "create table box (box integer primary key, name text not null unique,"
    " max_leases integer not null default 0) strict;"

    "create table message (seq integer primary key,"
    " id text not null unique, box integer not null references box,"
    " source text not null, corr text, priority integer not null,"
    " state integer not null, rank integer not null,"
    " sent integer not null, at integer, expires integer,"
    " tries integer not null default 0, max_tries integer not null,"
    " owner text, until integer, done integer, error text,"
    " record text not null) strict;"
    "create index message_ready on message (box, rank, seq)"
    " where state = 0;"
    "create index message_leased on message (box, until) where state = 1;"
    "create index message_later on message (box, at) where state = 2;"
    "create index message_dead on message (box, seq) where state = 3;"
    "create index message_expires on message (box, expires)"
    " where expires is not null and state = 0;"
    "create index message_done on message (done) where state = 4;"
    "create index message_corr on message (corr)"
    " where corr is not null and state < 3;"

    "create table key (source text not null, box text not null,"
    " key text not null, id text not null, primary key (source, box, key))"
    " strict, without rowid;"
    "create table awaited (id text primary key, box integer not null,"
    " owner text not null) strict, without rowid;"
    "create table topic (name text not null, box text not null,"
    " primary key (name, box)) strict, without rowid;"

    "create table gate (seq integer primary key, id text not null unique,"
    " key text, source text not null, run text, task text,"
    " kind text not null, question text not null, options text not null,"
    " subject text not null, shown text, path text, digest text not null,"
    " who text, asked integer not null, deadline integer,"
    " deadline_boot integer, boot text, after text not null,"
    " state text not null, answer text, message text, by text,"
    " answered integer) strict;"
    "create unique index gate_key on gate (source, key)"
    " where key is not null and state <> 'cancelled';"
    "create index gate_open on gate (seq) where state = 'open';"
    "create table remembered (id text primary key, source text not null,"
    " subject text not null, answer text not null, message text,"
    " by text not null, made integer not null, expires integer not null,"
    " unique (source, subject)) strict, without rowid;"

    "create table member (owner text primary key, id text not null,"
    " type text, state text, task text, run text, gate text, note text,"
    " tokens integer, pid integer, since integer not null,"
    " changed integer not null) strict, without rowid;";

/* What people and programs may rely on: agent-send(1), FILES. */
static const char views[] =
    "create view mailbox as select b.name as box, m.id,"
    " case m.state when 0 then 'ready' when 1 then"
    " iif(m.owner is null, 'paused', 'leased') when 2 then 'later'"
    " when 3 then 'dead' else 'done' end as state, m.source, m.priority,"
    " m.tries, m.error, strftime('%Y-%m-%dT%H:%M:%fZ', m.sent / 1000.0,"
    " 'unixepoch') as sent, m.record from message m join box b using (box);"
    "create view dead as select box, id, source, tries, error, sent, record"
    " from mailbox where state = 'dead';"
    "create view queue as select b.name as queue,"
    " (select count(*) from message where box = b.box"
    " and state = 0) as ready,"
    " (select count(*) from message where box = b.box"
    " and state = 1) as leased,"
    " (select count(*) from message where box = b.box"
    " and state = 2) as later,"
    " (select count(*) from message where box = b.box"
    " and state = 3) as dead, b.max_leases from box b"
    " where b.name like '/queue/%';"
    "create view gates as select id, state, source, run, task, kind,"
    " question, options, subject, path, digest, who,"
    " strftime('%Y-%m-%dT%H:%M:%fZ', asked / 1000.0, 'unixepoch') as asked,"
    " strftime('%Y-%m-%dT%H:%M:%fZ', deadline / 1000.0, 'unixepoch')"
    " as deadline, after, answer, message, by,"
    " strftime('%Y-%m-%dT%H:%M:%fZ', answered / 1000.0, 'unixepoch')"
    " as answered, key, shown from gate;"
    "create view open_gates as select id, source, kind, question, options,"
    " who, asked, deadline from gates where state = 'open';"
    "create view registry as select id, type, state, task, run, gate, note,"
    " tokens, pid, strftime('%Y-%m-%dT%H:%M:%fZ', since / 1000.0,"
    " 'unixepoch') as since from member;";

static const char *const steps[] = { create, views };

static const struct store_schema schema = {
	.name = "a hub",
	.application_id = 0x41676875,	/* "Aghu" */
	.version = 2,
	.steps = steps
};

int64_t
hub_wall_ms(void)
{
	return clock_wall() / CLOCK_MS;
}

int64_t
hub_boot_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / CLOCK_MS;
}

char *
hub_box_dir(const struct hub_sqlite *h, const char *box)
{
	AUTO_FREE char *name = xstrdup(box[0] == '/' ? box + 1 : box);

	for (char *p = name; *p; p++)
		if (*p == '/')
			*p = ':';
	return path_join(h->dir, name);
}

void
hub_ring(const struct hub_sqlite *h, const char *box)
{
	AUTO_FREE char *dir = hub_box_dir(h, box);

	bell_ring(dir);
}

static void
remember_box(struct hub_sqlite *h, const char *box, int64_t row)
{
	free(h->last_box);
	h->last_box = xstrdup(box);
	h->last_box_row = row;
}

int
hub_box_row(struct hub_sqlite *h, const char *box, bool make, int64_t *ret,
    struct err *e)
{
	int found;

	if (h->last_box && strcmp(h->last_box, box) == 0) {
		*ret = h->last_box_row;
		return 1;
	}
	found = store_get_int(h->s, "select box from box where name = ?",
	    STORE_ARGS(ARG_STR(box)), ret, e);
	if (found > 0) {
		remember_box(h, box, *ret);
		return 1;
	}
	if (found < 0 || !make)
		return found;
	if (store_run(h->s, "insert into box (name) values (?)",
	    STORE_ARGS(ARG_STR(box)), e) < 0)
		return -1;
	*ret = store_last_id(h->s);
	return 1;
}

static int64_t
write_once(struct hub_sqlite *h, const char *sql,
    const struct store_arg *args, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = h->s;
	int64_t n;

	if (store_begin(h->s, e) < 0 ||
	    (n = store_run(h->s, sql, args, e)) < 0 ||
	    store_commit(h->s, e) < 0)
		return -1;
	return n;
}

int64_t
hub_write(struct hub_sqlite *h, enum store_sync sync, const char *sql,
    const struct store_arg *args, struct err *e)
{
	struct err ignored = ERR_INIT;
	int64_t n;

	if (sync == STORE_FULL)
		return write_once(h, sql, args, e);
	if (store_set_sync(h->s, STORE_NORMAL, e) < 0)
		return -1;
	n = write_once(h, sql, args, e);
	/* this cannot fail where the other one did not */
	(void)store_set_sync(h->s, STORE_FULL, n < 0 ? &ignored : e);
	return n;
}

static int
known_boot(struct hub_sqlite *h, char **ret, struct err *e)
{
	return store_get_str(h->s, "select value from meta where name ="
	    " 'boot'", NULL, ret, e) < 0 ? -1 : 0;
}

/*
 * Times since boot mean nothing after the next one: all leases end, and the
 * deadlines of gates are those of the calendar.
 */
static int
note_boot(struct hub_sqlite *h, const char *boot, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = h->s;
	AUTO_FREE char *known = NULL;

	if (store_begin(h->s, e) < 0 || known_boot(h, &known, e) < 0)
		return -1;
	/* somebody was faster, and has given leases since */
	if (known && strcmp(known, boot) == 0)
		return 0;
	if (store_run(h->s, "update message set state = iif(tries >= max_tries"
	    " and owner is not null, 3, 0), owner = null, until = null,"
	    " error = coalesce(error, 'the machine was restarted')"
	    " where state = 1", NULL, e) < 0 ||
	    store_run(h->s, "delete from member", NULL, e) < 0 ||
	    store_run(h->s, "delete from awaited", NULL, e) < 0 ||
	    store_run(h->s, "update meta set value = ? where name = 'boot'",
	    STORE_ARGS(ARG_STR(boot)), e) < 0)
		return -1;
	return store_commit(h->s, e);
}

static int
check_boot(struct hub_sqlite *h, struct err *e)
{
	AUTO_BUF struct buf boot = BUF_INIT;
	AUTO_FREE char *known = NULL;

	if (path_read("/proc/sys/kernel/random/boot_id", 64, &boot, e) < 0)
		return -1;
	if (boot.len > 0)
		buf_truncate(&boot, boot.len - 1);
	if (known_boot(h, &known, e) < 0)
		return -1;
	if (known && strcmp(known, boot.data) == 0)
		return 0;
	return note_boot(h, boot.data, e);
}

static void
sqlite_close(struct hub *hub)
{
	struct hub_sqlite *h = hub_sqlite(hub);

	store_close(h->s);
	free(h->dir);
	free(h->last_box);
	free(h);
}

/* 1 when the message is there already, under `m->accepted`. */
static int
known(struct hub_sqlite *h, struct hub_message *m, struct err *e)
{
	AUTO_FREE char *id = NULL;
	int found = 0;

	if (m->key)
		found = store_get_str(h->s, "select id from key where"
		    " source = ? and box = ? and key = ?",
		    STORE_ARGS(ARG_STR(m->source), ARG_STR(m->box),
		    ARG_STR(m->key)), &id, e);
	if (found == 0)
		found = store_get_str(h->s, "select id from message"
		    " where id = ?", STORE_ARGS(ARG_STR(m->id)), &id, e);
	if (found > 0) {
		snprintf(m->accepted, sizeof(m->accepted), "%s", id);
		m->known = true;
	}
	return found;
}

static int
insert(struct hub_sqlite *h, struct hub_message *m, int64_t now,
    int64_t base, struct err *e)
{
	int64_t box, at = m->at_ns / CLOCK_MS;
	int64_t expires = now + m->ttl_ns / CLOCK_MS;
	int64_t rank = base - (int64_t)m->priority * AGEING_MS;
	bool later = at > now;

	if (hub_box_row(h, m->box, true, &box, e) < 0)
		return -1;
	if (m->ttl_ns > 0 && later)
		expires += at - now;
	if (m->key && store_run(h->s, "insert into key values (?, ?, ?, ?)",
	    STORE_ARGS(ARG_STR(m->source), ARG_STR(m->box), ARG_STR(m->key),
	    ARG_STR(m->id)), e) < 0)
		return -1;
	struct store_arg when = ARG_INT(at), end = ARG_INT(expires);
	struct store_arg null = ARG_NULL;
	if (store_run(h->s, "insert into message (id, box, source, corr,"
	    " priority, state, rank, sent, at, expires, max_tries, record)"
	    " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    STORE_ARGS(ARG_STR(m->id), ARG_INT(box), ARG_STR(m->source),
	    ARG_STR(m->corr), ARG_INT(m->priority),
	    ARG_INT(later ? MSG_LATER : MSG_READY), ARG_INT(rank),
	    ARG_INT(base), later ? when : null,
	    m->ttl_ns > 0 ? end : null,
	    ARG_INT(m->tries ? m->tries : HUB_TRIES),
	    ARG_TEXT(m->line, m->len)), e) < 0)
		return -1;
	snprintf(m->accepted, sizeof(m->accepted), "%s", m->id);
	m->known = false;
	return 0;
}

static int
send_all(struct hub_sqlite *h, struct hub_message *m, size_t n, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = h->s;
	int64_t now = hub_wall_ms(), base = 0;

	if (store_begin(h->s, e) < 0 ||
	    store_get_int(h->s, "select sent from message"
	    " order by seq desc limit 1", NULL, &base, e) < 0)
		return -1;
	/* the order is ours, also when the clock was set back */
	if (base < now)
		base = now;
	for (size_t i = 0; i < n; i++) {
		int r = known(h, &m[i], e);

		if (r < 0 || (r == 0 && insert(h, &m[i], now, base, e) < 0))
			return -1;
	}
	return store_commit(h->s, e);
}

static int
sqlite_send(struct hub *hub, struct hub_message *m, size_t n, struct err *e)
{
	struct hub_sqlite *h = hub_sqlite(hub);

	if (send_all(h, m, n, e) < 0) {
		/* its row may have gone with the transaction */
		free(h->last_box);
		h->last_box = NULL;
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		if (!m[i].known && (i + 1 == n ||
		    strcmp(m[i].box, m[i + 1].box) != 0))
			hub_ring(h, m[i].box);
	/* those who wait are awake: now there is time */
	store_tidy(h->s);
	return 0;
}

static const struct hub_ops sqlite_ops = {
	.name = "sqlite",
	.close = sqlite_close,
	.send = sqlite_send,
	.taker_open = hub_sqlite_taker_open,
	.taker_close = hub_sqlite_taker_close,
	.take = hub_sqlite_take,
	.wait = hub_sqlite_wait,
	.held = hub_sqlite_held,
	.taker_fd = hub_sqlite_taker_fd,
	.await = hub_sqlite_await,
	.settle = hub_sqlite_settle,
	.again = hub_sqlite_again,
	.list = hub_sqlite_list,
	.get = hub_sqlite_get,
	.boxes = hub_sqlite_boxes,
	.subscribe = hub_sqlite_subscribe,
	.subscribers = hub_sqlite_subscribers,
	.limit = hub_sqlite_limit,
	.gc = hub_sqlite_gc,
	.backup = hub_sqlite_backup,
	.check = hub_sqlite_check,
	.gate_ask = hub_sqlite_gate_ask,
	.gate_get = hub_sqlite_gate_get,
	.gate_answer = hub_sqlite_gate_answer,
	.gates = hub_sqlite_gates,
	.gate_watch = hub_sqlite_gate_watch,
	.watch_wait = hub_sqlite_watch_wait,
	.watch_close = hub_sqlite_watch_close,
	.remembered = hub_sqlite_remembered,
	.remembered_list = hub_sqlite_remembered_list,
	.forget = hub_sqlite_forget,
	.join = hub_sqlite_join,
	.update = hub_sqlite_update,
	.leave = hub_sqlite_leave,
	.members = hub_sqlite_members,
	.members_watch = hub_sqlite_members_watch
};

int
hub_sqlite_open(const char *dir, const volatile int *stop, struct hub **ret,
    struct err *e)
{
	AUTO_FREE char *file = path_join(dir, "hub.db");
	struct hub_sqlite *h = xcalloc(1, sizeof(*h));

	h->hub.ops = &sqlite_ops;
	h->dir = path_join(dir, "hub.d");
	if (store_open(file, &schema, &(struct store_options){
	    .stop = stop }, &h->s, e) < 0 || check_boot(h, e) < 0) {
		sqlite_close(&h->hub);
		return -1;
	}
	/* somebody may wait for each of our commits */
	store_defer_checkpoints(h->s);
	*ret = &h->hub;
	return 0;
}
