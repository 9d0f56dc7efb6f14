/*
 * worker: a slot per task at work.  Each slot holds its lease by a file of
 * its own, whose lock the command inherits: should we be killed, the task is
 * not given to another before the last process of the command is gone too.
 */
#include "config.h"

#include "worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "alloc.h"
#include "child.h"
#include "cli.h"
#include "fd.h"
#include "post.h"
#include "record.h"
#include "registry.h"

#define BACKOFF_MAX (5 * 60 * CLOCK_SEC)

struct slot {
	struct hub_taker *taker;
	struct child child;
	struct hub_delivery d;
	jv record;
	int output;
	struct deadline end, renew;
	bool busy;
};

struct work {
	const struct worker *w;
	struct hubcli *c;
	struct post post;
	struct registry_member *member;
	struct slot *slots;
	int nbusy, epoll;
	char *told;		/* the task that the registry has */
	bool failed;		/* a task, for good */
	bool empty;		/* the queue, when we looked last */
};

/* A file without a name, for output of any size. */
static int
scratch(const struct work *k, struct err *e)
{
	const struct workspace *w = hubcli_workspace(k->c);
	int fd = open(w ? w->dir : "/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC,
	    0600);

	if (fd < 0)
		return err_sys(e, ST_CANTCREATE, "cannot make a file for a "
		    "task");
	return fd;
}

static int
start(struct work *k, struct slot *s, struct err *e)
{
	int lock = hub_taker_fd(s->taker);
	struct child_spec spec = CHILD_SPEC_INIT;
	struct epoll_event ev = { .events = EPOLLIN };
	AUTO_FREE char *line = xasprintf("%.*s\n", (int)s->d.len, s->d.line);
	AUTO_FD int in = fd_from_text(line, s->d.len + 1, e);
	AUTO_FD int out = scratch(k, e);

	if (in < 0 || out < 0)
		return -1;
	spec.argv = k->w->argv;
	spec.in = in;
	spec.out = out;
	spec.keep = &lock;
	spec.nkeep = lock >= 0;
	/* what effects outside are to be made under */
	if (setenv("AGENT_STEP_KEY", s->d.id, 1) < 0 ||
	    setenv("AGENT_LEASE", s->d.lease, 1) < 0)
		return err_sys(e, ST_SYSTEM, "cannot set the environment");
	if (child_start(&spec, &s->child, e) < 0)
		return -1;
	s->output = steal_fd(&out);
	if (epoll_ctl(k->epoll, EPOLL_CTL_ADD, s->child.pidfd, &ev) < 0)
		return err_sys(e, ST_SYSTEM, "cannot wait for a task");
	return 0;
}

/* What it said on stdout, as far as it is kept. */
static void
add_output(const struct slot *s, jv *data)
{
	AUTO_FREE char *text = xmalloc(WORKER_OUTPUT_MAX + 1);
	ssize_t n = s->output < 0 ? 0 : pread(s->output, text,
	    WORKER_OUTPUT_MAX + 1, 0);

	if (n > WORKER_OUTPUT_MAX)
		json_set_bool(data, "cut", true);
	if (n > WORKER_OUTPUT_MAX)
		n = WORKER_OUTPUT_MAX;
	if (n > 0 && text[n - 1] == '\n')
		n--;
	json_set(data, "output", json_from_bytes(text, n > 0 ? (size_t)n : 0));
}

/* Prints the result; sends it to who wants it, once. */
static int
report(struct work *k, const struct slot *s, int status, const char *why,
    struct err *e)
{
	const char *replyto = json_str(&s->record, "replyto");
	AUTO_FREE char *key = xasprintf("result/%s", s->d.id);
	struct record_origin origin = { .source = k->c->source,
		.to = replyto, .corr = s->d.id };
	struct post_how how = { .box = replyto, .type = RECORD_RESULT,
		.corr = s->d.id, .key = key, .priority = HUB_PRIO_DEFAULT };
	AUTO_BUF struct buf line = BUF_INIT;
	struct post_message m = { 0 };
	char ids[1][ULID_LEN + 1];
	jv data = json_object();
	int r = 0;

	json_set_int(&data, "status", status);
	json_set_int(&data, "delivery", s->d.number);
	json_set_str(&data, "why", why);
	add_output(s, &data);
	AUTO_JV jv result = record_new(&origin, RECORD_RESULT, data);
	if (replyto) {
		record_write(&result, &line);
		m.len = line.len;
		m.line = buf_steal(&line);
		m.box = xstrdup(replyto);
		m.key = xstrdup(key);
		m.corr = xstrdup(s->d.id);
		snprintf(m.id, sizeof(m.id), "%s", json_str(&result, "id"));
		r = post_send(&k->post, &how, &m, 1, ids, e);
		post_message_release(&m);
	}
	return r < 0 ? -1 : record_emit(STDOUT_FILENO, &result, e);
}

