/* ledger: caps, pools, rate limits, prices; and processes that are killed. */
#include "config.h"

#include "ledger.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "alloc.h"
#include "path.h"
#include "store.h"
#include "tap.h"

static char dir[] = "/tmp/ledger-test.XXXXXX";

/* A fresh ledger; our own price list of round numbers is the user's. */
static struct ledger *
fresh(const char *name)
{
	static const char prices[] =
	    "prices: [{model: 'm/*', input: 1, output: 10, cached: 0.1, "
	    "max_output: 1000}, {model: 'm/free', input: 0, output: 0}]\n";
	AUTO_FREE char *path = path_join(dir, name);
	AUTO_FREE char *config = path_join(dir, "agent");
	AUTO_FREE char *file = path_join(config, "prices.yaml");
	struct err e = ERR_INIT;
	struct ledger *l = NULL;

	setenv("XDG_CONFIG_HOME", dir, 1);
	if (path_mkdirs(config, 0700, &e) < 0 || (!path_exists(file) &&
	    path_write_atomic(file, prices, strlen(prices), 0600, &e) < 0) ||
	    ledger_open(path, &l, &e) < 0)
		diag("%s", e.text);
	return l;
}

static int
set_cap(struct ledger *l, enum ledger_scope scope, const char *name,
    enum ledger_unit unit, enum ledger_per per, int64_t amount)
{
	AUTO_FREE char *copy = xstrdup(name);
	struct ledger_cap cap = { .scope = scope, .name = copy, .unit = unit,
		.per = per, .amount = amount };
	struct err e = ERR_INIT;
	int r = ledger_cap_set(l, &cap, &e);

	if (r < 0)
		diag("%s", e.text);
	return r;
}

/* 0 or the status. */
static int
lease(struct ledger *l, const struct ledger_want *want,
    struct ledger_lease *ret)
{
	struct err e = ERR_INIT;
	int64_t wait;
	int r = ledger_lease(l, want, ret, &wait, &e);

	if (r < 0)
		diag("%s", e.text);
	return r < 0 ? e.status : 0;
}

static int
settle(struct ledger *l, const struct ledger_lease *a, int64_t in, int64_t out)
{
	struct ledger_result r = LEDGER_RESULT_INIT;
	struct err e = ERR_INIT;

	r.input = in;
	r.output = out;
	if (ledger_settle(l, a, &r, &e) == 0)
		return 0;
	diag("%s", e.text);
	return -1;
}

/* Of the first cap. */
static void
counts(struct ledger *l, int64_t *used, int64_t *leased)
{
	struct ledger_cap *caps = NULL;
	struct err e = ERR_INIT;
	size_t n = 0;

	*used = *leased = -1;
	if (ledger_caps(l, &caps, &n, &e) < 0 || n == 0) {
		diag("caps: %s", e.text);
		return;
	}
	*used = caps[0].used;
	*leased = caps[0].leased;
	ledger_caps_free(caps, n);
}

static void
test_without_caps(void)
{
	AUTO_LEDGER struct ledger *l = fresh("plain.db");
	struct ledger_want w = { .model = "m/a", .input = 10 };
	struct ledger_lease a;
	int64_t used, leased;

	is_int(lease(l, &w, &a), 0, "a lease without caps");
	is_int(a.id, 0, "leaves no row");
	is_int(a.output, 0, "and no limit");
	is_int(settle(l, &a, 1000, 100), 0, "settles");
	set_cap(l, LEDGER_ALL, "", LEDGER_MONEY, LEDGER_DAY, LEDGER_USD);
	counts(l, &used, &leased);
	is_int(used, 2000000, "a new cap knows what was spent before");
	is_int(leased, 0, "nothing is leased");
	w.model = "unknown/x";
	is_int(lease(l, &w, &a), ST_CONFIG, "no price, no cap in money");
	w.model = "m/free";
	is_int(lease(l, &w, &a), 0, "what is free has a price");
}

