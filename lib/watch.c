/* watch: records as lines for people; how they are laid out. */
#include "config.h"

#include "watch.h"

#include <time.h>

#include "alloc.h"
#include "clock.h"
#include "record.h"

enum {
	NAME_MIN = 3,
	NAME_MAX = 18,
	WORD_WIDTH = 7,
	REST_MIN = 24,		/* columns for the rest, however narrow */
	TEXT_MIN = 10,		/* columns for text after that, or none */
	INDENT = 4		/* of text below its line */
};

static const char *const sgr[WATCH_STYLES] = {
	[WATCH_PLAIN] = "", [WATCH_DIM] = "2", [WATCH_BOLD] = "1",
	[WATCH_GREEN] = "32", [WATCH_RED] = "31", [WATCH_YELLOW] = "33"
};

/* Of names: no red or green, which mean something. */
static const char *const name_colours[] = { "36", "35", "34", "33", "96",
    "95", "94" };

void
watch_open(struct watch *w, int fd, enum term_when colour, int64_t columns)
{
	time_t now = (time_t)(clock_wall() / CLOCK_SEC);
	struct tm tm = { 0 };

	*w = (struct watch){ .fd = fd, .wanted = columns,
	    .name_width = NAME_MIN };
	term_open(&w->term, fd, colour);
	localtime_r(&now, &tm);
	w->year = tm.tm_year;
	w->yday = tm.tm_yday;
}

void
watch_close(struct watch *w)
{
	term_close(&w->term);
}

/* A window may be resized at any time. */
static void
find_width(struct watch *w)
{
	if (w->wanted < 0)
		term_resize(&w->term, w->fd);
	w->columns = w->wanted >= 0 ? (size_t)w->wanted :
	    w->term.tty ? (size_t)w->term.columns : WATCH_PIPE_COLUMNS;
}

/* How text is to be cleaned. */
static int
clean_flags(const struct watch *w)
{
	return w->term.ascii ? TERM_ASCII : 0;
}

static void
paint(const struct watch *w, const char *codes, struct buf *out)
{
	if (w->term.colour && *codes)
		buf_addf(out, "\033[%sm", codes);
}

static void
unpaint(const struct watch *w, const char *codes, struct buf *out)
{
	if (w->term.colour && *codes)
		buf_adds(out, "\033[0m");
}

/* "08:39:14 "; before the first of another day, the date on its own line. */
static void
put_time(struct watch *w, const jv *record, struct buf *out)
{
	const char *text = json_str(record, "time");
	char clock[16] = "--:--:--", date[32];
	struct tm tm = { 0 };
	int64_t ns;
	time_t t;

	if (text && timestamp_parse(text, &ns) == 0) {
		t = (time_t)(ns / CLOCK_SEC);
		localtime_r(&t, &tm);
		strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
		if (tm.tm_year != w->year || tm.tm_yday != w->yday) {
			strftime(date, sizeof(date), "%Y-%m-%d", &tm);
			paint(w, "2", out);
			buf_addf(out, "--- %s ---", date);
			unpaint(w, "2", out);
			buf_addc(out, '\n');
		}
		w->year = tm.tm_year;
		w->yday = tm.tm_yday;
	}
	paint(w, "2", out);
	buf_adds(out, clock);
	unpaint(w, "2", out);
	buf_addc(out, ' ');
}

/* FNV-1a: to tell sources apart and to give each its colour. */
static unsigned long long
hash(const char *s)
{
	unsigned long long h = 14695981039346656037ULL;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211ULL;
	return h;
}

/* The smallest number that no live run of the source has. */
static unsigned
free_number(const struct watch *w, unsigned long long source)
{
	for (unsigned n = 1; ; n++) {
		bool taken = false;

		for (size_t i = 0; i < WATCH_RUNS && !taken; i++)
			taken = w->runs[i].number == n && !w->runs[i].ended &&
			    w->runs[i].source == source;
		if (!taken)
			return n;
	}
}