/* 1 s, 2 s, 4 s... and up to a quarter more, so that not all come at once. */
static int64_t
backoff(int number)
{
	int64_t ns = number > 9 ? BACKOFF_MAX : CLOCK_SEC << (number - 1);

	if (ns > BACKOFF_MAX)
		ns = BACKOFF_MAX;
	return ns + clock_mono() % (ns / 4);
}

/* The lease may have been lost meanwhile, which is told and no more. */
static int
settle(struct work *k, const struct slot *s, enum hub_verdict v,
    int64_t pause, const char *why, struct err *e)
{
	int r = hub_settle(k->c->hub, k->w->box, s->d.lease, v, pause, why,
	    e);

	if (r == 0) {
		err_warn("%s", e->text);
		e->status = 0;
	}
	return r < 0 ? -1 : 0;
}

/*
 * Whether the result is wanted: 1; 0 when another one has the task now, -1.
 * What was taken or renewed a moment ago need not be asked for.
 */
static int
still_ours(struct work *k, const struct slot *s, struct err *e)
{
	int r = deadline_passed(s->renew) ? hub_settle(k->c->hub, k->w->box,
	    s->d.lease, HUB_EXTEND, k->w->lease_ns, NULL, e) : 1;

	if (r <= 0)
		err_warn("%s", e->text);
	return r;
}

static int
conclude(struct work *k, const struct slot *s, int status, bool late,
    struct err *e)
{
	AUTO_FREE char *why = late ? xstrdup("out of time") : status > 128 ?
	    xasprintf("killed by signal %d", status - 128) :
	    xasprintf("exit status %d", status);
	bool again = late || status == ST_TEMPFAIL || status > 128;
	int r = still_ours(k, s, e);

	if (r <= 0)
		return r;
	if (again && settle(k, s, HUB_NAK, backoff(s->d.number), why, e) < 0)
		return -1;
	if (again) {
		AUTO_JV jv item = JSON_NONE;
		const char *state;

		if (hub_get(k->c->hub, s->d.id, &item, e) < 0)
			return -1;
		state = json_str(&item, "state");
		if (!state || strcmp(state, "dead") != 0)
			return 0;
	}
	k->failed |= status != 0;
	if (report(k, s, late ? ST_TIMEOUT : status, why, e) < 0)
		return -1;
	return again ? 0 : settle(k, s, status ? HUB_DEAD : HUB_ACK, 0, why,
	    e);
}

static void
clear(struct work *k, struct slot *s)
{
	child_close(&s->child);
	s->child = (struct child)CHILD_INIT;
	if (s->output >= 0)
		close(s->output);
	s->output = -1;
	hub_delivery_release(&s->d);
	json_release(&s->record);
	s->record = JSON_NONE;
	hub_taker_close(s->taker);
	s->taker = NULL;
	k->nbusy -= s->busy;
	s->busy = false;
}

/* Says what it is at, unless that was said. */
static void
tell(struct work *k)
{
	AUTO_FREE char *note = xasprintf("%d of %d at work", k->nbusy,
	    k->w->jobs);
	const char *task = "";
	struct err ignored = ERR_INIT;

	for (int i = 0; i < k->w->jobs; i++)
		if (k->slots[i].busy && strcmp(k->slots[i].d.id, task) > 0)
			task = k->slots[i].d.id;
	if (k->told && strcmp(k->told, task) == 0)
		return;
	free(k->told);
	k->told = xstrdup(task);
	if (k->member)
		(void)registry_update(k->member, &(struct registry_entry){
		    .state = k->nbusy ? "running" : "idle", .task = task,
		    .note = note, .tokens = -1 }, &ignored);
}

/* Looks after one that runs. */
static int
tend(struct work *k, struct slot *s, struct err *e)
{
	bool late = deadline_passed(s->end);
	int status = 0;
	int r = child_wait(&s->child, deadline_in(0), NULL, &status, e);

	if (r == 0 && late) {
		status = child_stop(&s->child, k->w->grace_ns);
		r = 1;
	} else {
		late = false;
	}
	if (r > 0) {
		r = conclude(k, s, status, late, e);
		clear(k, s);
	} else if (r == 0 && deadline_passed(s->renew)) {
		s->renew = deadline_in(k->w->lease_ns / 3);
		r = settle(k, s, HUB_EXTEND, k->w->lease_ns, NULL, e);
	}
	return r;
}

