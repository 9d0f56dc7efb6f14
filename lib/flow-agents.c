/* flow-agents: who does the tasks that are for agents. */
#include "config.h"

#include "alloc.h"
#include "flow-impl.h"
#include "path.h"

/* Those in the flow, as agents.yaml(5) has them, before those of a file. */
static void
add_own(const struct flow *f, const jv *own, struct agents *to)
{
	AUTO_JV jv list = json_array();

	JSON_EACH(own, i) {
		jv agent = json_iter_value(own, i);

		json_set_str(&agent, "id", json_iter_key(own, i));
		json_append(&list, agent);
	}
	for (size_t i = 0; i < json_count(&to->list); i++) {
		jv agent = json_at(&to->list, i);

		if (json_has(own, json_str(&agent, "id")))
			json_release(&agent);
		else
			json_append(&list, agent);
	}
	json_release(&to->list);
	to->list = json_copy(&list);
	if (!to->dir)
		to->dir = xstrdup(f->dir);
}

/* That the agents of a flow are what they would be in a file. */
static int
check_own(const struct flow *f, const jv *own, struct err *e)
{
	AUTO_AGENTS struct agents a = AGENTS_INIT;
	AUTO_AGENTS struct agents checked = AGENTS_INIT;
	AUTO_FREE char *text = NULL;
	AUTO_JV jv file = json_object();

	add_own(f, own, &a);
	json_set(&file, "agents", json_copy(&a.list));
	text = json_text(&file);
	return agents_parse(f->doc.name, text, f->dir, &checked, e);
}

int
flow_agents(const struct flow *f, struct agents *ret, struct err *e)
{
	AUTO_JV jv own = json_get(&f->doc.value, "agents");
	AUTO_FREE char *path = json_string(&own) ?
	    path_join(f->dir, json_string(&own)) : agents_file(f->dir);
	bool inside = json_is(&own, JSON_OBJECT);

	if (!path && !inside)
		return err_set(e, ST_NOINPUT, "there is no agents.yaml");
	if ((path && agents_read(path, ret, e) < 0) ||
	    (inside && check_own(f, &own, e) < 0))
		return -1;
	if (inside)
		add_own(f, &own, ret);
	return 0;
}
