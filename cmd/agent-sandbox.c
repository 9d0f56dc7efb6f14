/*
 * agent-sandbox: runs a command confined, by a manifest of permissions.
 */
#include "config.h"

#include "alloc.h"
#include "cli.h"
#include "hostcheck.h"
#include "json.h"
#include "overlay.h"
#include "path.h"
#include "sandbox.h"
#include "sandboxcmd.h"

static int
show_check(void)
{
	AUTO_JV jv all = hostcheck_all();
	int status = ST_OK;

	JSON_EACH(&all, i) {
		AUTO_JV jv one = json_iter_value(&all, i);
		const char *mend = json_str(&one, "mend");
		bool good = false;

		json_bool(&one, "ok", &good);
		printf("%-9s %s  %s\n", json_iter_key(&all, i),
		    good ? "yes" : "no ", json_str(&one, "what"));
		if (mend)
			printf("%-9s      mend: %s\n", "", mend);
		if (!good && (strcmp(json_iter_key(&all, i), "bwrap") == 0 ||
		    strcmp(json_iter_key(&all, i), "userns") == 0))
			status = ST_NO;
	}
	return cli_end(status);
}

static int
show_rules(const struct box_options *o)
{
	AUTO_JV jv all = rules_json(&o->rules);
	AUTO_BUF struct buf text = BUF_INIT;

	json_set_str(&all, "workspace", o->workspace);
	if (o->overlay)
		json_set(&all, "overlay", overlay_explain(o));
	json_write_pretty(&all, &text);
	puts(text.data);
	return cli_end(ST_OK);
}

static int
run(const struct box_options *o, char **argv)
{
	AUTO_OVERLAY struct overlay v = OVERLAY_INIT;
	struct err e = ERR_INIT;
	struct sandbox s = {
		.rules = &o->rules, .workspace = o->workspace,
		.argv = (const char *const *)(uintptr_t)argv,
		.report = o->report, .audit = o->audit,
		.meter = o->meter, .dry_run = o->dry_run, .how = o->how,
	};
	int status = 0;

	if (sandbox_check_workspace(o->workspace, o->named, &e) < 0)
		return err_report(&e);
	if (o->overlay && overlay_open(&v, o->workspace, o->overlay,
	    o->dry_run ? NULL : &o->how, &e) < 0) {
		e.status = ST_WRAPPER;
		return err_report(&e);
	}
	s.overlay = o->overlay ? &v : NULL;
	if (sandbox_run(&s, &status, &e) < 0)
		return err_report(&e);
	if (e.text[0])
		err_report(&e);
	if (o->dry_run)
		return cli_end(status);
	return o->overlay ? overlay_on_exit(o, &v, status) : status;
}

int
main(int argc, char **argv)
{
	struct box_options o = { .report = -1, .audit = -1,
	    .meter = -1, .how = OVERLAY_HOW_INIT };
	struct err e = ERR_INIT;
	int status;

	cli_begin(&sandbox_cli);
	sandbox_options(&o, argc, argv);
	if (o.check)
		return show_check();
	if (!o.workspace && !(o.workspace = path_cwd(&e))) {
		e.status = ST_WRAPPER;
		return err_report(&e);
	}
	sandbox_settle(&o);
	if (o.explain) {
		status = show_rules(&o);
	} else {
		const char *verb;
		if (optind == argc)
			cli_usage(&sandbox_cli, "no command");
		verb = overlay_verb(argv[optind - 1], argv[optind]);
		status = verb ? overlay_change(&o, verb, argc, argv) :
		    run(&o, argv + optind);
	}
	sandbox_options_release(&o);
	return status;
}
