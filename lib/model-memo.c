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

enum {
	BUCKETS = 1024,
	LOOK_MS = 20, LOOK_MAX_MS = 500,	/* for another process */
	CLAIM_S = 120		/* so long it may take, or have stopped */
};

void
model_pool_memo(struct model_pool *p, struct memo *memo)
{
	p->memo = memo;
	if (memo && !p->leads)
		p->leads = xcalloc(BUCKETS, sizeof(struct model_call *));
}

/* The digest of the request, as it is before anything is leased for it. */
static int
make_key(struct model_call *c, struct err *e)
{
	unsigned flags = c->rq.flags;
	AUTO_FREE char *url = call_url(c->m);
	AUTO_FREE char *headers = json_text(&c->m->headers);
	char key[SHA256_HEX_LEN + 1];
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
	sha256_end_hex(&s, key);
	if (c->memo_key && strcmp(c->memo_key, key) == 0)
		return 0;
	/* another model, now */
	call_unlead(c, true);
	c->alone = false;
	free(c->memo_key);
	c->memo_key = xstrdup(key);
	return 0;
}

/* Who asks the same. */

static const char *
lead_key(const struct model_call *c)
{
	return c->carries ? c->carries : c->memo_key;
}

static struct model_call **
bucket(const struct model_pool *p, const char *key)
{
	size_t h = 0;

	for (int i = 0; i < 8; i++)
		h = 31 * h + (unsigned char)key[i];
	return &p->leads[h % BUCKETS];
}

static struct model_call *
leader(const struct model_pool *p, const char *key)
{
	struct model_call *c = *bucket(p, key);

	while (c && strcmp(lead_key(c), key) != 0)
		c = c->next_lead;
	return c;
}

static void
lead(struct model_call *c)
{
	struct model_call **b = bucket(c->pool, lead_key(c));

	c->leads = true;
	c->next_lead = *b;
	*b = c;
}

static void
follow(struct model_call *c, struct model_call *l)
{
	c->lead = l;
	c->next_follower = l->followers;
	l->followers = c;
	call_park(c, c->until);
}

void
call_unfollow(struct model_call *c)
{
	struct model_call **at;

	if (!c->lead)
		return;
	for (at = &c->lead->followers; *at != c; at = &(*at)->next_follower)
		;
	*at = c->next_follower;
	c->lead = c->next_follower = NULL;
}

void
call_unlead(struct model_call *c, bool ended)
{
	struct model_call **at, *f;

	if (ended && (c->leads || c->carries))
		strs_add(&c->pool->answered, lead_key(c));
	if (!c->leads)
		return;
	for (at = bucket(c->pool, lead_key(c)); *at != c;
	    at = &(*at)->next_lead)
		;
	*at = c->next_lead;
	c->leads = false;
	while ((f = c->followers)) {
		call_unfollow(f);
		f->alone = ended;
		call_park(f, deadline_in(0));
	}
}

void
pool_yield(struct model_pool *p)
{
	for (size_t i = 0; i < p->answered.n; i++)
		if (!leader(p, p->answered.v[i]))
			memo_yield(p->memo, p->answered.v[i]);
	strs_release(&p->answered);
}

/* Whether another process asks the same, and is still waited for. */
static bool
elsewhere(struct model_call *c)
{
	if (memo_claim(c->pool->memo, lead_key(c)))
		return false;
	if (c->look == 0) {
		c->claimed = deadline_min(c->until,
		    deadline_in(CLAIM_S * CLOCK_SEC));
		c->look = LOOK_MS * CLOCK_MS;
	} else if (deadline_passed(c->claimed)) {
		return false;
	}
	call_park(c, deadline_min(c->claimed, deadline_in(c->look)));
	if (c->look < LOOK_MAX_MS * CLOCK_MS)
		c->look *= 2;
	return true;
}

/* Whether it waits for another; if not, others wait for it. */
static bool
wait_for_same(struct model_call *c)
{
	struct model_call *l = leader(c->pool, lead_key(c));

	if (l && l != c && (!c->alone || l->carries)) {
		follow(c, l);
		return true;
	}
	if (!l && elsewhere(c))
		return true;
	if (!l)
		lead(c);
	return false;
}

static enum model_finish
finish_of(const jv *kept)
{
	const char *word = json_str(kept, "finish");

	return word && strcmp(word, model_finish_name(MODEL_TOOLS)) == 0 ?
	    MODEL_TOOLS : MODEL_STOP;
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
	answer_tool_calls(a, &message);
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

/* The answer that is kept: 1, 0, -1. */
static int
find_kept(struct model_call *c, struct err *e)
{
	AUTO_JV jv kept = memo_find(c->pool->memo, c->memo_key);

	return json_is(&kept, JSON_OBJECT) ? recall(c, &kept, e) : 0;
}

int
call_recall(struct model_call *c, struct err *e)
{
	int found;

	if (!c->pool->memo)
		return 0;
	call_unfollow(c);	/* out of time */
	if (make_key(c, e) < 0)
		return -1;
	found = find_kept(c, e);
	if (found != 0)
		return found;
	if (memo_rule(c->pool->memo)->only)
		return err_set(e, ST_NOINPUT,
		    "%s: the cache has no answer to this request",
		    c->m->name);
	if (deadline_passed(c->until))
		return err_set(e, ST_TIMEOUT, "%s: out of time", c->m->name);
	if (wait_for_same(c))
		return 1;
	/* who had claimed it may have kept it just now */
	return find_kept(c, e);
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
