/*
 * agent-mend: what is done about failures, by how bad they are.
 *
 * What passes is tried again after a while.  Work that does not stand its
 * check goes back to the model, and, when that cannot mend it, the files to
 * what they were.  What is left goes to a person.
 */
#include "config.h"

#include "agent-impl.h"

#include <strings.h>

#include "alloc.h"
#include "asking.h"
#include "audit.h"
#include "checkpoint.h"
#include "fd.h"
#include "ulid.h"
#include "workspace.h"

enum {
	CHECK_RETRIES = 2,	/* when `retries` does not say */
	CHECK_SECONDS = 600,
	SHOWN_MAX = 8000,	/* of what a check prints */
	DOUBLINGS_MAX = 6,	/* of the wait: a minute about */
	ESCALATIONS_MAX = 3
};

/* As if it had not ended. */
static void
go_on(struct run *r, struct err *e)
{
	r->reason = NULL;
	r->status = ST_OK;
	r->passing = false;
	buf_reset(&r->answer);
	*e = (struct err)ERR_INIT;
}

int
agent_tell(struct run *r, const char *text, struct err *e)
{
	char id[ULID_LEN + 1];
	jv data = json_object();

	ulid_make(id);
	json_set_str(&data, "id", id);
	json_set_str(&data, "from", "/command/agent-spawn");
	json_set_str(&data, "text", text);
	return agent_say(r, RECORD_MESSAGE, data, true, e);
}

/* Its end, when its records cannot be written. */
static void
end_by(struct run *r, const struct err *e)
{
	agent_end(r, e->status, agent_end_reason(e->status));
}

/* After a failure that may pass. */
static void
try_again(struct run *r, struct err *e)
{
	int64_t wait = CLOCK_SEC << (r->retried < DOUBLINGS_MAX ? r->retried :
	    DOUBLINGS_MAX);
	jv data;

	if (r->retry_after > wait)
		wait = r->retry_after;
	if (r->retried >= r->task->care.retries ||
	    deadline_left(r->task->limits.until) <= wait)
		return;
	r->retried++;
	data = json_object();
	json_set_str(&data, "kind", r->reason);
	json_set_str(&data, "message", e->text);
	json_set_num(&data, "delay", (double)wait / 1e9);
	json_set_str(&data, "next", r->task->model_name);
	if (agent_say(r, RECORD_MODEL_RETRY, data, false, e) < 0 ||
	    fd_poll(NULL, 0, deadline_in(wait), r->task->stop, e) < 0)
		end_by(r, e);
	else
		go_on(r, e);
}

static int
note(void *context, const struct call *c, struct err *e)
{
	(void)context;
	(void)c;
	(void)e;
	return 0;
}

/* Runs the check as a call of the shell: 1 passed, 0 failed, -1. */
static int
run_check(struct run *r, struct buf *out, struct err *e)
{
	const struct agent_task *t = r->task;
	struct call c = CALL_INIT;
	int passed;

	c.id = xstrdup("check");
	c.name = xstrdup("shell");
	c.arguments = json_object();
	json_set_str(&c.arguments, "command", t->care.check);
	json_set_int(&c.arguments, "timeout", CHECK_SECONDS);
	passed = calls_run(&t->place, &c, 1, t->limits.until, t->stop, note,
	    NULL, e) < 0 ? -1 : c.ok;
	/* the end says most */
	if (c.text.len > SHOWN_MAX)
		buf_adds(out, "[...]\n");
	if (c.text.len > 0)
		buf_add(out, c.text.data + (c.text.len > SHOWN_MAX ?
		    c.text.len - SHOWN_MAX : 0), c.text.len > SHOWN_MAX ?
		    SHOWN_MAX : c.text.len);
	call_release(&c);
	return passed;
}

