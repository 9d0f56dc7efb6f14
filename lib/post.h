/*
 * post: a sender: who it is, whom it may write to, and what it writes.
 *
 * Between a command, or an agent's tool, and the hub: makes records of texts
 * and lines, checks them against agents.yaml, writes refusals on the audit
 * trail and what was accepted into the journal.
 *
 * An agent may write to the person, to those that its direct_communication
 * names ("queue/NAME" for a queue), and to who wrote to it, as an answer to
 * what was written.  Behind a socket the other end checks, not we.
 */
#ifndef AGENT_POST_H
#define AGENT_POST_H

#include <stdbool.h>
#include <stddef.h>

#include "agents.h"
#include "err.h"
#include "hub.h"
#include "journal.h"
#include "ndjson.h"
#include "ulid.h"
#include "workspace.h"

struct post {
	struct hub *hub;	/* borrowed */
	char *source;		/* "/agent/tester", "/user/me" */
	char *audit;		/* file; NULL: the other end does it */
	struct agents agents;
	struct journal journal;
};

#define POST_INIT { .agents = AGENTS_INIT, .journal = JOURNAL_INIT }

/*
 * `w` is NULL behind a socket.  `source` is an address.  Reads agents.yaml
 * where there is one: ST_CONFIG.
 */
int	post_open(struct hub *h, const struct workspace *w,
	    const char *source, struct post *ret, struct err *e);
void	post_close(struct post *p);
#define AUTO_POST __attribute__((cleanup(post_close)))

/*
 * What the messages of one call have in common; as in hub_message.  Where the
 * priority is the default, a record's own counts: `route.priority`, as
 * agent-route puts it there, "critical", "high", "normal" or "low".
 */
struct post_how {
	const char *box;
	const char *type;	/* NULL: "task" to a queue, else "message" */
	const char *replyto, *corr, *key;
	int priority, tries;
	int64_t at_ns, ttl_ns;
};

/* One message, made; all it points to is its own. */
struct post_message {
	char *line, *box, *key, *corr;
	size_t len;
	char id[ULID_LEN + 1];
	int priority;		/* 0 to 9, by its route; -1: it says none */
};

void	post_message_release(struct post_message *m);

/* A record type from one of the words that people use, or itself. */
const char *post_type(const char *word);

/* A record whose data is this text under the name that its type gives it. */
int	post_text(const struct post *p, const struct post_how *how,
	    const char *text, size_t len, struct post_message *ret,
	    struct err *e);

/*
 * A record of a line: a record stays what it is but for `to`, and for
 * `source`, which only a person may have other than his own; any other
 * object becomes the data of a new one.  ST_DATA when it is not what its
 * type asks for.
 */
int	post_line(const struct post *p, const struct post_how *how,
	    const struct ndjson_line *line, struct post_message *ret,
	    struct err *e);

/* Whether it may go there: 0, or ST_DENIED, which is then on the trail. */
int	post_check(struct post *p, const char *box, const char *corr,
	    struct err *e);

/*
 * To whom we may write: the subscribers of a topic; NULL: all agents of
 * agents.yaml.  An array of addresses, without our own.
 */
int	post_recipients(const struct post *p, const char *topic, jv *ret,
	    struct err *e);

/* Another copy of a message, with an id of its own, for another box. */
void	post_copy(const struct post_message *m, const char *box,
	    struct post_message *ret);

/*
 * Sends them, all or none; `ret_ids` gets the ids under which they are in
 * the hub.  The journal is a picture of the hub: that it could not be
 * written does not undo what was accepted.
 */
int	post_send(struct post *p, const struct post_how *how,
	    const struct post_message *m, size_t n,
	    char (*ret_ids)[ULID_LEN + 1], struct err *e);

#endif
