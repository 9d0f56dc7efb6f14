/*
 * agent-spawn: runs an agent on a task, its tools in a sandbox.
 *
 * Standard output is the run as records, the last one a `result`.  At a
 * terminal, or with --format text, the same records go through agent-watch,
 * which knows how to show them.
 */
#include "config.h"

#include <signal.h>
#include <unistd.h>

#include "acp-serve.h"
#include "alloc.h"
#include "crew.h"
#include "fd.h"
#include "outlet.h"
#include "path.h"
#include "record.h"
#include "spawn-check.h"
#include "spawn-options.h"
#include "stay.h"

/* A run that did not come about still ends with a record. */
static void
write_error(struct outlet *out, const struct err *why)
{
	struct record_origin origin = { .source = "/command/agent-spawn",
	    .traceparent = record_traceparent() };
	AUTO_JV jv record = record_new(&origin, RECORD_ERROR,
	    record_error_data(why));
	struct err ignored;

	(void)outlet_record(out, &record, &ignored);
}

/* All that is wrong, on standard error; 78 when something is. */
static int
check(const struct spawn_options *o, struct err *e)
{
	AUTO_BUF struct buf out = BUF_INIT;
	int status = spawn_check(o->spawn.dir, o->spawn.agents_file, &out, e);

	if (out.len > 0 && fd_write(STDERR_FILENO, out.data, out.len, e) < 0)
		return -1;
	return status;
}

/* The same command for each task of a stream, with the same options. */
static int
run_crew(const struct spawn_options *o, struct err *e)
{
	AUTO_STRS struct strs args = STRS_INIT;
	char *self = path_program("agent-spawn", e);
	struct crew crew = {
		.program = self, .agent = o->spawn.agent,
		.model = o->spawn.model, .jobs = o->jobs,
		.in = STDIN_FILENO, .out = STDOUT_FILENO, .stop = &cli_signal,
	};
	int status;

	if (!self)
		return -1;
	spawn_options_again(o, &args);
	crew.args = (const char *const *)args.v;
	status = crew_run(&crew, e);
	free(self);
	return status;
}

/* The same command for each prompt of an editor. */
static int
serve(const struct spawn_options *o, struct err *e)
{
	AUTO_FREE char *self = path_program("agent-spawn", e);
	AUTO_STRS struct strs args = STRS_INIT;
	struct acp_serve acp = {
		.program = self, .mode = o->spawn.mode, .stop = &cli_signal,
		.in = STDIN_FILENO, .out = STDOUT_FILENO,
	};

	if (!self)
		return -1;
	/* an editor that leaves is an error of writing */
	sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
	spawn_options_again(o, &args);
	STRS_ADD(&args, "--include-partial-messages");
	if (o->spawn.agent)
		STRS_ADD(&args, "-a", o->spawn.agent);
	if (o->spawn.model)
		STRS_ADD(&args, "-m", o->spawn.model);
	acp.args = (const char *const *)args.v;
	return acp_serve(&acp, e);
}

/* A piece of an answer, as agent-ask says it. */
static int
write_delta(void *context, const char *text, size_t len, struct err *e)
{
	struct record_origin origin = { .source = "/command/agent-spawn",
	    .traceparent = record_traceparent() };
	AUTO_JV jv record = JSON_NONE;
	jv data = json_object();

	json_set(&data, "text", json_from_bytes(text, len));
	record = record_new(&origin, RECORD_MODEL_DELTA, data);
	return outlet_record(context, &record, e);
}

/* The same, message by message, until it is told to stop. */
static int
stay(struct spawn_options *o, struct outlet *out, struct err *e)
{
	int status;

	if (outlet_open(o->text, out, e) < 0)
		return -1;
	o->spawn.stop = &cli_signal;
	o->spawn.record = outlet_record;
	o->spawn.context = out;
	status = stay_run(&o->spawn, o->idle_ns, e);
	if (status == ST_OK)
		cli_signal = 0;		/* it was told to, and did */
	else if (!o->text)
		write_error(out, e);
	return status;
}

static int
spawn(struct spawn_options *o, struct outlet *out, struct err *e)
{
	AUTO_BUF struct buf prompt = BUF_INIT;
	bool nothing_new = o->spawn.resume &&
	    o->prompt.noperands + o->prompt.nfiles == 0;
	struct err ignored;
	int status;

	if (!nothing_new &&
	    prompt_read(&o->prompt, &cli_signal, &prompt, e) < 0) {
		if (!o->text && outlet_open(false, out, &ignored) == 0)
			write_error(out, e);
		return -1;
	}
	if (outlet_open(o->text && !o->spawn.dry_run, out, e) < 0)
		return -1;
	o->spawn.stop = &cli_signal;
	o->spawn.record = outlet_record;
	if (o->partial)
		o->spawn.text = write_delta;
	o->spawn.context = out;
	status = spawn_run(&o->spawn, nothing_new ? NULL : prompt.data, e);
	if (status < 0 && !o->text)
		write_error(out, e);
	return status;
}

int
main(int argc, char **argv)
{
	struct spawn_options o = SPAWN_OPTIONS_INIT;
	struct outlet out = OUTLET_INIT;
	struct err e = ERR_INIT;
	int status;

	cli_begin(&spawn_cli);
	spawn_options(argc, argv, &o);
	cli_catch_signals();
	status = o.check ? check(&o, &e) :
	    o.jobs > 0 ? run_crew(&o, &e) :
	    o.serve ? serve(&o, &e) :
	    o.stay ? stay(&o, &out, &e) : spawn(&o, &out, &e);
	outlet_close(&out);
	spawn_options_release(&o);
	if (e.status == ST_USAGE && status < 0)
		cli_usage(&spawn_cli, "%s", e.text);
	cli_raise();
	if (e.status && e.status != ST_SIGNAL + SIGPIPE)
		err_report(&e);
	return cli_end(status < 0 ? e.status : status);
}
