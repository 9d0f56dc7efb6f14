/* hub-gate: questions that hold work, their answers, remembered answers. */
#include "config.h"

#include "hub-sqlite.h"

#include <string.h>

#include "alloc.h"
#include "bell.h"
#include "ulid.h"

#define REMEMBER_MS (INT64_C(30) * 24 * 3600 * 1000)

static const char gates_box[] = "/gates";

/* The registry shows at which gate somebody waits. */
static void
ring(const struct hub_sqlite *h)
{
	hub_ring(h, gates_box);
	hub_ring(h, HUB_REGISTRY_BOX);
}

/*
 * In the boot in which the question was put, the time since boot decides,
 * which nobody can set; after that the calendar does.
 */
#define BOOT "(select value from meta where name = 'boot')"
#define OVERDUE \
	"(deadline is not null and iif(boot = " BOOT "," \
	" deadline_boot <= ?1, deadline <= ?2))"

/* Questions that are denied when nobody answers in time. */
static int
deny_overdue(struct hub_sqlite *h, struct err *e)
{
	int64_t boot = hub_boot_ms(), wall = hub_wall_ms(), any = 0, n;
	int r = store_get_int(h->s, "select 1 from gate where state = 'open'"
	    " and after = 'deny' and " OVERDUE " limit 1",
	    STORE_ARGS(ARG_INT(boot), ARG_INT(wall)), &any, e);

	if (r <= 0)
		return r;
	n = store_run(h->s, "update gate set state = 'answered',"
	    " answer = 'deny', message = 'nobody answered in time',"
	    " by = '/command/agent-gate', answered = ?2 where state = 'open'"
	    " and after = 'deny' and " OVERDUE,
	    STORE_ARGS(ARG_INT(boot), ARG_INT(wall)), e);
	if (n > 0)
		ring(h);
	return n < 0 ? -1 : 0;
}

#define GATE \
	"select id, state, source, run, task, kind, question, options," \
	" subject, shown, path, digest, who, asked, deadline, after," \
	" answer, message, by, answered, key, " OVERDUE " from gate "

static void
set_time(jv *o, const char *name, struct store_stmt *q, int col)
{
	char text[TIMESTAMP_LEN + 1];

	if (store_col_null(q, col))
		return;
	timestamp_format(store_col_int(q, col) * CLOCK_MS, text);
	json_set_str(o, name, text);
}

/* NULL among the names: not a string, dealt with below. */
static jv
gate(struct store_stmt *q)
{
	static const char *const names[] = {
		"id", "state", "source", "run", "task", "kind", "question",
		NULL, "subject", "shown", "path", "digest", "who", NULL, NULL,
		"then", "answer", "message", "by", NULL, "key"
	};
	struct err ignored = ERR_INIT;
	AUTO_JV jv options = JSON_NONE;
	jv o = json_object();
	const char *text;
	size_t len;

	for (int i = 0; i < (int)(sizeof(names) / sizeof(*names)); i++)
		if (names[i] && !store_col_null(q, i))
			json_set_str(&o, names[i], store_col_str(q, i));
	text = store_col_bytes(q, 7, &len);
	if (json_parse(text, len, &options, &ignored) == 0)
		json_set(&o, "options", json_copy(&options));
	set_time(&o, "asked", q, 13);
	set_time(&o, "deadline", q, 14);
	set_time(&o, "at", q, 19);
	json_set_bool(&o, "overdue", store_col_int(q, 21) != 0);
	return o;
}

/* The gate that `sql`, with ?3 and perhaps ?4, finds: 1, 0, -1. */
static int
get(struct hub_sqlite *h, const char *sql, const char *arg, const char *more,
    jv *ret, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	struct store_arg args[] = { ARG_INT(hub_boot_ms()),
		ARG_INT(hub_wall_ms()), ARG_STR(arg), ARG_STR(more),
		{ .kind = STORE_END } };
	int r;

	if (!more)
		args[3] = args[4];
	if (store_query(h->s, sql, args, &q, e) < 0 ||
	    (r = store_step(q, e)) < 0)
		return -1;
	if (r > 0)
		*ret = gate(q);
	return r;
}

static int
cancel(struct hub_sqlite *h, const char *id, const char *why, struct err *e)
{
	return store_run(h->s, "update gate set state = 'cancelled',"
	    " message = ?, answered = ? where id = ?", STORE_ARGS(
	    ARG_STR(why), ARG_INT(hub_wall_ms()), ARG_STR(id)), e) < 0
	    ? -1 : 0;
}

/* The earlier question of this key, if it still is the same: 1, 0, -1. */
static int
same_question(struct hub_sqlite *h, const jv *question, jv *ret,
    struct err *e)
{
	const char *key = json_str(question, "key");
	AUTO_JV jv old = JSON_NONE;
	const char *was, *is = json_str(question, "digest");
	int r;

