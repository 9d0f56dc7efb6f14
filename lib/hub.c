/* hub: addresses, and the way from each function to its backend. */
#include "config.h"

#include "hub.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "hub-backend.h"
#include "workspace.h"

int
hub_open(const char *dir, const char *socket, const volatile int *stop,
    struct hub **ret, struct err *e)
{
	if (socket)
		return hub_socket_open(socket, ret, e);
	return hub_sqlite_open(dir, stop, ret, e);
}

const char *
hub_identity(const struct hub *h)
{
	return h->identity;
}

static const char *
own_name(void)
{
	const struct passwd *pw = getpwuid(geteuid());

	return pw && workspace_id_valid(pw->pw_name) ? pw->pw_name : "me";
}

char *
hub_address(const char *name, bool queue, struct err *e)
{
	static const char *const kinds[] = { "agent", "user", "queue" };
	const char *rest = name[0] == '/' ? name + 1 : name;
	const char *slash = strchr(rest, '/');

	if (queue && !slash && workspace_id_valid(rest))
		return xasprintf("/queue/%s", rest);
	if (!queue && strcmp(name, "user") == 0)
		return xasprintf("/user/%s", own_name());
	if (!slash && workspace_id_valid(name))
		return xasprintf("/agent/%s", name);
	for (size_t i = 0; slash && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strlen(kinds[i]) == (size_t)(slash - rest) &&
		    strncmp(kinds[i], rest, (size_t)(slash - rest)) == 0 &&
		    (!queue || strcmp(kinds[i], "queue") == 0) &&
		    workspace_id_valid(slash + 1))
			return xasprintf("/%s", rest);
	err_set(e, ST_USAGE, "'%s' is not a name of %s", name,
	    queue ? "a queue" : "an agent");
	return NULL;
}

const char *
hub_name(const char *address)
{
	const char *slash = strrchr(address, '/');

	return slash ? slash + 1 : address;
}

static int
refused(const struct hub *h, struct err *e)
{
	return err_set(e, ST_DENIED, "not to be had from here (hub: %s)",
	    h->ops->name);
}

/* Each of these calls the backend's function, where it has one. */
#define FORWARD(op, ...) \
	(h->ops->op ? h->ops->op(__VA_ARGS__) : refused(h, e))

void
hub_close(struct hub *h)
{
	if (h)
		h->ops->close(h);
}

int
hub_send(struct hub *h, struct hub_message *m, size_t n, struct err *e)
{
	return FORWARD(send, h, m, n, e);
}

void
hub_delivery_release(struct hub_delivery *d)
{
	free(d->line);
	d->line = NULL;
}

int
hub_taker_open(struct hub *h, const struct hub_take *how,
    struct hub_taker **ret, struct err *e)
{
	return FORWARD(taker_open, h, how, ret, e);
}

void
hub_taker_close(struct hub_taker *t)
{
	if (t)
		t->hub->ops->taker_close(t);
}

int
hub_take(struct hub_taker *t, struct hub_delivery *out, int max,
    struct err *e)
{
	return t->hub->ops->take(t, out, max, e);
}

int
hub_wait(struct hub_taker *t, struct deadline until, int also,
    const volatile int *stop, struct err *e)
{
	return t->hub->ops->wait(t, until, also, stop, e);
}

int
hub_held(struct hub_taker *t, struct err *e)
{
	return t->hub->ops->held(t, e);
}

int
hub_taker_fd(const struct hub_taker *t)
{
	return t->hub->ops->taker_fd ? t->hub->ops->taker_fd(t) : -1;
}

int
hub_await(struct hub_taker *t, const char *id, struct err *e)
{
	struct hub *h = t->hub;

	return FORWARD(await, t, id, e);
}

int
hub_settle(struct hub *h, const char *box, const char *lease,
    enum hub_verdict v, int64_t pause_ns, const char *why, struct err *e)
{
	return FORWARD(settle, h, box, lease, v, pause_ns, why, e);
}

