/*
 * mem-vectors: finding by meaning, against the floor of the machine.
 *
 *	mem-vectors build FILE COUNT DIM	makes a memory of vectors
 *	mem-vectors query FILE COUNT DIM SEED	one search; prints its rows
 *	mem-vectors exact COUNT DIM SEED	the same by floats, from scratch
 *	mem-vectors floor COUNT DIM FILE	ms that reading the bytes takes
 *	mem-vectors floats COUNT DIM		the vectors, raw, on stdout
 *	mem-vectors question COUNT DIM SEED	that of a query
 *
 * Vectors are clusters of 100 around points drawn at random, the same for the
 * same numbers; a query is a vector near one of them.
 */
#include "config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "alloc.h"
#include "clock.h"
#include "memory-vector.h"
#include "memory.h"
#include "num.h"

enum { DIM_MAX = 4096, CLUSTER = 100, TOP = 10 };

static double
uniform(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return (double)(*s >> 11) / 9007199254740992.0;
}

/* The sum of four is near enough to a normal distribution. */
static float
noise(uint64_t *s)
{
	return (float)(uniform(s) + uniform(s) + uniform(s) + uniform(s) - 2);
}

static uint64_t
seed_of(uint64_t n)
{
	return (n + 1) * 0x9E3779B97F4A7C15u | 1;
}

static void
make(uint64_t n, size_t dim, uint64_t salt, float *out)
{
	uint64_t centre = seed_of(n / CLUSTER * 2 + 1);
	uint64_t own = seed_of(n * 2 + 2 + salt * 1000003);

	for (size_t i = 0; i < 8; i++) {
		uniform(&centre);
		uniform(&own);
	}
	for (size_t i = 0; i < dim; i++)
		out[i] = noise(&centre) + 0.6f * noise(&own);
}

static int
build(const char *file, int64_t count, size_t dim, struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	float v[DIM_MAX];

	if (memory_open(file, MEMORY_LAZY, NULL, &m, e) < 0)
		return -1;
	for (int64_t n = 0; n < count; n++) {
		if (n % 5000 == 0 && memory_begin(&m, e) < 0)
			return -1;
		make((uint64_t)n, dim, 0, v);
		if (store_run(m.store, "insert into note (n, id, text, time, "
		    "hash, written) values (?1, 'v' || ?1, 'v', 1, ?1, 1)",
		    STORE_ARGS(ARG_INT(n + 1)), e) < 0 ||
		    vector_put(&m, n + 1, "bench", v, dim, e) < 0)
			return -1;
		if ((n + 1) % 5000 == 0 || n + 1 == count)
			if (store_commit(m.store, e) < 0)
				return -1;
	}
	return vector_settle(&m, e);
}

static int
query(const char *file, int64_t count, size_t dim, uint64_t seed,
    struct err *e)
{
	AUTO_MEMORY struct memory m = MEMORY_INIT;
	struct vector_hit hit[TOP];
	float v[DIM_MAX];
	size_t n = 0;

	make(seed_of(seed) % (uint64_t)count, dim, seed + 1, v);
	if (memory_open(file, MEMORY_READONLY, NULL, &m, e) < 0 ||
	    vector_search(&m, "bench", v, dim, hit, TOP, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		printf("%" PRId64 "\n", hit[i].n);
	return 0;
}

static int
exact(int64_t count, size_t dim, uint64_t seed)
{
	struct vector_hit top[TOP];
	float q[DIM_MAX], v[DIM_MAX];
	size_t have = 0;

	make(seed_of(seed) % (uint64_t)count, dim, seed + 1, q);
	for (int64_t n = 0; n < count; n++) {
		float dot = 0, len = 0, score;
		size_t i;
		make((uint64_t)n, dim, 0, v);
		for (i = 0; i < dim; i++) {
			dot += q[i] * v[i];
			len += v[i] * v[i];
		}
		score = dot / sqrtf(len);
		if (have == TOP && score <= top[TOP - 1].score)
			continue;
		have += have < TOP;
		for (i = have - 1; i > 0 && top[i - 1].score < score; i--)
			top[i] = top[i - 1];
		top[i] = (struct vector_hit){ n + 1, score };
	}
	for (size_t i = 0; i < have; i++)
		printf("%" PRId64 "\n", top[i].n);
	return 0;
}

/* The best of a few: reading COUNT * DIM bytes of the file as mapped. */
static int
floor_of(int64_t count, size_t dim, const char *file, struct err *e)
{
	AUTO_FD int fd = open(file, O_RDONLY | O_CLOEXEC);
	size_t len = (size_t)count * dim;
	uint64_t sum = 0;
	double best = 1e9;
	struct stat sb;
	const uint64_t *p;

	if (fd < 0 || fstat(fd, &sb) < 0 || (size_t)sb.st_size < len)
		return err_sys(e, ST_NOINPUT, "cannot map '%s'", file);
	for (int round = 0; round < 7; round++) {
		int64_t from = clock_mono();
		double ms;
		void *map = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
		if (map == MAP_FAILED)
			return err_sys(e, ST_IO, "cannot map '%s'", file);
		p = map;
		for (size_t i = 0; i + 8 <= len / 8; i += 8)
			sum += p[i] ^ p[i + 1] ^ p[i + 2] ^ p[i + 3] ^
			    p[i + 4] ^ p[i + 5] ^ p[i + 6] ^ p[i + 7];
		munmap(map, len);
		ms = (double)(clock_mono() - from) / (double)CLOCK_MS;
		best = ms < best ? ms : best;
	}
	printf("%.2f%s\n", best, sum == 42 ? " " : "");
	return 0;
}

static int
write_floats(const float *v, size_t dim)
{
	return fwrite(v, sizeof(*v), dim, stdout) == dim ? 0 : -1;
}

static int
floats(int64_t count, size_t dim)
{
	float v[DIM_MAX];

	for (int64_t n = 0; n < count; n++) {
		make((uint64_t)n, dim, 0, v);
		if (write_floats(v, dim) < 0)
			return -1;
	}
	return 0;
}

static int
question(int64_t count, size_t dim, uint64_t seed)
{
	float q[DIM_MAX];

	make(seed_of(seed) % (uint64_t)count, dim, seed + 1, q);
	return write_floats(q, dim);
}

static int64_t
number(const char *s)
{
	int64_t n = 0;

	num_parse_int(s, 0, INT64_MAX, &n);
	return n;
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	int r = 0;

	err_set_program("mem-vectors");
	if (argc == 5 && strcmp(argv[1], "build") == 0)
		r = build(argv[2], number(argv[3]), (size_t)number(argv[4]),
		    &e);
	else if (argc == 6 && strcmp(argv[1], "query") == 0)
		r = query(argv[2], number(argv[3]), (size_t)number(argv[4]),
		    (uint64_t)number(argv[5]), &e);
	else if (argc == 5 && strcmp(argv[1], "exact") == 0)
		r = exact(number(argv[2]), (size_t)number(argv[3]),
		    (uint64_t)number(argv[4]));
	else if (argc == 4 && strcmp(argv[1], "floats") == 0)
		r = floats(number(argv[2]), (size_t)number(argv[3]));
	else if (argc == 5 && strcmp(argv[1], "question") == 0)
		r = question(number(argv[2]), (size_t)number(argv[3]),
		    (uint64_t)number(argv[4]));
	else if (argc == 5 && strcmp(argv[1], "floor") == 0)
		r = floor_of(number(argv[2]), (size_t)number(argv[3]), argv[4],
		    &e);
	else
		return ST_USAGE;
	return r < 0 ? err_report(&e) : ST_OK;
}
