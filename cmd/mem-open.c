/* mem-open: which memory, how it is read from and written to. */
#include "config.h"

#include "mem.h"

#include <poll.h>
#include <sys/stat.h>

#include "alloc.h"
#include "clock.h"
#include "env.h"
#include "fd.h"
#include "memory-vector.h"
#include "num.h"
#include "path.h"
#include "prompt.h"
#include "record.h"

enum { FLUSH = 65536 };

const char *
mem_agent(const struct mem_options *o)
{
	return o->agent ? o->agent : env_get("AGENT_ID");
}

const char *
mem_author(const struct mem_options *o)
{
	const char *who = o->author ? o->author : mem_agent(o);

	return who ? who : env_get("USER");
}

/* The user's own, where no agent and no workspace says otherwise. */
static char *
own_path(struct err *e)
{
	AUTO_FREE char *dir = env_xdg_data();

	if (!dir) {
		err_set(e, ST_CONFIG, "no home directory: say --file");
		return NULL;
	}
	return path_join(dir, "memory.db");
}

/* The file; the caller frees. */
static char *
mem_path(const struct mem_options *o, bool write, bool make, struct err *e)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	const char *agent = mem_agent(o);
	int r;

	if (o->file)
		return xstrdup(o->file);
	if (o->shared)
		return mem_shared_path(o, write, make, e);
	if (!agent && env_get("AGENT_MEMORY"))
		return xstrdup(env_get("AGENT_MEMORY"));
	if (!agent && !o->dir)
		return own_path(e);
	if (!agent)
		agent = "user";
	if (!workspace_id_valid(agent)) {
		err_set(e, ST_USAGE, "'%s' is no name of an agent", agent);
		return NULL;
	}
	r = make ? workspace_need(o->dir, &w, e) :
	    workspace_find(o->dir, &w, e);
	if (r == 0 && !w.dir) {
		err_set(e, ST_NOINPUT, "no workspace here: no memory of '%s'",
		    agent);
		return NULL;
	}
	if (r < 0)
		return NULL;
	return make ? workspace_make_memory(&w, agent, e) :
	    workspace_memory(&w, agent);
}

int
mem_open(const struct mem_options *o, unsigned flags, struct memory *ret,
    struct err *e)
{
	AUTO_FREE char *path = mem_path(o, !(flags & MEMORY_READONLY),
	    !(flags & (MEMORY_READONLY | MEMORY_NOCREATE)), e);

	if (!path || memory_open(path, flags, &cli_signal, ret, e) < 0)
		return -1;
	ret->author = mem_author(o);
	ret->allow_secrets = o->secrets;
	return 0;
}

bool
mem_ndjson(const struct mem_options *o)
{
	return o->format == MEM_NDJSON ||
	    (o->format == MEM_AUTO && !isatty(STDOUT_FILENO));
}

int
mem_time(const char *s, const char *option, bool future, int64_t *ret,
    struct err *e)
{
	int64_t ns;

	if (timestamp_parse(s, &ns) == 0) {
		*ret = ns / CLOCK_MS;
		return 0;
	}
	if (num_parse_duration(s, &ns) < 0)
		return err_set(e, ST_USAGE, "%s takes a time "
		    "(2026-03-01, 2026-03-01T12:00:00Z) or how long %s (7d), "
		    "not '%s'", option, future ? "from now" : "ago", s);
	*ret = memory_now() + (future ? 1 : -1) * (ns / CLOCK_MS);
	return 0;
}

int
mem_filter(const struct mem_options *o, struct memory_filter *ret,
    struct err *e)
{
	*ret = (struct memory_filter){
		.tags = o->tags, .ntags = o->ntags, .author = o->author,
		.source = o->source, .path = o->path,
		.documents = o->documents, .notes = o->notes,
		.superseded = o->superseded
	};
	if (o->since && mem_time(o->since, "--since", false, &ret->since,
	    e) < 0)
		return -1;
	if (o->until && mem_time(o->until, "--until", false, &ret->until,
	    e) < 0)
		return -1;
	return 0;
}

int
mem_text(const struct mem_options *o, size_t from, size_t limit,
    struct buf *out, struct err *e)
{
	struct prompt p = { .operands = o->operand + from,
		.noperands = o->noperands - from, .until = DEADLINE_NEVER,
		.called = "text" };

	/* operands are all: a pipe that is never written must not hang us */
	p.no_stdin = p.noperands > 0 && strcmp(p.operands[0], "-") != 0;
	if (prompt_read(&p, &cli_signal, out, e) < 0)
		return -1;
	while (out->len > 0 && strchr("\r\n", out->data[out->len - 1]))
		buf_truncate(out, out->len - 1);
	if (out->len > limit)
		return err_set(e, ST_DATA, "the text is longer than %zu bytes",
		    limit);
	return 0;
}

int
mem_flush(struct buf *out, bool all, struct err *e)
{
	if (out->len < FLUSH && !all)
		return 0;
	if (out->len > 0 && fd_write(STDOUT_FILENO, out->data, out->len,
	    e) < 0)
		return -1;
	buf_reset(out);
	return 0;
}

int
mem_result(const char *command, int64_t count, struct err *e)
{
	struct record_origin origin = { .source = "/command/agent-mem" };
	jv data = json_object();
	AUTO_JV jv record = JSON_NONE;

	json_set_str(&data, "command", command);
	json_set_int(&data, "count", count);
	record = record_new(&origin, RECORD_RESULT, data);
	return record_emit(STDOUT_FILENO, &record, e);
}

void
mem_error(const struct err *e)
{
	struct record_origin origin = { .source = "/command/agent-mem" };
	AUTO_JV jv record = record_new(&origin, RECORD_ERROR,
	    record_error_data(e));
	struct err ignored = ERR_INIT;

	record_emit(STDOUT_FILENO, &record, &ignored);
}

size_t
mem_synonyms(const struct mem_options *o, char *ret[4])
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_FREE char *config = env_xdg_config();
	struct err ignored = ERR_INIT;
	size_t n = 0;
	char *ours = path_data("templates/synonyms", &ignored);

	if (ours)
		ret[n++] = ours;
	if (config)
		ret[n++] = path_join(config, "synonyms");
	if (workspace_find(o->dir, &w, &ignored) > 0)
		ret[n++] = path_join(w.dir, "synonyms");
	return n;
}

int
mem_settle(struct memory *m, int64_t added, struct err *e)
{
	struct memory *tx AUTO_MEMORY_ROLLBACK = m;
	int64_t notes = 0;

	m->bulk = false;
	if (store_set_sync(m->store, STORE_FULL, e) < 0 ||
	    memory_begin(m, e) < 0 || store_get_int(m->store,
	    "select max(n) from note", NULL, &notes, e) < 0)
		return -1;
	if (added > 0 && memory_index_update(m, e) < 0)
		return -1;
	/* worth it when much of it is new: a merge copies everything */
	if (added >= MEMORY_TAIL && added >= notes / 8 &&
	    memory_index_merge(m, e) < 0)
		return -1;
	if (memory_commit(m, e) < 0)
		return -1;
	return vector_settle(m, e);
}
