/*
 * model-error: what a server means when it says no.
 *
 * answer_error() of provider.h, which classifies, is here too.
 */
#ifndef AGENT_MODEL_ERROR_H
#define AGENT_MODEL_ERROR_H

#include "err.h"
#include "http.h"
#include "json.h"
#include "model.h"

struct answer;

/*
 * How long to wait, from the head of a response that refused: Retry-After in
 * seconds or as a date, retry-after-ms, or the reset of the limit of which
 * nothing remains, as a duration or a time.
 */
void	model_error_head(struct model_error *me, const struct http_head *head);

/*
 * The error that a body describes, in any of the shapes that are about:
 * {"error":{"message","type","code"}}, {"error":"text"}, {"message"},
 * {"detail"}.  Returns -1, as answer_error().  `body` may be JSON_NONE.
 */
int	model_error_body(struct answer *a, int status, const jv *body,
	    struct err *e);

/* The error that the data of an `error` record describes: what
 * model_error_json() makes.  Returns -1. */
int	model_error_record(struct answer *a, const jv *data, struct err *e);

/* Whether asking the same again may help; and somebody else. */
bool	model_error_again(const struct model_error *me);
bool	model_error_elsewhere(const struct model_error *me);

#endif