static int
say_restored(struct run *r, const char *id, const char *before, struct err *e)
{
	const struct agent_task *t = r->task;
	jv data = json_object();

	json_set_str(&data, "run", t->origin.run);
	json_set_str(&data, "to", id);
	json_set_str(&data, "before", before);
	if (audit_add(t->audit, "workspace.restored", t->origin.source, data,
	    e) < 0)
		return -1;
	data = json_object();
	json_set_str(&data, "id", before);
	json_set_str(&data, "restored", id);
	json_set_int(&data, "turn", r->talk->turns);
	return agent_say(r, RECORD_CHECKPOINT, data, false, e);
}

/*
 * Makes the files of the agent's workspace what they were when they last
 * passed, or when it began: 1; 0 when nothing was kept.
 */
static int
roll_back(struct run *r, struct err *e)
{
	const struct agent_task *t = r->task;
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_CHECKPOINTS struct checkpoints c = CHECKPOINTS_INIT;
	const char *kept = r->kept[0] ? r->kept : r->talk->kept;
	char id[CHECKPOINT_ID_LEN + 1], before[CHECKPOINT_ID_LEN + 1];
	const char *const paths[] = { t->place.workspace, NULL };

	if (!t->care.rollback || !kept ||
	    workspace_find(t->place.root, &w, e) <= 0)
		return 0;
	/* others may work elsewhere in it */
	if (checkpoints_open(w.dir, w.root, &c, e) < 0 ||
	    checkpoint_find(&c, kept, id, e) < 0 ||
	    checkpoint_restore(&c, id, strcmp(w.root, t->place.workspace) ?
	    paths : NULL, before, e) < 0 ||
	    say_restored(r, id, before, e) < 0)
		return -1;
	return 1;
}

/* What the model is told of a check that failed. */
static int
tell_failed(struct run *r, bool restored, const struct buf *out, struct err *e)
{
	AUTO_FREE char *text = xasprintf("The check `%s` fails:\n\n%s\n\n%s",
	    r->task->care.check, out->len > 0 ? out->data : "",
	    restored ? "It could not be mended, so all files are again what "
	    "they were before. Look at them anew, and take another way." :
	    "Mend that before anything else.");

	return agent_tell(r, text, e);
}

static void
take_failure(struct run *r, const struct buf *out, struct err *e)
{
	int64_t retries = r->task->care.retries;
	int restored = 0;

	r->failed_checks++;
	if (r->failed_checks > (retries >= 0 ? retries : CHECK_RETRIES)) {
		bool again = !r->restored;

		restored = roll_back(r, e);
		r->failed_checks = 0;
		r->restored = true;
		if (restored == 0 || (restored > 0 && !again)) {
			agent_end(r, ST_NO, "broken");
			err_set(e, ST_NO, "the check '%s' fails%s",
			    r->task->care.check, restored ?
			    ", and the files are what they were" : "");
			return;
		}
	}
	if (restored < 0 || tell_failed(r, restored > 0, out, e) < 0)
		end_by(r, e);
	else
		go_on(r, e);
}

void
agent_check_work(struct run *r, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	int passed;
	jv data;

	if (!r->task->care.check)
		return;
	passed = run_check(r, &out, e);
	if (passed < 0) {
		end_by(r, e);
		return;
	}
	data = json_object();
	json_set_str(&data, "text", passed ? "the check passed" :
	    "the check failed");
	json_set_str(&data, "check", r->task->care.check);
	json_set_bool(&data, "ok", passed);
	if (agent_say(r, RECORD_PROGRESS, data, false, e) < 0) {
		end_by(r, e);
		return;
	}
	if (!passed) {
		take_failure(r, &out, e);
		return;
	}
	r->failed_checks = 0;
	r->keep_next = true;
}

/* Whether a person might help. */
static bool
is_for_people(const struct run *r)
{
	static const int statuses[] = {
		ST_NO, ST_REFUSED, ST_DATA, ST_UNAVAILABLE, ST_TEMPFAIL,
		ST_PROTOCOL
	};

	if (!r->task->care.escalate || r->escalations >= ESCALATIONS_MAX ||
	    strcmp(r->reason, "parked") == 0)
		return false;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++)
		if (r->status == statuses[i])
			return true;
	return false;
}

