/*
 * question: what is sent to a model, put together: rules, words, files,
 * attachments, standard input, an earlier conversation.
 */
#ifndef AGENT_QUESTION_H
#define AGENT_QUESTION_H

#include "err.h"
#include "json.h"
#include "prompt.h"
#include "template.h"

struct question_attachment {
	const char *where, *type;	/* type: NULL to find out */
};

struct question {
	const char *rules;		/* the system message; or NULL */
	const char *rules_file;		/* or from there; or NULL */
	const struct template *template;	/* around all this; or NULL */
	struct prompt prompt;
	const struct question_attachment *attachments;
	size_t nattachments;
};

/* The system message; JSON_NONE, with 0, when there is none. */
int	question_rules(const struct question *q, jv *ret, struct err *e);

/* The message of the user: text, or parts where something is attached.
 * Errors are those of prompt_read() and attach_part(). */
int	question_words(const struct question *q, const volatile int *stop,
	    jv *ret, struct err *e);

/*
 * The conversation to send: the rules (those of `earlier` when there are no
 * new ones), `earlier` (may be JSON_NONE), the words.
 */
jv	question_messages(const jv *rules, const jv *earlier, const jv *words);

#endif
