import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectionCommands } from "../../src/cli/connections.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import { ConflictError, InvalidError, NotFoundError } from "../../src/errors.ts";
import { sealer } from "../../src/store/secrets.ts";
import { dataKey, runCommand } from "../helpers/cli.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { idpMetadata, signingCertificate } from "../helpers/idp-metadata.ts";
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
    let folder: string;
    let metadata: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), "starter-cli-"));
      metadata = join(folder, "metadata.xml");
      writeFileSync(metadata, idpMetadata());
    });
    after(() => rmSync(folder, { recursive: true }));
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

    it("create makes a SAML connection from a metadata file", async () => {
      const key = `${acme.tenant.slug}-saml`;
      const more = ["--app-instance-id", "0oa2", "--org-url", "https://acme.okta.com", "--jit"];
      const { json } = await run("create", ["--type", "saml", "--metadata", metadata, "--key", key, ...more]);
      assert.deepEqual(json, {
        key,
        type: "saml",
        signInUrl: `${base}/saml/${key}/login`,
        acsUrl: `${base}/saml/${key}/acs`,
        entityId: `${base}/saml/${key}/metadata`,
        metadataUrl: `${base}/saml/${key}/metadata`,
      });
      const [made] = await acme.store.connections.list();
      assert.deepEqual([made?.status, made?.justInTime], ["active", true]);
      assert.deepEqual(made?.settings, {
        idpEntityId: "http://www.okta.com/exk1",
        ssoUrl: "https://acme.okta.example/app/exk1/sso/saml?redirect=1",
        requestByPost: false,
        certificates: [signingCertificate],
        metadataUrl: null,
        appInstanceId: "0oa2",
        orgUrl: "https://acme.okta.com",
      });
    });

    it("create and update know the other name of a SAML connection's org", async () => {
      const names = ["--org-url", "https://acme.okta.com", "--org-url-alias", "https://login.acme.example/"];
      const words = ["--type", "saml", "--metadata", metadata, "--app-instance-id", "0oa3", ...names];
      await run("create", words);
      const key = acme.tenant.slug;
      const update = async (...more: string[]) => {
        const { json } = await run("update", ["--key", key, "--type", "saml", ...more]);
        return (json as Record<string, unknown>).orgUrlAlias;
      };
      assert.equal(await update(), "https://login.acme.example");
      assert.equal(await update("--no-org-url-alias"), null);
      assert.equal(await update("--org-url-alias", "https://id.acme.example"), "https://id.acme.example");
      const custom = update("--org-url-alias", "https://id.acme.example/oauth2/default");
      await assert.rejects(custom, /custom authorization server/);
    });

    it("create and update refuse another name of an org without the org's URL", async () => {
      const alias = ["--org-url-alias", "https://login.acme.example"];
      const create = ["--type", "saml", "--metadata", metadata];
      await assert.rejects(run("create", [...create, ...alias]), /only with the org URL/);
      await run("create", create);
      const update = run("update", ["--key", acme.tenant.slug, "--type", "saml", ...alias]);
      await assert.rejects(update, /only with the org URL/);
    });

    const foreign: [type: "oidc" | "saml", words: string[]][] = [
      ["oidc", ["--org-url-alias", "https://a.example"]],
      ["oidc", ["--no-org-url-alias"]],
      ["saml", ["--issuer-alias", "https://a.example"]],
      ["saml", ["--no-issuer-alias"]],
      ["saml", ["--max-age", "5"]],
      ["saml", ["--check"]],
    ];
    for (const [type, words] of foreign) {
      it(`update refuses ${words[0]} for a connection by ${type}`, async () => {
        await run("create", type === "oidc" ? oidc : ["--type", "saml", "--metadata", metadata]);
        const update = run("update", ["--key", acme.tenant.slug, "--type", type, ...words]);
        await assert.rejects(update, /is for (?:OIDC|SAML) connections/);
      });
    }

    it("create refuses options of the other protocol", async () => {
      const saml = ["--type", "saml", "--metadata", metadata];
      for (const words of [["--issuer", "https://a.example"], ["--client-id", "0oa1"], ["--check"]])
        await assert.rejects(run("create", [...saml, ...words]), /is for OIDC connections/);
      for (const option of ["--metadata", "--entity-id", "--app-instance-id", "--org-url", "--org-url-alias"])
        await assert.rejects(run("create", [...oidc, option, "x"]), /is for SAML connections/);
      assert.deepEqual(await acme.store.connections.list(), []);
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
      ["an unknown type", () => ["--type", "ldap"], /must be oidc or saml/],
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
      ["no metadata", () => ["--type", "saml"], /--metadata is missing/],
      [
        "metadata that cannot be read",
        () => ["--type", "saml", "--metadata", join(folder, "none.xml")],
        /cannot be read/,
      ],
      ["http metadata", () => ["--type", "saml", "--metadata", "http://acme.okta.com/m"], /start with https/],
      [
        "metadata in our own network",
        () => ["--type", "saml", "--metadata", "https://localhost/m"],
        /leads to a private address/,
      ],
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

    it("allows one key for an OIDC and a SAML connection, and lists both", async () => {
      await run("create", [...oidc, "--jit"]);
      await run("create", ["--type", "saml", "--metadata", metadata]);
      const key = acme.tenant.slug;
      assert.deepEqual((await run("list", [])).json, [
        { key, type: "oidc", status: "active", jit: true },
        { key, type: "saml", status: "active", jit: false },
      ]);
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
