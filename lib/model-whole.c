/*
 * model-whole: requests and answers as texts, for who carries them himself:
 * in files, to and from a vendor's batches.
 */
#include "config.h"

#include "alloc.h"
#include "model-call.h"
#include "model-error.h"

int
model_body(const struct model *m, const struct model_request *rq,
    struct buf *out, struct err *e)
{
	struct model_call c = { .m = m, .rq = *rq,
	    .options = rq->options ? json_copy(rq->options) : JSON_NONE };
	int r;

	c.rq.flags |= MODEL_NO_STREAM;
	r = call_make_body(&c, e);
	if (r == 0)
		buf_add(out, c.body.data, c.body.len);
	json_release(&c.options);
	buf_release(&c.body);
	return r;
}

static int
read_answer(struct answer *a, const struct provider *p, const jv *body,
    struct err *e)
{
	if (p->event(a, body, true, e) < 0)
		return -1;
	if (p->end)
		p->end(a, false);
	if (answer_flush(a, e) < 0)
		return -1;
	if (answer_ended(a))
		return 0;
	a->error.kind = MODEL_ERR_CUT;
	return err_set(e, ST_PROTOCOL, "the answer has no end");
}

int
model_read(const struct model *m, int status, const jv *body,
    struct model_reply *ret, struct err *e)
{
	struct model_call c = { .m = m, .began = clock_mono(),
	    .attempts = 1 };
	int r;

	answer_init(&c.answer, &c.rq, m->provider->release, c.began);
	if (status >= 200 && status < 300 && json_is(body, JSON_OBJECT))
		r = read_answer(&c.answer, m->provider, body, &c.e);
	else
		r = model_error_body(&c.answer, status, body, &c.e);
	if (r < 0 && c.answer.error.kind == MODEL_OK)
		c.answer.error.kind = MODEL_ERR_GARBAGE;
	model_reply_release(ret);
	call_reply(&c, ret);
	answer_release(&c.answer);
	if (r < 0)
		*e = c.e;
	return r;
}
