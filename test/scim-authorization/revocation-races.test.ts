import assert from "node:assert/strict";
import {
  createProvisioningClient,
  revokeProvisioningClient,
} from "../../src/directory/provisioning-clients.ts";
import { newPair } from "../../src/scim-authorization/tokens.ts";
import { hashToken } from "../../src/store/secrets.ts";
import { systemStore } from "../../src/store/system-store.ts";
import { forTenant, type TenantStore } from "../../src/store/tenant-store.ts";
import { onDatabase, someoneWaits } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, type TestTenant } from "../helpers/people.ts";
import { newCode, newGrant } from "../helpers/provisioning-grants.ts";

// SQLite has one writer: there, a token request is before the revocation or after it.
describe("the revocation of the provisioning client", () => {
  onDatabase("PostgreSQL", (use) => {
    let acme: TestTenant;
    let of: { clientId: string; userId: string; sourceId: string };
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
      const { id: userId } = await createLocalAccount(acme.store, "owner@acme.example", "owner");
      const { clientId } = await createProvisioningClient(use().database);
      of = { clientId, userId, sourceId: acme.writer.source.id };
    });

    /** Runs the statements of a token request, and revokes the client before they are committed. */
    async function revokeDuring(request: (inside: TenantStore) => Promise<{ accessToken: string }>) {
      let begin = () => {};
      const hasBegun = new Promise<void>((resolve) => {
        begin = resolve;
      });
      // Outside the transaction's async context, as the operator's command is.
      const revoked = hasBegun.then(() => revokeProvisioningClient(use().database, of.clientId));
      const { accessToken } = await use().database.transaction(async (joined) => {
        const pair = await request(forTenant(joined, acme.tenant.id));
        begin();
        await someoneWaits(joined);
        return pair;
      });
      await revoked;
      assert.equal(await systemStore(use().database).tokens.owner(hashToken(accessToken)), null);
      const grants = await acme.store.provisioningGrants.list();
      assert.deepEqual(
        grants.map(({ endCause }) => endCause),
        ["client-revoked"],
      );
    }

    it("ends the access token of a refresh that is not committed yet", async () => {
      await acme.store.provisioningGrants.create(newGrant("refreshed", of));
      await revokeDuring(async (inside) => {
        const { id, sourceId } = (await inside.provisioningGrants.lock("refreshed")) ?? assert.fail();
        return await newPair(inside, { id, sourceId }, "family");
      });
    });

    it("ends the grant of a code that is being redeemed", async () => {
      await acme.store.provisioningCodes.create(newCode("redeemed", of));
      await revokeDuring(async (inside) => {
        assert.ok(await inside.provisioningCodes.lock("redeemed"));
        const pair = await newPair(inside, { id: "new", sourceId: of.sourceId }, "family");
        await inside.provisioningGrants.create(newGrant("new", of));
        await inside.provisioningCodes.redeem("redeemed", "new");
        return pair;
      });
    });
  });
});
