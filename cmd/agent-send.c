/* agent-send: puts messages into mailboxes and queues. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "door.h"
#include "fd.h"
#include "hub-serve.h"
#include "hubcli.h"
#include "num.h"
#include "outbox.h"

enum {
	OPT_AGAIN = 256, OPT_AT, OPT_BACKUP, OPT_CHECK, OPT_FORMAT, OPT_FROM,
	OPT_GC, OPT_KEEP, OPT_KEY, OPT_LIMIT, OPT_SERVE, OPT_TO_ALL,
	OPT_TOPIC, OPT_TRIES, OPT_TTL
};

static const struct option longopts[] = {
	{ "again", required_argument, NULL, OPT_AGAIN },
	{ "at", required_argument, NULL, OPT_AT },
	{ "backup", required_argument, NULL, OPT_BACKUP },
	{ "cd", required_argument, NULL, 'C' },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "from", required_argument, NULL, OPT_FROM },
	{ "gc", no_argument, NULL, OPT_GC },
	CLI_OPT_HELP,
	{ "keep", required_argument, NULL, OPT_KEEP },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "limit", required_argument, NULL, OPT_LIMIT },
	{ "priority", required_argument, NULL, 'p' },
	{ "queue", required_argument, NULL, 'q' },
	{ "reply", required_argument, NULL, 'r' },
	{ "serve", required_argument, NULL, OPT_SERVE },
	{ "to-all", no_argument, NULL, OPT_TO_ALL },
	{ "topic", required_argument, NULL, OPT_TOPIC },
	{ "tries", required_argument, NULL, OPT_TRIES },
	{ "ttl", required_argument, NULL, OPT_TTL },
	{ "type", required_argument, NULL, 't' },
	CLI_OPT_VERSION,
	{ "wait", required_argument, NULL, 'w' },
	{ 0 }
};

static const struct cli cli = {
	.name = "agent-send",
	.usage =
	    "usage: agent-send [-C DIR] [-p PRIORITY] [-t TYPE] [-w TIME] "
	    "[--at TIME]\n"
	    "                  [--format FORMAT] [--from ID] [--key KEY] "
	    "[--tries N]\n"
	    "                  [--ttl TIME] NAME [TEXT ...]\n"
	    "       agent-send [OPTION ...] -q QUEUE [TEXT ...]\n"
	    "       agent-send [OPTION ...] -r ID [TEXT ...]\n"
	    "       agent-send [OPTION ...] --to-all [TEXT ...]\n"
	    "       agent-send [OPTION ...] --topic TOPIC [TEXT ...]\n"
	    "       agent-send [-C DIR] --again ID\n"
	    "       agent-send [-C DIR] -q QUEUE --limit N\n"
	    "       agent-send [-C DIR] --gc [--keep TIME]\n"
	    "       agent-send [-C DIR] --backup FILE\n"
	    "       agent-send [-C DIR] --check\n"
	    "       agent-send [-C DIR] --serve SOCKET NAME\n",
	.shortopts = "C:p:q:r:t:w:",
	.longopts = longopts,
};

struct options {
	struct outbox out;
	const char *dir, *from, *again, *backup, *serve, *queue;
	int64_t keep;
	int limit;
	bool check, gc;
};

/* A point in time, or a duration from now. */
static int64_t
parse_at(const char *text)
{
	int64_t ns;

	if (timestamp_parse(text, &ns) == 0)
		return ns;
	if (num_parse_duration(text, &ns) == 0)
		return clock_wall() + ns;
	cli_usage(&cli, "'%s' is neither a time nor a duration", text);
}

static enum outbox_format
parse_format(const char *word)
{
	if (strcmp(word, "text") == 0)
		return OUTBOX_TEXT;
	if (strcmp(word, "ndjson") == 0)
		return OUTBOX_NDJSON;
	cli_usage(&cli, "--format is 'text' or 'ndjson', not '%s'", word);
}

