/*
 * foreign-box: starting a foreign agent in its sandbox.
 *
 * Nothing of ours enters but what is named here: the workspace, the home of
 * the run, the program, and one way to its model.
 */
#include "config.h"

#include "foreign-impl.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "agents.h"
#include "alloc.h"
#include "door.h"
#include "env.h"
#include "fd.h"
#include "path.h"
#include "program.h"
#include "provider.h"

enum {
	KEPT_MAX = 256 << 20,
	PORT = 8317			/* of the endpoint inside */
};

/* What agent-sandbox, and nobody inside, finds the key in. */
#define KEY_NAME "AGENT_MODEL_KEY"

int
foreign_write(struct foreign_run *f, const char *name, const char *text,
    size_t len, struct err *e)
{
	if (json_is(&f->shown, JSON_OBJECT)) {
		json_set(&f->shown, name, json_from_bytes(text, len));
		return 0;
	}
	AUTO_FREE char *path = path_join(f->home, name);
	AUTO_FREE char *dir = path_dirname(path);

	if (path_mkdirs(dir, 0700, e) < 0)
		return -1;
	return path_replace(path, text, len, 0600, e);
}

/* The URL up to the version. */
static char *
origin_of(const char *base)
{
	const char *version = strstr(base, "/v1");

	return xstrndup(base, version ? (size_t)(version - base) :
	    strlen(base));
}

/* "http://host:80/v1" into its parts. */
static int
find_endpoint(struct foreign_run *f, struct err *e)
{
	const struct model *m = f->run.task->model;
	bool tls = strncmp(m->base, "https://", 8) == 0;
	const char *host, *at;
	size_t len, path;

	if (m->unix_socket || (!tls && strncmp(m->base, "http://", 7) != 0))
		return err_set(e, ST_CONFIG, "agent '%s' of type '%s' cannot "
		    "use the model '%s': its server is not reached by HTTP",
		    f->run.task->id, f->kind->type, m->name);
	host = m->base + (tls ? 8 : 7);
	len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
	at = host + len;
	path = *at == ':' ? strcspn(at, "/") : 0;
	f->host = *host == '[' ? xstrndup(host + 1, len - 2) :
	    xstrndup(host, len);
	f->port = path > 1 ? xstrndup(at + 1, path - 1) :
	    xstrdup(tls ? "443" : "80");
	f->base = xstrdup(m->base);
	f->origin = origin_of(m->base);
	return 0;
}

static bool
is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	    strncmp(host, "127.", 4) == 0;
}

/* The header that its server looks for the key in. */
static const char *
key_header(const struct foreign_run *f)
{
	const struct model *m = f->run.task->model;
	bool messages = strcmp(m->provider->name, "messages") == 0;

	if (strcmp(f->kind->type, "gemini") == 0)
		return "X-Goog-Api-Key: ";
	if (messages && !(m->key_from &&
	    strcmp(m->key_from, "ANTHROPIC_AUTH_TOKEN") == 0))
		return "X-Api-Key: ";
	return "Authorization: Bearer ";
}

/*
 * The key stays outside: agent-sandbox adds it to what is asked for through
 * an endpoint inside, which is then all that the agent knows of its server,
 * and where its requests are counted, with a key or without.
 */
static void
use_broker(struct foreign_run *f)
{
	const char *command = f->key ?
	    json_string(&f->run.task->model->key_cmd) : NULL;
	/* Google's own protocol has versions beside the one of the base */
	bool google = strcmp(f->kind->type, "gemini") == 0;
	const char *path = strstr(f->base, "://") + 3;
	AUTO_FREE char *at = xstrdup(path + strcspn(path, "/"));

	f->inject = xasprintf("AGENT_MODEL_URL:%d=%s%s: %s{%s %s}", PORT,
	    google ? f->origin : f->base, google ? " /v1 /v1beta" : "",
	    key_header(f), command ? "key_cmd" : "key_env",
	    command ? command : KEY_NAME);
	free(f->base);
	free(f->origin);
	f->base = xasprintf("http://127.0.0.1:%d%s", PORT, at);
	f->origin = origin_of(f->base);
}

/*
 * Of the key that agents.yaml names, or else of the model's.  One without a
 * server of a model gets that in its environment, for it was asked for.
 */
