import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { keyPairsOf } from "../../src/saml/keys.ts";
import { reencrypt } from "../../src/store/reencryption.ts";
import { sealer } from "../../src/store/secrets.ts";
import { pooledKeys } from "../helpers/certificates.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createTestTenant } from "../helpers/people.ts";
import { samlSettings } from "../helpers/saml-settings.ts";

/** test/store/reencryption.test.ts has the other columns. */
describe("our key pair at a SAML connection", () => {
  onEachDatabase((use) => {
    it("stays the same after a change of DATA_KEY", async () => {
      const [formerKey, nextKey] = [randomBytes(32), randomBytes(32)];
      const { store, connection } = await createTestTenant(use().database);
      const saml = await connection({ type: "saml", settings: samlSettings });
      const [before] = await keyPairsOf(store, sealer(formerKey), saml, pooledKeys);
      assert.match(before.privateKey, /PRIVATE KEY/);
      await reencrypt(use().database, sealer(nextKey, [formerKey]));
      const [after] = await keyPairsOf(store, sealer(nextKey), saml, pooledKeys);
      assert.deepEqual(after, before);
    });
  });
});
