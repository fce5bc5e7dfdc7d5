"""Golden vectors of the green list with a payload, from the definitions alone (Python's standard library).

    python3 bench/peers/prf/make_payload.py > fixtures/vectors/green-list-payload.json

BCH codes: the generator is the product of the minimal polynomials of alpha^1 ... alpha^(d-1) over GF(2^m), alpha a root of
the primitive polynomial below (Lin and Costello 2004, chapter 6). ChaCha8, HKDF, contexts and value bytes: make_chacha8.py.
"""

import json

from make_chacha8 import chacha8, self_check, seed_of, subkey, value_byte

# name: m, primitive polynomial, k, designed distance
CODES = {
    "bch-63-10": (6, 0b1000011, 10, 27),
    "bch-63-16": (6, 0b1000011, 16, 23),
    "bch-127-22": (7, 0b10001001, 22, 47),
}


def generator(m, primitive, distance):
    order = 2**m - 1
    power = [1]
    for _ in range(order - 1):
        value = power[-1] << 1
        power.append(value ^ primitive if value >> m else value)
    log = {value: i for i, value in enumerate(power)}

    def multiply(a, b):
        return 0 if a == 0 or b == 0 else power[(log[a] + log[b]) % order]

    roots = set()
    for j in range(1, distance):
        e = j
        while e not in roots:
            roots.add(e)
            e = 2 * e % order
    poly = [1]  # over GF(2^m), constant term first
    for e in sorted(roots):
        longer = [0] + poly
        for i, c in enumerate(poly):
            longer[i] ^= multiply(c, power[e])
        poly = longer
    assert set(poly) <= {0, 1}
    return sum(bit << i for i, bit in enumerate(poly))


def encode(name, payload):
    """Bits 0 ... n-1 of the systematic code word: coefficients of x^0, x^1, ..."""
    m, primitive, k, distance = CODES[name]
    n = 2**m - 1
    g = generator(m, primitive, distance)
    assert g.bit_length() - 1 == n - k
    word = payload << (n - k)
    rest = word
    while rest.bit_length() > n - k:
        rest ^= g << (rest.bit_length() - 1 - (n - k))
    word |= rest
    return [word >> i & 1 for i in range(n)]


def cases(secret):
    text = [(7919 * i + 13 * i * i) % 49152 for i in range(40)]
    out = []
    for name, payload in (("bch-63-10", 0), ("bch-63-10", 777), ("bch-63-16", 0xBEEF), ("bch-127-22", 0x2ABCDE)):
        for rule, h in (("left", 1), ("left", 4), ("min", 3), ("self", 2), ("left", 6)):
            for gamma256 in (64, 128, 77):
                profile_id = f"golden-payload-{rule}-{h}-{gamma256}"
                purpose = f"green-list-payload {profile_id} 1 "
                context_key, row_key, allocation_key = (
                    subkey(secret, purpose + part, 32) for part in ("context", "row", "allocation"))
                word = encode(name, payload)
                index, zero, one, score = [], [], [], []
                for i in range(h, len(text)):
                    seed = seed_of(context_key, rule, text[i - h : i], text[i])
                    hashed = chacha8(allocation_key, (seed[0], seed[1], 0, 0))[0]
                    byte = value_byte(row_key, seed, text[i])
                    index.append(hashed * len(word) >> 32)
                    zero.append(int(byte < gamma256))
                    one.append(int(byte >= 256 - gamma256))
                    score.append(one[-1] if word[index[-1]] else zero[-1])
                out.append({"id": profile_id, "code": name, "payload": payload, "seeding": rule, "h": h,
                            "gamma256": gamma256, "index": index, "zero": zero, "one": one, "score": score})
    return text, out


def main():
    self_check()
    secret = bytes(range(32))
    text, coins = cases(secret)
    words = [{"code": name, "payload": payload, "word": "".join(map(str, encode(name, payload)))}
             for name, (_, _, k, _) in CODES.items() for payload in (0, 1, 2, 3, 0x155 % 2**k, 2**k - 1, 2 ** (k - 1))]
    print(json.dumps({
        "contract": "green-list-payload on chacha8-v1",
        "source": "bench/peers/prf/make_payload.py, Python standard library only",
        "command": "python3 bench/peers/prf/make_payload.py > fixtures/vectors/green-list-payload.json",
        "key": secret.hex(),
        "codes": [{"name": name, "n": 2**m - 1, "k": k, "distance": d, "generator": hex(generator(m, p, d))}
                  for name, (m, p, k, d) in CODES.items()],
        "words": words,
        "text": text,
        "coins": coins,
    }, indent=None, separators=(",", ":")))


if __name__ == "__main__":
    main()