/* Which of the runs of its source a record is of; 1 when it does not say. */
static unsigned
run_number(struct watch *w, const jv *record, const char *source)
{
	const char *id = json_str(record, "run");
	const char *type = json_str(record, "type");
	unsigned long long h = hash(source);
	struct watch_run *r = NULL;

	if (!id || strlen(id) > ULID_LEN)
		return 1;
	for (size_t i = 0; i < WATCH_RUNS && !r; i++)
		if (w->runs[i].number && w->runs[i].source == h &&
		    strcmp(w->runs[i].id, id) == 0)
			r = &w->runs[i];
	if (!r) {
		struct watch_run new = { .source = h,
		    .number = free_number(w, h) };

		memcpy(new.id, id, strlen(id));
		r = &w->runs[w->next_run++ % WATCH_RUNS];
		*r = new;
	}
	r->ended = type && strcmp(type, RECORD_RESULT) == 0;
	return r->number;
}

/* "dev", "dev:check", "dev#2"; padded to its column, which grows. */
static void
put_name(struct watch *w, const jv *record, struct buf *out)
{
	const char *source = json_str(record, "source");
	const char *task = json_str(record, "task");
	AUTO_BUF struct buf raw = BUF_INIT;
	AUTO_BUF struct buf name = BUF_INIT;
	const char *last, *colour;
	size_t width;
	unsigned n;

	source = source ? source : "?";
	n = run_number(w, record, source);
	last = strrchr(source, '/');
	buf_adds(&raw, last ? last + 1 : source);
	/* the step of a flow says more than a random id */
	if (task && !ulid_valid(task))
		buf_addf(&raw, ":%s", task);
	if (n > 1)
		buf_addf(&raw, "#%u", n);
	term_clean(raw.data, raw.len, TERM_ONELINE | clean_flags(w), &name);
	buf_adds(&name, "");
	colour = name_colours[hash(name.data) %
	    (sizeof(name_colours) / sizeof(*name_colours))];
	paint(w, colour, out);
	width = term_cut(&w->term, name.data, name.len, NAME_MAX, out);
	unpaint(w, colour, out);
	if (w->name_width < width)
		w->name_width = width;
	buf_addf(out, "%*s", (int)(w->name_width - width + 2), "");
}

/* Clean text on one line; of long text only as much as can be of use. */
static void
clean_line(const struct watch *w, const struct buf *raw, bool tail,
    struct buf *out)
{
	size_t limit = w->columns > 0 ? w->columns * 8 + 512 : raw->len;
	size_t start = 0, len = raw->len;

	if (len > limit && tail) {
		start = len - limit;
		while (start < len && (raw->data[start] & 0xc0) == 0x80)
			start++;
	}
	if (len - start > limit)
		len = start + limit;
	if (len > start)
		term_clean(raw->data + start, len - start,
		    TERM_ONELINE | clean_flags(w), out);
	buf_adds(out, "");
}

/*
 * Text below its line, each line of it indented, and painted by itself: a
 * pager forgets colours at the end of a line.
 */
static void
put_block(const struct watch *w, const struct buf *clean, const char *codes,
    struct buf *out)
{
	const char *s = clean->data, *end = s + clean->len;

	while (s < end) {
		const char *nl = memchr(s, '\n', (size_t)(end - s));
		size_t n = (size_t)((nl ? nl : end) - s);

		if (n > 0) {
			buf_addf(out, "%*s", INDENT, "");
			paint(w, codes, out);
			buf_add(out, s, n);
			unpaint(w, codes, out);
		}
		buf_addc(out, '\n');
		s += n + (nl != NULL);
	}
}

/* Clean text on the line, painted; its width. */
static size_t
put_painted(const struct watch *w, const struct buf *clean, const char *codes,
    size_t room, struct buf *out)
{
	size_t width;

	if (clean->len == 0)
		return 0;
	paint(w, codes, out);
	width = term_cut(&w->term, clean->data, clean->len, room, out);
	unpaint(w, codes, out);
	return width;
}

