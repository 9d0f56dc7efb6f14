/* mail: the mailbox of an agent while it works. */
#include "config.h"

#include "mail.h"

#include <string.h>

#include "alloc.h"
#include "record.h"

enum { BATCH = 16 };

/* Who takes them ends the leases with its own end; time is but a last word. */
#define LEASE (7 * 24 * 3600 * CLOCK_SEC)

struct mail {
	struct hub *hub;
	struct hub_taker *taker;
	char *box;
	bool stays, stopped;
	jv again;		/* delivered before, to one that died: they
				 * are finished before new ones are begun */
	jv pending;		/* taken from the hub, not yet from us */
	jv owed;
};

int
mail_open(struct hub *h, const char *agent, bool stays, struct mail **ret,
    struct err *e)
{
	struct mail *m = xcalloc(1, sizeof(*m));

	m->hub = h;
	m->box = xasprintf("/agent/%s", agent);
	m->stays = stays;
	m->again = json_array();
	m->pending = json_array();
	m->owed = json_array();
	if (hub_taker_open(h, &(struct hub_take){ .box = m->box,
	    .lease_ns = LEASE }, &m->taker, e) < 0) {
		mail_close(m);
		return -1;
	}
	*ret = m;
	return 0;
}

void
mail_close(struct mail *m)
{
	if (!m)
		return;
	hub_taker_close(m->taker);
	jv_free(m->again);
	jv_free(m->pending);
	jv_free(m->owed);
	free(m->box);
	free(m);
}

static bool
says_stop(const struct mail *m, const jv *record)
{
	const char *type = json_str(record, "type");
	const char *source = json_str(record, "source");

	return m->stays && type && strcmp(type, RECORD_AGENT_STOP) == 0 &&
	    source && strncmp(source, "/user/", 6) == 0;
}

/* One more; after the word to stop, none. */
static int
accept(struct mail *m, const struct hub_delivery *d, struct err *e)
{
	AUTO_JV jv record = JSON_NONE;
	enum hub_verdict verdict = HUB_RETURN;

	if (!m->stopped) {
		if (json_parse(d->line, d->len, &record, e) < 0)
			return -1;
		if (!says_stop(m, &record)) {
			json_set_str(&record, "lease", d->lease);
			json_append(d->number > 1 ? &m->again : &m->pending,
			    json_copy(&record));
			return 0;
		}
		m->stopped = true;
		verdict = HUB_ACK;
	}
	return hub_settle(m->hub, m->box, d->lease, verdict, 0, NULL, e) < 0
	    ? -1 : 0;
}

int
mail_count(struct mail *m, struct err *e)
{
	struct hub_delivery d[BATCH];
	int n = 1, r = 0;

	while (r == 0 && n > 0 && !m->stopped) {
		n = hub_take(m->taker, d, BATCH, e);
		for (int i = 0; i < n; i++) {
			r = r < 0 ? r : accept(m, &d[i], e);
			hub_delivery_release(&d[i]);
		}
	}
	return r < 0 || n < 0 ? -1 : (int)(json_count(&m->again) +
	    json_count(&m->pending));
}

int
mail_wait(struct mail *m, struct deadline until, const volatile int *stop,
    struct err *e)
{
	return hub_wait(m->taker, until, -1, stop, e);
}

/* Those whose turn it is. */
static jv *
next(struct mail *m)
{
	return json_count(&m->again) > 0 ? &m->again : &m->pending;
}

int
mail_known(struct mail *m, const jv *seen, struct err *e)
{
	int known = mail_count(m, e) < 0 ? -1 : 1;
	const jv *list = next(m);

	for (size_t i = 0; known > 0 && i < json_count(list); i++) {
		AUTO_JV jv record = json_at(list, i);

		known = json_has(seen, json_str(&record, "id"));
	}
	return known;
}

int
mail_take(struct mail *m, jv *ret, struct err *e)
{
	jv *from;

	if (mail_count(m, e) < 0)
		return -1;
	from = next(m);
	for (size_t i = 0; m->stays && i < json_count(from); i++)
		json_append(&m->owed, json_at(from, i));
	*ret = *from;
	*from = json_array();
	return 0;
}

int
mail_settle(struct mail *m, const jv *records, struct err *e)
{
	for (size_t i = 0; !m->stays && i < json_count(records); i++) {
		AUTO_JV jv record = json_at(records, i);

		if (hub_settle(m->hub, m->box, json_str(&record, "lease"),
		    HUB_ACK, 0, NULL, e) < 0)
			return -1;
	}
	return 0;
}

const jv *
mail_owed(const struct mail *m)
{
	return &m->owed;
}

void
mail_clear(struct mail *m)
{
	jv_free(m->owed);
	m->owed = json_array();
}

bool
mail_stopped(const struct mail *m)
{
	return m->stopped;
}

char *
mail_words(const jv *record)
{
	static const char *const paths[] = {
		"data.text", "data.prompt", "data.question", "data.message",
		"data.output", "data.answer", NULL
	};
	const char *source = json_str(record, "source");
	AUTO_JV jv data = json_get(record, "data");
	AUTO_FREE char *whole = json_text(&data);
	const char *text = whole;

	for (const char *const *p = paths; *p; p++)
		if (json_path_str(record, *p)) {
			text = json_path_str(record, *p);
			break;
		}
	return xasprintf("Message from %s (id %s):\n\n%s", source ? source :
	    "somebody", json_str(record, "id"), text);
}
