/*
 * ask-options: the command line of agent-ask.
 */
#ifndef AGENT_ASK_OPTIONS_H
#define AGENT_ASK_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ask.h"
#include "cli.h"
#include "json.h"
#include "memo.h"
#include "question.h"
#include "template.h"

/* What to do. */
enum ask_action {
	ASK_PROMPT,		/* ask one question */
	ASK_BATCH,		/* ask those of a stream */
	ASK_BULK,		/* by a vendor's batch endpoint */
	ASK_DRY_RUN,		/* show the request */
	ASK_EMBED,		/* vectors of what comes */
	ASK_HISTORY,		/* what was asked before */
	ASK_CACHE_CLEAR,	/* forget the answers that were kept */
	ASK_CHECK,		/* see whether the model could be asked */
	ASK_MODELS,		/* list the server's */
	ASK_SAVE,		/* keep the question as a template */
	ASK_TEMPLATES		/* list them */
};

struct ask_options {
	enum ask_action action;
	const char *dir;
	const char *model;
	const char *rules, *rules_file;		/* the system message */
	const char *template;
	jv params;		/* of it */
	const char *save;
	const char *resume;
	char **files;
	size_t nfiles, files_cap;
	char **operands;
	size_t noperands;
	jv options;
	const char *schema;
	bool schema_multi;
	int schema_retries;
	enum ask_extract extract;
	struct question_attachment *attachments;
	size_t nattachments, attachments_cap;
	enum ask_format format;
	size_t jobs;		/* 0: not said */
	bool lines, unordered, fallback_refused;
	int key_fd;		/* -1: none */
	bool cache;
	struct memo_rule memo;
	const char *depfile, *deptarget;	/* -MF, -MT; or NULL */
	bool deps, phony;			/* -MD, -MP */
	bool no_stdin, no_stream, quiet, usage;
	bool log, no_log, resume_last;
	const char *conversation;	/* -r; or NULL */
	int retries;
	int64_t timeout, stdin_timeout;
};

extern const struct cli ask_cli;

/* The flags of requests (model.h). */
unsigned ask_options_flags(const struct ask_options *o);

/* Reads the command line; exits on misuse. */
void	ask_options_read(struct ask_options *o, int argc, char **argv);

/* What a template says takes the place of what was not said; borrowed. */
void	ask_options_take(struct ask_options *o, const struct template *t);
void	ask_options_release(struct ask_options *o);

#endif
