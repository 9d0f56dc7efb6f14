/*
 * model-said: what an answer consists of, and how its pieces are written;
 * for the protocols of the model server.
 */
#ifndef AGENT_MODEL_SAID_H
#define AGENT_MODEL_SAID_H

#include "model-answers.h"

/* What an answer consists of. */
struct said {
	jv words;		/* the text in pieces: array of strings */
	const char *reasoning;
	jv tools;		/* [{"id","name","arguments":TEXT}] */
	const char *finish;	/* in Chat Completions' words */
	int64_t in, out;	/* tokens */
	bool usage, end;	/* whether they are said; whether it ends */
	jv error;		/* an error in mid-stream */
};

struct said_tool {
	char *id, *name, *arguments;	/* JSON text */
};

/* One event; `json` is printed as it is, so that pieces stay as written. */
void	said_event(struct answer_body *b, const char *name, const char *fmt,
	    ...) __attribute__((format(printf, 3, 4)));
void	said_end_piece(struct answer_body *b);

/* As JSON texts, which are the caller's: a string; a word of many; all. */
char	*said_quoted(const char *s);
char	*said_word(const jv *words, size_t i);
char	*said_words(const jv *words);

struct said_tool said_tool_at(const struct said *c, size_t i);
void	said_tool_release(struct said_tool *t);

/* model-messages.c */
void	said_messages_stream(const struct said *c, struct answer_body *b);
void	said_messages_whole(const struct said *c, struct answer_body *b);

#endif
