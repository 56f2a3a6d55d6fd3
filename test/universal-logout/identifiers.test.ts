import assert from "node:assert/strict";
import { onEachDatabase } from "../helpers/databases.ts";
import { createLocalAccount, createTestTenant, newUser } from "../helpers/people.ts";
import { everyProtocol } from "../helpers/protocols.ts";
import { startRevokingOrg } from "../helpers/revocation.ts";
import { alias, spellings, useCalledSite } from "./called-site.ts";

/** The org's application of a second connection. */
const otherApp = "0oa-other";
/** Its applications of one connection for each protocol. */
const apps = everyProtocol.map(({ type }) => `0oa-${type}`);

describe("the names in a call to Universal Logout", () => {
  onEachDatabase((use) => {
    const site = useCalledSite(use);
    let people = 0;

    before(async () => {
      const { acme, org } = site();
      await acme.connection({ settings: { issuer: org.issuer, issuerAlias: alias, clientId: otherApp } });
      for (const { type, settingsOf } of everyProtocol)
        await acme.connection({ type, settings: settingsOf(`0oa-${type}`, org.issuer, alias) });
    });

    describe("the SCIM id of a person", () => {
      it("names someone whom the application was given by provisioning, and who never signed in", async () => {
        const { org, provision, ends } = site();
        const user = await provision();
        assert.ok(await ends(user, { format: "iss_sub", iss: org.issuer, sub: user.id }));
        assert.ok(await ends(user, { format: "opaque", id: user.id }));
      });

      it("stays an identifier next to subject and address", async () => {
        const { org, oidc, provision, ends } = site();
        const user = await provision();
        const { identities } = site().acme.store;
        await identities.add(oidc.id, "00u-subject", user.id);
        const iss = org.issuer;
        assert.ok(await ends(user, { format: "iss_sub", iss, sub: "00u-subject" }));
        assert.ok(await ends(user, { format: "iss_sub", iss, sub: user.id }));
        await identities.recordSignIn(oidc.id, "00u-subject", "own@acme.example");
        assert.ok(await ends(user, { format: "email", email: "OWN@acme.example" }));
      });

      it("names no one under another issuer, in part, or in another spelling", async () => {
        const { org, provision, ends } = site();
        const user = await provision();
        const named = (iss: string, sub: string) => ends(user, { format: "iss_sub", iss, sub });
        assert.ok(!(await named("https://evil.example", user.id)));
        for (const id of [user.id.slice(0, -1), user.id.toUpperCase(), ` ${user.id}`, `${user.id}%`])
          assert.ok(!(await named(org.issuer, id)), id);
      });

      it("names a person who came just in time by the connection", async () => {
        const { org, oidc, ends } = site();
        const { store } = site().acme;
        const name = `visitor-${people++}@acme.example`;
        const visitor = await store.users.create(newUser(name, { origin: "just-in-time" }));
        await store.identities.add(oidc.id, `sub-${visitor.id}`, visitor.id);
        assert.ok(await ends(visitor, { format: "iss_sub", iss: org.issuer, sub: visitor.id }));
        assert.ok(!(await ends(visitor, { format: "opaque", id: visitor.id }, otherApp)));
      });

      it("names no local owner, and no one of another connection, whom provisioning did not create", async () => {
        const { org, ends } = site();
        const { store } = site().acme;
        const local = await createLocalAccount(store, `local-${people++}@acme.example`);
        const visitor = await store.users.create(
          newUser(`visitor-${people++}@acme.example`, { origin: "just-in-time" }),
        );
        for (const user of [site().owner, local, visitor]) {
          assert.ok(!(await ends(user, { format: "opaque", id: user.id })));
          assert.ok(!(await ends(user, { format: "iss_sub", iss: org.issuer, sub: user.id })));
          assert.ok(!(await ends(user, { format: "opaque", id: user.id }, otherApp)));
          assert.ok(!(await ends(user, { format: "iss_sub", iss: alias, sub: user.id }, otherApp)));
        }
      });

      it("names no one of another tenant, even if that tenant trusts the same org", async () => {
        const { org, provision, call } = site();
        const other = await createTestTenant(use().database);
        const stranger = await provision(other);
        assert.equal(await call({ format: "iss_sub", iss: org.issuer, sub: stranger.id }), 404);
        assert.equal(await call({ format: "opaque", id: stranger.id }), 404);
        assert.equal((await other.store.users.byId(stranger.id))?.accessEpoch, stranger.accessEpoch);
        await other.connection({ settings: { issuer: org.issuer, clientId: "theirs" } });
        assert.equal(await call({ format: "iss_sub", iss: org.issuer, sub: stranger.id }), 404);
        assert.equal(await call({ format: "iss_sub", iss: org.issuer, sub: stranger.id }, "theirs"), 204);
      });

      it("that is also the subject of someone else signs both of them out", async () => {
        const { org, oidc, provision, ends } = site();
        const [named, namesake] = [await provision(), await provision()];
        await site().acme.store.identities.add(oidc.id, named.id, namesake.id);
        for (const user of [named, namesake]) {
          const now = (await site().acme.store.users.byId(user.id)) ?? assert.fail();
          assert.ok(await ends(now, { format: "iss_sub", iss: org.issuer, sub: named.id }));
        }
      });
    });

    for (const [what, spell, isAccepted] of spellings) {
      const answers = isAccepted ? "accepted" : "refused";

      it(`an issuer of the subject is ${answers} ${what}`, async () => {
        const { org, oidc, provision, ends } = site();
        const user = await provision();
        await site().acme.store.identities.add(oidc.id, `sub-${user.id}`, user.id);
        for (const iss of [org.issuer, alias])
          assert.equal(
            await ends(user, { format: "iss_sub", iss: spell(iss), sub: `sub-${user.id}` }),
            isAccepted,
          );
      });

      it(`an issuer of the token is ${answers} ${what}, for every protocol`, async () => {
        const { org, provision, ends } = site();
        const user = await provision();
        for (const app of apps)
          for (const iss of [org.issuer, alias]) {
            const parts = { claims: { iss: spell(iss) } };
            assert.equal(
              await ends(user, { format: "opaque", id: user.id }, app, parts),
              isAccepted,
              `${app} ${iss}`,
            );
          }
      });
    }

    it("an org's other name is trusted with the keys of the org only", async () => {
      const { org, provision, ends } = site();
      const evil = await startRevokingOrg();
      const user = await provision();
      const subject = { format: "opaque", id: user.id };
      const forged = { claims: { iss: alias }, key: evil.privateKey };
      for (const app of apps) assert.ok(!(await ends(user, subject, app, forged)), app);
      await evil.close();
      for (const { type, settingsOf } of everyProtocol) {
        const unnamed = `0oa-unnamed-${type}`;
        await site().acme.connection({ type, settings: settingsOf(unnamed, org.issuer, null) });
        assert.ok(!(await ends(user, subject, unnamed, { claims: { iss: alias } })));
        assert.ok(await ends(user, subject, unnamed));
      }
    });

    const types: [typ: unknown, isAccepted: boolean][] = [
      ["global-token-revocation+jwt", true],
      ["application/global-token-revocation+jwt", true],
      ["Global-Token-Revocation+JWT", true],
      ["APPLICATION/global-token-revocation+jwt", true],
      ["text/global-token-revocation+jwt", false],
      ["application/application/global-token-revocation+jwt", false],
      ["application/jwt", false],
      ["logout+jwt", false],
      ["global-token-revocation", false],
      ["", false],
    ];
    for (const [typ, isAccepted] of types) {
      it(`a token of the type ${JSON.stringify(typ)} is ${isAccepted ? "accepted" : "refused"}`, async () => {
        const { provision, ends } = site();
        const user = await provision();
        for (const app of apps)
          assert.equal(
            await ends(user, { format: "opaque", id: user.id }, app, { header: { typ } }),
            isAccepted,
          );
      });
    }
  });
});
