/*
 * banned: makes the use of functions that invite mistakes an error.
 *
 * Included by every .c file after the system headers, through alloc.h.  The
 * number parsers are allowed in num.c, which defines AGENT_ALLOW_STRTO first.
 */
#ifndef AGENT_BANNED_H
#define AGENT_BANNED_H

#ifndef AGENT_ALLOW_STRTO
#pragma GCC poison strtol strtoul strtoll strtoull strtod
#endif
#pragma GCC poison atoi atol atoll atof
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok gets
#pragma GCC poison system popen mktemp tmpnam tempnam
#pragma GCC poison gmtime localtime ctime asctime

#endif
