/*
 * foreign-impl: what the parts of foreign.h share.
 *
 * foreign-run.c begins and ends the run, foreign.c keeps watch over each start
 * of the agent, foreign-event.c takes what it says,
 * foreign-box.c starts it, foreign-kinds.c knows each, foreign-acp.c talks
 * with those that speak ACP, foreign-budget.c keeps the books, foreign-meter.c
 * asks them before each request, foreign-permit.c knows what it may do,
 * foreign-servers.c what tools of ours it gets.
 */
#ifndef AGENT_FOREIGN_IMPL_H
#define AGENT_FOREIGN_IMPL_H

#include "agent-impl.h"
#include "child.h"
#include "filter.h"
#include "foreign.h"
#include "ledger.h"
#include "ndjson.h"
#include "strs.h"

/* The home of the agent, as it sees it. */
#define FOREIGN_HOME "/run/home"

/* What a model.usage of it tells. */
enum foreign_usage {
	FOREIGN_EACH,		/* a step: they add up */
	FOREIGN_RUN,		/* all of this run */
	FOREIGN_SESSION		/* all of the session, also of earlier runs */
};

struct foreign_run;

/* A tool of theirs, and the tools of ours that it is like. */
struct foreign_tool {
	const char *name;
	unsigned ours;
};
extern const struct foreign_tool foreign_claude_tools[],
    foreign_gemini_tools[], foreign_opencode_tools[];

struct foreign {
	const char *type;
	const char *program;	/* NULL: agents.yaml has to say */
	bool translated;	/* by TYPE.jq; else it speaks our records, or
				 * text */
	bool dialogue;		/* speaks ACP: foreign-acp.c */
	bool modelless;		/* may do without */
	bool servers;		/* of tools can be given to it */
	bool tells_cost;	/* in money: that counts for its own limit */
	bool errors_last;	/* no good end after one takes it back */
	bool status_is_http;	/* exit status: HTTP status modulo 256 */
	const char *model;	/* spec when nobody names one, or NULL */
	const char *protocol;	/* that it speaks, or NULL: look not */
	const char *key;	/* the variable that it reads its key from */
	const char *rules;	/* file in its home that gets the briefing */
	const struct foreign_tool *tools;	/* that can be switched off */
	enum foreign_usage usage;
	/* adds arguments and environment, writes files into the home */
	int (*prepare)(struct foreign_run *f, struct err *e);
};

struct foreign_run {
	const struct foreign *kind;
	const jv *agent;
	const char *dir;	/* of agents.yaml */
	const char *prompt;	/* what it is told */
	char *told;		/* the same, where it is ours; or NULL */
	struct run run;		/* agent_say(), agent_end() */
	/* how it is started */
	char *home;
	char *host, *port;	/* of the model; or NULL */
	char *base, *origin;	/* its URL as the agent gets it, and up to
				 * the version */
	char *inject;		/* rule of agent-sandbox for its key, or NULL */
	char *session_file, *stderr_file;
	jv shown;		/* an object: its files go there instead */
	struct strs args, env;
	bool plan;		/* changes nothing */
	jv servers;		/* {NAME: {"command","args","env","secret"}}
				 * that it gets */
	struct strs shows;	/* words of agent-sandbox for them */
	struct strs secrets;	/* NAME=VALUE */
	struct strs denied;	/* tools of its own that are switched off */
	char *key;		/* of the model; or NULL */
	const char *key_as;	/* the variable for one inside; or NULL */
	struct child child;
	/* what it says */
	struct filter *filter;
	struct ndjson_reader reader;
	jv state;		/* {"id","usage"}: kept in session_file */
	jv called;		/* {ID: {"name","arguments"}} of calls that
				 * have no result */
	struct buf pending;	/* pieces of an answer */
	unsigned long files;
	char *step;		/* that the last live usage was of */
	struct model_usage live, last_live, counted;
	struct model_usage total;	/* of the starts before */
	int starts;		/* how often */
	/* what it may spend */
	struct ledger *ledger;	/* NULL: nothing is booked */
	int meter;		/* its broker asks there; -1 */
	int meter_inside;	/* the broker's end, while it is started */
	struct foreign_request *requests;	/* that it has under way */
	size_t nrequests;
	struct model_usage used;	/* by their answers, in this start */
	struct err broke;	/* why nothing goes out any more */
	struct deadline leave;	/* until then it may end by itself */
	int64_t messages, lines, bad_lines, records;
	bool ended, ok;		/* it said that it is done; and that well */
	bool prompted;		/* in a dialogue: it has the task */
	bool ours;		/* the end is our doing */
	struct err failure;	/* status ST_OK: none */
	const char *limit;	/* that it ran into, in its words */
	int64_t heard;		/* when it last said something */
	double cost_max;
	int64_t idle_ns;
};

