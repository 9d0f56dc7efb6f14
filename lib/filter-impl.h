/*
 * filter-impl: libjq's programs, for filter.c and for what stands in for the
 * library where it is loaded late (cmd/jq-late.c); the only one who sees jq.h.
 */
#ifndef AGENT_FILTER_IMPL_H
#define AGENT_FILTER_IMPL_H

#include <jq.h>

#endif
