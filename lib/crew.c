/* crew: many tasks, each run by a process of its own, so many at a time. */
#include "config.h"

#include "crew.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "alloc.h"
#include "child.h"
#include "fd.h"
#include "ndjson.h"
#include "record.h"

enum {
	ARGS_MAX = 64,
	END_SECONDS = 15,	/* for the last records after a signal */
	LINE_HEAD = 256,	/* of a record: holds its type */
	GLANCE_MS = 500		/* at the signal flag, in case poll missed it */
};

struct member {
	bool busy;
	bool concluded;		/* its last line was a result or error */
	char *task;
	struct child child;
	struct ndjson_reader out;
};

struct state {
	const struct crew *crew;
	struct member *members;
	struct ndjson_reader in;
	struct ndjson_line line;
	bool ended;		/* no more tasks come */
	bool failed, bad;
	struct err *e;
};

/* The task's own words, at one of the places where they may be. */
static const char *
find_word(const jv *task, const char *const *paths)
{
	for (; *paths; paths++) {
		const char *s = json_path_str(task, *paths);
		if (s && *s)
			return s;
	}
	return NULL;
}

/* An id as text; a number is one too. */
static char *
task_id(const jv *task)
{
	static const char *const paths[] = { "id", "data.id", NULL };
	const char *id = find_word(task, paths);
	char own[ULID_LEN + 1];
	int64_t n;

	if (id)
		return xstrdup(id);
	if (json_int(task, "id", &n))
		return xasprintf("%lld", (long long)n);
	ulid_make(own);
	return xstrdup(own);
}

static int
start(struct state *s, struct member *m, const jv *task, const char *prompt)
{
	static const char *const agents[] = {
		"route.agent", "agent", "data.agent", NULL
	};
	static const char *const models[] = {
		"route.model", "model", "data.model", NULL
	};
	const struct crew *c = s->crew;
	const char *agent = find_word(task, agents);
	const char *model = find_word(task, models);
	const char *argv[ARGS_MAX + 10];
	struct child_spec spec = CHILD_SPEC_INIT;
	AUTO_FD int in = fd_from_text(prompt, strlen(prompt), s->e);
	size_t n = 0;

	if (in < 0)
		return -1;
	m->task = task_id(task);
	argv[n++] = c->program;
	for (size_t i = 0; i < ARGS_MAX && c->args[i]; i++)
		argv[n++] = c->args[i];
	argv[n++] = "--task";
	argv[n++] = m->task;
	if (agent || c->agent) {
		argv[n++] = "-a";
		argv[n++] = agent ? agent : c->agent;
	}
	if (model || c->model) {
		argv[n++] = "-m";
		argv[n++] = model ? model : c->model;
	}
	argv[n++] = "-";
	argv[n] = NULL;
	spec.argv = argv;
	spec.in = in;
	spec.out = CHILD_PIPE;
	if (child_start(&spec, &m->child, s->e) < 0 ||
	    fd_set_nonblock(m->child.out, true, s->e) < 0)
		return -1;
	ndjson_init(&m->out, m->child.out, NDJSON_LINE_MAX * 4);
	m->out.raw = true;
	m->busy = true;
	m->concluded = false;
	return 0;
}

static int
bad_line(struct state *s, const char *why)
{
	s->bad = true;
	err_warn("%s, skipping it", why);
	return 0;
}

/* Takes the next task, if one is there, and starts it. */
static int
take_task(struct state *s, struct member *m)
{
	static const char *const prompts[] = {
		"prompt", "data.prompt", "data.task", NULL
	};
	struct err why = ERR_INIT;
	enum ndjson_result got = ndjson_next_until(&s->in, deadline_in(0),
	    NULL, &s->line, &why);
	const char *prompt;

	switch (got) {
	case NDJSON_FAIL:
		*s->e = why;
		return -1;
	case NDJSON_BAD:
		return bad_line(s, why.text);
	case NDJSON_EOF:
		s->ended = true;
		return 0;
	case NDJSON_AGAIN:
		return 0;
	case NDJSON_LINE:
		break;
	}
	prompt = find_word(&s->line.value, prompts);
	if (!prompt) {
		AUTO_FREE char *text = xasprintf("line %lu: no \"prompt\"",
		    s->line.number);
		return bad_line(s, text);
	}
	return start(s, m, &s->line.value, prompt);
}

static bool
concludes(const char *line, size_t len)
{
	size_t head = len < LINE_HEAD ? len : LINE_HEAD;

	return memmem(line, head, "\"type\":\"result\"", 15) ||
	    memmem(line, head, "\"type\":\"error\"", 14);
}

/* Passes on what it has printed: 1 there may be more, 0 the end. */
static int
pass_lines(struct state *s, struct member *m)
{
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;

	while ((got = ndjson_next(&m->out, &line, s->e)) == NDJSON_LINE) {
		AUTO_BUF struct buf whole = BUF_INIT;

		buf_add(&whole, line.text, line.len);
		buf_addc(&whole, '\n');
		m->concluded = concludes(line.text, line.len);
		if (fd_write(s->crew->out, whole.data, whole.len, s->e) < 0)
			return -1;
	}
	ndjson_line_release(&line);
	return got == NDJSON_AGAIN ? 1 : 0;
}

