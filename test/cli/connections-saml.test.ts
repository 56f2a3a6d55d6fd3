import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectionCommands } from "../../src/cli/connections.ts";
import { InvalidError, NotFoundError } from "../../src/errors.ts";
import { runCommand } from "../helpers/cli.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { idpMetadata, signingCertificate } from "../helpers/idp-metadata.ts";
import { createTestTenant, type TestTenant } from "../helpers/people.ts";
import { samlSettings } from "../helpers/saml-settings.ts";

const base = "https://product.example";
const oidc = [
  ...["--type", "oidc", "--issuer", "https://acme.okta.com/", "--client-id", "0oa1"],
  "--client-secret-stdin",
];

describe("admin -- connection, for SAML", () => {
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

    const run = (verb: string, words: string[]) =>
      runCommand(connectionCommands, use().database, ["connection", verb, acme.tenant.slug, ...words], {
        stdin: "the client's secret",
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

    it("allows one key for an OIDC and a SAML connection, and lists both", async () => {
      const key = acme.tenant.slug;
      await run("create", [...oidc, "--jit"]);
      await assert.rejects(run("show", ["--key", key, "--type", "saml"]), NotFoundError);
      await run("create", ["--type", "saml", "--metadata", metadata]);
      assert.deepEqual((await run("list", [])).json, [
        { key, type: "oidc", status: "active", jit: true },
        { key, type: "saml", status: "active", jit: false },
      ]);
    });

    it("update changes the settings of a SAML connection", async () => {
      const { key } = await acme.connection({ type: "saml", settings: samlSettings });
      const role = ["--role-claim", "groups", "--admin-value", "Admins"];
      const words = ["--type", "saml", "--universal-logout", "off", "--jit", "off", ...role];
      const json = (await run("update", [...words, "--key", key])).json as Record<string, unknown>;
      assert.deepEqual(
        [json.universalLogout, json.jit, json.roleClaim, json.idpEntityId],
        [false, false, "groups", samlSettings.idpEntityId],
      );
      const foreign = ["--type", "saml", "--sign-out-of-provider", "on"];
      await assert.rejects(run("update", [...foreign, "--key", key]), /is for OIDC connections/);
    });

    const refused: [string, () => string[], RegExp][] = [
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
    for (const [what, words, message] of refused) {
      it(`create refuses ${what} and creates nothing`, async () => {
        await assert.rejects(run("create", words()), (error) => {
          assert.ok(error instanceof InvalidError);
          assert.match(error.message, message);
          assert.ok(!error.message.includes("\n"), "one line");
          return true;
        });
        assert.deepEqual(await acme.store.connections.list(), []);
      });
    }
  });
});
