/* sandbox-overlay: what agent-sandbox does with changes kept aside. */
#include "config.h"

#include "overlay.h"

#include "alloc.h"
#include "sandboxcmd.h"

static int
commit(const struct box_options *o, struct overlay *v, const struct strs *paths)
{
	AUTO_STRS struct strs refused = STRS_INIT;
	struct err e = ERR_INIT;

	if (overlay_commit(v, paths, &o->accept, &refused, &e) == 0)
		return ST_OK;
	for (size_t i = 0; i < refused.n; i++)
		err_warn("%s", refused.v[i]);
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
	    "default", false, &e) < 0)
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
