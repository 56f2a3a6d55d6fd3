import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { SignJWT } from "jose";
import { guardedFetch } from "../../src/trust/guarded-fetch.ts";
import { keyStore } from "../../src/trust/jwks.ts";
import { webhookSecretContext } from "../../src/webhooks/post.ts";
import { newWebhookSecret } from "../../src/webhooks/signature.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import { dataKey } from "../helpers/cli.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { forgetCounts } from "../helpers/known-devices.ts";
import { plantSession, sessionSecret, useSite } from "../helpers/site.ts";

/** The only files that send requests to addresses that others choose. */
const senders = ["trust/addresses.ts", "trust/guarded-fetch.ts", "trust/outgoing-proxy.ts"];
/** Send to programs on this machine, which the operator names. */
const ownSenders: readonly string[] = [
  "cli/demo.ts", // demo only
];

/** Names of this machine and of a cloud's metadata service, in the spellings that URLs allow. */
const hosts = [
  ...[
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "0",
  ],
  ...["１２７.0.0.1", "①②⑦.0.0.1", "127。0。0。1", "localhost", "LOCALHOST", "localhost.", "ｌocalhost"],
  ...["[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]", "[::127.0.0.1]"],
  ...[
    "[64:ff9b::7f00:1]",
    "[64:ff9b::169.254.169.254]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[fe80::1]",
  ],
  ...[
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "0251.0376.0251.0376",
    "169.254.43518",
    "100.100.100.200",
  ],
  ...["[fd00:ec2::254]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "168.63.129.16"],
  ...[
    "[::7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2001:0:7f00:1::1]",
    "[fec0::1]",
    "[ff02::1]",
  ],
  ...[
    "0.0.0.0",
    "0x0",
    "127.0.1",
    "127.000.000.001",
    "0x7F.0x0.0x0.0x1",
    "0300.0250.1",
    "198.18.0.1",
    "240.0.0.1",
  ],
];

/** Ports of other protocols, whose servers may act on the text of a request (Fetch §2.9). A mail server is the usual victim. */
const foreignPorts = [1, 22, 23, 25, 110, 143, 389, 465, 587, 2049, 6000, 6667, 10080];

const { privateKey: signer } = generateKeyPairSync("ec", { namedCurve: "P-256" });

describe("an address that a customer enters", () => {
  it("is asked in one place only, which checks it", () => {
    const files = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".ts"),
    );
    const asking = files.filter((name) => {
      const code = readFileSync(`src/${name}`, "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
      return /[^.\w]fetch\(|from "undici"|\bhttps?\.(get|request)\(|\b(net|tls)\.connect\(/.test(code);
    });
    const others = asking.filter((name) => !name.startsWith("demo/"));
    assert.deepEqual(others.sort(), [...ownSenders, ...senders].sort());
  });

  onOneDatabase((use) => {
    const site = useSite(use, { dataKey });
    let owner: Client;
    /** The application that is asked. */
    let asking: { app: TestApp };
    let trap: Server;
    let [port, connections] = [0, 0];
    before(async () => {
      owner = await site().clientOf(site().owner);
      asking = site();
      trap = createServer((socket) => {
        connections += 1;
        socket.destroy();
      });
      await new Promise<void>((resolve) => trap.listen(0, resolve));
      port = (trap.address() as AddressInfo).port;
    });
    after(() => new Promise((resolve) => trap.close(resolve)));

    /** By the kind of address: sends it, so that it would be asked. */
    const entries: Record<string, (address: string) => Promise<{ status: number; text: string }>> = {
      "an OpenID provider's issuer": async (issuer) => {
        const { id } = await site().acme.connection({ draft: true });
        return await owner.post(`/admin/connections/${id}/check`, { field: "issuer", issuer });
      },
      // SAML {
      "a SAML provider's metadata": async (metadataUrl) => {
        const wanted = { type: "saml", draft: true, settings: null } as const;
        const { id } = await site().acme.connection(wanted);
        return await owner.post(`/admin/connections/${id}/settings`, { metadataUrl, action: "read" });
      },
      // SAML }
      "a webhook": async (url) => await owner.post("/admin/activity/webhooks", { url, kinds: "people" }),
      "a webhook whose name leads elsewhere by now": async (url) => {
        const { store } = site().acme;
        const id = "moved";
        const sealedSecret = site().sealer.seal(newWebhookSecret(), webhookSecretContext(store.tenantId, id));
        await store.webhooks.add({ id, url, kinds: null, sealedSecret });
        try {
          return await owner.post(`/admin/activity/webhooks/${id}/test`);
        } finally {
          await store.webhooks.remove(id);
        }
      },
      "a client's metadata document": async (address) => {
        const id = `${address}client.json`;
        const claims = Buffer.from(JSON.stringify({ iss: id, sub: id })).toString("base64url");
        const form = new URLSearchParams({
          grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_assertion: `eyJhbGciOiJFUzI1NiJ9.${claims}.AAAA`,
          assertion: "a.b.c",
        });
        return await asking.app.client().send("POST", "/oauth2/token", {}, form);
      },
    };

    for (const [name, enter] of Object.entries(entries)) {
      it(`is not asked on this machine or network, as ${name}`, async function () {
        this.timeout(120_000);
        for (const host of hosts) {
          await forgetCounts(use().database);
          for (const scheme of ["https", "http"]) {
            const { status } = await enter(`${scheme}://${host}:${port}/`);
            assert.ok(status < 500 && status !== 429, `${scheme}://${host}: ${status}`);
          }
        }
        assert.equal(connections, 0);
      });
    }

    it("is not asked on this machine or network, as the keys that a provider's document names", async () => {
      const keys = keyStore({ allowPrivateNetwork: false });
      const token = await new SignJWT({}).setProtectedHeader({ alg: "ES256", kid: "a" }).sign(signer);
      for (const host of hosts)
        await assert.rejects(keys.verify(token, `https://${host}:${port}/`, { algorithms: ["ES256"] }));
      assert.equal(connections, 0);
    });

    it("is refused at a port of another protocol", async () => {
      const addressesOf = () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]);
      for (const foreign of foreignPorts) {
        const asked = guardedFetch(`https://idp.example:${foreign}/`, {
          allowPrivateNetwork: true,
          addressesOf,
        });
        await assert.rejects(
          asked,
          ({ cause }: Error) => (cause as Error).cause?.toString() === "Error: bad port",
        );
      }
    });

    it("is not asked at the address to which it redirects, as any of them", async () => {
      const trapped = `http://127.0.0.1:${port}/`;
      let asked = 0;
      const redirecting = createHttpServer((_req, res) => {
        asked += 1;
        res.writeHead(asked % 2 === 0 ? 302 : 307, { location: trapped }).end();
      });
      await new Promise<void>((resolve) => redirecting.listen(0, "127.0.0.1", resolve));
      const address = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}/`;
      const open = await startTestApp(use().database, {
        sessionSecret,
        dataKey,
        insecureAllowPrivateNetwork: true,
      });
      const client = open.client();
      client.cookies.set("session", await plantSession(use(), site().acme.tenant, site().owner));
      const strict = owner;
      owner = client;
      asking = { app: open };
      for (const [name, enter] of Object.entries(entries)) {
        const before = asked;
        await forgetCounts(use().database);
        const entered = await enter(address);
        assert.ok(entered.status < 500, entered.text);
        // A new webhook is only looked up.
        assert.ok(asked > before || name === "a webhook", `${name}: ${entered.status} ${entered.text}`);
      }
      owner = strict;
      asking = site();
      await open.close();
      redirecting.closeAllConnections();
      redirecting.close();
      assert.equal(connections, 0);
    });

    it("is asked there if the operator says so: the trap works", async () => {
      const address = `http://127.0.0.1:${port}/`;
      await guardedFetch(address, { allowPrivateNetwork: true }).catch(() => null);
      assert.equal(connections, 1);
    });
  });
});
