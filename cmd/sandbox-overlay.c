/* sandbox-overlay: what agent-sandbox does with changes kept aside. */
#include "config.h"

#include "overlay.h"

#include <stdio.h>
#include <unistd.h>

#include "alloc.h"
#include "path.h"
#include "sandboxcmd.h"
#include "term.h"

/* A name made by who is not trusted, on a terminal. */
static bool
ask(const struct change *c)
{
	AUTO_BUF struct buf name = BUF_INIT;
	char line[64];

	term_clean(c->path, strlen(c->path), TERM_ONELINE, &name);
	fprintf(stderr, "agent-sandbox: take '%s' (%s)? [y/N] ", name.data,
	    change_why(c));
	return fgets(line, sizeof(line), stdin) &&
	    (line[0] == 'y' || line[0] == 'Y');
}

/* Whoever sits there is asked for each; true when all were taken. */
static bool
ask_for_all(const struct changes *refused, struct strs *accept)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return false;
	for (size_t i = 0; i < refused->n; i++) {
		AUTO_FREE char *pattern = path_quote(refused->v[i].path);
		if (refused->v[i].conflict || !ask(&refused->v[i]))
			return false;
		strs_add(accept, pattern);
	}
	return true;
}

static int
commit(const struct box_options *o, struct overlay *v, const struct strs *paths)
{
	AUTO_STRS struct strs accept = STRS_INIT;
	AUTO_CHANGES struct changes refused = CHANGES_INIT;
	AUTO_CHANGES struct changes again = CHANGES_INIT;
	struct err e = ERR_INIT;

	for (size_t i = 0; i < o->accept.n; i++)
		strs_add(&accept, o->accept.v[i]);
	if (overlay_commit(v, paths, &accept, &refused, &e) == 0)
		return ST_OK;
	if (refused.n > 0 && ask_for_all(&refused, &accept)) {
		e = (struct err)ERR_INIT;
		return overlay_commit(v, paths, &accept, &again, &e) == 0 ?
		    ST_OK : err_report(&e);
	}
	for (size_t i = 0; i < refused.n; i++)
		err_warn("%s: %s", refused.v[i].path,
		    change_why(&refused.v[i]));
	return err_report(&e);
}

static int
diff(const struct overlay *v)
{
	struct err e = ERR_INIT;
	size_t left_out;

	if (overlay_diff(v, &left_out, &e) < 0)
		return err_report(&e);
	if (left_out > 0)
		err_warn("%zu changes in .git are not shown", left_out);
	return ST_OK;
}

const char *
overlay_verb(const char *before, const char *word)
{
	static const char *const verbs[] = { "commit", "diff", "discard" };

	for (size_t i = 0; strcmp(before, "--") != 0 && i < 3; i++)
		if (strcmp(word, verbs[i]) == 0)
			return verbs[i];
	return NULL;
}

/* The way of one that is there, else that which would be taken. */
jv
overlay_explain(const struct box_options *o)
{
	AUTO_OVERLAY struct overlay v = OVERLAY_INIT;
	AUTO_FREE char *home = overlay_home();
	enum overlay_by by = o->how.by;
	struct err ignored;

	if (overlay_open(&v, o->workspace, o->overlay, NULL, &ignored) == 0)
		by = v.by;
	else if (by == OVERLAY_AUTO && home)
		by = overlay_best(home);
	return overlay_json(o->overlay, by);
}

int
overlay_change(struct box_options *o, const char *verb, int argc, char **argv)
{
	AUTO_OVERLAY struct overlay v = OVERLAY_INIT;
	AUTO_STRS struct strs paths = STRS_INIT;
	struct err e = ERR_INIT;

	optind++;
	sandbox_options(o, argc, argv);
	for (int i = optind; i < argc; i++)
		strs_add(&paths, argv[i]);
	if (paths.n > 0 && strcmp(verb, "commit") != 0)
		cli_usage(&sandbox_cli, "%s takes no operand", verb);
	if (overlay_open(&v, o->workspace, o->overlay ? o->overlay :
	    "default", NULL, &e) < 0)
		return err_report(&e);
	if (strcmp(verb, "diff") == 0)
		return diff(&v);
	if (strcmp(verb, "commit") == 0)
		return commit(o, &v, &paths);
	return overlay_discard(&v, &e) < 0 ? err_report(&e) : ST_OK;
}

/* Changes of a command that did badly are kept in any case. */
int
overlay_on_exit(const struct box_options *o, struct overlay *v, int status)
{
	AUTO_STRS struct strs all = STRS_INIT;
	struct err e = ERR_INIT;

	if (!o->on_exit || strcmp(o->on_exit, "keep") == 0)
		return status;
	if (strcmp(o->on_exit, "discard") == 0) {
		if (overlay_discard(v, &e) == 0)
			return status;
		err_report(&e);
		return ST_WRAPPER;
	}
	if (status != 0) {
		err_warn("the command failed: its changes are kept aside");
		return status;
	}
	return commit(o, v, &all) == ST_OK ? status : ST_WRAPPER;
}
