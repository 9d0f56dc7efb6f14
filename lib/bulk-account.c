/* bulk-account: what a batch costs, in the user's ledger. */
#include "config.h"

#include "bulk-account.h"

#include "alloc.h"
#include "env.h"
#include "path.h"

enum { USUAL_OUTPUT = 8192 };

void
bulk_account_init(struct bulk_account *a, const struct model *m,
    const jv *options)
{
	static const char *const names[] = {
		"max_tokens", "max_completion_tokens", "max_output_tokens"
	};
	struct err ignored = ERR_INIT;
	int64_t n;

	*a = (struct bulk_account){ .m = m, .output = USUAL_OUTPUT };
	if (ledger_open(NULL, &a->ledger, &ignored) < 0)
		a->ledger = NULL;
	a->dir = path_cwd(&ignored);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if ((json_int(options, names[i], &n) ||
		    json_int(&m->options, names[i], &n)) && n > 0 &&
		    n < INT32_MAX)
			a->output = n;
}

void
bulk_account_release(struct bulk_account *a)
{
	struct ledger_result unsent = LEDGER_RESULT_INIT;
	struct err ignored = ERR_INIT;

	unsent.outcome = LEDGER_UNSENT;
	if (a->leased)
		(void)ledger_settle(a->ledger, &a->lease, &unsent, &ignored);
	ledger_close(a->ledger);
	free(a->dir);
}

static int
lease(struct bulk_account *a, int64_t input, int64_t output, struct err *e)
{
	struct ledger_want want = {
		.model = a->m->name,
		.pool = env_get("AGENT_POOL"), .run = env_get("AGENT_RUN"),
		.dir = a->dir, .input = input, .output = output
	};
	int64_t wait;

	if (!a->ledger)
		return 0;
	if (ledger_lease(a->ledger, &want, &a->lease, &wait, e) < 0)
		return -1;
	a->leased = true;
	return 0;
}

int
bulk_account_lease(struct bulk_account *a, size_t bytes, size_t count,
    struct err *e)
{
	return lease(a, ledger_tokens(bytes), a->output * (int64_t)count, e);
}

void
bulk_account_resume(struct bulk_account *a, struct err *e)
{
	/* a full cap does not keep away what is paid for already */
	if (lease(a, 1, 1, e) < 0)
		err_warn("%s: the batch is not booked", e->text);
	*e = (struct err)ERR_INIT;
}

int
bulk_account_settle(struct bulk_account *a, const struct model_usage *u,
    struct bulk_state *state, struct err *e)
{
	struct ledger_result r = LEDGER_RESULT_INIT;
	struct err ignored = ERR_INIT;
	int64_t cost;

	if (!a->leased || state->booked)
		return 0;
	r.input = u->input > 0 ? u->input : 0;
	r.output = u->output > 0 ? u->output : 0;
	r.cached = u->cached;
	r.cache_write = u->cache_write;
	r.status = "ok";
	cost = ledger_cost(a->ledger, a->m->name, r.input, r.output,
	    u->cached > 0 ? u->cached : 0,
	    u->cache_write > 0 ? u->cache_write : 0, &ignored);
	if (cost >= 0)
		r.cost = cost / 2;
	a->leased = false;
	return ledger_settle(a->ledger, &a->lease, &r, e) < 0 ? -1 :
	    bulk_state_booked(state, e);
}
