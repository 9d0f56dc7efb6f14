/* agent-recv: takes messages out of mailboxes and queues. */
#include "config.h"

#include <string.h>

#include "alloc.h"
#include "cli.h"
#include "hubcli.h"
#include "inbox.h"

enum {
	OPT_ACK = 256, OPT_AGAIN, OPT_AUTO, OPT_BOXES, OPT_CORR, OPT_DEAD,
	OPT_EXTEND, OPT_FIFO, OPT_FORMAT, OPT_LEASE, OPT_LIST, OPT_NAK,
	OPT_NO_TOPIC, OPT_OWNER, OPT_PAUSE, OPT_TOPIC, OPT_WAIT, OPT_WHY,
	OPT_WINDOW
};

static const struct option longopts[] = {
	{ "ack", no_argument, NULL, OPT_ACK },
	{ "again", no_argument, NULL, OPT_AGAIN },
	{ "auto", no_argument, NULL, OPT_AUTO },
	{ "boxes", no_argument, NULL, OPT_BOXES },
	{ "cd", required_argument, NULL, 'C' },
	{ "corr", required_argument, NULL, OPT_CORR },
	{ "dead", no_argument, NULL, OPT_DEAD },
	{ "extend", required_argument, NULL, OPT_EXTEND },
	{ "fifo", required_argument, NULL, OPT_FIFO },
	{ "follow", no_argument, NULL, 'f' },
	{ "format", required_argument, NULL, OPT_FORMAT },
	CLI_OPT_HELP,
	{ "lease", required_argument, NULL, OPT_LEASE },
	{ "list", no_argument, NULL, OPT_LIST },
	{ "nak", no_argument, NULL, OPT_NAK },
	{ "no-topic", required_argument, NULL, OPT_NO_TOPIC },
	{ "one", no_argument, NULL, '1' },
	{ "owner", required_argument, NULL, OPT_OWNER },
	{ "pause", required_argument, NULL, OPT_PAUSE },
	{ "queue", required_argument, NULL, 'q' },
	{ "topic", required_argument, NULL, OPT_TOPIC },
	CLI_OPT_VERSION,
	{ "wait", required_argument, NULL, OPT_WAIT },
	{ "why", required_argument, NULL, OPT_WHY },
	{ "window", required_argument, NULL, OPT_WINDOW },
	{ 0 }
};

static const struct cli cli = {
	.name = "agent-recv",
	.usage =
	    "usage: agent-recv [-1f] [-C DIR] [--auto] [--corr ID] "
	    "[--fifo PATH]\n"
	    "                  [--format FORMAT] [--lease TIME] "
	    "[--owner PID]\n"
	    "                  [--wait TIME] [--window N] "
	    "[-q QUEUE | NAME]\n"
	    "       agent-recv [-C DIR] --ack LEASE ...\n"
	    "       agent-recv [-C DIR] --nak [--pause TIME] [--why TEXT] "
	    "LEASE ...\n"
	    "       agent-recv [-C DIR] --extend TIME LEASE ...\n"
	    "       agent-recv [-C DIR] --again ID ...\n"
	    "       agent-recv [-C DIR] --list [-q QUEUE | NAME]\n"
	    "       agent-recv [-C DIR] --dead [-q QUEUE | NAME]\n"
	    "       agent-recv [-C DIR] --boxes\n"
	    "       agent-recv [-C DIR] --topic TOPIC [NAME]\n"
	    "       agent-recv [-C DIR] --no-topic TOPIC [NAME]\n",
	.shortopts = "1C:fq:",
	.longopts = longopts,
};

struct options {
	struct inbox in;
	const char *dir, *queue, *topic, *why;
	int verb;		/* one of the options, 0: take */
	int64_t time;		/* of --extend, --pause */
};

static enum inbox_format
parse_format(const char *word)
{
	if (strcmp(word, "text") == 0)
		return INBOX_TEXT;
	if (strcmp(word, "ndjson") == 0)
		return INBOX_NDJSON;
	cli_usage(&cli, "--format is 'text' or 'ndjson', not '%s'", word);
}

static void
set_verb(struct options *o, int verb)
{
	if (o->verb && o->verb != verb)
		cli_usage(&cli, "one thing at a time");
	o->verb = verb;
}