/* What the person could do. */
static jv
suggestions(const struct run *r)
{
	jv list = json_array();

	if (strcmp(r->reason, "broken") == 0)
		json_append(&list, json_from_str("say what the check wants, "
		    "or that it is wrong"));
	else if (strcmp(r->reason, "repeating") == 0)
		json_append(&list, json_from_str("say what to do instead"));
	else if (strcmp(r->reason, "done") == 0)
		json_append(&list, json_from_str("say what it lacks, or make "
		    "the task smaller"));
	else
		json_append(&list, json_from_str("say 'go on' when the model "
		    "can be reached again"));
	json_append(&list, json_from_str("say 'stop' to end it here"));
	return list;
}

static int
say_escalation(struct run *r, const struct err *why, struct err *e)
{
	AUTO_JV jv list = suggestions(r);
	AUTO_BUF struct buf text = BUF_INIT;
	jv data = json_object();

	buf_addf(&text, "Task: %s\n\nIt ended after %lld turns (%s): %s\n\n",
	    json_str(&r->talk->start, "task"), (long long)r->talk->turns,
	    r->reason, why->text);
	if (r->answer.len > 0)
		buf_addf(&text, "Its last words: %s\n\n", r->answer.data);
	for (size_t i = 0; i < json_count(&list); i++) {
		AUTO_JV jv one = json_at(&list, i);
		buf_addf(&text, "- %s\n", json_string(&one));
	}
	json_set_str(&data, "reason", r->reason);
	json_set_int(&data, "status", r->status);
	json_set_str(&data, "message", why->text);
	json_set_str(&data, "text", text.data);
	json_set_int(&data, "turns", r->talk->turns);
	json_set(&data, "suggestions", json_copy(&list));
	return agent_say(r, RECORD_ESCALATION, data, true, e);
}

static bool
is_stop(const char *words)
{
	return strcasecmp(words, "stop") == 0 ||
	    strcasecmp(words, "no") == 0 || !*words;
}

/* Asks the same again in a run that was broken off: it may be answered. */
static int
ask_how(struct run *r, const struct err *why, struct buf *words,
    struct err *e)
{
	AUTO_FREE char *subject = xasprintf("escalation-%lld",
	    (long long)r->talk->turns);
	AUTO_FREE char *question = xasprintf("Agent '%s' cannot go on: %.400s. "
	    "How shall it?", r->task->id, why->text);

	if (!json_is(&r->talk->escalated, JSON_OBJECT) &&
	    say_escalation(r, why, e) < 0)
		return -1;
	return agent_ask_person(r, "debug_request", subject, question,
	    json_str(&r->talk->escalated, "text"), words, e);
}

static void
escalate(struct run *r, struct err *e)
{
	AUTO_BUF struct buf words = BUF_INIT;
	struct err why = *e;
	jv data;

	if (!why.status)
		err_set(&why, r->status, "it says that it cannot do it");
	r->escalations++;
	if (ask_how(r, &why, &words, e) < 0) {
		end_by(r, e);
		return;
	}
	*e = why;
	if (is_stop(words.data))
		return;
	data = json_object();
	json_set_str(&data, "prompt", words.data);
	if (agent_say(r, RECORD_TASK, data, true, e) < 0) {
		end_by(r, e);
		return;
	}
	r->ncalls = 0;
	r->warned = false;
	go_on(r, e);
}

void
agent_mend(struct run *r, struct err *e)
{
	if (r->passing)
		try_again(r, e);
	else if (r->status == ST_OK)
		agent_check_work(r, e);
	if (r->reason && r->status != ST_OK && is_for_people(r))
		escalate(r, e);
}
