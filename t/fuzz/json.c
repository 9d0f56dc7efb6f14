/*
 * fuzz: JSON that nobody vouches for; what parses is what libjq reads, and
 * prints and parses again.
 */
#include "config.h"

#include <stdint.h>

#include "alloc.h"
#include "json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	AUTO_JV jv v = JSON_NONE, again = JSON_NONE;
	AUTO_BUF struct buf first = BUF_INIT, second = BUF_INIT;

	if (json_parse((const char *)data, size, &v, &e) < 0) {
		if (e.status != ST_DATA || !e.text[0])
			abort();
		return 0;
	}
	AUTO_JV jv theirs = jv_parse_sized((const char *)data, (int)size);
	if (json_is(&theirs, JSON_NOTHING) || !json_equal(&v, &theirs))
		abort();
	json_write(&v, &first);
	if (json_parse(first.data, first.len, &again, &e) < 0)
		abort();
	json_write(&again, &second);
	if (first.len != second.len ||
	    memcmp(first.data, second.data, first.len) != 0)
		abort();
	JSON_EACH(&v, i) {
		AUTO_JV jv member = json_iter_value(&v, i);
		if (!json_iter_key(&v, i) || json_is(&member, JSON_NOTHING))
			abort();
	}
	return 0;
}
