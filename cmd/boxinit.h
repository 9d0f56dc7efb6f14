/*
 * boxinit: what the files of agent-sandbox-init share.
 *
 * No library of ours, and of libc only what boxlibc.c has: its start would
 * cost more than its work.  Whatever fails is told to the parent and ends the
 * init: init_fail().
 */
#ifndef AGENT_BOXINIT_H
#define AGENT_BOXINIT_H

#include <signal.h>
#include <stdint.h>
#include <sys/types.h>

#include "boxspec.h"

/* What the parent wants; read once, first of all. */
extern struct box_spec init_spec;
void	init_read_spec(void);	/* and enters the control groups */

/* boxinit-talk.c: a message, with a descriptor unless it is -1. */
void	init_tell(const struct box_msg *m, int fd);
void	init_say(enum box_msg_type type, int value, const char *text);
void	init_give(enum box_msg_type type, int value, uint32_t port,
	    int fd);	/* passes `fd` on and closes it */
void	init_fail(const char *what) __attribute__((noreturn));

/* boxinit-mounts.c: reads what is pinned in the workspace; that it is. */
void	init_check_mounts(void);

/* boxinit-net.c: listeners, passed out; a connection to a server inside. */
void	init_listen(void);
void	init_connect(const struct box_msg *m);

/* boxinit-rights.c: in the order in which they have to be given up. */
void	init_limit(void);
void	init_map_back(void);
void	init_protect_proc(void);
void	init_drop_rights(void);
void	init_scope(void);	/* needs no_new_privs */

/*
 * boxinit-filter.c: system call filters.  Ours holds for the init and so for
 * the command; those of the user's for the command alone, last of all before
 * it starts, when nothing is left to do but that.  With both and a listener
 * the command has ours by init_narrow() and the init by init_filter_self(),
 * after it, because a process can have one listener only.
 */
void	init_read_filters(void);
void	init_filter(void);
int	init_narrow(void);	/* a listener; -1: none, -2: failed, errno */
void	init_filter_self(void);

/* boxinit-command.c: a terminal of our own (its descriptor), the command's
 * pid.  Ends with 126 or 127 when it cannot be executed. */
int	init_terminal(void);
pid_t	init_start(char **argv, int tty, const sigset_t *mask);

#endif