/* Takes a task into a free slot: 1, 0 when there is none, -1. */
static int
fill(struct work *k, struct slot *s, struct err *e)
{
	int n;

	if (!s->taker && hub_taker_open(k->c->hub, &(struct hub_take){
	    .box = k->w->box, .lease_ns = k->w->lease_ns }, &s->taker,
	    e) < 0)
		return -1;
	n = hub_take(s->taker, &s->d, 1, e);
	if (n <= 0)
		return n;
	s->busy = true;
	k->nbusy++;
	s->end = k->w->timeout_ns ? deadline_in(k->w->timeout_ns)
	    : DEADLINE_NEVER;
	s->renew = deadline_in(k->w->lease_ns / 3);
	if (json_parse(s->d.line, s->d.len, &s->record, e) < 0)
		return -1;
	return start(k, s, e) < 0 ? -1 : 1;
}

/* Fills what is free; the first free slot is left to wait with. */
static int
fill_all(struct work *k, struct slot **ret_free, struct err *e)
{
	*ret_free = NULL;
	for (int i = 0; i < k->w->jobs && !*ret_free; i++) {
		struct slot *s = &k->slots[i];
		int r = s->busy ? 1 : fill(k, s, e);

		if (r < 0)
			return -1;
		if (r == 0)
			*ret_free = s;
	}
	k->empty = *ret_free != NULL;
	return 0;
}

static int
wait_for_news(struct work *k, struct slot *idle, struct err *e)
{
	struct deadline until = DEADLINE_NEVER;
	int r;

	for (int i = 0; i < k->w->jobs; i++)
		if (k->slots[i].busy)
			until = deadline_min(until, deadline_min(
			    k->slots[i].end, k->slots[i].renew));
	r = idle ? hub_wait(idle->taker, until, k->epoll, &cli_signal, e)
	    : fd_wait(k->epoll, POLLIN, until, &cli_signal, e);
	return r < 0 ? -1 : 0;
}

static int
count_paused(const jv *box, void *arg)
{
	struct work *k = arg;
	const char *name = json_str(box, "box");
	int64_t n = 0;

	if (name && strcmp(name, k->w->box) == 0 && json_int(box, "paused",
	    &n) && n > 0)
		k->empty = false;
	return 0;
}

/* Whether all is done, what rests before its next try included: 1, 0, -1. */
static int
drained(struct work *k, struct err *e)
{
	if (!k->w->drain || !k->empty || k->nbusy > 0)
		return 0;
	if (hub_boxes(k->c->hub, count_paused, k, e) < 0)
		return -1;
	return k->empty;
}

static int
loop(struct work *k, struct err *e)
{
	struct slot *idle;

	for (;;) {
		for (int i = 0; i < k->w->jobs; i++)
			if (k->slots[i].busy && tend(k, &k->slots[i], e) < 0)
				return -1;
		if (fill_all(k, &idle, e) < 0)
			return -1;
		tell(k);
		int r = drained(k, e);
		if (r != 0)
			return r < 0 ? -1 : 0;
		if (wait_for_news(k, idle, e) < 0)
			return -1;
	}
}

/* Ends what runs; its tasks go back as if they had not been taken. */
static void
end_all(struct work *k)
{
	for (int i = 0; i < k->w->jobs; i++)
		if (k->slots[i].busy)
			child_signal(&k->slots[i].child, SIGTERM);
	for (int i = 0; i < k->w->jobs; i++) {
		if (k->slots[i].busy)
			child_stop(&k->slots[i].child, k->w->grace_ns);
		clear(k, &k->slots[i]);
	}
}

static int
prepare(struct work *k, struct err *e)
{
	struct err ignored = ERR_INIT;

	k->slots = xcalloc((size_t)k->w->jobs, sizeof(*k->slots));
	for (int i = 0; i < k->w->jobs; i++) {
		k->slots[i].child = (struct child)CHILD_INIT;
		k->slots[i].record = JSON_NONE;
		k->slots[i].output = -1;
	}
	k->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (k->epoll < 0)
		return err_sys(e, ST_SYSTEM, "cannot wait for tasks");
	/* to be seen is not a condition of working */
	(void)registry_join(k->c->hub, &(struct registry_entry){
	    .id = hub_name(k->c->source), .type = "worker",
	    .state = "idle", .tokens = -1 }, &k->member, &ignored);
	return post_open(k->c->hub, hubcli_workspace(k->c), k->c->source,
	    &k->post, e);
}

int
worker_run(const struct worker *w, struct hubcli *c, struct err *e)
{
	struct work k = { .w = w, .c = c, .post = POST_INIT, .epoll = -1 };
	int r = prepare(&k, e);

	if (r == 0)
		r = loop(&k, e);
	end_all(&k);
	registry_leave(k.member);
	post_close(&k.post);
	if (k.epoll >= 0)
		close(k.epoll);
	free(k.slots);
	free(k.told);
	return r < 0 ? -1 : k.failed ? ST_NO : ST_OK;
}
