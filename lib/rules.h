/*
 * rules: what a sandbox allows: the manifest, wherever it was written.
 *
 * One table names every rule; its key in a profile (YAML, sandbox.yaml(5) is
 * part of agent-sandbox(1)) and its option on the command line set the same
 * field through the same parser.  Rules from several places are put together
 * in this order: built in, profile, the user's file, the project's file,
 * options.  The project's file comes with the project, so it can only take
 * away: rules_tighten().
 */
#ifndef AGENT_RULES_H
#define AGENT_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "err.h"
#include "json.h"
#include "strs.h"

/* In the order of strictness, the narrowest first. */
enum rules_net { NET_NONE, NET_ALLOW, NET_HOST };
enum rules_git { GIT_NONE, GIT_COMMIT, GIT_WRITE };
enum rules_seccomp { SECCOMP_DEFAULT, SECCOMP_DEVEL, SECCOMP_NONE };
/* The other way round: the mildest first. */
enum rules_taint { TAINT_OFF, TAINT_WARN, TAINT_QUARANTINE, TAINT_FAIL };
enum rules_tty { TTY_AUTO, TTY_ALWAYS, TTY_NEVER };

struct rules {
	/* "PATH" or "PATH:DEST"; relative ones start at the workspace */
	struct strs ro, rw, hide, cache, devices, sockets;
	struct strs env;		/* "NAME" or "NAME=VALUE" */
	struct strs allow, deny;	/* "HOST[:PORT]" */
	struct strs resolve;		/* "HOST:PORT:ADDRESS[:PORT]" */
	struct strs inject;		/* rules of inject.h */
	struct strs ulimit;		/* "NAME=N" */
	struct strs publish, host_ports;	/* "PORT" */
	struct strs filters;		/* files: system calls to refuse too */
	struct strs best_effort;	/* names of what may be missing */
	int64_t net, git, seccomp, taint, tty;	/* of the enums above */
	int64_t memory, file_size, disk, tmp, output;	/* bytes; 0: none */
	int64_t pids, files;				/* 0: none */
	int64_t cpu_time, timeout;			/* ns; 0: none */
	double cpus;					/* 0: all */
	bool read_only;		/* the workspace too */
	bool nested, privileged, inherit_env;
};

#define RULES_INIT { .ro = STRS_INIT }

void	rules_release(struct rules *r);
#define AUTO_RULES __attribute__((cleanup(rules_release)))

/* What holds when nobody says anything. */
void	rules_defaults(struct rules *r);

/*
 * Sets a rule by the name of its option, without "--"; a list grows.  A
 * list's empty value empties it.  ST_USAGE when the value is wrong; asserts
 * that there is such a rule.
 */
int	rules_set(struct rules *r, const char *option, const char *value,
	    struct err *e);

/*
 * Sets rules from a mapping, as a profile has it.  `where` is a word for
 * errors ("profile 'build'").  "extends" is left to the caller.
 * ST_CONFIG for unknown keys and wrong values.
 */
int	rules_read(struct rules *r, const jv *map, const char *where,
	    struct err *e);

/*
 * Takes from `r` what `project` does not allow too.  Only the rules that
 * `keys`, the project's mapping, names are looked at.  The names of rules that
 * the project wanted wider than they are go to `ret_refused`.
 */
void	rules_tighten(struct rules *r, const struct rules *project,
	    const jv *keys, struct strs *ret_refused);

/* All rules as one object; its SHA-256 or the like is for the report. */
jv	rules_json(const struct rules *r);

/* Whether `name` may be done without: --best-effort NAME. */
bool	rules_may_lack(const struct rules *r, const char *name);

#endif