/* foreign.c: keeps watch over it until it has ended, and judges that. */
void	foreign_watch(struct foreign_run *f, struct err *e);

/* foreign-run.c: from the task; and back. */
void	foreign_init(struct foreign_run *f, const struct foreign *kind,
	    const struct agent_task *task, const jv *agent, const char *dir);
void	foreign_release(struct foreign_run *f);

/* foreign-box.c: finds what it needs, fills its home; the words
 * that start it, agent-sandbox first; starts it.
 * None releases anything. */
int	foreign_prepare(struct foreign_run *f, struct err *e);
int	foreign_words(struct foreign_run *f, struct strs *argv, struct err *e);
int	foreign_start(struct foreign_run *f, struct err *e);

/*
 * foreign-permit.c: the tools of its own that the rules switch off, appended;
 * ST_CONFIG for rules and hooks that it cannot be held to.
 */
int	foreign_permit(const struct foreign *kind, const jv *agent,
	    const struct permit *p, struct strs *ret, struct err *e);

/*
 * foreign-servers.c: finds the servers of tools that it gets, and writes what
 * ours needs; the environment for one, secrets as BEFORE NAME AFTER.
 */
int	foreign_servers(struct foreign_run *f, struct err *e);
jv	foreign_server_env(const jv *server, const char *before,
	    const char *after);

/* Whether the rules are some that it can be held to, with those tools. */
int	foreign_check_tools(const struct foreign *kind, const jv *agent,
	    const struct permit *p, struct err *e);

/* A file in the home, its directories made. */
int	foreign_write(struct foreign_run *f, const char *name,
	    const char *text, size_t len, struct err *e);

/* foreign-event.c: one thing that it said, {type, data}; borrowed. */
int	foreign_event(struct foreign_run *f, const jv *event, struct err *e);

/* Says what came in pieces, as a message. */
int	foreign_flush(struct foreign_run *f, struct err *e);

/* Tokens in and out, as far as is known now. */
int64_t	foreign_tokens(const struct foreign_run *f, double *ret_cost);

/*
 * At the end of a start of it: adds the usage that was only known on the way,
 * when no other came, and all of it to the total.
 */
int	foreign_settle_usage(struct foreign_run *f, struct err *e);

/*
 * foreign-budget.c: opens the books, and looks whether there is anything left
 * (ST_BUDGET); what a request leases, but for its length; closes them.
 */
int	foreign_budget_begin(struct foreign_run *f, struct err *e);
struct ledger_want foreign_want(const struct foreign_run *f);
void	foreign_budget_end(struct foreign_run *f);

/*
 * foreign-meter.c: makes the socket that its broker asks at, where something
 * is booked; does what has come there; waits for that, or its output; settles
 * what is left.
 */
int	foreign_meter_open(struct foreign_run *f, struct err *e);
void	foreign_meter_step(struct foreign_run *f);
int	foreign_meter_wait(struct foreign_run *f, struct deadline until,
	    struct err *e);
void	foreign_meter_close(struct foreign_run *f);

/*
 * foreign-acp.c: the first question; a line of it: 1 when that was for us, 0
 * when it is to be translated, -1; and that it shall stop.
 */
int	foreign_acp_begin(struct foreign_run *f, struct err *e);
int	foreign_acp_take(struct foreign_run *f, const jv *m, struct err *e);
void	foreign_acp_cancel(struct foreign_run *f);

/* The exit status for a status of HTTP. */
int	foreign_http(int64_t http_status);

#endif
