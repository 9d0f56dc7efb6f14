/*
 * cli: what every command does first and last, so that all do it alike.
 *
 * A command has a constant struct cli: its name, its usage text (which is
 * the SYNOPSIS of its page; a test compares them) and its options.  main()
 * is cli_begin(), a loop over cli_option(), the work, and cli_end().
 */
#ifndef AGENT_CLI_H
#define AGENT_CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

#include "err.h"

struct cli {
	const char *name;		/* "agent-ask" */
	const char *usage;		/* "usage: agent-ask [-s TEXT] ...\n" */
	const char *shortopts;		/* getopt(3), with '+' first when a
					 * program follows; no leading ':' */
	const struct option *longopts;	/* sorted; long-only values from 256;
					 * --help and --version included:
					 * CLI_LONGOPTS */
	bool wrapper;			/* own failures are 125, not 2 */
};

#define CLI_HELP 'h'
#define CLI_VERSION 255

/* The two that every command has; put them where they sort. */
#define CLI_OPT_HELP { "help", no_argument, NULL, CLI_HELP }
#define CLI_OPT_VERSION { "version", no_argument, NULL, CLI_VERSION }

/* Sets the program's name, opens missing standard descriptors, takes back
 * an ignored SIGCHLD. */
void	cli_begin(const struct cli *cli);

/*
 * The next option's value, its argument in `optarg`; -1 after the last.
 * Deals with --help, --version (which exit) and with misuse (prints the
 * error and the usage line, exits 2).
 */
int	cli_option(const struct cli *cli, int argc, char **argv);

/* "agent-ask: MESSAGE" and the usage line on stderr; exits 2 (or 125). */
void	cli_usage(const struct cli *cli, const char *fmt, ...)
	    __attribute__((noreturn, format(printf, 2, 3)));

/* The current option's argument as a number; misuse exits as above. */
int64_t	cli_int(const struct cli *cli, const char *option, int64_t min,
	    int64_t max);
int64_t	cli_size(const struct cli *cli, const char *option);
int64_t	cli_duration(const struct cli *cli, const char *option);

/* A time (RFC 3339, or a date), or a duration: that long ago; ns of 1970. */
int64_t	cli_time(const struct cli *cli, const char *option);

/* Closes stdout; the status that main() returns: `status`, or 74. */
int	cli_end(int status);

/*
 * The signal that asked us to end (SIGINT, SIGTERM, SIGHUP), 0 when none:
 * what fd_wait() and the loops look at.  cli_catch_signals() installs the
 * handlers; cli_raise() restores the default and dies of the signal.
 */
extern volatile int cli_signal;
void	cli_catch_signals(void);
void	cli_raise(void);

#endif
