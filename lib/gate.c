/* gate: policy first, then people. */
#include "config.h"

#include "gate.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "audit.h"
#include "journal.h"
#include "path.h"
#include "policy.h"
#include "record.h"
#include "sha256.h"

/* While a deadline runs, the clocks are looked at so often. */
#define LOOK_AGAIN (30 * CLOCK_SEC)

/* What binds an answer to what was shown. */
static void
digest(const jv *gate, const char *shown, char out[SHA256_HEX_LEN + 1])
{
	AUTO_JV jv options = json_get(gate, "options");
	AUTO_FREE char *words = json_text(&options);
	const char *question = json_str(gate, "question");
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, question, strlen(question) + 1);
	sha256_add(&s, words, strlen(words) + 1);
	if (shown)
		sha256_add(&s, shown, strlen(shown));
	sha256_end_hex(&s, out);
}

/* The words of a file; NUL and what is no UTF-8 as JSON keeps them. */
static int
read_shown(const char *path, jv *ret, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;

	if (path_read(path, GATE_SHOWN_MAX, &text, e) < 0)
		return -1;
	*ret = json_from_bytes(text.data ? text.data : "", text.len);
	return 0;
}

int
gate_unchanged(const jv *gate, struct err *e)
{
	const char *path = json_str(gate, "path");
	const char *was = json_str(gate, "digest");
	AUTO_JV jv shown = JSON_NONE;
	char now[SHA256_HEX_LEN + 1];
	struct err failed = ERR_INIT;

	if (!path || !was)
		return 0;
	if (read_shown(path, &shown, &failed) == 0) {
		digest(gate, json_string(&shown), now);
		if (strcmp(now, was) == 0)
			return 0;
	}
	return err_set(e, ST_DENIED, "'%s' has changed since it was shown",
	    path);
}

bool
gate_denies(const char *answer)
{
	static const char *const no[] = {
		"deny", "no", "reject", "cancel", "abort"
	};

	for (size_t i = 0; answer && i < sizeof(no) / sizeof(*no); i++)
		if (strcmp(answer, no[i]) == 0)
			return true;
	return false;
}

/* Policy. */

/* Adds a file's rules; of a workspace's those that do not allow. */
static void
add_rules(jv *rules, const jv *config, bool may_allow)
{
	AUTO_JV jv some = json_path(config, "policy.gates");

	for (size_t i = 0; i < json_count(&some); i++) {
		AUTO_JV jv rule = json_at(&some, i);

		if (may_allow || !json_has(&rule, "allow"))
			json_append(rules, json_copy(&rule));
	}
}

static struct policy *
load_policy(const struct settings *s, struct err *e)
{
	AUTO_JV jv rules = json_array();
	struct policy *p;
	jv people = json_object();

	add_rules(&rules, &s->user, true);
	add_rules(&rules, &s->workspace, false);
	if (json_count(&rules) == 0) {
		json_release(&people);
		return NULL;
	}
	json_set_bool(&people, "ask", true);
	json_append(&rules, people);
	p = policy_new(&rules, e);
	if (!p)
		err_prefix(e, "policy.gates");
	return p;
}

/* The first option that says yes; NULL when the answer is free text. */
static char *
positive(const jv *gate)
{
	AUTO_JV jv options = json_get(gate, "options");

	for (size_t i = 0; i < json_count(&options); i++) {
		AUTO_JV jv o = json_at(&options, i);
		const char *word = json_string(&o);

		if (word && !gate_denies(word))
			return xstrdup(word);
	}
	return NULL;
}

/* What was decided beforehand: 1 and `*ret` closed, 0, -1. */
static int
close_with(struct hub *h, const struct workspace *w, jv *ret,
    const char *answer, const char *message, const char *by, struct err *e)
{
	AUTO_JV jv before = *ret;
	AUTO_FREE char *trail = workspace_audit(w);
	struct hub_answer a = { .state = "answered", .answer = answer,
		.message = message, .by = by };
	jv note = json_object();

	*ret = JSON_NONE;
	json_set_str(&note, "gate", json_str(&before, "id"));
	json_set_str(&note, "answer", answer);
	json_set_str(&note, "source", json_str(&before, "source"));
	json_set_str(&note, "digest", json_str(&before, "digest"));
	if (audit_add(trail, "gate.policy", by, note, e) < 0 ||
	    hub_gate_answer(h, json_str(&before, "id"), &a, ret, e) < 0)
		return -1;
	return 1;
}

static int
ask_policy(struct hub *h, const struct workspace *w, jv *ret, struct err *e)
{
	AUTO_SETTINGS struct settings s = SETTINGS_INIT;
	AUTO_JV jv subject = json_copy(ret);
	const char *source = json_str(ret, "source"), *words = NULL;
	AUTO_FREE char *yes = positive(ret);
	enum policy_verdict v;
	struct err wrong = ERR_INIT;
	struct policy *p;
	int r = 0;

	if (settings_load(w, &s, e) < 0)
		return -1;
	p = load_policy(&s, &wrong);
	if (!p && wrong.status) {
		*e = wrong;
		return -1;
	}
	if (!p)
		return 0;
	json_set_str(&subject, "agent", hub_name(source ? source : ""));
	v = policy_decide(p, &subject, &words);
	AUTO_FREE char *why = words ? xstrdup(words) : NULL;
	policy_free(p);
	if (v == POLICY_DENY)
		r = close_with(h, w, ret, "deny", why, "/policy/rule", e);
	else if (v == POLICY_ALLOW && yes)
		r = close_with(h, w, ret, yes, why, "/policy/rule", e);
	return r;
}

