import assert from "node:assert/strict";
import { connectionCommands } from "../../src/cli/connections.ts";
import { recordEdit } from "../../src/directory/connections.ts";
import { InvalidError } from "../../src/errors.ts";
import type { Connection } from "../../src/model.ts";
import { sealer } from "../../src/store/secrets.ts";
import { dataKey, runCommand } from "../helpers/cli.ts";
import { onOneDatabase } from "../helpers/databases.ts";
import { type OpenIdProvider, startOpenIdProvider } from "../helpers/openid-provider.ts";
import { createTestTenant, newUser, type TestTenant } from "../helpers/people.ts";

describe("admin -- connection, for an existing connection", () => {
  onOneDatabase((use) => {
    let op: OpenIdProvider;
    let acme: TestTenant;
    let connection: Connection;
    before(async () => {
      op = await startOpenIdProvider();
    });
    after(() => op.close());
    beforeEach(async () => {
      acme = await createTestTenant(use().database);
      connection = await acme.connection({
        settings: { issuer: op.issuer, clientId: "0oa1" },
        secret: { text: "the first", sealer: sealer(dataKey) },
      });
    });

    const run = (verb: string, words: string[] = [], key = connection.key) =>
      runCommand(
        connectionCommands,
        use().database,
        ["connection", verb, acme.tenant.slug, "--key", key, ...words],
        { insecureAllowPrivateNetwork: true, stdin: "the second" },
      );
    /** The settings alone. Another test covers who changed them last. */
    const settingsIn = (json: unknown) => {
      const { edited: _, guestEdit: __, version: ___, ...settings } = json as Record<string, unknown>;
      return settings;
    };
    const update = async (...words: string[]) =>
      settingsIn((await run("update", ["--type", "oidc", ...words])).json);
    const stored = async () => (await acme.store.connections.byId(connection.id)) ?? assert.fail();

    const initialSettings = () => ({
      key: connection.key,
      type: "oidc",
      status: "active",
      jit: true,
      universalLogout: true,
      crossAppAccess: true,
      roleClaim: null,
      adminValues: [],
      issuer: op.issuer,
      issuerAlias: null,
      clientId: "0oa1",
      signOutOfProvider: false,
    });

    it("show prints the settings, but no secret", async () => {
      const { json, text } = await run("show", ["--type", "oidc"]);
      assert.deepEqual(settingsIn(json), initialSettings());
      assert.match(text, /signOutOfProvider: false/);
    });

    const roleClaim = ["--role-claim", "groups", "--admin-value", "Admins, EMEA", "--admin-value", "Owners"];
    const changes: [words: string[], change: Record<string, unknown>][] = [
      [["--jit", "off"], { jit: false }],
      [["--universal-logout", "off"], { universalLogout: false }],
      [["--cross-app-access", "off"], { crossAppAccess: false }],
      [["--sign-out-of-provider", "on"], { signOutOfProvider: true }],
      [["--max-age", "480"], { maxAgeMinutes: 480 }],
      [["--client-id", "0oa2"], { clientId: "0oa2" }],
      [roleClaim, { roleClaim: "groups", adminValues: ["Admins, EMEA", "Owners"] }],
      [["--check"], {}],
    ];
    for (const [words, change] of changes) {
      it(`update ${words.join(" ")} changes only that`, async () => {
        assert.deepEqual(await update(...words), { ...initialSettings(), ...change });
        const { json } = await run("show", ["--type", "oidc"]);
        assert.deepEqual(settingsIn(json), { ...initialSettings(), ...change });
      });
    }

    it("update reverts every setting", async () => {
      await update("--jit", "off", "--universal-logout", "off", "--sign-out-of-provider", "on", ...roleClaim);
      const back = ["--jit", "on", "--universal-logout", "on", "--sign-out-of-provider", "off"];
      assert.deepEqual(await update(...back, "--no-role-claim"), initialSettings());
    });

    it("update accepts only a maximum age of 1 minute to 30 days, or none", async () => {
      for (const wrong of ["0", "1.5", "43201", "a day"])
        await assert.rejects(update("--max-age", wrong), /whole number of minutes, from 1 to 43200/, wrong);
      assert.equal((await update("--max-age", "60")).maxAgeMinutes, 60);
      assert.equal((await update("--max-age", "off")).maxAgeMinutes, null);
    });

    it("update accepts only an alias that publishes the same keys", async () => {
      const alias = op.issuer.replace("127.0.0.1", "localhost");
      assert.equal((await update("--issuer-alias", `${alias}/`)).issuerAlias, alias);
      const stranger = await startOpenIdProvider();
      await assert.rejects(update("--issuer-alias", stranger.issuer), /signs with other keys/);
      await stranger.close();
      assert.equal((await update()).issuerAlias, alias);
      assert.equal((await update("--no-issuer-alias")).issuerAlias, null);
    });

    it("update to another provider needs --yes, and drops identities and alias", async () => {
      const user = await acme.store.users.create(newUser("ada@acme.example"));
      await acme.store.identities.add(connection.id, "00u1", user.id);
      await update("--issuer-alias", op.issuer.replace("127.0.0.1", "localhost"));
      const other = ["--issuer", "https://other.okta.com"];
      await assert.rejects(update(...other), /signed out.*Add --yes to confirm/);
      assert.ok(await acme.store.identities.find(connection.id, "00u1"));
      const { issuer, issuerAlias } = await update(...other, "--yes");
      assert.deepEqual([issuer, issuerAlias], ["https://other.okta.com", null]);
      assert.equal(await acme.store.identities.find(connection.id, "00u1"), null);
    });

    const refused: [words: string[], message: RegExp][] = [
      [["--jit", "maybe"], /--jit must be on or off, not "maybe"/],
      [["--role-claim", "groups"], /go together/],
      [["--admin-value", "Admins"], /go together/],
      [["--issuer", "https://acme.okta.com/oauth2/default", "--yes"], /custom authorization server/],
      [["--issuer", "http://127.0.0.1:1", "--yes", "--check"], /could not be read/],
      [["--issuer-alias", "http://127.0.0.1:1"], /could not be read/],
    ];
    for (const [words, message] of refused) {
      it(`update ${words.join(" ")} is refused and changes nothing`, async () => {
        const before = await stored();
        await assert.rejects(update(...words), (error) => {
          assert.ok(error instanceof InvalidError);
          assert.match(error.message, message);
          return true;
        });
        assert.deepEqual(await stored(), before);
      });
    }

    it("show prints the last editor: the operator, or the guest of a set-up link", async () => {
      const before = (await run("show", ["--type", "oidc"])).json as Record<string, unknown>;
      assert.deepEqual([before.edited, before.guestEdit], [null, null]);
      await update("--jit", "off");
      const after = (await run("show", ["--type", "oidc"])).json as Record<string, unknown>;
      assert.equal((after.edited as { by: string }).by, "the operator");
      assert.notEqual(after.version, before.version);
      await run("rotate-secret", ["--client-secret-stdin"]);
      const rotated = (await run("show", ["--type", "oidc"])).json as Record<string, unknown>;
      assert.notEqual(rotated.version, after.version, "another secret is another version");
    });

    it("enable accepts only the version that show printed, and requires it after a guest's change", async () => {
      const { id } = connection;
      const enable = (...words: string[]) => run("enable", ["--type", "oidc", ...words]);
      const version = async () =>
        String(((await run("show", ["--type", "oidc"])).json as Record<string, unknown>).version);
      await acme.store.connections.update(id, { status: "draft" });
      const read = await version();
      assert.match(read, /^[0-9a-f]{24}$/, "it never begins with a dash, as an option does");
      await acme.store.connections.update(id, {
        settings: { issuer: "https://evil.example", clientId: "0oa1" },
      });
      await assert.rejects(enable("--version", read), { code: "stale" });
      assert.equal((await stored()).status, "draft");
      await recordEdit(acme.store, id, { by: "the guest of a set-up link", from: null, isGuest: true });
      await assert.rejects(enable(), /The guest of a set-up link changed this draft/);
      assert.equal((await stored()).status, "draft");
      await enable("--version", await version());
      assert.equal((await stored()).status, "active");
      await run("disable", ["--type", "oidc"]);
      await enable();
      assert.equal((await stored()).status, "active", "only operators and owners changed it since");
    });

    it("update changes nothing when the settings were changed while it asked the provider", async () => {
      const late = new Promise<void>((changed, failed) => {
        op.intercept = (req) => {
          if (!req.url?.startsWith("/.well-known/")) return false;
          op.intercept = null;
          acme.store.connections.update(connection.id, { justInTime: false }).then(() => changed(), failed);
          return false;
        };
      });
      const updating = update("--client-id", "0oa2", "--check");
      await Promise.all([late, assert.rejects(updating, { code: "stale" })]);
      assert.deepEqual((await stored()).settings, { issuer: op.issuer, clientId: "0oa1" });
    });

    it("rotate-secret keeps the working secret in addition to the new one", async () => {
      const { json } = await run("rotate-secret", ["--client-secret-stdin"]);
      assert.deepEqual(json, { key: connection.key, type: "oidc", rotated: true });
      const { current, former } = await acme.store.connections.sealedSecrets(connection.id);
      const open = (secret: string | null) =>
        sealer(dataKey).open(secret ?? "", `${acme.tenant.id}/${connection.id}`);
      assert.deepEqual([open(current), open(former)], ["the second", "the first"]);
      await assert.rejects(run("rotate-secret"), /--client-secret-stdin/);
    });

    it("rotate-secret drops a secret that the current DATA_KEY cannot decrypt", async () => {
      const words = ["connection", "rotate-secret", acme.tenant.slug, "--key", connection.key];
      const options = { dataKey: Buffer.from("another key of 32 bytes in all.."), stdin: "the second" };
      await runCommand(connectionCommands, use().database, [...words, "--client-secret-stdin"], options);
      const { current, former } = await acme.store.connections.sealedSecrets(connection.id);
      const place = `${acme.tenant.id}/${connection.id}`;
      assert.equal(sealer(options.dataKey).open(current ?? "", place), "the second");
      assert.equal(former, null);
    });

    it("check prints the provider's discovery document", async () => {
      const { json } = await run("check");
      const { issuer, tokenEndpoint, endSessionEndpoint, keyIds } = json as Record<string, unknown>;
      assert.deepEqual(
        [issuer, tokenEndpoint, endSessionEndpoint],
        [op.issuer, `${op.issuer}/oauth2/v1/token`, `${op.issuer}/oauth2/v1/logout`],
      );
      assert.ok((keyIds as string[]).length >= 1);
    });
  });
});
