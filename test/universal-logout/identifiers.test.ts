import assert from "node:assert/strict";
import { provisionUser } from "../../src/directory/provisioning.ts";
import type { Connection, User } from "../../src/model.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import {
  createLocalAccount,
  createTestTenant,
  newUser,
  provisioned,
  samlSettings,
} from "../helpers/people.ts";
import {
  type RevokingOrg,
  revocationToken,
  startRevokingOrg,
  type TokenParts,
} from "../helpers/revocation.ts";
import { useSite } from "../helpers/site.ts";

const path = "/global-token-revocation";
const alias = "https://login.acme.example";

describe("the names in a call to Universal Logout", () => {
  onEachDatabase((use) => {
    const site = useSite(use, { insecureAllowPrivateNetwork: true });
    let org: RevokingOrg;
    let oidc: Connection;
    let saml: Connection;
    let people = 0;

    before(async () => {
      org = await startRevokingOrg();
      const { acme } = site();
      oidc = await acme.connection({ settings: { issuer: org.issuer, issuerAlias: alias, clientId: "app" } });
      const ofApp = { appInstanceId: "0oasaml", orgUrl: org.issuer, orgUrlAlias: alias, certificates: [] };
      saml = await acme.connection({ type: "saml", settings: { ...samlSettings, ...ofApp } });
    });
    after(() => org.close());

    const provision = async (tenant = site().acme) =>
      await provisionUser(
        tenant.store,
        tenant.writer,
        provisioned(`user-${people++}@acme.example`, { sourceKey: `00u${people}` }),
      );

    /** Calls the endpoint as the org does for its application `sub`. */
    async function call(sub_id: object, sub = "app", parts: TokenParts = {}): Promise<number> {
      const token = await revocationToken(org, sub, site().app.url + path, parts);
      const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
      return (await site().app.client().send("POST", path, headers, JSON.stringify({ sub_id }))).status;
    }

    /** Whether a call ended the user's session. The call has to say the same. */
    async function ends(user: User, ...[sub_id, sub, parts]: Parameters<typeof call>): Promise<boolean> {
      const now = (await site().acme.store.users.byId(user.id)) ?? user;
      const client = await site().clientOf(now);
      assert.equal((await client.get("/me")).status, 200);
      const status = await call(sub_id, sub, parts);
      const isOver = (await client.get("/me")).status !== 200;
      assert.equal(isOver, status === 204, `answered ${status}`);
      return isOver;
    }

    const spelled: [what: string, spell: (iss: string) => string, isAccepted: boolean][] = [
      ["as it is registered", (iss) => iss, true],
      ["with a trailing slash", (iss) => `${iss}/`, true],
      ["with two trailing slashes", (iss) => `${iss}//`, false],
      ["with a path", (iss) => `${iss}/oauth2`, false],
      ["with a query", (iss) => `${iss}?`, false],
      ["in upper case", (iss) => iss.toUpperCase(), false],
    ];

    describe("the SCIM id of a person", () => {
      it("names someone whom the application was given by provisioning, and who never signed in", async () => {
        const user = await provision();
        assert.ok(await ends(user, { format: "iss_sub", iss: org.issuer, sub: user.id }));
        assert.ok(await ends(user, { format: "opaque", id: user.id }));
      });

      it("names a person of a SAML connection, with the entity ID or a name of the org as issuer", async () => {
        const user = await provision();
        for (const iss of [samlSettings.idpEntityId, org.issuer, alias])
          assert.ok(await ends(user, { format: "iss_sub", iss, sub: user.id }, "0oasaml"), iss);
        assert.ok(
          !(await ends(user, { format: "iss_sub", iss: "https://evil.example", sub: user.id }, "0oasaml")),
        );
      });

      it("stays an identifier next to subject, NameID and address", async () => {
        const user = await provision();
        const { identities } = site().acme.store;
        await identities.add(oidc.id, "00u-subject", user.id);
        await identities.add(saml.id, user.loginName, user.id);
        const iss = org.issuer;
        const entityId = samlSettings.idpEntityId;
        assert.ok(await ends(user, { format: "iss_sub", iss, sub: "00u-subject" }));
        assert.ok(await ends(user, { format: "iss_sub", iss, sub: user.id }));
        const nameId = user.loginName.toUpperCase();
        assert.ok(await ends(user, { format: "iss_sub", iss: entityId, sub: nameId }, "0oasaml"));
        await identities.recordSignIn(oidc.id, "00u-subject", "own@acme.example");
        assert.ok(await ends(user, { format: "email", email: "OWN@acme.example" }));
      });

      it("names no one under another issuer, in part, or in another spelling", async () => {
        const user = await provision();
        const named = (iss: string, sub: string) => ends(user, { format: "iss_sub", iss, sub });
        assert.ok(!(await named("https://evil.example", user.id)));
        assert.ok(!(await named(samlSettings.idpEntityId, user.id)));
        for (const id of [user.id.slice(0, -1), user.id.toUpperCase(), ` ${user.id}`, `${user.id}%`])
          assert.ok(!(await named(org.issuer, id)), id);
      });

      it("names a person who came just in time by the connection", async () => {
        const { store } = site().acme;
        const name = `visitor-${people++}@acme.example`;
        const visitor = await store.users.create(newUser(name, { origin: "just-in-time" }));
        await store.identities.add(oidc.id, `sub-${visitor.id}`, visitor.id);
        assert.ok(await ends(visitor, { format: "iss_sub", iss: org.issuer, sub: visitor.id }));
        assert.ok(!(await ends(visitor, { format: "opaque", id: visitor.id }, "0oasaml")));
      });

      it("names no local owner, and no one of another connection, whom provisioning did not create", async () => {
        const { store } = site().acme;
        const local = await createLocalAccount(store, `local-${people++}@acme.example`);
        const visitor = await store.users.create(
          newUser(`visitor-${people++}@acme.example`, { origin: "just-in-time" }),
        );
        for (const user of [site().owner, local, visitor]) {
          assert.ok(!(await ends(user, { format: "opaque", id: user.id })));
          assert.ok(!(await ends(user, { format: "iss_sub", iss: org.issuer, sub: user.id })));
          assert.ok(!(await ends(user, { format: "opaque", id: user.id }, "0oasaml")));
          assert.ok(!(await ends(user, { format: "iss_sub", iss: alias, sub: user.id }, "0oasaml")));
        }
      });

      it("names no one of another tenant, even if that tenant trusts the same org", async () => {
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
        const [named, namesake] = [await provision(), await provision()];
        await site().acme.store.identities.add(oidc.id, named.id, namesake.id);
        for (const user of [named, namesake]) {
          const now = (await site().acme.store.users.byId(user.id)) ?? assert.fail();
          assert.ok(await ends(now, { format: "iss_sub", iss: org.issuer, sub: named.id }));
        }
      });
    });

    for (const [what, spell, isAccepted] of spelled) {
      const answers = isAccepted ? "accepted" : "refused";

      it(`an issuer of the subject is ${answers} ${what}`, async () => {
        const user = await provision();
        await site().acme.store.identities.add(oidc.id, `sub-${user.id}`, user.id);
        await site().acme.store.identities.add(saml.id, user.loginName, user.id);
        for (const iss of [org.issuer, alias])
          assert.equal(
            await ends(user, { format: "iss_sub", iss: spell(iss), sub: `sub-${user.id}` }),
            isAccepted,
          );
        const byNameId = { format: "iss_sub", iss: spell(samlSettings.idpEntityId), sub: user.loginName };
        assert.equal(await ends(user, byNameId, "0oasaml"), isAccepted);
      });

      it(`an issuer of the token is ${answers} ${what}, for both protocols`, async () => {
        const user = await provision();
        for (const app of ["app", "0oasaml"])
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

    it("an entity ID that itself ends with a slash is known with and without it", async () => {
      const idpEntityId = "https://sts.example/tenant/";
      const settings = { ...samlSettings, idpEntityId, appInstanceId: "0oaslash", orgUrl: org.issuer };
      const connection = await site().acme.connection({
        type: "saml",
        settings: { ...settings, certificates: [] },
      });
      const user = await provision();
      await site().acme.store.identities.add(connection.id, user.loginName, user.id);
      const named = (iss: string) => ends(user, { format: "iss_sub", iss, sub: user.loginName }, "0oaslash");
      assert.ok(await named(idpEntityId));
      assert.ok(await named("https://sts.example/tenant"));
      assert.ok(!(await named("https://sts.example/tenant//")));
      assert.ok(!(await named("https://sts.example")));
    });

    it("an org's other name is trusted with the keys of the org only", async () => {
      const evil = await startRevokingOrg();
      const user = await provision();
      const subject = { format: "opaque", id: user.id };
      const forged = { claims: { iss: alias }, key: evil.privateKey };
      for (const app of ["app", "0oasaml"]) assert.ok(!(await ends(user, subject, app, forged)), app);
      await evil.close();
      const unnamed = { ...samlSettings, appInstanceId: "0oaplain", orgUrl: org.issuer, certificates: [] };
      await site().acme.connection({ type: "saml", settings: unnamed });
      assert.ok(!(await ends(user, subject, "0oaplain", { claims: { iss: alias } })));
      assert.ok(await ends(user, subject, "0oaplain"));
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
        const user = await provision();
        for (const app of ["app", "0oasaml"])
          assert.equal(
            await ends(user, { format: "opaque", id: user.id }, app, { header: { typ } }),
            isAccepted,
          );
      });
    }
  });
});
