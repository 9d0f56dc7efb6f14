/*
 * batch-task: a line of a stream of tasks, and the record that answers it.
 *
 * A task is an object with `prompt` or `messages`, and perhaps `id`, `system`,
 * `model`, `options`; or a record whose data is such an object.  A member
 * `route`, as agent-route adds it, says the model and its fallbacks.  What
 * else came with it goes out again: members in data.task, a record's
 * attributes as they are.
 */
#ifndef AGENT_BATCH_TASK_H
#define AGENT_BATCH_TASK_H

#include "buf.h"
#include "err.h"
#include "json.h"
#include "sha256.h"

struct template;

struct batch_task {
	char *id;		/* or NULL */
	jv came;		/* with it, beyond what is asked */
	jv attributes;		/* of its record: run, flow... */
	char key[SHA256_HEX_LEN + 1];	/* batch-resume.h; "" for none */
};

#define BATCH_TASK_INIT { .came = JSON_NONE, .attributes = JSON_NONE }

/* What of a task is not the question. */
void	batch_task_read(const jv *task, struct batch_task *ret);
void	batch_task_release(struct batch_task *t);

/* The conversation of a task: its own, or `rules` (where it has none; or
 * NULL) and its prompt in the template (or NULL); JSON_NONE: it has none. */
jv	batch_task_messages(const jv *task, const char *rules,
	    const struct template *template);

/* Its parameters over `options` (or NULL). */
jv	batch_task_options(const jv *task, const jv *options);

/* The model that it names, which the caller frees; or NULL. */
char	*batch_task_model(const jv *task);

/* Whom to ask when that fails, as agent-route says it: an array of objects
 * with `model` and `on`; JSON_NONE: it does not. */
jv	batch_task_fallback(const jv *task);

/* The record that answers, as a line; `data` is taken. */
void	batch_task_record(const struct batch_task *t, const char *type,
	    jv data, struct buf *out);

#endif
