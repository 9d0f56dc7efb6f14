/* agent-watch: shows what happens, from the journal or a pipe. */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "alloc.h"
#include "cli.h"
#include "fd.h"
#include "journal.h"
#include "roster.h"
#include "watch.h"
#include "workspace.h"

enum {
	OPT_AGENTS = 256, OPT_COLOR, OPT_JSON, OPT_NO_FOLLOW, OPT_NO_STDIN,
	OPT_SINCE,
	OPT_TASK, OPT_UNTIL,
	FOLLOW_LINES = 50,	/* shown before following */
	FLUSH_SIZE = 32768,
	IDLE_SECONDS = 2
};

static const struct option longopts[] = {
	{ "agent", required_argument, NULL, 'a' },
	{ "agents", no_argument, NULL, OPT_AGENTS },
	{ "cd", required_argument, NULL, 'C' },
	{ "color", required_argument, NULL, OPT_COLOR },
	{ "follow", no_argument, NULL, 'f' },
	CLI_OPT_HELP,
	{ "json", no_argument, NULL, OPT_JSON },
	{ "lines", required_argument, NULL, 'n' },
	{ "no-follow", no_argument, NULL, OPT_NO_FOLLOW },
	{ "no-stdin", no_argument, NULL, OPT_NO_STDIN },
	{ "run", required_argument, NULL, 'r' },
	{ "since", required_argument, NULL, OPT_SINCE },
	{ "task", required_argument, NULL, OPT_TASK },
	{ "type", required_argument, NULL, 't' },
	{ "until", required_argument, NULL, OPT_UNTIL },
	{ "verbose", no_argument, NULL, 'v' },
	CLI_OPT_VERSION,
	{ "width", required_argument, NULL, 'w' },
	{ 0 }
};

static const struct cli cli = {
	.name = "agent-watch",
	.usage = "usage: agent-watch [-fv] [--json] [--no-follow] "
	    "[--no-stdin] [-C DIR]\n"
	    "           [-a AGENT] [-n LINES] [-r RUN] [-t TYPE] [-w COLUMNS] "
	    "[--color WHEN]\n"
	    "           [--since TIME] [--task TASK] [--until TIME] [FILE]\n"
	    "       agent-watch --agents [-f] [--json] [-C DIR] [-a AGENT] "
	    "[-w COLUMNS]\n"
	    "           [--color WHEN]\n",
	.shortopts = "C:a:fn:r:t:vw:",
	.longopts = longopts,
};

struct options {
	const char *dir, *file;
	int follow;			/* -1: on a terminal */
	enum term_when colour;
	bool agents, json, no_stdin, verbose;
	int64_t lines, width;		/* -1: not said */
	struct journal_filter filter;
};

/* What goes out, and where it comes from. */
struct session {
	const struct options *o;
	struct journal_reader r;
	struct watch watch;
	struct buf out;
	bool implied;		/* stdin, though nobody said so */
	bool gone;		/* nobody reads what we write */
	bool bad;		/* a line was */
};

static void
take_option(struct options *o, int c)
{
	switch (c) {
	case 'C': o->dir = optarg; break;
	case 'a': o->filter.agent = optarg; break;
	case 'f': o->follow = 1; break;
	case 'n': o->lines = cli_int(&cli, "-n", 0, INT32_MAX); break;
	case 'r': o->filter.run = optarg; break;
	case 't': o->filter.type = optarg; break;
	case 'v': o->verbose = true; break;
	case 'w': o->width = cli_int(&cli, "-w", 0, INT32_MAX); break;
	case OPT_AGENTS: o->agents = true; break;
	case OPT_COLOR:
		if (term_parse_when(optarg, &o->colour) < 0)
			cli_usage(&cli, "--color takes auto, always or "
			    "never, not '%s'", optarg);
		break;
	case OPT_JSON: o->json = true; break;
	case OPT_NO_FOLLOW: o->follow = 0; break;
	case OPT_NO_STDIN: o->no_stdin = true; break;
	case OPT_SINCE: o->filter.since = cli_time(&cli, "--since"); break;
	case OPT_TASK: o->filter.task = optarg; break;
	case OPT_UNTIL: o->filter.until = cli_time(&cli, "--until"); break;
	}
}

/* How many of the last lines to begin with; -1: all. */
static int64_t
lines_wanted(const struct options *o, bool follow)
{
	static const struct journal_filter any = { 0 };

	return o->lines < 0 && follow &&
	    memcmp(&o->filter, &any, sizeof(any)) == 0 ? FOLLOW_LINES :
	    o->lines;
}

