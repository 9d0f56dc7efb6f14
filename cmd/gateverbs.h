/*
 * gateverbs: what agent-gate does, a function a verb.  Each gives the exit
 * status, or -1.
 */
#ifndef AGENT_GATEVERBS_H
#define AGENT_GATEVERBS_H

#include <stdbool.h>
#include <stdint.h>

#include "err.h"
#include "gate.h"
#include "hubcli.h"

struct gate_options {
	struct gate_question q;
	struct hub_answer a;
	const char *dir, *from, *exec;
	bool all, json, wait;
	int64_t wait_ns;
};

int	gate_verb_ask(struct gate_options *o, struct hubcli *c,
	    const char *question, struct err *e);
int	gate_verb_list(const struct gate_options *o, struct hubcli *c,
	    struct err *e);
int	gate_verb_show(const struct gate_options *o, struct hubcli *c,
	    const char *id, struct err *e);
int	gate_verb_answer(const struct gate_options *o, struct hubcli *c,
	    const char *id, const struct hub_answer *a, struct err *e);
int	gate_verb_answer_all(const struct gate_options *o, struct hubcli *c,
	    const char *word, struct err *e);
int	gate_verb_watch(const struct gate_options *o, struct hubcli *c,
	    struct err *e);
int	gate_verb_remembered(struct hubcli *c, struct err *e);
int	gate_verb_forget(struct hubcli *c, const char *id, struct err *e);

#endif
