/* yaml-scalar: the value of a plain scalar, YAML 1.2 core schema (10.3.2). */
#include "config.h"

#include "yaml-node.h"

#include <stdint.h>

#include "alloc.h"
#include "num.h"

/* Integers of a double are exact up to here. */
static const int64_t exact_max = INT64_C(1) << 53;

/* Sign, digits of base 8 or 16 after "0o" or "0x", or decimal digits. */
static bool
looks_like_int(const char *s)
{
	if (s[0] == '0' && s[1] == 'o')
		return s[2] && !s[2 + strspn(s + 2, "01234567")];
	if (s[0] == '0' && s[1] == 'x')
		return s[2] && !s[2 + strspn(s + 2, "0123456789abcdefABCDEF")];
	s += s[0] == '-' || s[0] == '+';
	return *s && !s[strspn(s, "0123456789")];
}

static bool
looks_like_float(const char *s)
{
	size_t before, after;

	s += s[0] == '-' || s[0] == '+';
	before = strspn(s, "0123456789");
	s += before;
	after = *s == '.' ? strspn(s + 1, "0123456789") : 0;
	if (*s == '.')
		s += 1 + after;
	if (before + after == 0)
		return false;
	if (*s == 'e' || *s == 'E') {
		s += 1 + (s[1] == '-' || s[1] == '+');
		return *s && !s[strspn(s, "0123456789")];
	}
	return *s == '\0';
}

static bool
is_one_of(const char *s, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(s, *words) == 0)
			return true;
	return false;
}

/* The value of the digits after "0o" or "0x"; -1 above `exact_max`. */
static int64_t
parse_based(const char *s, int base)
{
	int64_t v = 0;

	for (; *s; s++) {
		int digit = *s <= '9' ? *s - '0' : (*s | 0x20) - 'a' + 10;
		v = v * base + digit;
		if (v > exact_max)
			return -1;
	}
	return v;
}

static int
parse_int(const char *s, jv *ret, struct err *e)
{
	int64_t v = -1;

	if (s[0] == '0' && (s[1] == 'o' || s[1] == 'x'))
		v = parse_based(s + 2, s[1] == 'o' ? 8 : 16);
	else if (num_parse_int(s + (s[0] == '+'), -exact_max, exact_max,
	    &v) == 0) {
		*ret = json_from_int(v);
		return 0;
	}
	if (v < 0)
		return err_set(e, ST_CONFIG, "number '%.*s' is too large to "
		    "be exact, put it in quotes", YAML_SHOWN_MAX, s);
	*ret = json_from_int(v);
	return 0;
}

static int
parse_float(const char *s, jv *ret, struct err *e)
{
	double v;

	if (num_parse_double(s + (s[0] == '+'), &v) < 0)
		return err_set(e, ST_CONFIG, "number '%.*s' is out of range",
		    YAML_SHOWN_MAX, s);
	*ret = json_from_num(v);
	return 0;
}

int
yaml_scalar(const char *s, size_t len, jv *ret, struct err *e)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL",
	    NULL };
	static const char *const trues[] = { "true", "True", "TRUE", NULL };
	static const char *const falses[] = { "false", "False", "FALSE",
	    NULL };
	static const char *const infinite[] = { ".inf", ".Inf", ".INF",
	    "-.inf", "-.Inf", "-.INF", "+.inf", "+.Inf", "+.INF",
	    ".nan", ".NaN", ".NAN", NULL };

	if (is_one_of(s, nulls))
		*ret = json_null();
	else if (is_one_of(s, trues) || is_one_of(s, falses))
		*ret = json_from_bool((s[0] | 0x20) == 't');
	else if (looks_like_int(s))
		return parse_int(s, ret, e);
	else if (looks_like_float(s))
		return parse_float(s, ret, e);
	else if (is_one_of(s, infinite))
		return err_set(e, ST_CONFIG,
		    "'%s' is no number that JSON has", s);
	else
		*ret = json_from_bytes(s, len);
	return 0;
}
