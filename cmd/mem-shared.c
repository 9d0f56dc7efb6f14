/*
 * mem-shared: memories that several agents use.
 *
 * agents.yaml says which agent may read or write which: the one that
 * agent-spawn would take, in the directory or the nearest above.  Who asks for
 * no agent is a person, and may do all.
 */
#include "config.h"

#include "mem.h"

#include "agents.h"
#include "alloc.h"
#include "path.h"

/* The agent's `memories`, a map of names; empty when it has none. */
static int
read_rights(const struct mem_options *o, const char *agent, jv *ret,
    struct err *e)
{
	AUTO_FREE char *start = o->dir ? path_real(o->dir, e) : path_cwd(e);
	AUTO_FREE char *file = start ? agents_file(start) : NULL;
	AUTO_AGENTS struct agents all = AGENTS_INIT;
	AUTO_JV jv one = JSON_NONE;

	if (!file)
		return start ? 0 : -1;
	if (agents_read(file, &all, e) < 0)
		return -1;
	one = agents_get(&all, agent);
	*ret = json_get(&one, "memories");
	return 0;
}

int
mem_rights(const struct mem_options *o, jv *ret, struct err *e)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	int r;

	if (o->file || o->shared || !mem_agent(o))
		return 0;
	r = workspace_find(o->dir, &w, e);
	return r <= 0 ? r : read_rights(o, mem_agent(o), ret, e);
}

static int
check_right(const struct mem_options *o, bool write, struct err *e)
{
	const char *agent = mem_agent(o), *right;
	AUTO_JV jv rights = JSON_NONE;

	if (!agent)
		return 0;
	if (read_rights(o, agent, &rights, e) < 0)
		return -1;
	right = json_str(&rights, o->shared);
	if (right && (!write || strcmp(right, "write") == 0))
		return 0;
	return err_set(e, ST_DENIED, "agent '%s' may not %s memory '%s': "
	    "'memories' in agents.yaml does not say so", agent,
	    write ? "write to" : "read", o->shared);
}

char *
mem_shared_path(const struct mem_options *o, bool write, bool make,
    struct err *e)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	int r = make ? workspace_need(o->dir, &w, e) :
	    workspace_find(o->dir, &w, e);

	if (r == 0 && !w.dir)
		err_set(e, ST_NOINPUT, "no workspace here: no memory '%s'",
		    o->shared);
	if (r < 0 || !w.dir)
		return NULL;
	if (!workspace_id_valid(o->shared)) {
		err_set(e, ST_USAGE, "'%s' is no name of a memory", o->shared);
		return NULL;
	}
	if (check_right(o, write, e) < 0)
		return NULL;
	return make ? workspace_make_shared(&w, o->shared, e) :
	    workspace_shared(&w, o->shared);
}

/* One that is not there yet has nothing to be found. */
static int
open_shared(const struct workspace *w, const char *name, bool write,
    const struct mem_options *o, struct memory_set *set, struct err *e)
{
	struct memory *m = &set->v[set->n];
	AUTO_FREE char *path = write ? workspace_make_shared(w, name, e) :
	    workspace_shared(w, name);

	if (!path)
		return -1;
	*m = (struct memory)MEMORY_INIT;
	if (memory_open(path, write ? 0 : MEMORY_READONLY, &cli_signal, m,
	    e) < 0)
		return e->status == ST_NOINPUT && !write ? 0 : -1;
	m->name = name;
	m->author = mem_author(o);
	m->allow_secrets = o->secrets;
	m->readonly = !write;
	set->n++;
	return 0;
}

/* Those of the agent; none when agents.yaml says nothing, or is wrong. */
static int
open_others(const struct mem_options *o, bool write, struct memory_set *set,
    struct err *e)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	struct err why = ERR_INIT;

	if (mem_rights(o, &set->rights, &why) < 0) {
		err_warn("%s; no shared memory is asked", why.text);
		return 0;
	}
	if (json_count(&set->rights) == 0)
		return 0;
	if (workspace_find(o->dir, &w, e) < 0)
		return -1;
	JSON_EACH(&set->rights, i) {
		const char *name = json_iter_key(&set->rights, i);
		const char *right = json_str(&set->rights, name);
		if (!workspace_id_valid(name) || set->n == MEMORY_SET_MAX)
			continue;
		if (open_shared(&w, name, write && right &&
		    strcmp(right, "write") == 0, o, set, e) < 0)
			return -1;
	}
	return 0;
}

int
mem_open_set(const struct mem_options *o, bool write, struct memory_set *set,
    struct err *e)
{
	struct err others = ERR_INIT;
	int r = mem_open(o, write ? 0 : MEMORY_READONLY, &set->v[0], e);

	set->n = 1;
	if (open_others(o, write, set, &others) < 0) {
		*e = others;
		return -1;
	}
	/* its own may not be there yet, as long as there is another */
	return r == 0 || (e->status == ST_NOINPUT && set->n > 1) ? 0 : -1;
}
