import assert from "node:assert/strict";
import {
  blockPerson,
  deletePerson,
  giveRole,
  signOutPerson,
  unblockPerson,
} from "../../src/directory/administration.ts";
import {
  changeSettings,
  disableConnectionUnguarded,
  enableConnection,
} from "../../src/directory/connections.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import type { Connection, SamlSettings, User } from "../../src/model.ts";
import { startTestApp, type TestApp } from "../helpers/app.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { interleaved } from "../helpers/interleaved.ts";
import { createLocalAccount, createTestTenant, provisioned, type TestTenant } from "../helpers/people.ts";
import { idpEntityId, samlDataKey, useSamlSite } from "../helpers/saml-site.ts";
import { sessionSecret } from "../helpers/site.ts";

/** A person whose response was accepted, and whose browser has not finished the sign-in. */
interface Arrived {
  acme: TestTenant;
  connection: Connection;
  user: User;
  by: { userId: string };
  client: Client;
  finish: string;
}

describe("a SAML response that was accepted, before its sign-in is finished", () => {
  onEachDatabase((use) => {
    const site = useSamlSite(use, { sessionSecret });
    let replica: TestApp;
    before(async () => {
      replica = await startTestApp(use().openAnother(), {
        sessionSecret,
        dataKey: samlDataKey,
        baseUrl: site().app.url,
      });
    });
    after(() => replica.close());

    async function arrived(): Promise<Arrived> {
      const acme = await createTestTenant(use().database);
      const connection = await site().connect({}, {}, acme);
      const by = await createLocalAccount(acme.store, "owner@acme.example", "owner");
      const name = "ada@acme.example";
      const client = site().app.client();
      await site().signIn(client, name, {}, connection);
      const user = (await acme.store.users.byLoginName(name)) ?? assert.fail("the person signed in before");
      await client.post("/logout");
      return {
        acme,
        connection,
        user,
        by: { userId: by.id },
        client,
        finish: await post(client, name, connection),
      };
    }

    /** Posts a response to the ACS, and returns the address at which the browser goes on. */
    async function post(client: Client, name: string, connection: Connection): Promise<string> {
      const form = new URLSearchParams({ SAMLResponse: await site().respond(name, {}, { connection }) });
      const manners = {
        accept: "text/html",
        origin: "https://acme.okta.example",
        "sec-fetch-site": "cross-site",
      };
      const posted = await client.send("POST", `/saml/${connection.key}/acs`, manners, form);
      assert.equal(posted.status, 303, posted.text);
      return posted.location ?? "";
    }
    const isSignedIn = async (client: Client) => (await client.get("/me")).status === 200;
    const settingsOf = ({ connection }: Arrived) => connection.settings as SamlSettings;

    const ends: [
      what: string,
      happen: (to: Arrived) => Promise<unknown>,
      undo?: (to: Arrived) => Promise<unknown>,
    ][] = [
      ["the person is signed out", ({ acme, by, user }) => signOutPerson(acme.store, by, user.id)],
      [
        "the person is blocked",
        ({ acme, by, user }) => blockPerson(acme.store, by, user.id),
        ({ acme, by, user }) => unblockPerson(acme.store, by, user.id),
      ],
      ["the person is deleted", ({ acme, by, user }) => deletePerson(acme.store, by, user.id, false)],
      [
        "the connection is switched off",
        ({ acme, connection }) => disableConnectionUnguarded(acme.store, connection.id),
        ({ acme, connection }) => enableConnection(acme.store, connection.id),
      ],
      [
        "the connection leads to another provider",
        (to) =>
          changeSettings(to.acme.store, to.connection.id, {
            ...settingsOf(to),
            idpEntityId: "https://other.example",
          }),
        (to) => changeSettings(to.acme.store, to.connection.id, { ...settingsOf(to), idpEntityId }),
      ],
    ];
    for (const [what, happen, undo] of ends) {
      it(`does not sign in after ${what}, also if that is undone`, async () => {
        const to = await arrived();
        await happen(to);
        await undo?.(to);
        const answer = await to.client.get(to.finish);
        assert.equal(answer.status, 403, answer.text);
        assert.equal(await isSignedIn(to.client), false);
      });
    }

    it("does not sign in for the first time after the person of this login name was signed out", async () => {
      const acme = await createTestTenant(use().database);
      const connection = await site().connect({}, {}, acme);
      const by = await createLocalAccount(acme.store, "owner@acme.example", "owner");
      const user = await provisionUser(acme.store, acme.writer, provisioned("grace@acme.example"));
      const client = site().app.client();
      const finish = await post(client, "grace@acme.example", connection);
      await signOutPerson(acme.store, { userId: by.id }, user.id);
      assert.equal((await client.get(finish)).status, 403);
      assert.equal((await client.get(await post(client, "grace@acme.example", connection))).status, 303);
    });

    it("makes no account for a person of the former provider", async () => {
      const acme = await createTestTenant(use().database);
      const connection = await site().connect({}, {}, acme);
      const client = site().app.client();
      const finish = await post(client, "grace@acme.example", connection);
      const settings = { ...(connection.settings as SamlSettings), idpEntityId: "https://other.example" };
      await changeSettings(acme.store, connection.id, settings);
      assert.equal((await client.get(finish)).status, 403);
      assert.equal(await acme.store.users.byLoginName("grace@acme.example"), null);
    });

    it("makes no account for a person of the former provider, if the change commits while the response is judged", async () => {
      const acme = await createTestTenant(use().database);
      const connection = await site().connect({}, {}, acme);
      const settings = { ...(connection.settings as SamlSettings), idpEntityId: "https://other.example" };
      let changes = 0;
      // The connection has been read by then, and the response not.
      const database = interleaved(use().openAnother(), (table) =>
        table === "tenants" && changes++ === 0
          ? () => changeSettings(acme.store, connection.id, settings)
          : null,
      );
      const slow = await startTestApp(database, {
        sessionSecret,
        dataKey: samlDataKey,
        baseUrl: site().app.url,
      });
      const client = slow.client();
      const finish = await post(client, "grace@acme.example", connection);
      assert.ok(changes > 0);
      const answer = await client.get(finish);
      const signedIn = await isSignedIn(client);
      await slow.close();
      assert.equal(answer.status, 403, answer.text);
      assert.equal(await acme.store.users.byLoginName("grace@acme.example"), null);
      assert.equal(signedIn, false);
    });

    it("grants no role by a role mapping that was replaced", async () => {
      const acme = await createTestTenant(use().database);
      const roleMapping = { name: "groups", adminValues: ["staff"] };
      const connection = await site().connect({ roleMapping }, {}, acme);
      const client = site().app.client();
      const finish = await post(client, "grace@acme.example", connection);
      const settings = { ...(connection.settings as SamlSettings), roleMapping: null };
      await changeSettings(acme.store, connection.id, settings);
      assert.equal((await client.get(finish)).status, 403);
      assert.equal(await acme.store.users.byLoginName("grace@acme.example"), null);
      assert.equal((await client.get(await post(client, "grace@acme.example", connection))).status, 303);
    });

    it("signs in after a change that ends no access", async () => {
      const to = await arrived();
      await giveRole(to.acme.store, to.by, to.user.id, "admin");
      assert.equal((await to.client.get(to.finish)).status, 303);
      assert.equal(await isSignedIn(to.client), true);
    });

    it("signs in once, of two requests on two replicas at the same time", async () => {
      for (let round = 0; round < 4; round++) {
        const { client, finish } = await arrived();
        const other = replica.client();
        for (const [name, value] of client.cookies) other.cookies.set(name, value);
        const answers = await Promise.all([client.get(finish), other.get(finish)]);
        assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 403], `round ${round}`);
        const signedIn = [await isSignedIn(client), await isSignedIn(other)];
        assert.deepEqual(signedIn.filter(Boolean).length, 1);
      }
    });
  });
});
