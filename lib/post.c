/* post: from words to messages that may be sent. */
#include "config.h"

#include "post.h"

#include <string.h>

#include "alloc.h"
#include "audit.h"
#include "record.h"

/* What people call it, what it is, and the member of data with the words. */
static const struct kind {
	const char *word, *type, *member;
} kinds[] = {
	{ "answer", RECORD_ANSWER, "answer" },
	{ "assignment", RECORD_TASK, "prompt" },
	{ "collaboration", RECORD_MESSAGE, "text" },
	{ "decision", RECORD_QUESTION, "question" },
	{ "escalation", RECORD_ESCALATION, "text" },
	{ "message", RECORD_MESSAGE, "text" },
	{ "progress", RECORD_PROGRESS, "text" },
	{ "question", RECORD_QUESTION, "question" },
	{ "result", RECORD_RESULT, "text" },
	{ "stop", RECORD_AGENT_STOP, "text" },
	{ "task", RECORD_TASK, "prompt" },
};

static const struct kind *
kind_of(const char *word)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].word, word) == 0)
			return &kinds[i];
	return NULL;
}

const char *
post_type(const char *word)
{
	const struct kind *k = kind_of(word);

	return k ? k->type : word;
}

int
post_open(struct hub *h, const struct workspace *w, const char *source,
    struct post *ret, struct err *e)
{
	struct post p = POST_INIT;

	p.hub = h;
	p.source = xstrdup(source);
	if (w) {
		AUTO_FREE char *file = agents_file(w->root);
		AUTO_FREE char *journal = workspace_journal(w);
		struct err ignored = ERR_INIT;

		p.audit = workspace_audit(w);
		if (file && agents_read(file, &p.agents, e) < 0) {
			post_close(&p);
			return -1;
		}
		(void)journal_open(journal, &p.journal, &ignored);
	}
	*ret = p;
	return 0;
}

void
post_close(struct post *p)
{
	free(p->source);
	free(p->audit);
	agents_release(&p->agents);
	journal_close(&p->journal);
	*p = (struct post)POST_INIT;
}

void
post_message_release(struct post_message *m)
{
	free(m->line);
	free(m->box);
	free(m->key);
	free(m->corr);
	*m = (struct post_message){ 0 };
}

