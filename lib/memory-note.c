/* memory-note: a note as JSON, in and out. */
#include "config.h"

#include "memory.h"

#include <math.h>

#include "alloc.h"
#include "clock.h"

void
memory_note_release(struct memory_note *note)
{
	free(note->id);
	free(note->text);
	free(note->tags);
	free(note->source);
	free(note->author);
	free(note->extra);
	free(note->path);
	*note = (struct memory_note)MEMORY_NOTE_INIT;
}

const char *
memory_added_name(enum memory_added how)
{
	static const char *const names[] = { "added", "same", "changed" };

	return names[how];
}

static int
parse_time(const jv *o, const char *key, int64_t *ret, struct err *e)
{
	const char *s = json_str(o, key);
	int64_t ns, ms;

	if (s) {
		if (timestamp_parse(s, &ns) < 0)
			return err_set(e, ST_DATA, "\"%s\" is no time: '%s'",
			    key, s);
		*ret = ns / CLOCK_MS;
	} else if (json_int(o, key, &ms)) {
		/* a number is seconds, as everywhere */
		if (ms > INT64_MAX / 1000 || ms < 0)
			return err_set(e, ST_DATA, "\"%s\" is no time", key);
		*ret = ms * 1000;
	}
	return 0;
}

static int
parse_id(const jv *o, struct memory_note *ret, struct err *e)
{
	const char *id = json_str(o, "id");

	if (!id)
		return json_has(o, "id") ? err_set(e, ST_DATA,
		    "\"id\" is not a string") : 0;
	if (!*id || strlen(id) > MEMORY_ID_MAX)
		return err_set(e, ST_DATA, "\"id\" is empty or longer than "
		    "%d bytes", MEMORY_ID_MAX);
	for (const char *p = id; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7F)
			return err_set(e, ST_DATA,
			    "\"id\" contains control characters");
	ret->id = xstrdup(id);
	return 0;
}

/* A list of strings, or one; as a JSON array in the order given. */
static int
parse_tags(const jv *o, struct memory_note *ret, struct err *e)
{
	AUTO_JV jv tags = json_get(o, "tags");
	AUTO_JV jv list = json_array();

	if (json_is(&tags, JSON_STRING))
		json_append(&list, json_copy(&tags));
	else if (json_is(&tags, JSON_ARRAY))
		for (size_t i = 0; i < json_count(&tags); i++) {
			AUTO_JV jv tag = json_at(&tags, i);
			if (!json_is(&tag, JSON_STRING))
				return err_set(e, ST_DATA,
				    "\"tags\" is not a list of strings");
			json_append(&list, json_copy(&tag));
		}
	else if (!json_is(&tags, JSON_NOTHING) && !json_is(&tags, JSON_NULL))
		return err_set(e, ST_DATA, "\"tags\" is not a list of "
		    "strings");
	if (json_count(&list) > 0)
		ret->tags = json_text(&list);
	return 0;
}

static int
parse_text(const jv *o, struct memory_note *ret, struct err *e)
{
	AUTO_JV jv text = json_get(o, "text");
	const char *s = json_string(&text);
	size_t len;

	if (!s)
		return err_set(e, ST_DATA, "no \"text\"");
	len = json_string_len(&text);
	if (len > MEMORY_TEXT_MAX)
		return err_set(e, ST_DATA, "\"text\" is longer than %d MiB",
		    MEMORY_TEXT_MAX >> 20);
	ret->text = xstrndup(s, len);
	ret->text_len = len;
	/* a NUL would end the text for every other reader */
	for (char *p = ret->text; (p = memchr(p, '\0',
	    len - (size_t)(p - ret->text))); )
		*p = ' ';
	for (size_t i = 0; i < len; i++)
		if (!strchr(" \t\r\n", s[i]) || !s[i])
			return 0;
	return err_set(e, ST_DATA, "\"text\" is empty");
}

static char *
member(const jv *o, const char *key)
{
	const char *s = json_str(o, key);

	return s && *s ? xstrdup(s) : NULL;
}

