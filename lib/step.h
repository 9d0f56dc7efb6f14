/*
 * step: a piece of work that is done once, whatever is killed when.
 *
 * A step has an id and a key: the digest of what decides its result (argument
 * list, declared environment, content of input files and of standard input,
 * the attempts of the steps it needs).  What it leaves is in one directory:
 *
 *	.		locked by the process that looks after the step
 *	lease		locked as long as any process of the step lives: the
 *			open file is inherited, so the kernel keeps it; has
 *			the number of who looks after it
 *	intent.json	the attempt that was begun last
 *	N/stdout, N/stderr	what attempt N printed
 *	N/output.json	what a `check` made of that
 *	result.json	the last result, put there by rename after fsync
 *	cancel		somebody wants it ended
 *	redo		the attempt whose result is to be done anew
 *
 * A result stands as long as the key is the same: the step is not run again,
 * what it printed is there to be had.  A step that was killed is run again,
 * but not before all that the killed attempt has left running is ended; two
 * that want the same step wait for each other, and the second takes over the
 * result of the first.
 *
 * A result is on the disk before anybody is told of it.  The intent is so as
 * soon as the program has run for a moment: of one that is over by then the
 * result tells, and what an intent tells whoever comes after a kill, that
 * something may still run, is not so after a crash of the machine.
 */
#ifndef AGENT_STEP_H
#define AGENT_STEP_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "json.h"
#include "sha256.h"
#include "strs.h"

enum step_outcome {
	STEP_NONE,		/* there is no result */
	STEP_OK,
	STEP_FAILED,		/* the program said no */
	STEP_ERRORED,		/* signal, time, what it runs on */
	STEP_SKIPPED,		/* its condition does not hold */
	STEP_OMITTED,		/* what it needs is not ok */
	STEP_DENIED,		/* by policy, or by a person */
	STEP_CANCELLED,
	STEP_OVER_BUDGET
};

const char *step_outcome_name(enum step_outcome outcome);
enum step_outcome step_outcome_of(const char *name);	/* or STEP_NONE */

/* What an exit status means; STEP_NONE for 75: it is to come again. */
enum step_outcome step_outcome_of_status(int status);

enum {
	STEP_FORCE = 1,		/* run it, whatever result there is */
	STEP_KEEP_FAILED = 2,	/* failed, denied and cancelled stand too */
	STEP_ASKS = 4,		/* its "no" (status 1) is denied, not failed */
	STEP_INPUT_FOLLOWS = 8,	/* `in` follows from the rest of the key */
	STEP_MAKES = 16		/* it is a make of its own, with the jobs of
				 * the one above */
};

struct step_spec {
	const char *dir;	/* where the steps of the flow are */
	const char *root;	/* where it runs, and names of files start */
	const char *flow, *id;	/* workspace_id_valid() */
	const char *const *argv;
	const char *const *command;	/* run this instead; it follows from
					 * the rest of the key; or NULL */
	const struct strs *env;		/* NAME=VALUE, part of the key */
	const struct strs *inputs;	/* files that must be there */
	const struct strs *outputs;	/* files that it must leave */
	const struct strs *needs;	/* ids of steps of the same flow */
	const char *salt;	/* more that is part of the key, or NULL */
	int in;			/* a regular file, its stdin; -1: empty */
	int64_t timeout, wait, delay;	/* ns */
	int retries;		/* of attempts that errored */
	unsigned flags;
	const volatile int *stop;
	/* an attempt begins: what intent.json says; may be NULL */
	int (*begun)(void *context, const jv *intent, struct err *e);
	/* what came of it, when the program has ended with 0, or, not `ok`,
	 * has said no; may be NULL */
	int (*check)(void *context, const char *stdout_file, bool ok,
	    struct err *e);
	void *context;
};

struct step_result {
	enum step_outcome outcome;
	int status;		/* of the program; 75, 128+n: no result */
	int64_t attempt, generation;
	bool ran;		/* now, as opposed to earlier */
	char key[SHA256_HEX_LEN + 1];
	char *message;		/* why not ok; or NULL */
	jv record;		/* result.json */
};

#define STEP_RESULT_INIT { .record = JSON_NONE }

void	step_result_release(struct step_result *r);
#define AUTO_STEP_RESULT __attribute__((cleanup(step_result_release)))

/*
 * Runs it, unless it is done.  0: `ret` tells.  -1: there is no result, for
 * a reason of ours: ST_TEMPFAIL when another process kept the step until the
 * end of `wait`, ST_NOINPUT for an input or a needed step that is not there,
 * ST_SIGNAL + n when `*stop` was set, ST_CANTCREATE, ST_IO.
 */
int	step_run(const struct step_spec *s, struct step_result *ret,
	    struct err *e);

/*
 * Records a result without running anything (skipped, omitted, denied...),
 * under the same locks; one that says the same stays.  `output`, when there
 * is any, is put into N/output.json.
 */
int	step_decide(const struct step_spec *s, enum step_outcome outcome,
	    int status, const char *message, const struct buf *output,
	    struct step_result *ret, struct err *e);

/* Whether an attempt for the same key was begun; the number of the last. */
bool	step_begun(const struct step_spec *s, int64_t *ret_attempt);

/* Whether one was begun after the last result, for whatever key. */
bool	step_unfinished(const char *dir, const char *id,
	    const struct step_result *last);

/* The last result, whether it still stands or not: 1, 0 none, -1. */
int	step_last(const char *dir, const char *id, struct step_result *ret,
	    struct err *e);

/* Whether that result stands: 1 or 0; -1 as above.  Takes no lock. */
int	step_done(const struct step_spec *s, struct step_result *ret,
	    struct err *e);

/*
 * Asks for its end: what runs is stopped, what has not begun will not.  1;
 * 0 when it is over already.
 */
int	step_cancel(const char *dir, const char *id, struct err *e);

/* The result that there is does not stand any more, nor does a `cancel`. */
int	step_redo(const char *dir, const char *id, struct err *e);

/* Whether somebody looks after it now: 1 or 0. */
int	step_running(const char *dir, const char *id, struct err *e);

/* Makes the directories of steps (NULL ends `ids`), on the disk: for many,
 * before they are run, at the price of one. */
int	step_make_dirs(const char *dir, const char *const *ids, struct err *e);

/* "DIR/ID/NAME", the caller's. */
char	*step_path(const char *dir, const char *id, const char *name);

#endif