/* "shell, exit 2: " and its width. */
static size_t
put_head(const struct watch *w, const struct watch_event *ev, size_t room,
    struct buf *out)
{
	AUTO_BUF struct buf subject = BUF_INIT;
	AUTO_BUF struct buf facts = BUF_INIT;
	bool call = ev->facts.len == 0 && ev->style == WATCH_BOLD;
	size_t width;

	clean_line(w, &ev->subject, false, &subject);
	clean_line(w, &ev->facts, false, &facts);
	if (subject.len == 0 && facts.len > 2)
		buf_consume(&facts, 2);		/* ", " */
	width = put_painted(w, &subject, sgr[ev->style == WATCH_DIM ?
	    WATCH_DIM : WATCH_BOLD], room, out);
	width += put_painted(w, &facts, sgr[WATCH_DIM], room - width, out);
	if (width == 0 || ev->text.len == 0)
		return width;
	if (width + TEXT_MIN > room)
		return room;
	buf_adds(out, call ? "  " : ": ");
	return width + 2;
}

/* Nothing is at the end of a line that could not be seen there. */
static void
end_line(struct buf *out)
{
	while (out->data[out->len - 1] == ' ')
		buf_truncate(out, out->len - 1);
	buf_addc(out, '\n');
}

static void
put_line(const struct watch *w, const struct watch_event *ev, size_t room,
    struct buf *out)
{
	AUTO_BUF struct buf clean = BUF_INIT;

	clean_line(w, &ev->text, ev->tail, &clean);
	if (clean.len > 0 && room > 0) {
		paint(w, sgr[ev->text_style], out);
		if (ev->tail)
			term_cut_front(&w->term, clean.data, clean.len, room,
			    out);
		else
			term_cut(&w->term, clean.data, clean.len, room, out);
		unpaint(w, sgr[ev->text_style], out);
	}
	end_line(out);
}

/* All of the text: on the line when it is one that fits, else below. */
static void
put_all(const struct watch *w, const struct watch_event *ev, size_t room,
    struct buf *out)
{
	AUTO_BUF struct buf clean = BUF_INIT;

	term_clean(ev->text.data, ev->text.len, clean_flags(w), &clean);
	while (clean.len > 0 && clean.data[clean.len - 1] == '\n')
		buf_truncate(&clean, clean.len - 1);
	if (clean.len == 0 || (!memchr(clean.data, '\n', clean.len) &&
	    term_width(&w->term, clean.data, clean.len) <= room)) {
		put_painted(w, &clean, sgr[ev->text_style], room, out);
		end_line(out);
		return;
	}
	end_line(out);
	put_block(w, &clean, sgr[ev->text_style], out);
}

static void
put_event(struct watch *w, const jv *record, const struct watch_event *ev,
    struct buf *out)
{
	size_t used, room = SIZE_MAX / 2;

	put_time(w, record, out);
	put_name(w, record, out);
	paint(w, sgr[ev->style], out);
	buf_adds(out, ev->word);
	unpaint(w, sgr[ev->style], out);
	buf_addf(out, "%*s", (int)(WORD_WIDTH + 1 - strlen(ev->word)), "");
	used = 9 + w->name_width + 2 + WORD_WIDTH + 1;
	if (w->columns > 0)
		room = w->columns > used + REST_MIN ? w->columns - used :
		    REST_MIN;
	used = put_head(w, ev, room, out);
	if (w->verbose || ev->whole)
		put_all(w, ev, room - used, out);
	else
		put_line(w, ev, room - used, out);
}

void
watch_show(struct watch *w, const jv *record, struct buf *out)
{
	struct watch_event ev = WATCH_EVENT_INIT;
	const char *type = json_str(record, "type");

	if (!w->deltas && type && strcmp(type, RECORD_MODEL_DELTA) == 0)
		return;
	find_width(w);
	watch_describe(record, &ev);
	if (ev.word)
		put_event(w, record, &ev, out);
	watch_event_release(&ev);
}
