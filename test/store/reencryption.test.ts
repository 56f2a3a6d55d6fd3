import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { secretsCommands } from "../../src/cli/secrets.ts";
import { createAgent } from "../../src/directory/agents.ts";
import { createConnection, rotateSecret } from "../../src/directory/connections.ts";
import { noMails } from "../../src/directory/mails.ts";
import { signInWithCode } from "../../src/directory/second-steps.ts";
import { finishSignInTest, latestSignInTest, startSignInTest } from "../../src/directory/sign-in-tests.ts";
import { ConfigError, InvalidError } from "../../src/errors.ts";
import { identityKeys } from "../../src/forward-auth/signing-keys.ts";
import type { Connection, User } from "../../src/model.ts";
import { pairSealer } from "../../src/scim-authorization/tokens.ts";
import { newSigningKey, signToken } from "../../src/shared-signals/signing-keys.ts";
import type { Database } from "../../src/store/database.ts";
import { forwardAuthKeyStore } from "../../src/store/forward-auth-keys.ts";
import { checkDataKeys, reencrypt } from "../../src/store/reencryption.ts";
import { sealedColumns } from "../../src/store/sealed-columns.ts";
import { hashToken, sealer } from "../../src/store/secrets.ts";
import { sessionStore } from "../../src/store/session-store.ts";
import { sealActivity } from "../../src/trail/sealing.ts";
import { verifyTrail } from "../../src/trail/verify.ts";
import { webhookSecretContext } from "../../src/webhooks/post.ts";
import { pooledKeys } from "../helpers/certificates.ts";
import { runCommand } from "../helpers/cli.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { tableNames } from "../helpers/every-table.ts";
import { createLocalAccount, createTestTenant, type TestTenant } from "../helpers/people.ts";
import { newGrant } from "../helpers/provisioning-grants.ts";
import { trailDeps } from "../helpers/seals.ts";
import { giveAuthenticator, type TestAuthenticator } from "../helpers/second-steps.ts";
import { newStream } from "../helpers/signals.ts";

const [formerKey, nextKey] = [randomBytes(32), randomBytes(32)];
const before = sealer(formerKey);
const during = sealer(nextKey, [formerKey]);
const after = sealer(nextKey);

/** The steps of a pending sign-in, each with a context of its own, and the consent to a stream. */
const pendingSteps = [
  "signing-in",
  "saml-request", // SAML
  "saml-arrival", // SAML
  "shared-signals",
];

/**
 * The files that seal. A new one needs its column in src/store/sealed-columns.ts, and a value in `world`: unless it stores
 * nothing, as the two that give a form or a cookie to a browser for ten minutes.
 */
const filesThatSeal = [
  "src/admin/webhooks.ts",
  "src/directory/connections.ts",
  "src/directory/second-steps.ts",
  "src/directory/sign-in-tests.ts",
  "src/forward-auth/signing-keys.ts",
  "src/oidc/routes.ts",
  "src/saml/keys.ts",
  "src/scim-authorization/grants.ts",
  "src/scim-authorization/tokens.ts",
  "src/shared-signals/signing-keys.ts",
  "src/shared-signals/stream-set-up.ts",
  "src/sso/sign-in.ts",
  "src/store/reencryption.ts",
  "src/trail/chain.ts",
  "src/web/authenticator-key.ts",
  "src/web/sealed-step.ts",
  "src/web/sessions.ts",
];

