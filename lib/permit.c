/* permit: whether an agent may make a call. */
#include "config.h"

#include "permit.h"

#include <fnmatch.h>
#include <unistd.h>

#include "alloc.h"
#include "child.h"
#include "fd.h"
#include "record.h"
#include "toolbox.h"

enum {
	HOOK_SECONDS = 60, HOOK_SECONDS_MAX = 3600,
	HOOK_OUTPUT_MAX = 1 << 20, HOOK_BLOCKS = 2
};

static const char *const modes[] = {
	[PERMIT_DEFAULT] = "default",
	[PERMIT_ACCEPT_EDITS] = "acceptEdits",
	[PERMIT_PLAN] = "plan",
	[PERMIT_BYPASS] = "bypassPermissions",
};

int
permit_mode(const char *name)
{
	for (int i = 0; i < (int)(sizeof(modes) / sizeof(*modes)); i++)
		if (strcmp(modes[i], name) == 0)
			return i;
	return -1;
}

const char *
permit_mode_name(enum permit_mode mode)
{
	return modes[mode];
}

static bool
changes_files(const struct permit *p, const struct call *c)
{
	const struct tool *t = toolbox_find(p->tools, c->name);

	return !t || (t->flags & TOOL_CHANGES);
}

/* What `acceptEdits` is about: file tools, not programs. */
static bool
edits_files(const struct permit *p, const struct call *c)
{
	const struct tool *t = toolbox_find(p->tools, c->name);

	return t && t->run && changes_files(p, c);
}

static enum permit_answer
ask_rules(const struct permit *p, const struct call *c, struct buf *words)
{
	AUTO_JV jv subject = json_object();
	enum policy_verdict verdict;
	const char *said;

	json_set_str(&subject, "tool", c->name);
	json_set(&subject, "arguments", json_copy(&c->arguments));
	json_set_str(&subject, "agent", p->agent);
	json_set_str(&subject, "workspace", p->workspace);
	json_set_str(&subject, "mode", modes[p->mode]);
	verdict = policy_decide(p->policy, &subject, &said);
	buf_reset(words);
	if (verdict == POLICY_ALLOW || (verdict == POLICY_ASK &&
	    (p->mode == PERMIT_BYPASS || (p->mode == PERMIT_ACCEPT_EDITS &&
	    edits_files(p, c))))) {
		if (verdict == POLICY_ASK)
			buf_adds(words, said ? said : "to be asked");
		return PERMIT_YES;
	}
	buf_adds(words, said ? said : verdict == POLICY_DENY ?
	    "not allowed here" : "May it make this call?");
	return verdict == POLICY_DENY ? PERMIT_NO : PERMIT_ASK;
}

/* What a hook gets to read, as Claude Code says it. */
static char *
hook_input(const struct permit *p, const struct call *c, const char *event)
{
	AUTO_JV jv v = json_object();

	json_set_str(&v, "hook_event_name", event);
	json_set_str(&v, "session_id", p->run);
	json_set_str(&v, "cwd", p->workspace);
	json_set_str(&v, "permission_mode", modes[p->mode]);
	json_set_str(&v, "agent", p->agent);
	json_set_str(&v, "tool_name", c->name);
	json_set_str(&v, "tool_use_id", c->id);
	json_set(&v, "tool_input", json_copy(&c->arguments));
	if (c->state == CALL_ENDED) {
		jv response = json_object();
		json_set_bool(&response, "ok", c->ok);
		json_set(&response, "output", json_from_bytes(c->text.data,
		    c->text.len));
		json_set(&v, "tool_response", response);
	}
	return json_text(&v);
}

/*
 * Its exit status, and what it printed: on standard error the reason when it
 * blocks, on standard output perhaps a decision, which no warning may spoil.
 */
static int
run_hook(const struct permit *p, const char *command, double seconds,
    const char *input, struct buf *out, struct buf *errors, struct err *e)
{
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	AUTO_FD int fd = fd_from_text("", 0, e);
	struct err ignored = ERR_INIT;
	int status;

	if (fd < 0)
		return -1;
	spec.argv = argv;
	spec.cwd = p->workspace;
	spec.stop = p->stop;
	spec.err = fd;
	status = child_run(&spec, input, HOOK_OUTPUT_MAX,
	    deadline_in((int64_t)(seconds * 1e9)), out, e);
	if (status >= 0 && lseek(fd, 0, SEEK_SET) == 0)
		(void)fd_read_all(fd, HOOK_OUTPUT_MAX, DEADLINE_NEVER, errors,
		    &ignored);
	return status;
}