static int
ask_memory(struct hub *h, const struct workspace *w, jv *ret, struct err *e)
{
	AUTO_JV jv known = JSON_NONE;
	int r = hub_remembered(h, json_str(ret, "source"),
	    json_str(ret, "subject"), &known, e);

	if (r <= 0)
		return r;
	AUTO_FREE char *by = xasprintf("/policy/remembered/%s",
	    json_str(&known, "id"));
	return close_with(h, w, ret, json_str(&known, "answer"),
	    json_str(&known, "message"), by, e);
}

/* Asking. */

static void
journal_note(const struct workspace *w, const char *type, const jv *gate)
{
	AUTO_FREE char *file = workspace_journal(w);
	AUTO_JOURNAL struct journal j = JOURNAL_INIT;
	struct err ignored = ERR_INIT;
	bool answer = strcmp(type, RECORD_ANSWER) == 0;
	const struct record_origin origin = {
		.source = json_str(gate, answer ? "by" : "source"),
		.to = answer ? json_str(gate, "source") : NULL,
		.run = json_str(gate, "run"),
		.task = json_str(gate, "task"),
		.corr = answer ? json_str(gate, "id") : NULL
	};
	AUTO_JV jv data = json_copy(gate);

	json_unset(&data, "shown");
	AUTO_JV jv record = record_new(&origin, type, json_copy(&data));
	if (journal_open(file, &j, &ignored) == 0)
		(void)journal_add(&j, &record, &ignored);
}

int
gate_put(struct hub *h, const struct workspace *w, jv question, jv *ret,
    struct err *e)
{
	AUTO_JV jv q = question;
	AUTO_JV jv shown = json_get(&q, "shown");
	char sum[SHA256_HEX_LEN + 1];
	const char *state;
	int r;

	digest(&q, json_string(&shown), sum);
	json_set_str(&q, "digest", sum);
	if (hub_gate_ask(h, &q, ret, e) < 0)
		return -1;
	state = json_str(ret, "state");
	if (!w || !state || strcmp(state, "open") != 0)
		return 0;
	journal_note(w, RECORD_QUESTION, ret);
	r = ask_policy(h, w, ret, e);
	if (r == 0)
		r = ask_memory(h, w, ret, e);
	return r < 0 ? -1 : 0;
}

static void
set_str(jv *o, const char *key, const char *s)
{
	if (s)
		json_set_str(o, key, s);
}

int
gate_ask(struct hub *h, const struct workspace *w,
    const struct gate_question *q, jv *ret, struct err *e)
{
	AUTO_JV jv o = json_object();
	AUTO_JV jv shown = JSON_NONE;

	if (q->path) {
		AUTO_FREE char *path = path_real(q->path, e);

		if (!path || read_shown(path, &shown, e) < 0)
			return -1;
		json_set_str(&o, "path", path);
		json_set(&o, "shown", json_copy(&shown));
	}
	set_str(&o, "shown", q->shown);
	set_str(&o, "source", q->source);
	set_str(&o, "kind", q->kind);
	set_str(&o, "question", q->question);
	set_str(&o, "subject", q->subject ? q->subject : q->question);
	set_str(&o, "key", q->key);
	set_str(&o, "who", q->who);
	set_str(&o, "then", q->then);
	set_str(&o, "run", q->run);
	set_str(&o, "task", q->task);
	json_set(&o, "options", json_copy(&q->options));
	if (q->deadline_ns >= 0)
		json_set_int(&o, "deadline_ms", q->deadline_ns / CLOCK_MS);
	return gate_put(h, w, json_copy(&o), ret, e);
}

/* 1 closed, 0 open, 2 open and not to be waited for any longer, -1. */
static int
look(struct hub *h, const char *id, jv *ret, struct err *e)
{
	AUTO_JV jv now = JSON_NONE;
	const char *state, *then;
	bool overdue = false;
	int r = hub_gate_get(h, id, &now, e);

	if (r == 0)
		return err_set(e, ST_NOINPUT, "the gate '%s' is gone", id);
	if (r < 0)
		return -1;
	json_release(ret);
	*ret = json_copy(&now);
	state = json_str(ret, "state");
	then = json_str(ret, "then");
	json_bool(ret, "overdue", &overdue);
	if (!state || strcmp(state, "open") != 0)
		return 1;
	return overdue && then && strcmp(then, "halt") == 0 ? 2 : 0;
}

