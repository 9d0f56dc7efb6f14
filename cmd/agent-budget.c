/* agent-budget: shows and sets what models may be asked for, and cost. */
#include "config.h"

#include "alloc.h"
#include "budget.h"
#include "cli.h"
#include "clock.h"
#include "fd.h"
#include "json.h"
#include "ledger.h"
#include "num.h"
#include "term.h"

enum { OPT_JSON = 256, CALLS_DEFAULT = 20 };

static const struct option longopts[] = {
	CLI_OPT_HELP,
	{ "json", no_argument, NULL, OPT_JSON },
	{ "number", required_argument, NULL, 'n' },
	CLI_OPT_VERSION,
	{ 0 }
};

static const struct cli cli = {
	.name = "agent-budget",
	.usage =
	    "usage: agent-budget [--json] [show]\n"
	    "       agent-budget [--json] [-n N] calls\n"
	    "       agent-budget check MODEL\n"
	    "       agent-budget forget AGE\n"
	    "       agent-budget forgive\n"
	    "       agent-budget [--json] models\n"
	    "       agent-budget pool NAME SHARE [OVERFLOW]\n"
	    "       agent-budget [--json] price MODEL\n"
	    "       agent-budget set LIMIT [WHAT]\n"
	    "       agent-budget unpool NAME\n"
	    "       agent-budget unset LIMIT [WHAT]\n",
	.shortopts = "n:",
	.longopts = longopts,
};

struct options {
	bool json;
	int64_t number;
	const char *args[3];	/* of the verb; NULL where there is none */
};

/* Text may hold names from anywhere; in JSON they are escaped. */
static int
put(const struct options *o, const struct buf *b, struct err *e)
{
	AUTO_BUF struct buf clean = BUF_INIT;

	if (b->len == 0)
		return 0;
	if (o->json)
		return fd_write(STDOUT_FILENO, b->data, b->len, e);
	term_clean(b->data, b->len, 0, &clean);
	return fd_write(STDOUT_FILENO, clean.data, clean.len, e);
}

static int
show(const struct options *o, struct ledger *l, struct err *e)
{
	AUTO_JV jv all = JSON_NONE;
	AUTO_BUF struct buf out = BUF_INIT;

	if (budget_json(l, &all, e) < 0)
		return -1;
	if (o->json) {
		json_write(&all, &out);
		buf_addc(&out, '\n');
	} else {
		budget_text(&all, &out);
	}
	return put(o, &out, e);
}

/* Rows as lines: objects, or their values in the order of `columns`. */
static int
put_rows(const struct options *o, const jv *rows, const char *const *columns,
    struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;

	for (size_t i = 0; i < json_count(rows); i++) {
		AUTO_JV jv row = json_at(rows, i);
		for (size_t k = 0; !o->json && columns[k]; k++) {
			AUTO_JV jv v = json_get(&row, columns[k]);
			AUTO_FREE char *text = json_text(&v);
			buf_addf(&out, "%s%s", k ? "\t" : "", json_string(&v) ?
			    json_string(&v) : *text ? text : "-");
		}
		if (o->json)
			json_write(&row, &out);
		buf_addc(&out, '\n');
	}
	return put(o, &out, e);
}

static int
calls(const struct options *o, struct ledger *l, struct err *e)
{
	static const char *const columns[] = {
		"time", "model", "status", "input_tokens", "output_tokens",
		"usd", NULL
	};
	AUTO_JV jv rows = JSON_NONE;

	return budget_calls(l, o->number, &rows, e) < 0 ? -1 :
	    put_rows(o, &rows, columns, e);
}

static int
models(const struct options *o, struct ledger *l, struct err *e)
{
	static const char *const columns[] = {
		"model", "class", "calls", "failure_rate", "first_ms",
		"tokens_per_second", "usd_per_call", NULL
	};
	AUTO_JV jv rows = JSON_NONE;

	return budget_models(l, &rows, e) < 0 ? -1 :
	    put_rows(o, &rows, columns, e);
}

static int
check(const struct options *o, struct ledger *l, struct err *e)
{
	return budget_check(l, o->args[0], e);
}

