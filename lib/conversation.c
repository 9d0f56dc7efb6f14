/* conversation: what was said and done in a run, on disk before it counts. */
#include "config.h"

#include "conversation.h"

#include <fcntl.h>

#include "alloc.h"
#include "fd.h"
#include "lock.h"
#include "ndjson.h"
#include "num.h"
#include "path.h"
#include "record.h"

enum { RECORD_MAX = 256 << 20, SHOWN_MAX = 4000 };

void
conversation_close(struct conversation *c)
{
	struct conversation none = CONVERSATION_INIT;

	if (c->fd >= 0)
		close(c->fd);
	jv_free(c->messages);
	jv_free(c->start);
	jv_free(c->result);
	jv_free(c->tail);
	jv_free(c->last);
	jv_free(c->calls);
	jv_free(c->begun);
	jv_free(c->answers);
	jv_free(c->escalated);
	jv_free(c->brief);
	free(c->kept);
	jv_free(c->seen);
	*c = none;
}

static void
set(jv *member, jv value)
{
	jv_free(*member);
	*member = value;
}

static void
say(struct conversation *c, const char *role, const char *text)
{
	jv m = json_object();

	json_set_str(&m, "role", role);
	json_set_str(&m, "content", text);
	json_append(&c->messages, m);
}

static void
take_start(struct conversation *c, const jv *data)
{
	if (!json_is(&c->start, JSON_NOTHING))
		return;		/* going on: the first one counts */
	set(&c->start, json_copy(data));
	say(c, "system", json_str(data, "briefing"));
	if (json_str(data, "task"))
		say(c, "user", json_str(data, "task"));
}

/* "usage" as model_usage_json() writes it. */
static void
add_usage(struct conversation *c, const jv *data)
{
	AUTO_JV jv u = json_get(data, "usage");
	struct model_usage one = MODEL_USAGE_INIT;

	model_usage_read(&u, &one);
	model_usage_add(&c->usage, &one);
}

/*
 * Somebody fresh takes over: what was said so far is forgotten but for the
 * task and the brief.
 */
static void
take_handover(struct conversation *c, const jv *data)
{
	const char *first = json_str(&c->start, "task");
	AUTO_FREE char *task = xasprintf("%s%sSomebody else has worked on "
	    "this and hands over to you with this brief:\n\n%s",
	    first ? first : "", first ? "\n\n" : "",
	    json_str(data, "brief"));

	set(&c->brief, json_get(data, "brief"));
	set(&c->messages, json_array());
	set(&c->calls, json_array());
	set(&c->last, JSON_NONE);
	say(c, "system", json_str(&c->start, "briefing"));
	say(c, "user", task);
	add_usage(c, data);
}

static void
take_message(struct conversation *c, const jv *data)
{
	AUTO_JV jv message = json_get(data, "message");
	AUTO_JV jv calls = json_get(&message, "tool_calls");

	json_append(&c->messages, json_copy(&message));
	set(&c->calls, json_is(&calls, JSON_ARRAY) ? json_copy(&calls) :
	    json_array());
	set(&c->begun, json_object());
	set(&c->answers, json_object());
	set(&c->last, json_copy(data));
	c->turns++;
	add_usage(c, data);
}

/* All answers are there: the model gets them in its order. */
static void
settle(struct conversation *c)
{
	if (json_count(&c->answers) < json_count(&c->calls))
		return;
	for (size_t i = 0; i < json_count(&c->calls); i++) {
		AUTO_JV jv call = json_at(&c->calls, i);
		const char *id = json_str(&call, "id");
		AUTO_JV jv data = json_get(&c->answers, id);
		jv m = json_object();

		json_set_str(&m, "role", "tool");
		json_set_str(&m, "tool_call_id", id);
		json_set(&m, "content", json_get(&data, "output"));
		json_append(&c->messages, m);
	}
	set(&c->calls, json_array());
}

static void
take(struct conversation *c, const jv *record)
{
	const char *type = json_str(record, "type");
	AUTO_JV jv data = json_get(record, "data");
	const char *id = json_str(&data, "id");

	set(&c->result, JSON_NONE);
	if (strcmp(type, RECORD_AGENT_START) == 0) {
		take_start(c, &data);
	} else if (strcmp(type, RECORD_CHECKPOINT) == 0) {
		if (!c->kept && id)
			c->kept = xstrdup(id);
	} else if (strcmp(type, RECORD_ESCALATION) == 0) {
		set(&c->escalated, json_copy(&data));
	} else if (strcmp(type, RECORD_TASK) == 0) {
		set(&c->escalated, JSON_NONE);
		say(c, "user", json_str(&data, "prompt"));
	} else if (strcmp(type, RECORD_AGENT_HANDOVER) == 0) {
		take_handover(c, &data);
	} else if (strcmp(type, RECORD_MESSAGE) == 0 && id) {
		say(c, "user", json_str(&data, "text"));
		json_set_bool(&c->seen, id, true);
	} else if (strcmp(type, RECORD_MODEL_MESSAGE) == 0) {
		take_message(c, &data);
	} else if (strcmp(type, RECORD_TOOL_CALL) == 0 && id) {
		json_set(&c->begun, id, json_copy(record));
		c->tools++;
	} else if (strcmp(type, RECORD_TOOL_RESULT) == 0 && id) {
		json_set(&c->answers, id, json_copy(&data));
		add_usage(c, &data);	/* of a sub-agent */
		settle(c);
	} else if (strcmp(type, RECORD_RESULT) == 0) {
		set(&c->result, json_copy(record));
	}
}

