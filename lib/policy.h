/*
 * policy: rules that people write, which allow, deny or leave it to them.
 *
 *	policy:
 *	  - tool: [write_file, edit_file]
 *	    when: .arguments.path | startswith("t/")
 *	    deny: the tests are right; mend the program
 *	  - when: .tool == "shell" and (.arguments.command | test("git +push"))
 *	    ask: May it push?
 *	  - allow: true
 *
 * A rule applies when what it names fits (`tool`, `agent`: a shell pattern or
 * a list of them, against the members of that name) and its condition, a jq
 * program over the subject, is true.  The first rule that applies decides.
 * What no rule applies to is allowed: the sandbox holds what must be held.
 *
 * A condition that fails (a type error, say) counts as true in a rule that
 * denies or asks, and as false in one that allows: it errs on the safe side.
 */
#ifndef AGENT_POLICY_H
#define AGENT_POLICY_H

#include "err.h"
#include "json.h"
#include "yaml.h"

enum policy_verdict { POLICY_ALLOW, POLICY_DENY, POLICY_ASK };

struct policy;

/* The members of a rule, for yaml_check(). */
extern const struct yaml_shape policy_shape[];

/*
 * Compiles a list of rules.  NULL with ST_CONFIG and "rule 2: reason" when
 * one is wrong: neither or more than one of allow, deny and ask, or no jq
 * program.  JSON_NONE is the empty list.
 */
struct policy *policy_new(const jv *rules, struct err *e);
void	policy_free(struct policy *p);		/* NULL is fine */

/* All that is wrong with the rules at `path` of a document. */
void	policy_check(const struct yaml_doc *doc, const char *path,
	    struct yaml_problems *problems);

/*
 * Decides on a subject, an object such as {"tool","arguments","agent",
 * "workspace"}.  `*ret_words` is the reason or the question, which lives as
 * long as the policy; NULL when there is none.
 */
enum policy_verdict policy_decide(struct policy *p, const jv *subject,
	    const char **ret_words);

/*
 * What the rules say of a tool, {"tool","agent"}, whatever it is called with:
 * an enum policy_verdict, or -1 where that depends on a condition.
 */
int	policy_of_tool(const struct policy *p, const jv *subject);

/*
 * Whether a rule that does not allow may be about some of the tools whose
 * names begin with the `tool` of the subject, and not about all of them.
 */
bool	policy_divides(const struct policy *p, const jv *subject);

#endif
