/* boxfilter: system call filters of the user's, in addition to ours. */
#include "config.h"

#include "boxfilter.h"

#include <sys/socket.h>

#include "alloc.h"
#include "child.h"
#include "path.h"

enum { MAKE_SECONDS = 20 };

void
boxfilters_release(struct boxfilters *f)
{
	for (size_t i = 0; i < f->n; i++)
		buf_release(&f->programs[i]);
	f->n = 0;
}

static char *
full_path(const char *file, const char *workspace, const char *home)
{
	return file[0] == '~' && file[1] == '/' ?
	    xasprintf("%s%s", home, file + 1) : path_join(workspace, file);
}

static size_t
length(const struct buf *program)
{
	return program->len / sizeof(struct sock_filter);
}

/* The helper says on stderr what is wrong. */
static int
make(const char *helper, const char *file, struct buf *out, struct err *e)
{
	const char *const argv[] = { helper, file, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	int status;

	spec.argv = argv;
	status = child_run(&spec, NULL, sizeof(struct sock_filter) *
	    BPF_MAXINSNS, deadline_in(MAKE_SECONDS * CLOCK_SEC), out, e);
	if (status < 0)
		return err_prefix(e, "'%s'", file);
	if (status != 0 || out->len == 0)
		return err_set(e, ST_WRAPPER, "'%s' cannot be used as a "
		    "system call filter; nothing was run", file);
	return 0;
}

int
boxfilters_make(struct boxfilters *f, const struct rules *rules,
    const char *workspace, const char *home, struct err *e)
{
	AUTO_FREE char *helper = NULL;
	size_t sum = 0;

	if (rules->filters.n == 0)
		return 0;
	if (rules->filters.n > BOX_FILTERS_MAX)
		return err_set(e, ST_WRAPPER, "more than %d files of "
		    "--seccomp", BOX_FILTERS_MAX);
	helper = path_program("agent-sandbox-filter", e);
	for (size_t i = 0; helper && i < rules->filters.n; i++) {
		AUTO_FREE char *file = full_path(rules->filters.v[i],
		    workspace, home);

		f->programs[f->n] = (struct buf)BUF_INIT;
		if (make(helper, file, &f->programs[f->n++], e) < 0)
			goto failed;
		sum += length(&f->programs[i]);
	}
	if (helper && sum <= BOX_FILTERS_LENGTH)
		return 0;
	if (helper)
		err_set(e, ST_WRAPPER, "the files of --seccomp make filters "
		    "of %zu instructions: %d are the most", sum,
		    BOX_FILTERS_LENGTH);
failed:
	e->status = ST_WRAPPER;
	return -1;
}

void
boxfilters_announce(const struct boxfilters *f, struct box_spec *spec)
{
	spec->nfilters = (uint32_t)f->n;
	for (size_t i = 0; i < f->n; i++)
		spec->filter_length[i] = (uint16_t)length(&f->programs[i]);
}

int
boxfilters_send(const struct boxfilters *f, int control, struct err *e)
{
	for (size_t i = 0; i < f->n; i++)
		if (send(control, f->programs[i].data, f->programs[i].len,
		    MSG_NOSIGNAL) != (ssize_t)f->programs[i].len)
			return err_sys(e, ST_WRAPPER, "cannot tell the init");
	return 0;
}

/* What the kernel's own verifier lets through of a seccomp program. */
struct machine {
	uint32_t a, x, mem[BPF_MEMWORDS];
};

static void
compute(struct machine *m, const struct sock_filter *in)
{
	uint32_t v = BPF_SRC(in->code) == BPF_X ? m->x : in->k;

	switch (BPF_OP(in->code)) {
	case BPF_ADD: m->a += v; break;
	case BPF_SUB: m->a -= v; break;
	case BPF_MUL: m->a *= v; break;
	case BPF_DIV: m->a = v ? m->a / v : 0; break;
	case BPF_OR: m->a |= v; break;
	case BPF_AND: m->a &= v; break;
	case BPF_XOR: m->a ^= v; break;
	case BPF_LSH: m->a = v < 32 ? m->a << v : 0; break;
	case BPF_RSH: m->a = v < 32 ? m->a >> v : 0; break;
	case BPF_NEG: m->a = -m->a; break;
	default: break;
	}
}

static bool
holds(const struct machine *m, const struct sock_filter *in)
{
	uint32_t v = BPF_SRC(in->code) == BPF_X ? m->x : in->k;

	switch (BPF_OP(in->code)) {
	case BPF_JEQ: return m->a == v;
	case BPF_JGT: return m->a > v;
	case BPF_JGE: return m->a >= v;
	case BPF_JSET: return m->a & v;
	default: return false;
	}
}

static uint32_t
load(const struct machine *m, const struct sock_filter *in,
    const struct seccomp_data *call)
{
	uint32_t word = 0;

	if (BPF_MODE(in->code) == BPF_IMM)
		return in->k;
	if (BPF_MODE(in->code) == BPF_MEM)
		return m->mem[in->k % BPF_MEMWORDS];
	if (BPF_MODE(in->code) == BPF_LEN)
		return sizeof(*call);
	if (in->k <= sizeof(*call) - sizeof(word))
		memcpy(&word, (const char *)call + in->k, sizeof(word));
	return word;
}

/* Jumps lead forward only, so it ends; off the end is a refusal. */
static uint32_t
run(const struct sock_filter *code, size_t n, const struct seccomp_data *call)
{
	struct machine m = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct sock_filter *in = &code[i];

		switch (BPF_CLASS(in->code)) {
		case BPF_LD: m.a = load(&m, in, call); break;
		case BPF_LDX: m.x = load(&m, in, call); break;
		case BPF_ST: m.mem[in->k % BPF_MEMWORDS] = m.a; break;
		case BPF_STX: m.mem[in->k % BPF_MEMWORDS] = m.x; break;
		case BPF_ALU: compute(&m, in); break;
		case BPF_JMP:
			i += BPF_OP(in->code) == BPF_JA ? in->k :
			    holds(&m, in) ? in->jt : in->jf;
			break;
		case BPF_MISC:
			if (BPF_MISCOP(in->code) == BPF_TAX)
				m.x = m.a;
			else
				m.a = m.x;
			break;
		default:
			return BPF_RVAL(in->code) == BPF_A ? m.a : in->k;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}

uint32_t
boxfilters_judge(const struct boxfilters *f, const struct seccomp_data *call)
{
	for (size_t i = 0; i < f->n; i++) {
		uint32_t r = run((const struct sock_filter *)(const void *)
		    f->programs[i].data, length(&f->programs[i]), call);
		uint32_t action = r & SECCOMP_RET_ACTION_FULL;

		if (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG)
			return r;
	}
	return SECCOMP_RET_ALLOW;
}
