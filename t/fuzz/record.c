/* fuzz: what passes as a record prints as one, with nothing lost. */
#include "config.h"

#include <stdint.h>

#include "alloc.h"
#include "record.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	AUTO_JV jv v = JSON_NONE, again = JSON_NONE;
	AUTO_BUF struct buf out = BUF_INIT;

	if (json_parse((const char *)data, size, &v, &e) < 0 ||
	    record_check(&v, &e) < 0)
		return 0;
	record_write(&v, &out);
	if (json_parse(out.data, out.len, &again, &e) < 0 ||
	    record_check(&again, &e) < 0 ||
	    json_count(&v) != json_count(&again))
		abort();
	return 0;
}
