/*
 * agents: agents.yaml, the agents of a project and who may talk to whom.
 *
 * Written by people, never by us; described in agents.yaml(5).  What is read
 * is the list of agents with `defaults` merged under each; the members are
 * those of the file.
 */
#ifndef AGENT_AGENTS_H
#define AGENT_AGENTS_H

#include <stdbool.h>

#include "err.h"
#include "json.h"
#include "yaml.h"

#define AGENTS_FILE "agents.yaml"

struct agents {
	struct yaml_doc doc;
	char *dir;		/* absolute; relative paths start here */
	jv list;		/* array of objects */
};

#define AGENTS_INIT { .doc = YAML_DOC_INIT, .list = JSON_NONE }

void	agents_release(struct agents *a);
#define AUTO_AGENTS __attribute__((cleanup(agents_release)))

/*
 * Reads and checks a file.  ST_NOINPUT when it cannot be opened, ST_CONFIG
 * with "agents.yaml:12:7: reason" for the first thing that is wrong in it.
 */
int	agents_read(const char *path, struct agents *ret, struct err *e);

/* agents.yaml in `start` or the nearest directory above; NULL: none. */
char	*agents_file(const char *start);

/* The agent of that id; JSON_NONE when there is none. */
jv	agents_get(const struct agents *a, const char *id);

/* As agents_get(), with ST_NOINPUT and the ids that there are. */
int	agents_need(const struct agents *a, const char *id, jv *ret,
	    struct err *e);

/* A member that is a string or a list of strings, as a list; may be empty. */
jv	agents_strings(const jv *agent, const char *member);

/* Letters, digits, '.', '_' and '-', at most 64, not starting with '.'. */
bool	agents_valid_id(const char *id);

/*
 * Whether `from` may send to `to`: its direct_communication names it, or
 * "*".  The person ("user") is always reachable and may send to everybody.
 */
bool	agents_may_send(const struct agents *a, const char *from,
	    const char *to);

#endif
