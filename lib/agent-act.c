/* agent-act: what the model wants done, and telling it what came of it. */
#include "config.h"

#include "agent-impl.h"

#include "alloc.h"
#include "asking.h"
#include "audit.h"
#include "path.h"
#include "toolbox.h"
#include "ulid.h"

/* Fills a call from {"id","function":{"name","arguments":"{...}"}}. */
static void
read_call(struct run *r, const jv *wanted, size_t i, struct call *c)
{
	const char *name = json_path_str(wanted, "function.name");
	const char *text = json_path_str(wanted, "function.arguments");
	struct err why = ERR_INIT;

	*c = (struct call)CALL_INIT;
	c->number = r->talk->tools + i + 1;
	c->key = xasprintf("%s/%lld.%zu", r->task->origin.run,
	    (long long)r->talk->turns, i + 1);
	c->id = xstrdup(json_str(wanted, "id"));
	c->name = xstrdup(name ? name : "");
	if (!text || !*text)
		text = "{}";
	if (json_parse(text, strlen(text), &c->arguments, &why) < 0)
		buf_adds(&c->text, "the arguments are not JSON");
}

/* The intent, on disk before the deed. */
static int
say_call(struct run *r, const struct call *c, struct err *e)
{
	jv data = json_object();

	json_set_str(&data, "id", c->id);
	json_set_str(&data, "name", c->name);
	json_set(&data, "arguments", json_copy(&c->arguments));
	if (c->terms.run[0])
		json_set(&data, "child", subagent_terms_json(&c->terms));
	return agent_say(r, RECORD_TOOL_CALL, data, true, e);
}

/* The conversation keeps all that the model reads, the record the start. */
static int
say_result(void *context, const struct call *c, struct err *e)
{
	struct run *r = context;
	AUTO_JV jv record = JSON_NONE;
	AUTO_JV jv shown = JSON_NONE;
	jv data = json_object();

	json_set_str(&data, "id", c->id);
	json_set_str(&data, "name", c->name);
	json_set_bool(&data, "ok", c->ok);
	json_set_int(&data, "status", c->status);
	json_set(&data, "output", json_from_bytes(c->text.data, c->text.len));
	json_set_bool(&data, "truncated", c->truncated);
	json_set_int(&data, "duration_ms", c->duration_ns / CLOCK_MS);
	json_set(&data, "usage", json_copy(&c->usage));
	json_set_str(&data, "file", c->output ? path_basename(c->output) :
	    NULL);
	record = record_new(&r->task->origin, RECORD_TOOL_RESULT, data);
	if (conversation_log(r->talk, &record, e) < 0)
		return -1;
	shown = conversation_shown(&record);
	return r->task->record(r->task->context, &shown, e);
}

static bool
is_done(const struct call *c)
{
	struct err ignored;

	return strcmp(c->name, "done") == 0 &&
	    tool_check(tool_find("done"), &c->arguments, &ignored) == 0;
}

/* `done` is no work: it ends the run, after the other calls of its turn. */
static int
take_done(struct run *r, struct call *c, struct err *e)
{
	const char *summary = json_str(&c->arguments, "summary");
	bool success = true;

	(void)json_bool(&c->arguments, "success", &success);
	c->ok = true;
	c->status = 0;
	buf_adds(&c->text, "ok");
	buf_reset(&r->answer);
	buf_adds(&r->answer, summary ? summary : "");
	if (say_result(r, c, e) < 0)
		return -1;
	agent_end(r, success ? ST_OK : ST_NO, "done");
	return 0;
}

/*
 * Before files change, what they are is kept.  Without git there are no
 * checkpoints, which is said once.
 */
static int
keep_files(struct run *r, const struct call *calls, size_t n, struct err *e)
{
	char id[SNAPSHOT_ID_MAX] = "";
	struct err why = ERR_INIT;
	bool changes = false;
	jv data;
	int taken;

	for (size_t i = 0; i < n; i++) {
		const struct tool *t = toolbox_find(r->task->place.tools,
		    calls[i].name);
		changes |= calls[i].state == CALL_WAITING && t &&
		    (t->flags & TOOL_CHANGES);
	}
	if (!changes)
		return 0;
	r->changed = true;
	taken = snapshot_end(&r->snapshot, r->task->limits.until,
	    r->task->stop, id, &why);
	if (taken >= 0 && id[0] && (r->keep_next || !r->kept[0])) {
		memcpy(r->kept, id, sizeof(id));
		r->keep_next = false;
	}
	if (taken == 0)
		return 0;
	if (taken < 0 && why.status > ST_SIGNAL) {
		*e = why;
		return -1;
	}
	data = json_object();
	if (taken < 0) {
		r->no_snapshots = true;
		json_set_str(&data, "text", why.text);
		return agent_say(r, RECORD_LOG, data, false, e);
	}
	json_set_str(&data, "id", id);
	json_set_int(&data, "turn", r->talk->turns);
	return agent_say(r, RECORD_CHECKPOINT, data, true, e);
}

