import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, isIP, type Server as TcpServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";

import { InvalidError } from "../../src/errors.ts";
import { type FetchLimits, guardedFetch, guardedRequest } from "../../src/trust/guarded-fetch.ts";
import { createSigningKey } from "../helpers/certificates.ts";
import { freePort } from "../helpers/postgres-server.ts";

/** Limits for a name with these addresses, in this order. */
const named = (addresses: readonly string[], more: Partial<FetchLimits> = {}): FetchLimits => ({
  allowPrivateNetwork: true,
  addressesOf: () => Promise.resolve(addresses.map((address) => ({ address, family: isIP(address) }))),
  ...more,
});

describe("a name with several addresses", () => {
  const servers: TcpServer[] = [];
  /** Connections that are accepted, and left alone. */
  const held: { destroy(): void }[] = [];
  const listen = async (server: TcpServer, address: string, port: number): Promise<number> => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(port, address, resolve));
    return (server.address() as AddressInfo).port;
  };
  /** Starts a server at each address, all on one port. Each counts its requests by its address. */
  async function serveAt(addresses: string[], answer: RequestListener, port = 0) {
    const asked: string[] = [];
    let common = port;
    for (const address of addresses) {
      const server: Server = createServer((req, res) => {
        asked.push(address);
        answer(req, res);
      });
      common = await listen(server, address, common);
    }
    return { url: `http://acme.example:${common}/`, port: common, asked };
  }
  const hello: RequestListener = (_req, res) => void res.end("hello");
  afterEach(async () => {
    for (const socket of held.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) {
      (server as Partial<Server>).closeAllConnections?.();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  const alive: [what: string, addresses: string[], served: string[], by: string][] = [
    ["the first one, if it accepts", ["127.0.0.1", "127.0.0.2"], ["127.0.0.1", "127.0.0.2"], "127.0.0.1"],
    ["the second one, if the first refuses", ["127.0.0.2", "127.0.0.1"], ["127.0.0.1"], "127.0.0.1"],
    ["the last of four", ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.1"], ["127.0.0.1"], "127.0.0.1"],
    ["IPv4, if IPv6 refuses", ["::1", "127.0.0.1"], ["127.0.0.1"], "127.0.0.1"],
    ["IPv6, if IPv4 refuses", ["127.0.0.1", "::1"], ["::1"], "::1"],
    ["IPv6 before IPv4, in the resolver's order", ["::1", "127.0.0.1"], ["127.0.0.1", "::1"], "::1"],
  ];
  for (const [what, addresses, served, by] of alive) {
    it(`is read at ${what}`, async () => {
      const { url, asked } = await serveAt(served, hello);
      assert.equal(await guardedFetch(url, named(addresses)), "hello");
      assert.deepEqual(asked, [by]);
    });
  }

  describe("over TLS", () => {
    const silent = (count: number) => Array.from({ length: count }, (_, index) => `127.0.1.${index + 1}`);

    /**
     * Asks a name whose last address offers TLS; the others accept connections, but say nothing until the last one was
     * reached, and then break off. Returns how many of them were tried before. The certificate is not trusted here, so no
     * address is read.
     */
    async function attemptsBeforeLast(addresses: readonly string[]): Promise<number> {
      const { privateKey, certificatePem } = await createSigningKey("acme.example");
      let before: number | null = null;
      const tls = createTlsServer({ key: privateKey, cert: certificatePem });
      tls.on("connection", () => {
        before ??= held.length;
      });
      tls.on("tlsClientError", () => {
        for (const socket of held) socket.destroy();
      });
      const port = await listen(tls, addresses.at(-1) ?? "", 0);
      for (const address of new Set(addresses.slice(0, -1)))
        await listen(
          createTcpServer((socket) => (before === null ? held.push(socket) : socket.destroy())),
          address,
          port,
        );
      await assert.rejects(
        guardedFetch(`https://acme.example:${port}/`, named(addresses)),
        /DEPTH_ZERO_SELF_SIGNED_CERT|ECONNRESET/,
      );
      return before ?? assert.fail("the last address was not reached");
    }

    for (const count of [1, 3, 5, 8, 12]) {
      it(`is tried at the last one after ${count} that never answer`, async () => {
        assert.equal(await attemptsBeforeLast([...silent(count), "127.0.0.1"]), count);
      });
    }

    it("is tried at IPv4 before each of many silent IPv6 addresses", async () => {
      const tried = await attemptsBeforeLast([...Array<string>(40).fill("::1"), "127.0.0.1"]);
      assert.ok(tried < 10, `${tried} attempts`);
    });

    it("is tried at IPv6 before each of many silent IPv4 addresses", async () => {
      const tried = await attemptsBeforeLast([...silent(40), "::1"]);
      assert.ok(tried < 10, `${tried} attempts`);
    });
  });

  it("is refused if none accepts", async () => {
    const url = `http://acme.example:${await freePort()}/`;
    await assert.rejects(guardedFetch(url, named(["127.0.0.2", "::1", "127.0.0.1"])), /ECONNREFUSED/);
  });

  it("ends in time if none answers", async () => {
    const silent = () => createTcpServer((socket) => held.push(socket));
    const port = await listen(silent(), "127.0.0.1", 0);
    await listen(silent(), "127.0.0.2", port);
    const limits = named(["127.0.0.1", "127.0.0.2"], { timeoutMs: 600 });
    await assert.rejects(guardedFetch(`https://acme.example:${port}/`, limits), /did not answer in time/);
  });

  it("gets a request once, even if its first address breaks off", async () => {
    const broken: RequestListener = (req) => void req.socket.destroy();
    const first = await serveAt(["127.0.0.2"], broken);
    const second = await serveAt(["127.0.0.1"], hello, first.port);
    const post = { method: "POST", body: "code=1" };
    await assert.rejects(guardedRequest(first.url, post, named(["127.0.0.2", "127.0.0.1"])), InvalidError);
    assert.deepEqual([first.asked, second.asked], [["127.0.0.2"], []]);
  });

  const mixed = [
    ["8.8.8.8", "10.0.0.1"],
    ["10.0.0.1", "8.8.8.8"],
    ["2606:4700::1111", "8.8.8.8", "127.0.0.1"],
    ["8.8.8.8", "fd00::1"],
    ["8.8.8.8", "::ffff:127.0.0.1"],
    ["2606:4700::1111", "169.254.169.254"],
  ];
  for (const addresses of mixed) {
    it(`is refused whole, before a connection, for ${addresses.join(" and ")}`, async () => {
      const strict = named(addresses, { allowPrivateNetwork: false });
      await assert.rejects(guardedFetch("https://acme.example/", strict), /leads to a private address/);
    });
  }

  it("is refused in time if the resolver does not answer", async () => {
    const silent = () => new Promise<never>(() => undefined);
    const limits = { allowPrivateNetwork: true, addressesOf: silent, timeoutMs: 200 };
    await assert.rejects(guardedFetch("http://acme.example/", limits), /could not be resolved/);
  });
});