static void
set_option(struct options *o, int c)
{
	struct outbox *out = &o->out;

	switch (c) {
	case 'C': o->dir = optarg; break;
	case 'p':
		out->how.priority = (int)cli_int(&cli, "--priority",
		    HUB_PRIO_MIN, HUB_PRIO_MAX);
		break;
	case 'q': o->queue = optarg; break;
	case 'r': out->reply = optarg; break;
	case 't': out->how.type = optarg; break;
	case 'w':
		out->wait = true;
		out->wait_ns = cli_duration(&cli, "--wait");
		break;
	case OPT_AGAIN: o->again = optarg; break;
	case OPT_AT: out->how.at_ns = parse_at(optarg); break;
	case OPT_BACKUP: o->backup = optarg; break;
	case OPT_CHECK: o->check = true; break;
	case OPT_FORMAT: out->format = parse_format(optarg); break;
	case OPT_FROM: o->from = optarg; break;
	case OPT_GC: o->gc = true; break;
	case OPT_KEEP: o->keep = cli_duration(&cli, "--keep"); break;
	case OPT_KEY: out->how.key = optarg; break;
	case OPT_LIMIT:
		o->limit = (int)cli_int(&cli, "--limit", 0, 1000000);
		break;
	case OPT_SERVE: o->serve = optarg; break;
	case OPT_TO_ALL: out->to_all = true; break;
	case OPT_TOPIC: out->topic = optarg; break;
	case OPT_TRIES:
		out->how.tries = (int)cli_int(&cli, "--tries", 1, 1000);
		break;
	case OPT_TTL:
		out->how.ttl_ns = cli_duration(&cli, "--ttl");
		break;
	default: break;
	}
}

static void
report_damage(void *arg, const char *what)
{
	(void)arg;
	err_warn("%s", what);
}

/* What is about the hub and not about a message: the status, or -1. */
static int
maintain(const struct options *o, struct hubcli *c, struct err *e)
{
	int64_t n;
	int r;

	if (o->gc) {
		n = hub_gc(c->hub, o->keep, true, e);
		if (n < 0)
			return -1;
		printf("%lld\n", (long long)n);
		return ST_OK;
	}
	if (o->backup)
		return hub_backup(c->hub, o->backup, e);
	if (o->check) {
		r = hub_check(c->hub, report_damage, NULL, e);
		return r < 0 ? -1 : r > 0 ? ST_DATA : ST_OK;
	}
	r = hub_again(c->hub, NULL, o->again, e);
	return r > 0 ? ST_OK : -1;
}

static int
limit_queue(const struct options *o, struct hubcli *c, struct err *e)
{
	AUTO_FREE char *box = hub_address(o->queue, true, e);

	return box ? hub_limit(c->hub, box, o->limit, e) : -1;
}

/* Until somebody ends us. */
static int
serve(const struct options *o, const char *name, struct err *e)
{
	AUTO_HUBCLI struct hubcli c = HUBCLI_INIT;
	bool given = strcmp(o->serve, "-") == 0;
	AUTO_FD int fd = -1;
	int r;

	if (hubcli_open(o->dir, name, &c, e) < 0)
		return -1;
	if (c.socket)
		return err_set(e, ST_DENIED, "cannot serve behind a socket");
	if (!given && (fd = door_listen(o->serve, e)) < 0)
		return -1;
	r = hub_serve(&c.w, c.source, given ? STDIN_FILENO : fd, &cli_signal,
	    e);
	if (!given)
		unlink(o->serve);
	return r;
}

/* The status, or -1. */
static int
act(struct options *o, int argc, char **argv, struct err *e)
{
	AUTO_HUBCLI struct hubcli c = HUBCLI_INIT;
	struct outbox *out = &o->out;
	bool named = o->queue || out->reply || out->to_all || out->topic;

	if (o->serve) {
		if (argc != 1)
			cli_usage(&cli, "--serve takes one name");
		return serve(o, argv[0], e);
	}
	if (!named && !o->gc && !o->backup && !o->check && !o->again) {
		if (argc == 0)
			cli_usage(&cli, "to whom?");
		out->name = *argv++;
		argc--;
	}
	if (hubcli_open(o->dir, o->from, &c, e) < 0)
		return -1;
	if (o->gc || o->backup || o->check || o->again)
		return maintain(o, &c, e);
	if (o->limit >= 0)
		return limit_queue(o, &c, e);
	out->queue = o->queue;
	out->operands = argv;
	out->noperands = (size_t)argc;
	return outbox_run(out, &c, e);
}

int
main(int argc, char **argv)
{
	struct options o = { .limit = -1, .keep = HUB_RETENTION,
		.out.how.priority = HUB_PRIO_DEFAULT };
	struct err e = ERR_INIT;
	int c, r;

	cli_begin(&cli);
	while ((c = cli_option(&cli, argc, argv)) != -1)
		set_option(&o, c);
	argc -= optind;
	argv += optind;
	if ((o.queue != NULL) + (o.out.reply != NULL) + o.out.to_all +
	    (o.out.topic != NULL) > 1)
		cli_usage(&cli, "-q, -r, --to-all and --topic exclude each "
		    "other");
	if (o.limit >= 0 && !o.queue)
		cli_usage(&cli, "--limit needs -q");
	cli_catch_signals();
	r = act(&o, argc, argv, &e);
	if (r < 0 && !cli_signal)
		r = err_report(&e);
	cli_raise();
	return cli_end(r);
}
