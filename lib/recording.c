/*
 * recording: files of recorded exchanges.
 *
 * The conditions are jq programs, compiled when they are first needed, which
 * costs more than all the rest.
 */
#include "config.h"

#include "recording.h"

#include <fcntl.h>

#include "alloc.h"
#include "base64.h"
#include "clock.h"
#include "filter.h"
#include "ndjson.h"
#include "num.h"

enum { SHOWN = 160 };		/* bytes of a message in an error */

struct exchange {
	jv line;
	unsigned long number;
	struct filter *when;
	unsigned long used;
};

struct recording {
	char *file;
	struct exchange *exchanges;
	size_t count, cap;
};

void
recording_free(struct recording *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++) {
		json_release(&r->exchanges[i].line);
		filter_free(r->exchanges[i].when);
	}
	free(r->exchanges);
	free(r->file);
	free(r);
}

const char *
recording_file(const struct recording *r)
{
	return r->file;
}

const jv *
recording_line(const struct recording *r, size_t i)
{
	return i < r->count ? &r->exchanges[i].line : NULL;
}

static void
add_exchange(struct recording *r, const struct ndjson_line *line)
{
	GROW(r->exchanges, r->count, r->cap);
	r->exchanges[r->count++] = (struct exchange){
		.line = json_copy(&line->value), .number = line->number };
}

static int
read_lines(struct recording *r, int fd, struct err *e)
{
	struct ndjson_reader in;
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;

	ndjson_init(&in, fd, NDJSON_LINE_MAX * 8);
	while ((got = ndjson_next(&in, &line, e)) == NDJSON_LINE)
		add_exchange(r, &line);
	ndjson_line_release(&line);
	ndjson_release(&in);
	return got < 0 ? err_prefix(e, "recording '%s'", r->file) : 0;
}

int
recording_read(const char *file, struct recording **ret, struct err *e)
{
	AUTO_FD int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct recording *r;

	if (fd < 0)
		return err_sys(e, ST_NOINPUT, "cannot open recording '%s'",
		    file);
	r = xcalloc(1, sizeof(*r));
	r->file = xstrdup(file);
	if (read_lines(r, fd, e) < 0) {
		recording_free(r);
		return -1;
	}
	*ret = r;
	return 0;
}

/* Finding. */

/* Without what only says where the server was: "/messages". */
static const char *
bare_path(const char *path)
{
	static const char *const prefixes[] = {
		"/openai", "/anthropic", "/gemini", "/v1beta", "/v1"
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		size_t n = strlen(prefixes[i]);
		if (strncmp(path, prefixes[i], n) == 0 && path[n] == '/')
			path += n;
	}
	return path;
}

/* Whether a request goes to where the recorded one went. */
static bool
same_place(const jv *request, const struct recording_request *rq)
{
	const char *method = json_str(request, "method");
	const char *path = json_str(request, "path");

	return (!method || !rq->method || strcmp(method, rq->method) == 0) &&
	    (!path || !rq->path || strcmp(bare_path(path),
	    bare_path(rq->path)) == 0);
}

static bool
same_body(const jv *request, const struct recording_request *rq)
{
	AUTO_JV jv body = json_get(request, "body");
	const char *text = json_str(request, "text");

	if (text || rq->text)
		return text && rq->text && strcmp(text, rq->text) == 0;
	if (json_is(&body, JSON_NOTHING))
		return json_is(rq->body, JSON_NOTHING);
	if (rq->path)
		return json_equal(&body, rq->body);
	/* "replay:FILE" is the name of a model that has none */
	AUTO_JV jv asked = json_copy(rq->body);
	json_unset(&asked, "model");
	json_unset(&body, "model");
	return json_equal(&body, &asked);
}

/*
 * Whether an exchange fits: 1, 0, or -1 for a condition that is no program.
 * One that fails on a request does not fit it: .messages[3].content|test("x")
 * where there is no fourth.
 */
