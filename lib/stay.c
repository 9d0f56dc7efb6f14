/* stay: an agent that lives. */
#include "config.h"

#include "stay.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "agents.h"
#include "alloc.h"
#include "hub.h"
#include "num.h"
#include "path.h"
#include "post.h"
#include "record.h"
#include "runs.h"
#include "workspace.h"

enum {
	RUN_FILE_MAX = 64,
	CONVERSATION_LONG = 4 << 20	/* bytes */
};

/* Before what failed for the moment is tried again: four times as long. */
#define PAUSE_FIRST (5 * CLOCK_SEC)
#define PAUSE_MAX (5 * 60 * CLOCK_SEC)

struct stay {
	const struct spawn *said;
	struct workspace w;
	jv agent;
	struct liaison *liaison;
	struct post post;
	char *source, *file;		/* the file names the run */
	char run[ULID_LEN + 1];		/* empty: none yet */
	jv result;			/* data of the last one */
	int64_t answered;
};

static void
stay_release(struct stay *s)
{
	post_close(&s->post);
	liaison_close(s->liaison);
	workspace_release(&s->w);
	jv_free(s->agent);
	jv_free(s->result);
	free(s->source);
	free(s->file);
}

/* The agent as agents.yaml has it, and the workspace, made where needed. */
static int
find_agent(struct stay *s, struct err *e)
{
	const struct spawn *said = s->said;
	AUTO_FREE char *start = said->dir ? path_real(said->dir, e) :
	    path_cwd(e);
	AUTO_FREE char *file = NULL;
	AUTO_AGENTS struct agents agents = AGENTS_INIT;
	int found;

	if (!start)
		return -1;
	file = said->agents_file ? xstrdup(said->agents_file) :
	    agents_file(start);
	if (!file)
		return err_set(e, ST_NOINPUT, "there is no '%s' in '%s' or "
		    "above", AGENTS_FILE, start);
	if (agents_read(file, &agents, e) < 0 ||
	    agents_need(&agents, said->agent, &s->agent, e) < 0)
		return -1;
	found = workspace_find(said->dir, &s->w, e);
	if (found != 0)
		return found < 0 ? -1 : 0;
	return workspace_make(said->agents_file ? start : agents.dir, &s->w,
	    e);
}

/* The run to go on with, if it is still there. */
static int
find_run(struct stay *s, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;

	s->run[0] = '\0';
	if (!path_exists(s->file))
		return 0;
	if (path_read(s->file, RUN_FILE_MAX, &text, e) < 0)
		return -1;
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		buf_truncate(&text, text.len - 1);
	if (!ulid_valid(text.data ? text.data : ""))
		return err_set(e, ST_DATA, "'%s' names no run", s->file);
	AUTO_FREE char *dir = workspace_run(&s->w, text.data);
	AUTO_FREE char *path = path_join(dir, "conversation.ndjson");
	if (path_exists(path))
		memcpy(s->run, text.data, sizeof(s->run));
	return 0;
}

static int
arrive(struct stay *s, struct err *e)
{
	const char *id = s->said->agent;
	const char *type;

	if (find_agent(s, e) < 0)
		return -1;
	type = json_str(&s->agent, "type");
	s->source = xasprintf("/agent/%s", id);
	s->file = xasprintf("%s/stay/%s", s->w.dir, id);
	if (liaison_open(&s->w, id, type ? type : "native", true,
	    s->said->stop, &s->liaison, e) < 0)
		return -1;
	liaison_rest(s->liaison);
	return find_run(s, e) < 0 ? -1 : post_open(liaison_hub(s->liaison),
	    &s->w, s->source, &s->post, e);
}

/* A new run is named in the file before anything is done in it. */
static int
note_run(struct stay *s, const char *run, struct err *e)
{
	AUTO_FREE char *line = NULL;

	if (!run || !ulid_valid(run) || strcmp(run, s->run) == 0)
		return 0;
	memcpy(s->run, run, sizeof(s->run));
	line = xasprintf("%s\n", run);
	return path_write_atomic(s->file, line, strlen(line), 0600, e);
}

static int
pass_record(void *context, const jv *record, struct err *e)
{
	struct stay *s = context;
	const char *type = json_str(record, "type");

	if (type && strcmp(type, RECORD_AGENT_START) == 0 &&
	    note_run(s, json_str(record, "run"), e) < 0)
		return -1;
	if (type && strcmp(type, RECORD_RESULT) == 0) {
		jv_free(s->result);
		s->result = json_get(record, "data");
	}
	return s->said->record(s->said->context, record, e);
}

