/*
 * clock: deadlines on the monotonic clock, time stamps on the other one.
 *
 * A wait takes a deadline that was computed once; nothing takes a timeout
 * that starts anew after each interruption.
 */
#ifndef AGENT_CLOCK_H
#define AGENT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_MS INT64_C(1000000)
#define CLOCK_SEC INT64_C(1000000000)

/* Nanoseconds of CLOCK_MONOTONIC, and of CLOCK_REALTIME since 1970. */
int64_t	clock_mono(void);
int64_t	clock_wall(void);

struct deadline {
	int64_t at;		/* on CLOCK_MONOTONIC; INT64_MAX: never */
};

#define DEADLINE_NEVER ((struct deadline){ INT64_MAX })

/* `ns` from now; a negative one is now, one too large is never. */
struct deadline deadline_in(int64_t ns);
struct deadline deadline_min(struct deadline a, struct deadline b);
bool	deadline_passed(struct deadline d);

/* Nanoseconds left, 0 when passed; INT64_MAX for never. */
int64_t	deadline_left(struct deadline d);

/* For poll(2): milliseconds left, rounded up; -1 for never. */
int	deadline_poll_ms(struct deadline d);

/* RFC 3339 in UTC with milliseconds: "2026-11-21T05:06:07.123Z". */
enum { TIMESTAMP_LEN = 24 };
void	timestamp_format(int64_t wall_ns, char out[TIMESTAMP_LEN + 1]);

/*
 * Reads RFC 3339 ("2026-11-21T05:06:07Z", any fraction, any offset, 't', 'z'
 * or a space as separator) or a date alone (midnight UTC).  0; -1 for
 * anything else and for years that nanoseconds do not reach (1677 to 2262).
 */
int	timestamp_parse(const char *s, int64_t *ret_wall_ns);

#endif
