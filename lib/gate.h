/*
 * gate: questions to people, what the policy says to them first, and who may
 * answer what.
 *
 * A question is bound to what was shown with it by a digest over question,
 * options and text.  An answer to a file that was changed since is refused,
 * and so is the use of one: the asker gets a new question instead.
 *
 * Before people, the policy is asked (agent-config(5), policy.gates), then
 * what they said once and for the future.  A workspace may have come with
 * somebody's repository, so its rules can deny or leave it to people, but
 * only those of the user's own file can allow.
 *
 * Silence is never yes: the deadline of a question lets it be open (hold),
 * deny it, or end the waiting of who asked (halt).
 */
#ifndef AGENT_GATE_H
#define AGENT_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "hub.h"
#include "settings.h"
#include "workspace.h"

enum { GATE_SHOWN_MAX = 1 << 20 };

struct gate_question {
	const char *source;		/* address of who asks */
	const char *kind;		/* "approval", "user_input"... */
	const char *question;
	const char *subject;		/* what an answer may be remembered
					 * for; NULL: the question */
	const char *key;		/* NULL: a new question each time */
	const char *path;		/* of the file that is shown, or NULL */
	const char *shown;		/* a text that is shown, or NULL */
	const char *who;		/* a role, user, or "@group"; NULL */
	const char *then;		/* "hold", "deny", "halt" */
	const char *run, *task;
	jv options;			/* array of words; borrowed */
	int64_t deadline_ns;		/* -1: none */
};

/*
 * Puts a question; `*ret` is the gate, which may be answered already: by the
 * policy, by what was remembered, or, with a key, by somebody before.
 * Behind a socket `w` is NULL and the other end asks the policy.
 * ST_CONFIG when the policy is wrong, ST_NOINPUT for a file.
 */
int	gate_ask(struct hub *h, const struct workspace *w,
	    const struct gate_question *q, jv *ret, struct err *e);

/* As gate_ask() for a question that came as an object of hub.h. */
int	gate_put(struct hub *h, const struct workspace *w, jv question,
	    jv *ret, struct err *e);

/*
 * Waits for the answer: 1 when the gate is not open any more (answered, or
 * cancelled), 0 when it still is: out of time, or overdue with "halt".
 * `*ret` is replaced by what the gate is then.
 */
int	gate_wait(struct hub *h, jv *ret, struct deadline until,
	    const volatile int *stop, struct err *e);

/* Whether an answer says no: "deny", "no", "reject". */
bool	gate_denies(const char *answer);

/* ST_DENIED when the file that was shown is another one now. */
int	gate_unchanged(const jv *gate, struct err *e);

/*
 * Answers in the name of the user of this process, if he may and if `answer`
 * is one of the options ("deny" always is).  1; 0 when somebody was first,
 * `*ret` being the gate as it is; -1.  On the audit trail.
 */
int	gate_answer(struct hub *h, const struct workspace *w, const char *id,
	    const struct hub_answer *a, jv *ret, struct err *e);

#endif
