/* record: one line of JSON; everything that moves between commands is one. */
#include "config.h"

#include "record.h"

#include "alloc.h"
#include "clock.h"
#include "env.h"
#include "fd.h"

/* The order in which people expect to read them. */
static const char *const order[] = {
	"specversion", "id", "source", "type", "time", "run", "task", "flow",
	"to", "replyto", "corr", "traceparent"
};

enum { ORDER_LEN = sizeof(order) / sizeof(*order) };

jv
record_new(const struct record_origin *origin, const char *type, jv data)
{
	jv r = json_object();
	char id[ULID_LEN + 1], now[TIMESTAMP_LEN + 1];

	ulid_make(id);
	timestamp_format(clock_wall(), now);
	json_set_str(&r, "specversion", "1.0");
	json_set_str(&r, "id", id);
	json_set_str(&r, "source", origin->source);
	json_set_str(&r, "type", type);
	json_set_str(&r, "time", now);
	json_set_str(&r, "run", origin->run);
	json_set_str(&r, "task", origin->task);
	json_set_str(&r, "flow", origin->flow);
	json_set_str(&r, "to", origin->to);
	json_set_str(&r, "replyto", origin->replyto);
	json_set_str(&r, "corr", origin->corr);
	json_set_str(&r, "traceparent", origin->traceparent);
	json_set(&r, "data", data);
	return r;
}

static void
write_member(const char *key, size_t len, const jv *value, struct buf *out)
{
	if (out->data[out->len - 1] != '{')
		buf_addc(out, ',');
	json_quote(key, len, out);
	buf_addc(out, ':');
	json_write(value, out);
}

/* Its place in the order; ORDER_LEN for "data", one more for all others. */
static int
place_of(const char *key, size_t len)
{
	if (strlen(key) != len)		/* a NUL inside */
		return ORDER_LEN + 1;
	for (int i = 0; i < ORDER_LEN; i++)
		if (strcmp(order[i], key) == 0)
			return i;
	return strcmp(key, "data") == 0 ? ORDER_LEN : ORDER_LEN + 1;
}

static void
write_place(const jv *record, int at, struct buf *out)
{
	AUTO_JV jv value = JSON_NONE;

	if (at < 0)
		return;
	value = json_iter_value(record, at);
	write_member(json_iter_key(record, at), json_iter_key_len(record, at),
	    &value, out);
}

void
record_write(const jv *record, struct buf *out)
{
	int places[ORDER_LEN + 1], others = 0;

	for (int i = 0; i <= ORDER_LEN; i++)
		places[i] = -1;
	JSON_EACH(record, i) {
		int place = place_of(json_iter_key(record, i),
		    json_iter_key_len(record, i));
		if (place <= ORDER_LEN)
			places[place] = i;
		else
			others++;
	}
	buf_addc(out, '{');
	for (int i = 0; i < ORDER_LEN; i++)
		write_place(record, places[i], out);
	if (others > 0)
		JSON_EACH(record, i)
			if (place_of(json_iter_key(record, i),
			    json_iter_key_len(record, i)) > ORDER_LEN)
				write_place(record, i, out);
	write_place(record, places[ORDER_LEN], out);
	buf_addc(out, '}');
}

int
record_emit(int fd, const jv *record, struct err *e)
{
	AUTO_BUF struct buf line = BUF_INIT;

	record_write(record, &line);
	buf_addc(&line, '\n');
	return fd_write(fd, line.data, line.len, e);
}

static int
check_string(const jv *v, const char *key, struct err *e)
{
	const char *s = json_str(v, key);

	if (!s)
		return err_set(e, ST_DATA, "not a record: no \"%s\"", key);
	if (!*s)
		return err_set(e, ST_DATA, "not a record: empty \"%s\"", key);
	return 0;
}

int
record_check(const jv *v, struct err *e)
{
	static const char *const needed[] = { "id", "source", "type" };
	const char *version = json_str(v, "specversion");
	int64_t at;

	if (!version || strcmp(version, "1.0") != 0)
		return err_set(e, ST_DATA,
		    "not a record: \"specversion\" is not \"1.0\"");
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (check_string(v, needed[i], e) < 0)
			return -1;
	if (json_has(v, "time") && (!json_str(v, "time") ||
	    timestamp_parse(json_str(v, "time"), &at) < 0))
		return err_set(e, ST_DATA,
		    "not a record: \"time\" is not RFC 3339");
	return 0;
}

jv
record_error_data(const struct err *e)
{
	jv data = json_object();

	json_set_str(&data, "kind", err_kind(e->status));
	json_set_int(&data, "status", e->status);
	json_set_str(&data, "message", e->text);
	return data;
}

/* "00-" 32 hex "-" 16 hex "-" 2 hex, lower case. */
const char *
record_traceparent(void)
{
	static const char hex[] = "0123456789abcdef";
	const char *t = env_get("TRACEPARENT");

	if (!t || strlen(t) != 55 || strncmp(t, "00-", 3) != 0)
		return NULL;
	if (strspn(t + 3, hex) != 32 || t[35] != '-' ||
	    strspn(t + 36, hex) != 16 || t[52] != '-' ||
	    strspn(t + 53, hex) != 2)
		return NULL;
	/* all zeros is no trace, no span */
	if (strspn(t + 3, "0") == 32 || strspn(t + 36, "0") == 16)
		return NULL;
	return t;
}
