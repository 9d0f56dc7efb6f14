/* liaison: what ties an agent at work to the others of its workspace. */
#include "config.h"

#include "liaison.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "alloc.h"
#include "fd.h"
#include "hub.h"
#include "path.h"
#include "record.h"
#include "registry.h"
#include "utf8.h"

enum { NOTE_MAX = 160 };

struct liaison {
	struct hub *hub;
	struct mail *mail;
	struct registry_member *member;		/* NULL: it is not seen */
	int lock;
	int64_t tokens;
};

/* The lock of those who stay: 1 it is ours, 0 another's, -1. */
static int
lock_stay(const struct workspace *w, const char *agent, int *ret,
    struct err *e)
{
	AUTO_FREE char *dir = path_join(w->dir, "stay");
	AUTO_FREE char *path = xasprintf("%s/%s.lock", dir, agent);
	AUTO_FD int fd = -1;

	if (path_mkdirs(dir, 0700, e) < 0)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot open '%s'", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		*ret = steal_fd(&fd);
		return 1;
	}
	if (errno == EWOULDBLOCK)
		return 0;
	return err_sys(e, ST_SYSTEM, "cannot lock '%s'", path);
}

/* Whether another one stays, to whom the messages go: 1, 0, -1. */
static int
other_stays(const struct workspace *w, const char *agent, struct err *e)
{
	AUTO_FREE char *path = xasprintf("%s/stay/%s.lock", w->dir, agent);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return 0;
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? 1 :
	    err_sys(e, ST_SYSTEM, "cannot lock '%s'", path);
}

static int
find_mail(struct liaison *l, const struct workspace *w, const char *agent,
    bool stays, struct err *e)
{
	int r = stays ? lock_stay(w, agent, &l->lock, e) :
	    other_stays(w, agent, e);

	if (r < 0)
		return -1;
	if (stays && r == 0)
		return err_set(e, ST_TEMPFAIL, "another process of agent '%s' "
		    "stays already", agent);
	return !stays && r > 0 ? 0 :
	    mail_open(l->hub, agent, stays, &l->mail, e);
}

int
liaison_open(const struct workspace *w, const char *agent, const char *type,
    bool stays, const volatile int *stop, struct liaison **ret,
    struct err *e)
{
	struct liaison *l = xcalloc(1, sizeof(*l));
	struct err ignored = ERR_INIT;

	l->lock = -1;
	if (hub_open(w->dir, NULL, stop, &l->hub, e) < 0 ||
	    find_mail(l, w, agent, stays, e) < 0) {
		liaison_close(l);
		return -1;
	}
	(void)registry_join(l->hub, &(struct registry_entry){ .id = agent,
	    .type = type, .state = "starting", .tokens = -1 }, &l->member,
	    &ignored);
	*ret = l;
	return 0;
}

void
liaison_close(struct liaison *l)
{
	if (!l)
		return;
	registry_leave(l->member);
	mail_close(l->mail);
	hub_close(l->hub);
	if (l->lock >= 0)
		close(l->lock);
	free(l);
}

struct hub *
liaison_hub(const struct liaison *l)
{
	return l->hub;
}

struct mail *
liaison_mail(const struct liaison *l)
{
	return l->mail;
}

/* The first line that says something, cut to a length. */
static char *
snippet(const char *text)
{
	size_t n;

	if (!text)
		return NULL;
	text += strspn(text, " \t\r\n");
	n = strcspn(text, "\r\n");
	if (n > NOTE_MAX)
		n = utf8_cut(text, NOTE_MAX);
	return n > 0 ? xstrndup(text, n) : NULL;
}

/* "shell: make test". */
static char *
call_words(const jv *data)
{
	static const char *const members[] = {
		"arguments.command", "arguments.path", "arguments.text",
		"arguments.query", "arguments.pattern"
	};
	const char *name = json_str(data, "name");
	const char *what = NULL;

	for (size_t i = 0; !what && i < sizeof(members) / sizeof(*members);
	    i++)
		what = json_path_str(data, members[i]);
	AUTO_FREE char *line = snippet(what);
	return xasprintf("%s%s%s", name ? name : "a tool", line ? ": " : "",
	    line ? line : "");
}

static void
count_tokens(struct liaison *l, const jv *data, struct registry_entry *entry)
{
	static const char *const members[] = { "input_tokens",
		"output_tokens" };
	int64_t n;

	for (size_t i = 0; i < 2; i++)
		if (json_int(data, members[i], &n) && n > 0)
			l->tokens += n;
	entry->tokens = l->tokens;
}

/* What the words of a message are, without who sent it. */
static const char *
message_words(const jv *data)
{
	const char *text = json_str(data, "text");
	const char *rest = text ? strstr(text, "\n\n") : NULL;

	return rest ? rest : text;
}

void
liaison_record(struct liaison *l, const jv *record)
{
	const char *type = json_str(record, "type");
	AUTO_JV jv data = json_get(record, "data");
	struct registry_entry entry = { .tokens = -1 };
	AUTO_FREE char *text = NULL;
	struct err ignored = ERR_INIT;

	if (!l->member || !type)
		return;
	if (strcmp(type, RECORD_AGENT_START) == 0) {
		text = snippet(json_str(&data, "task"));
		entry.state = "running";
		entry.run = json_str(record, "run");
		entry.task = text ? text : json_str(record, "task");
	} else if (strcmp(type, RECORD_TASK) == 0) {
		entry.task = text = snippet(json_str(&data, "prompt"));
	} else if (strcmp(type, RECORD_MESSAGE) == 0) {
		entry.task = text = snippet(message_words(&data));
	} else if (strcmp(type, RECORD_MODEL_USAGE) == 0) {
		count_tokens(l, &data, &entry);
	} else if (strcmp(type, RECORD_MODEL_MESSAGE) == 0) {
		entry.note = text = snippet(json_path_str(&data,
		    "message.content"));
	} else if (strcmp(type, RECORD_TOOL_CALL) == 0) {
		entry.note = text = call_words(&data);
	} else if (strcmp(type, RECORD_QUESTION) == 0) {
		entry.state = "waiting";
		entry.gate = json_str(&data, "key");
	} else if (strcmp(type, RECORD_ANSWER) == 0) {
		entry.state = "running";
		entry.gate = "";
	}
	if (entry.state || entry.task || entry.note || entry.tokens >= 0)
		(void)registry_update(l->member, &entry, &ignored);
}

void
liaison_rest(struct liaison *l)
{
	struct err ignored = ERR_INIT;

	if (l->member)
		(void)registry_update(l->member, &(struct registry_entry){
		    .state = "idle", .task = "", .gate = "", .tokens = -1 },
		    &ignored);
}