/* Who holds it, for the message only. */
static void
write_owner(const char *dir)
{
	AUTO_FREE char *path = path_join(dir, "owner");
	AUTO_FREE char *text = xasprintf("%ld\n", (long)getpid());
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);
	struct err ignored;

	if (fd >= 0)
		(void)fd_write(fd, text, strlen(text), &ignored);
}

static int
own(const char *dir, int fd, struct deadline until, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, "owner");
	AUTO_BUF struct buf owner = BUF_INIT;
	struct err ignored;
	int taken = lock_take(fd, until, NULL, e);

	if (taken < 0)
		return err_prefix(e, "the conversation");
	if (taken > 0) {
		write_owner(dir);
		return 0;
	}
	if (path_read(path, 64, &owner, &ignored) < 0 || owner.len == 0)
		return err_set(e, ST_TEMPFAIL, "the run is owned by another "
		    "process");
	return err_set(e, ST_TEMPFAIL, "the run is owned by process %.*s",
	    (int)strcspn(owner.data, "\n"), owner.data);
}

static struct conversation
empty(int fd)
{
	struct conversation c = CONVERSATION_INIT;

	c.fd = fd;
	c.messages = json_array();
	c.calls = json_array();
	c.begun = json_object();
	c.answers = json_object();
	c.seen = json_object();
	return c;
}

int
conversation_create(const char *dir, struct conversation *ret, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, "conversation.ndjson");
	AUTO_FD int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL |
	    O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'", path);
	if (own(dir, fd, deadline_in(0), e) < 0)
		return -1;
	*ret = empty(steal_fd(&fd));
	return 0;
}

/* Reads all; a torn last line is cut off. */
static int
read_all(struct conversation *c, struct err *e)
{
	struct ndjson_reader r;
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;
	off_t good = 0;
	int result = 0;

	ndjson_init(&r, c->fd, RECORD_MAX);
	while ((got = ndjson_next(&r, &line, e)) == NDJSON_LINE &&
	    !line.torn) {
		if (record_check(&line.value, e) < 0) {
			result = err_prefix(e, "line %lu", line.number);
			break;
		}
		take(c, &line.value);
		set(&c->tail, json_copy(&line.value));
		good += (off_t)line.len + 1;
	}
	if (got == NDJSON_FAIL || (got == NDJSON_BAD && !r.eof))
		result = -1;
	if (result == 0 && got != NDJSON_EOF &&
	    (ftruncate(c->fd, good) < 0 || fdatasync(c->fd) < 0))
		result = err_sys(e, ST_IO, "cannot mend the conversation");
	ndjson_line_release(&line);
	ndjson_release(&r);
	return result;
}

int
conversation_open(const char *dir, struct deadline until,
    struct conversation *ret, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, "conversation.ndjson");
	AUTO_CONVERSATION struct conversation c = empty(open(path, O_RDWR |
	    O_APPEND | O_CLOEXEC | O_NOFOLLOW));

	if (c.fd < 0)
		return err_sys(e, ST_NOINPUT, "cannot open '%s'", path);
	if (own(dir, c.fd, until, e) < 0)
		return -1;
	if (read_all(&c, e) < 0)
		return err_prefix(e, "'%s'", path);
	*ret = c;
	c = (struct conversation)CONVERSATION_INIT;
	return 0;
}

int
conversation_log(struct conversation *c, const jv *record, struct err *e)
{
	if (record_emit(c->fd, record, e) < 0)
		return err_prefix(e, "conversation");
	take(c, record);
	return 0;
}

jv
conversation_shown(const jv *record)
{
	AUTO_JV jv output = json_path(record, "data.output");
	jv shown = json_copy(record), data;

	if (!json_is(&output, JSON_STRING) ||
	    json_string_len(&output) <= SHOWN_MAX)
		return shown;
	data = json_get(record, "data");
	json_set(&data, "output", json_from_bytes(json_string(&output),
	    SHOWN_MAX));
	json_set_bool(&data, "truncated", true);
	json_set(&shown, "data", data);
	return shown;
}

int
conversation_sync(const struct conversation *c, struct err *e)
{
	return fdatasync(c->fd) < 0 ?
	    err_sys(e, ST_IO, "cannot sync the conversation") : 0;
}
