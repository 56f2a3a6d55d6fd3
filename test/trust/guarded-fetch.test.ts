import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { InvalidError } from "../../src/errors.ts";
import { type FetchLimits, guardedFetch } from "../../src/trust/guarded-fetch.ts";
import { freePort } from "../helpers/postgres-server.ts";

const strict: FetchLimits = { allowPrivateNetwork: false };
const loose: FetchLimits = { allowPrivateNetwork: true };

async function assertRefused(address: string, limits: FetchLimits, message: RegExp): Promise<void> {
  await assert.rejects(guardedFetch(address, limits), (error) => {
    assert.ok(error instanceof InvalidError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

const privateHosts = [
  ...["127.0.0.1", "127.255.255.254", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "0"],
  ...["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"],
  ...[
    "169.254.169.254",
    "192.0.0.8",
    "198.18.0.1",
    "192.0.2.1",
    "203.0.113.1",
    "198.51.100.1",
    "192.88.99.1",
    "224.0.0.1",
    "255.255.255.255",
  ],
  ...["[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:8.8.8.8]", "[::127.0.0.1]", "[64:ff9b::7f00:1]"],
  ...["[fc00::1]", "[fd12:3456::1]", "[fe80::1]", "[ff02::1]", "[2001:db8::1]", "[2002:7f00:1::]"],
  ...[
    "[100::1]",
    "[2001::1]",
    "[100:0:0:1::1]",
    "[fec0::1]",
    "[feff::1]",
    "[64:ff9b:1::a00:1]",
    "[64:ff9b::a00:1]",
  ],
  ...[
    "[::ffff:0:10.0.0.1]",
    "[::ffff:0:7f00:1]",
    "[5f00::1]",
    "[3fff::1]",
    "[3fff:fff::1]",
    "[4000::1]",
    "[8000::1]",
  ],
  ...["[1fff::1]", "[e000::1]", "168.63.129.16", "100.100.100.200", "[fd00:ec2::254]"],
];
const publicHosts = [
  ...["8.8.8.8", "172.15.255.255", "172.32.0.1", "100.128.0.1", "168.63.129.15", "168.63.129.17"],
  ...[
    "[2606:4700::1111]",
    "[2000::1]",
    "[2001:200::1]",
    "[2003::1]",
    "[2a00:1450::1]",
    "[2620:fe::fe]",
    "[3ffe::1]",
  ],
];

describe("guardedFetch", () => {
  describe("refuses", () => {
    for (const host of privateHosts) {
      it(`the private address ${host}`, () =>
        assertRefused(`https://${host}/metadata`, strict, /leads to a private address\.$/));
    }

    it("a name that resolves to a private address", () =>
      assertRefused("https://localhost/", strict, /The name localhost leads to a private address\.$/));

    it("a name with one private address among several", async () => {
      for (const addresses of [
        ["8.8.8.8", "10.0.0.1"],
        ["10.0.0.1", "8.8.8.8"],
      ]) {
        const addressesOf = () => Promise.resolve(addresses.map((address) => ({ address, family: 4 })));
        await assertRefused(
          "https://acme.example/",
          { ...strict, addressesOf },
          /leads to a private address/,
        );
      }
    });

    it("a name with a private IPv6 address of any kind", async () => {
      for (const address of [
        "fec0::1",
        "64:ff9b:1::a00:1",
        "::ffff:0:7f00:1",
        "5f00::1",
        "3fff::1",
        "fe80::1%1",
      ])
        await assertRefused(
          "https://acme.example/",
          { ...strict, addressesOf: () => Promise.resolve([{ address, family: 6 }]) },
          /leads to a private address/,
        );
    });

    it("a name that does not resolve", () =>
      assertRefused("https://no-such-host.invalid/", strict, /could not be resolved\.$/));

    const addresses: [string, string, RegExp][] = [
      ["http", "http://acme.okta.com/", /must start with https:\/\//],
      ["a user name in it", "https://user@acme.okta.com/", /must not carry a user name or a password/],
      ["a password in it", "https://:secret@acme.okta.com/", /must not carry a user name or a password/],
      ["a file", "file:///etc/passwd", /is not a web address/],
      ["data", "data:text/plain,x", /is not a web address/],
      ["no address", "acme.okta.com", /is not a web address/],
      ["nothing", "", /is not a web address/],
    ];
    for (const [what, address, message] of addresses) {
      it(what, () => assertRefused(address, strict, message));
    }
  });

  describe("allows public addresses", () => {
    // fetch itself refuses port 1, after our check, so no request is made.
    for (const host of publicHosts) {
      it(host, () =>
        assertRefused(`https://${host}:1/`, strict, /could not be read: the connection failed\.$/),
      );
    }
  });

  describe("from a server", () => {
    let requests: string[] = [];
    let answer: RequestListener;
    let origin: string;
    const server = createServer((req, res) => {
      requests.push(req.url ?? "");
      answer(req, res);
    });
    before(async () => {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    beforeEach(() => {
      requests = [];
    });
    after(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });

    it("returns the text if private networks are allowed", async () => {
      answer = (_req, res) => void res.end("<metadata/> é");
      assert.equal(await guardedFetch(`${origin}/m?x=1`, loose), "<metadata/> é");
      assert.equal(
        await guardedFetch(`${origin.replace("127.0.0.1", "localhost")}/m`, loose),
        "<metadata/> é",
      );
      assert.deepEqual(requests, ["/m?x=1", "/m"]);
    });

    it("connects to the checked address, even if the name resolves to another one by then", async () => {
      answer = (req, res) => void res.end(req.headers.host);
      let asked = 0;
      const addressesOf = () => {
        const address = asked++ === 0 ? "127.0.0.1" : "10.0.0.1";
        return Promise.resolve([{ address, family: 4 }]);
      };
      const moved = origin.replace("127.0.0.1", "rebound.example");
      assert.equal(await guardedFetch(moved, { ...loose, addressesOf }), new URL(moved).host);
      assert.equal(asked, 1);
    });

    it("sends no request if private networks are not allowed", async () => {
      await assertRefused(origin.replace("http:", "https:"), strict, /leads to a private address/);
      await assertRefused(origin, strict, /must start with https/);
      assert.deepEqual(requests, []);
    });

    for (const status of [301, 302, 307, 308]) {
      it(`does not follow a redirect (${status})`, async () => {
        answer = (_req, res) => void res.writeHead(status, { location: "/secret" }).end();
        await assertRefused(
          `${origin}/start`,
          loose,
          new RegExp(`answered ${status} .*give the final address`),
        );
        assert.deepEqual(requests, ["/start"]);
      });
    }

    for (const status of [204, 404, 500]) {
      it(`refuses the status ${status}`, async () => {
        answer = (_req, res) => void res.writeHead(status).end();
        await assertRefused(origin, loose, new RegExp(`answered ${status} instead of 200`));
      });
    }

    it("stops reading a response that is too large, with or without Content-Length", async () => {
      const limits = { ...loose, maxBytes: 1000 };
      answer = (_req, res) => void res.end("x".repeat(1000));
      assert.equal((await guardedFetch(origin, limits)).length, 1000);
      answer = (_req, res) => void res.end("x".repeat(1001));
      await assertRefused(origin, limits, /the answer is too large/);
      answer = (_req, res) => {
        res.write("x".repeat(600));
        res.end("x".repeat(600));
      };
      await assertRefused(origin, limits, /the answer is too large/);
    });

    it("times out before the first byte and before the last", async () => {
      const limits = { ...loose, timeoutMs: 200 };
      answer = () => undefined;
      await assertRefused(origin, limits, /it did not answer in time/);
      answer = (_req, res) => void res.write("a beginning without an end");
      await assertRefused(origin, limits, /it did not answer in time/);
    });

    it("says that the connection was refused", async () => {
      await assertRefused(`http://127.0.0.1:${await freePort()}/`, loose, /could not be read: ECONNREFUSED/);
    });
  });
});
