/*
 * unicode: the general category of a character.
 */
#ifndef AGENT_UNICODE_H
#define AGENT_UNICODE_H

#include <stdint.h>

/* General categories, as bits of a mask. */
enum unicode_category {
	UNI_Lu, UNI_Ll, UNI_Lt, UNI_Lm, UNI_Lo, UNI_Mn, UNI_Mc, UNI_Me,
	UNI_Nd, UNI_Nl, UNI_No, UNI_Pc, UNI_Pd, UNI_Ps, UNI_Pe, UNI_Pi,
	UNI_Pf, UNI_Po, UNI_Sm, UNI_Sc, UNI_Sk, UNI_So, UNI_Zs, UNI_Zl,
	UNI_Zp, UNI_Cc, UNI_Cf, UNI_Cs, UNI_Co, UNI_Cn, UNI_LuLl
};

#define UNICODE_ALL ((UINT32_C(1) << UNI_LuLl) - 1)

enum unicode_category unicode_category(uint32_t c);

/*
 * The mask of a category or group by its short or long name ("Lu",
 * "Uppercase_Letter", "L", "Letter"); 0 when there is none of that name.
 */
uint32_t unicode_mask(const char *name);

#endif
