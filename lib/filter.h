/*
 * filter: jq programs that people write (conditions, mappings), over libjq.
 *
 * A program is compiled once, which costs libjq 1.6 about 14 ms, and then run
 * over many values.  It is a function of its input and its variables and of
 * nothing else:
 *
 *  - `env` and $ENV are empty, so a rule file that came with a project
 *    cannot copy keys into a record;
 *  - `import` and `include` are syntax errors, `modulemeta`, `input`,
 *    `inputs`, `halt` and `halt_error` are run-time errors;
 *  - `debug` and `stderr` are the identity: nothing is printed.
 *
 * A program of more than FILTER_PROGRAM_MAX bytes is refused; a run ends with
 * an error after FILTER_RESULTS_MAX results.  libjq has no step limit and
 * cannot be interrupted, so a run that neither ends nor gives a result within
 * FILTER_CPU_SECONDS of processor time, or lets the process grow by more than
 * FILTER_GROW_BYTES, ends the process: one line on stderr, status 124 or 71.
 * (SIGVTALRM and a timer that exists while programs run are used for that.)
 *
 * A `const jv *` is borrowed, as everywhere; results are owned or lent as
 * said below.
 */
#ifndef AGENT_FILTER_H
#define AGENT_FILTER_H

#include "err.h"
#include "json.h"

enum {
	FILTER_PROGRAM_MAX = 64 << 10,
	FILTER_RESULTS_MAX = 100000,
	FILTER_CPU_SECONDS = 3,
	FILTER_GROW_BYTES = 512 << 20
};

struct filter;

/*
 * Compiles.  `vars` are the names, without '$', of the variables that the
 * runs will give it, ended by NULL; NULL for none.  NULL with ST_CONFIG and
 * the reason ("syntax error, unexpected '|', line 1") when it is no program.
 */
struct filter *filter_new(const char *program, const char *const *vars,
	    struct err *e);
void	filter_free(struct filter *f);		/* NULL is fine */

/*
 * Runs over `input`, with the members of the object `vars` as variables (a
 * missing one, or NULL for `vars`, is null) and gives each result, lent, to
 * `fn`, until that returns non-zero.  The number of results given, or -1
 * (ST_DATA) when the program failed, after the results before that.
 */
typedef int (*filter_fn)(const jv *result, void *arg);
int	filter_each(struct filter *f, const jv *input, const jv *vars,
	    filter_fn fn, void *arg, struct err *e);

/* The first result, owned: 1; 0 when there is none; -1 as above. */
int	filter_first(struct filter *f, const jv *input, const jv *vars,
	    jv *ret, struct err *e);

/* Whether the first result is neither null nor false: 1 or 0; -1 as above. */
int	filter_test(struct filter *f, const jv *input, const jv *vars,
	    struct err *e);

#endif
