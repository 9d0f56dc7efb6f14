/*
 * ledger [N]: what a lease and its settling cost, per pair: without a cap,
 * with three, and with sixteen processes at once; against N bare one-row
 * transactions on the same file system, which is the floor.
 */
#include "config.h"

#include "ledger.h"

#include <stdio.h>
#include <sys/wait.h>

#include "alloc.h"
#include "num.h"
#include "path.h"
#include "store.h"

static char dir[] = "/tmp/ledger-bench.XXXXXX";

static double
pairs(const char *name, int64_t n, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, name);
	AUTO_LEDGER struct ledger *l = NULL;
	struct ledger_want w = { .model = "ollama/x", .input = 10,
		.output = 10, .dir = "/x" };
	int64_t began, wait;

	if (ledger_open(path, &l, e) < 0)
		return -1;
	began = clock_mono();
	for (int64_t i = 0; i < n; i++) {
		struct ledger_result r = LEDGER_RESULT_INIT;
		struct ledger_lease lease;
		r.input = r.output = 5;
		r.first_ns = r.total_ns = CLOCK_MS;
		if (ledger_lease(l, &w, &lease, &wait, e) < 0 ||
		    ledger_settle(l, &lease, &r, e) < 0)
			return -1;
	}
	return (double)(clock_mono() - began) / (double)n / 1000;
}

static double
floor_of(int64_t n, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, "floor.db");
	AUTO_LEDGER struct ledger *l = NULL;
	int64_t began;

	if (ledger_open(path, &l, e) < 0)
		return -1;
	began = clock_mono();
	for (int64_t i = 0; i < n; i++)
		if (store_begin(ledger_store(l, e), e) < 0 ||
		    store_run(ledger_store(l, e), "insert into part values "
		    "(1, 2, '', 3, 4)", NULL, e) < 0 ||
		    store_commit(ledger_store(l, e), e) < 0)
			return -1;
	return (double)(clock_mono() - began) / (double)n / 1000;
}

static double
opening(int64_t n, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, "caps.db");
	int64_t began = clock_mono();

	for (int64_t i = 0; i < n; i++) {
		AUTO_LEDGER struct ledger *l = NULL;
		struct ledger_want w = { .model = "ollama/x" };
		struct ledger_lease lease;
		int64_t wait;
		if (ledger_open(path, &l, e) < 0 ||
		    ledger_lease(l, &w, &lease, &wait, e) < 0)
			return -1;
	}
	return (double)(clock_mono() - began) / (double)n / 1000;
}

static int
set_caps(struct err *e)
{
	AUTO_FREE char *path = path_join(dir, "caps.db");
	AUTO_LEDGER struct ledger *l = NULL;
	static char everything[] = "", models[] = "*", here[] = "/x";
	struct ledger_cap caps[] = {
		{ .scope = LEDGER_ALL, .name = everything,
		    .unit = LEDGER_TOKENS, .per = LEDGER_WEEK },
		{ .scope = LEDGER_MODEL, .name = models,
		    .unit = LEDGER_TOKENS, .per = LEDGER_DAY },
		{ .scope = LEDGER_DIR, .name = here, .unit = LEDGER_REQUESTS,
		    .per = LEDGER_MONTH }
	};

	if (ledger_open(path, &l, e) < 0)
		return -1;
	for (size_t i = 0; i < 3; i++) {
		caps[i].amount = INT64_C(1) << 50;
		if (ledger_cap_set(l, &caps[i], e) < 0)
			return -1;
	}
	return 0;
}

static void
many(int64_t n)
{
	int64_t began = clock_mono();

	for (int i = 0; i < 16; i++)
		if (fork() == 0) {
			struct err e = ERR_INIT;
			_exit(pairs("caps.db", n / 16, &e) < 0);
		}
	while (wait(NULL) > 0)
		;
	printf("three caps, 16 processes %8.1f us a pair\n",
	    (double)(clock_mono() - began) / (double)n / 1000);
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	int64_t n = 5000;
	double base, plain, caps, open;

	err_set_program("ledger");
	if (!mkdtemp(dir) || (argc > 1 &&
	    num_parse_int(argv[1], 100, 1000000, &n) < 0))
		return 2;
	if ((base = floor_of(n, &e)) < 0 ||
	    (plain = pairs("plain.db", n, &e)) < 0 || set_caps(&e) < 0 ||
	    (caps = pairs("caps.db", n, &e)) < 0 ||
	    (open = opening(n / 10, &e)) < 0)
		return err_report(&e);
	printf("bare transaction         %8.1f us\n", base);
	printf("no cap                   %8.1f us a pair, %.1f x bare\n",
	    plain, plain / base);
	printf("three caps               %8.1f us a pair, %.1f x bare\n",
	    caps, caps / base);
	printf("open, first lease, close %8.1f us\n", open);
	many(n);
	return 0;
}
