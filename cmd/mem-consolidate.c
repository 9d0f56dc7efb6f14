/*
 * mem-consolidate: fewer notes that say the same.
 *
 * What needs no judgement is done first.  A model then gets notes that
 * resemble one another, by way of agent-ask, a question at a time; each
 * answer is done as a whole, so that a killed one goes on with the next.
 */
#include "config.h"

#include "mem.h"

#include "alloc.h"
#include "child.h"
#include "memory-condense.h"
#include "memory-merge.h"
#include "path.h"

enum { ANSWER_MAX = 1 << 20 };
#define PATIENCE (600 * CLOCK_SEC)

struct consolidating {
	const struct mem_options *o;
	struct condense c;
	int64_t expired, merged;	/* by rules */
	struct buf out;
};

static void
say(void *arg, const jv *action)
{
	struct consolidating *k = arg;
	AUTO_JV jv ids = json_get(action, "ids");
	const char *more = json_str(action, "text");

	if (k->o->format == MEM_NDJSON) {
		json_write(action, &k->out);
		buf_addc(&k->out, '\n');
		return;
	}
	buf_adds(&k->out, json_str(action, "do"));
	for (size_t i = 0; i < json_count(&ids); i++) {
		AUTO_JV jv id = json_at(&ids, i);
		buf_addf(&k->out, "%s %s", i ? "," : "", json_string(&id));
	}
	if (!more)
		more = json_str(action, "by");
	buf_addf(&k->out, "%s%s\n", more ? ": " : "", more ? more : "");
}

static int
by_rules(struct consolidating *k, struct err *e)
{
	struct memory *m = k->c.m, *tx AUTO_MEMORY_ROLLBACK = m;

	if (memory_begin(m, e) < 0)
		return -1;
	k->expired = memory_expire(m, e);
	k->merged = k->expired < 0 ? -1 : memory_merge(m, e);
	if (k->merged < 0)
		return -1;
	return k->o->dry_run ? 0 : memory_commit(m, e);
}

/* One question: its answer, as it was printed. */
static int
ask(const struct mem_options *o, const char *question, struct buf *answer,
    struct err *e)
{
	AUTO_FREE char *line = o->command ? xstrdup(o->command) : NULL;
	AUTO_FREE char *self = line ? NULL : path_program("agent-ask", e);
	const char *ours[] = { self, "-m", o->model, "--no-stream",
		"--schema", condense_schema, NULL };
	const char *theirs[MEM_WORDS + 1];
	struct child_spec spec = CHILD_SPEC_INIT;
	int status;

	if (!line && !self)
		return -1;
	if (line && mem_split(line, theirs) == 0)
		return err_set(e, ST_USAGE, "--command is empty");
	spec.argv = line ? theirs : ours;
	spec.stop = &cli_signal;
	status = child_run(&spec, question, ANSWER_MAX, deadline_in(PATIENCE),
	    answer, e);
	if (status > 0)		/* it has said why */
		return err_set(e, status, "'%s' ended with status %d; what "
		    "was done so far is kept", spec.argv[0], status);
	return status;
}

static int
by_model(struct consolidating *k, struct err *e)
{
	int r;

	if (condense_begin(&k->c, k->o->all, e) < 0)
		return -1;
	for (;;) {
		AUTO_BUF struct buf question = BUF_INIT, answer = BUF_INIT;
		AUTO_JV jv value = JSON_NONE;
		r = condense_ask(&k->c, &question, e);
		if (r <= 0)
			return r;
		if (ask(k->o, question.data, &answer, e) < 0)
			return -1;
		if (json_parse(answer.data ? answer.data : "", answer.len,
		    &value, e) < 0 || !json_is(&value, JSON_OBJECT))
			return err_set(e, ST_PROTOCOL,
			    "the answer of the model is no JSON object");
		if (condense_answer(&k->c, &value, e) < 0 ||
		    mem_flush(&k->out, true, e) < 0)
			return -1;
	}
}

static int
finish(struct consolidating *k, struct err *e)
{
	const struct condense *c = &k->c;
	long long expired = (long long)(k->expired + c->expired);
	long long merged = (long long)(k->merged + c->merged);

	if (k->o->format == MEM_NDJSON)
		buf_addf(&k->out, "{\"expired\":%lld,\"merged\":%lld,"
		    "\"replaced\":%lld,\"refused\":%lld}\n", expired, merged,
		    (long long)c->replaced, (long long)c->refused);
	else
		buf_addf(&k->out, "%lld expired, %lld merged", expired,
		    merged);
	if (k->o->format != MEM_NDJSON && (k->o->model || k->o->command))
		buf_addf(&k->out, ", %lld replaced, %lld refused",
		    (long long)c->replaced, (long long)c->refused);
	buf_adds(&k->out, k->o->format == MEM_NDJSON ? "" : "\n");
	if (mem_flush(&k->out, true, e) < 0)
		return -1;
	return k->o->format == MEM_NDJSON ? mem_result("consolidate",
	    expired + merged + c->replaced, e) : ST_OK;
}

int
mem_consolidate(const struct mem_options *o, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	struct consolidating k = { .o = o, .c = { .m = &m,
		.dry_run = o->dry_run, .say = say, .arg = &k } };
	int r = mem_open(o, MEMORY_NOCREATE, &m, e);

	if (r == 0)
		r = by_rules(&k, e);
	if (r == 0 && (o->model || o->command))
		r = by_model(&k, e);
	if (r == 0)
		r = finish(&k, e);
	condense_end(&k.c);
	buf_release(&k.out);
	return r;
}
