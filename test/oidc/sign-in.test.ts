import assert from "node:assert/strict";
import { blockUser } from "../../src/directory/access.ts";
import { changeSettings } from "../../src/directory/connections.ts";
import {
  deleteProvisionedUser,
  provisionUser,
  updateProvisionedUser,
} from "../../src/directory/provisioning.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import type { Connection, OidcSettings } from "../../src/model.ts";
import { landingPath } from "../../src/web/home.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { comeBack, connectOrg, leavingTo, orgOptions, refusalsIn, signInAt } from "../helpers/org.ts";
import { assertRedirect, factOf, headingOf } from "../helpers/pages.ts";
import { provisioned } from "../helpers/people.ts";
import { useSite } from "../helpers/site.ts";

describe("sign-in by OpenID Connect", () => {
  onEachDatabase((use) => {
    const site = useSite(use, orgOptions);
    let op: OpenIdProvider;
    let connection: Connection;
    before(async () => {
      op = await startOpenIdProvider();
      connection = await connect();
      const { store } = site().acme;
      await store.domains.markVerified(await addDomain(store, "acme.example"));
    });
    after(() => op.close());

    const connect = (settings = {}, wanted = {}) =>
      connectOrg(op, { baseUrl: site().app.url, tenant: site().acme }, settings, wanted);
    const userOf = (loginName: string) => site().acme.store.users.byLoginName(loginName);

    async function assertRefused(reason: string, text: RegExp, through = connection): Promise<void> {
      const client = site().app.client();
      const page = await signInAt(site().app, op, through, client);
      assert.equal(page.status, 403, page.text);
      assert.match(page.text, text);
      assert.equal(refusalsIn(site().app).at(-1), reason);
      assert.equal((await client.get("/me")).status, 401);
    }

    it("goes from the login page to the provider and back, and shows the provider's names", async () => {
      op.define({ sub: "00u-ada", email: "ada@acme.example" });
      const client = site().app.client();
      const page = await client.post("/login", { email: "ada@acme.example", returnTo: "/account" });
      assert.equal(headingOf(page), `Signing in to ${site().acme.tenant.name}`);
      const away = leavingTo(page);
      const left = await client.get(away);
      assertRedirect(await comeBack(site().app, op, client, left.location ?? ""), "/account");
      const account = await client.get("/account");
      assert.deepEqual(
        ["First name", "Last name", "E-mail"].map((name) => factOf(account, name)),
        ["Ada", "Lovelace", "ada@acme.example"],
      );
      assert.equal(op.requests.at(-1)?.login_hint, "ada@acme.example");
    });

    it("requests a code with PKCE, state and nonce, and only three scopes", async () => {
      const { location } = await site().app.client().get(`/oidc/${connection.key}/login`);
      const asked = Object.fromEntries(new URL(location ?? "").searchParams);
      assert.deepEqual(
        [asked.response_type, asked.code_challenge_method, asked.scope],
        ["code", "S256", "openid profile email"],
      );
      assert.ok(asked.state && asked.nonce && asked.code_challenge);
    });

    it("accepts an answer that names its issuer (RFC 9207)", async () => {
      const naming = await startOpenIdProvider();
      naming.namesIssuer = true;
      naming.define({ sub: "00u-named", email: "named@acme.example" });
      const through = await connectOrg(naming, { baseUrl: site().app.url, tenant: site().acme });
      assertRedirect(await signInAt(site().app, naming, through), landingPath);
      await naming.close();
    });

    it("finds the same user at the next sign-in, even after a rename", async () => {
      op.define({
        sub: "00u-grace",
        email: "grace@acme.example",
        given_name: "Grace",
        family_name: "Hopper",
      });
      assertRedirect(await signInAt(site().app, op, connection), landingPath);
      const first = await userOf("grace@acme.example");
      assertRedirect(await signInAt(site().app, op, connection), landingPath);
      assert.equal((await userOf("grace@acme.example"))?.id, first?.id);
      op.define({
        sub: "00u-grace",
        email: "admiral@acme.example",
        given_name: "Grace",
        family_name: "Murray",
      });
      assertRedirect(await signInAt(site().app, op, connection), landingPath);
      const renamed = await userOf("admiral@acme.example");
      assert.deepEqual([renamed?.id, renamed?.familyName], [first?.id, "Murray"]);
    });

    it("links the provisioned user whose externalId is the subject", async () => {
      const { store, writer } = site().acme;
      const user = await provisionUser(
        store,
        writer,
        provisioned("scim@acme.example", { sourceKey: "00u-scim" }),
      );
      op.define({ sub: "00u-scim", email: "other-name@acme.example" });
      const client = site().app.client();
      assertRedirect(await signInAt(site().app, op, connection, client), landingPath);
      assert.deepEqual(JSON.parse((await client.get("/me")).text).user.id, user.id);
    });

    it("refuses a person who is deactivated, blocked or deleted", async () => {
      const { store, writer } = site().acme;
      const add = (name: string) => {
        op.define({ sub: `00u-${name}`, email: `${name}@acme.example` });
        return provisionUser(
          store,
          writer,
          provisioned(`${name}@acme.example`, { sourceKey: `00u-${name}` }),
        );
      };
      const inactive = await add("inactive");
      await updateProvisionedUser(store, writer, inactive.id, { active: false });
      await assertRefused("user-inactive", /Your account here is deactivated/);
      await blockUser(store, (await add("blocked")).id);
      await assertRefused("user-blocked", /Your account here is blocked/);
      const deleted = await add("deleted");
      await deleteProvisionedUser(store, writer, deleted.id);
      await assertRefused("user-deleted", /Your account here was deleted/);
      assert.equal(await userOf("deleted@acme.example"), null);
    });

    it("creates no user if just-in-time provisioning is off", async () => {
      const closed = await connect({}, { justInTime: false });
      op.define({ sub: "00u-unknown", email: "unknown@acme.example" });
      await assertRefused("just-in-time-off", /There is no account for you here yet/, closed);
      assert.equal(await userOf("unknown@acme.example"), null);
    });

    it("grants and revokes the role by the mapped claim", async () => {
      const mapped = await connect({ roleMapping: { name: "groups", adminValues: ["App Admins"] } });
      const roleOf = async (groups: string[]) => {
        op.define({ sub: "00u-role", email: "role@acme.example", groups });
        const client = site().app.client();
        assertRedirect(await signInAt(site().app, op, mapped, client), landingPath);
        return factOf(await client.get("/account"), "Role");
      };
      assert.equal(await roleOf(["Everyone", "App Admins"]), "Admin");
      assert.equal(await roleOf(["Everyone"]), "Member");
    });

    it("revokes the role at once when the mapping changes", async () => {
      const { store } = site().acme;
      const roleMapping = { name: "groups", adminValues: ["App Admins"] };
      const mapped = await connect({ roleMapping });
      op.define({ sub: "00u-mapped", email: "mapped@acme.example", groups: ["App Admins"] });
      assertRedirect(await signInAt(site().app, op, mapped), landingPath);
      const { id } = (await userOf("mapped@acme.example")) ?? assert.fail();
      const settings = mapped.settings as OidcSettings;
      await changeSettings(store, mapped.id, { ...settings, signOutOfProvider: true });
      assert.equal(await store.roles.effective(id), "admin", "another setting revokes nothing");
      await changeSettings(store, mapped.id, { ...settings, roleMapping: null });
      assert.equal(await store.roles.effective(id), "member");
    });

    it("tells a person who is not assigned whom to ask, with a reference, and logs the provider's error", async () => {
      op.person = "unassigned";
      await assertRefused("provider-refused", /Ask your Okta administrator to assign it to you.*Reference/s);
      const { detail } = site().app.logged.findLast(({ event }) => event === "request.refused") ?? {};
      assert.equal(detail, "The provider let the person in: it answered access_denied");
    });
  });
});
