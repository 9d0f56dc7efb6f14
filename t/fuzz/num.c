/* fuzz: numbers, sizes, durations, time stamps, ids, up to the first NUL. */
#include "config.h"

#include <stdint.h>

#include "alloc.h"
#include "clock.h"
#include "num.h"
#include "ulid.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *s = xstrndup((const char *)data, size);
	char text[TIMESTAMP_LEN + 1], people[NUM_TEXT_MAX];
	int64_t i = 0, again = 0;
	double d;

	if (num_parse_int(s, -1000, 1000, &i) == 0 && (i < -1000 || i > 1000))
		abort();
	if (num_parse_double(s, &d) == 0 && d - d != 0)
		abort();
	if (num_parse_size(s, &i) == 0) {
		if (i < 0)
			abort();
		num_format_size(i, people);
	}
	if (num_parse_duration(s, &i) == 0) {
		if (i < 0)
			abort();
		num_format_duration(i, people);
	}
	if (timestamp_parse(s, &i) == 0 && i >= 0) {
		timestamp_format(i, text);
		if (timestamp_parse(text, &again) < 0 ||
		    again != i - i % CLOCK_MS)
			abort();
	}
	if (ulid_valid(s) && ulid_time_ms(s) < 0)
		abort();
	return 0;
}
