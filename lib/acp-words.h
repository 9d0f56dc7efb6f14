/*
 * acp-words: our records in the words of the Agent Client Protocol, version 1.
 */
#ifndef AGENT_ACP_WORDS_H
#define AGENT_ACP_WORDS_H

#include "buf.h"
#include "err.h"
#include "json.h"

/*
 * The updates that a record makes, an array of {"sessionUpdate",...}; most
 * make none.  `dir` is where relative paths begin; `streamed`: its text was
 * told already, piece by piece.
 */
jv	acp_updates(const jv *record, const char *dir, bool streamed);

/*
 * The parameters of session/request_permission, but the session's id, for a
 * question record; JSON_NONE for one that has no options to choose from.
 */
jv	acp_permission(const jv *record);

/* The words of a prompt's blocks; ST_DATA for one that was not offered. */
int	acp_prompt(const jv *blocks, struct buf *out, struct err *e);

/* Why a turn ended, by the data of a result record: "end_turn"; NULL: it
 * failed. */
const char *acp_stop_reason(const jv *result);

#endif