	if (!key)
		return 0;
	r = get(h, GATE "where source = ?3 and key = ?4 and"
	    " state <> 'cancelled'", json_str(question, "source"), key, &old,
	    e);
	if (r <= 0)
		return r;
	was = json_str(&old, "digest");
	if (was && is && strcmp(was, is) == 0) {
		*ret = json_copy(&old);
		return 1;
	}
	return cancel(h, json_str(&old, "id"),
	    "superseded: what is asked has changed", e);
}

static int
insert(struct hub_sqlite *h, const jv *g, const char *id, struct err *e)
{
	AUTO_JV jv options = json_get(g, "options");
	AUTO_FREE char *text = json_is(&options, JSON_ARRAY) ?
	    json_text(&options) : xstrdup("[]");
	struct store_arg wall = ARG_NULL, boot = ARG_NULL;
	const char *then = json_str(g, "then");
	int64_t left = 0;

	if (json_int(g, "deadline_ms", &left)) {
		wall = (struct store_arg)ARG_INT(hub_wall_ms() + left);
		boot = (struct store_arg)ARG_INT(hub_boot_ms() + left);
	}
	return store_run(h->s, "insert into gate (id, key, source, run, task,"
	    " kind, question, options, subject, shown, path, digest, who,"
	    " asked, deadline, deadline_boot, boot, after, state) values"
	    " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " BOOT
	    ", ?, 'open')", STORE_ARGS(ARG_STR(id),
	    ARG_STR(json_str(g, "key")), ARG_STR(json_str(g, "source")),
	    ARG_STR(json_str(g, "run")), ARG_STR(json_str(g, "task")),
	    ARG_STR(json_str(g, "kind")), ARG_STR(json_str(g, "question")),
	    ARG_STR(text), ARG_STR(json_str(g, "subject")),
	    ARG_STR(json_str(g, "shown")), ARG_STR(json_str(g, "path")),
	    ARG_STR(json_str(g, "digest")), ARG_STR(json_str(g, "who")),
	    ARG_INT(hub_wall_ms()), wall, boot,
	    ARG_STR(then ? then : "hold")), e) < 0 ? -1 : 0;
}

int
hub_sqlite_gate_ask(struct hub *hub, const jv *question, jv *ret,
    struct err *e)
{
	struct hub_sqlite *h = hub_sqlite(hub);
	AUTO_ROLLBACK struct store *tx = h->s;
	char id[ULID_LEN + 1];
	int r;

	ulid_make(id);
	if (store_begin(h->s, e) < 0 || deny_overdue(h, e) < 0 ||
	    (r = same_question(h, question, ret, e)) < 0)
		return -1;
	if (r > 0)
		return store_commit(h->s, e);
	if (insert(h, question, id, e) < 0 ||
	    get(h, GATE "where id = ?3", id, NULL, ret, e) < 0 ||
	    store_commit(h->s, e) < 0)
		return -1;
	ring(h);
	return 0;
}

int
hub_sqlite_gate_get(struct hub *hub, const char *id, jv *ret, struct err *e)
{
	struct hub_sqlite *h = hub_sqlite(hub);
	AUTO_JV jv one = JSON_NONE;
	AUTO_JV jv two = JSON_NONE;
	int r;

	if (deny_overdue(h, e) < 0)
		return -1;
	/* the end of an id is what tells it from its neighbours */
	r = get(h, GATE "where substr(id, -length(?3)) = upper(?3)"
	    " order by seq", id, NULL, &one, e);
	if (r <= 0) {
		if (r == 0)
			err_set(e, ST_NOINPUT, "there is no gate '%s'", id);
		return r;
	}
	if ((r = get(h, GATE "where substr(id, -length(?3)) = upper(?3)"
	    " order by seq limit 1 offset 1", id, NULL, &two, e)) != 0)
		return r < 0 ? -1 : err_set(e, ST_USAGE,
		    "'%s' is the end of more than one id", id);
	*ret = json_copy(&one);
	return 1;
}

static int
keep_answer(struct hub_sqlite *h, const jv *g, const struct hub_answer *a,
    struct err *e)
{
	int64_t now = hub_wall_ms();
	int64_t life = a->remember_ns ? a->remember_ns / CLOCK_MS
	    : REMEMBER_MS;
	char id[ULID_LEN + 1];

	ulid_make(id);
	return store_run(h->s, "insert or replace into remembered"
	    " values (?, ?, ?, ?, ?, ?, ?, ?)", STORE_ARGS(ARG_STR(id),
	    ARG_STR(json_str(g, "source")), ARG_STR(json_str(g, "subject")),
	    ARG_STR(a->answer), ARG_STR(a->message), ARG_STR(a->by),
	    ARG_INT(now), ARG_INT(now + life)), e) < 0 ? -1 : 0;
}

