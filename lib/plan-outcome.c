/* plan-outcome: what has become of a plan and of each of its tasks. */
#include "config.h"

#include "alloc.h"
#include "path.h"
#include "plan-impl.h"

char *
plan_stamp(const struct plan *p, const jv *task)
{
	return xasprintf("%s/stamps/%s.%s", p->dir, json_str(task, "id"),
	    json_str(task, "def"));
}

/* Whether something in a loop or a flow waits for an answer. */
static int
has_parked(const struct plan *p, const char *id, struct err *e)
{
	AUTO_PLAN struct plan sub = PLAN_INIT;
	int there = plan_open_sub(p, id, &sub, e);

	for (size_t i = 0; there > 0 && i < plan_count(&sub); i++) {
		AUTO_JV jv task = plan_task(&sub, i);
		AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
		const char *state = plan_state(&sub, &task, &r, e);

		if (!state)
			return -1;
		if (strcmp(state, "parked") == 0)
			return 1;
	}
	return there < 0 ? -1 : 0;
}

const char *
plan_state(const struct plan *p, const jv *task, struct step_result *ret,
    struct err *e)
{
	const char *id = json_str(task, "id");
	const char *kind = json_str(task, "kind");
	AUTO_FREE char *stamp = plan_stamp(p, task);
	int r = step_running(p->steps, id, e);
	int parked = 0;

	if (r < 0)
		return NULL;
	if (r == 1)
		return "running";
	r = step_last(p->steps, id, ret, e);
	if (r < 0)
		return NULL;
	if (r == 1 && path_exists(stamp))
		return step_outcome_name(ret->outcome);
	if (plan_has_sub(task))
		parked = has_parked(p, id, e);
	else if (strcmp(kind, "gate") == 0)
		parked = step_unfinished(p->steps, id, ret);
	return parked < 0 ? NULL : parked ? "parked" : "waiting";
}

void
plan_weigh(struct plan_tally *t, const jv *task, const char *state)
{
	/* from what is least bad to what most is to be known of */
	static const enum step_outcome order[] = { STEP_OK, STEP_FAILED,
	    STEP_DENIED, STEP_CANCELLED, STEP_ERRORED, STEP_OVER_BUDGET };
	enum step_outcome outcome = step_outcome_of(state);
	const char *how = json_str(task, "on_error");

	if (outcome == STEP_NONE)
		t->unfinished = true;
	if (how && strcmp(how, "continue") == 0)
		return;
	/* what is omitted has a failure before it, which counts */
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (order[i] == outcome && i > t->weight) {
			t->weight = i;
			t->worst = outcome;
		}
}

int
plan_tally_status(const struct plan_tally *t)
{
	if (t->worst == STEP_OVER_BUDGET)
		return ST_BUDGET;
	if (t->weight > 0)
		return ST_NO;
	return t->unfinished ? ST_TEMPFAIL : ST_OK;
}

int
plan_sub_status(const struct plan *p, struct err *e)
{
	struct plan_tally t = PLAN_TALLY_INIT;

	for (size_t i = 0; i < plan_count(p); i++) {
		AUTO_JV jv task = plan_task(p, i);
		AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
		const char *state = plan_state(p, &task, &r, e);

		if (!state)
			return -1;
		plan_weigh(&t, &task, state);
	}
	/* nothing is over as long as something in it is to come */
	if (t.unfinished)
		return ST_TEMPFAIL;
	switch (t.worst) {
	case STEP_OVER_BUDGET:
		return ST_BUDGET;
	case STEP_ERRORED:
		return ST_UNAVAILABLE;
	case STEP_DENIED:
		return ST_DENIED;
	default:
		return t.weight > 0 ? ST_NO : ST_OK;
	}
}