static char *
maybe_dup(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static const char *
type_for(const struct post_how *how)
{
	if (how->type)
		return how->type;
	return strncmp(how->box, "/queue/", 7) == 0 ? RECORD_TASK
	    : RECORD_MESSAGE;
}

static jv
new_record(const struct post *p, const struct post_how *how, jv data)
{
	const struct record_origin origin = {
		.source = p->source, .to = how->box,
		.replyto = how->replyto, .corr = how->corr,
		.traceparent = record_traceparent()
	};

	return record_new(&origin, post_type(type_for(how)), data);
}

/* Of the route of a record, or of what became its data. */
static int
route_priority(const jv *record)
{
	static const struct {
		const char *word;
		int priority;
	} words[] = {
		{ "critical", HUB_PRIO_MAX }, { "high", 7 },
		{ "normal", HUB_PRIO_DEFAULT }, { "low", 2 }
	};
	const char *word = json_path_str(record, "route.priority");

	if (!word)
		word = json_path_str(record, "data.route.priority");
	for (size_t i = 0; word && i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].priority;
	return -1;
}

static void
finish(const struct post_how *how, const jv *record, struct buf *line,
    struct post_message *ret)
{
	const char *corr = json_str(record, "corr");

	ret->priority = route_priority(record);
	ret->len = line->len;
	ret->line = buf_steal(line);
	ret->box = xstrdup(how->box);
	ret->key = maybe_dup(how->key);
	ret->corr = maybe_dup(how->corr ? how->corr : corr);
	snprintf(ret->id, sizeof(ret->id), "%s", json_str(record, "id"));
}

int
post_text(const struct post *p, const struct post_how *how, const char *text,
    size_t len, struct post_message *ret, struct err *e)
{
	const struct kind *k = kind_of(type_for(how));
	AUTO_BUF struct buf line = BUF_INIT;
	jv data = json_object();

	json_set(&data, k ? k->member : "text", json_from_bytes(text, len));
	if (how->type && strcmp(how->type, "collaboration") == 0)
		json_set_str(&data, "request", "collaboration");
	AUTO_JV jv record = new_record(p, how, data);
	record_write(&record, &line);
	if (line.len > NDJSON_LINE_MAX)
		return err_set(e, ST_DATA, "a message of more than %d bytes",
		    NDJSON_LINE_MAX);
	finish(how, &record, &line, ret);
	return 0;
}

/* What a record of a known type must look like. */
static int
check_data(const jv *record, struct err *e)
{
	const char *type = json_str(record, "type");
	const struct kind *k = type ? kind_of(type) : NULL;
	AUTO_JV jv data = json_get(record, "data");
	AUTO_JV jv words = JSON_NONE;

	if (!ulid_valid(json_str(record, "id")))
		return err_set(e, ST_DATA, "its id is not a ULID");
	if (json_str(record, "replyto")) {
		AUTO_FREE char *to = hub_address(json_str(record, "replyto"),
		    false, e);
		if (!to)
			return err_set(e, ST_DATA, "its replyto is no address");
	}
	if (!k || json_is(&data, JSON_NOTHING))
		return 0;
	if (!json_is(&data, JSON_OBJECT))
		return err_set(e, ST_DATA, "its data is not an object");
	words = json_get(&data, k->member);
	if (json_is(&words, JSON_NOTHING) || json_is(&words, JSON_STRING))
		return 0;
	return err_set(e, ST_DATA, "its data.%s is not a string", k->member);
}

/* A record that came from elsewhere gets its envelope. */
static void
readdress(const struct post *p, const struct post_how *how, struct buf *line)
{
	const struct {
		const char *key, *value;
	} sets[] = {
		{ "to", how->box },
		{ "source", strncmp(p->source, "/agent/", 7) == 0 ?
		    p->source : NULL },
		{ "replyto", how->replyto },
		{ "corr", how->corr }
	};

	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
		AUTO_BUF struct buf quoted = BUF_INIT;
		struct buf spliced = BUF_INIT;

		if (!sets[i].value)
			continue;
		json_quote(sets[i].value, strlen(sets[i].value), &quoted);
		ndjson_splice(line->data, line->len, sets[i].key, quoted.data,
		    &spliced);
		buf_release(line);
		*line = spliced;
	}
}

int
post_line(const struct post *p, const struct post_how *how,
    const struct ndjson_line *in, struct post_message *ret, struct err *e)
{
	AUTO_BUF struct buf line = BUF_INIT;
	AUTO_JV jv record = JSON_NONE;

	if (json_has(&in->value, "specversion")) {
		record = json_copy(&in->value);
		buf_add(&line, in->text, in->len);
		readdress(p, how, &line);
	} else {
		record = new_record(p, how, json_copy(&in->value));
		record_write(&record, &line);
	}
	if (record_check(&record, e) < 0 || check_data(&record, e) < 0)
		return -1;
	finish(how, &record, &line, ret);
	/* many lines with one key would be one message */
	if (!how->key)
		ret->key = maybe_dup(json_str(&in->value, "key"));
	return 0;
}

/* Whether `corr` is something that `box` wrote to us. */
static bool
answers(const struct post *p, const char *box, const char *corr)
{
	AUTO_JV jv item = JSON_NONE;
	struct err ignored = ERR_INIT;
	const char *mine, *from;

	if (!corr || hub_get(p->hub, corr, &item, &ignored) <= 0)
		return false;
	/* not its replyto, which is but a word of its sender */
	mine = json_str(&item, "box");
	from = json_str(&item, "source");
	return mine && from && strcmp(mine, p->source) == 0 &&
	    strcmp(from, box) == 0;
}

/* As agents.yaml names it: an id, "user", "queue/builds". */
static const char *
agents_name(const char *address)
{
	if (strncmp(address, "/user/", 6) == 0)
		return "user";
	return strncmp(address, "/agent/", 7) == 0 ? address + 7
	    : address + 1;
}

