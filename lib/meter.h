/*
 * meter: what the credential broker asks, and tells, whoever pays for the
 * requests that go through it.
 *
 * A local socket that keeps messages apart (SOCK_SEQPACKET), one object of
 * JSON each.  Before a POST goes out, the broker asks, and the client waits:
 *
 *	{"id":1,"ask":"/v1/responses","length":4096}
 *
 * without the length where that is not known.  The answer, whenever it comes:
 *
 *	{"id":1,"go":true}
 *	{"id":1,"status":429,"body":"{...}"}	what the client gets instead
 *
 * At its end, however that comes, with the answer in a descriptor as far as it
 * came, to be read from its start:
 *
 *	{"id":1,"status":200,"whole":true}
 *
 * Status 0: there was no answer.  Without the descriptor it was too long to
 * keep.  Who keeps the books has gone when the socket has: then nothing more
 * goes out.
 *
 * The broker looks into no answer, and who does that holds no secret of it.
 */
#ifndef AGENT_METER_H
#define AGENT_METER_H

enum {
	METER_TEXT = 8192,		/* bytes of a message */
	METER_WAITING_MAX = 64,		/* questions without an answer */
	METER_KEPT_MAX = 16 << 20	/* bytes of an answer that are kept */
};

#endif
