/* budget: limits as people write them, and the ledger as they read it. */
#include "config.h"

#include "budget.h"

#include <math.h>

#include "alloc.h"
#include "clock.h"
#include "ledger.h"
#include "num.h"
#include "path.h"
#include "store.h"

/* Parsing. */

static int
find(const char *s, size_t len, const char *const *words, size_t least)
{
	for (int i = 0; words[i]; i++) {
		size_t n = strlen(words[i]);
		if (len >= least && len <= n && memcmp(s, words[i], len) == 0)
			return i;
	}
	return -1;
}

static int
parse_unit(const char *s, size_t len, enum ledger_unit *ret)
{
	static const char *const units[] = { "usd", "tokens", "requests",
		NULL };
	int i = find(s, len, units, 3);

	if (i >= 0)
		*ret = (enum ledger_unit)i;
	return i < 0 ? -1 : 0;
}

/* The number at the front of a limit, with k and M; *s behind it. */
static int
parse_number(const char **s, double *ret)
{
	size_t n = strspn(*s, "0123456789.");
	AUTO_FREE char *digits = xstrndup(*s, n);

	if (num_parse_double(digits, ret) < 0)
		return -1;
	*s += n;
	if (**s == 'k' || **s == 'K' || **s == 'M') {
		*ret *= **s == 'M' ? 1e6 : 1e3;
		++*s;
	}
	*s += strspn(*s, " ");
	return 0;
}

static int
parse_limit(const char *limit, bool amount, struct ledger_cap *ret,
    struct err *e)
{
	const char *s = limit, *slash;
	bool dollar = *s == '$';
	double number = -1;
	size_t len;
	int per = LEDGER_EVER;

	s += dollar;
	if (amount && parse_number(&s, &number) < 0)
		goto bad;
	slash = strchr(s, '/');
	len = slash ? (size_t)(slash - s) : strlen(s);
	while (len > 0 && s[len - 1] == ' ')
		len--;
	if (dollar && len == 0)
		ret->unit = LEDGER_MONEY;
	else if (dollar || parse_unit(s, len, &ret->unit) < 0)
		goto bad;
	if (slash) {
		slash += 1 + strspn(slash + 1, " ");
		if ((per = find(slash, strlen(slash), ledger_pers, 1)) < 0)
			goto bad;
		/* "m" would be the minute, by mere order */
		if (slash[0] == 'm' && slash[1] == '\0')
			goto bad;
	}
	ret->per = (enum ledger_per)per;
	if (ret->unit == LEDGER_MONEY)
		number *= (double)LEDGER_USD;
	if (number > 9e18)
		goto bad;
	ret->amount = amount ? (int64_t)llround(number) : -1;
	return 0;
bad:
	return err_set(e, ST_USAGE, "'%s' is no limit: %s, with /minute, "
	    "/hour, /day, /week or /month", limit, amount ?
	    "$5, 0.50usd, 200k tokens, 60 requests" :
	    "usd, tokens or requests");
}

static int
parse_what(const char *what, struct ledger_cap *ret, struct err *e)
{
	const char *eq = what ? strchr(what, '=') : NULL;
	int scope;

	ret->scope = LEDGER_ALL;
	if (!what || strcmp(what, "all") == 0) {
		ret->name = xstrdup("");
		return 0;
	}
	scope = eq ? find(what, (size_t)(eq - what), ledger_scopes, 1) : -1;
	if (scope <= LEDGER_ALL || !eq[1])
		return err_set(e, ST_USAGE, "'%s' is none of all, model=GLOB, "
		    "pool=NAME, dir=PATH, run=ID", what);
	ret->scope = (enum ledger_scope)scope;
	ret->name = scope == LEDGER_DIR ? path_real(eq + 1, e) :
	    xstrdup(eq + 1);
	return ret->name ? 0 : -1;
}

