/*
 * foreign-meter: each request of a foreign agent to its model, leased before
 * it goes out and settled by what its answer says: meter.h.
 *
 * One for which nothing is left gets what its server would say, in its own
 * words; so the agent has a moment to end by itself, and then has to go.  One
 * that has only come too soon waits, and its agent with it.
 */
#include "config.h"

#include "foreign-impl.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "alloc.h"
#include "fd.h"
#include "fdpass.h"
#include "meter.h"
#include "provider.h"
#include "wireusage.h"

enum {
	INPUT_UNKNOWN = 32000,	/* tokens of a request in pieces */
	LEAVE_SECONDS = 5	/* to end by itself when nothing is left */
};

struct foreign_request {
	int64_t id;		/* 0: a free place */
	int64_t input;		/* tokens, at most */
	bool sent;
	struct deadline due;	/* when to look again, if it is not */
	struct ledger_lease lease;
};

static int
say(struct foreign_run *f, jv message)
{
	AUTO_JV jv own = message;
	AUTO_FREE char *text = json_text(&own);

	return fdpass_send(f->meter, text, strlen(text), -1);
}

static struct foreign_request *
find(struct foreign_run *f, int64_t id)
{
	for (size_t i = 0; i < f->nrequests; i++)
		if (f->requests[i].id == id)
			return &f->requests[i];
	return NULL;
}

static struct foreign_request *
add(struct foreign_run *f)
{
	struct foreign_request *q = find(f, 0);

	if (q)
		return q;
	f->requests = xreallocarray(f->requests, f->nrequests + 1,
	    sizeof(*f->requests));
	return &f->requests[f->nrequests++];
}

/* As the server that the agent knows would say that the account is empty. */
static char *
empty_account(const struct foreign_run *f, const char *why, int *ret_status)
{
	jv inner = json_object();
	AUTO_JV jv body = json_object();

	json_set_str(&inner, "message", why);
	*ret_status = 429;
	if (strcmp(f->kind->type, "gemini") == 0) {
		json_set_int(&inner, "code", *ret_status);
		json_set_str(&inner, "status", "RESOURCE_EXHAUSTED");
	} else if (strcmp(f->run.task->model->provider->name, "messages") ==
	    0) {
		*ret_status = 402;
		json_set_str(&inner, "type", "billing_error");
		json_set_str(&body, "type", "error");
	} else {
		json_set_str(&inner, "type", "insufficient_quota");
		json_set_str(&inner, "code", "insufficient_quota");
	}
	json_set(&body, "error", inner);
	return json_text(&body);
}

/* Nothing goes out any more; why, is the end of the run. */
static void
refuse(struct foreign_run *f, struct foreign_request *q, const struct err *why)
{
	AUTO_FREE char *body = NULL;
	jv m = json_object();
	int status;

	if (!f->broke.status) {
		f->broke = *why;
		f->leave = deadline_in(LEAVE_SECONDS * CLOCK_SEC);
	}
	body = empty_account(f, f->broke.text, &status);
	json_set_int(&m, "id", q->id);
	json_set_int(&m, "status", status);
	json_set_str(&m, "body", body);
	(void)say(f, m);
	q->id = 0;
}

static void
let_go(struct foreign_run *f, int64_t id)
{
	jv m = json_object();

	json_set_int(&m, "id", id);
	json_set_bool(&m, "go", true);
	(void)say(f, m);
}

static void
try_lease(struct foreign_run *f, struct foreign_request *q)
{
	struct ledger_want want = foreign_want(f);
	struct err why = ERR_INIT;
	int64_t wait = 0;

	want.input = q->input;
	if (f->broke.status) {
		refuse(f, q, &f->broke);
		return;
	}
	if (ledger_lease(f->ledger, &want, &q->lease, &wait, &why) < 0) {
		q->due = deadline_in(wait);
		f->heard = clock_mono();
		if (why.status != ST_TEMPFAIL)
			refuse(f, q, &why);
		return;
	}
	q->sent = true;
	let_go(f, q->id);
}

/* Asks how long a text is, which costs nothing. */
static bool
counts_only(const char *path)
{
	static const char *const ends[] = {
		"/count_tokens", ":countTokens", "/input_tokens"
	};
	size_t len = strlen(path);

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t n = strlen(ends[i]);
		if (len >= n && strcmp(path + len - n, ends[i]) == 0)
			return true;
	}
	return false;
}

