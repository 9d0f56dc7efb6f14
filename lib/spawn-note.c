/*
 * spawn-note: what the audit trail says of a run: who began it with what
 * rights, and how it ended, with a digest of all that was said and done.
 */
#include "config.h"

#include "spawn-impl.h"

#include <fcntl.h>

#include "alloc.h"
#include "audit.h"
#include "fd.h"
#include "path.h"
#include "sha256.h"

/* The programs that the user lets look at calls, outside of the sandbox. */
static jv
hook_commands(const jv *hooks)
{
	jv list = json_array();

	JSON_EACH(hooks, i) {
		AUTO_JV jv event = json_iter_value(hooks, i);
		for (size_t k = 0; k < json_count(&event); k++) {
			AUTO_JV jv hook = json_at(&event, k);
			AUTO_JV jv more = json_get(&hook, "hooks");
			json_append(&list, json_get(&hook, "command"));
			for (size_t m = 0; m < json_count(&more); m++) {
				AUTO_JV jv one = json_at(&more, m);
				json_append(&list, json_get(&one, "command"));
			}
		}
	}
	return list;
}

/* The programs of its servers, and what variables they get. */
static jv
server_programs(const jv *servers)
{
	jv all = json_object();

	JSON_EACH(servers, i) {
		AUTO_JV jv server = json_iter_value(servers, i);
		AUTO_JV jv env = json_get(&server, "env");
		jv one = json_object(), names = json_array();

		JSON_EACH(&env, k)
			json_append(&names, json_iter_name(&env, k));
		json_set(&one, "command", json_get(&server, "command"));
		json_set(&one, "env", names);
		json_set(&all, json_iter_key(servers, i), one);
	}
	return all;
}

int
spawn_note_begin(const struct setup *s, struct err *e)
{
	bool resumed = json_is(&s->talk.start, JSON_OBJECT);
	AUTO_JV jv servers = json_get(&s->agent, "mcp_servers");
	jv data = json_object();

	json_set_str(&data, "run", s->run);
	json_set_str(&data, "task", s->said->task);
	json_set_str(&data, "model", s->model.name);
	/* the name of the secret, never itself */
	json_set_str(&data, "key", s->model.key_from);
	json_set_str(&data, "mode", s->mode);
	json_set_str(&data, "sandbox", json_str(&s->agent, "sandbox"));
	json_set_str(&data, "workspace", s->place);
	if (json_is(&s->hooks, JSON_OBJECT))
		json_set(&data, "hooks", hook_commands(&s->hooks));
	if (json_is(&servers, JSON_OBJECT))
		json_set(&data, "servers", server_programs(&servers));
	return audit_add(s->audit, resumed ? "run.resumed" : "run.begun",
	    s->source, data, e);
}

static int
digest(const char *path, char ret[SHA256_HEX_LEN + 1], struct err *e)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct sha256 sum;
	char chunk[65536];
	ssize_t n;

	if (fd < 0)
		return err_sys(e, ST_IO, "cannot open '%s'", path);
	sha256_init(&sum);
	while ((n = fd_read(fd, chunk, sizeof(chunk), e)) > 0)
		sha256_add(&sum, chunk, (size_t)n);
	sha256_end_hex(&sum, ret);
	return n < 0 ? -1 : 0;
}

int
spawn_note_end(const struct setup *s, int status, struct err *e)
{
	AUTO_FREE char *path = path_join(s->run_dir, "conversation.ndjson");
	char sum[SHA256_HEX_LEN + 1];
	jv data;

	if (digest(path, sum, e) < 0)
		return -1;
	data = json_object();
	json_set_str(&data, "run", s->run);
	json_set_int(&data, "status", status);
	json_set_str(&data, "conversation", sum);
	return audit_add(s->audit, "run.ended", s->source, data, e);
}