static int
say_ended(void *context, const struct call *c, struct err *e)
{
	struct run *r = context;

	/* it goes on when we do */
	if (r->task->park && c->status == ST_TEMPFAIL && c->terms.run[0]) {
		r->child_parked = true;
		return 0;
	}
	permit_after(&r->task->permit, c);
	return say_result(r, c, e);
}

/* A call that is not made: the model is told why. */
static int
deny(struct run *r, struct call *c, const char *why, struct err *e)
{
	c->state = CALL_ENDED;
	buf_reset(&c->text);
	buf_addf(&c->text, "error: denied%s%s", *why ? ": " : "", why);
	return say_call(r, c, e) < 0 ? -1 : say_result(r, c, e);
}

/* "shell: git push", "edit_file: src/x.c": what the call is about. */
static char *
subject(const struct call *c)
{
	const char *command = json_str(&c->arguments, "command");
	const char *path = json_str(&c->arguments, "path");

	return xasprintf("%s%s%s", c->name, command || path ? ": " : "",
	    command ? command : path ? path : "");
}

/* A file for the person to look at. */
static char *
write_show(const struct run *r, const char *key, const char *text,
    struct err *e)
{
	const char *slash = strchr(key, '/');
	AUTO_FREE char *name = xstrdup(slash ? slash + 1 : key);
	AUTO_FREE char *path = NULL;

	/* ids of other people's calls can be anything */
	for (char *c = name; *c; c++)
		if (*c == '/')
			*c = '_';
	path = xasprintf("%s/%.100s.ask.txt", r->task->place.output_dir, name);
	if (path_replace(path, text, strlen(text), 0600, e) < 0)
		return NULL;
	return STEAL(path);
}

static int
say_question(struct run *r, const struct asking *a, struct err *e)
{
	jv data = json_object();

	json_set_str(&data, "question", a->question);
	json_set_str(&data, "subject", a->subject);
	json_set_str(&data, "kind", a->kind);
	json_set_str(&data, "key", a->key);
	return agent_say(r, RECORD_QUESTION, data, false, e);
}

/* Asks, and says so: 1 yes, 0 no, -1 parked or worse. */
static int
ask(struct run *r, const struct asking *a, struct buf *words, struct err *e)
{
	const struct agent_task *t = r->task;
	int answer;
	jv data;

	if (say_question(r, a, e) < 0)
		return -1;
	answer = asking_person(a, t->limits.until, t->stop, words, e);
	if (answer < 0)
		return -1;
	data = json_object();
	if (!a->kind)
		json_set_str(&data, "answer", answer ? "yes" : "no");
	json_set_str(&data, "text", words->data);
	json_set_str(&data, "key", a->key);
	return agent_say(r, RECORD_ANSWER, data, false, e) < 0 ? -1 : answer;
}

int
agent_ask_person(struct run *r, const char *kind, const char *subject,
    const char *question, const char *text, struct buf *words, struct err *e)
{
	const struct agent_task *t = r->task;
	AUTO_FREE char *key = xasprintf("%s/%s", t->origin.run, subject);
	AUTO_FREE char *show = write_show(r, key, text ? text : "", e);
	struct asking a = {
		.root = t->place.root, .agent = t->id, .key = key,
		.question = question, .subject = subject, .show = show,
		.kind = kind, .park = t->park,
	};

	return show ? ask(r, &a, words, e) : -1;
}

/* Asks whether a call may be made, and shows all of it. */
static int
ask_about(struct run *r, const struct call *c, struct buf *words,
    struct err *e)
{
	const struct agent_task *t = r->task;
	AUTO_FREE char *key = c->key ? xstrdup(c->key) :
	    xasprintf("%s/%s", t->origin.run, c->id);
	AUTO_FREE char *about = subject(c);
	AUTO_FREE char *question = xstrdup(words->data);
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_FREE char *show = NULL;

