import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:tls";
import { inspect } from "node:util";
import { InvalidError } from "../../src/errors.ts";
import { type FetchLimits, guardedFetch } from "../../src/trust/guarded-fetch.ts";
import { usesProxy } from "../../src/trust/outgoing-proxy.ts";
import { createSigningKey } from "../helpers/certificates.ts";
import { type ConnectProxy, startConnectProxy } from "../helpers/connect-proxy.ts";
import { freePort } from "../helpers/postgres-server.ts";

const unknown = () => Promise.reject(new Error("ENOTFOUND"));
const at =
  (address: string, family = 4) =>
  () =>
    Promise.resolve([{ address, family }]);

/** Answers later than most resolvers do. */
const late = () =>
  new Promise<{ address: string; family: number }[]>((resolve) => {
    setTimeout(resolve, 1_500, [{ address: "10.0.0.1", family: 4 }]);
  });

async function refusalOf(address: string, limits: FetchLimits): Promise<InvalidError> {
  try {
    await guardedFetch(address, limits);
  } catch (error) {
    assert.ok(error instanceof InvalidError, String(error));
    return error;
  }
  return assert.fail("it was read");
}

describe("a call through the outgoing proxy", () => {
  let proxy: ConnectProxy;
  let origin: Server;
  const limits = (more: Partial<FetchLimits> = {}, url = `http://${proxy.address}`): FetchLimits => ({
    allowPrivateNetwork: false,
    proxy: { url, noProxy: "" },
    addressesOf: unknown,
    ...more,
  });
  const targets = () => proxy.asked.map(({ target }) => target);
  before(async () => {
    const { privateKey, certificatePem } = await createSigningKey("acme.okta.example");
    origin = createServer({ key: privateKey, cert: certificatePem }).on("tlsClientError", () => undefined);
    await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
  });
  beforeEach(async () => {
    proxy = await startConnectProxy();
  });
  afterEach(() => proxy.close());
  after(() => new Promise((resolve) => origin.close(resolve)));

  it("asks the proxy for the host by name, and lets it resolve a name that is unknown here", async () => {
    const { message } = await refusalOf("https://acme.okta.example/m", limits());
    assert.equal(message, "https://acme.okta.example could not be read: the proxy answered 403.");
    await refusalOf("https://acme.okta.example:8443/m", limits());
    assert.deepEqual(targets(), ["acme.okta.example:443", "acme.okta.example:8443"]);
  });

  it("asks by name even if the name resolves here, because proxies allow hosts by name", async () => {
    await refusalOf("https://acme.okta.example/", limits({ addressesOf: at("8.8.8.8") }));
    await refusalOf("https://[2606:4700::1111]/", limits());
    assert.deepEqual(targets(), ["acme.okta.example:443", "[2606:4700::1111]:443"]);
  });

  it("lets the proxy resolve a name if the resolver here does not answer", async () => {
    const silent = () => new Promise<never>(() => undefined);
    await refusalOf("https://acme.okta.example/", limits({ addressesOf: silent, timeoutMs: 3_000 }));
    assert.deepEqual(targets(), ["acme.okta.example:443"]);
  });

  it("verifies the certificate of the host itself", async () => {
    proxy.leadsTo = (origin.address() as AddressInfo).port;
    const { message } = await refusalOf("https://acme.okta.example/", limits());
    assert.match(message, /could not be read: DEPTH_ZERO_SELF_SIGNED_CERT\.$/);
    assert.equal(proxy.asked.length, 1);
  });

  const forbidden: [what: string, address: string, more: Partial<FetchLimits>, sentence: RegExp][] = [
    ["a private address", "https://10.0.0.1/", {}, /leads to a private address/],
    ["this machine", "https://127.0.0.1/", {}, /leads to a private address/],
    ["the cloud's metadata", "https://169.254.169.254/", {}, /leads to a private address/],
    ["a private IPv6 address", "https://[fd00::1]/", {}, /leads to a private address/],
    ["a site-local IPv6 address", "https://[fec0::1]/", {}, /leads to a private address/],
    ["an address of local NAT64", "https://[64:ff9b:1::a00:1]/", {}, /leads to a private address/],
    ["a translated IPv4 address", "https://[::ffff:0:10.0.0.1]/", {}, /leads to a private address/],
    ["Azure's host service", "https://168.63.129.16/", {}, /leads to a private address/],
    [
      "a name that leads to a site-local address",
      "https://x.example/",
      { addressesOf: at("fec0::1", 6) },
      /private/,
    ],
    ["a name that leads here", "https://x.example/", { addressesOf: at("127.0.0.1") }, /private address/],
    ["a name that leads to IPv6", "https://x.example/", { addressesOf: at("fd00::1", 6) }, /private address/],
    ["an unknown name without a dot", "https://intranet/", {}, /one of a private network/],
    ["localhost", "https://localhost/", {}, /one of a private network/],
    ["a name below localhost", "https://x.localhost/", {}, /one of a private network/],
    ["an unknown .internal", "https://metadata.google.internal/", {}, /one of a private network/],
    ["an unknown .local", "https://printer.local./", {}, /one of a private network/],
    ["an unknown .home.arpa", "https://router.home.arpa/", {}, /one of a private network/],
    ["an unknown .corp in capitals", "https://WIKI.CORP/", {}, /one of a private network/],
    [
      "a name whose private address comes late",
      "https://wiki.acme.example/",
      { addressesOf: late },
      /private address/,
    ],
    ["http", "http://acme.okta.example/", {}, /must start with https/],
  ];
  const privateNames = [
    ...[
      "kubernetes.default.svc",
      "kubernetes.default",
      "vault.service.consul",
      "exchange.mail",
      "dc1.ad",
      "DC1.AD.",
    ],
    ...[
      "dc1.workgroup",
      "wiki.private",
      "wiki.intra",
      "wiki.intranet",
      "nas.lan",
      "router.home",
      "db.localdomain",
    ],
    ...[
      "api.svc",
      "api.cluster",
      "web.docker",
      "job.nomad",
      "host.openstacklocal",
      "hidden.onion",
      "app.test",
    ],
  ];
  for (const name of privateNames) {
    it(`is not made to an unknown ${name}`, async () => {
      assert.match((await refusalOf(`https://${name}/`, limits())).message, /one of a private network/);
      assert.deepEqual(proxy.asked, []);
    });
  }

  it("is made to names that only resemble private ones, and to those that have a public address here", async () => {
    for (const name of ["mail.acme.example", "svc.acme.example", "ad.example", "consul.example"])
      await refusalOf(`https://${name}/`, limits());
    await refusalOf("https://idp.banc.ad/", limits({ addressesOf: at("8.8.8.8") }));
    const hosts = ["mail.acme.example", "svc.acme.example", "ad.example", "consul.example", "idp.banc.ad"];
    assert.deepEqual(
      targets(),
      hosts.map((host) => `${host}:443`),
    );
  });

  for (const [what, address, more, sentence] of forbidden) {
    it(`is not made to ${what}`, async () => {
      assert.match((await refusalOf(address, limits(more))).message, sentence);
      assert.deepEqual(proxy.asked, []);
    });
  }

  it("carries the proxy's credentials, percent-decoded, and no error shows them", async () => {
    const url = `http://svc%40acme:p%3Aw%2Fd@${proxy.address}`;
    const authorization = `Basic ${Buffer.from("svc@acme:p:w/d").toString("base64")}`;
    for (const status of [407, 502]) {
      proxy.status = status;
      const error = await refusalOf("https://acme.okta.example/", limits({}, url));
      assert.match(error.message, new RegExp(`the proxy answered ${status}`));
      const everything = inspect(error, { depth: null, showHidden: true });
      for (const secret of ["p%3Aw%2Fd", "p:w/d", authorization]) assert.ok(!everything.includes(secret));
    }
    assert.deepEqual([...new Set(proxy.asked.map((one) => one.authorization))], [authorization]);
    const without = await refusalOf("https://acme.okta.example/", limits({}, `http://svc@${proxy.address}`));
    assert.match(without.message, /the proxy answered/);
    assert.equal(proxy.asked.at(-1)?.authorization, `Basic ${Buffer.from("svc:").toString("base64")}`);
  });

  it("says that the proxy cannot be reached, without its credentials", async () => {
    const url = `http://svc:hidden@127.0.0.1:${await freePort()}`;
    const error = await refusalOf("https://acme.okta.example/", limits({}, url));
    assert.match(error.message, /could not be read: ECONNREFUSED/);
    assert.ok(!inspect(error, { depth: null, showHidden: true }).includes("hidden"));
  });

  it("is made directly to the hosts of NO_PROXY, with their addresses checked", async () => {
    const direct = { proxy: { url: `http://${proxy.address}`, noProxy: "okta.example" } };
    const unresolved = await refusalOf("https://acme.okta.example/", limits(direct));
    assert.match(unresolved.message, /could not be resolved/);
    const inside = limits({ ...direct, addressesOf: at("10.0.0.1") });
    assert.match((await refusalOf("https://acme.okta.example/", inside)).message, /private address/);
    assert.deepEqual(proxy.asked, []);
  });

  it("is never made over http", async () => {
    const { message } = await refusalOf("http://127.0.0.1:1/", limits({ allowPrivateNetwork: true }));
    assert.match(message, /the connection failed/);
    assert.deepEqual(proxy.asked, []);
  });
});

