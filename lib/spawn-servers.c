/* spawn-servers: the MCP servers of the agent that is run. */
#include "config.h"

#include "spawn-impl.h"

void
spawn_servers_begin(struct setup *s, const struct calls_place *place,
    bool read_only)
{
	AUTO_JV jv config = json_get(&s->agent, "mcp_servers");

	s->own_tools = json_copy(&s->tools);
	servers_start(&config, s->agents.dir, place, read_only, &s->servers);
}

int
spawn_servers_renew(void *setup, jv *ret_logs, struct err *e)
{
	struct setup *s = setup;
	int changed = servers_wait(&s->servers, s->subagents.until,
	    s->said->stop, e);

	if (changed > 0) {
		jv tools = json_copy(&s->own_tools);

		servers_give(&s->servers, &s->agent, &s->box, &tools);
		json_release(&s->tools);
		s->tools = tools;
	}
	*ret_logs = servers_take_logs(&s->servers);
	return changed < 0 ? -1 : 0;
}