static void
take_question(struct foreign_run *f, int64_t id, const jv *m)
{
	const char *path = json_str(m, "ask");
	struct foreign_request *q;
	int64_t length;

	if (path && counts_only(path)) {
		let_go(f, id);
		return;
	}
	q = add(f);
	*q = (struct foreign_request){ .id = id, .input = INPUT_UNKNOWN };
	if (json_int(m, "length", &length) && length >= 0)
		q->input = ledger_tokens((size_t)length);
	try_lease(f, q);
}

/* What the answer tells of what it has cost. */
static void
read_answer(int fd, struct model_usage *u)
{
	struct stat st;
	void *text;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0 ||
	    st.st_size > METER_KEPT_MAX)
		return;
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED)
		return;
	wireusage_read(text, (size_t)st.st_size, u);
	munmap(text, (size_t)st.st_size);
}

/*
 * An answer that says nothing counts as what was leased; so does the rest of
 * one that was cut, which its server may have gone on with.
 */
static void
settle(struct foreign_run *f, struct foreign_request *q, int64_t status,
    bool whole, const struct model_usage *u)
{
	struct ledger_result r = LEDGER_RESULT_INIT;
	struct err ignored;
	bool ok = status >= 200 && status < 300;

	r.status = ok && whole ? "ok" : ok ? "cut" : "failed";
	r.outcome = ok ? LEDGER_OK : status >= 500 || status == 0 ?
	    LEDGER_FAILED : LEDGER_REJECTED;
	r.input = u->input;
	r.output = whole ? u->output : -1;
	r.cached = u->cached;
	r.cache_write = u->cache_write;
	if (u->cost >= 0)
		r.cost = (int64_t)(u->cost * (double)LEDGER_USD);
	if (q->sent)
		(void)ledger_settle(f->ledger, &q->lease, &r, &ignored);
	model_usage_add(&f->used, u);
	q->id = 0;
}

static void
take_message(struct foreign_run *f, const jv *m, int fd)
{
	struct model_usage u = MODEL_USAGE_INIT;
	struct foreign_request *q;
	int64_t id = 0, status = 0;
	bool whole = false;

	if (!json_int(m, "id", &id) || id <= 0)
		return;
	if (json_has(m, "ask")) {
		take_question(f, id, m);
		return;
	}
	q = find(f, id);
	if (!q)
		return;
	(void)json_int(m, "status", &status);
	(void)json_bool(m, "whole", &whole);
	read_answer(fd, &u);
	settle(f, q, status, whole, &u);
}

void
foreign_meter_step(struct foreign_run *f)
{
	char text[METER_TEXT];
	ssize_t n;
	int with;

	while (f->meter >= 0 && ((n = fdpass_recv(f->meter, text,
	    sizeof(text), &with)) > 0 || (n < 0 && errno == EINTR))) {
		AUTO_FD int fd = with;
		AUTO_JV jv m = JSON_NONE;
		struct err ignored;
		if (n > 0 && json_parse(text, (size_t)n, &m, &ignored) == 0)
			take_message(f, &m, fd);
	}
	if (f->meter >= 0 && n == 0)
		close(steal_fd(&f->meter));
	for (size_t i = 0; i < f->nrequests; i++) {
		struct foreign_request *q = &f->requests[i];
		if (q->id && !q->sent && deadline_passed(q->due))
			try_lease(f, q);
	}
}

int
foreign_meter_wait(struct foreign_run *f, struct deadline until,
    struct err *e)
{
	struct pollfd p[] = {
		{ .fd = f->child.out, .events = POLLIN },
		{ .fd = f->meter, .events = POLLIN }
	};

	for (size_t i = 0; i < f->nrequests; i++)
		if (f->requests[i].id && !f->requests[i].sent)
			until = deadline_min(until, f->requests[i].due);
	if (f->broke.status)
		until = deadline_min(until, f->leave);
	return fd_poll(p, 2, until, f->run.task->stop, e) < 0 ? -1 : 0;
}

int
foreign_meter_open(struct foreign_run *f, struct err *e)
{
	int pair[2];

	if (!f->ledger)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, ST_SYSTEM, "cannot make a socket");
	f->meter = pair[0];
	f->meter_inside = pair[1];
	return 0;
}

void
foreign_meter_close(struct foreign_run *f)
{
	const struct model_usage unknown = MODEL_USAGE_INIT;

	foreign_meter_step(f);
	if (f->meter >= 0)
		close(steal_fd(&f->meter));
	for (size_t i = 0; i < f->nrequests; i++)
		if (f->requests[i].id)
			settle(f, &f->requests[i], 200, false, &unknown);
	free(f->requests);
	f->requests = NULL;
	f->nrequests = 0;
}
