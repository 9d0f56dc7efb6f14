/* mem-upkeep: what there is, whether it is sound, making it smaller. */
#include "config.h"

#include "mem.h"

#include <sys/stat.h>

#include "alloc.h"
#include "fd.h"
#include "memory-merge.h"
#include "num.h"

static const struct {
	const char *name, *sql;
} figures[] = {
	{ "notes", "select count(*) from note where doc is null" },
	{ "documents", "select count(*) from doc" },
	{ "parts", "select count(*) from note where doc is not null" },
	{ "superseded", "select count(*) from supersedes s join note n on "
	    "n.id = s.old" },
	{ "expired", "select count(*) from note where expires <= "
	    "cast(strftime('%s', 'now') as integer) * 1000" },
	{ "tags", "select count(distinct tag) from tags" },
	{ "keys", "select count(*) from keys" },
	{ "items", "select count(*) from item" },
	{ "states", "select count(*) from state" },
	{ "changes", "select count(*) from change" },
	{ "vectors", "select count(*) from vector" },
	{ "segments", "select count(*) from index_segment" },
	{ "unindexed", "select count(*) from note where n >= (select "
	    "coalesce(max(base + span), 0) from index_segment)" }
};

int
mem_stats(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	AUTO_BUF struct buf out = BUF_INIT;
	bool json = o->format == MEM_NDJSON;
	char size[NUM_TEXT_MAX];
	struct stat sb = { 0 };

	if (mem_open(o, MEMORY_READONLY, &m, e) < 0)
		return -1;
	stat(store_path(m.store), &sb);
	num_format_size(sb.st_size, size);
	if (json)
		buf_addf(&out, "{\"bytes\":%lld", (long long)sb.st_size);
	else
		buf_addf(&out, "file         %s\nsize         %s\n",
		    store_path(m.store), size);
	for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++) {
		int64_t n = 0;
		if (store_get_int(m.store, figures[i].sql, NULL, &n, e) < 0)
			return -1;
		buf_addf(&out, json ? ",\"%s\":%lld" : "%-12s %lld\n",
		    figures[i].name, (long long)n);
	}
	buf_adds(&out, json ? "}\n" : "");
	if (mem_flush(&out, true, e) < 0)
		return -1;
	return json ? mem_result("stats", 1, e) : ST_OK;
}

static void
say(void *arg, const char *problem)
{
	(void)arg;
	err_warn("%s", problem);
}

int
mem_check(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	int n;

	if (mem_open(o, MEMORY_NOCREATE, &m, e) < 0)
		return -1;
	n = memory_check(&m, say, NULL, e);
	if (n > 0)
		return err_set(e, ST_DATA, "%d problem%s in '%s'", n,
		    n == 1 ? "" : "s", store_path(m.store));
	if (n == 0 && o->format == MEM_NDJSON)
		return mem_result("check", 0, e);
	return n;
}

int
mem_vacuum(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	struct memory *tx AUTO_MEMORY_ROLLBACK = &m;
	int64_t until = 0;

	if ((o->until && mem_time(o->until, "--until", false, &until, e) < 0) ||
	    mem_open(o, MEMORY_NOCREATE, &m, e) < 0)
		return -1;
	if (o->until && (memory_begin(&m, e) < 0 ||
	    memory_forget_history(&m, until, e) < 0 ||
	    memory_commit(&m, e) < 0))
		return -1;
	return memory_vacuum(&m, e);
}

int
mem_forget(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	struct memory *tx AUTO_MEMORY_ROLLBACK = &m;
	AUTO_BUF struct buf out = BUF_INIT;
	struct memory_filter f;
	int64_t n;

	if (!o->until && o->keep < 0)
		cli_usage(&mem_cli, "'forget' needs --until or --keep");
	if (mem_filter(o, &f, e) < 0 || mem_open(o, MEMORY_NOCREATE, &m,
	    e) < 0 || memory_begin(&m, e) < 0)
		return -1;
	f.notes = f.superseded = f.expired = true;
	n = memory_retire(&m, &f, o->keep, e);
	if (n < 0 || (!o->dry_run && memory_commit(&m, e) < 0))
		return -1;
	if (o->format == MEM_NDJSON)
		return mem_result("forget", n, e);
	buf_addf(&out, "%lld forgotten\n", (long long)n);
	return mem_flush(&out, true, e);
}
