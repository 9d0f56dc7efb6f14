/*
 * agent-mem: remembers and finds: notes, documents, key-values, state.
 *
 * This file picks the command; mem-*.c do the work.
 */
#include "config.h"

#include "mem.h"

#include "alloc.h"

static const struct {
	const char *name;
	mem_fn *fn;
	size_t least, most;	/* operands */
	bool adds;		/* notes, which may need vectors */
} commands[] = {
	{ "add", mem_add, 0, SIZE_MAX, true },
	{ "cas", mem_cas, 3, 3, false },
	{ "check", mem_check, 0, 0, false },
	{ "consolidate", mem_consolidate, 0, 0, false },
	{ "del", mem_del, 1, SIZE_MAX, false },
	{ "edit", mem_edit, 0, 1, true },
	{ "embed", mem_embed_all, 0, 0, false },
	{ "export", mem_export, 0, 0, false },
	{ "forget", mem_forget, 0, 0, false },
	{ "get", mem_get, 1, 1, false },
	{ "history", mem_history, 0, 0, false },
	{ "import", mem_import, 0, 1, true },
	{ "incr", mem_incr, 1, 2, false },
	{ "items", mem_items, 1, 1, false },
	{ "keys", mem_keys, 0, 1, false },
	{ "list", mem_list, 0, 0, false },
	{ "load", mem_load, 1, 1, false },
	{ "pop", mem_pop, 1, 1, false },
	{ "push", mem_push, 1, 2, false },
	{ "rm", mem_rm, 0, SIZE_MAX, false },
	{ "save", mem_save, 1, 1, false },
	{ "search", mem_search, 0, SIZE_MAX, false },
	{ "set", mem_set, 1, 2, false },
	{ "show", mem_show, 1, SIZE_MAX, false },
	{ "states", mem_states, 0, 1, false },
	{ "stats", mem_stats, 0, 0, false },
	{ "sync", mem_sync, 1, 1, true },
	{ "tag", mem_tag, 2, SIZE_MAX, false },
	{ "tool", mem_tool, 0, 2, true },
	{ "undo", mem_undo, 0, 1, false },
	{ "vacuum", mem_vacuum, 0, 0, false }
};

int
main(int argc, char **argv)
{
	struct mem_options o = { .limit = -1, .importance = 0.5, .keep = -1 };
	struct err e = ERR_INIT;
	const char *name;
	size_t i, n = sizeof(commands) / sizeof(*commands);
	int r;

	cli_begin(&mem_cli);
	mem_options_read(&o, argc, argv);
	name = optind < argc ? argv[optind++] : "";
	o.operand = argv + optind;
	o.noperands = (size_t)(argc - optind);
	for (i = 0; i < n && strcmp(commands[i].name, name) != 0; i++)
		;
	if (i == n)
		cli_usage(&mem_cli, *name ? "unknown command '%s'" :
		    "which command?%s", name);
	if (o.noperands < commands[i].least)
		cli_usage(&mem_cli, "'%s' needs more operands", name);
	if (o.noperands > commands[i].most)
		cli_usage(&mem_cli, "'%s' takes fewer operands", name);
	r = commands[i].fn(&o, &e);
	if (r >= 0 && commands[i].adds)
		mem_embed_later(&o, NULL);
	free(o.tags);
	free(o.supersedes);
	if (r < 0 && o.format == MEM_NDJSON)
		mem_error(&e);
	return cli_end(r < 0 ? err_report(&e) : r);
}
