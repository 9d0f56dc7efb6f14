/* sandbox-impl: what the files of the sandbox module share; private to them. */
#ifndef AGENT_SANDBOX_IMPL_H
#define AGENT_SANDBOX_IMPL_H

#include "boxcache.h"
#include "boxdenied.h"
#include "boxfilter.h"
#include "boxlimits.h"
#include "boxnet.h"
#include "boxreport.h"
#include "boxspec.h"
#include "boxtty.h"
#include "janitor.h"
#include "loop.h"
#include "mounts.h"
#include "relay.h"
#include "sandbox.h"
#include "term.h"

/* What is only tried when the plain way has failed. */
struct attempt {
	bool uproot;		/* leave the chroot first */
	bool bind_proc;		/* show the /proc of the sandbox around us */
};

/* One sandbox while it lives. */
struct box {
	const struct sandbox *s;
	const struct rules *rules;
	struct attempt how;
	struct loop loop;
	struct box_spec spec;
	struct mounts mounts;
	struct boxcache caches;
	struct boxfilters filters;
	struct strs env;
	struct boxlimits limits;
	struct janitor janitor;
	struct boxnet net;
	struct relay relays[3];
	struct boxreport report;
	struct boxdenied denied;
	struct boxtty tty;
	struct term_filter clean[3];	/* for output to a terminal */
	int control;		/* our side of the socket */
	int messages;		/* what bwrap says: a memory file */
	int signals;
	pid_t pid;		/* bwrap */
	int pidfd;
	int inside;		/* pidfd of the init, once it has spoken; -1 */
	int ends[3];		/* the command's 0, 1, 2 */
	bool piped[3];
	bool started, exited, gone, failed;
	int early_signal;	/* came before the command was known to run */
	int wait_status;	/* of the command */
	int status;		/* to end with */
	struct box_msg usage;
	const char *struck;	/* the limit that ended it */
	const char *hit;	/* one that the kernel kept, when it exited */
	struct deadline until, drain;
	int64_t began, began_wall;
	struct err *e;
};

/* sandbox-plan.c: what the rules amount to on this host: fills in the spec,
 * the mounts, the environment.  Nothing is started. */
int	sandbox_plan(struct box *b);

/* sandbox-start.c: sets up our side; starts bwrap. */
int	sandbox_prepare(struct box *b);
int	sandbox_start(struct box *b);

/* sandbox-talk.c: signals and what the init says. */
int	sandbox_catch_signals(struct box *b);
int	sandbox_make_control(struct box *b, int *ret_inside);
int	sandbox_tell_init(struct box *b);	/* it waits for that */
int	sandbox_watch_end(struct box *b);
void	sandbox_hear(struct box *b);	/* the rest, when all has ended */
void	sandbox_await_inside(struct box *b);	/* until nothing runs there */

/* Ends everything inside. */
void	sandbox_kill(struct box *b);

/* A limit was passed: ends it, with this status. */
void	sandbox_strike(struct box *b, const char *limit, int status);

/* sandbox-end.c: how it ended; says what people should know. */
int	sandbox_conclude(struct box *b);
void	sandbox_warn(const struct box *b);

#endif
