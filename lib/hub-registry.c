/* hub-registry: entries that end with the process that made them. */
#include "config.h"

#include "hub-sqlite.h"

#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "bell.h"

struct sqlite_member {
	struct registry_member member;	/* first */
	struct hub_sqlite *h;
	char *dir;
	char file[ULID_LEN + 1];
	int fd;
};

static struct sqlite_member *
sqlite_member(struct registry_member *m)
{
	return (struct sqlite_member *)(void *)m;
}

int
hub_sqlite_join(struct hub *hub, const struct registry_entry *r,
    struct registry_member **ret, struct err *e)
{
	struct sqlite_member *m = xcalloc(1, sizeof(*m));
	int64_t now = hub_wall_ms();

	m->member.hub = hub;
	m->h = hub_sqlite(hub);
	m->dir = hub_box_dir(m->h, HUB_REGISTRY_BOX);
	m->fd = -1;
	if (bell_hold(m->dir, m->file, &m->fd, e) < 0 ||
	    hub_write(m->h, STORE_NORMAL, "insert into member (owner, id,"
	    " pid, since, changed) values (?, ?, ?, ?, ?)",
	    STORE_ARGS(ARG_STR(m->file),
	    ARG_STR(r->id), ARG_INT(getpid()), ARG_INT(now), ARG_INT(now)),
	    e) < 0 || hub_sqlite_update(&m->member, r, e) < 0) {
		hub_sqlite_leave(&m->member);
		return -1;
	}
	*ret = &m->member;
	return 0;
}

int
hub_sqlite_update(struct registry_member *member,
    const struct registry_entry *r, struct err *e)
{
	struct sqlite_member *m = sqlite_member(member);
	struct store_arg tokens = ARG_NULL;

	if (r->tokens >= 0)
		tokens = (struct store_arg)ARG_INT(r->tokens);
	if (hub_write(m->h, STORE_NORMAL, "update member set"
	    " type = coalesce(?, type), state = coalesce(?, state),"
	    " task = coalesce(?, task),"
	    " run = coalesce(?, run), gate = coalesce(?, gate),"
	    " note = coalesce(?, note), tokens = coalesce(?, tokens),"
	    " changed = ? where owner = ?", STORE_ARGS(ARG_STR(r->type),
	    ARG_STR(r->state), ARG_STR(r->task), ARG_STR(r->run),
	    ARG_STR(r->gate), ARG_STR(r->note), tokens,
	    ARG_INT(hub_wall_ms()), ARG_STR(m->file)), e) < 0)
		return -1;
	hub_ring(m->h, HUB_REGISTRY_BOX);
	store_tidy(m->h->s);
	return 0;
}

void
hub_sqlite_leave(struct registry_member *member)
{
	struct sqlite_member *m = sqlite_member(member);
	struct err ignored = ERR_INIT;

	/* should this fail, the file's end tells the readers */
	if (m->fd >= 0)
		(void)hub_write(m->h, STORE_NORMAL, "delete from member"
		    " where owner = ?", STORE_ARGS(ARG_STR(m->file)), &ignored);
	bell_drop(m->dir, m->file, m->fd);
	bell_ring(m->dir);
	free(m->dir);
	free(m);
}

/* As in the registry_entry; the gate by its id, as people know it. */
static const char select_members[] =
    "select owner, id, type, state, task, run, note, (select g.id from gate g"
    " where g.source = '/agent/' || m.id and g.key = m.gate"
    " and g.state = 'open'), tokens, pid, since from member m"
    " order by m.id, since, owner";

static jv
entry(struct store_stmt *q)
{
	static const char *const names[] = {
		"id", "type", "state", "task", "run", "note", "gate"
	};
	char since[TIMESTAMP_LEN + 1];
	jv o = json_object();

	for (int i = 0; i < 7; i++) {
		const char *text = store_col_str(q, i + 1);

		/* an empty string takes a value back */
		if (text && *text)
			json_set_str(&o, names[i], text);
	}
	if (!store_col_null(q, 8))
		json_set_int(&o, "tokens", store_col_int(q, 8));
	json_set_int(&o, "pid", store_col_int(q, 9));
	timestamp_format(store_col_int(q, 10) * CLOCK_MS, since);
	json_set_str(&o, "since", since);
	return o;
}

/* Forgets those whose process ended without saying so. */
static void
bury(struct hub_sqlite *h, const jv *gone)
{
	struct err ignored = ERR_INIT;

	for (size_t i = 0; i < json_count(gone); i++) {
		AUTO_JV jv owner = json_at(gone, i);
		(void)hub_write(h, STORE_NORMAL, "delete from member"
		    " where owner = ?",
		    STORE_ARGS(ARG_STR(json_string(&owner))), &ignored);
	}
}

int
hub_sqlite_members(struct hub *hub, hub_fn fn, void *arg, struct err *e)
{
	struct hub_sqlite *h = hub_sqlite(hub);
	AUTO_FREE char *dir = hub_box_dir(h, HUB_REGISTRY_BOX);
	AUTO_JV jv all = json_array();
	AUTO_JV jv gone = json_array();
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(h->s, select_members, NULL, &q, e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0)
		if (bell_held(dir, store_col_str(q, 0)))
			json_append(&all, entry(q));
		else
			json_append(&gone,
			    json_from_str(store_col_str(q, 0)));
	store_release(STEAL(q));
	bury(h, &gone);
	for (size_t i = 0; r == 0 && i < json_count(&all); i++) {
		AUTO_JV jv one = json_at(&all, i);

		if (fn(&one, arg) != 0)
			break;
	}
	return r;
}

int
hub_sqlite_members_watch(struct hub *hub, struct hub_watch **ret,
    struct err *e)
{
	return hub_watch_box(hub, HUB_REGISTRY_BOX, ret, e);
}
