/* attach: files as parts of a message. */
#include "config.h"

#include "attach.h"

#include "alloc.h"
#include "base64.h"
#include "fd.h"
#include "path.h"

struct magic {
	const char *bytes;
	size_t at, len;
	const char *type;
};

static const struct magic magics[] = {
	{ "\x89PNG\r\n\x1a\n", 0, 8, "image/png" },
	{ "\xff\xd8\xff", 0, 3, "image/jpeg" },
	{ "GIF8", 0, 4, "image/gif" },
	{ "WEBP", 8, 4, "image/webp" },
	{ "%PDF-", 0, 5, "application/pdf" },
	{ "WAVE", 8, 4, "audio/wav" },
	{ "ID3", 0, 3, "audio/mpeg" },
	{ "\xff\xfb", 0, 2, "audio/mpeg" },
};

/* UTF-8 without NUL is text: libjq makes something else of what is not. */
static bool
is_text(const struct buf *b)
{
	AUTO_JV jv v = json_from_bytes(b->data, b->len);

	return !memchr(b->data, 0, b->len) &&
	    json_string_len(&v) == b->len &&
	    memcmp(json_string(&v), b->data, b->len) == 0;
}

static const char *
type_of(const struct buf *b)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++) {
		const struct magic *m = &magics[i];
		if (b->len >= m->at + m->len &&
		    memcmp(b->data + m->at, m->bytes, m->len) == 0)
			return m->type;
	}
	return is_text(b) ? "text/plain" : NULL;
}

static jv
part(const char *type, const char *key, jv inner)
{
	jv p = json_object();

	json_set_str(&p, "type", type);
	json_set(&p, key, inner);
	return p;
}

static jv
picture(const char *url)
{
	jv inner = json_object();

	json_set_str(&inner, "url", url);
	return part("image_url", "image_url", inner);
}

static jv
sound(const struct buf *b, const char *type)
{
	AUTO_BUF struct buf text = BUF_INIT;
	jv inner = json_object();

	base64_encode(b->data, b->len, &text);
	json_set_str(&inner, "data", text.data);
	json_set_str(&inner, "format", strstr(type, "wav") ? "wav" : "mp3");
	return part("input_audio", "input_audio", inner);
}

static jv
encoded(const char *where, const struct buf *b, const char *type)
{
	AUTO_BUF struct buf url = BUF_INIT;
	jv inner;

	if (strncmp(type, "audio/", 6) == 0)
		return sound(b, type);
	buf_addf(&url, "data:%s;base64,", type);
	base64_encode(b->data, b->len, &url);
	if (strncmp(type, "image/", 6) == 0)
		return picture(url.data);
	inner = json_object();
	json_set_str(&inner, "filename", path_basename(where));
	json_set_str(&inner, "file_data", url.data);
	return part("file", "file", inner);
}

int
attach_part(const char *where, const char *type, struct deadline until,
    jv *ret, struct err *e)
{
	AUTO_BUF struct buf b = BUF_INIT;

	if (strncmp(where, "https://", 8) == 0 ||
	    strncmp(where, "http://", 7) == 0) {
		*ret = picture(where);
		return 0;
	}
	if (strcmp(where, "-") == 0) {
		if (fd_read_all(STDIN_FILENO, ATTACH_MAX, until, &b,
		    e) < 0)
			return -1;
	} else if (path_read(where, ATTACH_MAX, &b, e) < 0) {
		return -1;
	}
	if (b.len == 0)
		return err_set(e, ST_DATA, "attachment '%s' is empty", where);
	if (!type)
		type = type_of(&b);
	if (!type)
		return err_set(e, ST_DATA, "attachment '%s' is of a type that "
		    "is not known: say --at FILE MIMETYPE", where);
	if (strncmp(type, "text/", 5) == 0)
		*ret = part("text", "text", json_from_bytes(b.data, b.len));
	else
		*ret = encoded(where, &b, type);
	return 0;
}