int
hub_again(struct hub *h, const char *box, const char *id, struct err *e)
{
	return FORWARD(again, h, box, id, e);
}

int
hub_list(struct hub *h, const char *box, const char *state, hub_fn fn,
    void *arg, struct err *e)
{
	return FORWARD(list, h, box, state, fn, arg, e);
}

int
hub_get(struct hub *h, const char *id, jv *ret, struct err *e)
{
	return FORWARD(get, h, id, ret, e);
}

int
hub_boxes(struct hub *h, hub_fn fn, void *arg, struct err *e)
{
	return FORWARD(boxes, h, fn, arg, e);
}

int
hub_subscribe(struct hub *h, const char *topic, const char *box, bool on,
    struct err *e)
{
	return FORWARD(subscribe, h, topic, box, on, e);
}

int
hub_subscribers(struct hub *h, const char *topic, jv *ret_boxes,
    struct err *e)
{
	return FORWARD(subscribers, h, topic, ret_boxes, e);
}

int
hub_limit(struct hub *h, const char *box, int n, struct err *e)
{
	return FORWARD(limit, h, box, n, e);
}

int64_t
hub_gc(struct hub *h, int64_t retention_ns, bool vacuum, struct err *e)
{
	return FORWARD(gc, h, retention_ns, vacuum, e);
}

int
hub_backup(struct hub *h, const char *to, struct err *e)
{
	return FORWARD(backup, h, to, e);
}

int
hub_check(struct hub *h, void (*found)(void *arg, const char *what),
    void *arg, struct err *e)
{
	return FORWARD(check, h, found, arg, e);
}

int
hub_gate_ask(struct hub *h, const jv *question, jv *ret, struct err *e)
{
	return FORWARD(gate_ask, h, question, ret, e);
}

int
hub_gate_get(struct hub *h, const char *id, jv *ret, struct err *e)
{
	return FORWARD(gate_get, h, id, ret, e);
}

int
hub_gate_answer(struct hub *h, const char *id, const struct hub_answer *a,
    jv *ret, struct err *e)
{
	return FORWARD(gate_answer, h, id, a, ret, e);
}

int
hub_gates(struct hub *h, const char *state, hub_fn fn, void *arg,
    struct err *e)
{
	return FORWARD(gates, h, state, fn, arg, e);
}

int
hub_gate_watch(struct hub *h, struct hub_watch **ret, struct err *e)
{
	return FORWARD(gate_watch, h, ret, e);
}

int
hub_watch_wait(struct hub_watch *w, struct deadline until, int also,
    const volatile int *stop, struct err *e)
{
	return w->hub->ops->watch_wait(w, until, also, stop, e);
}

void
hub_watch_close(struct hub_watch *w)
{
	if (w)
		w->hub->ops->watch_close(w);
}

int
hub_remembered(struct hub *h, const char *source, const char *subject,
    jv *ret, struct err *e)
{
	return FORWARD(remembered, h, source, subject, ret, e);
}

int
hub_remembered_list(struct hub *h, hub_fn fn, void *arg, struct err *e)
{
	return FORWARD(remembered_list, h, fn, arg, e);
}

int
hub_forget(struct hub *h, const char *id, struct err *e)
{
	return FORWARD(forget, h, id, e);
}

int
registry_join(struct hub *h, const struct registry_entry *entry,
    struct registry_member **ret, struct err *e)
{
	return FORWARD(join, h, entry, ret, e);
}

int
registry_update(struct registry_member *m, const struct registry_entry *entry,
    struct err *e)
{
	return m->hub->ops->update(m, entry, e);
}

void
registry_leave(struct registry_member *m)
{
	if (m)
		m->hub->ops->leave(m);
}

int
registry_list(struct hub *h, hub_fn fn, void *arg, struct err *e)
{
	return FORWARD(members, h, fn, arg, e);
}

int
registry_watch(struct hub *h, struct hub_watch **ret, struct err *e)
{
	return FORWARD(members_watch, h, ret, e);
}
