import assert from "node:assert/strict";
import { connectionCommands } from "../../src/cli/connections.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import { ConflictError, InvalidError, NotFoundError } from "../../src/errors.ts";
import { connectionTypes } from "../../src/sign-in-protocols.ts";
import { sealer } from "../../src/store/secrets.ts";
import { dataKey, runCommand } from "../helpers/cli.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { createTestTenant, identityOf, provisioned, type TestTenant } from "../helpers/people.ts";
import { conflict } from "../helpers/thrown.ts";

const base = "https://product.example";
const oidc = [
  ...["--type", "oidc", "--issuer", "https://acme.okta.com/", "--client-id", "0oa1"],
  "--client-secret-stdin",
];

describe("admin -- connection", () => {
  onOneDatabase((use) => {
    let acme: TestTenant;
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
    });

    const run = (verb: string, words: string[], options: Parameters<typeof runCommand>[3] = {}) =>
      runCommand(connectionCommands, use().database, ["connection", verb, acme.tenant.slug, ...words], {
        stdin: "the client's secret",
        ...options,
      });

    it("create makes an OIDC connection that is active at once, with a sealed secret", async () => {
      const { slug, id: tenantId } = acme.tenant;
      const { json } = await run("create", oidc);
      assert.deepEqual(json, {
        key: slug,
        type: "oidc",
        signInUrl: `${base}/oidc/${slug}/login`,
        redirectUri: `${base}/oidc/${slug}/callback`,
        initiateLoginUri: `${base}/oidc/${slug}/initiate`,
        postLogoutRedirectUri: `${base}/signed-out`,
      });
      const [made] = await acme.store.connections.list();
      assert.ok(made);
      assert.equal(made.status, "active");
      assert.equal(made.justInTime, false);
      assert.deepEqual(made.settings, { issuer: "https://acme.okta.com", clientId: "0oa1" });
      const sealed = (await acme.store.connections.sealedSecrets(made.id)).current ?? "";
      assert.ok(!sealed.includes("secret"));
      assert.equal(sealer(dataKey).open(sealed, `${tenantId}/${made.id}`), "the client's secret");
    });

    it("create --draft makes a draft", async () => {
      await run("create", [...oidc, "--draft"]);
      assert.equal((await acme.store.connections.list())[0]?.status, "draft");
    });

    const without = (name: string) => {
      const at = oidc.indexOf(name);
      return oidc.filter((_, index) => index !== at && index !== at + 1);
    };
    const withIssuer = (issuer: string) => oidc.map((word) => (word.startsWith("https:") ? issuer : word));
    const refused: [string, () => string[], RegExp, Parameters<typeof runCommand>[3]?][] = [
      ["an unknown type", () => ["--type", "ldap"], new RegExp(`must be ${connectionTypes.join(" or ")}`)],
      ["no type", () => [], /--type is missing/],
      ["no issuer", () => without("--issuer"), /--issuer is missing/],
      ["no client id", () => without("--client-id"), /--client-id is missing/],
      ["no secret", () => oidc.slice(0, -1), /--client-secret-stdin/],
      ["an empty secret", () => oidc, /is empty/, { stdin: "" }],
      ["no DATA_KEY", () => oidc, /DATA_KEY is missing/, { dataKey: null }],
      [
        "a custom authorization server",
        () => withIssuer("https://acme.okta.com/oauth2/default"),
        /custom authorization server/,
      ],
      ["the Admin Console", () => withIssuer("https://acme-admin.okta.com"), /https:\/\/acme\.okta\.com/],
      ["an http issuer", () => withIssuer("http://acme.okta.com"), /must start with https/],
      ["a key that is not a name", () => [...oidc, "--key", "a_b"], /The connection ID must be/],
      ["a reserved key", () => [...oidc, "--key", "login"], /reserved word/],
    ];
    for (const [what, words, message, options] of refused) {
      it(`create refuses ${what} and creates nothing`, async () => {
        await assert.rejects(run("create", words(), options), (error) => {
          assert.ok(error instanceof InvalidError);
          assert.match(error.message, message);
          assert.ok(!error.message.includes("\n"), "one line");
          return true;
        });
        assert.deepEqual(await acme.store.connections.list(), []);
      });
    }

    it("create refuses a key that is taken, by this or another tenant", async () => {
      const other = await createTestTenant(use().database);
      await assert.rejects(run("create", [...oidc, "--key", other.tenant.slug]), ConflictError);
      await run("create", oidc);
      await assert.rejects(run("create", oidc), ConflictError);
      assert.equal((await acme.store.connections.list()).length, 1);
    });

    it("disable stops a connection, and enable starts it again", async () => {
      await run("create", oidc);
      const named = ["--key", acme.tenant.slug, "--type", "oidc"];
      const expected = { key: acme.tenant.slug, type: "oidc" };
      assert.deepEqual((await run("disable", named)).json, {
        ...expected,
        status: "disabled",
        lastOwnerLost: false,
      });
      assert.equal((await acme.store.connections.list())[0]?.status, "disabled");
      assert.deepEqual((await run("enable", named)).json, { ...expected, status: "active" });
      await assert.rejects(run("disable", ["--key", "other", "--type", "oidc"]), NotFoundError);
    });

    it("approve-owner allows an owner to sign in; disable warns about the last owner's sign-in", async () => {
      await run("create", oidc);
      const named = ["--key", acme.tenant.slug, "--type", "oidc"];
      const approve = (email: string) => run("approve-owner", [...named, "--email", email]);
      const olga = await provisionUser(acme.store, acme.writer, provisioned("olga@acme.example"));
      await assert.rejects(approve("olga@acme.example"), conflict("stale"));
      await assert.rejects(approve("unknown@acme.example"), NotFoundError);
      await acme.store.roles.grant(olga.id, "owner");
      assert.deepEqual((await approve("olga@acme.example")).json, {
        key: acme.tenant.slug,
        type: "oidc",
        owner: "olga@acme.example",
      });
      const [connection] = await acme.store.connections.list();
      assert.ok(connection);
      await signIn(acme.store, identityOf(connection, "olga@acme.example"));
      const { json, text } = await run("disable", named);
      assert.equal((json as { lastOwnerLost: boolean }).lastOwnerLost, true);
      assert.match(text, /No owner can sign in any more: let one in with "owner invite /);
    });
  });
});