static int
pass_text(void *context, const char *text, size_t len, struct err *e)
{
	const struct stay *s = context;

	return s->said->text(s->said->context, text, len, e);
}

/*
 * The conversation is read at each message, so one that has grown long goes on
 * in a new run that has only what was said since it was handed over.
 */
static int
shed(struct stay *s, struct err *e)
{
	AUTO_FREE char *dir = workspace_run(&s->w, s->run);
	AUTO_FREE char *path = path_join(dir, "conversation.ndjson");
	char id[ULID_LEN + 1];
	struct stat st;
	int r;

	if (!s->run[0] || stat(path, &st) < 0 || st.st_size < CONVERSATION_LONG)
		return 0;
	ulid_make(id);
	r = runs_shorten(&s->w, s->run, id, e);
	return r > 0 ? note_run(s, id, e) : r;
}

/* Replying. */

/* What answers what, and the member of its data that has the words. */
static const char *
reply_type(const jv *record, const char **ret_member)
{
	const char *type = json_str(record, "type");

	*ret_member = "text";
	if (type && strcmp(type, RECORD_TASK) == 0)
		return RECORD_RESULT;
	if (!type || strcmp(type, RECORD_QUESTION) != 0)
		return RECORD_MESSAGE;
	*ret_member = "answer";
	return RECORD_ANSWER;
}

static jv
reply_data(const struct stay *s, const char *member, int status,
    const struct err *why)
{
	const char *text = json_str(&s->result, "text");
	jv data = json_object();

	json_set_str(&data, member, text && *text ? text :
	    status ? why->text : "");
	if (status != ST_OK) {
		json_set_int(&data, "status", status);
		json_set_str(&data, "message", why->text);
	}
	return data;
}

/* What could not be said to somebody is said to those who watch. */
static int
say_unsent(struct stay *s, const struct err *why, struct err *e)
{
	const struct record_origin origin = { .source = s->source,
		.run = s->run };
	jv data = json_object();

	json_set_str(&data, "level", "warning");
	json_set_str(&data, "text", why->text);
	AUTO_JV jv record = record_new(&origin, RECORD_LOG, data);
	return s->said->record(s->said->context, &record, e);
}

/* To who wants it, once. */
static int
reply(struct stay *s, const jv *record, int status, const struct err *why,
    struct err *e)
{
	const char *id = json_str(record, "id");
	const char *to = json_str(record, "replyto");
	const char *member, *type = reply_type(record, &member);
	AUTO_FREE char *key = xasprintf("reply/%s", id);
	struct record_origin origin = { .source = s->source, .to = to,
		.corr = id, .run = s->run };
	struct post_how how = { .box = to, .type = type, .corr = id,
		.key = key, .priority = HUB_PRIO_DEFAULT };
	struct post_message m = { .box = (char *)(uintptr_t)to, .key = key,
		.corr = (char *)(uintptr_t)id };
	AUTO_BUF struct buf line = BUF_INIT;
	char ids[1][ULID_LEN + 1];
	struct err refused = ERR_INIT;

	if (!to)
		return 0;
	AUTO_JV jv answer = record_new(&origin, type,
	    reply_data(s, member, status, why));
	record_write(&answer, &line);
	m.line = line.data;
	m.len = line.len;
	snprintf(m.id, sizeof(m.id), "%s", json_str(&answer, "id"));
	if (post_send(&s->post, &how, &m, 1, ids, &refused) == 0)
		return 0;
	if (refused.status == ST_DENIED)
		return say_unsent(s, &refused, e);
	*e = refused;
	return -1;
}

/* Settling. */

/* Whether the same may go well later, through no doing of ours. */
static bool
passes(int status)
{
	return status == ST_TEMPFAIL || status == ST_UNAVAILABLE ||
	    status == ST_IO || status == ST_CANTCREATE || status == ST_SYSTEM;
}

static int64_t
pause_after(const char *lease)
{
	const char *dot = strrchr(lease, '.');
	int64_t n = 1;

	if (dot)
		(void)num_parse_int(dot + 1, 1, INT32_MAX, &n);
	return n > 3 ? PAUSE_MAX : PAUSE_FIRST << (2 * (n - 1));
}

/* Hands one back; 1 when that was once too often, and it is dead now. */
static int
hand_back(struct stay *s, const jv *record, const struct err *why,
    struct err *e)
{
	struct hub *h = liaison_hub(s->liaison);
	const char *lease = json_str(record, "lease");
	AUTO_JV jv item = JSON_NONE;
	const char *state;

