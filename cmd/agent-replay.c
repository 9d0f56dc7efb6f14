/* agent-replay: records what clients and models say, and says it again. */
#include "config.h"

#include <signal.h>

#include "alloc.h"
#include "cli.h"
#include "num.h"
#include "tape.h"

enum { OPT_TO = 256 };

static const struct option longopts[] = {
	CLI_OPT_HELP,
	{ "loose", no_argument, NULL, 'l' },
	{ "output", required_argument, NULL, 'o' },
	{ "port", required_argument, NULL, 'p' },
	{ "speed", required_argument, NULL, 's' },
	{ "to", required_argument, NULL, OPT_TO },
	CLI_OPT_VERSION,
	{ 0 }
};

static const struct cli cli = {
	.name = "agent-replay",
	.usage =
	    "usage: agent-replay record -o FILE [-p PORT] [--to URL] "
	    "[-- COMMAND [ARG ...]]\n"
	    "       agent-replay serve [-l] [-p PORT] [-s FACTOR] FILE "
	    "[-- COMMAND [ARG ...]]\n",
	.shortopts = "+lo:p:s:",
	.longopts = longopts,
};

static void
read_options(int argc, char **argv, struct tape_options *o)
{
	int c;

	while ((c = cli_option(&cli, argc, argv)) != -1) {
		switch (c) {
		case 'l':
			o->loose = true;
			break;
		case 'o':
			o->file = optarg;
			break;
		case 'p':
			o->port = (int)cli_int(&cli, "-p", 1, 65535);
			break;
		case 's':
			if (num_parse_double(optarg, &o->speed) < 0)
				cli_usage(&cli, "-s takes a number, not '%s'",
				    optarg);
			break;
		case OPT_TO:
			o->to = optarg;
			break;
		default:
			break;
		}
	}
}

/* What is left: the command, after "--". */
static void
read_command(char **rest, struct tape_options *o)
{
	if (*rest && strcmp(*rest, "--") == 0)
		rest++;
	if (*rest)
		o->argv = (const char *const *)rest;
}

static bool
parse(int argc, char **argv, struct tape_options *o)
{
	bool record;

	read_options(argc, argv, o);
	if (optind >= argc)
		cli_usage(&cli, "record or serve?");
	record = strcmp(argv[optind], "record") == 0;
	if (!record && strcmp(argv[optind], "serve") != 0)
		cli_usage(&cli, "unknown command '%s'", argv[optind]);
	optind++;
	read_options(argc, argv, o);
	if (record && !o->file)
		cli_usage(&cli, "record needs -o FILE");
	if (record && (o->loose || o->speed > 0))
		cli_usage(&cli, "-l and -s are for serve");
	if (!record && (o->file || o->to))
		cli_usage(&cli, "-o and --to are for record");
	if (!record) {
		if (optind >= argc)
			cli_usage(&cli, "serve needs a FILE");
		o->file = argv[optind++];
	}
	read_command(argv + optind, o);
	return record;
}

int
main(int argc, char **argv)
{
	struct tape_options o = { .stop = &cli_signal };
	struct err e = ERR_INIT;
	int status = ST_OK, r;
	bool record;

	cli_begin(&cli);
	record = parse(argc, argv, &o);
	cli_catch_signals();
	/* the terminal sends it to the command, too, whose it is */
	if (o.argv)
		sigaction(SIGINT, &(struct sigaction){
		    .sa_handler = SIG_IGN }, NULL);
	r = record ? tape_record(&o, &status, &e) :
	    tape_play(&o, &status, &e);
	return cli_end(r < 0 ? err_report(&e) : status);
}
