/*
 * num: numbers, sizes and durations as people write them.
 *
 * The whole string must fit; overflow, signs where there is none, spaces and
 * trailing text are refused.  0, or -1 with *ret untouched.  err is left to
 * the caller, who knows which option it was.
 */
#ifndef AGENT_NUM_H
#define AGENT_NUM_H

#include <stdint.h>

int	num_parse_int(const char *s, int64_t min, int64_t max, int64_t *ret);
int	num_parse_double(const char *s, double *ret);	/* finite, C locale */

/* "512", "64k", "2G", "1.5GiB": bytes; k, M, G, T are powers of 1024. */
int	num_parse_size(const char *s, int64_t *ret_bytes);

/*
 * "90", "1.5s", "250ms", "10m", "1h30m", "2d", "1w": nanoseconds; a bare
 * number is seconds.
 */
int	num_parse_duration(const char *s, int64_t *ret_ns);

/* "1.5 GiB", "340 B"; "250 ms", "1.5 s", "2 min 3 s": for people. */
enum { NUM_TEXT_MAX = 32 };
void	num_format_size(int64_t bytes, char out[NUM_TEXT_MAX]);
void	num_format_duration(int64_t ns, char out[NUM_TEXT_MAX]);

#endif