static int
find_key(struct foreign_run *f, struct err *e)
{
	const char *name = json_str(f->agent, "key_env");
	const char *value = name ? env_get(name) : NULL;

	if (!name && f->host && model_key(f->run.task->model, &f->key, e) < 0)
		return -1;
	if (name && !value)
		return err_set(e, ST_DENIED, "agent '%s': there is no key in "
		    "%s", f->run.task->id, name);
	if (value)
		f->key = xstrdup(value);
	/* one that we do not configure may know its server by itself */
	if (f->host && (f->key || f->kind->prepare))
		use_broker(f);
	f->key_as = f->kind->key ? f->kind->key : f->host ? NULL : name;
	return 0;
}

/* What it finds there at the start of each run. */
static int
furnish(struct foreign_run *f, struct err *e)
{
	const char *briefing = f->run.task->briefing;

	if (!json_is(&f->shown, JSON_OBJECT) &&
	    path_mkdirs(f->home, 0700, e) < 0)
		return -1;
	if (f->kind->rules && briefing && foreign_write(f, f->kind->rules,
	    briefing, strlen(briefing), e) < 0)
		return -1;
	return f->kind->prepare ? f->kind->prepare(f, e) : 0;
}

/* The program and its first arguments. */
static int
command_words(struct foreign_run *f, struct strs *box, struct strs *words,
    struct err *e)
{
	AUTO_JV jv own = agents_strings(f->agent, "command");
	const char *name = f->kind->program;

	for (size_t i = 0; i < json_count(&own); i++) {
		AUTO_JV jv word = json_at(&own, i);
		strs_add(words, json_string(&word));
	}
	if (words->n > 0)
		name = words->v[0];
	AUTO_FREE char *program = program_find(name, f->dir);
	if (!program || access(program, X_OK) != 0)
		return err_set(e, ST_NOTFOUND, "agent '%s': there is no "
		    "program '%s'", f->run.task->id, name);
	program_show(program, box);
	if (words->n == 0) {
		strs_add(words, program);
	} else {
		free(words->v[0]);
		words->v[0] = STEAL(program);
	}
	for (size_t i = 0; i < f->args.n; i++)
		strs_add(words, f->args.v[i]);
	return 0;
}

static void
network_words(const struct foreign_run *f, struct strs *w)
{
	if (!f->host)
		return;
	if (f->inject) {
		STRS_ADD(w, "--inject", f->inject);
		if (f->meter_inside >= 0) {
			strs_add(w, "--meter");
			strs_addf(w, "%d", f->meter_inside);
		}
	} else if (is_loopback(f->host)) {
		STRS_ADD(w, "--host-port", f->port);
	} else {
		strs_add(w, "--allow");
		strs_addf(w, strchr(f->host, ':') ? "[%s]:%s" : "%s:%s",
		    f->host, f->port);
	}
}

/*
 * The key goes by name only, its value through the environment: what is in
 * an argument list, everybody on the host can read.  The other variables go
 * as words: agent-sandbox itself must not obey them.
 */
static int
box_words(const struct foreign_run *f, struct strs *w, struct err *e)
{
	const struct calls_place *p = &f->run.task->place;
	AUTO_FREE char *self = path_program("agent-sandbox", e);

	if (!self)
		return -1;
	STRS_ADD(w, self, "--workspace", p->workspace, "--rw");
	strs_addf(w, "%s:%s", f->home, FOREIGN_HOME);
	strs_add(w, "--max-output");
	strs_addf(w, "%d", KEPT_MAX);
	if (f->plan)
		strs_add(w, "--read-only");
	if (p->profile)
		STRS_ADD(w, "--profile", p->profile);
	for (size_t i = 0; p->hide && p->hide[i]; i++)
		STRS_ADD(w, "--hide", p->hide[i]);
	for (size_t i = 0; p->read_only && p->read_only[i]; i++)
		STRS_ADD(w, "--ro", p->read_only[i]);
	for (size_t i = 0; i < f->env.n; i++)
		STRS_ADD(w, "--env", f->env.v[i]);
	if (f->key_as)
		STRS_ADD(w, "--env", f->key_as);
	for (size_t i = 0; i < f->secrets.n; i++) {
		strs_add(w, "--env");
		strs_addf(w, "%.*s", (int)strcspn(f->secrets.v[i], "="),
		    f->secrets.v[i]);
	}
	for (size_t i = 0; i < f->shows.n; i++)
		strs_add(w, f->shows.v[i]);
	network_words(f, w);
	return p->door ? door_words(p->door->path, w, e) : 0;
}

