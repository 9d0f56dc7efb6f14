/* mem-sync: a memory in step with a Markdown file. */
#include "config.h"

#include "mem.h"

#include "env.h"
#include "memory-mirror.h"

static void
say(void *arg, const char *what)
{
	(void)arg;
	err_warn("%s", what);
}

static void
write_counts(const struct mem_options *o, const struct mirror *k,
    struct buf *out)
{
	buf_addf(out, o->format == MEM_NDJSON ?
	    "{\"added\":%lld,\"changed\":%lld,\"removed\":%lld,"
	    "\"written\":%lld,\"dropped\":%lld,\"conflicts\":%lld}\n" :
	    "%lld added, %lld changed, %lld removed; "
	    "file: %lld written, %lld dropped; %lld conflicts\n",
	    (long long)k->added, (long long)k->changed, (long long)k->removed,
	    (long long)k->written, (long long)k->dropped,
	    (long long)k->conflicts);
}

int
mem_sync(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	AUTO_BUF struct buf out = BUF_INIT;
	const char *user = env_get("USER");
	struct mirror k = { .say = say,
	    .person = o->author ? o->author : user ? user : "user" };

	if (mem_open(o, 0, &m, e) < 0 ||
	    mirror_sync(&m, o->operand[0], &k, e) < 0)
		return -1;
	write_counts(o, &k, &out);
	if (mem_flush(&out, true, e) < 0)
		return -1;
	return o->format == MEM_NDJSON ? mem_result("sync", k.added +
	    k.changed + k.removed + k.written + k.dropped, e) : ST_OK;
}
