/* mail: the messages of an agent, taken between its turns. */
#include "config.h"

#include "mail.h"

#include "alloc.h"
#include "child.h"
#include "path.h"

enum { RECV_SECONDS = 30, MAIL_MAX = 16 << 20, ARGS_MAX = 256 };

static int
run_recv(const char *const *argv, struct buf *out, struct err *e)
{
	struct child_spec spec = CHILD_SPEC_INIT;
	int status;

	spec.argv = argv;
	status = child_run(&spec, NULL, MAIL_MAX,
	    deadline_in(RECV_SECONDS * CLOCK_SEC), out, e);
	if (status > 0 && status != ST_NO)
		return err_set(e, status, "the mailbox could not be read");
	return status < 0 ? -1 : 0;
}

static void
add_lines(const struct buf *text, jv *list)
{
	for (const char *p = text->data; p && *p; ) {
		size_t len = strcspn(p, "\n");
		AUTO_JV jv record = JSON_NONE;
		struct err ignored;

		if (json_parse(p, len, &record, &ignored) == 0 &&
		    json_str(&record, "id") && json_str(&record, "lease"))
			json_append(list, json_copy(&record));
		p += len + (p[len] == '\n');
	}
}

int
mail_take(const char *root, const char *agent, jv *ret, struct err *e)
{
	AUTO_FREE char *hub = xasprintf("%s/.agent/hub.db", root);
	AUTO_FREE char *recv = NULL;
	AUTO_FREE char *pid = xasprintf("%ld", (long)getpid());
	AUTO_BUF struct buf out = BUF_INIT;
	AUTO_JV jv list = json_array();

	if (path_exists(hub)) {
		recv = path_program("agent-recv", e);
		const char *argv[] = {
			recv, "-C", root, "--owner", pid, agent, NULL
		};
		if (!recv || run_recv(argv, &out, e) < 0)
			return -1;
		add_lines(&out, &list);
	}
	*ret = json_copy(&list);
	return 0;
}

int
mail_settle(const char *root, const jv *records, struct err *e)
{
	AUTO_FREE char *recv = path_program("agent-recv", e);
	const char *argv[ARGS_MAX + 5] = { recv, "-C", root, "--ack" };
	AUTO_BUF struct buf out = BUF_INIT;
	size_t n = 4;

	if (!recv)
		return -1;
	for (size_t i = 0; i < json_count(records) && i < ARGS_MAX; i++) {
		AUTO_JV jv record = json_at(records, i);
		/* lives as long as the array */
		argv[n++] = json_str(&record, "lease");
	}
	argv[n] = NULL;
	return n > 4 ? run_recv(argv, &out, e) : 0;
}

char *
mail_words(const jv *record)
{
	static const char *const paths[] = {
		"data.text", "data.prompt", "data.message", NULL
	};
	const char *source = json_str(record, "source");
	AUTO_JV jv data = json_get(record, "data");
	AUTO_FREE char *whole = json_text(&data);
	const char *text = whole;

	for (const char *const *p = paths; *p; p++)
		if (json_path_str(record, *p)) {
			text = json_path_str(record, *p);
			break;
		}
	return xasprintf("Message from %s (id %s):\n\n%s", source ? source :
	    "somebody", json_str(record, "id"), text);
}
