/*
 * schema-meta: the metaschemas of draft 2020-12, so that a schema may refer
 * to them without a network.  They are the work of the JSON Schema authors
 * (json-schema.org), unchanged but for white space.
 */
#include "config.h"

#include "schema-impl.h"

#include "alloc.h"

static const struct {
	const char *uri, *text;
} metaschemas[] = {
	{ "https://json-schema.org/draft/2020-12/schema",
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"$i"
	"d\":\"https://json-schema.org/draft/2020-12/schema\",\"$vocabulary"
	"\":{\"https://json-schema.org/draft/2020-12/vocab/core\":true,\"ht"
	"tps://json-schema.org/draft/2020-12/vocab/applicator\":true,\"http"
	"s://json-schema.org/draft/2020-12/vocab/unevaluated\":true,\"https"
	"://json-schema.org/draft/2020-12/vocab/validation\":true,\"https:/"
	"/json-schema.org/draft/2020-12/vocab/meta-data\":true,\"https://js"
	"on-schema.org/draft/2020-12/vocab/format-annotation\":true,\"https"
	"://json-schema.org/draft/2020-12/vocab/content\":true},\"$dynamicA"
	"nchor\":\"meta\",\"title\":\"Core and Validation specifications me"
	"ta-schema\",\"allOf\":[{\"$ref\":\"meta/core\"},{\"$ref\":\"meta/a"
	"pplicator\"},{\"$ref\":\"meta/unevaluated\"},{\"$ref\":\"meta/vali"
	"dation\"},{\"$ref\":\"meta/meta-data\"},{\"$ref\":\"meta/format-an"
	"notation\"},{\"$ref\":\"meta/content\"}],\"type\":[\"object\",\"bo"
	"olean\"],\"$comment\":\"This meta-schema also defines keywords tha"
	"t have appeared in previous drafts in order to prevent incompatibl"
	"e extensions as they remain in common use.\",\"properties\":{\"def"
	"initions\":{\"$comment\":\"\\\"definitions\\\" has been replaced b"
	"y \\\"$defs\\\".\",\"type\":\"object\",\"additionalProperties\":{"
	"\"$dynamicRef\":\"#meta\"},\"deprecated\":true,\"default\":{}},\"d"
	"ependencies\":{\"$comment\":\"\\\"dependencies\\\" has been split "
	"and replaced by \\\"dependentSchemas\\\" and \\\"dependentRequired"
	"\\\" in order to serve their differing semantics.\",\"type\":\"obj"
	"ect\",\"additionalProperties\":{\"anyOf\":[{\"$dynamicRef\":\"#met"
	"a\"},{\"$ref\":\"meta/validation#/$defs/stringArray\"}]},\"depreca"
	"ted\":true,\"default\":{}},\"$recursiveAnchor\":{\"$comment\":\""
	"\\\"$recursiveAnchor\\\" has been replaced by \\\"$dynamicAnchor"
	"\\\".\",\"$ref\":\"meta/core#/$defs/anchorString\",\"deprecated\":"
	"true},\"$recursiveRef\":{\"$comment\":\"\\\"$recursiveRef\\\" has "
	"been replaced by \\\"$dynamicRef\\\".\",\"$ref\":\"meta/core#/$def"
	"s/uriReferenceString\",\"deprecated\":true}}}" },
	{ "https://json-schema.org/draft/2020-12/meta/core",
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"$i"
	"d\":\"https://json-schema.org/draft/2020-12/meta/core\",\"$vocabul"
	"ary\":{\"https://json-schema.org/draft/2020-12/vocab/core\":true},"
	"\"$dynamicAnchor\":\"meta\",\"title\":\"Core vocabulary meta-schem"
	"a\",\"type\":[\"object\",\"boolean\"],\"properties\":{\"$id\":{\"$"
	"ref\":\"#/$defs/uriReferenceString\",\"$comment\":\"Non-empty frag"
	"ments not allowed.\",\"pattern\":\"^[^#]*#?$\"},\"$schema\":{\"$re"
	"f\":\"#/$defs/uriString\"},\"$ref\":{\"$ref\":\"#/$defs/uriReferen"
	"ceString\"},\"$anchor\":{\"$ref\":\"#/$defs/anchorString\"},\"$dyn"
	"amicRef\":{\"$ref\":\"#/$defs/uriReferenceString\"},\"$dynamicAnch"
	"or\":{\"$ref\":\"#/$defs/anchorString\"},\"$vocabulary\":{\"type\""
	":\"object\",\"propertyNames\":{\"$ref\":\"#/$defs/uriString\"},\"a"
	"dditionalProperties\":{\"type\":\"boolean\"}},\"$comment\":{\"type"
	"\":\"string\"},\"$defs\":{\"type\":\"object\",\"additionalProperti"
	"es\":{\"$dynamicRef\":\"#meta\"}}},\"$defs\":{\"anchorString\":{\""
	"type\":\"string\",\"pattern\":\"^[A-Za-z_][-A-Za-z0-9._]*$\"},\"ur"
	"iString\":{\"type\":\"string\",\"format\":\"uri\"},\"uriReferenceS"
	"tring\":{\"type\":\"string\",\"format\":\"uri-reference\"}}}" },
	{ "https://json-schema.org/draft/2020-12/meta/applicator",
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"$i"
	"d\":\"https://json-schema.org/draft/2020-12/meta/applicator\",\"$v"
	"ocabulary\":{\"https://json-schema.org/draft/2020-12/vocab/applica"
	"tor\":true},\"$dynamicAnchor\":\"meta\",\"title\":\"Applicator voc"
	"abulary meta-schema\",\"type\":[\"object\",\"boolean\"],\"properti"
	"es\":{\"prefixItems\":{\"$ref\":\"#/$defs/schemaArray\"},\"items\""
	":{\"$dynamicRef\":\"#meta\"},\"contains\":{\"$dynamicRef\":\"#meta"
	"\"},\"additionalProperties\":{\"$dynamicRef\":\"#meta\"},\"propert"
	"ies\":{\"type\":\"object\",\"additionalProperties\":{\"$dynamicRef"
	"\":\"#meta\"},\"default\":{}},\"patternProperties\":{\"type\":\"ob"
	"ject\",\"additionalProperties\":{\"$dynamicRef\":\"#meta\"},\"prop"
	"ertyNames\":{\"format\":\"regex\"},\"default\":{}},\"dependentSche"
	"mas\":{\"type\":\"object\",\"additionalProperties\":{\"$dynamicRef"
	"\":\"#meta\"},\"default\":{}},\"propertyNames\":{\"$dynamicRef\":"
	"\"#meta\"},\"if\":{\"$dynamicRef\":\"#meta\"},\"then\":{\"$dynamic"
	"Ref\":\"#meta\"},\"else\":{\"$dynamicRef\":\"#meta\"},\"allOf\":{"
	"\"$ref\":\"#/$defs/schemaArray\"},\"anyOf\":{\"$ref\":\"#/$defs/sc"
	"hemaArray\"},\"oneOf\":{\"$ref\":\"#/$defs/schemaArray\"},\"not\":"
	"{\"$dynamicRef\":\"#meta\"}},\"$defs\":{\"schemaArray\":{\"type\":"
	"\"array\",\"minItems\":1,\"items\":{\"$dynamicRef\":\"#meta\"}}}}" },
	{ "https://json-schema.org/draft/2020-12/meta/unevaluated",
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"$i"
	"d\":\"https://json-schema.org/draft/2020-12/meta/unevaluated\",\"$"
	"vocabulary\":{\"https://json-schema.org/draft/2020-12/vocab/uneval"
	"uated\":true},\"$dynamicAnchor\":\"meta\",\"title\":\"Unevaluated "
	"applicator vocabulary meta-schema\",\"type\":[\"object\",\"boolean"
	"\"],\"properties\":{\"unevaluatedItems\":{\"$dynamicRef\":\"#meta"
	"\"},\"unevaluatedProperties\":{\"$dynamicRef\":\"#meta\"}}}" },
	{ "https://json-schema.org/draft/2020-12/meta/validation",
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"$i"
	"d\":\"https://json-schema.org/draft/2020-12/meta/validation\",\"$v"
	"ocabulary\":{\"https://json-schema.org/draft/2020-12/vocab/validat"
	"ion\":true},\"$dynamicAnchor\":\"meta\",\"title\":\"Validation voc"
	"abulary meta-schema\",\"type\":[\"object\",\"boolean\"],\"properti"
	"es\":{\"type\":{\"anyOf\":[{\"$ref\":\"#/$defs/simpleTypes\"},{\"t"
	"ype\":\"array\",\"items\":{\"$ref\":\"#/$defs/simpleTypes\"},\"min"
	"Items\":1,\"uniqueItems\":true}]},\"const\":true,\"enum\":{\"type"
	"\":\"array\",\"items\":true},\"multipleOf\":{\"type\":\"number\","
	"\"exclusiveMinimum\":0},\"maximum\":{\"type\":\"number\"},\"exclus"
	"iveMaximum\":{\"type\":\"number\"},\"minimum\":{\"type\":\"number"
	"\"},\"exclusiveMinimum\":{\"type\":\"number\"},\"maxLength\":{\"$r"
	"ef\":\"#/$defs/nonNegativeInteger\"},\"minLength\":{\"$ref\":\"#/$"
	"defs/nonNegativeIntegerDefault0\"},\"pattern\":{\"type\":\"string"
	"\",\"format\":\"regex\"},\"maxItems\":{\"$ref\":\"#/$defs/nonNegat"
	"iveInteger\"},\"minItems\":{\"$ref\":\"#/$defs/nonNegativeIntegerD"
	"efault0\"},\"uniqueItems\":{\"type\":\"boolean\",\"default\":false"
	"},\"maxContains\":{\"$ref\":\"#/$defs/nonNegativeInteger\"},\"minC"
	"ontains\":{\"$ref\":\"#/$defs/nonNegativeInteger\",\"default\":1},"
	"\"maxProperties\":{\"$ref\":\"#/$defs/nonNegativeInteger\"},\"minP"
	"roperties\":{\"$ref\":\"#/$defs/nonNegativeIntegerDefault0\"},\"re"
	"quired\":{\"$ref\":\"#/$defs/stringArray\"},\"dependentRequired\":"
	"{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#/$defs/"
	"stringArray\"}}},\"$defs\":{\"nonNegativeInteger\":{\"type\":\"int"
	"eger\",\"minimum\":0},\"nonNegativeIntegerDefault0\":{\"$ref\":\"#"
	"/$defs/nonNegativeInteger\",\"default\":0},\"simpleTypes\":{\"enum"
	"\":[\"array\",\"boolean\",\"integer\",\"null\",\"number\",\"object"
	"\",\"string\"]},\"stringArray\":{\"type\":\"array\",\"items\":{\"t"
	"ype\":\"string\"},\"uniqueItems\":true,\"default\":[]}}}" },
	{ "https://json-schema.org/draft/2020-12/meta/meta-data",
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"$i"
	"d\":\"https://json-schema.org/draft/2020-12/meta/meta-data\",\"$vo"
	"cabulary\":{\"https://json-schema.org/draft/2020-12/vocab/meta-dat"
	"a\":true},\"$dynamicAnchor\":\"meta\",\"title\":\"Meta-data vocabu"
	"lary meta-schema\",\"type\":[\"object\",\"boolean\"],\"properties"
	"\":{\"title\":{\"type\":\"string\"},\"description\":{\"type\":\"st"
	"ring\"},\"default\":true,\"deprecated\":{\"type\":\"boolean\",\"de"
	"fault\":false},\"readOnly\":{\"type\":\"boolean\",\"default\":fals"
	"e},\"writeOnly\":{\"type\":\"boolean\",\"default\":false},\"exampl"
	"es\":{\"type\":\"array\",\"items\":true}}}" },
	{ "https://json-schema.org/draft/2020-12/meta/format-annotation",
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"$i"
	"d\":\"https://json-schema.org/draft/2020-12/meta/format-annotation"
	"\",\"$vocabulary\":{\"https://json-schema.org/draft/2020-12/vocab/"
	"format-annotation\":true},\"$dynamicAnchor\":\"meta\",\"title\":\""
	"Format vocabulary meta-schema for annotation results\",\"type\":["
	"\"object\",\"boolean\"],\"properties\":{\"format\":{\"type\":\"str"
	"ing\"}}}" },
	{ "https://json-schema.org/draft/2020-12/meta/format-assertion",
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"$i"
	"d\":\"https://json-schema.org/draft/2020-12/meta/format-assertion"
	"\",\"$vocabulary\":{\"https://json-schema.org/draft/2020-12/vocab/"
	"format-assertion\":true},\"$dynamicAnchor\":\"meta\",\"title\":\"F"
	"ormat vocabulary meta-schema for assertion results\",\"type\":[\"o"
	"bject\",\"boolean\"],\"properties\":{\"format\":{\"type\":\"string"
	"\"}}}" },
	{ "https://json-schema.org/draft/2020-12/meta/content",
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"$i"
	"d\":\"https://json-schema.org/draft/2020-12/meta/content\",\"$voca"
	"bulary\":{\"https://json-schema.org/draft/2020-12/vocab/content\":"
	"true},\"$dynamicAnchor\":\"meta\",\"title\":\"Content vocabulary m"
	"eta-schema\",\"type\":[\"object\",\"boolean\"],\"properties\":{\"c"
	"ontentEncoding\":{\"type\":\"string\"},\"contentMediaType\":{\"typ"
	"e\":\"string\"},\"contentSchema\":{\"$dynamicRef\":\"#meta\"}}}" }
};

const char *
schema_meta_text(const char *uri)
{
	for (size_t i = 0; i < sizeof(metaschemas) / sizeof(*metaschemas); i++)
		if (strcmp(metaschemas[i].uri, uri) == 0)
			return metaschemas[i].text;
	return NULL;
}
