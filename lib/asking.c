/* asking: a question to a person, through a gate. */
#include "config.h"

#include "asking.h"

#include "alloc.h"
#include "child.h"
#include "fd.h"
#include "path.h"
#include "strs.h"

enum { ANSWER_MAX = 64 << 10, GRACE_SECONDS = 3 };

/* "approve: but rename it\n": what comes after the colon, or all of it. */
static void
take_words(const struct asking *a, const struct buf *out, struct buf *words)
{
	const char *text = out->len > 0 ? out->data : "";
	const char *colon = strstr(text, ": ");

	buf_reset(words);
	buf_adds(words, a->kind ? text : colon ? colon + 2 : "");
	while (words->len > 0 && words->data[words->len - 1] == '\n')
		buf_truncate(words, words->len - 1);
}

/* Its exit status, what it printed in `out`. */
static int
run_gate(const char *const *argv, struct deadline until,
    const volatile int *stop, struct buf *out, struct err *e)
{
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child child = CHILD_INIT;
	int status = 0, r;

	spec.argv = argv;
	spec.in = CHILD_NULL;
	spec.out = CHILD_PIPE;
	if (child_start(&spec, &child, e) < 0)
		return -1;
	r = child_wait(&child, until, stop, &status, e);
	if (r == 0)
		err_set(e, ST_TIMEOUT, "no answer in time");
	if (r > 0 && fd_read_all(child.out, ANSWER_MAX, until, out, e) < 0)
		r = -1;
	child_stop(&child, GRACE_SECONDS * CLOCK_SEC);
	return r > 0 ? status : -1;
}

int
asking_person(const struct asking *a, struct deadline until,
    const volatile int *stop, struct buf *words, struct err *e)
{
	char *gate = path_program("agent-gate", e);
	AUTO_STRS struct strs argv = STRS_INIT;
	AUTO_BUF struct buf out = BUF_INIT;
	int status;

	if (!gate)
		return -1;
	strs_take(&argv, gate);
	STRS_ADD(&argv, "-C", a->root, "ask", "--from", a->agent, "--key",
	    a->key, "--subject", a->subject);
	if (a->show)
		STRS_ADD(&argv, "--show", a->show);
	if (a->kind)
		STRS_ADD(&argv, "--kind", a->kind);
	for (size_t i = 0; a->options && i < json_count(a->options); i++) {
		AUTO_JV jv one = json_at(a->options, i);
		STRS_ADD(&argv, "-o", json_string(&one));
	}
	if (a->park)
		STRS_ADD(&argv, "--wait", "0");
	STRS_ADD(&argv, "--", a->question);
	status = run_gate((const char *const *)argv.v, until, stop, &out, e);
	if (status < 0)
		return -1;
	take_words(a, &out, words);
	if (status == ST_OK || status == ST_NO)
		return status == ST_OK;
	if (status == ST_TEMPFAIL)
		return err_set(e, status, "waiting for a person: %s "
		    "(agent-gate shows it and takes the answer)",
		    a->question);
	return err_set(e, status, "the question could not be asked");
}