int
post_check(struct post *p, const char *box, const char *corr, struct err *e)
{
	struct err failed = ERR_INIT;
	jv data;

	if (!p->audit || agents_may_send(&p->agents, agents_name(p->source),
	    agents_name(box)) || answers(p, box, corr))
		return 0;
	data = json_object();
	json_set_str(&data, "to", box);
	err_set(e, ST_DENIED, "'%s' may not write to '%s' (agents.yaml, "
	    "direct_communication)", agents_name(p->source),
	    agents_name(box));
	if (audit_add(p->audit, "message.refused", p->source, data,
	    &failed) < 0)
		err_prefix(e, "%s", failed.text);
	return -1;
}

/* All agents, as addresses. */
static jv
everybody(const struct post *p)
{
	jv all = json_array();

	for (size_t i = 0; i < json_count(&p->agents.list); i++) {
		AUTO_JV jv agent = json_at(&p->agents.list, i);
		const char *id = json_str(&agent, "id");

		if (id) {
			AUTO_FREE char *box = xasprintf("/agent/%s", id);
			json_append(&all, json_from_str(box));
		}
	}
	return all;
}

int
post_recipients(const struct post *p, const char *topic, jv *ret,
    struct err *e)
{
	AUTO_JV jv all = JSON_NONE;
	jv some;

	if (!p->audit)
		return hub_subscribers(p->hub, topic ? topic : "", ret, e);
	if (!topic)
		all = everybody(p);
	else if (hub_subscribers(p->hub, topic, &all, e) < 0)
		return -1;
	some = json_array();
	for (size_t i = 0; i < json_count(&all); i++) {
		AUTO_JV jv box = json_at(&all, i);
		const char *name = json_string(&box);

		if (strcmp(name, p->source) != 0 &&
		    agents_may_send(&p->agents, agents_name(p->source),
		    agents_name(name)))
			json_append(&some, json_copy(&box));
	}
	*ret = some;
	return 0;
}

void
post_copy(const struct post_message *m, const char *box,
    struct post_message *ret)
{
	AUTO_BUF struct buf to = BUF_INIT;
	AUTO_BUF struct buf one = BUF_INIT;
	struct buf two = BUF_INIT;
	char id[ULID_LEN + 3];

	ulid_make(ret->id);
	snprintf(id, sizeof(id), "\"%s\"", ret->id);
	ndjson_splice(m->line, m->len, "id", id, &one);
	json_quote(box, strlen(box), &to);
	ndjson_splice(one.data, one.len, "to", to.data, &two);
	ret->len = two.len;
	ret->line = buf_steal(&two);
	ret->box = xstrdup(box);
	ret->key = maybe_dup(m->key);
	ret->corr = maybe_dup(m->corr);
}

static void
note(struct post *p, const struct post_message *m)
{
	struct err ignored = ERR_INIT;

	if (p->journal.fd >= 0)
		(void)journal_add_line(&p->journal, m->line, m->len,
		    &ignored);
}

int
post_send(struct post *p, const struct post_how *how,
    const struct post_message *m, size_t n, char (*ret_ids)[ULID_LEN + 1],
    struct err *e)
{
	AUTO_FREE struct hub_message *out = xcalloc(n + 1, sizeof(*out));

	for (size_t i = 0; i < n; i++) {
		if ((i == 0 || strcmp(m[i].box, m[i - 1].box) != 0 ||
		    m[i].corr) && post_check(p, m[i].box, m[i].corr, e) < 0)
			return -1;
		out[i] = (struct hub_message){
			.box = m[i].box, .id = m[i].id, .source = p->source,
			.corr = m[i].corr, .key = m[i].key,
			.line = m[i].line, .len = m[i].len,
			.priority = m[i].priority < 0 ||
			    how->priority != HUB_PRIO_DEFAULT ?
			    how->priority : m[i].priority,
			.tries = how->tries,
			.at_ns = how->at_ns, .ttl_ns = how->ttl_ns
		};
	}
	if (hub_send(p->hub, out, n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!out[i].known)
			note(p, &m[i]);
		memcpy(ret_ids[i], out[i].accepted, ULID_LEN + 1);
	}
	return 0;
}