int
gate_wait(struct hub *h, jv *ret, struct deadline until,
    const volatile int *stop, struct err *e)
{
	AUTO_FREE char *id = xstrdup(json_str(ret, "id"));
	struct hub_watch *watch = NULL;
	int r;

	/* watch first, then look, then wait: no answer is missed */
	if (hub_gate_watch(h, &watch, e) < 0)
		return -1;
	while ((r = look(h, id, ret, e)) == 0) {
		const char *deadline = json_str(ret, "deadline");
		struct deadline next = until;
		int64_t at;

		if (deadline && timestamp_parse(deadline, &at) == 0) {
			int64_t left = at - clock_wall();

			if (left <= 0 || left > LOOK_AGAIN)
				left = LOOK_AGAIN;
			next = deadline_min(until, deadline_in(left +
			    CLOCK_MS));
		}
		r = hub_watch_wait(watch, next, -1, stop, e);
		if (r < 0)
			break;
		if (r == 0 && deadline_passed(until)) {
			r = look(h, id, ret, e);
			break;
		}
	}
	hub_watch_close(watch);
	return r == 2 ? 0 : r;
}

/* Answering. */

static bool
in_group(const char *name)
{
	const struct group *g = getgrnam(name);
	gid_t groups[256];
	int n = getgroups(256, groups);

	if (!g)
		return false;
	for (int i = 0; i < n; i++)
		if (groups[i] == g->gr_gid)
			return true;
	return getgid() == g->gr_gid;
}

static bool
is_me(const char *who, const char *user)
{
	return who[0] == '@' ? in_group(who + 1) : strcmp(who, user) == 0;
}

/* Who holds a role: the user's own file decides where it names it. */
static jv
role(const struct settings *s, const char *who)
{
	AUTO_JV jv mine = json_path(&s->user, "policy.roles");
	AUTO_JV jv theirs = json_path(&s->workspace, "policy.roles");

	return json_has(&mine, who) ? json_get(&mine, who)
	    : json_get(&theirs, who);
}

static int
may_answer(const struct workspace *w, const jv *gate, const char *user,
    struct err *e)
{
	AUTO_SETTINGS struct settings s = SETTINGS_INIT;
	const char *who = json_str(gate, "who");
	AUTO_JV jv names = JSON_NONE;
	bool may;

	if (!who)
		return 0;
	if (settings_load(w, &s, e) < 0)
		return -1;
	names = role(&s, who);
	may = is_me(json_is(&names, JSON_STRING) ? json_string(&names) : who,
	    user);
	for (size_t i = 0; !may && i < json_count(&names); i++) {
		AUTO_JV jv one = json_at(&names, i);

		may = json_string(&one) && is_me(json_string(&one), user);
	}
	return may ? 0 : err_set(e, ST_DENIED, "'%s' is not '%s', who may "
	    "answer this", user, who);
}

static int
check_option(const jv *gate, const char *answer, struct err *e)
{
	AUTO_JV jv options = json_get(gate, "options");
	AUTO_FREE char *all = json_text(&options);

	for (size_t i = 0; i < json_count(&options); i++) {
		AUTO_JV jv o = json_at(&options, i);

		if (json_string(&o) && strcmp(json_string(&o), answer) == 0)
			return 0;
	}
	if (json_count(&options) == 0 || strcmp(answer, "deny") == 0)
		return 0;
	return err_set(e, ST_USAGE, "'%s' is not one of %s", answer, all);
}

static int
note_answer(const struct workspace *w, const char *by, const char *id,
    const struct hub_answer *a, const jv *gate, struct err *e)
{
	AUTO_FREE char *trail = workspace_audit(w);
	jv note = json_object();

	json_set_str(&note, "gate", id);
	json_set_str(&note, "state", a->state);
	if (a->answer)
		json_set_str(&note, "answer", a->answer);
	json_set_str(&note, "digest", json_str(gate, "digest"));
	return audit_add(trail, "gate.answer", by, note, e);
}

int
gate_answer(struct hub *h, const struct workspace *w, const char *id,
    const struct hub_answer *given, jv *ret, struct err *e)
{
	const struct passwd *pw = getpwuid(getuid());
	AUTO_FREE char *user = pw ? xstrdup(pw->pw_name)
	    : xasprintf("%ld", (long)getuid());
	AUTO_FREE char *by = xasprintf("/user/%s", user);
	struct hub_answer a = *given;
	AUTO_JV jv gate = JSON_NONE;
	const char *state;
	int r = hub_gate_get(h, id, &gate, e);

	if (r <= 0)
		return -1;
	state = json_str(&gate, "state");
	if (state && strcmp(state, "open") != 0) {
		*ret = json_copy(&gate);
		return 0;
	}
	if (may_answer(w, &gate, user, e) < 0 ||
	    (a.answer && check_option(&gate, a.answer, e) < 0) ||
	    (a.answer && !gate_denies(a.answer) &&
	    gate_unchanged(&gate, e) < 0))
		return -1;
	a.by = by;
	/* before: an answer that is not on the trail is none */
	if (note_answer(w, by, json_str(&gate, "id"), &a, &gate, e) < 0)
		return -1;
	r = hub_gate_answer(h, json_str(&gate, "id"), &a, ret, e);
	if (r > 0)
		journal_note(w, RECORD_ANSWER, ret);
	return r;
}
