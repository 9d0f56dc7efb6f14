/*
 * ledger-price: what tokens cost.
 *
 * The list is data (prices.yaml, installed; the user's, in the directory of
 * the configuration, lies over it).  Reading YAML at each call would be slow,
 * so the ledger keeps what it read, and reads anew when a file has changed.
 */
#include "config.h"

#include <math.h>
#include <sys/stat.h>

#include "ledger-impl.h"

#include "alloc.h"
#include "env.h"
#include "path.h"
#include "yaml.h"

static const struct yaml_shape price_shape[] = {
	{ .key = "model", .kinds = YAML_STRING | YAML_REQUIRED },
	{ .key = "input", .kinds = YAML_NUMBER | YAML_INT | YAML_REQUIRED },
	{ .key = "output", .kinds = YAML_NUMBER | YAML_INT | YAML_REQUIRED },
	{ .key = "cached", .kinds = YAML_NUMBER | YAML_INT },
	{ .key = "cache_write", .kinds = YAML_NUMBER | YAML_INT },
	{ .key = "max_output", .kinds = YAML_INT },
	YAML_SHAPE_END
};

static const struct yaml_shape list_shape[] = {
	{ .key = "as_of", .kinds = YAML_STRING },
	{ .key = "prices", .kinds = YAML_LIST | YAML_REQUIRED,
	    .each = YAML_MAP, .members = price_shape },
	YAML_SHAPE_END
};

static int
import(struct ledger *l, const char *path, int order, struct err *e)
{
	AUTO_YAML struct yaml_doc doc = YAML_DOC_INIT;

	if (yaml_read(path, &doc, e) < 0 ||
	    yaml_check(&doc, "", list_shape, e) < 0)
		return -1;
	AUTO_JV jv list = json_get(&doc.value, "prices");
	for (size_t i = 0; i < json_count(&list); i++) {
		AUTO_JV jv one = json_at(&list, i);
		double in = 0, out = 0, cached, write;
		int64_t most = 0;
		json_num(&one, "input", &in);
		json_num(&one, "output", &out);
		if (!json_num(&one, "cached", &cached))
			cached = in;
		if (!json_num(&one, "cache_write", &write))
			write = in;
		json_int(&one, "max_output", &most);
		if (in < 0 || out < 0 || cached < 0 || write < 0 || most < 0) {
			AUTO_FREE char *at = xasprintf("prices.%zu", i);
			return yaml_err(&doc, at, e, "a price below 0");
		}
		if (store_run(l->store, "insert or replace into price values "
		    "(?, ?, ?, ?, ?, ?, ?)", STORE_ARGS(
		    ARG_STR(json_str(&one, "model")), ARG_INT(order),
		    ARG_NUM(in), ARG_NUM(out), ARG_NUM(cached),
		    ARG_NUM(write), ARG_INT(most)), e) < 0)
			return -1;
	}
	return 0;
}

/* Changes when the file does; "-" when it is not there. */
static char *
fingerprint(const char *path)
{
	struct stat st;

	if (!path || stat(path, &st) < 0)
		return xstrdup("-");
	return xasprintf("%s:%lld:%lld.%09ld:%llu", path,
	    (long long)st.st_size, (long long)st.st_mtim.tv_sec,
	    st.st_mtim.tv_nsec, (unsigned long long)st.st_ino);
}

static int
import_all(struct ledger *l, const char *ours, const char *users,
    const char *print, struct err *e)
{
	bool own = !store_in_transaction(l->store);

	if (own && store_begin(l->store, e) < 0)
		return -1;
	if (store_run(l->store, "delete from price", NULL, e) < 0 ||
	    (ours && import(l, ours, 0, e) < 0) ||
	    (users && import(l, users, 1, e) < 0) ||
	    store_run(l->store, "insert or replace into note values "
	    "('prices', ?)", STORE_ARGS(ARG_STR(print)), e) < 0) {
		if (own)
			store_rollback(l->store);
		return -1;
	}
	return own ? store_commit(l->store, e) : 0;
}

/* Once a process: the files may have changed since the last. */
static int
refresh(struct ledger *l, struct err *e)
{
	AUTO_FREE char *config = env_xdg_config();
	AUTO_FREE char *users = config ? path_join(config, "prices.yaml") :
	    NULL;
	struct err ignored = ERR_INIT;
	AUTO_FREE char *ours = path_data("templates/prices.yaml", &ignored);
	AUTO_FREE char *a = fingerprint(ours), *b = fingerprint(users);
	AUTO_FREE char *now = xasprintf("%s %s", a, b);
	AUTO_FREE char *then = NULL;

	if (store_get_str(l->store, "select value from note where name = "
	    "'prices'", NULL, &then, e) < 0)
		return -1;
	if ((!then || strcmp(now, then) != 0) &&
	    import_all(l, ours, strcmp(b, "-") == 0 ? NULL : users, now,
	    e) < 0)
		return -1;
	l->prices = true;
	return 0;
}

int
ledger_price(struct ledger *l, const char *model, struct ledger_price *ret,
    struct err *e)
{
	AUTO_STMT struct store_stmt *st = NULL;
	int r;

	/* thousands of calls in a row may be of one model */
	if (l->priced && strcmp(l->priced, model) == 0) {
		if (l->has_price)
			*ret = l->price;
		return l->has_price;
	}
	/* the user's before ours, the longer pattern before the shorter */
	if (ledger_need(l, e) < 0 || (!l->prices && refresh(l, e) < 0) ||
	    store_query(l->store,
	    "select input, output, cached, cache_write, max_output from price "
	    "where ? glob pattern order by source desc, length(pattern) desc "
	    "limit 1", STORE_ARGS(ARG_STR(model)), &st, e) < 0 ||
	    (r = store_step(st, e)) < 0)
		return -1;
	if (r > 0)
		*ret = (struct ledger_price){ store_col_num(st, 0),
			store_col_num(st, 1), store_col_num(st, 2),
			store_col_num(st, 3), store_col_int(st, 4) };
	free(l->priced);
	l->priced = xstrdup(model);
	l->has_price = r > 0;
	if (r > 0)
		l->price = *ret;
	return r;
}

int64_t
ledger_price_cost(const struct ledger_price *p, int64_t input, int64_t output,
    int64_t cached, int64_t cache_write)
{
	double plain, usd;

	cached = cached > 0 ? cached : 0;
	cache_write = cache_write > 0 ? cache_write : 0;
	plain = (double)(input - cached - cache_write);
	usd = ((plain > 0 ? plain : 0) * p->input +
	    (double)cached * p->cached + (double)cache_write * p->cache_write +
	    (double)(output > 0 ? output : 0) * p->output) / 1e6;
	return usd < 1e9 ? (int64_t)ceil(usd * (double)LEDGER_USD) :
	    INT64_C(1000000000) * LEDGER_USD;
}

int64_t
ledger_cost(struct ledger *l, const char *model, int64_t input,
    int64_t output, int64_t cached, int64_t cache_write, struct err *e)
{
	struct ledger_price p;
	int r = ledger_price(l, model, &p, e);

	return r <= 0 ? -1 :
	    ledger_price_cost(&p, input, output, cached, cache_write);
}
