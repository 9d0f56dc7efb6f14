/* flow-check: agent-flow check: all that is wrong with flows. */
#include "config.h"

#include <unistd.h>

#include "alloc.h"
#include "fd.h"
#include "flow.h"
#include "flowcmd.h"

int
flow_check_files(struct flow_options *o, int argc, char **argv)
{
	struct err e = ERR_INIT;
	int status = ST_OK;

	flow_options(&flow_cli, argc, argv, o);
	if (optind == argc)
		cli_usage(&flow_cli, "a file is needed");
	if (o->dir && chdir(o->dir) < 0) {
		err_sys(&e, ST_NOINPUT, "cannot enter '%s'", o->dir);
		return cli_end(err_report(&e));
	}
	for (int i = optind; i < argc; i++) {
		AUTO_FLOW struct flow f = FLOW_INIT;
		AUTO_BUF struct buf why = BUF_INIT;

		if (flow_read(argv[i], &f, &why, &e) == 0)
			continue;
		status = e.status;
		if (why.len == 0)
			err_report(&e);
		else if (fd_write(STDERR_FILENO, why.data, why.len, &e) < 0)
			status = err_report(&e);
	}
	return cli_end(status);
}
