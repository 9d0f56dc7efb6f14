/* broker-fetch: new secrets for the credential broker, from commands. */
#include "config.h"

#include "broker-impl.h"

#include <sys/epoll.h>

#include "alloc.h"
#include "json.h"
#include "key.h"

enum { FRESH_SECONDS = 10 };	/* between two new secrets */

void
broker_fetch_end(struct broker_endpoint *p)
{
	if (p->fetch)
		loop_remove(p->broker->loop, key_fd(p->fetch));
	key_stop(p->fetch);
	p->fetch = NULL;
}

/* Looks how it is; then it has a new key, or nobody has one. */
static void
look(struct broker_endpoint *p)
{
	struct err e = ERR_INIT;
	struct brokerkey *k;
	char *value = NULL;
	int done = key_step(p->fetch, &value, &e);

	if (done == 0)
		return;
	broker_fetch_end(p);
	k = done > 0 ? brokerkey_new(&p->rule, value, &e) : NULL;
	if (k) {
		brokerkey_drop(p->key);
		p->key = k;
		return;
	}
	err_warn("%s", e.text);
	broker_no_key(p);
}

static void
on_output(void *arg, int fd, uint32_t events)
{
	struct broker_endpoint *p = arg;

	(void)fd;
	(void)events;
	if (p->fetch)
		look(p);
}

int
broker_fetch(struct broker_endpoint *p, struct err *e)
{
	AUTO_JV jv cmd = json_from_str(p->rule.from);

	if (p->fetch)
		return 0;
	p->fresh = deadline_in(FRESH_SECONDS * CLOCK_SEC);
	p->fetch = key_start(&cmd, e);
	if (!p->fetch)
		return -1;
	if (loop_set(p->broker->loop, key_fd(p->fetch), EPOLLIN, on_output,
	    p) == 0)
		return 0;
	broker_fetch_end(p);
	return err_set(e, ST_SYSTEM, "cannot wait for key_cmd");
}

struct deadline
broker_fetch_due(struct broker_endpoint *p)
{
	if (p->fetch && deadline_passed(key_due(p->fetch)))
		look(p);
	return p->fetch ? key_due(p->fetch) : DEADLINE_NEVER;
}
