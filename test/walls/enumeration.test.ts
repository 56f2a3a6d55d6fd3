import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import crypto from "node:crypto";
import { createServer, type Server } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import type { AddressInfo } from "node:net";
import { createApp } from "../../src/app.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { createToken, revokeToken } from "../../src/directory/provisioning-tokens.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import { createLog } from "../../src/log.ts";
import { quietConfig } from "../../tools/guide/src/quiet-config.ts";
import { pooledKeys } from "../helpers/certificates.ts";
import { type Answer, Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { registerAgent } from "../helpers/id-jag.ts";
import { forgetCounts } from "../helpers/known-devices.ts";
import {
  createLocalAccount,
  createTestTenant,
  provisioned,
  type TestTenant,
  testPassword,
  testPasswordCost,
  testPasswords,
} from "../helpers/people.ts";
import { plantSession, sessionSecret } from "../helpers/site.ts";

/** The work of one request until its answer is complete. */
interface Work {
  /** The statements, without their values. */
  statements: string[];
  /** The cost of each password hash. */
  hashes: string[];
}

/** The requests of a stranger, by the person or thing that each names. */
type Cases = Record<string, () => Promise<Answer>>;

describe("the answer to a stranger who tries out names", () => {
  onEachDatabase((use) => {
    let acme: TestTenant;
    let server: Server;
    let url: string;
    /** Work that follows an answer belongs to that request, and is not counted. */
    const working = new AsyncLocalStorage<Work & { isAnswered: boolean }>();
    const current = () => {
      const work = working.getStore();
      return work?.isAnswered === false ? work : undefined;
    };
    let last: Work = { statements: [], hashes: [] };
    const realScrypt = crypto.scrypt;

    before(async () => {
      const { database } = use();
      crypto.scrypt = ((...args: Parameters<typeof realScrypt>) => {
        const { N, r, p } = args[3];
        current()?.hashes.push(`scrypt ${N} ${r} ${p}`);
        realScrypt(...args);
      }) as typeof realScrypt;
      syncBuiltinESMExports();
      database.sql().on("query", ({ sql }: { sql: string }) => current()?.statements.push(sql));
      server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      url = `http://localhost:${port}`;
      const mail = { url: new URL("smtp://localhost:1"), from: "a@b.example", fromName: null } as never;
      const app = createApp({
        config: quietConfig({ port, baseUrl: url, sessionSecret, mail }),
        database,
        log: createLog("silent"),
        passwordCost: testPasswordCost,
        generateKeys: pooledKeys,
        observe(_req, res, next) {
          const own = { statements: [], hashes: [], isAnswered: false };
          res.prependListener("finish", () => {
            last = { statements: own.statements, hashes: own.hashes };
            own.isAnswered = true;
          });
          working.run(own, next);
        },
      });
      app.enable("view cache");
      server.on("request", app);
      acme = await createTestTenant(database);
    });
    after(() => {
      crypto.scrypt = realScrypt;
      syncBuiltinESMExports();
      server.closeAllConnections();
      server.close();
    });
    beforeEach(() => forgetCounts(use().database));

    const client = () => new Client(url.replace("localhost", "127.0.0.1"), url);

    /** The answer without what each request has of its own. */
    const shape = ({ status, location, text, headers }: Answer, names: readonly string[]) => ({
      status,
      location,
      cookies: headers.getSetCookie().map((line) => line.split("=")[0]),
      text: names
        .reduce((result, name) => result.replaceAll(name, "…"), text)
        .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "reference"),
    });

    async function assertAlike(cases: Cases, names: readonly string[], hashes: number): Promise<void> {
      const [first, ...others] = Object.entries(cases);
      assert.ok(first);
      // The first request of a process compiles, caches and prepares.
      await first[1]();
      const wanted = { answer: shape(await first[1](), names), work: last };
      assert.equal(wanted.work.hashes.length, hashes, first[0]);
      assert.ok(wanted.work.statements.length > 0, "the statements are seen");
      for (const [name, ask] of others) {
        assert.deepEqual(shape(await ask(), names), wanted.answer, name);
        assert.deepEqual(last, wanted.work, name);
      }
    }

    it("costs the same statements and hashes for the password of everyone and no one", async () => {
      const { database } = use();
      const people = {
        "an owner": await createLocalAccount(acme.store, "owner@acme.example", "owner"),
        "a member": await createLocalAccount(acme.store, "member@acme.example"),
        "a blocked person": await createLocalAccount(acme.store, "blocked@acme.example"),
        "an inactive person": await createLocalAccount(acme.store, "inactive@acme.example"),
        "a provisioned person": await provisionUser(
          acme.store,
          acme.writer,
          provisioned("scim@acme.example"),
        ),
        "a provisioned person with a password": await provisionUser(
          acme.store,
          acme.writer,
          provisioned("synced@acme.example"),
        ),
      };
      await acme.store.users.update(people["a blocked person"].id, { blocked: true });
      await acme.store.users.update(people["an inactive person"].id, { active: false });
      const hash = await testPasswords.hash(testPassword);
      await acme.store.credentials.set(people["a provisioned person with a password"].id, hash);
      const other = await createTestTenant(database);
      const enter = (slug: string, loginName: string) => () => {
        return client().signIn(slug, loginName, "not the password");
      };
      const { slug } = acme.tenant;
      const cases: Cases = { "no one": enter(slug, "no-one@acme.example") };
      for (const [name, { loginName }] of Object.entries(people)) cases[name] = enter(slug, loginName);
      cases["no one's organisation"] = enter("no-such-organisation", "member@acme.example");
      cases["another organisation"] = enter(other.tenant.slug, "member@acme.example");
      const names = [...Object.values(people).map(({ loginName }) => loginName), "no-one@acme.example"];
      await assertAlike(cases, [...names, slug, other.tenant.slug, "no-such-organisation"], 1);
    });

    it("costs the same before the answer for a forgotten password, with and without an account", async () => {
      const { slug } = acme.tenant;
      await createLocalAccount(acme.store, "forgetful@acme.example");
      const ask = (organisation: string, loginName: string) => () =>
        client().post(`/login/password/${organisation}/forgotten`, { loginName });
      await assertAlike(
        {
          "no one": ask(slug, "no-one@acme.example"),
          "a person": ask(slug, "forgetful@acme.example"),
          "no one's organisation": ask("no-such-organisation", "forgetful@acme.example"),
        },
        ["no-one@acme.example", "forgetful@acme.example", slug, "no-such-organisation"],
        0,
      );
    });

    it("is the same on the sign-in page for everyone of a domain", async () => {
      await acme.connection();
      const domain = await addDomain(acme.store, `${acme.tenant.slug}.example`);
      await acme.store.domains.markVerified(domain);
      await createLocalAccount(acme.store, `known@${domain}`, "owner");
      const ask = (email: string) => () => client().post("/login", { email });
      const cases = { "no one": ask(`unknown@${domain}`), "an owner": ask(`known@${domain}`) };
      await assertAlike(cases, ["unknown", "known"], 0);
    });

    it("costs the same for a client that is unknown, one with a wrong secret, and a revoked one", async () => {
      const { database } = use();
      const agent = await registerAgent({ database });
      const revoked = await registerAgent({ database });
      await database.sql()("agents").where("client_id", revoked.clientId).update({ revoked_at: Date.now() });
      const ask = (id: string, method: "basic" | "post") => () => {
        const form = new URLSearchParams({ grant_type: "client_credentials" });
        const headers: Record<string, string> = {};
        if (method === "basic")
          headers.authorization = `Basic ${Buffer.from(`${id}:wrong`).toString("base64")}`;
        else
          for (const [name, value] of Object.entries({ client_id: id, client_secret: "wrong" }))
            form.set(name, value);
        return client().send("POST", "/oauth2/token", headers, form);
      };
      for (const method of ["basic", "post"] as const) {
        const [unknown, known, former] = ["agent_unknown", agent.clientId, revoked.clientId];
        await assertAlike(
          {
            "an unknown client": ask(unknown, method),
            "a client": ask(known, method),
            "a revoked client": ask(former, method),
          },
          [unknown, known, former],
          0,
        );
      }
    });

    it("costs the same for a provisioning token that never was, one that was revoked, and one that is over", async () => {
      const { database } = use();
      const [revoked, over] = [await createToken(acme.store), await createToken(acme.store)];
      const tokens = () => database.sql()("provisioning_tokens");
      const [{ id }] = await tokens().orderBy("created_at").where("tenant_id", acme.tenant.id).select("id");
      await revokeToken(acme.store, id);
      await tokens()
        .where("tenant_id", acme.tenant.id)
        .whereNot({ id })
        .update({ expires_at: Date.now() - 1 });
      const ask = (token: string) => () =>
        client().send("GET", "/scim/v2/Users", { authorization: `Bearer ${token}` });
      await assertAlike(
        {
          "no token": ask(revoked.token.replace(/.{8}$/, "00000000")),
          "a revoked one": ask(revoked.token),
          "an expired one": ask(over.token),
        },
        [],
        0,
      );
    });

    it("is the same for an invitation of someone whom another organisation knows, and whom no one knows", async () => {
      const { database } = use();
      const other = await createTestTenant(database);
      await createLocalAccount(other.store, "known@elsewhere.example");
      const owner = await createLocalAccount(acme.store, "inviting@acme.example", "owner");
      const invite = (email: string) => async () => {
        const signedIn = client();
        signedIn.cookies.set("session", await plantSession(use(), acme.tenant, owner));
        const form = {
          email,
          role: "member",
          givenName: "",
          familyName: "",
          "of-organisation": acme.tenant.id,
        };
        const answer = await signedIn.post("/admin/people/invitations", form);
        assert.equal(answer.status, 303, answer.text);
        return answer;
      };
      await invite("first@elsewhere.example")();
      const emails = ["unknown@elsewhere.example", "known@elsewhere.example"] as const;
      const answers = [];
      for (const email of emails)
        answers.push({ ...shape(await invite(email)(), emails), count: last.statements.length });
      assert.deepEqual(answers[0], answers[1]);
    });
  });
});
