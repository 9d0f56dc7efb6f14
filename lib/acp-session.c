/* acp-session: one session with an editor: its process, its questions. */
#include "config.h"

#include "acp-impl.h"

#include <fcntl.h>
#include <signal.h>

#include "acp-words.h"
#include "alloc.h"
#include "fd.h"
#include "gate.h"
#include "path.h"
#include "record.h"
#include "strs.h"
#include "workspace.h"

enum {
	GRACE_SECONDS = 15,	/* for a process to end in order */
	GATE_SECONDS = 10,	/* for a gate to be there */
	RUN_MAX = 256
};

struct acp_session *
acp_session_new(const struct acp_serve *serve, const char *cwd)
{
	struct acp_session *s = xcalloc(1, sizeof(*s));

	s->serve = serve;
	s->cwd = xstrdup(cwd);
	s->mode = serve->mode ? serve->mode : "default";
	s->prompt = s->result = s->answer = JSON_NONE;
	s->child = (struct child)CHILD_INIT;
	ndjson_init(&s->reader, -1, NDJSON_LINE_MAX);
	ulid_make(s->id);
	return s;
}

void
acp_session_free(struct acp_session *s)
{
	child_stop(&s->child, GRACE_SECONDS * CLOCK_SEC);
	ndjson_release(&s->reader);
	json_release(&s->prompt);
	json_release(&s->result);
	json_release(&s->answer);
	free(s->cwd);
	free(s->run);
	free(s->servers);
	free(s->failure);
	free(s->question);
	free(s->key);
	free(s);
}

static void
forget_question(struct acp_session *s)
{
	free(s->question);
	s->question = NULL;
}

bool
acp_session_busy(const struct acp_session *s)
{
	return s->child.out >= 0;
}

/* Which run it is, for who loads it: .agent/acp/ID. */
static char *
session_file(const struct workspace *w, const char *id)
{
	AUTO_FREE char *dir = path_join(w->dir, "acp");

	return path_join(dir, id);
}

static int
save(const struct acp_session *s, struct err *e)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_FREE char *file = NULL;
	AUTO_FREE char *dir = NULL;

	if (workspace_find(s->cwd, &w, e) <= 0)
		return -1;
	file = session_file(&w, s->id);
	dir = path_dirname(file);
	if (path_mkdirs(dir, 0700, e) < 0)
		return -1;
	return path_replace(file, s->run, strlen(s->run), 0600, e);
}

int
acp_session_load(struct acp_session *s, const char *id, struct err *e)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_FREE char *file = NULL;
	AUTO_FREE char *dir = NULL;
	AUTO_BUF struct buf run = BUF_INIT;

	if (!ulid_valid(id) || workspace_find(s->cwd, &w, e) <= 0)
		return err_set(e, ST_NOINPUT, "there is no session '%s'", id);
	file = session_file(&w, id);
	/* a run can be gone on with by its own id too */
	if (!path_exists(file))
		buf_adds(&run, id);
	else if (path_read(file, RUN_MAX, &run, e) < 0)
		return -1;
	dir = ulid_valid(run.data) ? workspace_run(&w, run.data) : NULL;
	if (!dir || !path_exists(dir))
		return err_set(e, ST_NOINPUT, "there is no session '%s'", id);
	memcpy(s->id, id, sizeof(s->id));
	s->run = buf_steal(&run);
	return 0;
}

static int
say_updates(const struct acp_session *s, const jv *record, bool streamed,
    struct err *e)
{
	AUTO_JV jv all = acp_updates(record, s->cwd, streamed);
	int r = 0;

	for (size_t i = 0; r == 0 && i < json_count(&all); i++) {
		jv params = json_object();
		json_set_str(&params, "sessionId", s->id);
		json_set(&params, "update", json_at(&all, i));
		r = acp_notify(s->serve, "session/update", params, e);
	}
	return r;
}

