/* step-result: what came of a step, and whether that still stands. */
#include "config.h"

#include <errno.h>

#include "alloc.h"
#include "num.h"
#include "path.h"
#include "step-impl.h"

enum { RESULT_MAX = 1 << 20 };

static const char *const names[] = {
	[STEP_NONE] = "none", [STEP_OK] = "ok", [STEP_FAILED] = "failed",
	[STEP_ERRORED] = "errored", [STEP_SKIPPED] = "skipped",
	[STEP_OMITTED] = "omitted", [STEP_DENIED] = "denied",
	[STEP_CANCELLED] = "cancelled", [STEP_OVER_BUDGET] = "over_budget"
};

const char *
step_outcome_name(enum step_outcome outcome)
{
	return names[outcome];
}

enum step_outcome
step_outcome_of(const char *name)
{
	for (size_t i = 1; name && i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], name) == 0)
			return (enum step_outcome)i;
	return STEP_NONE;
}

enum step_outcome
step_outcome_of_status(int status)
{
	switch (status) {
	case ST_OK:
		return STEP_OK;
	case ST_TEMPFAIL:
		return STEP_NONE;
	case ST_BUDGET:
		return STEP_OVER_BUDGET;
	case ST_DENIED:
		return STEP_DENIED;
	case ST_UNAVAILABLE:
	case ST_BUG:
	case ST_SYSTEM:
	case ST_CANTCREATE:
	case ST_IO:
	case ST_PROTOCOL:
		return STEP_ERRORED;
	default:
		return status >= ST_TIMEOUT ? STEP_ERRORED : STEP_FAILED;
	}
}

void
step_result_release(struct step_result *r)
{
	free(r->message);
	json_release(&r->record);
	*r = (struct step_result)STEP_RESULT_INIT;
}

char *
step_path(const char *dir, const char *id, const char *name)
{
	return xasprintf("%s/%s/%s", dir, id, name);
}

static int
fill(jv record, const char *path, struct step_result *ret, struct err *e)
{
	AUTO_STEP_RESULT struct step_result r = { .record = record };
	const char *key = json_str(&record, "key");
	const char *message = json_str(&record, "message");
	int64_t status;

	r.outcome = step_outcome_of(json_str(&record, "result"));
	if (r.outcome == STEP_NONE || !key || strlen(key) != SHA256_HEX_LEN ||
	    !json_int(&record, "status", &status) ||
	    !json_int(&record, "attempt", &r.attempt) ||
	    !json_int(&record, "generation", &r.generation))
		return err_set(e, ST_DATA, "'%s' is no result of a step",
		    path);
	r.status = (int)status;
	memcpy(r.key, key, SHA256_HEX_LEN);
	r.message = message ? xstrdup(message) : NULL;
	step_result_release(ret);
	*ret = r;
	r = (struct step_result)STEP_RESULT_INIT;
	return 1;
}

int
step_last(const char *dir, const char *id, struct step_result *ret,
    struct err *e)
{
	AUTO_FREE char *path = step_path(dir, id, "result.json");
	AUTO_BUF struct buf text = BUF_INIT;
	jv record;

	if (path_read(path, RESULT_MAX, &text, e) < 0)
		return path_exists(path) ? -1 : 0;
	if (json_parse(text.data, text.len, &record, e) < 0)
		return err_prefix(e, "'%s'", path);
	return fill(record, path, ret, e);
}

/* Whether the files that it left are as it left them. */
static int
outputs_stand(const struct step_spec *s, const jv *record, struct err *e)
{
	AUTO_JV jv digests = json_get(record, "outputs");

	for (size_t i = 0; s->outputs && i < s->outputs->n; i++) {
		char now[SHA256_HEX_LEN + 1];
		const char *then = json_str(&digests, s->outputs->v[i]);

		if (step_digest(s->root, s->outputs->v[i], now, e) < 0)
			return e->status == ST_NOINPUT ? 0 : -1;
		if (!then || strcmp(then, now) != 0)
			return 0;
	}
	return 1;
}

int
step_redo(const char *dir, const char *id, struct err *e)
{
	AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
	AUTO_FREE char *cancel = step_path(dir, id, "cancel");
	AUTO_FREE char *path = step_path(dir, id, "redo");
	AUTO_FREE char *text = NULL;
	int there = step_last(dir, id, &r, e);

	if (there < 0)
		return -1;
	if (unlink(cancel) < 0 && errno != ENOENT)
		return err_sys(e, ST_IO, "cannot remove '%s'", cancel);
	text = xasprintf("%lld", (long long)r.attempt);
	return there ? path_write_atomic(path, text, strlen(text), 0600, e) :
	    0;
}

/* Whether that result was asked to be done anew. */
static bool
is_redone(const struct step_spec *s, const struct step_result *r)
{
	AUTO_FREE char *path = step_path(s->dir, s->id, "redo");
	AUTO_BUF struct buf text = BUF_INIT;
	struct err ignored;
	int64_t attempt;

	return path_read(path, 64, &text, &ignored) == 0 &&
	    num_parse_int(text.data, 0, INT64_MAX, &attempt) == 0 &&
	    attempt == r->attempt;
}

int
step_done(const struct step_spec *s, struct step_result *ret, struct err *e)
{
	AUTO_STEP_RESULT struct step_result r = STEP_RESULT_INIT;
	char key[SHA256_HEX_LEN + 1];
	bool stands;
	int there = step_last(s->dir, s->id, &r, e);

	if (there <= 0)
		return there;
	if (step_key(s, key, e) < 0)
		return -1;
	switch (r.outcome) {
	case STEP_OK:
	case STEP_SKIPPED:
	case STEP_OMITTED:
		stands = true;
		break;
	case STEP_FAILED:
	case STEP_DENIED:
	case STEP_CANCELLED:
		stands = s->flags & STEP_KEEP_FAILED;
		break;
	default:
		stands = false;
	}
	if (!stands || strcmp(key, r.key) != 0 || is_redone(s, &r))
		return 0;
	if (r.outcome == STEP_OK && (there = outputs_stand(s, &r.record,
	    e)) <= 0)
		return there;
	step_result_release(ret);
	*ret = r;
	r = (struct step_result)STEP_RESULT_INIT;
	return 1;
}
