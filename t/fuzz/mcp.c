/*
 * fuzz: what a server of tools says, after two calls: nothing that it can say
 * keeps us, its tools are an array, a call has one end.
 */
#include "config.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "alloc.h"
#include "fd.h"
#include "mcp-impl.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_call(struct mcp *m, int64_t call)
{
	AUTO_JV jv result = JSON_NONE;
	AUTO_BUF struct buf text = BUF_INIT;
	struct err e = ERR_INIT;
	int r = mcp_answer(m, call, &result, &e);

	if (r == 0 || (r < 0 && !e.status))
		abort();
	if (r > 0)
		mcp_words(&result, &text);
	if (mcp_answer(m, call, &result, &e) != -1)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct mcp *m = xcalloc(1, sizeof(*m));
	AUTO_JV jv arguments = json_object();
	AUTO_JV jv logs = JSON_NONE;
	struct err e = ERR_INIT;

	if (fd < 0 || fd_write(fd, data, size, &e) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0)
		abort();
	*m = (struct mcp){ .name = xstrdup("s"), .child = CHILD_INIT,
	    .errors = -1, .logs = json_array(), .tools = json_array(),
	    .coming = JSON_NONE };
	m->child.out = fd;
	ndjson_init(&m->reader, fd, 1000);
	m->reader.raw = true;
	mcp_greet(m);
	(void)mcp_call(m, "a", &arguments);
	(void)mcp_call(m, "b", &arguments);
	while (mcp_state(m) != MCP_GONE)
		mcp_step(m);
	if (!json_is(mcp_tools(m), JSON_ARRAY))
		abort();
	check_call(m, 2);
	check_call(m, 3);
	logs = mcp_take_logs(m);
	mcp_free(m);
	return 0;
}
