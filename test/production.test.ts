import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto"; // SAML
import { inviteOwner } from "../src/directory/local-accounts.ts";
import { paths } from "../src/endpoints.ts";
import { createLog } from "../src/log.ts";
import { serve } from "../src/serve.ts";
import { openDatabase } from "../src/store/database.ts";
import { quietConfig } from "../tools/guide/src/quiet-config.ts";
import { Client } from "./helpers/client.ts";
import { onDatabase } from "./helpers/databases.ts";
import { createTestTenant, type TestTenant } from "./helpers/people.ts";
import { freePort } from "./helpers/postgres-server.ts";
import { samlSettings } from "./helpers/saml-settings.ts"; // SAML

/** Covers what tests make cheap (test/helpers/app.ts): runs the application as src/server.ts does. */
describe("production", () => {
  onDatabase("SQLite", (use) => {
    let acme: TestTenant;
    let client: Client;
    let stop: () => Promise<void>;
    before(async () => {
      const port = await freePort();
      const config = quietConfig({ port, baseUrl: `http://localhost:${port}` });
      acme = await createTestTenant(use().database);
      stop = await serve(config, openDatabase(use().url), createLog("silent"));
      client = new Client(`http://127.0.0.1:${port}`, config.baseUrl);
    });
    after(() => stop());

    it("syncs SQLite commits to disk: synchronous is full (2)", async () => {
      const database = openDatabase(use().url);
      assert.deepEqual(await database.sql().raw("pragma synchronous"), [{ synchronous: 2 }]);
      await database.close();
    });

    it("hashes a password with scrypt at N = 2^15, r = 8, p = 3", async () => {
      const email = "owner@acme.example";
      const token = await inviteOwner(acme.store, email);
      const password = "correct horse battery staple";
      const form = { password, repeated: password };
      assert.equal((await client.post(paths.setup(token), form)).status, 303);
      const { id } = (await acme.store.users.byLoginName(email)) ?? { id: "" };
      assert.match((await acme.store.credentials.passwordHash(id)) ?? "", /^scrypt\$15\$8\$3\$/);
    });

    // SAML {
    it("generates a 2048-bit RSA key for each SAML connection", async () => {
      const keys = new Set<string>();
      for (let count = 0; count < 5; count++) {
        const { key } = await acme.connection({ type: "saml", settings: samlSettings });
        const { text } = await client.get(paths.saml(key).metadata);
        const [, certificate = ""] = /X509Certificate>([^<]+)</.exec(text) ?? [];
        const { publicKey } = new X509Certificate(Buffer.from(certificate, "base64"));
        assert.equal(publicKey.asymmetricKeyType, "rsa");
        assert.equal(publicKey.asymmetricKeyDetails?.modulusLength, 2048);
        keys.add(publicKey.export({ format: "pem", type: "spki" }) as string);
      }
      assert.equal(keys.size, 5);
    });
    // SAML }
  });
});
