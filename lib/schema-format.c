/* schema-format: the formats of draft 2020-12, when they are asserted. */
#include "config.h"

#include <arpa/inet.h>

#include "schema-impl.h"

#include "alloc.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alpha(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool
is_hex(char c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Takes exactly `n` digits: their value, or -1. */
static int
digits(const char **s, int n)
{
	int v = 0;

	for (; n > 0; n--, ++*s) {
		if (!is_digit(**s))
			return -1;
		v = v * 10 + (**s - '0');
	}
	return v;
}

static bool
take(const char **s, char c)
{
	if (**s != c)
		return false;
	++*s;
	return true;
}

static bool
take_date(const char **s)
{
	static const int days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	int y = digits(s, 4), m, d, last;

	if (y < 0 || !take(s, '-') || (m = digits(s, 2)) < 1 || m > 12 ||
	    !take(s, '-') || (d = digits(s, 2)) < 1)
		return false;
	last = days[m - 1];
	if (m == 2 && ((y % 4 == 0 && y % 100 != 0) || y % 400 == 0))
		last = 29;
	return d <= last;
}

/* A leap second is one only at 23:59 UTC. */
static bool
take_time(const char **s)
{
	int h = digits(s, 2), m, sec, oh = 0, om = 0, sign = 0, utc;

	if (h < 0 || h > 23 || !take(s, ':') || (m = digits(s, 2)) < 0 ||
	    m > 59 || !take(s, ':') || (sec = digits(s, 2)) < 0 || sec > 60)
		return false;
	if (take(s, '.')) {
		if (!is_digit(**s))
			return false;
		while (is_digit(**s))
			++*s;
	}
	if (take(s, '+'))
		sign = 1;
	else if (take(s, '-'))
		sign = -1;
	else if (!take(s, 'Z') && !take(s, 'z'))
		return false;
	if (sign && ((oh = digits(s, 2)) < 0 || oh > 23 || !take(s, ':') ||
	    (om = digits(s, 2)) < 0 || om > 59))
		return false;
	utc = (h * 60 + m - sign * (oh * 60 + om) + 2 * 1440) % 1440;
	return sec < 60 || utc == 1439;
}

static bool
is_date(const char *s)
{
	return take_date(&s) && !*s;
}

static bool
is_time(const char *s)
{
	return take_time(&s) && !*s;
}

static bool
is_date_time(const char *s)
{
	return take_date(&s) && (take(&s, 'T') || take(&s, 't')) &&
	    take_time(&s) && !*s;
}

/* Parts like 3Y2M, in the order of `units` and without gaps: how many. */
static int
take_units(const char **s, const char *units)
{
	int n = 0;

	while (is_digit(**s)) {
		const char *found;
		while (is_digit(**s))
			++*s;
		found = **s ? strchr(units, **s) : NULL;
		if (!found || (n > 0 && found != units))
			return -1;
		units = found + 1;
		++*s;
		n++;
	}
	return n;
}

/* RFC 3339, appendix A. */
static bool
is_duration(const char *s)
{
	int date, time;

	if (!take(&s, 'P'))
		return false;
	if (is_digit(*s)) {
		const char *week = s;
		if (take_units(&week, "W") == 1 && !*week)
			return true;
	}
	if ((date = take_units(&s, "YMD")) < 0)
		return false;
	if (!take(&s, 'T'))
		return date > 0 && !*s;
	time = take_units(&s, "HMS");
	return time > 0 && !*s;
}

static bool
hostname_fits(const char *s, size_t len)
{
	size_t label = 0;

	if (len == 0 || len > 253)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = s[i];
		if (c == '.') {
			if (label == 0 || s[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		if ((!is_alpha(c) && !is_digit(c) && c != '-') ||
		    (c == '-' && label == 0) || ++label > 63)
			return false;
		/* "--" there marks an encoding, of which there is one */
		if (label == 4 && c == '-' && s[i - 1] == '-' &&
		    ((s[i - 3] | 0x20) != 'x' || (s[i - 2] | 0x20) != 'n'))
			return false;
	}
	return label > 0 && s[len - 1] != '-';
}

static bool
is_hostname(const char *s)
{
	return hostname_fits(s, strlen(s));
}

static bool
is_ipv4(const char *s)
{
	struct in_addr a;

	return inet_pton(AF_INET, s, &a) == 1;
}

static bool
is_ipv6(const char *s)
{
	struct in6_addr a;

	return inet_pton(AF_INET6, s, &a) == 1;
}

/* "[1.2.3.4]" or "[IPv6:...]" */
static bool
is_address_literal(const char *s, size_t len)
{
	if (len < 2 || s[len - 1] != ']')
		return false;
	AUTO_FREE char *inside = xstrndup(s + 1, len - 2);
	return strncmp(inside, "IPv6:", 5) == 0 ? is_ipv6(inside + 5) :
	    is_ipv4(inside);
}

static bool
is_email(const char *s)
{
	const char *at = strrchr(s, '@');
	size_t n;

	if (!at || at == s)
		return false;
	n = (size_t)(at - s);
	if (s[0] == '"') {
		if (n < 2 || s[n - 1] != '"')
			return false;
		for (size_t i = 1; i + 1 < n; i++) {
			if (s[i] == '\\' && i + 2 < n)
				i++;
			else if (s[i] == '"' || s[i] == '\\')
				return false;
		}
	} else {
		for (size_t i = 0; i < n; i++)
			if (s[i] == '.' ? i == 0 || i + 1 == n ||
			    s[i + 1] == '.' : !is_alpha(s[i]) &&
			    !is_digit(s[i]) &&
			    !strchr("!#$%&'*+-/=?^_`{|}~", s[i]))
				return false;
	}
	return at[1] == '[' ? is_address_literal(at + 1, strlen(at + 1)) :
	    is_hostname(at + 1);
}

/* Characters of a part of a URI, with %XX. */
static bool
uri_part(const char *s, size_t len, const char *also)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '%') {
			if (i + 2 >= len || !is_hex(s[i + 1]) ||
			    !is_hex(s[i + 2]))
				return false;
			i += 2;
		} else if (!is_alpha(s[i]) && !is_digit(s[i]) &&
		    !strchr("-._~!$&'()*+,;=", s[i]) && !strchr(also, s[i])) {
			return false;
		}
	}
	return true;
}