/* PERMIT_NO when what a hook printed is JSON that says so. */
static enum permit_answer
read_decision(const struct buf *out, struct buf *words)
{
	AUTO_JV jv v = JSON_NONE;
	struct err ignored;
	const char *decision, *reason;

	if (out->len == 0 || json_parse(out->data, out->len, &v, &ignored) < 0)
		return PERMIT_YES;
	decision = json_path_str(&v, "hookSpecificOutput.permissionDecision");
	reason = json_path_str(&v,
	    "hookSpecificOutput.permissionDecisionReason");
	if (!decision) {
		decision = json_str(&v, "decision");
		reason = json_str(&v, "reason");
	}
	if (!decision || (strcmp(decision, "deny") != 0 &&
	    strcmp(decision, "block") != 0 && strcmp(decision, "ask") != 0))
		return PERMIT_YES;
	buf_reset(words);
	buf_adds(words, reason ? reason : "a hook does not allow it");
	return strcmp(decision, "ask") == 0 ? PERMIT_ASK : PERMIT_NO;
}

/* "shell", "edit_*", "write_file|edit_file"; nothing is everything. */
static bool
matches(const char *matcher, const char *name)
{
	AUTO_FREE char *list = matcher ? xstrdup(matcher) : NULL;
	char *rest = list, *one;

	if (!matcher || !*matcher)
		return true;
	while ((one = strsep(&rest, "|")))
		if (fnmatch(one, name, 0) == 0)
			return true;
	return false;
}

static int
ask_hook(const struct permit *p, const struct call *c, const char *event,
    const jv *hook, struct buf *words, struct err *e)
{
	const char *command = json_str(hook, "command");
	AUTO_FREE char *input = hook_input(p, c, event);
	AUTO_BUF struct buf out = BUF_INIT, errors = BUF_INIT;
	double seconds = HOOK_SECONDS;
	int status;

	if (!command)
		return PERMIT_YES;
	if (json_num(hook, "timeout", &seconds) &&
	    (seconds <= 0 || seconds > HOOK_SECONDS_MAX))
		seconds = HOOK_SECONDS_MAX;
	status = run_hook(p, command, seconds, input, &out, &errors, e);
	if (status < 0 && e->status == ST_TIMEOUT)
		return err_set(e, ST_TIMEOUT, "hook '%s' did not end in %g s",
		    command, seconds);
	if (status < 0)
		return err_prefix(e, "hook '%s'", command);
	if (status == HOOK_BLOCKS) {
		buf_reset(words);
		buf_add(words, errors.data, errors.len);
		buf_add(words, out.data, out.len);
		while (words->len > 0 && words->data[words->len - 1] == '\n')
			buf_truncate(words, words->len - 1);
		return PERMIT_NO;
	}
	if (status != 0)
		err_warn("hook '%s' ended with status %d", command, status);
	return status == 0 ? (int)read_decision(&out, words) : PERMIT_YES;
}

/* One of ours, or a list of them under a matcher, as Claude Code has it. */
static int
ask_entry(const struct permit *p, const struct call *c, const char *event,
    const jv *entry, struct buf *words, struct err *e)
{
	AUTO_JV jv list = json_get(entry, "hooks");
	int answer;

	if (!matches(json_str(entry, "matcher"), c->name))
		return PERMIT_YES;
	answer = ask_hook(p, c, event, entry, words, e);
	for (size_t i = 0; answer == PERMIT_YES && i < json_count(&list);
	    i++) {
		AUTO_JV jv hook = json_at(&list, i);
		answer = ask_hook(p, c, event, &hook, words, e);
	}
	return answer;
}

static int
ask_hooks(const struct permit *p, const struct call *c, const char *event,
    struct buf *words, struct err *e)
{
	AUTO_JV jv hooks = json_get(p->hooks, event);

	for (size_t i = 0; i < json_count(&hooks); i++) {
		AUTO_JV jv entry = json_at(&hooks, i);
		int answer = ask_entry(p, c, event, &entry, words, e);
		if (answer != PERMIT_YES)
			return answer;
	}
	return PERMIT_YES;
}

int
permit_before(const struct permit *p, const struct call *c, struct buf *words,
    struct err *e)
{
	enum permit_answer answer;
	int hooks;

	if (p->mode == PERMIT_PLAN && changes_files(p, c) &&
	    strcmp(c->name, "done") != 0) {
		buf_reset(words);
		buf_adds(words, "this is plan mode: look, and say what you "
		    "would do, but change nothing");
		return PERMIT_NO;
	}
	answer = ask_rules(p, c, words);
	if (answer == PERMIT_NO)
		return PERMIT_NO;
	hooks = ask_hooks(p, c, "PreToolUse", words, e);
	return hooks == PERMIT_YES ? (int)answer : hooks;
}

void
permit_after(const struct permit *p, const struct call *c)
{
	AUTO_BUF struct buf ignored = BUF_INIT;
	struct err e = ERR_INIT;

	if (ask_hooks(p, c, "PostToolUse", &ignored, &e) < 0)
		err_warn("%s", e.text);
}
