/* unicode: the general category of a character. */
#include "config.h"

#include "unicode.h"

#include "alloc.h"

/*
 * Where a run of characters of one category begins: the character, shifted,
 * and the category.  LuLl is a run that alternates, upper case first.
 */
static const uint32_t runs[] = {
#define R(c, category) (UINT32_C(c) << 5 | UNI_##category),
#include "unicode-table.h"
#undef R
};

enum unicode_category
unicode_category(uint32_t c)
{
	size_t lo = 0, hi = sizeof(runs) / sizeof(*runs);
	enum unicode_category category;

	if (c > 0x10ffff)
		return UNI_Cn;
	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;
		if (runs[mid] >> 5 <= c)
			lo = mid;
		else
			hi = mid;
	}
	category = (enum unicode_category)(runs[lo] & 31);
	if (category == UNI_LuLl)
		category = (c - (runs[lo] >> 5)) & 1 ? UNI_Ll : UNI_Lu;
	return category;
}

#define BIT(category) (UINT32_C(1) << UNI_##category)

/* PropertyValueAliases.txt, gc. */
static const struct {
	const char *name, *longer;
	uint32_t mask;
} names[] = {
	{ "C", "Other", BIT(Cc) | BIT(Cf) | BIT(Cn) | BIT(Co) | BIT(Cs) },
	{ "Cc", "Control", BIT(Cc) },
	{ "Cc", "cntrl", BIT(Cc) },
	{ "Cf", "Format", BIT(Cf) },
	{ "Cn", "Unassigned", BIT(Cn) },
	{ "Co", "Private_Use", BIT(Co) },
	{ "Cs", "Surrogate", BIT(Cs) },
	{ "L", "Letter", BIT(Lu) | BIT(Ll) | BIT(Lt) | BIT(Lm) | BIT(Lo) },
	{ "LC", "Cased_Letter", BIT(Lu) | BIT(Ll) | BIT(Lt) },
	{ "Ll", "Lowercase_Letter", BIT(Ll) },
	{ "Lm", "Modifier_Letter", BIT(Lm) },
	{ "Lo", "Other_Letter", BIT(Lo) },
	{ "Lt", "Titlecase_Letter", BIT(Lt) },
	{ "Lu", "Uppercase_Letter", BIT(Lu) },
	{ "M", "Mark", BIT(Mn) | BIT(Mc) | BIT(Me) },
	{ "M", "Combining_Mark", BIT(Mn) | BIT(Mc) | BIT(Me) },
	{ "Mc", "Spacing_Mark", BIT(Mc) },
	{ "Me", "Enclosing_Mark", BIT(Me) },
	{ "Mn", "Nonspacing_Mark", BIT(Mn) },
	{ "N", "Number", BIT(Nd) | BIT(Nl) | BIT(No) },
	{ "Nd", "Decimal_Number", BIT(Nd) },
	{ "Nd", "digit", BIT(Nd) },
	{ "Nl", "Letter_Number", BIT(Nl) },
	{ "No", "Other_Number", BIT(No) },
	{ "P", "Punctuation", BIT(Pc) | BIT(Pd) | BIT(Ps) | BIT(Pe) |
	    BIT(Pi) | BIT(Pf) | BIT(Po) },
	{ "P", "punct", BIT(Pc) | BIT(Pd) | BIT(Ps) | BIT(Pe) | BIT(Pi) |
	    BIT(Pf) | BIT(Po) },
	{ "Pc", "Connector_Punctuation", BIT(Pc) },
	{ "Pd", "Dash_Punctuation", BIT(Pd) },
	{ "Pe", "Close_Punctuation", BIT(Pe) },
	{ "Pf", "Final_Punctuation", BIT(Pf) },
	{ "Pi", "Initial_Punctuation", BIT(Pi) },
	{ "Po", "Other_Punctuation", BIT(Po) },
	{ "Ps", "Open_Punctuation", BIT(Ps) },
	{ "S", "Symbol", BIT(Sm) | BIT(Sc) | BIT(Sk) | BIT(So) },
	{ "Sc", "Currency_Symbol", BIT(Sc) },
	{ "Sk", "Modifier_Symbol", BIT(Sk) },
	{ "Sm", "Math_Symbol", BIT(Sm) },
	{ "So", "Other_Symbol", BIT(So) },
	{ "Z", "Separator", BIT(Zs) | BIT(Zl) | BIT(Zp) },
	{ "Zl", "Line_Separator", BIT(Zl) },
	{ "Zp", "Paragraph_Separator", BIT(Zp) },
	{ "Zs", "Space_Separator", BIT(Zs) }
};

uint32_t
unicode_mask(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i].name) == 0 ||
		    strcmp(name, names[i].longer) == 0)
			return names[i].mask;
	return 0;
}