static void
test_caps(void)
{
	AUTO_LEDGER struct ledger *l = fresh("caps.db");
	struct ledger_want w = { .model = "m/a", .input = 100, .output = 100,
		.dir = "/home/u/p/src", .run = "r1" };
	struct ledger_lease a, b, c;
	int64_t used, leased;

	set_cap(l, LEDGER_DIR, "/home/u/p", LEDGER_TOKENS, LEDGER_DAY, 500);
	is_int(lease(l, &w, &a), 0, "the first");
	is_int(lease(l, &w, &b), 0, "the second");
	is_int(lease(l, &w, &c), ST_TEMPFAIL,
	    "the third has to wait for what the others leave");
	counts(l, &used, &leased);
	is_int(leased, 400, "two are leased");
	is_int(settle(l, &a, 100, 50), 0, "the first took less");
	is_int(settle(l, &b, 100, 50), 0, "the second, too");
	is_int(lease(l, &w, &c), 0, "now there is room");
	is_int(settle(l, &c, 100, 100), 0, "it settles");
	is_int(lease(l, &w, &c), ST_BUDGET, "used up");
	counts(l, &used, &leased);
	is_int(used, 500, "all is spent");
	is_int(leased, 0, "and nothing leased");
	w.dir = "/home/u/pq";
	is_int(lease(l, &w, &c), 0, "elsewhere there is no cap");
	set_cap(l, LEDGER_RUN, "*", LEDGER_REQUESTS, LEDGER_EVER, 1);
	w.run = "r2";
	is_int(lease(l, &w, &a), 0, "each run has its own");
	w.run = "r3";
	is_int(lease(l, &w, &b), 0, "count");
	is_int(lease(l, &w, &c), ST_TEMPFAIL, "and its own limit");
	is_int(settle(l, &b, 1, 1), 0, "settle");
	is_int(lease(l, &w, &c), ST_BUDGET, "used up, that run");
	is_int(set_cap(l, LEDGER_RUN, "*", LEDGER_REQUESTS, LEDGER_EVER, -1),
	    0, "the cap is taken away");
	is_int(lease(l, &w, &c), 0, "and is gone");
	w.run = NULL;
	set_cap(l, LEDGER_MODEL, "m/*", LEDGER_REQUESTS, LEDGER_MINUTE, 0);
	is_int(lease(l, &w, &c), ST_TEMPFAIL, "a minute is waited for");
}

static void
test_shrinking(void)
{
	AUTO_LEDGER struct ledger *l = fresh("shrink.db");
	struct ledger_want w = { .model = "m/a", .input = 100,
		.output_min = 10 };
	struct ledger_lease a;

	set_cap(l, LEDGER_ALL, "", LEDGER_MONEY, LEDGER_EVER,
	    LEDGER_USD / 1000);
	is_int(lease(l, &w, &a), 0, "an answer that might be too long");
	is_int(a.output, 90, "is cut to what can be paid");
	is_int(settle(l, &a, 100, 80), 0, "settles");
	is_int(lease(l, &w, &a), ST_BUDGET, "less than the least is refused");
	w.input = 0;
	is_int(lease(l, &w, &a), 0, "just enough");
	is_int(a.output, 10, "for that");
}

static void
test_outcomes(void)
{
	AUTO_LEDGER struct ledger *l = fresh("outcomes.db");
	struct ledger_want w = { .model = "m/a", .input = 10, .output = 10 };
	struct ledger_result r = LEDGER_RESULT_INIT;
	struct err e = ERR_INIT;
	struct ledger_lease a;
	int64_t used, leased;

	set_cap(l, LEDGER_ALL, "", LEDGER_TOKENS, LEDGER_DAY, 100);
	lease(l, &w, &a);
	r.outcome = LEDGER_UNSENT;
	ledger_settle(l, &a, &r, &e);
	counts(l, &used, &leased);
	ok(used == 0 && leased == 0, "what was not sent comes back");
	lease(l, &w, &a);
	r.outcome = LEDGER_REJECTED;
	ledger_settle(l, &a, &r, &e);
	counts(l, &used, &leased);
	ok(used == 0 && leased == 0, "what was rejected, too");
	lease(l, &w, &a);
	r.outcome = LEDGER_OK;
	ledger_settle(l, &a, &r, &e);
	counts(l, &used, &leased);
	is_int(used, 20, "usage that is not told counts as leased");
	lease(l, &w, &a);
	r.outcome = LEDGER_FAILED;
	ledger_settle(l, &a, &r, &e);
	counts(l, &used, &leased);
	ok(used == 20 && leased == 0, "what failed comes back");
	r.outcome = LEDGER_OK;
	r.input = r.output = 1;
	r.cached = 0;
	r.first_ns = 100 * CLOCK_MS;
	r.total_ns = 1100 * CLOCK_MS;
	lease(l, &w, &a);
	ledger_settle(l, &a, &r, &e);
	is_int(store_get_int(ledger_store(l, &e), "select first_ms from "
	    "performances where model = 'm/a'", NULL, &used, &e), 1,
	    "is remembered");
	is_int(used, 100, "with its latency");
}

