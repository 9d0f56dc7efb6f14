/*
 * ask-work: what agent-ask does, by what its options ask for: the files
 * ask-*.c of the command.
 */
#ifndef AGENT_ASK_WORK_H
#define AGENT_ASK_WORK_H

#include "ask-options.h"
#include "err.h"
#include "json.h"
#include "question.h"

/* The words of the question that the options say. */
struct question ask_question(const struct ask_options *o);

/* One question, asked or shown.  Says itself what went wrong, as a record. */
int	ask_one(const struct ask_options *o, const jv *config, struct err *e);

/* Those of a stream: the exit status, or -1. */
int	ask_many(const struct ask_options *o, const jv *config,
	    struct err *e);

#endif