int
acp_session_replay(struct acp_session *s, struct err *e)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	struct ndjson_reader reader;
	struct ndjson_line line = NDJSON_LINE_INIT;
	struct err why = ERR_INIT;
	int r = 0;

	if (workspace_find(s->cwd, &w, e) <= 0)
		return -1;
	AUTO_FREE char *dir = workspace_run(&w, s->run);
	AUTO_FREE char *file = path_join(dir, "conversation.ndjson");
	AUTO_FD int fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, ST_NOINPUT, "cannot open '%s'", file);
	ndjson_init(&reader, fd, NDJSON_LINE_MAX);
	while (r == 0 && ndjson_next(&reader, &line, &why) == NDJSON_LINE)
		r = say_updates(s, &line.value, false, e);
	ndjson_line_release(&line);
	ndjson_release(&reader);
	return r;
}

int
acp_session_prompt(struct acp_session *s, const jv *id, const char *words,
    struct err *e)
{
	AUTO_STRS struct strs argv = STRS_INIT;
	struct child_spec spec = CHILD_SPEC_INIT;
	AUTO_FD int in = fd_from_text(words, strlen(words), e);
	/* what is in an argument list, everybody can read */
	AUTO_FD int servers = in >= 0 && s->servers ?
	    fd_from_text(s->servers, strlen(s->servers), e) : -1;

	if (in < 0 || (s->servers && servers < 0))
		return -1;
	strs_add(&argv, s->serve->program);
	strs_add_all(&argv, s->serve->args);
	STRS_ADD(&argv, "-C", s->cwd, "--permission-mode", s->mode);
	if (s->run)
		STRS_ADD(&argv, "-r", s->run);
	if (servers >= 0) {
		strs_add(&argv, "--mcp-config");
		strs_addf(&argv, "/dev/fd/%d", servers);
	}
	strs_add(&argv, "-");
	spec.argv = (const char *const *)argv.v;
	spec.in = in;
	spec.out = CHILD_PIPE;
	spec.keep = &servers;
	spec.nkeep = servers >= 0;
	if (child_start(&spec, &s->child, e) < 0 ||
	    fd_set_nonblock(s->child.out, true, e) < 0)
		return -1;
	ndjson_init(&s->reader, s->child.out, NDJSON_LINE_MAX);
	s->prompt = json_copy(id);
	s->cancelled = s->streamed = false;
	return 0;
}

/* The editor is asked; the gate is there for others as well. */
static int
ask(struct acp_session *s, const jv *record, struct err *e)
{
	jv params = acp_permission(record);
	AUTO_JV jv data = json_get(record, "data");
	const char *key = json_str(&data, "key");

	if (!json_is(&params, JSON_OBJECT) || s->question) {
		json_release(&params);
		return 0;
	}
	json_set_str(&params, "sessionId", s->id);
	s->question = xasprintf("%s/%u", s->id, ++s->questions);
	free(s->key);
	s->key = xstrdup(key);
	return acp_request(s->serve, s->question,
	    "session/request_permission", params, e);
}

void
acp_session_answer(struct acp_session *s, const jv *result)
{
	const char *option = json_path_str(result, "outcome.optionId");

	forget_question(s);
	json_release(&s->answer);
	s->answer = json_from_str(option ? option : "deny");
	s->gate_until = deadline_in(GATE_SECONDS * CLOCK_SEC);
}

struct search {
	const char *key;
	char *id;
};

static int
is_gate(const jv *gate, void *arg)
{
	struct search *s = arg;
	const char *key = json_str(gate, "key");

	if (key && strcmp(key, s->key) == 0 && !s->id)
		s->id = xstrdup(json_str(gate, "id"));
	return 0;
}

/* 1 when it has been answered, 0 when it is not there yet. */
static int
answer_gate(const struct acp_session *s, struct err *e)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_HUB struct hub *hub = NULL;
	AUTO_JV jv gate = JSON_NONE;
	struct search found = { .key = s->key };
	const char *word = json_string(&s->answer);
	bool always = strcmp(word, "always") == 0;
	struct hub_answer a = { .state = "answered", .remember = always,
	    .answer = always ? "approve" : word };
	int r;

	if (workspace_find(s->cwd, &w, e) <= 0 ||
	    hub_open(w.dir, NULL, s->serve->stop, &hub, e) < 0 ||
	    hub_gates(hub, "open", is_gate, &found, e) < 0)
		return -1;
	if (!found.id)
		return 0;
	r = gate_answer(hub, &w, found.id, &a, &gate, e);
	free(found.id);
	return r < 0 ? -1 : 1;
}