/* What it could not say itself. */
static int
say_error(struct state *s, const struct member *m, int status)
{
	struct record_origin origin = { .source = "/command/agent-spawn",
	    .task = m->task, .traceparent = record_traceparent() };
	struct err why = ERR_INIT;
	AUTO_JV jv record = JSON_NONE;

	if (status > ST_SIGNAL)
		err_set(&why, status, "killed by signal %d",
		    status - ST_SIGNAL);
	else
		err_set(&why, status ? status : ST_BUG,
		    "ended with status %d, without a result", status);
	record = record_new(&origin, RECORD_ERROR, record_error_data(&why));
	return record_emit(s->crew->out, &record, s->e);
}

static int
finish(struct state *s, struct member *m)
{
	int status = 0, r = 0;

	if (child_wait(&m->child, deadline_in(END_SECONDS * CLOCK_SEC), NULL,
	    &status, s->e) != 1)
		status = child_stop(&m->child, CLOCK_SEC);
	child_close(&m->child);
	if (!m->concluded)
		r = say_error(s, m, status);
	s->failed |= status != 0;
	ndjson_release(&m->out);
	free(m->task);
	*m = (struct member){ .child = CHILD_INIT };
	return r;
}

static size_t
count_busy(const struct state *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->crew->jobs; i++)
		n += s->members[i].busy;
	return n;
}

/* Gives tasks to those who are free, as long as some are there. */
static int
give_tasks(struct state *s)
{
	for (size_t i = 0; i < s->crew->jobs && !s->ended; i++) {
		struct member *m = &s->members[i];

		while (!m->busy && !s->ended) {
			unsigned long before = s->in.number;
			if (take_task(s, m) < 0)
				return -1;
			if (!m->busy && s->in.number == before)
				return 0;	/* nothing there yet */
		}
	}
	return 0;
}

static int
serve(struct state *s, struct pollfd *p)
{
	size_t jobs = s->crew->jobs;

	for (size_t i = 0; i < jobs; i++) {
		struct member *m = &s->members[i];
		int more;

		if (!m->busy || !p[i].revents)
			continue;
		more = pass_lines(s, m);
		if (more < 0 || (more == 0 && finish(s, m) < 0))
			return -1;
	}
	return 0;
}

static int
wait_for_any(struct state *s, struct pollfd *p, struct deadline until)
{
	size_t jobs = s->crew->jobs;

	for (size_t i = 0; i < jobs; i++)
		p[i] = (struct pollfd){ .events = POLLIN,
		    .fd = s->members[i].busy ? s->members[i].out.fd : -1 };
	p[jobs] = (struct pollfd){ .events = POLLIN,
	    .fd = s->ended || count_busy(s) == jobs ? -1 : s->in.fd };
	if (poll(p, jobs + 1, deadline_poll_ms(deadline_min(until,
	    deadline_in(GLANCE_MS * CLOCK_MS)))) < 0 && errno != EINTR)
		return err_sys(s->e, ST_SYSTEM, "cannot poll");
	return 0;
}

/* After a signal: everybody ends in order, and says so. */
static int
wind_up(struct state *s, struct pollfd *p)
{
	struct deadline until = deadline_in(END_SECONDS * CLOCK_SEC);

	for (size_t i = 0; i < s->crew->jobs; i++)
		child_signal(&s->members[i].child, SIGTERM);
	s->ended = true;
	while (count_busy(s) > 0 && !deadline_passed(until))
		if (wait_for_any(s, p, until) < 0 || serve(s, p) < 0)
			return -1;
	return err_set(s->e, ST_SIGNAL + *s->crew->stop, "interrupted");
}

static int
work(struct state *s, struct pollfd *p)
{
	for (;;) {
		if (s->crew->stop && *s->crew->stop)
			return wind_up(s, p);
		if (give_tasks(s) < 0)
			return -1;
		if (s->ended && count_busy(s) == 0)
			return s->bad ? ST_DATA : s->failed ? ST_NO : ST_OK;
		if (wait_for_any(s, p, DEADLINE_NEVER) < 0 || serve(s, p) < 0)
			return -1;
	}
}

int
crew_run(const struct crew *c, struct err *e)
{
	struct state s = { .crew = c, .line = NDJSON_LINE_INIT, .e = e };
	struct pollfd *p = xcalloc(c->jobs + 1, sizeof(*p));
	int r;

	s.members = xcalloc(c->jobs, sizeof(*s.members));
	for (size_t i = 0; i < c->jobs; i++)
		s.members[i].child = (struct child)CHILD_INIT;
	ndjson_init(&s.in, c->in, NDJSON_LINE_MAX);
	r = work(&s, p);
	for (size_t i = 0; i < c->jobs; i++) {
		child_stop(&s.members[i].child, 2 * CLOCK_SEC);
		ndjson_release(&s.members[i].out);
		free(s.members[i].task);
	}
	ndjson_line_release(&s.line);
	ndjson_release(&s.in);
	free(s.members);
	free(p);
	return r;
}
