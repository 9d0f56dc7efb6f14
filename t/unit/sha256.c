/* sha256: the examples of FIPS 180-4 and NIST's short message vectors. */
#include "config.h"

#include "sha256.h"

#include "alloc.h"
#include "tap.h"

static const struct {
	const char *text, *digest;
} vectors[] = {
	{ "",
	  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc",
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
	  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
	  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
	{ "\xd3",
	  "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1" },
	{ "\xb4\x19\x0e",
	  "dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2" },
};

int
main(void)
{
	char hex[SHA256_HEX_LEN + 1];
	struct sha256 s;
	AUTO_FREE char *as = xmalloc(1000);

	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		sha256_hex(vectors[i].text, strlen(vectors[i].text), hex);
		is_str(hex, vectors[i].digest, "a vector");
	}

	memset(as, 'a', 1000);
	sha256_init(&s);
	for (int i = 0; i < 1000; i++)
		sha256_add(&s, as, 1000);
	sha256_end_hex(&s, hex);
	is_str(hex, "cdc76e5c9914fb9281a1c7e284d73e67"
	    "f1809a48a497200e046d39ccc7112cd0", "a million times 'a'");

	/* every way to cut around the block and the padding */
	for (size_t len = 50; len < 70; len++) {
		char whole[SHA256_HEX_LEN + 1];

		sha256_hex(as, len, whole);
		sha256_init(&s);
		sha256_add(&s, as, len / 3);
		sha256_add(&s, as, len - len / 3);
		sha256_end_hex(&s, hex);
		is_str(hex, whole, "in two pieces");
	}
	return done();
}
