/* history: what was asked and answered. */
#include "config.h"

#include "history.h"

#include "alloc.h"
#include "clock.h"
#include "env.h"
#include "path.h"
#include "provider.h"
#include "store.h"
#include "term.h"
#include "ulid.h"

enum { LISTED = 50, SHOWN = 72 };

static const char *const steps[] = {
	"create table conversation ("
	"	id text primary key,"
	"	created integer not null,"	/* ms since 1970 */
	"	updated integer not null,"
	"	model text not null) without rowid;"
	"create index by_time on conversation (updated);"
	"create table message ("
	"	id integer primary key,"
	"	conversation text not null references conversation,"
	"	created integer not null,"
	"	role text not null,"
	"	text text not null,"
	"	json text not null,"
	"	model text, finish text, input_tokens integer,"
	"	output_tokens integer, duration_ms integer);"
	"create index of_conversation on message (conversation, id);"
	"create virtual table message_words using fts5 (text,"
	"	content = 'message', content_rowid = 'id');"
	"create view conversations as select c.id,"
	"	strftime('%Y-%m-%dT%H:%M:%SZ', c.created / 1000, 'unixepoch')"
	"	as created,"
	"	strftime('%Y-%m-%dT%H:%M:%SZ', c.updated / 1000, 'unixepoch')"
	"	as updated, c.model, (select count(*) from message m"
	"	where m.conversation = c.id) as messages,"
	"	coalesce((select text from message m where m.conversation ="
	"	c.id and role = 'user' order by m.id limit 1), '') as beginning"
	"	from conversation c;"
	"create view messages as select m.id, m.conversation,"
	"	strftime('%Y-%m-%dT%H:%M:%SZ', m.created / 1000, 'unixepoch')"
	"	as created, m.role, m.text, m.model, m.finish, m.input_tokens,"
	"	m.output_tokens, m.duration_ms from message m;"
};

static const struct store_schema schema = {
	.name = "a history of questions",
	.application_id = 0x6167686d,
	.version = sizeof(steps) / sizeof(*steps),
	.steps = steps
};

struct history {
	struct store *store;
};

int
history_open(struct history **ret, struct err *e)
{
	AUTO_FREE char *dir = env_xdg_state();
	AUTO_FREE char *path = dir ? path_join(dir, "asked.db") : NULL;
	struct store *s;

	if (!path)
		return err_set(e, ST_CONFIG, "no place for the history: "
		    "neither XDG_STATE_HOME nor HOME is set");
	if (path_mkdirs(dir, 0700, e) < 0 ||
	    store_open(path, &schema, NULL, &s, e) < 0)
		return -1;
	*ret = xcalloc(1, sizeof(**ret));
	(*ret)->store = s;
	return 0;
}

void
history_close(struct history *h)
{
	if (!h)
		return;
	store_close(h->store);
	free(h);
}

char *
history_find(struct history *h, const char *id, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	char *found = NULL;
	int r;

	if (store_query(h->store, "select id from conversation where "
	    "?1 is null or (length(?1) > 0 and "
	    "substr(id, 1, length(?1)) = upper(?1)) "
	    "order by updated desc, id desc limit 2",
	    STORE_ARGS(id ? (struct store_arg)ARG_STR(id) :
	    (struct store_arg)ARG_NULL), &q, e) < 0)
		return NULL;
	r = store_step(q, e);
	if (r > 0)
		found = xstrdup(store_col_str(q, 0));
	else if (r == 0)
		err_set(e, ST_NOINPUT, id ? "no conversation '%s'" :
		    "there is no conversation to continue", id);
	if (r <= 0 || !id)
		return found;
	r = store_step(q, e);
	if (r == 0)
		return found;
	if (r > 0)
		err_set(e, ST_NOINPUT,
		    "more than one conversation begins with '%s'", id);
	free(found);
	return NULL;
}

