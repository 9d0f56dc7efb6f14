/*
 * foreign: other people's agents (codex, claude, gemini, opencode, goose, any
 * program) as ours: agent-spawn starts the real thing, says what it does in
 * our records, and answers for its end.
 *
 * It runs inside agent-sandbox with a home of its own below the run's
 * directory, where its configuration is written and its sessions stay, so
 * that the run can go on; the endpoint of its model is its only network.  The
 * prompt is its standard input, a file, or what it is asked in ACP.  What it
 * prints is put into records by a jq program, templates/foreign/TYPE.jq, that
 * gets each line and gives objects {type, data}: types of agent-record(5), and
 * these, which are for us:
 *
 *	session		id: what it calls the conversation, to go on with it
 *	model.delta	text: a piece of an answer that comes in pieces
 *	usage.live	what the messages so far cost; `step` names the message
 *			that it is of, which may be said again
 *	error		message, http_status, limit: why it will fail
 *	end		ok, text: it is done, or has failed
 *
 * Nothing that it prints, or fails to print, keeps us: silence, no end, no
 * exit after the end, a line without end, all are errors with a status of
 * their own, and the last record is a `result`.
 *
 * Adding one touches the table in foreign-kinds.c and adds a jq program.
 */
#ifndef AGENT_FOREIGN_H
#define AGENT_FOREIGN_H

#include "agent.h"
#include "err.h"
#include "json.h"

struct foreign;

/* NULL when there is no foreign agent of that type. */
const struct foreign *foreign_find(const char *type);

/*
 * What to ask the catalogue for when nobody names a model; NULL: its default.
 * `*ret_needs` is whether it needs one at all.
 */
const char *foreign_model(const struct foreign *kind, bool *ret_needs);

/*
 * Whether what agents.yaml says of the agent can be had, and the rules and
 * hooks that it is under; ST_CONFIG when not: what nobody could enforce is
 * refused rather than passed over.
 */
int	foreign_check(const struct foreign *kind, const jv *agent,
	    struct err *e);
int	foreign_check_rules(const struct foreign *kind, const jv *agent,
	    const struct permit *p, struct err *e);

/*
 * Runs it, as agent_run().  `agent` is what agents.yaml says, `dir` where
 * that is; of the task, `tools` and `options` are not used, for it has its
 * own: beside them it gets those of the box, and servers of tools.
 */
int	foreign_run(const struct foreign *kind, const struct agent_task *task,
	    const jv *agent, const char *dir, struct err *e);

/*
 * What it would start, for people: {"command":[...],"input","home":{FILE:
 * text}}.  Nothing is run or written.
 */
int	foreign_show(const struct foreign *kind,
	    const struct agent_task *task, const jv *agent, const char *dir,
	    jv *ret, struct err *e);

#endif