/* The process asks at the gate just after it has said so. */
static void
settle_answer(struct acp_session *s)
{
	struct err e = ERR_INIT;
	int r;

	if (!json_is(&s->answer, JSON_STRING))
		return;
	r = answer_gate(s, &e);
	if (r < 0)
		err_warn("%s", e.text);
	if (r == 0 && !deadline_passed(s->gate_until))
		return;
	json_release(&s->answer);
	s->answer = JSON_NONE;
}

static int
take_record(struct acp_session *s, const jv *record, struct err *e)
{
	const char *type = json_str(record, "type");
	const char *run = json_str(record, "run");
	AUTO_JV jv data = json_get(record, "data");

	if (!s->run && run) {
		struct err why = ERR_INIT;
		s->run = xstrdup(run);
		if (save(s, &why) < 0)
			err_warn("%s", why.text);
	}
	/* the editor knows what it has said */
	if (!type || strcmp(type, RECORD_AGENT_START) == 0 ||
	    strcmp(type, RECORD_TASK) == 0)
		return 0;
	if (strcmp(type, RECORD_QUESTION) == 0)
		return ask(s, record, e);
	if (strcmp(type, RECORD_ANSWER) == 0)
		forget_question(s);	/* somebody else was first */
	if (strcmp(type, RECORD_ERROR) == 0) {
		free(s->failure);
		s->failure = json_str(&data, "message") ?
		    xstrdup(json_str(&data, "message")) : NULL;
	} else if (strcmp(type, RECORD_RESULT) == 0) {
		json_release(&s->result);
		s->result = json_copy(&data);
	}
	if (say_updates(s, record, s->streamed, e) < 0)
		return -1;
	s->streamed = strcmp(type, RECORD_MODEL_DELTA) == 0 || (s->streamed &&
	    strcmp(type, RECORD_MODEL_MESSAGE) != 0);
	return 0;
}

static int
answer_prompt(struct acp_session *s, int status, struct err *e)
{
	const char *reason = s->cancelled ? "cancelled" :
	    acp_stop_reason(&s->result);
	const char *words = s->failure ? s->failure :
	    json_str(&s->result, "message");
	AUTO_FREE char *own = xasprintf("the agent ended with status %d",
	    status);
	jv result;

	if (!reason)
		return acp_error(s->serve, &s->prompt, status == ST_DENIED ?
		    ACP_AUTH : ACP_INTERNAL, words ? words : own, e);
	result = json_object();
	json_set_str(&result, "stopReason", reason);
	return acp_result(s->serve, &s->prompt, result, e);
}

static int
finish(struct acp_session *s, struct err *e)
{
	struct err ignored;
	int status = 0, r;

	if (child_wait(&s->child, deadline_in(GRACE_SECONDS * CLOCK_SEC),
	    NULL, &status, &ignored) != 1)
		status = child_stop(&s->child, CLOCK_SEC);
	child_close(&s->child);
	ndjson_release(&s->reader);
	r = answer_prompt(s, status, e);
	json_release(&s->prompt);
	json_release(&s->result);
	s->prompt = s->result = JSON_NONE;
	free(s->failure);
	s->failure = NULL;
	forget_question(s);
	s->child = (struct child)CHILD_INIT;
	return r;
}

int
acp_session_step(struct acp_session *s, struct err *e)
{
	struct ndjson_line line = NDJSON_LINE_INIT;
	struct err why = ERR_INIT;
	enum ndjson_result got;
	int r = 0;

	settle_answer(s);
	if (!acp_session_busy(s))
		return 0;
	while ((got = ndjson_next(&s->reader, &line, &why)) == NDJSON_LINE ||
	    got == NDJSON_BAD)
		if (got == NDJSON_LINE &&
		    (r = take_record(s, &line.value, e)) < 0)
			break;
	ndjson_line_release(&line);
	return r < 0 ? -1 : got == NDJSON_AGAIN ? 0 : finish(s, e);
}

void
acp_session_cancel(struct acp_session *s)
{
	if (!acp_session_busy(s))
		return;
	s->cancelled = true;
	child_signal(&s->child, SIGTERM);
}