/* Its environment by agents.yaml and by its kind. */
static void
add_env(struct foreign_run *f)
{
	const jv *own = f->run.task->place.env;

	JSON_EACH(own, i) {
		AUTO_JV jv v = json_iter_value(own, i);
		strs_addf(&f->env, "%s=%s", json_iter_key(own, i),
		    json_string(&v));
	}
	strs_add(&f->env, "HOME=" FOREIGN_HOME);
}

static bool
is_variable(const char *entry, const char *name)
{
	size_t len = name ? strlen(name) : 0;

	return len > 0 && strncmp(entry, name, len) == 0 && entry[len] == '=';
}

static bool
is_secret(const struct foreign_run *f, const char *entry)
{
	size_t len = strcspn(entry, "=") + 1;

	for (size_t i = 0; i < f->secrets.n; i++)
		if (strncmp(entry, f->secrets.v[i], len) == 0)
			return true;
	return false;
}

/* Ours, for agent-sandbox, with the key beside; inside, some is expected. */
static void
whole_env(const struct foreign_run *f, struct strs *all)
{
	const char *const *ours = env_all();
	bool enters = f->key && !f->inject;

	for (size_t i = 0; ours[i]; i++)
		if (!is_variable(ours[i], f->key_as) &&
		    !is_variable(ours[i], KEY_NAME) &&
		    !is_secret(f, ours[i]))
			strs_add(all, ours[i]);
	if (f->key_as)
		strs_addf(all, "%s=%s", f->key_as, enters ? f->key : "none");
	for (size_t i = 0; i < f->secrets.n; i++)
		strs_add(all, f->secrets.v[i]);
	/* agent-sandbox takes out of the environment what has its value */
	if (f->inject)
		strs_addf(all, KEY_NAME "=%s", f->key ? f->key : "no-key");
}

static int
start(struct foreign_run *f, const struct strs *argv, const struct strs *env,
    struct err *e)
{
	struct child_spec spec = CHILD_SPEC_INIT;
	/* a pipe could block, an argument be seen */
	AUTO_FD int in = f->kind->dialogue ? CHILD_PIPE :
	    fd_from_text(f->prompt, strlen(f->prompt), e);
	AUTO_FD int err = open(f->stderr_file, O_WRONLY | O_CREAT | O_TRUNC |
	    O_CLOEXEC, 0600);

	if (in == -1)
		return -1;
	if (err < 0)
		return err_sys(e, ST_CANTCREATE, "cannot create '%s'",
		    f->stderr_file);
	spec.argv = (const char *const *)argv->v;
	spec.envp = (const char *const *)env->v;
	spec.in = in;
	spec.out = CHILD_PIPE;
	spec.err = err;
	spec.keep = &f->meter_inside;
	spec.nkeep = f->meter_inside >= 0;
	if (child_start(&spec, &f->child, e) < 0)
		return -1;
	return fd_set_nonblock(f->child.out, true, e);
}

int
foreign_prepare(struct foreign_run *f, struct err *e)
{
	if (f->run.task->model->base && find_endpoint(f, e) < 0)
		return -1;
	if (foreign_permit(f->kind, f->agent, &f->run.task->permit,
	    &f->denied, e) < 0 || find_key(f, e) < 0 ||
	    foreign_servers(f, e) < 0 || furnish(f, e) < 0)
		return -1;
	add_env(f);
	return 0;
}

int
foreign_words(struct foreign_run *f, struct strs *argv, struct err *e)
{
	AUTO_STRS struct strs words = STRS_INIT;

	if (box_words(f, argv, e) < 0 ||
	    command_words(f, argv, &words, e) < 0)
		return -1;
	strs_add(argv, "--");
	for (size_t i = 0; i < words.n; i++)
		strs_add(argv, words.v[i]);
	return 0;
}

int
foreign_start(struct foreign_run *f, struct err *e)
{
	AUTO_STRS struct strs argv = STRS_INIT;
	AUTO_STRS struct strs all = STRS_INIT;
	int r;

	if (foreign_meter_open(f, e) < 0)
		return -1;
	whole_env(f, &all);
	r = foreign_words(f, &argv, e) < 0 ? -1 : start(f, &argv, &all, e);
	if (f->meter_inside >= 0)
		close(steal_fd(&f->meter_inside));
	return r;
}