	if (hub_settle(h, s->source, lease, HUB_NAK, pause_after(lease),
	    why->text, e) < 0 ||
	    hub_get(h, json_str(record, "id"), &item, e) < 0)
		return -1;
	state = json_str(&item, "state");
	return state && strcmp(state, "dead") == 0;
}

static int
settle_one(struct stay *s, const jv *record, int status,
    const struct err *why, struct err *e)
{
	struct hub *h = liaison_hub(s->liaison);
	const char *lease = json_str(record, "lease");

	if (passes(status)) {
		int dead = hand_back(s, record, why, e);

		return dead <= 0 ? dead : reply(s, record, status, why, e);
	}
	if (reply(s, record, status, why, e) < 0 ||
	    hub_settle(h, s->source, lease, status ? HUB_DEAD : HUB_ACK, 0,
	    status ? why->text : NULL, e) < 0)
		return -1;
	s->answered += status == ST_OK;
	return 0;
}

static int
conclude(struct stay *s, int status, const struct err *why, struct err *e)
{
	struct mail *mail = liaison_mail(s->liaison);
	AUTO_JV jv owed = json_copy(mail_owed(mail));

	for (size_t i = 0; i < json_count(&owed); i++) {
		AUTO_JV jv record = json_at(&owed, i);

		if (settle_one(s, &record, status, why, e) < 0)
			return -1;
	}
	mail_clear(mail);
	return 0;
}

/* What came, to its answer. */
static int
answer(struct stay *s, struct err *e)
{
	struct mail *mail = liaison_mail(s->liaison);
	struct spawn said = *s->said;
	struct err why = ERR_INIT;
	AUTO_JV jv left = JSON_NONE;
	int status;

	jv_free(s->result);
	s->result = JSON_NONE;
	said.liaison = s->liaison;
	said.resume = s->run[0] ? s->run : NULL;
	said.record = pass_record;
	said.text = s->said->text ? pass_text : NULL;
	said.context = s;
	status = spawn_run(&said, NULL, &why);
	if (status < 0)
		status = why.status;
	if (status > ST_SIGNAL && *s->said->stop)
		return 0;	/* it was not answered, and is given back */
	/* it did not come to taking them */
	if (json_count(mail_owed(mail)) == 0 && status != ST_OK &&
	    mail_take(mail, &left, e) < 0)
		return -1;
	liaison_rest(s->liaison);
	return conclude(s, status, &why, e) < 0 ? -1 : shed(s, e);
}

/* The life: 0 when it has ended well. */
static int
live(struct stay *s, int64_t idle_ns, const char **ret_why, struct err *e)
{
	struct mail *mail = liaison_mail(s->liaison);
	struct deadline until = DEADLINE_NEVER;
	struct err why = ERR_INIT;
	bool rested = false;

	while (!*s->said->stop) {
		int n = mail_count(mail, e);

		if (n < 0)
			return -1;
		if (n > 0) {
			if (answer(s, e) < 0)
				return -1;
			rested = false;
			continue;
		}
		*ret_why = "stopped";
		if (mail_stopped(mail))
			return 0;
		if (!rested && idle_ns >= 0)
			until = deadline_in(idle_ns);
		rested = true;
		*ret_why = "idle";
		n = mail_wait(mail, until, s->said->stop, &why);
		if (n == 0)
			return 0;
		if (n < 0 && !*s->said->stop) {
			*e = why;
			return -1;
		}
	}
	*ret_why = "interrupted";
	return 0;
}

static int
say_end(struct stay *s, const char *why, struct err *e)
{
	const struct record_origin origin = { .source = s->source,
		.run = s->run[0] ? s->run : NULL };
	jv data = json_object();

	json_set_int(&data, "status", ST_OK);
	json_set_str(&data, "reason", why);
	json_set_int(&data, "answered", s->answered);
	AUTO_JV jv record = record_new(&origin, RECORD_RESULT, data);
	return s->said->record(s->said->context, &record, e);
}

int
stay_run(const struct spawn *said, int64_t idle_ns, struct err *e)
{
	struct stay s = { .said = said, .w = WORKSPACE_INIT,
		.agent = JSON_NONE, .post = POST_INIT,
		.result = JSON_NONE };
	const char *why = "stopped";
	int r = arrive(&s, e);

	if (r == 0)
		r = live(&s, idle_ns, &why, e);
	if (r == 0)
		r = say_end(&s, why, e);
	stay_release(&s);
	if (r == 0 && *said->stop && *said->stop != SIGTERM)
		return err_set(e, ST_SIGNAL + *said->stop, "interrupted");
	return r;
}