static void
set_option(struct options *o, int c)
{
	struct inbox *in = &o->in;

	switch (c) {
	case '1': in->one = true; break;
	case 'C': o->dir = optarg; break;
	case 'f': in->follow = true; break;
	case 'q': o->queue = optarg; break;
	case OPT_ACK:
	case OPT_AGAIN:
	case OPT_BOXES:
	case OPT_DEAD:
	case OPT_LIST:
	case OPT_NAK:
		set_verb(o, c);
		break;
	case OPT_AUTO: in->ack = true; break;
	case OPT_CORR: in->corr = optarg; break;
	case OPT_EXTEND:
		set_verb(o, c);
		o->time = cli_duration(&cli, "--extend");
		break;
	case OPT_FIFO: in->fifo = optarg; break;
	case OPT_FORMAT: in->format = parse_format(optarg); break;
	case OPT_LEASE: in->lease_ns = cli_duration(&cli, "--lease"); break;
	case OPT_NO_TOPIC:
	case OPT_TOPIC:
		set_verb(o, c);
		o->topic = optarg;
		break;
	case OPT_OWNER:
		in->owner = cli_int(&cli, "--owner", 1, INT32_MAX);
		break;
	case OPT_PAUSE: o->time = cli_duration(&cli, "--pause"); break;
	case OPT_WAIT:
		in->wait = true;
		in->wait_ns = cli_duration(&cli, "--wait");
		break;
	case OPT_WHY: o->why = optarg; break;
	case OPT_WINDOW:
		in->window = (int)cli_int(&cli, "--window", 1, INBOX_MAX);
		break;
	default: break;
	}
}

/* The box that -q, a name, or we ourselves stand for. */
static char *
find_box(const struct options *o, const struct hubcli *c, const char *name,
    struct err *e)
{
	if (o->queue)
		return hub_address(o->queue, true, e);
	return name ? hub_address(name, false, e) : xstrdup(c->source);
}

/* Each in turn; the first that is not ours makes the status 1. */
static int
settle(const struct options *o, struct hubcli *c, int n, char **leases,
    struct err *e)
{
	enum hub_verdict v = o->verb == OPT_ACK ? HUB_ACK :
	    o->verb == OPT_NAK ? HUB_NAK : HUB_EXTEND;
	int status = ST_OK;

	if (n == 0)
		cli_usage(&cli, "which?");
	for (int i = 0; i < n; i++) {
		int r = o->verb == OPT_AGAIN ?
		    hub_again(c->hub, NULL, leases[i], e) :
		    hub_settle(c->hub, NULL, leases[i], v, o->time, o->why,
		    e);

		if (r < 0)
			return -1;
		if (r == 0) {
			err_warn("%s", e->text);
			status = ST_NO;
		}
	}
	return status;
}

static int
print_item(const jv *item, void *arg)
{
	return hubcli_json(item, arg) < 0;
}

static int
look(const struct options *o, struct hubcli *c, const char *name,
    struct err *e)
{
	AUTO_FREE char *box = o->queue || name ? find_box(o, c, name, e)
	    : NULL;

	if ((o->queue || name) && !box)
		return -1;
	if (o->verb == OPT_BOXES)
		return hub_boxes(c->hub, print_item, e, e);
	return hub_list(c->hub, box, o->verb == OPT_DEAD ? "dead" : NULL,
	    print_item, e, e);
}

static int
act(struct options *o, int argc, char **argv, struct err *e)
{
	AUTO_HUBCLI struct hubcli c = HUBCLI_INIT;

	if (hubcli_open(o->dir, NULL, &c, e) < 0)
		return -1;
	if (o->verb == OPT_ACK || o->verb == OPT_NAK ||
	    o->verb == OPT_EXTEND || o->verb == OPT_AGAIN)
		return settle(o, &c, argc, argv, e);
	if (argc > 1 || (argc == 1 && o->queue))
		cli_usage(&cli, "one mailbox at a time");
	if (o->verb && !o->topic) {
		int r = look(o, &c, argv[0], e);
		/* what could not be printed is told by `e` alone */
		return r < 0 || e->status ? -1 : ST_OK;
	}
	AUTO_FREE char *box = find_box(o, &c, argv[0], e);
	if (!box)
		return -1;
	if (o->topic)
		return hub_subscribe(c.hub, o->topic, box,
		    o->verb == OPT_TOPIC, e);
	o->in.box = box;
	return inbox_run(&o->in, &c, e);
}

int
main(int argc, char **argv)
{
	struct options o = { .in.window = 1 };
	struct err e = ERR_INIT;
	int c, r;

	cli_begin(&cli);
	while ((c = cli_option(&cli, argc, argv)) != -1)
		set_option(&o, c);
	cli_catch_signals();
	r = act(&o, argc - optind, argv + optind, &e);
	if (r < 0 && !cli_signal)
		r = err_report(&e);
	cli_raise();
	return cli_end(r);
}