static void
pool(struct ledger *l, const char *name, double share, const char *overflow,
    int want)
{
	AUTO_FREE char *a = xstrdup(name);
	AUTO_FREE char *b = overflow ? xstrdup(overflow) : NULL;
	struct ledger_pool p = { a, share, b };
	struct err e = ERR_INIT;
	int r = ledger_pool_set(l, &p, &e) < 0 ? e.status : 0;

	ok(r == want, "pool %s %g %%: %s", name, share, e.text);
}

static void
test_pools(void)
{
	AUTO_LEDGER struct ledger *l = fresh("pools.db");
	struct ledger_want w = { .model = "m/a", .input = 10 };
	struct ledger_lease a;
	int n = 0;

	w.output = 10;
	set_cap(l, LEDGER_ALL, "", LEDGER_REQUESTS, LEDGER_DAY, 10);
	pool(l, "spare", 20, NULL, 0);
	pool(l, "ci", 30, "spare", 0);
	pool(l, "big", 60, NULL, ST_USAGE);
	pool(l, "x", 10, "nowhere", ST_USAGE);
	pool(l, "spare", 20, "ci", ST_USAGE);
	w.pool = "ci";
	for (; n < 9 && lease(l, &w, &a) == 0; n++)
		settle(l, &a, 1, 1);
	is_int(n, 5, "its share, then that of the pool it flows into");
	w.pool = "spare";
	is_int(lease(l, &w, &a), ST_BUDGET, "which has nothing left");
	w.pool = "nobody";
	for (n = 0; n < 9 && lease(l, &w, &a) == 0; n++)
		settle(l, &a, 1, 1);
	is_int(n, 5, "the rest is for those in no pool");
}

static void
test_rates(void)
{
	AUTO_LEDGER struct ledger *l = fresh("rates.db");
	struct ledger_want w = { .model = "m/a", .input = 100, .output = 100 };
	static const struct ledger_field open_ai[] = {
		{ "x-ratelimit-limit-requests", "100" },
		{ "x-ratelimit-remaining-requests", "1" },
		{ "x-ratelimit-reset-requests", "10m0s" },
		{ "X-RateLimit-Limit-Tokens", "bogus" }
	};
	static const struct ledger_field anthropic[] = {
		{ "anthropic-ratelimit-output-tokens-limit", "1000" },
		{ "anthropic-ratelimit-output-tokens-remaining", "50" },
		{ "anthropic-ratelimit-output-tokens-reset",
		    "2200-01-01T00:00:00Z" }
	};
	static const struct ledger_field after[] = { { "Retry-After", "30" } };
	struct err e = ERR_INIT;
	struct ledger_lease a;
	int64_t wait = 0;

	is_int(ledger_headers(l, "m/a", 200, open_ai, 4, &e), 0, "learns");
	is_int(lease(l, &w, &a), 0, "the one that is left");
	is_int(ledger_lease(l, &w, &a, &wait, &e), -1, "no more");
	ok(e.status == ST_TEMPFAIL && wait > 5 * CLOCK_SEC &&
	    wait < 8 * CLOCK_SEC, "for six seconds: %s", e.text);
	w.model = "m/b";
	is_int(ledger_headers(l, "m/b", 200, anthropic, 3, &e), 0, "learns");
	is_int(lease(l, &w, &a), ST_TEMPFAIL, "not so many tokens");
	w.output = 50;
	is_int(lease(l, &w, &a), 0, "but so many");
	w.model = "m/c";
	is_int(ledger_headers(l, "m/c", 200, after, 1, &e), 0, "a success");
	is_int(lease(l, &w, &a), 0, "blocks nothing");
	is_int(ledger_headers(l, "m/c", 429, after, 1, &e), 0, "429");
	is_int(ledger_lease(l, &w, &a, &wait, &e), -1, "blocks");
	ok(wait > 29 * CLOCK_SEC && wait <= 30 * CLOCK_SEC, "for 30 s");
	is_int(ledger_lease_wait(l, &w, deadline_in(CLOCK_SEC), NULL, &a,
	    &e), -1, "nobody waits longer than they may");
}

