import assert from "node:assert/strict";
import { unlinkIdentity } from "../../src/directory/administration.ts";
import { changeSettings, removeConnection } from "../../src/directory/connections.ts";
import { inviteOwner } from "../../src/directory/local-accounts.ts";
import { personOfAssertion, signIn } from "../../src/directory/sign-in.ts";
import type { Connection, OidcSettings, User, VerifiedIdentity } from "../../src/model.ts";
import type { TenantStore } from "../../src/store/tenant-store.ts";
import { beforeCommit } from "../helpers/before-commit.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, identityOf, type TestTenant } from "../helpers/people.ts";
import { refusedWith } from "../helpers/refused.ts";
import { samlSettings } from "../helpers/saml-settings.ts"; // SAML

describe("a sign-in while something else changes", () => {
  onEachDatabase((use) => {
    let tenant: TestTenant;
    let connection: Connection;
    let identity: VerifiedIdentity;
    beforeEach(async () => {
      tenant = await createTestTenant(use().database);
      connection = await tenant.connection();
      identity = { ...identityOf(connection, "ada@acme.example"), roles: ["admin"] };
    });
    const settings = () => connection.settings as OidcSettings;
    const otherProvider = () => ({ ...settings(), issuer: "https://other.okta.example" });

    describe("of its connection", () => {
      const mapping = { name: "groups", adminValues: ["staff"] };
      const changes: [what: string, changed: () => OidcSettings][] = [
        ["another provider", otherProvider],
        ["another role mapping", () => ({ ...settings(), roleMapping: mapping })],
      ];
      for (const [what, changed] of changes) {
        it(`is refused after the connection got ${what}, and leaves nothing`, async () => {
          await changeSettings(tenant.store, connection.id, changed());
          await assert.rejects(signIn(tenant.store, identity), refusedWith("sign-in-not-started-here"));
          assert.equal(await tenant.store.users.byLoginName("ada@acme.example"), null);
          assert.equal(await tenant.store.identities.find(connection.id, identity.subject), null);
          assert.equal((await tenant.store.connections.byId(connection.id))?.admittedAt, null);
        });

        it(`waits for a change to ${what} to commit, and is refused`, async () => {
          const change = (inside: TenantStore) => changeSettings(inside, connection.id, changed());
          const later = () => signIn(tenant.store, identity);
          await assert.rejects(
            beforeCommit(tenant.store, change, later),
            refusedWith("sign-in-not-started-here"),
          );
          assert.equal(await tenant.store.users.byLoginName("ada@acme.example"), null);
        });
      }

      it("does not name a person of the new provider in the activity of the former one's refusal", async () => {
        await signIn(tenant.store, identity);
        await changeSettings(tenant.store, connection.id, otherProvider());
        const now = (await tenant.store.connections.byId(connection.id)) ?? assert.fail();
        const bob = await signIn(
          tenant.store,
          identityOf(now, "bob@acme.example", { subject: identity.subject }),
        );
        await assert.rejects(signIn(tenant.store, identity), refusedWith("sign-in-not-started-here"));
        const [refusal] = await tenant.store.activity.page({ kind: "sign-in" }, null, 1);
        assert.equal(refusal?.reason, "sign-in-not-started-here");
        assert.notEqual(refusal?.actorId, bob.user.id);
      });

      it("does not count for the new provider, if the change comes after the verdict", async () => {
        const { store } = tenant;
        let transactions = 0;
        const racing = new Proxy(store, {
          get(target, name) {
            if (name !== "transaction") return Reflect.get(target, name, target);
            return async (work: Parameters<TenantStore["transaction"]>[0]) => {
              if (++transactions === 2) await changeSettings(store, connection.id, otherProvider());
              return await store.transaction(work);
            };
          },
        });
        await signIn(racing, identity);
        assert.equal(transactions, 2);
        assert.equal((await store.connections.byId(connection.id))?.admittedAt, null);
      });

      it("signs in after another setting was changed", async () => {
        await changeSettings(tenant.store, connection.id, { ...settings(), maxAgeMinutes: 60 });
        assert.equal((await signIn(tenant.store, identity)).by, "just-in-time");
      });

      // SAML {
      it("signs in after the provider's certificates were read again", async () => {
        const saml = await tenant.connection({ type: "saml", settings: samlSettings });
        const verified = identityOf(saml, "ada@acme.example");
        await changeSettings(tenant.store, saml.id, { ...samlSettings, certificates: [] });
        assert.equal((await signIn(tenant.store, verified)).by, "just-in-time");
      });

      it("is refused if a former release accepted the SAML response, which did not say who verified it", async () => {
        const { verifiedBy: _, ...former } = identity;
        const sent = signIn(tenant.store, former as VerifiedIdentity);
        await assert.rejects(sent, refusedWith("sign-in-not-started-here"));
      });
      // SAML }

      it("is refused after the connection was removed at the same time", async () => {
        const removal = (inside: TenantStore) => removeConnection(inside, connection.id);
        const later = () => signIn(tenant.store, identity);
        await assert.rejects(
          beforeCommit(tenant.store, removal, later),
          refusedWith("connection-not-active"),
        );
        assert.equal(await tenant.store.users.byLoginName("ada@acme.example"), null);
      });

      it("leaves no role, if the connection is removed before the sign-in commits", async () => {
        await beforeCommit(
          tenant.store,
          (inside) => signIn(inside, identity),
          () => removeConnection(tenant.store, connection.id),
        );
        const user = (await tenant.store.users.byLoginName("ada@acme.example")) ?? assert.fail();
        assert.equal(await tenant.store.roles.effective(user.id), "member");
      });
    });

    describe("of its person", () => {
      let user: User;
      beforeEach(async () => {
        ({ user } = await signIn(tenant.store, identity));
        await createLocalAccount(tenant.store, "owner@acme.example", "owner");
      });
      /** SQLite lets the sign-in begin after the commit, when there is no such identity and the account is another's. */
      const reason = () =>
        use().database.engine === "postgres" ? "sign-in-not-started-here" : "account-conflict";
      const unlink = async (inside: TenantStore) => {
        const { id: userId } = (await inside.users.byLoginName("owner@acme.example")) ?? assert.fail();
        const { subject } = identity;
        await unlinkIdentity(inside, { userId }, user.id, { connectionId: connection.id, subject });
      };

      it("is refused if the identity is unlinked at the same time, and gets no role back", async () => {
        const later = () => signIn(tenant.store, identity);
        await assert.rejects(beforeCommit(tenant.store, unlink, later), refusedWith(reason()));
        assert.equal(await tenant.store.roles.effective(user.id), "member");
        assert.deepEqual(await tenant.store.identities.ofUser(user.id), []);
      });

      it("is refused if the operator makes the account an owner's own at the same time", async () => {
        const invite = (inside: TenantStore) => inviteOwner(inside, user.loginName);
        const later = () => signIn(tenant.store, identity);
        await assert.rejects(beforeCommit(tenant.store, invite, later), refusedWith(reason()));
        assert.deepEqual(await tenant.store.identities.ofUser(user.id), []);
      });

      it("gives an agent no access for an identity that is unlinked at the same time", async () => {
        const person = { subject: identity.subject, email: user.loginName };
        const later = () =>
          tenant.store.transaction((inside) => personOfAssertion(inside, connection, person));
        await assert.rejects(beforeCommit(tenant.store, unlink, later), refusedWith(reason()));
      });
    });
  });
});