/** A chain (src/trail/chain.ts) seals without encryption. */
const doesSeal = /(?<!\bchain)\.seal\(|\bseal\(JSON/;

describe("the list of encrypted columns", () => {
  onEachDatabase((use) => {
    it("has every column whose name says so, and no other but the data of sessions", async () => {
      const named: string[] = [];
      for (const table of await tableNames(use().database))
        for (const column of Object.keys(await use().database.sql()(table).columnInfo()))
          if (/sealed_(?!at$)/.test(column)) named.push(`${table}.${column}`);
      const listed = sealedColumns.map(({ table, column }) => `${table}.${column}`);
      assert.deepEqual(listed.sort(), [...named, "sessions.data"].sort());
    });
  });

  it("was read again when another file began to seal", () => {
    const files = readdirSync("src", { recursive: true, encoding: "utf8" })
      .map((name) => `src/${name.replaceAll("\\", "/")}`)
      .filter((path) => path.endsWith(".ts") && doesSeal.test(readFileSync(path, "utf8")))
      .sort();
    assert.deepEqual(files, filesThatSeal);
  });

  it("knows every step of a sign-in", () => {
    const files = [
      "src/oidc/routes.ts",
      "src/saml/routes.ts", // SAML
    ];
    const code = files.map((path) => readFileSync(path, "utf8")).join("");
    const steps = [...code.matchAll(/name: "([a-z-]+)", byCrossSitePost/g)].map(([, name]) => name);
    assert.deepEqual([...steps, "shared-signals"], pendingSteps);
  });
});

describe("the change of DATA_KEY", () => {
  onEachDatabase((use) => {
    let acme: TestTenant;
    let connection: Connection;
    let testId: string;
    let user: User;
    let authenticator: TestAuthenticator;
    const sidHash = hashToken("a session");
    const facts = { kind: "done", text: "saved" };
    const inSession = (part: string) => `session/${sidHash}/${part}`;
    const inKeyPair = () => `${acme.tenant.id}/${connection.id}/key-pair`;

    beforeEach(async () => {
      await use().database.sql()("tenants").delete();
      await use().database.sql()("forward_auth_keys").delete();
      await world();
    });

    /** A value in every column, sealed by the rooms with the former key. */
    async function world(): Promise<void> {
      const { database } = use();
      acme = await createTestTenant(database);
      const { store, tenant, writer } = acme;
      user = await createLocalAccount(store, "ada@acme.example");
      authenticator = await giveAuthenticator(store, before, user);
      await sealActivity({ ...trailDeps(database), sealer: before });
      connection = await acme.connection({ secret: { text: "the first secret", sealer: before } });
      await rotateSecret(store, before, connection.id, "the second secret");
      const sealedKey = before.seal("a private key", inKeyPair());
      await store.keyPairs.add(connection.id, { generation: 1, certificate: "", sealedKey });
      const owner = { tenantId: tenant.id, connectionId: connection.id };
      const maker = { sealer: before, generateKeys: pooledKeys };
      await store.signalTransmitters.setSending(connection.id, true);
      await store.signalTransmitters.addKey(connection.id, {
        generation: 1,
        ...(await newSigningKey(maker, owner)),
      });
      const place = `${tenant.id}/${connection.id}/shared-signals`;
      const stream = newStream(connection);
      await store.signalStreams.create({
        ...stream,
        sealedClientSecret: before.seal("a stream's secret", place),
      });
      await store.signalStreams.update(stream.id, {
        sealedRefreshToken: before.seal("a refresh token", place),
      });
      const sealedSecret = before.seal("a webhook's secret", webhookSecretContext(tenant.id, "hook"));
      await store.webhooks.add({ id: "hook", url: "https://a.example", kinds: null, sealedSecret });
      await database.sql()("webhook_endpoints").update({ former_sealed_secret: sealedSecret });
      await identityKeys({ database, sealer: before, generateKeys: pooledKeys }).published();
      for (const step of pendingSteps)
        await store.pendingLogins.create({
          connectionId: connection.id,
          stateHash: step,
          browserHash: "browser",
          networkHash: null,
          sealedData: before.seal("{}", `${tenant.id}/${connection.id}/${step}`),
          expiresAt: Date.now() + 60_000,
        });
      testId = await startSignInTest(store, connection.id, user.id);
      const tested = { values: { a: "b" }, mapped: [], identity: null, problem: null };
      await finishSignInTest({ store, sealer: before, connection }, testId, tested);
      const registered = { tenantId: tenant.id, name: "Okta", scopes: ["any"], jwksUri: null };
      const { agent } = await createAgent(database, registered);
      const grant = newGrant("grant", {
        sourceId: writer.source.id,
        clientId: agent.clientId,
        userId: user.id,
      });
      const pair = { accessToken: "access", refreshToken: "refresh", expiresAt: 1 };
      const sealedResponse = pairSealer(before, tenant.id, "grant").seal(pair as never);
      await store.provisioningGrants.create({ ...grant, formerHash: "former", sealedResponse });
      const now = Date.now();
      await sessionStore(database).create({
        sidHash,
        signIn: { tenantId: tenant.id, userId: user.id, accessEpoch: 0, connectionId: connection.id },
        createdAt: now,
        seenAt: now,
        expiresAt: now + 60_000,
        data: {
          userAgent: 'a browser with "sealed" in its name',
          sealedIdToken: before.seal("an ID token", `${tenant.id}/${connection.id}/session`),
          sealedAnswer: before.seal(JSON.stringify(facts), inSession("answer")),
          sealedForm: before.seal("{}", inSession("form")),
        },
      });
    }

    /** As many as `world` makes. */
    const allValues = sealedColumns.length + (pendingSteps.length - 1) + 2;

    /** Signs in with a code, which is accepted once. */
    async function assertCodeWorks(by: typeof after, offset: number): Promise<void> {
      const { id: userId, accessEpoch } = user;
      const signIn = { userId, accessEpoch, isNewBrowser: false, requestId: null, mails: noMails };
      assert.equal((await signInWithCode(acme.store, by, signIn, authenticator.code(offset))).id, user.id);
    }

    /** Opens one value of each room. */
    async function assertReadable(by = after): Promise<void> {
      const { store, tenant } = acme;
      const { current, former } = await store.connections.sealedSecrets(connection.id);
      const place = `${tenant.id}/${connection.id}`;
      assert.deepEqual(
        [current, former].map((sealed) => by.open(sealed ?? "", place)),
        ["the second secret", "the first secret"],
      );
      const [pair] = await store.keyPairs.list(connection.id);
      assert.equal(by.open(pair?.sealedKey ?? "", inKeyPair()), "a private key");
      const [key] = await store.signalTransmitters.keys(connection.id);
      assert.ok(key);
      const signing = { sealer: by, tenantId: tenant.id, connectionId: connection.id };
      assert.ok(await signToken(key, signing, {}));
      assert.equal((await latestSignInTest(store, by, connection.id))?.id, testId);
      const session = await sessionStore(use().database).load(sidHash);
      const { sealedAnswer, userAgent } = (session?.data ?? {}) as Record<string, string>;
      assert.equal(by.open(sealedAnswer ?? "", inSession("answer")), JSON.stringify(facts));
      assert.equal(userAgent, 'a browser with "sealed" in its name');
      const [identity] = await forwardAuthKeyStore(use().database).list();
      assert.match(by.open(identity?.sealedKey ?? "", "forward-auth/key"), /PRIVATE KEY/);
      const { checked, fault } = await verifyTrail(store, by);
      assert.ok(checked > 0);
      assert.equal(fault, null);
    }

    it("leaves everything readable in between and afterwards, and nothing under the former key", async () => {
      await assertReadable(before);
      await assertReadable(during);
      const done = await reencrypt(use().database, during);
      assert.deepEqual(done, { replaced: allValues, left: 0, unreadable: 0 });
      await assertReadable(after);
      await checkDataKeys(use().database, after);
      assert.deepEqual(await reencrypt(use().database, after), { replaced: 0, left: 0, unreadable: 0 });
    });

    it("lets a person in by their app, and the chain of the activity go on", async () => {
      const { store } = acme;
      await assertCodeWorks(during, 0);
      await reencrypt(use().database, during);
      await assertCodeWorks(after, 1);
      const { checked } = await verifyTrail(store, after);
      await sealActivity({ ...trailDeps(use().database), sealer: after });
      const report = await verifyTrail(store, after);
      assert.deepEqual([report.fault, report.unsealed], [null, 0]);
      assert.ok(report.checked > checked);
    });

    it("reads what an older release stored, which names no key", async () => {
      const former = await use()
        .database.sql()("connections")
        .where("id", connection.id)
        .first("sealed_secret");
      const old = String(former.sealed_secret).replace(/^v2\.\w+\./, "v1.");
      await use().database.sql()("connections").where("id", connection.id).update({ sealed_secret: old });
      await assertReadable(before);
      await checkDataKeys(use().database, before);
      assert.equal((await reencrypt(use().database, before)).replaced, 1);
      await assertReadable(before);
    });

    it("never overwrites a value that the application changes at the same time", async () => {
      const { store, tenant } = acme;
      const fresh = before.seal("the third secret", `${tenant.id}/${connection.id}`);
      const change = () => store.connections.update(connection.id, { sealedSecret: fresh });
      const done = await reencrypt(changedBeforeUpdateOf("connections", change), during);
      assert.deepEqual(done, { replaced: allValues - 1, left: 1, unreadable: 0 });
      assert.equal((await store.connections.sealedSecrets(connection.id)).current, fresh);
      assert.deepEqual(await reencrypt(use().database, during), { replaced: 1, left: 0, unreadable: 0 });
    });

    /** The database, in which another process makes a change before the first update of a table. */
    function changedBeforeUpdateOf(table: string, change: () => Promise<unknown>): Database {
      const { database } = use();
      let isPending = true;
      const sql = () => (name: string) => {
        const query = database.sql()(name);
        const update = query.update.bind(query) as (values: object) => unknown;
        if (name === table)
          Object.assign(query, {
            async update(values: object) {
              if (isPending) {
                isPending = false;
                await change();
              }
              return await update(values);
            },
          });
        return query;
      };
      return { ...database, sql: sql as unknown as Database["sql"] };
    }

    it("goes beyond one batch, in the order of keys with several columns", async () => {
      const { store, tenant } = acme;
      const ids = Array.from({ length: 250 }, (_, index) => `more-${index}`);
      for (const id of ids)
        await store.pendingLogins.create({
          connectionId: connection.id,
          stateHash: id,
          browserHash: "browser",
          networkHash: null,
          sealedData: before.seal(id, `${tenant.id}/${connection.id}/signing-in`),
          expiresAt: Date.now() + 60_000,
        });
      assert.deepEqual(await reencrypt(use().database, during), {
        replaced: allValues + ids.length,
        left: 0,
        unreadable: 0,
      });
      const { sealed_data: last } = await use()
        .database.sql()("pending_logins")
        .where("state_hash", "more-249")
        .first("sealed_data");
      assert.equal(after.open(last, `${tenant.id}/${connection.id}/signing-in`), "more-249");
    });

    it("counts the values that no key opens, and leaves them as they are", async () => {
      const rows = () => use().database.sql()("connections").select("id", "sealed_secret").orderBy("id");
      const stored = await rows();
      const done = await reencrypt(use().database, after);
      assert.deepEqual(done, { replaced: 0, left: 0, unreadable: allValues });
      assert.deepEqual(await rows(), stored);
    });

    describe("at the start of the application", () => {
      const refused = (error: unknown) => {
        assert.ok(error instanceof ConfigError, String(error));
        assert.match(
          error.message,
          /^DATA_KEY cannot decrypt \d+ stored secrets \(connections\.sealed_secret, /,
        );
        assert.match(error.message, /DATA_KEY_FORMER/);
        return true;
      };

      it("is refused without the former key, whichever secret lasts", async () => {
        await checkDataKeys(use().database, during);
        await assert.rejects(checkDataKeys(use().database, after), refused);
        await use().database.sql()("connections").update({ sealed_secret: null, sealed_former_secret: null });
        await assert.rejects(checkDataKeys(use().database, after), /key_pairs\.sealed_key/);
      });

      it("does not need the former key of what lives for a day, or is replaced by itself", async () => {
        const { database } = use();
        for (const { table, column, isLasting, key } of sealedColumns)
          if (isLasting && table !== "connections") await database.sql()(table).whereNotNull(column).delete();
          else assert.ok(key.length > 0);
        await database.sql()("connections").update({ sealed_secret: null, sealed_former_secret: null });
        await checkDataKeys(database, after);
        assert.ok((await reencrypt(database, after)).unreadable > 0);
      });

      it("works again after the loss of a key, once an operator has given up its secrets", async () => {
        const run = (words: string[], dataKey: Buffer | null = nextKey) =>
          runCommand(secretsCommands, use().database, words, { dataKey });
        await assert.rejects(run(["secrets", "mark-lost"]), InvalidError);
        await assert.rejects(run(["secrets", "mark-lost", "--yes"], null), /DATA_KEY is missing/);
        await createConnection(use().database, acme.tenant.id, {
          key: `${acme.tenant.slug}-new`,
          type: "oidc",
          settings: { issuer: "https://acme.okta.example", clientId: "0oa9" },
          justInTime: true,
          draft: false,
          secret: { text: "kept", sealer: after },
        });
        const { json } = await run(["secrets", "mark-lost", "--yes"]);
        assert.deepEqual(json, { lost: sealedColumns.filter(({ isLasting }) => isLasting).length });
        await checkDataKeys(use().database, after);
        await rotateSecret(acme.store, after, connection.id, "entered again");
        const { current, former } = await acme.store.connections.sealedSecrets(connection.id);
        assert.equal(after.open(current ?? "", `${acme.tenant.id}/${connection.id}`), "entered again");
        assert.equal(former, null);
        assert.equal((await reencrypt(use().database, after)).left, 0);
      });
    });

    it("is done by a command, which says when the former key can be removed", async () => {
      const run = (dataKey: Buffer | null, formerDataKeys: Buffer[]) =>
        runCommand(secretsCommands, use().database, ["secrets", "reencrypt"], { dataKey, formerDataKeys });
      await assert.rejects(run(null, [formerKey]), /DATA_KEY is missing/);
      const without = await run(nextKey, []);
      assert.match(without.text, new RegExp(`${allValues} values can be decrypted with no configured key`));
      const done = await run(nextKey, [formerKey]);
      assert.deepEqual(done.json, { replaced: allValues, left: 0, unreadable: 0 });
      assert.match(done.text, /0 are left under a former key\.\nDATA_KEY_FORMER can be removed/);
      await assertReadable(after);
    });
  });
});