static void
test_exchange(void)
{
	AUTO_LEDGER struct ledger *l = fresh("exchange.db");
	struct ledger_settlement done[2];
	struct ledger_asking asked[4];
	struct err e = ERR_INIT;
	int64_t used, leased;

	for (int i = 0; i < 4; i++)
		asked[i] = (struct ledger_asking){ .want = { .model = "m/a",
		    .input = 10, .output = 20, .output_min = 5 } };
	set_cap(l, LEDGER_ALL, "", LEDGER_TOKENS, LEDGER_DAY, 80);
	is_int(ledger_exchange(l, NULL, 0, asked, 4, &e), 0, "a chunk");
	ok(asked[0].e.status == ST_OK && asked[1].e.status == ST_OK &&
	    asked[0].lease.output == 20, "as much as there is");
	is_int(asked[2].lease.output, 10, "less where that is left");
	is_int(asked[3].e.status, ST_TEMPFAIL, "none when there is none");
	ok(asked[3].wait > 0, "and when to come again");
	for (int i = 0; i < 2; i++) {
		done[i] = (struct ledger_settlement){ asked[i].lease,
		    LEDGER_RESULT_INIT };
		done[i].result.input = done[i].result.output = 10;
	}
	is_int(ledger_exchange(l, done, 2, asked + 3, 1, &e), 0,
	    "settles, and leases what came back");
	is_int(asked[3].lease.output, 10, "that");
	counts(l, &used, &leased);
	ok(used == 40 && leased == 40, "all is accounted for");
	ok(ledger_limited(l), "there are limits");
	is_int(store_get_int(ledger_store(l, &e), "select calls from "
	    "performance where model = 'm/a'", NULL, &used, &e), 1,
	    "what is remembered of the model");
	is_int(used, 2, "counts each call once");
}

/* Leases and settles until told to stop; a pipe counts what was spent. */
static void
spend(const char *name, int fd)
{
	struct ledger *l = fresh(name);
	struct ledger_want w = { .model = "m/a", .input = 5, .output = 20 };
	struct err e = ERR_INIT;

	for (unsigned i = 0;; i++) {
		struct ledger_lease a;
		int64_t wait;
		/* the server bills from here on, whatever becomes of us */
		if (ledger_lease(l, &w, &a, &wait, &e) == 0) {
			char c = '\0';
			if (write(fd, &c, 1) != 1 || settle(l, &a, 5,
			    (int64_t)(i % 20) + 1) < 0)
				_exit(1);
		} else if (e.status == ST_BUDGET) {
			ledger_close(l);
			_exit(0);
		} else if (e.status != ST_TEMPFAIL) {
			diag("%s", e.text);
			_exit(1);
		}
	}
}

enum { CHUNK = 5 };

/* The same in chunks: settles the last and leases the next at once. */
static void
spend_chunks(const char *name, int fd)
{
	struct ledger *l = fresh(name);
	struct ledger_asking asked[CHUNK];
	struct ledger_settlement done[CHUNK];
	struct err e = ERR_INIT;
	size_t n = 0;
	char sent[CHUNK] = { 0 };

	for (int i = 0; i < CHUNK; i++)
		asked[i] = (struct ledger_asking){ .want = { .model = "m/a",
		    .input = 5, .output = 20 } };
	for (bool more = true; more || n > 0; ) {
		if (ledger_exchange(l, done, n, asked, CHUNK, &e) < 0) {
			diag("%s", e.text);
			_exit(1);
		}
		n = 0;
		for (int i = 0; i < CHUNK; i++) {
			more = asked[i].e.status != ST_BUDGET;
			if (asked[i].e.status != ST_OK)
				continue;
			done[n] = (struct ledger_settlement){
			    asked[i].lease, LEDGER_RESULT_INIT };
			done[n].result.input = 5;
			done[n++].result.output = 7;
		}
		if (n > 0 && write(fd, sent, n) != (ssize_t)n)
			_exit(1);
	}
	ledger_close(l);
	_exit(0);
}

