/*
 * boxspec: what agent-sandbox and the init inside tell each other.
 *
 * They talk over one SOCK_SEQPACKET socket, descriptor BOX_CONTROL_FD in the
 * init, which closes it before it starts the command.  First the box_spec
 * comes in, with the control groups to enter; then small messages go both
 * ways, each a struct box_msg, some with descriptors (SCM_RIGHTS).  Both sides
 * come from one build, so there is no version but the size.
 */
#ifndef AGENT_BOXSPEC_H
#define AGENT_BOXSPEC_H

#include <stdint.h>

enum {
	BOX_CONTROL_FD = 3,
	BOX_STDERR_FD = 4,	/* the command's stderr; the init's own is
				 * bwrap's, which the parent reads */
	BOX_MAGIC = 0x426f7831
};

/* How strict the system call filter is. */
enum box_filter {
	BOX_FILTER_DEFAULT,
	BOX_FILTER_DEVEL,	/* a debugger works */
	BOX_FILTER_NESTED,	/* namespaces and mounts may be made */
	BOX_FILTER_NESTED_DEVEL,
	BOX_FILTER_COUNT,
	BOX_FILTER_NONE = BOX_FILTER_COUNT
};

enum {
	BOX_PROC_RO = 1 << 0,	/* make /proc read-only (a root caller) */
	BOX_MAP_BACK = 1 << 1,	/* we are uid 0 here: become uid, gid again */
	BOX_TTY = 1 << 2,	/* a terminal of its own for 0 and 1 */
	BOX_TTY_ERR = 1 << 3,	/* and for 2 */
	BOX_NOTIFY = 1 << 4,	/* refused calls are told to the parent */
	BOX_AUDIT = 1 << 5,	/* and it is asked before writes: boxwrites.h */
	BOX_SCOPE = 1 << 6,	/* abstract sockets of others are closed */
	BOX_OWN_GROUPS = 1 << 7	/* its control groups look like the root */
};

/* Listeners made inside and passed out. */
enum box_listen {
	BOX_LISTEN_PROXY = 1 << 0,	/* 127.0.0.1, any port */
	BOX_LISTEN_PLAIN = 1 << 1,	/* all of 127/8: port 80, 443 */
	BOX_LISTEN_DNS = 1 << 2		/* UDP 127.0.0.1:53 */
};

enum {
	BOX_RLIMITS = 24,
	BOX_PORTS_MAX = 32,
	BOX_PINS_LENGTH = 65536,
	BOX_GROUPS_MAX = 3,	/* descriptors with the spec: "0" enters */
	BOX_FILTERS_MAX = 4,
	BOX_FILTERS_LENGTH = 2500	/* of 4096, with ours and some twice */
};

struct box_rlimit {
	int32_t resource;
	int64_t value;
};

struct box_spec {
	uint32_t magic;
	uint32_t flags;
	uint32_t filter;
	uint32_t uid, gid;
	uint32_t listen;	/* BOX_LISTEN_... */
	uint32_t proxy_port;	/* 0: any */
	uint32_t nports;	/* let in: listeners at 127.0.0.1:port */
	uint16_t ports[BOX_PORTS_MAX];
	int32_t pid_max;	/* 0: leave it */
	int32_t cpus;		/* run on the first n; 0: all */
	uint16_t rows, cols;	/* of the terminal */
	uint32_t nfilters;	/* each follows in a message of its own */
	uint16_t filter_length[BOX_FILTERS_MAX];
	uint32_t pins_length;	/* of a message after those; 0: none */
	uint32_t nrlimits;
	struct box_rlimit rlimits[BOX_RLIMITS];
};

enum box_msg_type {
	/* from the init */
	BOX_LISTENER = 1,	/* value: BOX_LISTEN_...; port; one fd */
	BOX_PLAIN_PORT,		/* a listener of ports[]; port; one fd */
	BOX_PTY,		/* its terminal's other side; one fd */
	BOX_NOTIFIER,		/* seccomp listener; one fd */
	BOX_STARTED,		/* the command runs; value: its pid inside */
	BOX_NO_EXEC,		/* value: errno; the init ends */
	BOX_NO_SETUP,		/* value: errno; text: what failed */
	BOX_DEGRADED,		/* text: what could not be had */
	BOX_EXITED,		/* value: wait status; usage */
	BOX_CONNECTED,		/* value: id; one fd, connecting */
	BOX_REFUSED,		/* value: id; port: errno */
	/* from the parent */
	BOX_SIGNAL = 64,	/* value: signal for the command's group */
	BOX_CONNECT		/* value: id; port: to 127.0.0.1:port */
};

struct box_msg {
	uint32_t type;
	int32_t value;
	uint32_t port;
	int64_t user_us, sys_us;	/* BOX_EXITED: CPU time, */
	int64_t max_rss, read_blocks, write_blocks;
	char text[64];
};

#endif