static int
fits(struct exchange *x, const struct recording_request *rq, struct err *e)
{
	const char *when = json_str(&x->line, "when");
	AUTO_JV jv request = json_get(&x->line, "request");
	struct err failed = ERR_INIT;

	if (!json_is(&request, JSON_NOTHING) && (!same_place(&request, rq) ||
	    (!when && !same_body(&request, rq))))
		return 0;
	if (!when)
		return 1;
	if (!x->when)
		x->when = filter_new(when, NULL, e);
	if (!x->when)
		return err_prefix(e, "line %lu", x->number);
	return filter_test(x->when, rq->body, NULL, &failed) == 1;
}

/* What a request says: the messages, whatever the protocol calls them. */
static jv
messages_of(const jv *body)
{
	static const char *const names[] = { "messages", "input", "contents" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		AUTO_JV jv v = json_get(body, names[i]);
		if (json_is(&v, JSON_ARRAY))
			return json_copy(&v);
	}
	return json_array();
}

/* "tool: 'FAIL: expected 5, got...'": what the request said last. */
static void
describe(const jv *body, struct buf *out)
{
	AUTO_JV jv messages = messages_of(body);
	AUTO_JV jv last = JSON_NONE, content = JSON_NONE;
	AUTO_FREE char *text = NULL;
	const char *role;

	last = json_count(&messages) > 0 ?
	    json_at(&messages, json_count(&messages) - 1) : JSON_NONE;
	role = json_str(&last, "role");
	content = json_get(&last, "content");
	text = json_string(&content) ? xstrdup(json_string(&content)) :
	    json_text(json_is(&content, JSON_NOTHING) ? &last : &content);
	buf_addf(out, "%s: '%.*s%s'", role ? role : "message", SHOWN, text,
	    strlen(text) > SHOWN ? "..." : "");
}

/*
 * How like a recorded request is, to one that is not the same: more is
 * better, 0 not at all.  A client that runs again says the same things with
 * other ids and times in them.
 */
static int
likeness(const struct exchange *x, const struct recording_request *rq)
{
	AUTO_JV jv request = json_get(&x->line, "request");
	AUTO_JV jv body = json_get(&request, "body");
	AUTO_JV jv ours = messages_of(rq->body), theirs = messages_of(&body);
	size_t n = json_count(&ours);
	int score;

	if (json_is(&request, JSON_NOTHING) || !same_place(&request, rq))
		return 0;
	score = x->used ? 1 : 2;
	if (n != json_count(&theirs))
		return score;
	score += 4;
	if (n > 0) {
		AUTO_JV jv a = json_at(&ours, n - 1), b = json_at(&theirs,
		    n - 1);
		score += json_equal(&a, &b) ? 4 : 0;
	}
	return score;
}

static struct exchange *
most_like(struct recording *r, const struct recording_request *rq)
{
	struct exchange *best = NULL;
	int most = 0;

	for (size_t i = 0; i < r->count; i++) {
		int score = likeness(&r->exchanges[i], rq);
		if (score > most) {
			most = score;
			best = &r->exchanges[i];
		}
	}
	return best;
}

const jv *
recording_choose(struct recording *r, const struct recording_request *rq,
    enum recording_mode mode, struct err *e)
{
	AUTO_BUF struct buf said = BUF_INIT;
	struct exchange *best = NULL;

	for (size_t i = 0; i < r->count && (!best ||
	    (mode != RECORDING_FIRST && best->used)); i++) {
		int fit = fits(&r->exchanges[i], rq, e);
		if (fit < 0) {
			err_prefix(e, "recording '%s'", r->file);
			return NULL;
		}
		if (fit)
			best = &r->exchanges[i];
	}
	if (!best && mode == RECORDING_LOOSE)
		best = most_like(r, rq);
	if (best) {
		best->used++;
		return &best->line;
	}
	describe(rq->body, &said);
	err_set(e, ST_PROTOCOL, "no line of the recording fits the "
	    "request%s%s%s%s, whose last message is %s",
	    rq->method ? " " : "", rq->method ? rq->method : "",
	    rq->path ? " " : "", rq->path ? rq->path : "", said.data);
	return NULL;
}

