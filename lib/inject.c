/* inject: the rules of --inject: which host gets which secret. */
#include "config.h"

#include "inject.h"

#include <ctype.h>
#include <strings.h>

#include "alloc.h"
#include "buf.h"
#include "httphead.h"
#include "num.h"

void
inject_release(struct inject *r)
{
	free(r->variable);
	free(r->origin);
	free(r->base);
	strs_release(&r->methods);
	strs_release(&r->paths);
	free(r->header);
	free(r->before);
	free(r->after);
	free(r->from);
	*r = (struct inject)INJECT_INIT;
}

static bool
is_variable(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	while (isalnum((unsigned char)*s) || *s == '_')
		s++;
	return *s == '\0';
}

/* api.example.com: API_EXAMPLE_COM_URL */
static char *
variable_of(const char *host)
{
	AUTO_BUF struct buf name = BUF_INIT;

	if (isdigit((unsigned char)*host))
		buf_addc(&name, '_');
	for (; *host; host++)
		buf_addc(&name, isalnum((unsigned char)*host) ?
		    (char)toupper((unsigned char)*host) : '_');
	buf_adds(&name, "_URL");
	return buf_steal(&name);
}

/* "NAME=" or "NAME:PORT=" */
static int
read_variable(struct inject *r, char *text, struct err *e)
{
	char *colon = strchr(text, ':');
	int64_t port = 0;

	if (colon) {
		*colon = '\0';
		if (num_parse_int(colon + 1, 1024, 65535, &port) < 0)
			return err_set(e, ST_USAGE, "a port of the endpoint "
			    "is from 1024 to 65535, not '%s'", colon + 1);
	}
	if (!is_variable(text))
		return err_set(e, ST_USAGE, "'%s' is no name of a variable",
		    text);
	r->variable = xstrdup(text);
	r->port = (uint16_t)port;
	return 0;
}

/* "host", "host:8443/v1", "http://127.0.0.1:8080" */
static int
read_target(struct inject *r, const char *text, struct err *e)
{
	bool plain = strncasecmp(text, "http://", 7) == 0;
	bool tls = strncasecmp(text, "https://", 8) == 0;
	const char *host = text + (plain ? 7 : tls ? 8 : 0);
	size_t len = strcspn(host, "/"), path = strlen(host + len);

	if (!nethost_parse(&r->host, host, len, plain ? 80 : 443))
		return err_set(e, ST_USAGE, "'%s' is no host", text);
	if (strpbrk(host + len, "?#"))
		return err_set(e, ST_USAGE, "'%s' is more than a host and a "
		    "path", text);
	while (path > 0 && host[len + path - 1] == '/')
		path--;
	r->base = xstrndup(host + len, path);
	r->origin = xasprintf("%s://%.*s", plain ? "http" : "https", (int)len,
	    host);
	if (!r->variable)
		r->variable = variable_of(r->host.name);
	return 0;
}

static int
read_methods(struct inject *r, char *word, struct err *e)
{
	char *save = NULL;

	for (char *m = strtok_r(word, ",", &save); m;
	    m = strtok_r(NULL, ",", &save)) {
		for (const char *p = m; *p; p++)
			if (!isupper((unsigned char)*p))
				return err_set(e, ST_USAGE, "'%s' is neither "
				    "a method nor a path", m);
		strs_add(&r->methods, m);
	}
	return 0;
}

/* What is before the header: where to, and what may be asked for there. */
static int
read_place(struct inject *r, char *text, struct err *e)
{
	char *save = NULL, *word = strtok_r(text, " ", &save), *target;

	if (!word)
		return err_set(e, ST_USAGE, "names no host");
	target = strchr(word, '=');
	if (target)
		*target++ = '\0';
	if (target && read_variable(r, word, e) < 0)
		return -1;
	if (read_target(r, target ? target : word, e) < 0)
		return -1;
	while ((word = strtok_r(NULL, " ", &save))) {
		if (*word == '/')
			strs_add(&r->paths, word);
		else if (read_methods(r, word, e) < 0)
			return -1;
	}
	if (r->methods.n == 0)
		STRS_ADD(&r->methods, "GET", "HEAD", "POST");
	if (r->paths.n == 0)
		strs_add(&r->paths, r->base);
	return 0;
}

/* "Bearer {key_env NAME}": up to the last brace, which a command may have. */
static int
read_value(struct inject *r, const char *text, struct err *e)
{
	static const char *const words[] = {
		[INJECT_ENV] = "key_env ", [INJECT_CMD] = "key_cmd ",
		[INJECT_FD] = "key_fd "
	};
	const char *open = strchr(text, '{');
	const char *shut = open ? strrchr(open, '}') : NULL;

	for (const char *p = text; *p; p++)
		if (iscntrl((unsigned char)*p))
			return err_set(e, ST_USAGE, "the value has control "
			    "characters");
	for (size_t i = 0; shut && i < sizeof(words) / sizeof(*words); i++) {
		size_t n = strlen(words[i]);
		if (strncmp(open + 1, words[i], n) != 0 ||
		    open + 1 + n >= shut)
			continue;
		r->source = (enum inject_source)i;
		r->before = xstrndup(text, (size_t)(open - text));
		r->from = xstrndup(open + 1 + n, (size_t)(shut - open - 1) -
		    n);
		r->after = xstrdup(shut + 1);
		return 0;
	}
	return err_set(e, ST_USAGE, "takes the secret from {key_env NAME}, "
	    "{key_cmd COMMAND} or {key_fd N}");
}

static int
read_header(struct inject *r, const char *text, struct err *e)
{
	static const char *const ours[] = {
		"Connection", "Content-Length", "Expect", "Host",
		"Transfer-Encoding"
	};
	const char *colon = strchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : 0;
	int64_t fd;

	if (!colon || !httphead_token(text, n))
		return err_set(e, ST_USAGE, "takes 'HOST: HEADER: VALUE'");
	r->header = xstrndup(text, n);
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (strcasecmp(r->header, ours[i]) == 0)
			return err_set(e, ST_USAGE, "cannot set '%s'",
			    r->header);
	if (read_value(r, colon + 1 + strspn(colon + 1, " "), e) < 0)
		return -1;
	if (r->source == INJECT_ENV && !is_variable(r->from))
		return err_set(e, ST_USAGE, "key_env takes the name of a "
		    "variable");
	if (r->source == INJECT_FD &&
	    num_parse_int(r->from, 3, 1 << 20, &fd) < 0)
		return err_set(e, ST_USAGE,
		    "key_fd takes a descriptor from 3 up");
	return 0;
}

int
inject_parse(struct inject *r, const char *text, struct err *e)
{
	AUTO_FREE char *line = xstrdup(text);
	char *end;

	*r = (struct inject)INJECT_INIT;
	/* it is long, and may be broken */
	for (char *p = line; *p; p++)
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	end = strstr(line, ": ");
	if (!end)
		return err_set(e, ST_USAGE, "takes 'HOST: HEADER: VALUE'");
	*end = '\0';
	if (read_header(r, end + 2 + strspn(end + 2, " "), e) == 0 &&
	    read_place(r, line, e) == 0)
		return 0;
	inject_release(r);
	return -1;
}
