/* ulid: identifiers that sort by time. */
#include "config.h"

#include "ulid.h"

#include <errno.h>
#include <sys/random.h>

#include "alloc.h"
#include "clock.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static struct {
	pid_t owner;
	int64_t ms;
	unsigned char tail[10];
} last;

static void
draw(unsigned char *p, size_t n)
{
	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		} else if (errno != EINTR) {
			/* no getrandom in a seccomp filter: still unique */
			uint64_t x = (uint64_t)clock_mono() * 2654435761u +
			    (uint64_t)getpid();
			while (n > 0) {
				p[--n] = (unsigned char)(x >> 56);
				x = x * 6364136223846793005u + 1;
			}
		}
	}
}

/* The next random part: one more; a new draw when all 80 bits are ones. */
static void
step(void)
{
	for (int i = 9; i >= 0; i--)
		if (++last.tail[i] != 0)
			return;
	last.ms++;
	draw(last.tail, sizeof(last.tail));
}

void
ulid_make(char out[ULID_LEN + 1])
{
	int64_t now = clock_wall() / CLOCK_MS;
	uint64_t ms;
	unsigned bits = 0, have = 0;
	int o = 10;

	if (last.owner != getpid() || now > last.ms) {
		if (now > last.ms)
			last.ms = now;
		last.owner = getpid();
		draw(last.tail, sizeof(last.tail));
	} else {
		step();
	}
	ms = (uint64_t)last.ms;
	for (int i = 9; i >= 0; i--, ms >>= 5)
		out[i] = alphabet[ms & 31];
	for (int i = 0; i < 10; i++) {
		bits = (bits << 8 | last.tail[i]) & 0xfff;
		for (have += 8; have >= 5; have -= 5)
			out[o++] = alphabet[bits >> (have - 5) & 31];
	}
	out[ULID_LEN] = '\0';
}

bool
ulid_valid(const char *s)
{
	if (s[0] < '0' || s[0] > '7')
		return false;
	return strspn(s, alphabet) == ULID_LEN && !s[ULID_LEN];
}

int64_t
ulid_time_ms(const char *s)
{
	int64_t ms = 0;

	for (int i = 0; i < 10; i++)
		ms = ms << 5 | (int64_t)(strchr(alphabet, s[i]) - alphabet);
	return ms;
}
