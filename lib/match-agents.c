/* match-agents: a matcher for the agents of agents.yaml. */
#include "config.h"

#include "match-agents.h"

#include "alloc.h"

/* The strings of a list, which live as long as the agent. */
static const char **
strings(const jv *agent, const char *member, size_t *ret_n)
{
	AUTO_JV jv list = agents_strings(agent, member);
	const char **s = xcalloc(json_count(&list) + 1, sizeof(*s));

	*ret_n = 0;
	for (size_t i = 0; i < json_count(&list); i++) {
		AUTO_JV jv v = json_at(&list, i);
		if (json_string(&v))
			s[(*ret_n)++] = json_string(&v);
	}
	return s;
}

struct match *
match_agents(struct words *w, const struct agents *agents)
{
	size_t n = json_count(&agents->list);
	AUTO_FREE struct match_agent *m = xcalloc(n + 1, sizeof(*m));
	const char ***lists = xcalloc(2 * n + 1, sizeof(*lists));
	struct match *ret;

	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv a = json_at(&agents->list, i);
		m[i].id = json_str(&a, "id");
		m[i].description = json_str(&a, "description");
		lists[2 * i] = strings(&a, "responsibilities",
		    &m[i].nresponsibilities);
		lists[2 * i + 1] = strings(&a, "capabilities",
		    &m[i].ncapabilities);
		m[i].responsibilities = lists[2 * i];
		m[i].capabilities = lists[2 * i + 1];
	}
	ret = match_new(w, m, n);
	for (size_t i = 0; i < 2 * n; i++)
		free(lists[i]);
	free(lists);
	return ret;
}
