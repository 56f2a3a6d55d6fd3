import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { connectionCommands } from "../../src/cli/connections.ts";
import { InvalidError, NotFoundError } from "../../src/errors.ts";
import type { Connection } from "../../src/model.ts";
import { startTestApp } from "../helpers/app.ts";
import { runCommand } from "../helpers/cli.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { createTestTenant, type TestTenant } from "../helpers/people.ts";
import { samlSettings } from "../helpers/saml-settings.ts";

describe("admin -- connection reset-keys", () => {
  onOneDatabase((use) => {
    const dataKeys = { lost: randomBytes(32), next: randomBytes(32) };
    let acme: TestTenant;
    let connection: Connection;
    before(async () => {
      acme = await createTestTenant(use().database);
      connection = await acme.connection({ type: "saml", settings: samlSettings });
    });
    const reset = (...words: string[]) =>
      runCommand(connectionCommands, use().database, [
        ...["connection", "reset-keys", acme.tenant.slug, "--key", connection.key],
        ...words,
      ]);

    /** The connection's sign-in and metadata, for an application with this DATA_KEY. */
    async function seenWith(dataKey: Buffer) {
      const app = await startTestApp(use().database, { dataKey });
      try {
        const login = await app.client().get(`/saml/${connection.key}/login`);
        const metadata = await app.client().get(`/saml/${connection.key}/metadata`);
        const certificate = /X509Certificate>([^<]+)</.exec(metadata.text)?.[1];
        return { status: login.status, certificate };
      } finally {
        await app.close();
      }
    }

    it("makes a connection work again after the loss of DATA_KEY, with a new certificate", async () => {
      const before = await seenWith(dataKeys.lost);
      assert.equal(before.status, 302);
      assert.equal((await seenWith(dataKeys.next)).status, 500);
      await assert.rejects(reset(), InvalidError);
      assert.equal((await seenWith(dataKeys.next)).status, 500, "not without --yes");
      const { json } = await reset("--yes");
      assert.deepEqual(json, { key: connection.key, type: "saml", reset: true });
      const after = await seenWith(dataKeys.next);
      assert.equal(after.status, 302);
      assert.ok(after.certificate);
      assert.notEqual(after.certificate, before.certificate);
    });

    it("does not find connections of another type or tenant", async () => {
      const oidc = await acme.connection();
      const other = await createTestTenant(use().database);
      for (const [slug, key] of [
        [acme.tenant.slug, oidc.key],
        [other.tenant.slug, connection.key],
      ] as const) {
        const words = ["connection", "reset-keys", slug, "--key", key, "--yes"];
        await assert.rejects(runCommand(connectionCommands, use().database, words), NotFoundError);
      }
    });
  });
});
