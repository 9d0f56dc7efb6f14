/* memory-schema: the tables of a memory; for the files of memory alone. */
#ifndef AGENT_MEMORY_SCHEMA_H
#define AGENT_MEMORY_SCHEMA_H

#include "store.h"

extern const struct store_schema memory_schema;

#endif
