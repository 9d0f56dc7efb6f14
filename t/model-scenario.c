/* model-scenario: what the model server is told to do. */
#include "config.h"

#include "model-scenario.h"

#include <fcntl.h>

#include "alloc.h"
#include "ndjson.h"
#include "num.h"

static struct scenario *all;
static size_t nall, cap;

static bool
is_plain(const struct scenario *h)
{
	return h->delay <= 0 && h->first <= 0 && h->rate <= 0 &&
	    h->split <= 0 && h->stall == SCENARIO_NONE &&
	    h->cut == SCENARIO_NONE && !h->mute &&
	    h->status == 0 && !h->close && !h->echo &&
	    !json_has(&h->spec, "body");
}

static bool
flag(const jv *spec, const char *key)
{
	bool b = false;

	json_bool(spec, key, &b);
	return b;
}

static void
add_spec(const jv *spec)
{
	struct scenario s = { .spec = json_copy(spec), .times = -1,
	    .stall = SCENARIO_NONE, .cut = SCENARIO_NONE };

	s.match = json_str(spec, "match");
	json_int(spec, "times", &s.times);
	json_num(spec, "delay", &s.delay);
	json_num(spec, "first", &s.first);
	json_num(spec, "rate", &s.rate);
	json_int(spec, "split", &s.split);
	json_int(spec, "stall", &s.stall);
	json_int(spec, "cut", &s.cut);
	json_int(spec, "status", &s.status);
	s.reset = flag(spec, "reset");
	s.close = flag(spec, "close");
	s.echo = flag(spec, "echo");
	s.stamp = flag(spec, "stamp");
	s.mute = flag(spec, "mute");
	s.plain = is_plain(&s);
	GROW(all, nall, cap);
	all[nall++] = s;
}

int
scenario_add(const char *text, struct err *e)
{
	AUTO_JV jv v = JSON_NONE;

	if (json_parse(text, strlen(text), &v, e) < 0)
		return -1;
	add_spec(&v);
	return 0;
}

int
scenario_add_file(const char *path, struct err *e)
{
	struct ndjson_reader in;
	struct ndjson_line line = NDJSON_LINE_INIT;
	enum ndjson_result got;
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, ST_NOINPUT, "cannot open '%s'", path);
	ndjson_init(&in, fd, NDJSON_LINE_MAX);
	while ((got = ndjson_next(&in, &line, e)) == NDJSON_LINE)
		add_spec(&line.value);
	ndjson_line_release(&line);
	ndjson_release(&in);
	return got == NDJSON_EOF ? 0 : -1;
}

struct scenario *
scenario_choose(const char *request)
{
	for (size_t i = 0; i < nall; i++) {
		struct scenario *s = &all[i];
		if (s->times == 0 || (s->match && !strstr(request, s->match)))
			continue;
		if (s->times > 0)
			s->times--;
		return s;
	}
	return NULL;
}

bool
scenario_override(struct scenario *h, const char *path)
{
	static const char *const keys[] = { "/cut=", "/stall=", "/split=",
	    "/delay=", "/rate=" };
	bool any = false;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *at = strstr(path, keys[i]);
		AUTO_FREE char *text = NULL;
		double d;
		if (!at)
			continue;
		at += strlen(keys[i]);
		text = xstrndup(at, strcspn(at, "/?"));
		if (num_parse_double(text, &d) < 0)
			continue;
		any = true;
		if (i == 0)
			h->cut = (int64_t)d;
		else if (i == 1)
			h->stall = (int64_t)d;
		else if (i == 2)
			h->split = (int64_t)d;
		else if (i == 3)
			h->delay = d;
		else
			h->rate = d;
	}
	return any;
}

/* The last string that is the value of "content" or "input", quotes and all. */
static char *
last_said(const char *body)
{
	static const char *const keys[] = { "\"content\":\"", "\"input\":\"",
	    "\"text\":\"" };
	const char *from = NULL, *end;

	for (size_t i = 0; i < 3; i++)
		for (const char *p = body; (p = strstr(p, keys[i])); p++)
			if (p + strlen(keys[i]) - 1 > from)
				from = p + strlen(keys[i]) - 1;
	if (!from)
		return NULL;
	for (end = from + 1; *end && *end != '"'; end++)
		if (*end == '\\' && end[1])
			end++;
	return xstrndup(from, (size_t)(end + 1 - from));
}

char *
scenario_echo(const struct scenario *s, const char *body)
{
	return s->echo ? last_said(body) : NULL;
}
