"""Golden vectors of the chacha8-v1 contract, from the specifications alone (Python's standard library).

    python3 bench/peers/prf/make_chacha8.py > fixtures/vectors/chacha8-v1.json

ChaCha8: Bernstein 2008, checked below against the published key stream of the all-zero 256-bit key.
HKDF-SHA-256: RFC 5869, checked below against its test case 1. Contexts, bytes and words: packages/core/src.
"""

import hashlib
import hmac
import json
import struct

MASK = 0xFFFFFFFF
EMPTY = 0xFFFFFFFF
SALT = b"verdigris/v1"


def hkdf(secret, salt, info, length):
    extracted = hmac.new(salt, secret, hashlib.sha256).digest()
    block, out = b"", b""
    while len(out) < length:
        block = hmac.new(extracted, block + info + bytes([len(out) // 32 + 1]), hashlib.sha256).digest()
        out += block
    return out[:length]


def rotl(x, n):
    return ((x << n) | (x >> (32 - n))) & MASK


def quarter(s, a, b, c, d):
    s[a] = (s[a] + s[b]) & MASK
    s[d] = rotl(s[d] ^ s[a], 16)
    s[c] = (s[c] + s[d]) & MASK
    s[b] = rotl(s[b] ^ s[c], 12)
    s[a] = (s[a] + s[b]) & MASK
    s[d] = rotl(s[d] ^ s[a], 8)
    s[c] = (s[c] + s[d]) & MASK
    s[b] = rotl(s[b] ^ s[c], 7)


def chacha8(key, x):
    """key: 32 bytes; x: four words. Sixteen words."""
    start = list(struct.unpack("<4I", b"expand 32-byte k")) + list(struct.unpack("<8I", key)) + list(x)
    s = list(start)
    for _ in range(4):
        for column in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15)):
            quarter(s, *column)
        for diagonal in ((0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(s, *diagonal)
    return [(a + b) & MASK for a, b in zip(s, start)]


def self_check():
    stream = struct.pack("<16I", *chacha8(bytes(32), (0, 0, 0, 0)))
    assert stream.hex().startswith("3e00ef2f895f40d67f5bb8e81f09a5a12c840ec3ce9a7f3b181be188ef711a1e")
    case1 = hkdf(b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)), 42)
    assert case1.hex().startswith("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf")


def subkey(secret, purpose, length):
    return hkdf(secret, SALT, purpose.encode(), length)


def key_id(secret):
    return subkey(secret, "key id", 8).hex()


def derive(secret, provider, group="", tenant="", epoch=""):
    path = json.dumps([provider, group, tenant, epoch], separators=(",", ":"), ensure_ascii=False)
    return subkey(secret, "path " + path, 32)


def pad(tokens):
    return list(tokens) + [EMPTY] * (4 - len(tokens))


def left_seed(key, window):
    words = chacha8(key, pad(window[:4]))
    if len(window) > 4:
        words = chacha8(key, [a ^ b for a, b in zip(words[:4], pad(window[4:]))])
    return words[0], words[1]


def least(seeds):
    return min(seeds, key=lambda seed: (seed[1], seed[0]))


def min_seed(key, window):
    return least([tuple(chacha8(key, pad([token]))[:2]) for token in window])


def self_seed(key, window, token):
    return least([tuple(chacha8(key, pad([a, token]))[:2]) for a in list(window) + [token]])


def seed_of(key, rule, window, token):
    if rule == "left":
        return left_seed(key, window)
    return min_seed(key, window) if rule == "min" else self_seed(key, window, token)


def value_byte(key, seed, token):
    byte = 0
    for plane in range(8):
        block = chacha8(key, (token // 512, plane, seed[0], seed[1]))
        byte = 2 * byte + ((block[(token % 512) // 32] >> (token % 32)) & 1)
    return byte


def green_list(key, seed, gamma256, size):
    """Flags of tokens 0 … size−1 as bytes."""
    out = bytearray()
    for group in range((size + 511) // 512):
        planes = [chacha8(key, (group, plane, seed[0], seed[1])) for plane in range(8)]
        for i in range(min(512, size - 512 * group)):
            byte = 0
            for block in planes:
                byte = 2 * byte + ((block[i // 32] >> (i % 32)) & 1)
            out.append(1 if byte < gamma256 else 0)
    return bytes(out)


def scheme_cases(secret):
    text = [(7919 * i + 13 * i * i) % 49152 for i in range(40)]
    cases = []
    for rule in ("left", "min", "self"):
        for h in range(9):
            if rule == "min" and h == 0:
                continue
            for gamma256 in (64, 128, 77):
                profile_id = f"golden-{rule}-{h}-{gamma256}"
                context_key = subkey(secret, f"green-list {profile_id} 1 context", 32)
                row_key = subkey(secret, f"green-list {profile_id} 1 row", 32)
                seeds = [seed_of(context_key, rule, text[i - h : i], text[i]) for i in range(h, len(text))]
                green = [int(value_byte(row_key, seed, t) < gamma256) for seed, t in zip(seeds, text[h:])]
                cases.append(
                    {"id": profile_id, "seeding": rule, "h": h, "gamma256": gamma256,
                     "seedLo": [s[0] for s in seeds], "seedHi": [s[1] for s in seeds], "green": green}
                )
    return text, cases


def list_cases(secret):
    out = []
    for gamma256 in (64, 128, 1, 255, 96):
        profile_id = f"golden-list-{gamma256}"
        context_key = subkey(secret, f"green-list {profile_id} 1 context", 32)
        row_key = subkey(secret, f"green-list {profile_id} 1 row", 32)
        flags = green_list(row_key, left_seed(context_key, [42]), gamma256, 49152)
        out.append({"id": profile_id, "gamma256": gamma256, "context": [42], "V": 49152,
                    "count": sum(flags), "sha256": hashlib.sha256(flags).hexdigest()})
    return out


def gumbel_cases(secret, text):
    out = []
    for h in (1, 3, 6):
        profile_id = f"golden-gumbel-{h}"
        context_key = subkey(secret, f"gumbel {profile_id} 1 context", 32)
        row_key = subkey(secret, f"gumbel {profile_id} 1 row", 32)
        words = []
        for i in range(h, len(text)):
            seed = left_seed(context_key, text[i - h : i])
            words.append(chacha8(row_key, (text[i] // 16, 0, seed[0], seed[1]))[text[i] % 16])
        out.append({"id": profile_id, "h": h, "words": words})
    return out


def main():
    self_check()
    secret = bytes(range(32))
    text, cases = scheme_cases(secret)
    print(json.dumps({
        "contract": "chacha8-v1",
        "source": "bench/peers/prf/make_chacha8.py, Python standard library only",
        "command": "python3 bench/peers/prf/make_chacha8.py > fixtures/vectors/chacha8-v1.json",
        "key": secret.hex(),
        "keyId": key_id(secret),
        "subkeys": [
            {"purpose": purpose, "hex": subkey(secret, purpose, length).hex()}
            for purpose, length in (("green-list golden 1 context", 32), ("green-list golden 1 row", 32),
                                    ("g\u00e9", 32), ("short", 5), ("three blocks", 80))
        ],
        "derived": [
            {"path": {"provider": "acme"}, "id": key_id(derive(secret, "acme"))},
            {"path": {"provider": "acme", "group": "g\u00e9", "tenant": "t\"1", "epoch": "2026-11"},
             "id": key_id(derive(secret, "acme", "g\u00e9", "t\"1", "2026-11"))},
        ],
        "block": {"key": secret.hex(), "x": [1, 2, 3, 4], "words": chacha8(secret, (1, 2, 3, 4))},
        "text": text,
        "greenLists": list_cases(secret),
        "coins": cases,
        "gumbel": gumbel_cases(secret, text),
    }, indent=None, separators=(",", ":")))


if __name__ == "__main__":
    main()