int
history_load(struct history *h, const char *id, jv *ret_messages,
    char **ret_model, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	AUTO_JV jv all = json_array();
	int r;

	if (store_get_str(h->store, "select model from conversation "
	    "where id = ?", STORE_ARGS(ARG_STR(id)), ret_model, e) < 0 ||
	    store_query(h->store, "select json from message where "
	    "conversation = ? order by id", STORE_ARGS(ARG_STR(id)), &q,
	    e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		const char *text = store_col_str(q, 0);
		jv m;
		if (json_parse(text, strlen(text), &m, e) < 0)
			return -1;
		json_append(&all, m);
	}
	if (r == 0)
		*ret_messages = json_copy(&all);
	return r;
}

static int
add_message(struct history *h, const char *id, const jv *m,
    const struct model_reply *r, int64_t now, struct err *e)
{
	AUTO_JV jv content = json_get(m, "content");
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_FREE char *json = json_text(m);
	struct store_arg model = ARG_NULL, finish = ARG_NULL, in = ARG_NULL,
	    out = ARG_NULL, took = ARG_NULL;

	provider_content_text(&content, &text);
	if (r) {
		model = (struct store_arg)ARG_STR(r->model);
		finish = (struct store_arg)
		    ARG_STR(model_finish_name(r->finish));
		if (r->usage.input >= 0)
			in = (struct store_arg)ARG_INT(r->usage.input);
		if (r->usage.output >= 0)
			out = (struct store_arg)ARG_INT(r->usage.output);
		took = (struct store_arg)ARG_INT(r->total_ns / CLOCK_MS);
	}
	if (store_run(h->store, "insert into message (conversation, "
	    "created, role, text, json, model, finish, input_tokens, "
	    "output_tokens, duration_ms) values (?,?,?,?,?,?,?,?,?,?)",
	    STORE_ARGS(ARG_STR(id), ARG_INT(now), ARG_STR(json_str(m,
	    "role")), ARG_TEXT(text.data ? text.data : "", text.len),
	    ARG_STR(json), model, finish, in, out, took), e) < 0)
		return -1;
	/* no trigger does this: the store lets none into virtual tables */
	return store_run(h->store, "insert into message_words (rowid, text) "
	    "values (?, ?)", STORE_ARGS(ARG_INT(store_last_id(h->store)),
	    ARG_TEXT(text.data ? text.data : "", text.len)), e) < 0 ? -1 : 0;
}

int
history_add(struct history *h, char **id, const jv *rules, const jv *words,
    const struct model_reply *r, struct err *e)
{
	AUTO_ROLLBACK struct store *tx = h->store;
	int64_t now = clock_wall() / CLOCK_MS;
	char made[ULID_LEN + 1];

	if (store_begin(h->store, e) < 0)
		return -1;
	if (!*id) {
		ulid_make(made);
		*id = xstrdup(made);
		if (store_run(h->store, "insert into conversation values "
		    "(?1, ?2, ?2, ?3)", STORE_ARGS(ARG_STR(*id), ARG_INT(now),
		    ARG_STR(r->model)), e) < 0)
			return -1;
	} else if (store_run(h->store, "update conversation set updated = ?,"
	    " model = ? where id = ?", STORE_ARGS(ARG_INT(now),
	    ARG_STR(r->model), ARG_STR(*id)), e) < 0) {
		return -1;
	}
	if ((json_is(rules, JSON_OBJECT) &&
	    add_message(h, *id, rules, NULL, now, e) < 0) ||
	    add_message(h, *id, words, NULL, now, e) < 0 ||
	    add_message(h, *id, &r->message, r, now, e) < 0)
		return -1;
	return store_commit(h->store, e);
}

/* Each word in quotes: what people type is not the query language. */
static char *
match_of(const char *query)
{
	struct buf out = BUF_INIT;

	while (*query) {
		size_t n = strcspn(query, " \t\n");
		if (n > 0) {
			buf_adds(&out, out.len ? " \"" : "\"");
			for (size_t i = 0; i < n; i++) {
				if (query[i] == '"')
					buf_addc(&out, '"');
				buf_addc(&out, query[i]);
			}
			buf_addc(&out, '"');
		}
		query += n + (query[n] != '\0');
	}
	return buf_steal(&out);
}

static void
list_row(struct store_stmt *q, bool json, struct buf *out)
{
	static const char *const names[] = { "id", "updated", "model",
		"messages", "beginning" };
	const char *beginning = store_col_str(q, 4);
	AUTO_BUF struct buf clean = BUF_INIT;
	AUTO_JV jv o = json_object();

	if (json) {
		for (int i = 0; i < 5; i++)
			if (i == 3)
				json_set_int(&o, names[i],
				    store_col_int(q, i));
			else
				json_set_str(&o, names[i],
				    store_col_str(q, i));
		json_write(&o, out);
		buf_addc(out, '\n');
		return;
	}
	term_clean(beginning, strlen(beginning), TERM_ONELINE, &clean);
	buf_addf(out, "%s  %s  %-24s %3lld  %.*s\n", store_col_str(q, 0),
	    store_col_str(q, 1), store_col_str(q, 2),
	    (long long)store_col_int(q, 3),
	    clean.len > SHOWN ? SHOWN : (int)clean.len,
	    clean.data ? clean.data : "");
}

int
history_list(struct history *h, const char *query, bool json,
    struct buf *out, struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	AUTO_FREE char *match = query ? match_of(query) : NULL;
	bool all = !match || !*match;
	int r;

	r = store_query(h->store, all ?
	    "select id, updated, model, messages, beginning from "
	    "conversations order by updated desc, id desc limit ?" :
	    "select id, updated, model, messages, beginning from "
	    "conversations where id in (select m.conversation from "
	    "message_words w join message m on m.id = w.rowid "
	    "where message_words match ?2) "
	    "order by updated desc, id desc limit ?1",
	    all ? STORE_ARGS(ARG_INT(LISTED)) :
	    STORE_ARGS(ARG_INT(LISTED), ARG_STR(match)), &q, e);
	if (r < 0)
		return -1;
	while ((r = store_step(q, e)) > 0)
		list_row(q, json, out);
	return r;
}

int
history_show(struct history *h, const char *id, bool json, struct buf *out,
    struct err *e)
{
	AUTO_STMT struct store_stmt *q = NULL;
	int r;

	if (store_query(h->store, "select role, text, json from message "
	    "where conversation = ? order by id", STORE_ARGS(ARG_STR(id)), &q,
	    e) < 0)
		return -1;
	while ((r = store_step(q, e)) > 0) {
		const char *text = store_col_str(q, 1);
		if (json) {
			buf_addf(out, "%s\n", store_col_str(q, 2));
			continue;
		}
		buf_addf(out, "%s:\n", store_col_str(q, 0));
		term_clean(text, strlen(text), 0, out);
		buf_adds(out, "\n\n");
	}
	return r;
}
