/* progress: a flow that runs, on a terminal. */
#include "config.h"

#include "progress.h"

#include <stdio.h>

#include "alloc.h"
#include "clock.h"
#include "fd.h"
#include "record.h"

enum {
	EVERY_MS = 200,
	LINES_MAX = 12,		/* of tasks; the others are counted */
	BAR = 30,
	COLUMNS = 80
};

void
progress_open(struct progress *p, int fd, const char *flow, size_t total,
    size_t todo)
{
	p->fd = fd;
	p->flow = flow;
	p->total = total;
	p->done = total > todo ? total - todo : 0;
	p->begun = clock_mono();
	watch_open(&p->watch, fd, TERM_AUTO, -1);
}

static void
task_release(struct progress_task *t)
{
	free(t->flow);
	free(t->id);
	free(t->doing);
}

/* Takes away what was drawn last. */
static void
erase(struct progress *p, struct buf *out)
{
	if (p->drawn > 0)
		buf_addf(out, "\033[%zuA\r\033[J", p->drawn);
	p->drawn = 0;
}

void
progress_close(struct progress *p)
{
	AUTO_BUF struct buf out = BUF_INIT;
	struct err ignored;

	if (p->fd < 0)
		return;
	erase(p, &out);
	(void)fd_write(p->fd, out.data ? out.data : "", out.len, &ignored);
	for (size_t i = 0; i < p->n; i++)
		task_release(&p->tasks[i]);
	free(p->tasks);
	watch_close(&p->watch);
	*p = (struct progress)PROGRESS_INIT;
}

/* The one that runs; `flow` NULL: of any flow.  p->n when none does. */
static size_t
find(const struct progress *p, const char *flow, const char *id)
{
	size_t i = 0;

	while (i < p->n && (strcmp(p->tasks[i].id, id) != 0 ||
	    (flow && strcmp(p->tasks[i].flow, flow) != 0)))
		i++;
	return i;
}

static void
begins(struct progress *p, const char *flow, const char *id)
{
	if (find(p, flow, id) < p->n)
		return;
	GROW(p->tasks, p->n, p->cap);
	p->tasks[p->n++] = (struct progress_task){ .flow = xstrdup(flow),
		.id = xstrdup(id), .since = clock_mono() };
}

static void
ends(struct progress *p, const char *flow, const char *id)
{
	size_t i = find(p, flow, id);

	if (strcmp(flow, p->flow) == 0 && p->done < p->total)
		p->done++;
	if (i == p->n)
		return;
	task_release(&p->tasks[i]);
	p->tasks[i] = p->tasks[--p->n];
}

/* What an agent does that works on a task of ours. */
static void
note_agent(struct progress *p, const jv *record, const char *type,
    const char *id)
{
	size_t i = find(p, NULL, id);
	AUTO_JV jv data = json_get(record, "data");
	const char *name = json_str(&data, "name");
	int64_t n;
	double usd;

	if (i == p->n)
		return;
	if (strcmp(type, RECORD_MODEL_USAGE) == 0) {
		p->tokens += json_int(&data, "input_tokens", &n) ? n : 0;
		p->tokens += json_int(&data, "output_tokens", &n) ? n : 0;
		p->usd += json_num(&data, "cost", &usd) ? usd : 0;
	} else if (strcmp(type, RECORD_TOOL_CALL) == 0 && name) {
		free(p->tasks[i].doing);
		p->tasks[i].doing = xstrdup(name);
	}
}

int
progress_record(struct progress *p, const jv *record, bool ours,
    struct err *e)
{
	const char *type = json_str(record, "type");
	const char *id = json_str(record, "task");
	const char *flow = json_str(record, "flow");
	AUTO_BUF struct buf out = BUF_INIT;

	if (!type || !id)
		return 0;
	if (!ours || !flow) {
		note_agent(p, record, type, id);
		return 0;
	}
	if (strcmp(type, RECORD_PROGRESS) == 0) {
		begins(p, flow, id);
		return 0;
	}
	if (strcmp(type, RECORD_RESULT) == 0)
		ends(p, flow, id);
	erase(p, &out);
	watch_show(&p->watch, record, &out);
	return fd_write(p->fd, out.data ? out.data : "", out.len, e) < 0 ?
	    -1 : progress_draw(p, true, e);
}

/* A line that fits, without what would steer the terminal. */
static void
add_line(struct progress *p, const char *text, struct buf *out)
{
	AUTO_BUF struct buf clean = BUF_INIT;
	int columns = p->watch.term.columns;

	term_clean(text, strlen(text), TERM_ONELINE, &clean);
	term_cut(&p->watch.term, clean.data ? clean.data : "", clean.len,
	    (size_t)(columns > 1 ? columns - 1 : COLUMNS), out);
	buf_adds(out, "\n");
	p->drawn++;
}

static void
add_task(struct progress *p, const struct progress_task *t, int64_t now,
    struct buf *out)
{
	const char *within = strlen(t->flow) > strlen(p->flow) ?
	    t->flow + strlen(p->flow) + 1 : "";
	AUTO_FREE char *text = xasprintf("%5lld s  %s%s%s%s%s",
	    (long long)((now - t->since) / CLOCK_SEC), within,
	    *within ? " " : "", t->id, t->doing ? ": " : "",
	    t->doing ? t->doing : "");

	/* spaces at the beginning are the line's, not the text's */
	buf_adds(out, "  ");
	add_line(p, text, out);
}

static void
add_bar(struct progress *p, int64_t now, struct buf *out)
{
	size_t full = p->total > 0 ? BAR * p->done / p->total : BAR;
	char bar[BAR + 1];
	AUTO_FREE char *text = NULL;

	memset(bar, '#', full);
	memset(bar + full, '.', BAR - full);
	bar[BAR] = '\0';
	text = xasprintf("[%s] %zu of %zu, %zu running, %lld tokens, $%.2f, "
	    "%lld s", bar, p->done, p->total, p->n, (long long)p->tokens,
	    p->usd, (long long)((now - p->begun) / CLOCK_SEC));
	add_line(p, text, out);
}

int
progress_draw(struct progress *p, bool always, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	int64_t now = clock_mono();

	if (!always && now - p->shown < EVERY_MS * CLOCK_MS)
		return 0;
	p->shown = now;
	term_resize(&p->watch.term, p->fd);
	erase(p, &out);
	for (size_t i = 0; i < p->n && i < LINES_MAX; i++)
		add_task(p, &p->tasks[i], now, &out);
	add_bar(p, now, &out);
	return fd_write(p->fd, out.data, out.len, e);
}