static void
test_killing(void (*spend_them)(const char *name, int fd), int at_once)
{
	enum { PROCESSES = 64, CAP = 1500 };
	AUTO_FREE char *name = xasprintf("kill%d.db", at_once);
	struct ledger *l = fresh(name);
	struct err e = ERR_INIT;
	pid_t pids[PROCESSES];
	int64_t used, leased, sent = 0, calls = 0;
	char buf[4096];
	int fds[2], bad = 0, killed = 0;
	ssize_t n;

	set_cap(l, LEDGER_MODEL, "m/*", LEDGER_REQUESTS, LEDGER_DAY, CAP);
	ledger_close(l);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	for (int i = 0; i < PROCESSES; i++)
		if ((pids[i] = fork()) == 0) {
			close(fds[0]);
			spend_them(name, fds[1]);
		}
	close(fds[1]);
	/* one is killed for so many that were sent */
	while ((n = read(fds[0], buf, sizeof(buf))) > 0) {
		sent += n;
		while (sent / 20 > killed && killed < PROCESSES / 2)
			kill(pids[killed++], SIGKILL);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status;
		waitpid(pids[i], &status, 0);
		bad += WIFEXITED(status) && WEXITSTATUS(status) != 0;
	}
	l = fresh(name);
	is_int(bad, 0, "no process failed");
	is_int(killed, PROCESSES / 2, "half of them were killed");
	ok(sent <= CAP, "%" PRId64 " requests under a cap of %d", sent, CAP);
	ok(sent > CAP - PROCESSES * at_once, "and hardly one lost");
	ok(ledger_reap(l, &e) >= 0, "reaps");
	counts(l, &used, &leased);
	is_int(leased, 0, "nothing is leased for ever");
	is_int(used, CAP, "all of the cap is accounted for");
	store_get_int(ledger_store(l, &e), "select count(*) from call", NULL,
	    &calls, &e);
	is_int(calls, used, "each has its line");
	ledger_close(l);
}

static void
test_ahead(void)
{
	AUTO_LEDGER struct ledger *l = fresh("ahead.db");
	struct err e = ERR_INIT;
	int64_t used, leased;

	set_cap(l, LEDGER_ALL, "", LEDGER_TOKENS, LEDGER_DAY, 100);
	for (int ahead = 0; ahead < 2; ahead++) {
		pid_t pid = fork();
		if (pid == 0) {
			struct ledger *own = fresh("ahead.db");
			struct ledger_want w = { .model = "m/a", .input = 30,
				.output = 20, .ahead = ahead };
			struct ledger_lease a;
			lease(own, &w, &a);
			raise(SIGKILL);
		}
		waitpid(pid, NULL, 0);
	}
	struct ledger_want w = { .model = "m/a", .input = 30, .output = 20 };
	struct ledger_lease a;
	is_int(lease(l, &w, &a), 0, "who needs it finds what the dead held");
	counts(l, &used, &leased);
	is_int(used, 50, "what was sent counts as spent");
	is_int(leased, 50, "what was leased ahead came back");
	is_int(ledger_forgive(l, &e), 1, "forgiven");
	counts(l, &used, &leased);
	ok(used == 0 && leased == 50, "and counts no more");
}

int
main(void)
{
	if (!mkdtemp(dir))
		return 1;
	test_without_caps();
	test_caps();
	test_shrinking();
	test_outcomes();
	test_pools();
	test_rates();
	test_exchange();
	test_killing(spend, 1);
	test_killing(spend_chunks, CHUNK);
	test_ahead();
	pid_t pid = fork();
	if (pid == 0)
		execlp("rm", "rm", "-rf", dir, (char *)NULL);
	waitpid(pid, NULL, 0);
	return done();
}