	json_write_pretty(&c->arguments, &text);
	buf_addc(&text, '\n');
	show = write_show(r, key, text.data, e);
	struct asking a = {
		.root = t->place.root, .agent = t->id, .key = key,
		.question = question, .subject = about, .show = show,
		.park = t->park,
	};
	return show ? ask(r, &a, words, e) : -1;
}

/* The trail keeps what was decided about a call. */
static int
audit_call(const struct run *r, const struct call *c, const char *action,
    const char *why, struct err *e)
{
	const struct agent_task *t = r->task;
	jv data = json_object();

	json_set_str(&data, "run", t->origin.run);
	json_set_str(&data, "tool", c->name);
	json_set(&data, "arguments", json_copy(&c->arguments));
	json_set_str(&data, "reason", why);
	return audit_add(t->audit, action, t->origin.source, data, e);
}

int
agent_permit(struct run *r, const struct call *c, struct buf *words,
    struct err *e)
{
	int answer = permit_before(&r->task->permit, c, words, e);
	bool bypassed = answer == PERMIT_YES && words->len > 0;

	if (answer == PERMIT_ASK) {
		int said = ask_about(r, c, words, e);
		answer = said < 0 ? -1 : said ? PERMIT_YES : PERMIT_NO;
	}
	buf_adds(words, "");
	if (answer == PERMIT_NO && audit_call(r, c, "tool.denied", words->data,
	    e) < 0)
		return -1;
	if (answer == PERMIT_YES && bypassed && audit_call(r, c,
	    "policy.bypassed", words->data, e) < 0)
		return -1;
	return answer;
}

/* Whether one call may be made; ends it when it may not. */
static int
permit_one(struct run *r, struct call *c, struct err *e)
{
	AUTO_BUF struct buf words = BUF_INIT;
	int answer = agent_permit(r, c, &words, e);

	return answer == PERMIT_NO ? deny(r, c, words.data, e) :
	    answer < 0 ? -1 : 0;
}

/* Asks for each call whether it may be made. */
static int
permit(struct run *r, struct call *calls, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (calls[i].state == CALL_WAITING &&
		    permit_one(r, &calls[i], e) < 0)
			return -1;
	return 0;
}

/*
 * The tool `ask`: a question of the model's own.  A progress report is put
 * where people look, and gets no answer.
 */
static int
ask_freely(struct run *r, struct call *c, struct err *e)
{
	const struct agent_task *t = r->task;
	const char *kind = json_str(&c->arguments, "kind");
	AUTO_JV jv options = json_get(&c->arguments, "options");
	struct asking a = {
		.root = t->place.root, .agent = t->id, .key = c->key,
		.question = json_str(&c->arguments, "question"),
		.subject = "ask", .kind = kind ? kind : "user_input",
		.options = &options, .park = t->park,
	};

	if (!json_has(&r->talk->begun, c->id) && say_call(r, c, e) < 0)
		return -1;
	if (ask(r, &a, &c->text, e) < 0)
		return -1;
	if (strcmp(a.kind, "progress_report") == 0) {
		buf_reset(&c->text);
		buf_adds(&c->text, "reported");
	}
	c->ok = true;
	c->status = 0;
	c->state = CALL_ENDED;
	return say_ended(r, c, e);
}

static bool
is_question(const struct call *c)
{
	static const char *const kinds[] = {
		"user_input", "debug_request", "progress_report"
	};
	const char *kind = json_str(&c->arguments, "kind");
	struct err ignored;

	if (strcmp(c->name, "ask") != 0 || c->state != CALL_WAITING ||
	    tool_check(tool_find("ask"), &c->arguments, &ignored) < 0)
		return false;
	for (size_t i = 0; kind && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return !kind;
}

/* Questions come first: what else is in the turn may wait for days. */
static int
ask_questions(struct run *r, struct call *calls, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (is_question(&calls[i]) && ask_freely(r, &calls[i], e) < 0)
			return -1;
	return 0;
}

/*
 * What those that are spawned in this turn are called and may spend; some may
 * have begun.
 */
static void
settle_terms(struct run *r, struct call *calls, size_t n)
{
	const struct agent_limits *l = &r->task->limits;
	const struct model_usage *u = &r->talk->usage;
	int64_t tokens = l->tokens - agent_tokens(r);
	double cost = l->cost - (u->cost > 0 ? u->cost : 0);
	int64_t shares = 1;

	for (size_t i = 0; i < n; i++)
		shares += strcmp(calls[i].name, "spawn") == 0;
	for (size_t i = 0; i < n; i++) {
		struct subagent_terms *t = &calls[i].terms;

		if (strcmp(calls[i].name, "spawn") != 0 || t->run[0])
			continue;
		ulid_make(t->run);
		if (l->tokens > 0)
			t->tokens = tokens / shares > 0 ? tokens / shares : 1;
		if (l->cost > 0)
			t->cost = cost > 0 ? cost / (double)shares : 0.000001;
	}
}

/* What is served outside of the sandbox goes on the trail. */
static int
note_outside(const struct run *r, const struct call *calls, size_t n,
    struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct tool *t = toolbox_find(r->task->place.tools,
		    calls[i].name);

		if (calls[i].state == CALL_WAITING && t && t->program &&
		    audit_call(r, &calls[i], "tool.outside", NULL, e) < 0)
			return -1;
	}
	return 0;
}

