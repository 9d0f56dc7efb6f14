/* plan-prune: what is to be done, and what is done. */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "alloc.h"
#include "path.h"
#include "plan-impl.h"

/* A walk: each task is looked at once, after those that it needs. */
struct prune {
	const struct plan *p;
	const struct plan_redo *redo;
	jv why;			/* {ID: text} */
	jv index;		/* {ID: number} */
	enum { UNKNOWN, FRESH, STALE } *state;
	int count;
	bool inside;		/* the one looked at now: it is only what it
				 * is made of that does not stand */
};

/* Whether all that a loop or a flow is made of stands. */
static int
sub_stands(const struct prune *c, const jv *task, struct err *e)
{
	const struct plan_redo look = { .dry = true };
	AUTO_PLAN struct plan sub = PLAN_INIT;
	int n = plan_open_sub(c->p, json_str(task, "id"), &sub, e);

	if (n <= 0)
		return n;
	n = plan_prune(&sub, &look, NULL, e);
	return n < 0 ? -1 : n == 0;
}

/* Whether its result stands, apart from those of what it needs. */
static int
stands(const struct prune *c, const jv *task, struct err *e)
{
	AUTO_FREE char *stamp = plan_stamp(c->p, task);
	AUTO_FREE char *name = xasprintf("%s.%s", json_str(task, "id"),
	    json_str(task, "def"));
	AUTO_PLAN_STEP struct plan_step s = PLAN_STEP_INIT;
	AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
	int done;

	if (!path_exists(stamp))
		return 0;
	if (plan_step_read(c->p, name, &s, e) < 0)
		return -1;
	done = step_done(&s.spec, &r, e);
	/* an input or a result that has gone: it is for the task to say so */
	return done < 0 && e->status == ST_NOINPUT ? 0 : done;
}

/* In words, for what does not stand; NULL on failure. */
static const char *
why_not(const struct prune *c, const jv *task, struct err *e)
{
	AUTO_FREE char *stamp = plan_stamp(c->p, task);
	AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
	int there = step_last(c->p->steps, json_str(task, "id"), &r, e);

	if (there < 0)
		return NULL;
	if (step_unfinished(c->p->steps, json_str(task, "id"), &r))
		return "it was begun, and is not over";
	if (there == 0)
		return "it has no result";
	if (r.outcome == STEP_ERRORED)
		return "it errored the last time";
	if (r.outcome == STEP_OVER_BUDGET)
		return "its budget was used up the last time";
	return path_exists(stamp) ?
	    "it, its files or what it needs have changed" :
	    "it has changed, or was not finished";
}

/* Why it is to be done, apart from what it needs; NULL: it is not. */
static int
missing(struct prune *c, const jv *task, const char **ret, struct err *e)
{
	int done = stands(c, task, e);

	*ret = NULL;
	if (done == 0) {
		*ret = why_not(c, task, e);
		return *ret ? 0 : -1;
	}
	if (done == 1 && plan_has_sub(task)) {
		done = sub_stands(c, task, e);
		c->inside = done == 0;
		*ret = c->inside ? "something in it has changed" : NULL;
	}
	return done < 0 ? -1 : 0;
}

static bool
is_forced(const struct prune *c, const jv *task)
{
	const char *id = json_str(task, "id");
	AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
	struct err ignored;

	if (c->redo->all || (c->redo->force && strs_has(c->redo->force, id)))
		return true;
	return c->redo->failed &&
	    step_last(c->p->steps, id, &r, &ignored) == 1 &&
	    r.outcome != STEP_OK && r.outcome != STEP_SKIPPED &&
	    r.outcome != STEP_OMITTED;
}

static int look(struct prune *c, size_t i, struct err *e);

/* One of those that it needs and that is to be done; NULL: none. */
static int
stale_need(struct prune *c, const jv *task, char **ret, struct err *e)
{
	AUTO_JV jv needs = json_get(task, "needs");

	for (size_t k = 0; k < json_count(&needs); k++) {
		AUTO_JV jv id = json_at(&needs, k);
		int64_t i = 0;

		if (!json_int(&c->index, json_string(&id), &i))
			continue;
		if (look(c, (size_t)i, e) < 0)
			return -1;
		if (c->state[i] == STALE && !*ret)
			*ret = xstrdup(json_string(&id));
	}
	return 0;
}

/* What makes it stale, or NULL. */
static int
reason(struct prune *c, const jv *task, bool forced, const char *need,
    char **ret, struct err *e)
{
	const char *why = NULL;

	if (forced)
		why = "it was asked for";
	else if (!need && missing(c, task, &why, e) < 0)
		return -1;
	*ret = need && !forced ? xasprintf("'%s', which it needs, is to be "
	    "done", need) : why ? xstrdup(why) : NULL;
	return 0;
}

/* In a loop or a flow: all of it, or what of it is not ok; if that is none,
 * it is the whole that was not what it should be. */
static int
redo_sub(const struct prune *c, const jv *task, bool named, struct err *e)
{
	struct plan_redo redo = { .all = named, .failed = !named };
	AUTO_PLAN struct plan sub = PLAN_INIT;
	int n = plan_open_sub(c->p, json_str(task, "id"), &sub, e);

	if (n <= 0)
		return n;
	n = plan_prune(&sub, &redo, NULL, e);
	if (n != 0)
		return n;
	redo.all = true;
	return plan_prune(&sub, &redo, NULL, e);
}

/* Takes away what stands of it, and what of it was asked for anew. */
static int
drop(struct prune *c, const jv *task, bool forced, struct err *e)
{
	const char *id = json_str(task, "id");
	AUTO_FREE char *stamp = plan_stamp(c->p, task);
	bool named = c->redo->all || (c->redo->force &&
	    strs_has(c->redo->force, id));

	if (forced && plan_has_sub(task) && redo_sub(c, task, named, e) < 0)
		return -1;
	if ((forced || c->inside) && step_redo(c->p->steps, id, e) < 0)
		return -1;
	if (unlink(stamp) < 0 && errno != ENOENT)
		return err_sys(e, ST_IO, "cannot remove '%s'", stamp);
	return 0;
}

static int
look(struct prune *c, size_t i, struct err *e)
{
	AUTO_JV jv task = JSON_NONE;
	AUTO_FREE char *need = NULL;
	AUTO_FREE char *why = NULL;
	bool forced;

	if (c->state[i] != UNKNOWN)
		return 0;
	task = plan_task(c->p, i);
	forced = is_forced(c, &task);
	if (stale_need(c, &task, &need, e) < 0)
		return -1;
	c->inside = false;
	if (reason(c, &task, forced, need, &why, e) < 0)
		return -1;
	c->state[i] = why ? STALE : FRESH;
	if (!why)
		return 0;
	c->count++;
	json_set_str(&c->why, json_str(&task, "id"), why);
	return c->redo->dry ? 0 : drop(c, &task, forced, e);
}

int
plan_prune(const struct plan *p, const struct plan_redo *redo, jv *ret_why,
    struct err *e)
{
	size_t n = plan_count(p);
	struct prune c = { .p = p, .redo = redo, .why = json_object() };
	AUTO_JV jv index = json_object();
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		AUTO_JV jv task = plan_task(p, i);

		json_set_int(&index, json_str(&task, "id"), (int64_t)i);
	}
	c.index = index;		/* lent */
	c.state = xcalloc(n + 1, sizeof(*c.state));
	for (size_t i = 0; r == 0 && i < n; i++)
		r = look(&c, i, e);
	free(c.state);
	if (ret_why && r == 0)
		*ret_why = c.why;
	else
		json_release(&c.why);
	return r < 0 ? -1 : c.count;
}
