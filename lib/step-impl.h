/* step-impl: what the files of the step module share; private to them. */
#ifndef AGENT_STEP_IMPL_H
#define AGENT_STEP_IMPL_H

#include "clock.h"
#include "step.h"

/* step-key.c: the key as things are now; digests of the outputs. */
int	step_key(const struct step_spec *s, char ret[SHA256_HEX_LEN + 1],
	    struct err *e);
int	step_digest(const char *root, const char *name,
	    char ret[SHA256_HEX_LEN + 1], struct err *e);

/*
 * step-lease.c: the two locks.  `owner`, the directory, is ours alone, `lease`
 * is for the step's processes to inherit.
 */
struct step_lease {
	int owner, lease;	/* -1: not held */
};

#define STEP_LEASE_INIT { -1, -1 }

int	step_lease_take(const struct step_spec *s, struct step_lease *ret,
	    struct err *e);
void	step_lease_release(struct step_lease *l);
#define AUTO_LEASE __attribute__((cleanup(step_lease_release)))

/* Ends what has outlived the program, and takes a new lease. */
int	step_lease_renew(const struct step_spec *s, struct step_lease *l,
	    struct err *e);

/* A signal to the owner; whether there was one. */
bool	step_signal_owner(const char *dir, const char *id, int sig);

#endif