static bool
is_ours(const char *key)
{
	static const char *const ours[] = {
		"author", "expires", "explain", "id", "importance",
		"last_line", "line", "memory", "path", "score", "source",
		"superseded_by", "supersedes", "tags", "text", "time",
		"vector"
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (strcmp(ours[i], key) == 0)
			return true;
	return false;
}

/* Members that are not ours are kept and given back. */
static char *
extra_of(const jv *o)
{
	bool has_author = json_has(o, "author");
	AUTO_JV jv rest = json_object();

	JSON_EACH(o, i) {
		const char *key = json_iter_key(o, i);
		if (is_ours(key) || (!has_author &&
		    strcmp(key, "agent") == 0))
			continue;
		json_set(&rest, key, json_iter_value(o, i));
	}
	return json_count(&rest) ? json_text(&rest) : NULL;
}

int
memory_note_parse(const jv *o, struct memory_note *ret, struct err *e)
{
	double d;

	if (parse_id(o, ret, e) < 0 || parse_text(o, ret, e) < 0 ||
	    parse_tags(o, ret, e) < 0 ||
	    parse_time(o, "time", &ret->time, e) < 0 ||
	    parse_time(o, "expires", &ret->expires, e) < 0)
		return -1;
	if (json_has(o, "importance")) {
		if (!json_num(o, "importance", &d) || !(d >= 0 && d <= 1))
			return err_set(e, ST_DATA,
			    "\"importance\" is not a number from 0 to 1");
		ret->importance = d;
	}
	ret->source = member(o, "source");
	ret->author = member(o, "author");
	if (!ret->author)
		ret->author = member(o, "agent");
	ret->path = member(o, "path");
	json_int(o, "line", &ret->line);
	json_int(o, "last_line", &ret->last_line);
	ret->extra = extra_of(o);
	return 0;
}

static void
write_str(const char *key, const char *s, struct buf *out)
{
	if (!s)
		return;
	buf_addf(out, ",\"%s\":", key);
	json_quote(s, strlen(s), out);
}

static void
write_time(const char *key, int64_t ms, struct buf *out)
{
	char stamp[TIMESTAMP_LEN + 1];

	if (!ms)
		return;
	timestamp_format(ms * CLOCK_MS, stamp);
	buf_addf(out, ",\"%s\":\"%s\"", key, stamp);
}

/* Who replaced it, and whom it replaced. */
static void
write_links(struct memory *m, const char *id, struct buf *out)
{
	AUTO_STMT struct store_stmt *q = NULL;
	AUTO_FREE char *by = NULL;
	struct err ignored;
	bool any = false;

	if (store_get_str(m->store, "select id from supersedes where old = ?",
	    STORE_ARGS(ARG_STR(id)), &by, &ignored) > 0)
		write_str("superseded_by", by, out);
	if (store_query(m->store, "select old from supersedes where id = ?",
	    STORE_ARGS(ARG_STR(id)), &q, &ignored) < 0)
		return;
	while (store_step(q, &ignored) > 0) {
		const char *old = store_col_str(q, 0);
		buf_adds(out, any ? "," : ",\"supersedes\":[");
		json_quote(old, strlen(old), out);
		any = true;
	}
	if (any)
		buf_addc(out, ']');
}

void
memory_note_write(struct memory *m, const struct memory_note *note,
    struct buf *out)
{
	buf_adds(out, "{\"id\":");
	json_quote(note->id, strlen(note->id), out);
	buf_adds(out, ",\"text\":");
	json_quote(note->text, note->text_len, out);
	if (note->tags)
		buf_addf(out, ",\"tags\":%s", note->tags);
	write_time("time", note->time, out);
	write_time("expires", note->expires, out);
	/* 0.5 is what nobody said */
	if (fabs(note->importance - 0.5) > 1e-9)
		buf_addf(out, ",\"importance\":%.3g", note->importance);
	write_str("source", note->source, out);
	write_str("author", note->author, out);
	write_str("memory", m->name, out);
	if (note->path) {
		write_str("path", note->path, out);
		buf_addf(out, ",\"line\":%lld,\"last_line\":%lld",
		    (long long)note->line, (long long)note->last_line);
	}
	write_links(m, note->id, out);
	if (note->extra && strlen(note->extra) > 2) {
		buf_addc(out, ',');
		buf_add(out, note->extra + 1, strlen(note->extra) - 2);
	}
}
