import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { type KeyStore, keyStore } from "../../src/trust/jwks.ts";

interface Pair {
  kid: string;
  privateKey: CryptoKey;
  jwk: JWK;
}

async function pairOf(kid: string, alg = "RS256"): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid } };
}

const tokenOf = ({ kid, privateKey }: Pair, alg = "RS256") =>
  new SignJWT({ sub: kid }).setProtectedHeader({ alg, kid }).sign(privateKey);

describe("keyStore", () => {
  let server: Server;
  let origin: string;
  let [first, second, third]: Pair[] = [];
  const published = new Map<string, Pair[]>();
  let fetches: string[] = [];
  let failures = 0;
  let clock = 0;
  let store: KeyStore;

  before(async () => {
    [first, second, third] = await Promise.all(["first", "second", "third"].map((kid) => pairOf(kid)));
    server = createServer((req, res) => {
      fetches.push(req.url ?? "");
      if (failures-- > 0) return void res.writeHead(503).end();
      res.end(JSON.stringify({ keys: (published.get(req.url ?? "") ?? []).map(({ jwk }) => jwk) }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => new Promise((resolve) => server.close(resolve)));

  beforeEach(() => {
    clock = 1_000_000;
    fetches = [];
    failures = 0;
    published.clear();
    published.set("/a", [pair(first)]);
    store = keyStore({ allowPrivateNetwork: true }, () => clock);
  });

  function pair(wanted: Pair | undefined): Pair {
    assert.ok(wanted);
    return wanted;
  }
  const verify = async (signer: Pair | undefined, path = "/a", alg = "RS256") =>
    (await store.verify(await tokenOf(pair(signer), alg), origin + path, {})).sub;

  it("caches keys for a quarter of an hour", async () => {
    assert.equal(await verify(first), "first");
    clock += 14 * 60_000;
    assert.equal(await verify(first), "first");
    assert.deepEqual(fetches, ["/a"]);
    clock += 60_000;
    published.set("/a", [pair(second)]);
    await assert.rejects(verify(first), { code: "ERR_JWKS_NO_MATCHING_KEY" });
  });

  it("refetches keys for an unknown key id, even right after a fetch", async () => {
    await verify(first);
    published.set("/a", [pair(first), pair(second)]);
    assert.equal(await verify(second), "second");
    assert.equal(await verify(first), "first");
    assert.deepEqual(fetches, ["/a", "/a"]);
  });

  it("refetches for unknown key ids at most every five seconds", async () => {
    await verify(first);
    for (let tries = 0; tries < 10; tries++) await assert.rejects(verify(second));
    assert.equal(fetches.length, 2);
    clock += 4_999;
    await assert.rejects(verify(second));
    assert.equal(fetches.length, 2);
    clock += 1;
    published.set("/a", [pair(second)]);
    assert.equal(await verify(second), "second");
    assert.equal(fetches.length, 3);
  });

  it("shares one refetch among concurrent callers", async () => {
    await verify(first);
    published.set("/a", [pair(third)]);
    const found = await Promise.all(Array.from({ length: 10 }, () => verify(third)));
    assert.deepEqual(new Set(found), new Set(["third"]));
    assert.equal(fetches.length, 2);
  });

  it("shares the first fetch among concurrent callers", async () => {
    const found = await Promise.all(Array.from({ length: 10 }, () => verify(first)));
    assert.deepEqual(new Set(found), new Set(["first"]));
    assert.equal(fetches.length, 1);
  });

  it("retries a failed fetch once", async () => {
    failures = 1;
    assert.equal(await verify(first), "first");
    assert.equal(fetches.length, 2);
    failures = 2;
    clock += 60 * 60_000;
    await assert.rejects(verify(first), { name: "InvalidError" });
    assert.equal(fetches.length, 4);
  });

  it("reads keys that cannot be read at most every five seconds", async () => {
    published.set("/a", []);
    const refusesThrice = async () => {
      for (let tries = 0; tries < 3; tries++) await assert.rejects(verify(first), { name: "InvalidError" });
      return fetches.length;
    };
    failures = 4;
    assert.equal(await refusesThrice(), 2, "a request and its repetition");
    clock += 4_999;
    assert.equal(await refusesThrice(), 2);
    clock += 1;
    assert.equal(await refusesThrice(), 4);
    clock += 5_000;
    published.set("/a", [pair(first)]);
    assert.equal(await verify(first), "first");
  });

  it("never verifies one issuer's tokens with another's keys", async () => {
    published.set("/b", [pair(second)]);
    await verify(first, "/a");
    await verify(second, "/b");
    await assert.rejects(verify(first, "/b"), { code: "ERR_JWKS_NO_MATCHING_KEY" });
    await assert.rejects(verify(second, "/a"), { code: "ERR_JWKS_NO_MATCHING_KEY" });
  });

  for (const alg of ["RS384", "PS256", "ES256"]) {
    it(`refuses ${alg}`, async () => {
      const other = await pairOf("other", alg);
      published.set("/a", [other]);
      await assert.rejects(verify(other, "/a", alg), { code: "ERR_JOSE_ALG_NOT_ALLOWED" });
    });
  }

  it("throws if the address does not hold a key set", async () => {
    published.set("/a", []);
    await assert.rejects(verify(first), { code: "ERR_JWKS_NO_MATCHING_KEY" });
    await assert.rejects(store.verify(await tokenOf(pair(first)), "http://127.0.0.1:1/keys", {}), {
      name: "InvalidError",
    });
  });
});