int
budget_parse(const char *limit, const char *what, bool amount,
    struct ledger_cap *ret, struct err *e)
{
	*ret = (struct ledger_cap){ 0 };
	return parse_limit(limit, amount, ret, e) < 0 ? -1 :
	    parse_what(what, ret, e);
}

int
budget_parse_share(const char *s, double *ret, struct err *e)
{
	size_t n = strcspn(s, "%");
	AUTO_FREE char *digits = xstrndup(s, n);

	if (num_parse_double(digits, ret) < 0 || *ret > 100 ||
	    (s[n] && s[n + 1]))
		return err_set(e, ST_USAGE, "'%s' is no share: 0%% to 100%%",
		    s);
	return 0;
}

/* JSON. */

static double
plain(enum ledger_unit unit, int64_t amount)
{
	return unit == LEDGER_MONEY ? (double)amount / (double)LEDGER_USD :
	    (double)amount;
}

static int
caps_json(struct ledger *l, jv *ret, struct err *e)
{
	struct ledger_cap *caps = NULL;
	size_t n = 0;

	if (ledger_caps(l, &caps, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct ledger_cap *c = &caps[i];
		jv o = json_object();
		char until[TIMESTAMP_LEN + 1];
		json_set_str(&o, "scope", ledger_scopes[c->scope]);
		json_set_str(&o, "name", *c->name ? c->name : NULL);
		json_set_str(&o, "unit", ledger_units[c->unit]);
		json_set_str(&o, "per", ledger_pers[c->per]);
		json_set_num(&o, "amount", plain(c->unit, c->amount));
		json_set_num(&o, "spent", plain(c->unit, c->used));
		json_set_num(&o, "leased", plain(c->unit, c->leased));
		if (c->end) {
			timestamp_format(c->end, until);
			json_set_str(&o, "until", until);
		}
		json_append(ret, o);
	}
	ledger_caps_free(caps, n);
	return 0;
}

static int
pools_json(struct ledger *l, jv *ret, struct err *e)
{
	struct ledger_pool *pools = NULL;
	size_t n = 0;

	if (ledger_pools(l, &pools, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		jv o = json_object();
		json_set_str(&o, "name", pools[i].name);
		json_set_num(&o, "share", pools[i].share);
		json_set_str(&o, "overflow", pools[i].overflow);
		json_append(ret, o);
	}
	ledger_pools_free(pools, n);
	return 0;
}

/* The rows of a query as objects, without what is null. */
static int
rows_of(struct ledger *l, const char *sql, int64_t limit, jv *ret,
    struct err *e)
{
	AUTO_STMT struct store_stmt *st = NULL;
	struct store *s = ledger_store(l, e);
	int r;

	*ret = json_array();
	if (!s || store_query(s, sql, limit < 0 ? NULL :
	    STORE_ARGS(ARG_INT(limit)), &st, e) < 0)
		return -1;
	while ((r = store_step(st, e)) > 0) {
		jv o = json_object();
		for (int i = 0; i < store_col_count(st); i++) {
			const char *name = store_col_name(st, i);
			if (store_col_null(st, i))
				continue;
			if (store_col_is_text(st, i))
				json_set_str(&o, name, store_col_str(st, i));
			else
				json_set_num(&o, name, store_col_num(st, i));
		}
		json_append(ret, o);
	}
	return r;
}

int
budget_json(struct ledger *l, jv *ret, struct err *e)
{
	AUTO_JV jv caps = json_array(), pools = json_array();
	AUTO_JV jv today = JSON_NONE, rates = JSON_NONE;

	if (ledger_reap(l, e) < 0 || caps_json(l, &caps, e) < 0 ||
	    pools_json(l, &pools, e) < 0 ||
	    rows_of(l, "select model, sum(calls) as calls, "
	    "sum(failed) as failed, sum(lost) as lost, "
	    "sum(input_tokens) as input_tokens, "
	    "sum(output_tokens) as output_tokens, sum(usd) as usd, "
	    "sum(unpriced) as unpriced from spending "
	    "where day = date('now', 'localtime') group by model "
	    "order by usd desc, calls desc", -1, &today, e) < 0 ||
	    rows_of(l, "select model, kind, capacity as of, "
	    "round(min(capacity, level + max(0, unixepoch('now') - at / 1e9) "
	    "* rate)) as left from bucket union all "
	    "select model, 'blocked until ' || strftime('%Y-%m-%dT%H:%M:%SZ', "
	    "until / 1e9, 'unixepoch'), null, null from blocked "
	    "where until / 1e9 > unixepoch('now') order by 1, 2", -1, &rates,
	    e) < 0)
		return -1;
	*ret = json_object();
	json_set(ret, "caps", json_copy(&caps));
	json_set(ret, "pools", json_copy(&pools));
	json_set(ret, "today", json_copy(&today));
	json_set(ret, "rates", json_copy(&rates));
	return 0;
}

int
budget_calls(struct ledger *l, int64_t n, jv *ret, struct err *e)
{
	return rows_of(l, "select * from calls order by id desc limit ?", n,
	    ret, e);
}

int
budget_models(struct ledger *l, jv *ret, struct err *e)
{
	return rows_of(l, "select model, class, round(calls, 1) as calls, "
	    "round(failure_rate, 3) as failure_rate, "
	    "round(first_ms) as first_ms, "
	    "round(tokens_per_second, 1) as tokens_per_second, "
	    "round(usd_per_call, 6) as usd_per_call, time from performances "
	    "order by model, class", -1, ret, e);
}

int
budget_price(struct ledger *l, const char *model, jv *ret, struct err *e)
{
	const int64_t million = 1000000;
	int64_t in = ledger_cost(l, model, million, 0, 0, 0, e), out;

	if (in < 0)
		return e->status ? -1 : err_set(e, ST_NO,
		    "the price of '%s' is not known", model);
	if ((out = ledger_cost(l, model, 0, million, 0, 0, e)) < 0)
		return -1;
	*ret = json_object();
	json_set_num(ret, "input", plain(LEDGER_MONEY, in));
	json_set_num(ret, "output", plain(LEDGER_MONEY, out));
	return 0;
}

int
budget_check(struct ledger *l, const char *model, struct err *e)
{
	struct ledger_want want = { .model = model, .output = 1,
		.ahead = true };
	struct ledger_result r = LEDGER_RESULT_INIT;
	struct ledger_lease lease;
	int64_t wait;

	if (ledger_lease(l, &want, &lease, &wait, e) < 0)
		return -1;
	if (lease.id == 0)
		return 0;
	r.outcome = LEDGER_UNSENT;
	return ledger_settle(l, &lease, &r, e);
}

/* Text. */

static void
add_amount(struct buf *out, const jv *o, const char *key, int width)
{
	const char *unit = json_str(o, "unit");
	double d = 0;
	char text[40];

	json_num(o, key, &d);
	if (!unit || strcmp(unit, "usd") == 0)
		snprintf(text, sizeof(text), d > 0 && d < 0.1 ? "$%.4f" :
		    "$%.2f", d);
	else
		snprintf(text, sizeof(text), "%.0f", d);
	buf_addf(out, "%*s", width, text);
}

/* Columns are as wide as the widest name. */
static int
width_of(const jv *list, const char *a, const char *b)
{
	size_t most = 5;

	for (size_t i = 0; i < json_count(list); i++) {
		AUTO_JV jv o = json_at(list, i);
		const char *x = json_str(&o, a), *y = b ? json_str(&o, b) :
		    NULL;
		size_t n = (x ? strlen(x) : 0) + (y ? strlen(y) + 1 : 0);
		most = n > most ? n : most;
	}
	return most > 60 ? 60 : (int)most;
}

static void
caps_text(const jv *caps, struct buf *out)
{
	int w = width_of(caps, "scope", "name");

	if (json_count(caps) == 0) {
		buf_adds(out, "no caps are set\n");
		return;
	}
	buf_addf(out, "%-*s  %12s %12s %12s\n", w, "cap", "spent", "leased",
	    "of");
	for (size_t i = 0; i < json_count(caps); i++) {
		AUTO_JV jv o = json_at(caps, i);
		const char *name = json_str(&o, "name"),
		    *unit = json_str(&o, "unit"), *per = json_str(&o, "per");
		AUTO_FREE char *what = xasprintf("%s%s%s",
		    json_str(&o, "scope"), name ? " " : "", name ? name : "");
		buf_addf(out, "%-*s  ", w, what);
		add_amount(out, &o, "spent", 12);
		add_amount(out, &o, "leased", 13);
		add_amount(out, &o, "amount", 13);
		buf_addf(out, "%s%s%s%s\n", strcmp(unit, "usd") == 0 ? "" :
		    " ", strcmp(unit, "usd") == 0 ? "" : unit,
		    strcmp(per, "ever") == 0 ? "" : "/",
		    strcmp(per, "ever") == 0 ? "" : per);
	}
}

static void
pools_text(const jv *pools, struct buf *out)
{
	int w = width_of(pools, "name", NULL);

	if (json_count(pools) == 0)
		return;
	buf_addf(out, "\n%-*s  %6s\n", w, "pool", "share");
	for (size_t i = 0; i < json_count(pools); i++) {
		AUTO_JV jv o = json_at(pools, i);
		const char *overflow = json_str(&o, "overflow");
		double share = 0;
		json_num(&o, "share", &share);
		buf_addf(out, "%-*s  %4g %%%s%s\n", w, json_str(&o, "name"),
		    share, overflow ? "  then " : "",
		    overflow ? overflow : "");
	}
}

static double
number(const jv *o, const char *key)
{
	double d = 0;

	json_num(o, key, &d);
	return d;
}

static void
today_text(const jv *today, struct buf *out)
{
	int w = width_of(today, "model", NULL);

	if (json_count(today) == 0) {
		buf_adds(out, "\nno calls today\n");
		return;
	}
	buf_addf(out, "\n%-*s  %8s %10s %10s %10s\n", w, "today", "calls",
	    "tokens in", "out", "cost");
	for (size_t i = 0; i < json_count(today); i++) {
		AUTO_JV jv o = json_at(today, i);
		buf_addf(out, "%-*s  %8.0f %10.0f %10.0f ", w,
		    json_str(&o, "model"), number(&o, "calls"),
		    number(&o, "input_tokens"), number(&o, "output_tokens"));
		add_amount(out, &o, "usd", 10);
		if (number(&o, "failed") > 0)
			buf_addf(out, "  %.0f failed", number(&o, "failed"));
		if (number(&o, "lost") > 0)
			buf_addf(out, "  %.0f lost", number(&o, "lost"));
		if (number(&o, "unpriced") > 0)
			buf_adds(out, "  price not known");
		buf_addc(out, '\n');
	}
}

static void
rates_text(const jv *rates, struct buf *out)
{
	int w = width_of(rates, "model", NULL);

	if (json_count(rates) == 0)
		return;
	buf_addf(out, "\n%-*s  rate limit\n", w, "model");
	for (size_t i = 0; i < json_count(rates); i++) {
		AUTO_JV jv o = json_at(rates, i);
		buf_addf(out, "%-*s  %s", w, json_str(&o, "model"),
		    json_str(&o, "kind"));
		if (json_has(&o, "of"))
			buf_addf(out, ": %.0f of %.0f left",
			    number(&o, "left"), number(&o, "of"));
		buf_addc(out, '\n');
	}
}

void
budget_text(const jv *budget, struct buf *out)
{
	AUTO_JV jv caps = json_get(budget, "caps");
	AUTO_JV jv pools = json_get(budget, "pools");
	AUTO_JV jv today = json_get(budget, "today");
	AUTO_JV jv rates = json_get(budget, "rates");

	caps_text(&caps, out);
	pools_text(&pools, out);
	today_text(&today, out);
	rates_text(&rates, out);
}
