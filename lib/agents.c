/* agents: agents.yaml, the agents of a project and who may talk to whom. */
#include "config.h"

#include "agents.h"

#include "alloc.h"
#include "path.h"

enum { ID_MAX = 64 };

void
agents_release(struct agents *a)
{
	struct agents none = AGENTS_INIT;

	for (size_t i = 0; i < a->nfiles; i++) {
		yaml_release(&a->files[i].doc);
		yaml_problems_release(&a->files[i].problems);
	}
	for (size_t i = 0; i < a->nplaces; i++)
		free(a->places[i].path);
	free(a->files);
	free(a->places);
	strs_release(&a->sources);
	free(a->name);
	free(a->dir);
	jv_free(a->list);
	*a = none;
}

bool
agents_valid_id(const char *id)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t len = strspn(id, allowed);

	return len > 0 && len <= ID_MAX && !id[len] && id[0] != '.' &&
	    id[0] != '-';
}

char *
agents_file(const char *start)
{
	AUTO_FREE char *dir = path_find_up(start, AGENTS_FILE);

	return dir ? path_join(dir, AGENTS_FILE) : NULL;
}

jv
agents_get(const struct agents *a, const char *id)
{
	for (size_t i = 0; i < json_count(&a->list); i++) {
		jv agent = json_at(&a->list, i);
		if (strcmp(json_str(&agent, "id"), id) == 0)
			return agent;
		jv_free(agent);
	}
	return JSON_NONE;
}

int
agents_need(const struct agents *a, const char *id, jv *ret, struct err *e)
{
	AUTO_JV jv agent = agents_get(a, id);
	AUTO_BUF struct buf ids = BUF_INIT;

	if (json_is(&agent, JSON_OBJECT)) {
		*ret = json_copy(&agent);
		return 0;
	}
	for (size_t i = 0; i < json_count(&a->list); i++) {
		AUTO_JV jv other = json_at(&a->list, i);
		buf_addf(&ids, "%s%s", i ? ", " : "", json_str(&other, "id"));
	}
	return err_set(e, ST_NOINPUT, "there is no agent '%s' in '%s', but %s",
	    id, a->name, ids.len > 0 ? ids.data : "none at all");
}

jv
agents_strings(const jv *agent, const char *member)
{
	jv v = json_get(agent, member);
	jv list;

	if (json_is(&v, JSON_ARRAY))
		return v;
	list = json_array();
	if (json_is(&v, JSON_STRING))
		json_append(&list, v);
	else
		json_release(&v);
	return list;
}

bool
agents_may_send(const struct agents *a, const char *from, const char *to)
{
	AUTO_JV jv agent = agents_get(a, from);
	AUTO_JV jv allowed = agents_strings(&agent, "direct_communication");

	if (strcmp(from, "user") == 0 || strcmp(to, "user") == 0)
		return true;
	for (size_t i = 0; i < json_count(&allowed); i++) {
		AUTO_JV jv name = json_at(&allowed, i);
		if (strcmp(json_string(&name), to) == 0 ||
		    strcmp(json_string(&name), "*") == 0)
			return true;
	}
	return false;
}
