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
#include "template.h"
#include "workspace.h"

/* What is asked with; all is borrowed. */
struct ask_work {
	const struct ask_options *o;	/* with what the template says */
	const struct workspace *ws;
	const jv *config;
	const struct template *template;	/* or NULL */
	struct memo *memo;		/* or NULL */
	char *key, *key_from;		/* --key-fd; or NULL */
};

/* The model of that name, or the default for NULL, with the key that was
 * given. */
int	ask_model(const struct ask_work *w, const char *name,
	    struct model *ret, struct err *e);

/* The words of the question that the options say. */
struct question ask_question(const struct ask_work *w);

/* One question, asked or shown.  Says itself what went wrong, as a record. */
int	ask_one(const struct ask_work *w, struct err *e);

/* Those of a stream: the exit status, or -1. */
int	ask_many(const struct ask_work *w, struct err *e);

/* --batch-api: likewise. */
int	ask_bulk(const struct ask_work *w, struct err *e);

/* --embed: likewise. */
int	ask_embed(const struct ask_work *w, struct err *e);

/* -MD: the files that an answer depends on, for make(1). */
int	ask_depend(const struct ask_work *w, struct err *e);

/* --save, --templates. */
int	ask_save(const struct ask_options *o, struct err *e);
int	ask_templates(const struct workspace *ws, bool json,
	    struct buf *out);

#endif
