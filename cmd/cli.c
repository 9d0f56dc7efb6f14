/* cli: what every command does first and last, so that all do it alike. */
#include "config.h"

#include "cli.h"

#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <time.h>

#include "alloc.h"
#include "clock.h"
#include "fd.h"
#include "num.h"

volatile int cli_signal;

void
cli_begin(const struct cli *cli)
{
	struct err e = ERR_INIT;

	err_set_program(cli->name);
	/* ignored, which is inherited, there is no status of a child */
	signal(SIGCHLD, SIG_DFL);
	if (fd_open_std(&e) < 0)
		exit(err_report(&e));
}

/* The first line of the usage text, which is the whole for most. */
static void __attribute__((noreturn))
misuse(const struct cli *cli)
{
	fprintf(stderr, "%.*s\n", (int)strcspn(cli->usage, "\n"),
	    cli->usage);
	exit(cli->wrapper ? ST_WRAPPER : ST_USAGE);
}

void
cli_usage(const struct cli *cli, const char *fmt, ...)
{
	struct err e = ERR_INIT;
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&e, ST_USAGE, "%s", text);
	err_report(&e);
	misuse(cli);
}

static void __attribute__((noreturn))
show(const char *text)
{
	fputs(text, stdout);
	exit(cli_end(ST_OK));
}

/* Whether getopt tells an option that we have, used wrongly. */
static bool
is_ours(const struct cli *cli, int value)
{
	for (const struct option *o = cli->longopts; o->name; o++)
		if (o->val == value)
			return true;
	return strchr(cli->shortopts, value) != NULL;
}

/* What getopt did not like, in words. */
static void __attribute__((noreturn))
complain(const struct cli *cli, int c, char **argv)
{
	/* a long option stands in the word before optind; a short one may
	 * have others behind it in its own */
	const char *word = argv[optind - 1];
	bool is_long = strncmp(word, "--", 2) == 0;

	if (c == ':' && is_long)
		cli_usage(cli, "option '%s' needs an argument", word);
	if (c == ':')
		cli_usage(cli, "option '-%c' needs an argument", optopt);
	if (optopt == 0)
		cli_usage(cli, "unknown option '%s'", word);
	if (is_ours(cli, optopt))
		cli_usage(cli, "option '%.*s' takes no argument",
		    (int)strcspn(word, "="), word);
	cli_usage(cli, "unknown option '-%c'", optopt);
}

int
cli_option(const struct cli *cli, int argc, char **argv)
{
	char text[128];
	bool plus = cli->shortopts[0] == '+';
	int c;

	/* ':' makes getopt tell a missing argument; its own messages print
	 * argv[0] as it came */
	snprintf(text, sizeof(text), "%s:%sh", plus ? "+" : "",
	    cli->shortopts + plus);
	opterr = 0;
	c = getopt_long(argc, argv, text, cli->longopts, NULL);
	switch (c) {
	case CLI_HELP:
		show(cli->usage);
	case CLI_VERSION:
		snprintf(text, sizeof(text), "%s (agentutils) %s\n", cli->name,
		    PACKAGE_VERSION);
		show(text);
	case ':':
	case '?':
		complain(cli, c, argv);
	default:
		return c;
	}
}

int64_t
cli_int(const struct cli *cli, const char *option, int64_t min, int64_t max)
{
	int64_t v;

	if (num_parse_int(optarg, min, max, &v) < 0)
		cli_usage(cli, "%s takes a whole number from %lld to %lld, "
		    "not '%s'", option, (long long)min, (long long)max,
		    optarg);
	return v;
}

int64_t
cli_size(const struct cli *cli, const char *option)
{
	int64_t v;

	if (num_parse_size(optarg, &v) < 0)
		cli_usage(cli, "%s takes a size such as 512M, not '%s'",
		    option, optarg);
	return v;
}

int64_t
cli_duration(const struct cli *cli, const char *option)
{
	int64_t v;

	if (num_parse_duration(optarg, &v) < 0)
		cli_usage(cli, "%s takes a duration such as 90s or 10m, "
		    "not '%s'", option, optarg);
	return v;
}

int64_t
cli_time(const struct cli *cli, const char *option)
{
	int64_t t;

	if (timestamp_parse(optarg, &t) == 0)
		return t;
	if (num_parse_duration(optarg, &t) < 0)
		cli_usage(cli, "%s takes a time such as 2026-11-21T05:00:00Z "
		    "or a duration such as 10m, not '%s'", option, optarg);
	return clock_wall() - t;
}

int
cli_end(int status)
{
	struct err e = ERR_INIT;

	if (fd_close_stdout(&e) < 0) {
		err_report(&e);
		return status == ST_OK ? e.status : status;
	}
	return status;
}

/*
 * A signal that comes after cli_signal was looked at and before the call that
 * waits would be slept over: it is followed by some that end that call.
 */
enum { NUDGES = 5, NUDGE_MS = 50 };

static timer_t nudge;
static bool can_nudge;
static volatile sig_atomic_t nudged;

static void
on_signal(int sig)
{
	static const struct itimerspec every = {
		{ 0, NUDGE_MS * CLOCK_MS }, { 0, NUDGE_MS * CLOCK_MS }
	};

	cli_signal = sig;
	nudged = 0;
	if (can_nudge)
		timer_settime(nudge, 0, &every, NULL);
}

static void
on_nudge(int sig)
{
	static const struct itimerspec never;

	(void)sig;
	if (++nudged >= NUDGES)
		timer_settime(nudge, 0, &never, NULL);
}

void
cli_catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = on_nudge }, old;
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL };

	sigemptyset(&sa.sa_mask);
	ev.sigev_signo = SIGRTMAX - 1;
	can_nudge = sigaction(ev.sigev_signo, &sa, NULL) == 0 &&
	    timer_create(CLOCK_MONOTONIC, &ev, &nudge) == 0;
	sa.sa_handler = on_signal;
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		/* nohup(1), and a shell's background jobs, ignore some */
		if (sigaction(signals[i], NULL, &old) == 0 &&
		    old.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &sa, NULL);
	}
}

void
cli_raise(void)
{
	int sig = cli_signal;

	if (sig == 0)
		return;
	signal(sig, SIG_DFL);
	raise(sig);
}
