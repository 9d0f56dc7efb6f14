/*
 * flow-budget: what a flow's agents may cost: a cap of the ledger for a pool
 * of its own, which all its tasks pay from.
 */
#include "config.h"

#include <stdio.h>

#include "alloc.h"
#include "child.h"
#include "flowcmd.h"
#include "path.h"
#include "sha256.h"

#define TIME (30 * CLOCK_SEC)

/* Two flows of one name in two workspaces are two flows. */
static char *
pool_of(const struct plan *p, double *ret_usd)
{
	AUTO_JV jv limits = json_get(&p->list, "limits");
	char hex[SHA256_HEX_LEN + 1];

	if (!json_num(&limits, "cost", ret_usd))
		return NULL;
	sha256_hex(p->agent_dir, strlen(p->agent_dir), hex);
	return xasprintf("flow.%.40s.%.8s", p->name, hex);
}

int
flow_set_budget(const struct plan *p, struct err *e)
{
	double usd = 0;
	AUTO_FREE char *pool = pool_of(p, &usd);
	AUTO_FREE char *program = pool ? path_program("agent-budget", e) :
	    NULL;
	AUTO_FREE char *amount = xasprintf("%.6fusd", usd);
	AUTO_FREE char *what = xasprintf("pool=%s", pool ? pool : "");
	const char *const argv[] = { program, "set", amount, what, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	AUTO_BUF struct buf ignored = BUF_INIT;
	int status;

	if (!pool)
		return 0;
	if (!program)
		return -1;
	spec.argv = argv;
	status = child_run(&spec, NULL, 4096, deadline_in(TIME), &ignored, e);
	/* it has said why */
	return status > 0 ? err_set(e, status, "the cost of the flow cannot "
	    "be limited") : status;
}

void
flow_use_budget(const struct plan *p)
{
	double ignored;
	AUTO_FREE char *pool = pool_of(p, &ignored);

	if (pool)
		setenv("AGENT_POOL", pool, 1);
}