int
hub_sqlite_gate_answer(struct hub *hub, const char *id,
    const struct hub_answer *a, jv *ret, struct err *e)
{
	struct hub_sqlite *h = hub_sqlite(hub);
	AUTO_ROLLBACK struct store *tx = h->s;
	int64_t n;

	if (store_begin(h->s, e) < 0 || deny_overdue(h, e) < 0)
		return -1;
	/* the first one decides */
	n = store_run(h->s, "update gate set state = ?, answer = ?,"
	    " message = ?, by = ?, answered = ? where id = ?"
	    " and state = 'open'", STORE_ARGS(ARG_STR(a->state),
	    ARG_STR(a->answer), ARG_STR(a->message), ARG_STR(a->by),
	    ARG_INT(hub_wall_ms()), ARG_STR(id)), e);
	if (n < 0 || get(h, GATE "where id = ?3", id, NULL, ret, e) < 0)
		return -1;
	if ((n > 0 && a->remember && keep_answer(h, ret, a, e) < 0) ||
	    store_commit(h->s, e) < 0) {
		json_release(ret);
		*ret = JSON_NONE;
		return -1;
	}
	if (n > 0)
		ring(h);
	return n > 0;
}

int
hub_sqlite_gates(struct hub *hub, const char *state, hub_fn fn, void *arg,
    struct err *e)
{
	struct hub_sqlite *h = hub_sqlite(hub);
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (deny_overdue(h, e) < 0 || store_query(h->s, GATE
	    "where ?3 is null or state = ?3 order by seq",
	    STORE_ARGS(ARG_INT(hub_boot_ms()), ARG_INT(hub_wall_ms()),
	    ARG_STR(state)), &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		AUTO_JV jv o = gate(q);

		if (fn(&o, arg) != 0)
			return 0;
	}
	return r;
}

struct sqlite_watch {
	struct hub_watch watch;		/* first */
	struct bell bell;
};

static struct sqlite_watch *
sqlite_watch(struct hub_watch *w)
{
	return (struct sqlite_watch *)(void *)w;
}

int
hub_watch_box(struct hub *hub, const char *box, struct hub_watch **ret,
    struct err *e)
{
	struct sqlite_watch *w = xcalloc(1, sizeof(*w));
	AUTO_FREE char *dir = hub_box_dir(hub_sqlite(hub), box);

	w->watch.hub = hub;
	if (bell_open(dir, &w->bell, e) < 0) {
		free(w);
		return -1;
	}
	*ret = &w->watch;
	return 0;
}

int
hub_sqlite_gate_watch(struct hub *hub, struct hub_watch **ret, struct err *e)
{
	return hub_watch_box(hub, gates_box, ret, e);
}

int
hub_sqlite_watch_wait(struct hub_watch *w, struct deadline until, int also,
    const volatile int *stop, struct err *e)
{
	bool gone;

	return bell_wait(&sqlite_watch(w)->bell, until, &also, also >= 0,
	    stop, &gone, e);
}

void
hub_sqlite_watch_close(struct hub_watch *w)
{
	bell_close(&sqlite_watch(w)->bell);
	free(w);
}

static jv
remembered(struct store_stmt *q)
{
	static const char *const names[] = {
		"id", "source", "subject", "answer", "message", "by"
	};
	jv o = json_object();

	for (int i = 0; i < 6; i++)
		if (!store_col_null(q, i))
			json_set_str(&o, names[i], store_col_str(q, i));
	set_time(&o, "made", q, 6);
	set_time(&o, "expires", q, 7);
	return o;
}

int
hub_sqlite_remembered(struct hub *hub, const char *source,
    const char *subject, jv *ret, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(hub_sqlite(hub)->s, "select * from remembered where"
	    " source = ? and subject = ? and expires > ?",
	    STORE_ARGS(ARG_STR(source), ARG_STR(subject),
	    ARG_INT(hub_wall_ms())), &q, e) < 0 ||
	    (r = store_step(q, e)) < 0)
		return -1;
	if (r > 0)
		*ret = remembered(q);
	return r;
}

int
hub_sqlite_remembered_list(struct hub *hub, hub_fn fn, void *arg,
    struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(hub_sqlite(hub)->s, "select * from remembered where"
	    " expires > ? order by made", STORE_ARGS(ARG_INT(hub_wall_ms())),
	    &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		AUTO_JV jv o = remembered(q);

		if (fn(&o, arg) != 0)
			return 0;
	}
	return r;
}

int
hub_sqlite_forget(struct hub *hub, const char *id, struct err *e)
{
	int64_t n = hub_write(hub_sqlite(hub), STORE_FULL,
	    "delete from remembered where substr(id, -length(?1)) = upper(?1)",
	    STORE_ARGS(ARG_STR(id)), e);

	return n < 0 ? -1 : n > 0;
}
