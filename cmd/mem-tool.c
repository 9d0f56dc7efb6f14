/* mem-tool: the memory as tools of a model. */
#include "config.h"

#include "mem.h"

#include "alloc.h"
#include "fd.h"
#include "memory-tool.h"

enum { ARGUMENTS_MAX = 16 << 20 };

static int
list_tools(const struct mem_options *o, struct buf *out, struct err *e)
{
	AUTO_JV jv rights = JSON_NONE, list = JSON_NONE;

	if (mem_rights(o, &rights, e) < 0)
		return -1;
	list = memory_tools(&rights);
	for (size_t i = 0; i < json_count(&list); i++) {
		AUTO_JV jv tool = json_at(&list, i);
		json_write(&tool, out);
		buf_addc(out, '\n');
	}
	return 0;
}

static int
call(const struct mem_options *o, const jv *arguments, struct buf *out,
    struct err *e)
{
	AUTO_MEMORY_SET struct memory_set set = MEMORY_SET_INIT;
	char *synonyms[4];
	const char *files[4];
	size_t n;
	int r;

	if (mem_open_set(o, true, &set, e) < 0)
		return -1;
	n = mem_synonyms(o, synonyms);
	for (size_t i = 0; i < n; i++)
		files[i] = synonyms[i];
	r = memory_tool_call(&set, o->operand[0], arguments, files, n, out, e);
	for (size_t i = 0; i < n; i++)
		free(synonyms[i]);
	return r;
}

int
mem_tool(const struct mem_options *o, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT, out = BUF_INIT;
	AUTO_JV jv arguments = JSON_NONE;

	if (o->noperands == 0)
		return list_tools(o, &out, e) < 0 ? -1 :
		    mem_flush(&out, true, e);
	if (o->noperands > 1)
		buf_adds(&text, o->operand[1]);
	else if (fd_read_all(STDIN_FILENO, ARGUMENTS_MAX, DEADLINE_NEVER,
	    &text, e) < 0)
		return -1;
	if (json_parse(text.data ? text.data : "", text.len, &arguments,
	    e) < 0)
		return -1;
	if (!json_is(&arguments, JSON_OBJECT))
		return err_set(e, ST_DATA, "the arguments are no object");
	if (call(o, &arguments, &out, e) < 0)
		return -1;
	return mem_flush(&out, true, e);
}
