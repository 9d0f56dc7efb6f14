/*
 * agent-undo: takes checkpoints of a workspace, shows them, goes back; and
 * tells whether the audit trail is as it was written.
 */
#include "config.h"

#include <time.h>
#include <unistd.h>

#include "alloc.h"
#include "audit.h"
#include "checkpoint.h"
#include "cli.h"
#include "fd.h"
#include "json.h"
#include "path.h"
#include "workspace.h"

enum { OPT_JSON = 256, OPT_VERIFY, LIST_DEFAULT = 20,
	SHOWN_ID = CHECKPOINT_SHOWN_LEN };

static const struct option longopts[] = {
	{ "cd", required_argument, NULL, 'C' },
	CLI_OPT_HELP,
	{ "json", no_argument, NULL, OPT_JSON },
	{ "message", required_argument, NULL, 'm' },
	{ "number", required_argument, NULL, 'n' },
	{ "verify", no_argument, NULL, OPT_VERIFY },
	CLI_OPT_VERSION,
	{ 0 }
};

static const struct cli cli = {
	.name = "agent-undo",
	.usage =
	    "usage: agent-undo [-C DIR] [-n N] [--json] [list]\n"
	    "       agent-undo [-C DIR] diff CHECKPOINT [PATH ...]\n"
	    "       agent-undo [-C DIR] restore CHECKPOINT [PATH ...]\n"
	    "       agent-undo [-C DIR] [-m MESSAGE] take\n"
	    "       agent-undo [-C DIR] verify [FILE]\n"
	    "       agent-undo [-C DIR] --verify [FILE]\n",
	.shortopts = "C:m:n:",
	.longopts = longopts,
};

struct options {
	const char *dir;
	const char *message;
	size_t max;
	bool json, verify;
};

/* Quoted for JSON, or as it is with control characters blanked. */
static void
add_entry(const struct options *o, const struct checkpoint *c, struct buf *out)
{
	char when[TIMESTAMP_LEN + 1];

	timestamp_format(c->time * CLOCK_SEC, when);
	if (o->json) {
		AUTO_JV jv v = json_object();
		json_set_str(&v, "id", c->id);
		json_set_str(&v, "time", when);
		json_set_str(&v, "title", c->title);
		json_set_int(&v, "files", (int64_t)c->files);
		json_set_str(&v, "run", *c->run ? c->run : NULL);
		json_set_str(&v, "source", *c->source ? c->source : NULL);
		json_write(&v, out);
		buf_addc(out, '\n');
		return;
	}
	buf_addf(out, "%.*s  %.10s %.8s  %4zu file%s  %s%s%s\n", SHOWN_ID,
	    c->id, when, when + 11, c->files, c->files == 1 ? " " : "s",
	    c->title, *c->source ? "  " : "", c->source);
}

static int
list(const struct options *o, const struct checkpoints *c, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	struct checkpoint *all = NULL;
	int n = checkpoints_list(c, o->max, &all, e);
	int r = n < 0 ? -1 : 0;

	for (int i = 0; i < n; i++)
		add_entry(o, &all[i], &out);
	if (r == 0 && n == 0 && !o->json)
		buf_adds(&out, "there are no checkpoints\n");
	if (r == 0)
		r = fd_write(STDOUT_FILENO, out.data, out.len, e);
	checkpoints_free(all, n > 0 ? (size_t)n : 0);
	return r;
}

static int
take(const struct options *o, const struct checkpoints *c, struct err *e)
{
	char id[CHECKPOINT_ID_LEN + 1];
	AUTO_BUF struct buf left_out = BUF_INIT;
	int r = checkpoint_take(c, o->message ? o->message : "by hand", NULL,
	    NULL, id, &left_out, e);

	if (r < 0)
		return -1;
	if (r > 0 && left_out.len > 0)
		err_warn("left out: %s", left_out.data);
	printf("%.*s%s\n", SHOWN_ID, id, r ? "" : " (nothing has changed)");
	return 0;
}

