import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { guardedFetch } from "../../src/trust/guarded-fetch.ts";
import type { Client } from "../helpers/client.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { useSite } from "../helpers/site.ts";

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
];

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
    const site = useSite(use);
    let owner: Client;
    let trap: Server;
    let [port, connections] = [0, 0];
    before(async () => {
      owner = await site().clientOf(site().owner);
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
      "a webhook": async (url) => {
        const added = await owner.post("/admin/activity/webhooks", { url, areas: "people" });
        return await owner.post(`${added.location ?? ""}/test`);
      },
      "a client's metadata document": async (address) =>
        await site()
          .app.client()
          .send(
            "POST",
            "/oauth2/token",
            {},
            new URLSearchParams({
              grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
              client_id: `${address}client.json`,
              assertion: "a.b.c",
            }),
          ),
    };

    for (const [name, enter] of Object.entries(entries)) {
      it(`is not asked on this machine or network, as ${name}`, async function () {
        this.timeout(120_000);
        for (const host of hosts) {
          for (const scheme of ["https", "http"]) {
            const { status } = await enter(`${scheme}://${host}:${port}/`);
            assert.ok(status < 500, `${scheme}://${host}: ${status}`);
          }
        }
        assert.equal(connections, 0);
      });
    }

    it("is asked there if the operator says so: the trap works", async () => {
      const address = `http://127.0.0.1:${port}/`;
      await guardedFetch(address, { allowPrivateNetwork: true }).catch(() => null);
      assert.equal(connections, 1);
    });
  });
});
