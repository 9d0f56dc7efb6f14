/*
 * replay: answers that come from a file, in the place of the network.
 *
 * The file is a recording, agent-recording(5): NDJSON, each line one
 * exchange.  The first line whose condition is true of the request answers
 * it, so the file is a function, and many processes can share it.  What it
 * says goes through the same parsers as what a server says.
 */
#ifndef AGENT_REPLAY_H
#define AGENT_REPLAY_H

#include "transport.h"

/* For "replay:FILE". */
extern const struct transport_ops replay_transport;

#endif