/* The trail says who took what back. */
static int
note_restored(const struct workspace *w, const char *id, const char *before,
    const char *const *paths, struct err *e)
{
	AUTO_FREE char *path = workspace_audit(w);
	jv data = json_object(), list = json_array();

	json_set_int(&data, "uid", geteuid());
	json_set_str(&data, "to", id);
	json_set_str(&data, "before", before);
	for (; *paths; paths++)
		json_append(&list, json_from_str(*paths));
	json_set(&data, "paths", list);
	return audit_add(path, "workspace.restored", "/command/agent-undo",
	    data, e);
}

static int
restore(const struct workspace *w, const struct checkpoints *c, const char *id,
    const char *const *paths, struct err *e)
{
	char before[CHECKPOINT_ID_LEN + 1];

	if (checkpoint_restore(c, id, paths, before, e) < 0 ||
	    note_restored(w, id, before, paths, e) < 0)
		return -1;
	printf("back at %.*s; to take that back: agent-undo restore %.*s\n",
	    SHOWN_ID, id, SHOWN_ID, before);
	return 0;
}

/* Says whether the audit trail is as it was written: 1 when it is not. */
static int
verify(const struct workspace *w, const char *file, struct err *e)
{
	AUTO_FREE char *own = workspace_audit(w);
	const char *path = file ? file : own;
	struct audit_state state;
	int good;

	good = audit_verify(path, &state, e);
	if (good < 0 && !path_exists(path) && !file) {
		*e = (struct err)ERR_INIT;
		printf("nothing is on the trail\n");
		return 0;
	}
	if (good < 0)
		return -1;
	if (good == 0) {
		e->status = ST_NO;
		return -1;
	}
	printf("%lld line%s in order, the last is %s\n",
	    (long long)state.lines, state.lines == 1 ? "" : "s", state.last);
	return 0;
}

static int
act(const struct options *o, const struct workspace *w,
    const struct checkpoints *c, int argc, char **argv, struct err *e)
{
	const char *verb = argc > 0 ? argv[0] : "list";
	char id[CHECKPOINT_ID_LEN + 1];
	const char *const *paths = (const char *const *)argv + 2;

	if (strcmp(verb, "list") == 0 && argc <= 1)
		return list(o, c, e);
	if (strcmp(verb, "take") == 0 && argc == 1)
		return take(o, c, e);
	if (argc < 2 || (strcmp(verb, "diff") != 0 &&
	    strcmp(verb, "restore") != 0))
		cli_usage(&cli, "say 'list', 'take', 'diff CHECKPOINT', "
		    "'restore CHECKPOINT' or 'verify'");
	if (checkpoint_find(c, argv[1], id, e) < 0)
		return -1;
	if (strcmp(verb, "restore") == 0)
		return restore(w, c, id, paths, e);
	return checkpoint_diff(c, id, NULL, paths, e);
}

static int
undo(const struct options *o, int argc, char **argv, struct err *e)
{
	AUTO_WORKSPACE struct workspace w = WORKSPACE_INIT;
	AUTO_CHECKPOINTS struct checkpoints c = CHECKPOINTS_INIT;
	int found = workspace_find(o->dir, &w, e);

	if (found == 0)
		return err_set(e, ST_NOINPUT, "there is no workspace here: no "
		    "'.agent' in this directory or above");
	if (found > 0 && o->verify && argc <= 1)
		return verify(&w, argv[0], e);
	if (found > 0 && argc > 0 && argc <= 2 &&
	    strcmp(argv[0], "verify") == 0)
		return verify(&w, argv[1], e);
	if (found < 0 || checkpoints_open(w.dir, w.root, &c, e) < 0)
		return -1;
	return act(o, &w, &c, argc, argv, e);
}

int
main(int argc, char **argv)
{
	struct options o = { .max = LIST_DEFAULT };
	struct err e = ERR_INIT;
	int c, r;

	cli_begin(&cli);
	while ((c = cli_option(&cli, argc, argv)) != -1) {
		if (c == 'C')
			o.dir = optarg;
		else if (c == 'm')
			o.message = optarg;
		else if (c == 'n')
			o.max = (size_t)cli_int(&cli, "-n", 1, 1000000);
		else if (c == OPT_JSON)
			o.json = true;
		else if (c == OPT_VERIFY)
			o.verify = true;
	}
	r = undo(&o, argc - optind, argv + optind, &e);
	return cli_end(r < 0 ? err_report(&e) : ST_OK);
}
