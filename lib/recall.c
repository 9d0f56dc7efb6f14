/* recall: an agent's memory at the start and at the end of a run. */
#include "config.h"

#include "recall.h"

#include "alloc.h"
#include "inside.h"
#include "path.h"
#include "served.h"
#include "workspace.h"

enum {
	TOKENS = 1500,			/* of what is told at the start */
	QUERY_MAX = 4000
};

bool
recall_has_memory(const jv *agent)
{
	AUTO_JV jv tools = agents_strings(agent, "tools");

	if (json_has(agent, "memory_file") || json_has(agent, "memories"))
		return true;
	for (size_t i = 0; i < json_count(&tools); i++) {
		AUTO_JV jv item = json_at(&tools, i);
		const char *name = json_string(&item);
		if (strcmp(name, "recall") == 0 ||
		    strcmp(name, "remember") == 0 ||
		    strcmp(name, "memory") == 0)
			return true;
	}
	return false;
}

int
recall_sync(const jv *agent, const char *dir, const char *workspace,
    const char *author, struct err *e)
{
	const char *name = json_str(agent, "memory_file");
	AUTO_BUF struct buf counts = BUF_INIT;
	int status;

	if (!name)
		return 0;
	AUTO_FREE char *path = path_join(dir, name);
	const char *const by_agent[] = {
		"sync", "--author", author, "--", path, NULL
	};
	const char *const by_person[] = { "sync", "--", path, NULL };
	AUTO_FREE char *above = path_dirname(path);
	if (inside_check(workspace, path, e) < 0 ||
	    path_mkdirs(above, 0777, e) < 0)
		return -1;
	status = served_run(agent, workspace, "agent-mem",
	    author ? by_agent : by_person, NULL, &counts, e);
	if (status > 0)		/* it has said why */
		return err_set(e, status, "'%s' could not be brought in step "
		    "with the memory of '%s'", path, json_str(agent, "id"));
	return status;
}

/* Whether anything was ever remembered, by it or in what it shares. */
static bool
is_there(const jv *agent, const char *workspace)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_JV jv shared = json_get(agent, "memories");
	struct err ignored = ERR_INIT;

	if (workspace_find(workspace, &w, &ignored) <= 0)
		return false;
	AUTO_FREE char *own = workspace_memory(&w, json_str(agent, "id"));
	if (path_exists(own))
		return true;
	JSON_EACH(&shared, i) {
		AUTO_FREE char *path = workspace_shared(&w,
		    json_iter_key(&shared, i));
		if (path_exists(path))
			return true;
	}
	return false;
}

int
recall_about(const jv *agent, const char *workspace, const char *task,
    struct buf *out, struct err *e)
{
	AUTO_FREE char *tokens = xasprintf("%d", TOKENS);
	/* the beginning says what it is about, and fits into an argument */
	AUTO_FREE char *about = xstrndup(task, strnlen(task, QUERY_MAX));
	const char *const args[] = {
		"search", "--context", tokens, "--", about, NULL
	};
	AUTO_BUF struct buf found = BUF_INIT;
	int status;

	if (!recall_has_memory(agent) || !is_there(agent, workspace))
		return 0;
	status = served_run(agent, workspace, "agent-mem", args, NULL, &found,
	    e);
	if (status < 0)
		return -1;
	/* 1: nothing found; anything else was said on standard error */
	if (status == ST_OK && found.len > 0)
		buf_addf(out, "\n\nFrom your memory, which may be out of "
		    "date:\n\n%s", found.data);
	return 0;
}

jv
recall_of_others(const struct agents *a, const jv *agent)
{
	const char *own = json_str(agent, "memory_file");
	jv paths = json_array();

	for (size_t i = 0; i < json_count(&a->list); i++) {
		AUTO_JV jv other = json_at(&a->list, i);
		const char *name = json_str(&other, "memory_file");
		AUTO_FREE char *path = name ? path_join(a->dir, name) : NULL;
		if (path && (!own || strcmp(own, name) != 0))
			json_append(&paths, json_from_str(path));
	}
	return paths;
}
