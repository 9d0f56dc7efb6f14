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
#include "strs.h"

enum {
	END_SECONDS = 15,	/* for the last records after a signal */
	LINE_HEAD = 256,	/* of a record: holds its type */
	GLANCE_MS = 500		/* at the signal flag, in case poll missed it */
};

struct member {
	bool busy;
	struct buf last;	/* its last line, if that is a result or an
				 * error: held back while another may do it */
	char *task;
	jv what;		/* the task as it came */
	size_t next;		/* step of its route's fallback */
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

static const char *const prompts[] = {
	"prompt", "data.prompt", "data.task", NULL
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

/* What agent-route chose to do when this fails: the i-th; or JSON_NONE. */
static jv
step_of(const struct member *m, size_t i)
{
	AUTO_JV jv steps = json_path(&m->what, "route.fallback");

	return json_is(&steps, JSON_ARRAY) && i < json_count(&steps) ?
	    json_at(&steps, i) : JSON_NONE;
}

/* The route for a process: `step`, when there is one, over what it says. */
static void
add_route(const struct member *m, const jv *step, struct strs *w)
{
	AUTO_JV jv own = json_get(&m->what, "route");
	AUTO_JV jv route = json_is(&own, JSON_OBJECT) && step ?
	    json_merge(&own, step) : json_copy(&own);
	char *text;

	if (!json_is(&route, JSON_OBJECT))
		return;
	json_unset(&route, "on");
	text = json_text(&route);
	strs_add(w, "--route");
	strs_take(w, text);
}

/* Starts a process on the member's task; `step` as above. */
static int
start(struct state *s, struct member *m, const jv *step)
{
	static const char *const agents[] = {
		"route.agent", "agent", "data.agent", NULL
	};
	static const char *const models[] = {
		"route.model", "model", "data.model", NULL
	};
	const struct crew *c = s->crew;
	const char *prompt = find_word(&m->what, prompts);
	const char *agent = find_word(&m->what, agents);
	const char *model = find_word(&m->what, models);
	AUTO_STRS struct strs w = STRS_INIT;
	struct child_spec spec = CHILD_SPEC_INIT;
	AUTO_FD int in = fd_from_text(prompt, strlen(prompt), s->e);

	if (in < 0)
		return -1;
	strs_add(&w, c->program);
	strs_add_all(&w, c->args);
	STRS_ADD(&w, "--task", m->task);
	add_route(m, step, &w);
	if (agent || c->agent)
		STRS_ADD(&w, "-a", agent ? agent : c->agent);
	if (model || c->model)
		STRS_ADD(&w, "-m", model ? model : c->model);
	strs_add(&w, "-");
	spec.argv = (const char *const *)w.v;
	spec.in = in;
	spec.out = CHILD_PIPE;
	if (child_start(&spec, &m->child, s->e) < 0 ||
	    fd_set_nonblock(m->child.out, true, s->e) < 0)
		return -1;
	ndjson_init(&m->out, m->child.out, NDJSON_LINE_MAX * 4);
	m->out.raw = true;
	m->busy = true;
	buf_reset(&m->last);
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
	struct err why = ERR_INIT;
	enum ndjson_result got = ndjson_next_until(&s->in, deadline_in(0),
	    NULL, &s->line, &why);

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
	if (!find_word(&s->line.value, prompts)) {
		AUTO_FREE char *text = xasprintf("line %lu: no \"prompt\"",
		    s->line.number);
		return bad_line(s, text);
	}
	m->what = json_copy(&s->line.value);
	m->task = task_id(&m->what);
	m->next = 0;
	return start(s, m, NULL);
}

static bool
concludes(const char *line, size_t len)
{
	size_t head = len < LINE_HEAD ? len : LINE_HEAD;

	return memmem(line, head, "\"type\":\"result\"", 15) ||
	    memmem(line, head, "\"type\":\"error\"", 14);
}

/* What was held back. */
static int
pass_last(struct state *s, struct member *m)
{
	int r = m->last.len > 0 ? fd_write(s->crew->out, m->last.data,
	    m->last.len, s->e) : 0;

	buf_reset(&m->last);
	return r;
}

/* Passes on what it has printed: 1 there may be more, 0 the end. */
static int
pass_lines(struct state *s, struct member *m)
{
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;

	while ((got = ndjson_next(&m->out, &line, s->e)) == NDJSON_LINE) {
		if (pass_last(s, m) < 0)
			return -1;
		buf_add(&m->last, line.text, line.len);
		buf_addc(&m->last, '\n');
		if (!concludes(line.text, line.len) && pass_last(s, m) < 0)
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

/* Whether a step is meant for such an end. */
static bool
is_for(const jv *step, const char *reason, int status)
{
	AUTO_JV jv on = json_get(step, "on");

	for (size_t i = 0; i < json_count(&on); i++) {
		AUTO_JV jv word = json_at(&on, i);
		const char *w = json_string(&word);

		if (w && ((reason && strcmp(w, reason) == 0) ||
		    strcmp(w, err_kind(status)) == 0))
			return true;
	}
	return false;
}

/*
 * Who else shall do it, after such an end; JSON_NONE: nobody.  Another model
 * for the same agent after a failure of the model was tried within the run.
 */
static jv
next_step(struct member *m, int status, const char **ret_reason)
{
	static const char *const ours[] = {
		"failed", "limit", "bad_data", "refused", "budget", NULL
	};
	AUTO_JV jv last = JSON_NONE;
	const char *reason, *kind = err_kind(status);
	struct err ignored;
	bool work = false;
	jv step;

	if (m->last.len > 0 && json_parse(m->last.data, m->last.len, &last,
	    &ignored) < 0)
		return JSON_NONE;
	reason = json_path_str(&last, "data.reason");
	for (const char *const *w = ours; *w; w++)
		work |= strcmp(kind, *w) == 0;
	*ret_reason = kind;
	while (step = step_of(m, m->next), json_is(&step, JSON_OBJECT)) {
		const char *was = json_path_str(&m->what, "route.agent");
		const char *now = json_str(&step, "agent");

		m->next++;
		if (is_for(&step, reason, status) &&
		    (work || (was && now && strcmp(was, now) != 0)))
			return step;
		jv_free(step);
	}
	jv_free(step);
	return JSON_NONE;
}

static int
say_step(struct state *s, const struct member *m, const jv *step,
    const char *reason)
{
	struct record_origin origin = { .source = "/command/agent-spawn",
	    .task = m->task, .traceparent = record_traceparent() };
	AUTO_JV jv record = JSON_NONE;
	jv data = json_object();

	json_set_str(&data, "agent", json_str(step, "agent"));
	json_set_str(&data, "model", json_str(step, "model"));
	json_set_str(&data, "after", reason);
	record = record_new(&origin, RECORD_ROUTE, data);
	return record_emit(s->crew->out, &record, s->e);
}

static void
forget(struct member *m)
{
	ndjson_release(&m->out);
	buf_release(&m->last);
	free(m->task);
	jv_free(m->what);
	*m = (struct member){ .child = CHILD_INIT, .what = JSON_NONE };
}

static int
finish(struct state *s, struct member *m)
{
	bool stopped = s->crew->stop && *s->crew->stop;
	AUTO_JV jv step = JSON_NONE;
	const char *reason = NULL;
	int status = 0, r;

	if (child_wait(&m->child, deadline_in(END_SECONDS * CLOCK_SEC), NULL,
	    &status, s->e) != 1)
		status = child_stop(&m->child, CLOCK_SEC);
	child_close(&m->child);
	if (status != 0 && !stopped)
		step = next_step(m, status, &reason);
	if (json_is(&step, JSON_OBJECT)) {
		ndjson_release(&m->out);
		m->busy = false;
		return say_step(s, m, &step, reason) < 0 ? -1 :
		    start(s, m, &step);
	}
	r = m->last.len > 0 ? pass_last(s, m) : say_error(s, m, status);
	s->failed |= status != 0;
	forget(m);
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
		s.members[i] = (struct member){ .child = CHILD_INIT,
		    .what = JSON_NONE };
	ndjson_init(&s.in, c->in, NDJSON_LINE_MAX);
	r = work(&s, p);
	for (size_t i = 0; i < c->jobs; i++) {
		child_stop(&s.members[i].child, 2 * CLOCK_SEC);
		forget(&s.members[i]);
	}
	ndjson_line_release(&s.line);
	ndjson_release(&s.in);
	free(s.members);
	free(p);
	return r;
}
