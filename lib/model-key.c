/*
 * model-key: keys that commands give, while everything else goes on.
 *
 * The command of a vendor is run when the first call needs its key, and again
 * when the server refuses that; the calls that need it are parked until it
 * has ended.
 */
#include "config.h"

#include "alloc.h"
#include "key.h"
#include "model-call.h"

struct vendor_key {
	char *vendor;
	char *key;			/* the newest; NULL: none yet */
	struct key_helper *helper;	/* that is asked now; or NULL */
	struct vendor_key *next;
};

static struct vendor_key *
find(const struct model_pool *p, const struct model *m)
{
	struct vendor_key *k = p->keys;

	while (k && strcmp(k->vendor, m->vendor) != 0)
		k = k->next;
	return k;
}

static struct vendor_key *
find_or_add(struct model_pool *p, const struct model *m)
{
	struct vendor_key *k = find(p, m);

	if (k)
		return k;
	k = xcalloc(1, sizeof(*k));
	k->vendor = xstrdup(m->vendor);
	k->next = p->keys;
	p->keys = k;
	return k;
}

const char *
call_key(const struct model_call *c)
{
	const struct vendor_key *k = json_is_true(&c->m->key_cmd) ?
	    find(c->pool, c->m) : NULL;

	return k && k->key ? k->key : c->m->key;
}

static int
ask_for(struct model_call *c, struct err *e)
{
	struct vendor_key *k = find_or_add(c->pool, c->m);

	if (!k->helper)
		k->helper = key_start(&c->m->key_cmd, e);
	if (!k->helper)
		return -1;
	c->keyless = true;
	call_park(c, c->until);
	return 0;
}

int
call_need_key(struct model_call *c, struct err *e)
{
	bool waited = c->keyless;

	c->keyless = false;
	if (!json_is_true(&c->m->key_cmd) || call_key(c))
		return 1;
	if (waited && deadline_passed(c->until))
		return err_set(e, ST_TIMEOUT, "out of time: key_cmd has not "
		    "ended");
	return ask_for(c, e);
}

int
call_renew_key(struct model_call *c)
{
	const char *now = call_key(c);
	struct err ignored = ERR_INIT;

	if (c->answer.error.http_status != 401 || c->renewed ||
	    !json_is_true(&c->m->key_cmd))
		return -1;
	c->renewed = true;
	/* another call may have got one meanwhile */
	if (c->key && now && strcmp(c->key, now) != 0)
		return 1;
	return ask_for(c, &ignored);
}

/* What becomes of a call that waited for the key: one that was refused with
 * the old one is tried again, or fails with that. */
static void
go_on(struct model_call *c, const struct err *why)
{
	bool refused = c->e.status != ST_OK;

	c->keyless = false;
	if (!why && refused) {
		call_again(c);
	} else if (!why) {
		call_park(c, deadline_in(0));
	} else if (refused) {
		call_failed(c);
	} else {
		c->answer.error.kind = MODEL_ERR_AUTH;
		call_ended(c, why);
	}
}

static void
tell(struct model_pool *p, const struct vendor_key *k, const struct err *why)
{
	for (struct model_call *c = p->calls; c; c = c->next)
		if (c->keyless && strcmp(c->m->vendor, k->vendor) == 0)
			go_on(c, why);
}

int
pool_keys_step(struct model_pool *p)
{
	int happened = 0;

	for (struct vendor_key *k = p->keys; k; k = k->next) {
		struct err e = ERR_INIT;
		char *key = NULL;
		int r = k->helper ? key_step(k->helper, &key, &e) : 0;
		if (r == 0)
			continue;
		key_stop(k->helper);
		k->helper = NULL;
		if (r > 0) {
			key_free(k->key);
			k->key = key;
		}
		tell(p, k, r > 0 ? NULL : &e);
		happened = 1;
	}
	return happened;
}

size_t
pool_keys_fds(const struct model_pool *p, struct pollfd *fds)
{
	size_t n = 0;

	for (const struct vendor_key *k = p->keys; k; k = k->next) {
		if (!k->helper)
			continue;
		if (fds)
			fds[n] = (struct pollfd){ .fd = key_fd(k->helper),
			    .events = POLLIN };
		n++;
	}
	return n;
}

struct deadline
pool_keys_due(const struct model_pool *p)
{
	struct deadline d = DEADLINE_NEVER;

	for (const struct vendor_key *k = p->keys; k; k = k->next)
		if (k->helper)
			d = deadline_min(d, key_due(k->helper));
	return d;
}

void
pool_keys_free(struct model_pool *p)
{
	struct vendor_key *k;

	while ((k = p->keys)) {
		p->keys = k->next;
		key_stop(k->helper);
		key_free(k->key);
		free(k->vendor);
		free(k);
	}
}

int
model_key(const struct model *m, char **ret, struct err *e)
{
	if (!m->key && json_is_true(&m->key_cmd))
		return key_run(&m->key_cmd, ret, e);
	*ret = m->key ? xstrdup(m->key) : NULL;
	return 0;
}
