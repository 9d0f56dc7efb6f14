/* conversation: what was said and done in a run, on disk before it counts. */
#include "config.h"

#include "conversation.h"

#include <fcntl.h>

#include "alloc.h"
#include "fd.h"
#include "path.h"
#include "record.h"

int
conversation_create(const char *dir, struct conversation *ret, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, "conversation.ndjson");
	AUTO_FD int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL |
	    O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'", path);
	if (path_sync_dir(path, e) < 0)
		return -1;
	*ret = (struct conversation){
		.fd = steal_fd(&fd), .messages = json_array()
	};
	return 0;
}

int
conversation_log(struct conversation *c, const jv *record, struct err *e)
{
	if (record_emit(c->fd, record, e) < 0)
		return err_prefix(e, "conversation");
	if (fdatasync(c->fd) < 0)
		return err_sys(e, ST_IO, "cannot sync the conversation");
	return 0;
}

void
conversation_say(struct conversation *c, jv message)
{
	json_append(&c->messages, message);
}

void
conversation_say_text(struct conversation *c, const char *role,
    const char *text)
{
	jv m = json_object();

	json_set_str(&m, "role", role);
	json_set_str(&m, "content", text);
	conversation_say(c, m);
}

void
conversation_say_result(struct conversation *c, const char *id,
    const char *text, size_t len)
{
	jv m = json_object();

	json_set_str(&m, "role", "tool");
	json_set_str(&m, "tool_call_id", id);
	json_set(&m, "content", json_from_bytes(text, len));
	conversation_say(c, m);
}

void
conversation_close(struct conversation *c)
{
	struct conversation none = CONVERSATION_INIT;

	if (c->fd >= 0)
		close(c->fd);
	jv_free(c->messages);
	*c = none;
}