static bool
uri_authority(const char *s, size_t len)
{
	const char *at = memchr(s, '@', len);
	const char *host = at ? at + 1 : s;
	size_t n = len - (size_t)(host - s);

	if (at && !uri_part(s, (size_t)(at - s), ":"))
		return false;
	if (n > 0 && host[0] == '[') {
		const char *end = memchr(host, ']', n);
		if (!end)
			return false;
		AUTO_FREE char *inside = xstrndup(host + 1,
		    (size_t)(end - host - 1));
		if (!is_ipv6(inside) && inside[0] != 'v')
			return false;
		n -= (size_t)(end + 1 - host);
		host = end + 1;
		if (n > 0 && host[0] != ':')
			return false;
	} else {
		const char *colon = memchr(host, ':', n);
		size_t name = colon ? (size_t)(colon - host) : n;
		if (!uri_part(host, name, ""))
			return false;
		host += name;
		n -= name;
	}
	for (size_t i = 1; i < n; i++)
		if (!is_digit(host[i]))
			return false;
	return true;
}

static bool
is_uri_with(const char *s, bool relative)
{
	size_t n = strcspn(s, ":/?#");

	if (s[n] == ':' && is_alpha(s[0])) {
		for (size_t i = 0; i < n; i++)
			if (!is_alpha(s[i]) && !is_digit(s[i]) &&
			    !strchr("+-.", s[i]))
				return false;
		s += n + 1;
	} else if (!relative || s[n] == ':') {
		return false;
	}
	if (s[0] == '/' && s[1] == '/') {
		n = strcspn(s + 2, "/?#");
		if (!uri_authority(s + 2, n))
			return false;
		s += n + 2;
	}
	n = strcspn(s, "?#");
	if (!uri_part(s, n, ":@/"))
		return false;
	s += n;
	if (*s == '?') {
		n = strcspn(s, "#");
		if (!uri_part(s + 1, n - 1, ":@/?"))
			return false;
		s += n;
	}
	return *s != '#' || uri_part(s + 1, strlen(s + 1), ":@/?");
}

static bool
is_uri(const char *s)
{
	return is_uri_with(s, false);
}

static bool
is_uri_reference(const char *s)
{
	return is_uri_with(s, true);
}

static bool
is_uuid(const char *s)
{
	size_t i;

	for (i = 0; s[i]; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? s[i] != '-' :
		    !is_hex(s[i]))
			return false;
	return i == 36;
}

static bool
is_json_pointer(const char *s)
{
	if (*s && *s != '/')
		return false;
	for (; *s; s++)
		if (*s == '~' && s[1] != '0' && s[1] != '1')
			return false;
	return true;
}

static bool
is_relative_json_pointer(const char *s)
{
	if (!is_digit(*s) || (*s == '0' && is_digit(s[1])))
		return false;
	while (is_digit(*s))
		s++;
	return strcmp(s, "#") == 0 || is_json_pointer(s);
}

static bool
is_regex(const char *s)
{
	struct err e = ERR_INIT;
	struct pattern *p = pattern_compile(s, strlen(s), &e);

	pattern_free(p);
	return p;
}

/* Those without a function are known, but we cannot tell. */
static const struct {
	const char *name;
	bool (*holds)(const char *s);
} formats[] = {
	{ "date", is_date },
	{ "date-time", is_date_time },
	{ "duration", is_duration },
	{ "email", is_email },
	{ "hostname", is_hostname },
	{ "idn-email", NULL },
	{ "idn-hostname", NULL },
	{ "ipv4", is_ipv4 },
	{ "ipv6", is_ipv6 },
	{ "iri", NULL },
	{ "iri-reference", NULL },
	{ "json-pointer", is_json_pointer },
	{ "regex", is_regex },
	{ "relative-json-pointer", is_relative_json_pointer },
	{ "time", is_time },
	{ "uri", is_uri },
	{ "uri-reference", is_uri_reference },
	{ "uri-template", NULL },
	{ "uuid", is_uuid }
};

int
schema_format(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (strcmp(name, formats[i].name) == 0)
			return formats[i].holds ? (int)i : -2;
	return -1;
}

bool
schema_format_holds(int format, const char *s, size_t len)
{
	return strlen(s) == len && formats[format].holds(s);
}