/* Runs them all; `done`, if it is among them, comes last. */
static int
run_calls(struct run *r, struct call *calls, size_t n, struct err *e)
{
	const struct agent_task *t = r->task;
	struct call *done = NULL;

	/* a call that waits for a person has not begun */
	if (permit(r, calls, n, e) < 0 || ask_questions(r, calls, n, e) < 0)
		return -1;
	settle_terms(r, calls, n);
	for (size_t i = 0; i < n; i++) {
		if (calls[i].state == CALL_WAITING &&
		    !json_has(&r->talk->begun, calls[i].id) &&
		    say_call(r, &calls[i], e) < 0)
			return -1;
		if (calls[i].state == CALL_WAITING && is_done(&calls[i])) {
			done = &calls[i];
			done->state = CALL_ENDED;
		}
	}
	if (conversation_sync(r->talk, e) < 0 ||
	    note_outside(r, calls, n, e) < 0 ||
	    keep_files(r, calls, n, e) < 0 || calls_run(&t->place, calls, n,
	    t->limits.until, t->stop, say_ended, r, e) < 0)
		return -1;
	if (r->child_parked)
		return err_set(e, ST_TEMPFAIL, "a sub-agent waits for a "
		    "person");
	return done ? take_done(r, done, e) : 0;
}

/*
 * What a run that was broken off had begun: made again if that does no harm,
 * as to a sub-agent whose run is known, else left to the model to find out.
 */
static int
mend_call(struct run *r, struct call *c, struct err *e)
{
	const struct tool *t = toolbox_find(r->task->place.tools, c->name);
	AUTO_JV jv begun = json_get(&r->talk->begun, c->id);
	AUTO_JV jv child = json_path(&begun, "data.child");
	const char *run = json_str(&begun, "run");

	if (json_has(&r->talk->answers, c->id)) {
		c->state = CALL_ENDED;
		return 0;
	}
	/* in a fork it is still the other's */
	if (run && strcmp(run, r->task->origin.run) == 0)
		subagent_terms_read(&child, &c->terms);
	if (!json_is(&begun, JSON_OBJECT) || !t || !(t->flags & TOOL_ONCE) ||
	    c->terms.run[0])
		return 0;
	c->state = CALL_ENDED;
	buf_reset(&c->text);
	buf_adds(&c->text, "error: interrupted: this call was begun before "
	    "the run was broken off, and may have happened in part or as a "
	    "whole. Look before you repeat it.");
	return say_result(r, c, e);
}

const char *
agent_end_reason(int status)
{
	return status == ST_TIMEOUT ? "time" :
	    status == ST_TEMPFAIL ? "parked" : err_kind(status);
}

int
agent_act(struct run *r, struct err *e)
{
	AUTO_JV jv wanted = json_copy(&r->talk->calls);
	size_t n = json_count(&wanted);
	struct call *calls = xcalloc(n, sizeof(*calls));
	int result = 0;

	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv one = json_at(&wanted, i);
		read_call(r, &one, i, &calls[i]);
	}
	for (size_t i = 0; i < n && result == 0; i++)
		result = mend_call(r, &calls[i], e);
	if (result == 0)
		result = run_calls(r, calls, n, e);
	for (size_t i = 0; i < n; i++)
		call_release(&calls[i]);
	free(calls);
	if (result < 0)
		agent_end(r, e->status, agent_end_reason(e->status));
	return result;
}
