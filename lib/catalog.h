/*
 * catalog: which models there are and how to reach them.
 *
 * The well-known providers are data (providers.yaml, installed); the user adds
 * to them or overrides them member by member in config.yaml:
 *
 *	model: openai/gpt-5		# asked when none is named
 *	aliases: { fast: groq/llama-3.1-8b-instant, safe: [a/b, c/d] }
 *	providers:
 *	  mine:
 *	    base_url: http://127.0.0.1:9000/v1
 *	    protocol: chat		# a provider of provider.h; the default
 *	    key_env: MINE_API_KEY	# or key_cmd: pass show mine
 *
 * `config` is the user's whole configuration (settings.h), an object or
 * JSON_NONE; only these three members are looked at.
 */
#ifndef AGENT_CATALOG_H
#define AGENT_CATALOG_H

#include "clock.h"
#include "err.h"
#include "json.h"
#include "model.h"

/*
 * The model that `spec` means: an alias; "PROVIDER/MODEL", where MODEL may
 * contain '/'; a MODEL alone, of the default provider; "PROVIDER/" with the
 * provider's default model; "replay:FILE"; or several with commas, each the
 * fallback of the one before.  NULL: catalog_default().
 *
 * ST_CONFIG when the provider is unknown (with a suggestion) or there is no
 * default, ST_DENIED when it needs a key and none is there, saying where one
 * would be looked for.
 */
int	catalog_find(const jv *config, const char *spec, struct model *ret,
	    struct err *e);

/*
 * The same with a key that was given for this model, beside the configuration:
 * for its provider, of the first model where there are several, and for no
 * other.  `from` says where it is from, for people.
 */
int	catalog_find_with(const jv *config, const char *spec, const char *key,
	    const char *from, struct model *ret, struct err *e);

/*
 * What is asked when nobody says: $AGENT_MODEL; `model` of the configuration;
 * the first provider of providers.yaml whose key is in the environment; an
 * ollama on 127.0.0.1:11434 or a llama.cpp on 127.0.0.1:8080 that answers
 * within a moment.  The spec, which the caller frees; NULL with ST_CONFIG and
 * what to do when there is none.
 */
char	*catalog_default(const jv *config, struct err *e);

#endif
