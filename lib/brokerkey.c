/* brokerkey: a secret that the credential broker gives out. */
#include "config.h"

#include "brokerkey.h"

#include "alloc.h"
#include "env.h"
#include "fd.h"
#include "key.h"
#include "num.h"

enum { KEY_MAX = 16 << 10, FD_SECONDS = 60 };

/* The table of Knuth, Morris and Pratt. */
static size_t *
falls(const char *s, size_t len)
{
	size_t *fall = xcalloc(len + 1, sizeof(*fall));

	for (size_t i = 1, k = 0; i < len; i++) {
		while (k > 0 && s[i] != s[k])
			k = fall[k];
		k += s[i] == s[k];
		fall[i + 1] = k;
	}
	return fall;
}

/* The first line of what somebody put into a descriptor. */
static int
read_descriptor(const char *number, char **ret, struct err *e)
{
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_FD int fd = -1;
	int64_t n = -1;

	(void)num_parse_int(number, 0, 1 << 20, &n);
	fd = (int)n;
	if (fd_read_all(fd, KEY_MAX, deadline_in(FD_SECONDS * CLOCK_SEC),
	    &text, e) < 0)
		return err_prefix(e, "key_fd %s", number);
	*ret = xstrndup(text.data ? text.data : "",
	    strcspn(text.data ? text.data : "", "\r\n"));
	if (text.data)
		explicit_bzero(text.data, text.len);
	return 0;
}

static int
read_value(const struct inject *rule, char **ret, struct err *e)
{
	const char *value;
	jv cmd;
	int r;

	switch (rule->source) {
	case INJECT_ENV:
		value = env_get(rule->from);
		if (!value)
			return err_set(e, ST_DENIED, "there is no key in %s",
			    rule->from);
		*ret = xstrdup(value);
		return 0;
	case INJECT_CMD:
		cmd = json_from_str(rule->from);
		r = key_run(&cmd, ret, e);
		json_release(&cmd);
		return r;
	case INJECT_FD:
		return read_descriptor(rule->from, ret, e);
	}
	return -1;
}

struct brokerkey *
brokerkey_new(const struct inject *rule, char *value, struct err *e)
{
	struct brokerkey *k;

	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f) {
			key_free(value);
			err_set(e, ST_DENIED, "the key for '%s' has control "
			    "characters", rule->host.name);
			return NULL;
		}
	if (!*value) {
		key_free(value);
		err_set(e, ST_DENIED, "the key for '%s' is empty",
		    rule->host.name);
		return NULL;
	}
	k = xcalloc(1, sizeof(*k));
	k->value = value;
	k->len = strlen(value);
	k->fall = falls(value, k->len);
	k->refs = 1;
	return k;
}

struct brokerkey *
brokerkey_read(const struct inject *rule, struct err *e)
{
	char *value = NULL;

	if (read_value(rule, &value, e) < 0) {
		e->status = ST_DENIED;
		return NULL;
	}
	return brokerkey_new(rule, value, e);
}

struct brokerkey *
brokerkey_share(struct brokerkey *k)
{
	k->refs++;
	return k;
}

void
brokerkey_drop(struct brokerkey *k)
{
	if (!k || --k->refs > 0)
		return;
	key_free(k->value);
	free(k->fall);
	free(k);
}

void
sieve_take(struct sieve *s, const char *data, size_t len, struct buf *out)
{
	const struct brokerkey *k = s->key;
	const char *end = data + len;

	while (data < end) {
		if (s->matched == 0) {
			const char *at = memchr(data, k->value[0],
			    (size_t)(end - data));
			buf_add(out, data, (size_t)((at ? at : end) - data));
			if (!at)
				return;
			data = at;
		}
		while (s->matched > 0 && *data != k->value[s->matched]) {
			size_t left = k->fall[s->matched];
			buf_add(out, k->value, s->matched - left);
			s->matched = left;
		}
		if (*data == k->value[s->matched])
			s->matched++;
		else
			buf_addc(out, *data);
		data++;
		if (s->matched < k->len)
			continue;
		for (size_t i = 0; i < k->len; i++)
			buf_addc(out, '*');
		s->matched = 0;
	}
}

void
sieve_end(struct sieve *s, struct buf *out)
{
	buf_add(out, s->key->value, s->matched);
	s->matched = 0;
}