static int
open_journal(struct session *s, struct err *e)
{
	const struct options *o = s->o;
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_FREE char *path = o->file ? xstrdup(o->file) : NULL;
	bool follow = o->follow < 0 ? s->watch.term.tty &&
	    o->filter.until == 0 : o->follow;
	int64_t lines;

	if (!path) {
		int found = workspace_find(o->dir, &w, e);
		if (found < 0)
			return -1;
		if (found == 0)
			return err_set(e, ST_NOINPUT, "no workspace here (no "
			    "'.agent' in this directory or above): name a "
			    "file, or pipe records in");
		path = workspace_journal(&w);
	}
	if (journal_reader_open(path, follow, &s->r, e) < 0)
		return -1;
	if (s->r.in.fd < 0 && s->watch.term.tty)
		err_warn("nothing in '%s' yet, waiting", path);
	lines = lines_wanted(o, follow);
	return lines < 0 ? 0 :
	    journal_seek_tail(&s->r, (unsigned long)lines, e);
}

static int
open_input(struct session *s, struct err *e)
{
	const struct options *o = s->o;

	s->implied = !o->file && !o->no_stdin && !o->dir && o->follow <= 0 &&
	    fd_is_piped(STDIN_FILENO);
	if (!s->implied && !(o->file && strcmp(o->file, "-") == 0))
		return open_journal(s, e);
	journal_reader_pipe(STDIN_FILENO, &s->r);
	return 0;
}

/* Whole lines go out. */
static int
flush(struct session *s, struct err *e)
{
	int r = fd_write(STDOUT_FILENO, s->out.data, s->out.len, e);

	s->gone = r < 0 && errno == EPIPE;
	buf_reset(&s->out);
	return s->gone ? 0 : r;
}

static void
show(struct session *s, const struct ndjson_line *line)
{
	if (!journal_match(&s->o->filter, &line->value))
		return;
	if (!s->o->json) {
		watch_show(&s->watch, &line->value, &s->out);
		return;
	}
	buf_add(&s->out, line->text, line->len);
	buf_addc(&s->out, '\n');
}

/* Nothing came for a while: is there somebody at either end? */
static void
idle(struct session *s)
{
	s->gone = fd_reader_left(STDOUT_FILENO);
	if (s->implied && s->r.in.number == 0)
		err_warn("waiting for records on standard input; "
		    "--no-stdin shows the journal");
	s->implied = false;
}

static int
watch_all(struct session *s, struct ndjson_line *line, struct err *e)
{
	const char *name = s->r.path ? s->r.path : "standard input";

	while (!s->gone) {
		struct deadline until = deadline_in(IDLE_SECONDS * CLOCK_SEC);

		if ((!ndjson_pending(&s->r.in) || s->out.len > FLUSH_SIZE) &&
		    flush(s, e) < 0)
			return -1;
		switch (journal_next(&s->r, until, NULL, line, e)) {
		case NDJSON_LINE:
			show(s, line);
			break;
		case NDJSON_BAD:
			s->bad = true;
			if (flush(s, e) < 0)
				return -1;
			err_warn("%s: %s, skipping it", name, e->text);
			break;
		case NDJSON_AGAIN:
			idle(s);
			break;
		case NDJSON_EOF:
			return flush(s, e);
		case NDJSON_FAIL:
			return -1;
		}
	}
	return 0;
}

static int
run(const struct options *o, struct err *e)
{
	struct session s = { .o = o, .r = JOURNAL_READER_INIT };
	struct ndjson_line line = NDJSON_LINE_INIT;
	int r;

	watch_open(&s.watch, STDOUT_FILENO, o->colour, o->width);
	s.watch.verbose = o->verbose;
	s.watch.deltas = o->filter.type != NULL;
	r = open_input(&s, e);
	if (r == 0)
		r = watch_all(&s, &line, e);
	ndjson_line_release(&line);
	journal_reader_close(&s.r);
	watch_close(&s.watch);
	buf_release(&s.out);
	return r < 0 ? err_report(e) : s.bad ? ST_DATA : ST_OK;
}

static int
run_roster(const struct options *o, struct err *e)
{
	const struct roster r = { .dir = o->dir, .agent = o->filter.agent,
	    .json = o->json, .follow = o->follow > 0, .colour = o->colour,
	    .width = o->width };

	return roster_run(&r, e) < 0 ? err_report(e) : ST_OK;
}

int
main(int argc, char **argv)
{
	struct options o = { .follow = -1, .lines = -1, .width = -1 };
	struct err e = ERR_INIT;
	int c;

	cli_begin(&cli);
	while ((c = cli_option(&cli, argc, argv)) != -1)
		take_option(&o, c);
	if (argc - optind > 1)
		cli_usage(&cli, "one file at most");
	o.file = argv[optind];
	if (o.agents && o.file)
		cli_usage(&cli, "--agents reads no file");
	return cli_end(o.agents ? run_roster(&o, &e) : run(&o, &e));
}
