/*
 * model-memo: a request that was answered before is answered from the memo.
 *
 * What makes two requests the same is all that the server would see but the
 * key: protocol, URL, header fields and body, with the messages, files and
 * the schema in it.  Whether the answer streams is no part of that.
 */
#include "config.h"

#include "alloc.h"
#include "memo.h"
#include "model-call.h"

void
model_pool_memo(struct model_pool *p, struct memo *memo)
{
	p->memo = memo;
}

/* The digest of the request, as it is before anything is leased for it. */
static int
make_key(struct model_call *c, struct err *e)
{
	unsigned flags = c->rq.flags;
	AUTO_FREE char *url = call_url(c->m);
	AUTO_FREE char *headers = json_text(&c->m->headers);
	struct sha256 s;
	int r;

	c->rq.flags |= MODEL_NO_STREAM;
	r = call_make_body(c, e);
	c->rq.flags = flags;
	if (r < 0)
		return -1;
	sha256_init(&s);
	sha256_add(&s, c->m->provider->name, strlen(c->m->provider->name) + 1);
	sha256_add(&s, url, strlen(url) + 1);
	sha256_add(&s, headers, strlen(headers) + 1);
	sha256_add(&s, c->body.data, c->body.len);
	if (!c->memo_key)
		c->memo_key = xmalloc(SHA256_HEX_LEN + 1);
	sha256_end_hex(&s, c->memo_key);
	return 0;
}

static enum model_finish
finish_of(const jv *kept)
{
	const char *word = json_str(kept, "finish");

	return word && strcmp(word, model_finish_name(MODEL_TOOLS)) == 0 ?
	    MODEL_TOOLS : MODEL_STOP;
}

static void
recall_tools(struct answer *a, const jv *message)
{
	AUTO_JV jv calls = json_get(message, "tool_calls");

	for (size_t i = 0; i < json_count(&calls); i++) {
		AUTO_JV jv call = json_at(&calls, i);
		AUTO_JV jv function = json_get(&call, "function");
		AUTO_JV jv arguments = json_get(&function, "arguments");
		answer_tool(a, (int)i, json_str(&call, "id"),
		    json_str(&function, "name"));
		answer_tool_arguments(a, (int)i, json_string(&arguments),
		    json_string_len(&arguments));
	}
}

static void
recall_usage(struct answer *a, const jv *kept)
{
	AUTO_JV jv usage = json_get(kept, "usage");
	struct model_usage *u = answer_usage(a);

	model_usage_read(&usage, u);
	u->cost = 0;		/* this time */
}

/* The answer as if it had come, in one piece. */
static int
recall(struct model_call *c, const jv *kept, struct err *e)
{
	struct answer *a = &c->answer;
	AUTO_JV jv message = json_get(kept, "message");
	AUTO_JV jv text = json_get(&message, "content");
	AUTO_JV jv reasoning = json_get(&message, "reasoning");

	if (answer_reasoning(a, json_string(&reasoning),
	    json_string_len(&reasoning), e) < 0 ||
	    answer_text(a, json_string(&text), json_string_len(&text), e) < 0)
		return -1;
	recall_tools(a, &message);
	recall_usage(a, kept);
	answer_native(a, json_get(&message, "native"));
	answer_served(a, json_str(kept, "served"));
	answer_request_id(a, json_str(kept, "request_id"));
	answer_finish(a, finish_of(kept));
	answer_last(a);
	c->recalled = true;
	call_ended(c, NULL);
	return 1;
}

int
call_recall(struct model_call *c, struct err *e)
{
	AUTO_JV jv kept = JSON_NONE;

	if (!c->pool->memo)
		return 0;
	if (make_key(c, e) < 0)
		return -1;
	kept = memo_find(c->pool->memo, c->memo_key);
	if (json_is(&kept, JSON_OBJECT))
		return recall(c, &kept, e);
	if (!memo_rule(c->pool->memo)->only)
		return 0;
	return err_set(e, ST_NOINPUT,
	    "%s: the cache has no answer to this request", c->m->name);
}

int
model_remember(struct model_pool *p, const char *key,
    const struct model_reply *r, struct err *e)
{
	AUTO_JV jv kept = JSON_NONE;

	if (!p->memo || !key || r->recalled ||
	    (r->finish != MODEL_STOP && r->finish != MODEL_TOOLS))
		return 0;
	kept = json_object();
	json_set(&kept, "message", json_copy(&r->message));
	json_set_str(&kept, "finish", model_finish_name(r->finish));
	json_set(&kept, "usage", model_usage_json(&r->usage));
	json_set_str(&kept, "model", r->model);
	json_set_str(&kept, "served", r->served);
	json_set_str(&kept, "request_id", r->request_id);
	return memo_put(p->memo, key, &kept, e);
}
