/*
 * exec: programs in the place of a server; agent-provider(5).
 *
 * A base is "exec:" and a command as JSON: an array is a program and its
 * arguments, a string a line for sh(1).  Each request runs it once, with the
 * body as its standard input, a file that no program can block us by; what it
 * writes to standard output is the body of the answer.  It has a process
 * group of its own, which is killed when the time is over, when the call is
 * cancelled and when the program itself has ended.
 *
 * A program that was killed or ends with another status than 0 has failed
 * (ST_UNAVAILABLE), unless what it wrote was a whole answer, which only the
 * provider can tell.
 */
#ifndef AGENT_EXEC_H
#define AGENT_EXEC_H

#include "transport.h"

extern const struct transport_ops exec_transport;

#endif