describe("NO_PROXY", () => {
  const cases: [noProxy: string, direct: string[], proxied: string[]][] = [
    ["", [], ["acme.example", "10.0.0.1"]],
    ["*", ["acme.example", "10.0.0.1", "[fd00::1]"], []],
    [
      "example.com",
      ["example.com", "a.example.com", "A.B.EXAMPLE.COM", "a.example.com."],
      ["notexample.com"],
    ],
    [".example.com", ["example.com", "a.example.com"], ["notexample.com", "example.com.evil.test"]],
    ["*.example.com", ["a.example.com"], ["notexample.com"]],
    ["Example.COM.", ["a.example.com"], ["example.org"]],
    ["a.test, b.test\tc.test", ["a.test", "b.test", "x.c.test"], ["d.test"]],
    ["a.test:8443", ["a.test:8443"], ["a.test", "a.test:443"]],
    [".a.test:443", ["a.test", "b.a.test"], ["a.test:8443"]],
    ["10.0.0.1", ["10.0.0.1"], ["10.0.0.2", "10.0.0.1.test"]],
    ["10.0.0.0/8,192.168.1.0/24", ["10.9.9.9", "192.168.1.7"], ["192.168.2.7", "[fd00::1]"]],
    ["10.0.0.1:8443", ["10.0.0.1:8443"], ["10.0.0.1"]],
    ["::1,fd00::/8", ["[::1]", "[fd12::1]"], ["[fe80::1]", "10.0.0.1"]],
    ["[fd00::1]:8443", ["[fd00::1]:8443"], ["[fd00::1]"]],
    ["10.0.0.0/99, 10.0.0.0/x, /8, ., :443, ,", [], ["10.0.0.1", "a.test"]],
  ];
  for (const [noProxy, direct, proxied] of cases) {
    it(`"${noProxy}" names ${direct.join(" ") || "nothing"}`, () => {
      const through = (host: string) =>
        usesProxy({ url: "http://proxy.test", noProxy }, new URL(`https://${host}/`));
      assert.deepEqual(direct.filter(through), [], "went through the proxy");
      assert.deepEqual(
        proxied.filter((host) => !through(host)),
        [],
        "went directly",
      );
    });
  }
});
