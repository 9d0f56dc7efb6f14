/* boxreport: what happened in a sandbox, as records. */
#include "config.h"

#include "boxreport.h"

#include "alloc.h"
#include "clock.h"
#include "path.h"
#include "record.h"

bool
boxreport_wanted(const struct boxreport *r)
{
	for (size_t i = 0; i < BOXREPORT_READERS; i++)
		if (r->fds[i] >= 0)
			return true;
	return false;
}

void
boxreport_emit(struct boxreport *r, const char *type, jv data)
{
	struct record_origin origin = {
		.source = "/command/agent-sandbox",
		.traceparent = record_traceparent(),
	};
	struct err ignored;
	AUTO_JV jv record = record_new(&origin, type, data);

	for (size_t i = 0; i < BOXREPORT_READERS; i++)
		if (r->fds[i] >= 0)
			(void)record_emit(r->fds[i], &record, &ignored);
}

void
boxreport_start(struct boxreport *r, const struct rules *rules,
    const char *workspace, const struct overlay *overlay,
    const char *const *argv)
{
	jv data, words;

	if (!boxreport_wanted(r))
		return;
	data = json_object();
	words = json_array();
	for (; *argv; argv++)
		json_append(&words, json_from_str(*argv));
	json_set_str(&data, "workspace", workspace);
	json_set(&data, "command", words);
	json_set(&data, "rules", rules_json(rules));
	if (overlay)
		json_set(&data, "overlay", overlay_json(
		    path_basename(overlay->dir), overlay->by));
	boxreport_emit(r, "sandbox.start", data);
}

void
boxreport_limit(struct boxreport *r, const char *limit)
{
	jv data;

	if (!boxreport_wanted(r))
		return;
	data = json_object();
	json_set_str(&data, "limit", limit);
	boxreport_emit(r, "sandbox.limit", data);
}

void
boxreport_taint(struct boxreport *r, const struct strs *paths, bool whole)
{
	jv data, list;

	if (!boxreport_wanted(r))
		return;
	list = json_array();
	for (size_t i = 0; i < paths->n; i++)
		json_append(&list, json_from_str(paths->v[i]));
	data = json_object();
	json_set(&data, "paths", list);
	json_set_bool(&data, "whole", whole);
	boxreport_emit(r, "sandbox.taint", data);
}

static jv
mechanisms(const struct boxlimits *limits)
{
	jv m = json_object();

	json_set_str(&m, "memory", limits->memory);
	json_set_str(&m, "pids", limits->pids);
	json_set_str(&m, "cpu", limits->cpu);
	return m;
}

void
boxreport_end(struct boxreport *r, int status, const char *limit,
    const struct boxlimits *limits, const struct box_msg *usage,
    int64_t elapsed_ns)
{
	jv data, use;

	if (!boxreport_wanted(r))
		return;
	use = json_object();
	json_set_num(&use, "user_s", (double)usage->user_us / 1e6);
	json_set_num(&use, "system_s", (double)usage->sys_us / 1e6);
	json_set_num(&use, "elapsed_s", (double)elapsed_ns / 1e9);
	json_set_int(&use, "max_rss", usage->max_rss * 1024);
	json_set_int(&use, "memory_peak", limits->memory_peak >
	    usage->max_rss * 1024 ? limits->memory_peak :
	    usage->max_rss * 1024);
	json_set_int(&use, "read_bytes", usage->read_blocks * 512);
	json_set_int(&use, "written_bytes", usage->write_blocks * 512);
	data = json_object();
	json_set_int(&data, "status", status);
	json_set_str(&data, "limit", limit);
	json_set(&data, "mechanisms", mechanisms(limits));
	json_set(&data, "use", use);
	boxreport_emit(r, "sandbox.end", data);
}
