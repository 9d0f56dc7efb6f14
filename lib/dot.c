/* dot: products of vectors of bytes, as fast as memory delivers them. */
#include "config.h"

#include "dot.h"

#include <stdbool.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "alloc.h"

static void
dot_plain(const int8_t *q, const int8_t *v, size_t n, size_t rows,
    int32_t *out)
{
	for (size_t r = 0; r < rows; r++, v += n) {
		int32_t sum = 0;
		for (size_t i = 0; i < n; i++)
			sum += (int32_t)q[i] * v[i];
		out[r] = sum;
	}
}

static bool
always(void)
{
	return true;
}

#if defined(__x86_64__)
static inline __m256i __attribute__((target("avx2")))
load_wide(const int8_t *p)
{
	__m128i v;

	memcpy(&v, p, sizeof(v));
	return _mm256_cvtepi8_epi16(v);
}

static inline int32_t __attribute__((target("avx2")))
one_avx2(const int8_t *a, const int8_t *b, size_t n)
{
	__m256i s0 = _mm256_setzero_si256(), s1 = s0;
	__m128i s;

	for (size_t i = 0; i < n; i += 32) {
		s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(load_wide(a + i),
		    load_wide(b + i)));
		s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(
		    load_wide(a + i + 16), load_wide(b + i + 16)));
	}
	s0 = _mm256_add_epi32(s0, s1);
	s = _mm_add_epi32(_mm256_castsi256_si128(s0),
	    _mm256_extracti128_si256(s0, 1));
	s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4E));
	s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1));
	return _mm_cvtsi128_si32(s);
}

static void __attribute__((target("avx2")))
dot_avx2(const int8_t *q, const int8_t *v, size_t n, size_t rows,
    int32_t *out)
{
	for (size_t r = 0; r < rows; r++)
		out[r] = one_avx2(q, v + r * n, n);
}

static bool
has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

/*
 * The instruction multiplies unsigned by signed bytes: a is made unsigned by
 * adding 128, and 128 times the sum of b is taken off again.
 */
static inline int32_t __attribute__((target("avx512f,avx512bw,avx512vnni")))
one_vnni(const int8_t *a, const int8_t *b, size_t n)
{
	const __m512i bias = _mm512_set1_epi8((char)0x80);
	__m512i sum = _mm512_setzero_si512(), off = sum;

	for (size_t i = 0; i < n; i += 64) {
		__m512i x = _mm512_loadu_si512(a + i);
		__m512i y = _mm512_loadu_si512(b + i);
		sum = _mm512_dpbusd_epi32(sum, _mm512_xor_si512(x, bias), y);
		off = _mm512_dpbusd_epi32(off, bias, y);
	}
	return _mm512_reduce_add_epi32(_mm512_sub_epi32(sum, off));
}

static void __attribute__((target("avx512f,avx512bw,avx512vnni")))
dot_vnni(const int8_t *q, const int8_t *v, size_t n, size_t rows,
    int32_t *out)
{
	for (size_t r = 0; r < rows; r++) {
		/* ask for what comes a few rows later */
		for (size_t i = 0; i < n; i += 64)
			__builtin_prefetch(v + (r + 8) * n + i);
		out[r] = one_vnni(q, v + r * n, n);
	}
}

static bool
has_vnni(void)
{
	return __builtin_cpu_supports("avx512vnni") &&
	    __builtin_cpu_supports("avx512bw");
}
#endif

static const struct {
	const char *name;
	dot_fn *fn;
	bool (*works)(void);
} kernels[] = {
#if defined(__x86_64__)
	{ "avx512-vnni", dot_vnni, has_vnni },
	{ "avx2", dot_avx2, has_avx2 },
#endif
	{ "plain", dot_plain, always }
};

dot_fn *
dot_kernel(size_t i, const char **ret_name)
{
	for (size_t k = 0; k < sizeof(kernels) / sizeof(*kernels); k++)
		if (kernels[k].works() && i-- == 0) {
			if (ret_name)
				*ret_name = kernels[k].name;
			return kernels[k].fn;
		}
	return NULL;
}

dot_fn *
dot_pick(const char **ret_name)
{
	return dot_kernel(0, ret_name);
}