/* Answers. */

int
recording_status(const jv *line)
{
	int64_t status;

	return json_int(line, "status", &status) && status >= 100 &&
	    status < 1000 ? (int)status : 200;
}

int64_t
recording_delay(const jv *line)
{
	const char *text = json_str(line, "delay");
	double s;
	int64_t ns = 0;

	if (text && num_parse_duration(text, &ns) == 0)
		return ns;
	if (json_num(line, "delay", &s) && s > 0 && s < 86400)
		return (int64_t)(s * (double)CLOCK_SEC);
	return 0;
}

bool
recording_cut(const jv *line)
{
	bool cut;

	return json_bool(line, "cut", &cut) && cut;
}

size_t
recording_fields(const jv *line, struct http_field **ret)
{
	AUTO_JV jv headers = json_get(line, "headers");
	struct http_field *fields =
	    xcalloc(json_count(&headers) + 1, sizeof(*fields));
	size_t n = 0;

	fields[n].name = "content-type";
	fields[n++].value = json_has(line, "sse") ?
	    "text/event-stream" : json_has(line, "ndjson") ?
	    "application/x-ndjson" : "application/json";
	JSON_EACH(&headers, i) {
		const char *name = json_iter_key(&headers, i);
		const char *value = json_str(&headers, name);
		if (value && strcmp(name, "content-type") == 0)
			fields[0].value = value;
		else if (value)
			fields[n++] = (struct http_field){ name, value };
	}
	*ret = fields;
	return n;
}

/* An element of "sse" as an event: data alone, or {"event","data"}. */
static void
write_event(const jv *chunk, struct buf *out)
{
	AUTO_JV jv data = json_get(chunk, "data");
	const char *event = json_str(chunk, "event");
	bool named = event && json_count(chunk) == 2 &&
	    !json_is(&data, JSON_NOTHING);
	const jv *what = named ? &data : chunk;

	if (named)
		buf_addf(out, "event: %s\n", event);
	buf_adds(out, "data: ");
	if (json_string(what))
		buf_adds(out, json_string(what));
	else
		json_write(what, out);
	buf_adds(out, "\n\n");
}

/* [SECONDS, TEXT], or [SECONDS, null, BASE64] for what is no UTF-8. */
static void
write_chunk(const jv *chunk, struct buf *out, double *ret_at)
{
	AUTO_JV jv at = json_at(chunk, 0), text = json_at(chunk, 1);
	AUTO_JV jv bytes = json_at(chunk, 2);

	json_number(&at, ret_at);
	if (json_string(&text))
		buf_add(out, json_string(&text), json_string_len(&text));
	else if (json_string(&bytes))
		base64_decode(json_string(&bytes), json_string_len(&bytes),
		    out);
}

bool
recording_piece(const jv *line, size_t i, struct buf *out, double *ret_at)
{
	static const char *const names[] = { "chunks", "sse", "ndjson" };

	buf_reset(out);
	*ret_at = -1;
	for (int k = 0; k < 3; k++) {
		AUTO_JV jv list = json_get(line, names[k]);
		AUTO_JV jv piece = json_at(&list, i);
		if (!json_is(&list, JSON_ARRAY))
			continue;
		if (json_is(&piece, JSON_NOTHING))
			return false;
		if (k == 0) {
			write_chunk(&piece, out, ret_at);
		} else if (k == 1) {
			write_event(&piece, out);
		} else {
			json_write(&piece, out);
			buf_addc(out, '\n');
		}
		return true;
	}
	AUTO_JV jv body = json_get(line, "body");
	if (i > 0 || json_is(&body, JSON_NOTHING))
		return false;
	if (json_string(&body))
		buf_adds(out, json_string(&body));
	else
		json_write(&body, out);
	return true;
}