static int
price(const struct options *o, struct ledger *l, struct err *e)
{
	static const char *const columns[] = { "input", "output", NULL };
	AUTO_JV jv rows = json_array();
	jv row;

	if (budget_price(l, o->args[0], &row, e) < 0)
		return -1;
	json_append(&rows, row);
	return put_rows(o, &rows, columns, e);
}

static int
set(const struct options *o, struct ledger *l, bool amount, struct err *e)
{
	struct ledger_cap cap;
	int r = budget_parse(o->args[0], o->args[1], amount, &cap, e);

	if (r == 0)
		r = ledger_cap_set(l, &cap, e);
	free(cap.name);
	return r;
}

static int
do_set(const struct options *o, struct ledger *l, struct err *e)
{
	return set(o, l, true, e);
}

static int
do_unset(const struct options *o, struct ledger *l, struct err *e)
{
	return set(o, l, false, e);
}

static int
set_pool(const struct options *o, struct ledger *l, double share,
    struct err *e)
{
	AUTO_FREE char *name = xstrdup(o->args[0]);
	AUTO_FREE char *overflow = o->args[2] ? xstrdup(o->args[2]) : NULL;
	struct ledger_pool p = { name, share, overflow };

	return ledger_pool_set(l, &p, e);
}

static int
pool(const struct options *o, struct ledger *l, struct err *e)
{
	double share;

	return budget_parse_share(o->args[1], &share, e) < 0 ? -1 :
	    set_pool(o, l, share, e);
}

static int
unpool(const struct options *o, struct ledger *l, struct err *e)
{
	return set_pool(o, l, -1, e);
}

static int
forgive(const struct options *o, struct ledger *l, struct err *e)
{
	int n = ledger_forgive(l, e);

	(void)o;
	if (n >= 0)
		printf("%d lost call%s no longer count\n", n,
		    n == 1 ? "" : "s");
	return n < 0 ? -1 : 0;
}

static int
forget(const struct options *o, struct ledger *l, struct err *e)
{
	int64_t age, n;

	if (num_parse_duration(o->args[0], &age) < 0)
		return err_set(e, ST_USAGE, "'%s' is no age: 90d", o->args[0]);
	if ((n = ledger_prune(l, clock_wall() - age, e)) < 0)
		return -1;
	printf("%lld calls forgotten\n", (long long)n);
	return 0;
}

static const struct verb {
	const char *name;
	int least, most;	/* operands */
	int (*run)(const struct options *o, struct ledger *l, struct err *e);
} verbs[] = {
	{ "show", 0, 0, show }, { "calls", 0, 0, calls },
	{ "check", 1, 1, check }, { "forget", 1, 1, forget },
	{ "forgive", 0, 0, forgive }, { "models", 0, 0, models },
	{ "pool", 2, 3, pool }, { "price", 1, 1, price },
	{ "set", 1, 2, do_set }, { "unpool", 1, 1, unpool },
	{ "unset", 1, 2, do_unset }, { NULL, 0, 0, NULL }
};

static const struct verb *
parse(int argc, char **argv, struct options *o)
{
	const struct verb *v = verbs;
	int c;

	while ((c = cli_option(&cli, argc, argv)) != -1) {
		if (c == OPT_JSON)
			o->json = true;
		else if (c == 'n')
			o->number = cli_int(&cli, "-n", 1, INT32_MAX);
	}
	argc -= optind;
	argv += optind;
	if (argc == 0)
		return v;
	while (v->name && strcmp(v->name, argv[0]) != 0)
		v++;
	if (!v->name)
		cli_usage(&cli, "unknown command '%s'", argv[0]);
	if (argc - 1 < v->least || argc - 1 > v->most)
		cli_usage(&cli, "%s takes %d to %d operands", v->name,
		    v->least, v->most);
	for (int i = 1; i < argc; i++)
		o->args[i - 1] = argv[i];
	return v;
}

int
main(int argc, char **argv)
{
	struct options o = { .number = CALLS_DEFAULT };
	AUTO_LEDGER struct ledger *l = NULL;
	struct err e = ERR_INIT;
	const struct verb *v;

	cli_begin(&cli);
	v = parse(argc, argv, &o);
	if (ledger_open(NULL, &l, &e) < 0 || v->run(&o, l, &e) < 0)
		return cli_end(err_report(&e));
	return cli_end(ST_OK);
}
