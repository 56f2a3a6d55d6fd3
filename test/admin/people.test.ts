import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createAgent } from "../../src/directory/agents.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import type { User } from "../../src/model.ts";
import { organisationField } from "../../src/web/request.ts";
import type { Client } from "../helpers/client.ts";
import { onEachDatabase } from "../helpers/databases.ts";
import { shownOn, submit } from "../helpers/forms.ts";
import { assertRedirect, factOf, headingOf } from "../helpers/pages.ts";
import { createLocalAccount, identityOf, provisioned } from "../helpers/people.ts";
import { plantSession, useSite } from "../helpers/site.ts";

const script = `<script>alert("x")</script>`;

describe("people in the admin console", () => {
  onEachDatabase((use) => {
    const site = useSite(use);
    let client: Client;
    beforeEach(async () => {
      client = await site().clientOf(site().owner);
    });

    let people = 0;
    const createPerson = (more: Parameters<typeof provisioned>[1] = {}) =>
      provisionUser(
        site().acme.store,
        site().acme.writer,
        provisioned(`person-${people++}@acme.example`, more),
      );
    const justInTime = async () => {
      const connection = await site().acme.connection();
      const identity = identityOf(connection, `guest-${people++}@acme.example`);
      return { connection, ...(await signIn(site().acme.store, identity)) };
    };
    const pathOf = ({ id }: User) => `/admin/people/${id}`;
    const lastEntry = async () => (await site().acme.store.activity.latest(1))[0] ?? assert.fail();
    /** Presses a button on a person's page, and returns the next page. */
    const act = async (user: User, name: string, form: Record<string, string> = {}, as = client) => {
      const shown = shownOn(await client.get(pathOf(user)));
      assertRedirect(await as.post(`${pathOf(user)}/${name}`, { shown, ...form }), pathOf(user));
      return (await as.get(pathOf(user))).text;
    };

    describe("the list", () => {
      it("shows fifty people per page, with links to the next and the first page", async () => {
        for (let count = 0; count < 60; count++) await createPerson({ familyName: "Listed" });
        const first = await client.get("/admin/people?q=listed");
        const names = (text: string) =>
          [...text.matchAll(/href="\/admin\/people\/([0-9a-f-]{36})"/g)].map(([, id]) => id);
        assert.equal(names(first.text).length, 50);
        const next = /href="(\/admin\/people\?[^"]*)" rel="next"/
          .exec(first.text)?.[1]
          ?.replaceAll("&amp;", "&");
        const second = await client.get(next ?? assert.fail());
        assert.equal(names(second.text).length, 10);
        assert.equal(new Set([...names(first.text), ...names(second.text)]).size, 60);
        assert.match(second.text, /href="\/admin\/people\?q=listed">First page/);
        assert.doesNotMatch(second.text, /rel="next"/);
      });

      it("keeps the filters in the form, and escapes the search text", async () => {
        const page = await client.get(
          `/admin/people?q=${encodeURIComponent(script)}&status=blocked&role=admin&origin=x`,
        );
        assert.equal(page.status, 200);
        assert.ok(!page.text.includes(script));
        assert.match(page.text, /<option value="blocked" selected>/);
        assert.match(page.text, /<option value="admin" selected>/);
        assert.match(page.text, /No matching people/);
      });

      for (const after of [
        "x",
        "bnVsbA",
        Buffer.from('{"field":"password_hash","key":"a"}').toString("base64url"),
      ]) {
        it(`refuses the position ${after}`, async () => {
          const page = await client.get(`/admin/people?after=${after}`);
          assert.equal(page.status, 400);
          assert.match(page.text, /Start again from its first page/);
        });
      }

      it("escapes names", async () => {
        const user = await createPerson({ displayName: script, givenName: script });
        for (const path of ["/admin/people?q=%3Cscript", pathOf(user)]) {
          const { text } = await client.get(path);
          assert.ok(!text.includes(script));
          assert.match(text, /&lt;script&gt;alert/);
        }
      });
    });

    describe("a person's page", () => {
      it("shows their source, their role and the reasons for it, without fields for attributes of the source", async () => {
        const { store, writer } = site().acme;
        const user = await createPerson({ givenName: "Ada", familyName: "Lovelace", sourceKey: "00u-ada" });
        const connection = await site().acme.connection();
        await signIn(store, identityOf(connection, user.loginName, { roles: ["admin"] }));
        await store.roles.replace(user.id, "scim", null, ["admin"]);
        const group = {
          id: randomUUID(),
          displayName: "Admins of all",
          sourceId: writer.source.id,
          sourceKey: null,
        };
        await store.groups.create(group);
        await store.groupMembers.add(group.id, [user.id]);
        await store.roles.mapGroup(group.id, "admin");
        await plantSession(use(), site().acme.tenant, user, { data: { userAgent: "Their browser" } });
        const page = await client.get(pathOf(user));
        assert.equal(headingOf(page), "Ada Lovelace");
        assert.equal(factOf(page, "Source"), "Provisioning");
        assert.equal(factOf(page, "Provisioning source"), "default");
        assert.equal(factOf(page, "External ID"), "00u-ada");
        for (const reason of [
          "Role: Admin",
          `granted at the sign-in by the OIDC connection ${connection.key}`,
          "granted by provisioning \\(default\\)",
          "member of the group Admins of all",
          "Their browser",
          `subject-of-${user.loginName}`,
          "Okta manages this account by provisioning",
          "Signed in",
        ])
          assert.match(page.text, new RegExp(reason));
        const fields = [...page.text.matchAll(/<(?:input|select|textarea)[^>]* name="([^"]*)"/g)].map(
          ([, name]) => name,
        );
        assert.deepEqual([...new Set(fields)].sort(), [
          "connection",
          organisationField,
          "role",
          "session",
          "shown",
          "subject",
          "user",
        ]);
      });

      it("answers 404 for an unknown person, and so does every action", async () => {
        const path = `/admin/people/${randomUUID()}`;
        assert.equal((await client.get(path)).status, 404);
        for (const name of ["block", "unblock", "sign-out", "role", "unlink", "delete"])
          assert.equal((await client.post(`${path}/${name}`)).status, 404, name);
      });
    });

    describe("an action", () => {
      it("blocks a person at once, and records who did it", async () => {
        const user = await createPerson();
        const theirs = await site().clientOf(user);
        assert.equal((await theirs.get("/me")).status, 200);
        assert.match(await act(user, "block"), /is blocked and signed out everywhere/);
        assert.equal((await theirs.get("/me")).status, 401);
        const { at: _, id: __, requestId: ___, ...entry } = await lastEntry();
        assert.deepEqual(entry, {
          kind: "people",
          actorKind: "admin",
          actor: "owner@acme.example",
          actorId: site().owner.id,
          action: "user.blocked",
          targetId: user.id,
          changed: [],
          reason: null,
        });
        assert.match(await act(user, "unblock"), /is no longer blocked/);
        assert.equal((await lastEntry()).action, "user.unblocked");
      });

      it("ends the sessions and keeps the account", async () => {
        const user = await createPerson();
        const theirs = await site().clientOf(user);
        assert.match(await act(user, "sign-out"), /is signed out everywhere/);
        assert.equal((await theirs.get("/me")).status, 401);
        assert.equal((await site().acme.store.users.byId(user.id))?.blocked, false);
      });

      it("revokes an agent's access, which the page shows", async () => {
        const user = await createPerson();
        const { store, tenant } = site().acme;
        const wanted = { tenantId: tenant.id, name: "Task helper", scopes: ["tasks.read"], jwksUri: null };
        const { agent } = await createAgent(use().database, wanted);
        await store.agents.recordUse(agent, user.id);
        await store.agents.recordGrant(user.id, agent.clientId, ["tasks.read"]);
        assert.match(
          (await client.get(pathOf(user))).text,
          /Agents that act for this person[\s\S]*tasks\.read/,
        );
        const text = await act(user, "revoke-agent", { agent: agent.clientId });
        assert.match(text, /The agent no longer acts for/);
        assert.match(text, /Task helper<\/a> <span class="badge problem">Revoked for this person/);
        assert.equal(await store.agents.isRevoked(user.id, agent.clientId), true);
        assert.equal((await lastEntry()).action, "user.agent_revoked");
        assert.equal((await client.post(`${pathOf(user)}/revoke-agent`, { agent: "unknown" })).status, 404);
      });

      it("gives a role by hand", async () => {
        const user = await createPerson();
        await act(user, "role", { role: "admin" });
        assert.equal(await site().acme.store.roles.effective(user.id), "admin");
        assert.deepEqual(
          [(await lastEntry()).action, (await lastEntry()).changed],
          ["user.role_changed", ["role"]],
        );
        assert.equal((await client.post(`${pathOf(user)}/role`, { role: "emperor" })).status, 400);
      });

      it("unlinks an identity by connection and subject", async () => {
        const { user, connection } = await justInTime();
        const subject = `subject-of-${user.loginName}`;
        assert.equal((await submit(client, pathOf(user), "/unlink", { subject: "x" })).status, 404);
        assert.match(
          await act(user, "unlink", { connection: connection.id, subject }),
          /The identity is unlinked/,
        );
        assert.deepEqual(await site().acme.store.identities.ofUser(user.id), []);
      });

      it("deletes a person created just in time, keeps them out on request, and lifts that", async () => {
        const { store } = site().acme;
        const [one, other] = [await justInTime(), await justInTime()];
        assertRedirect(await submit(client, pathOf(one.user), "/delete", { keepOut: "no" }), "/admin/people");
        assertRedirect(
          await submit(client, pathOf(other.user), "/delete", { keepOut: "yes" }),
          "/admin/people",
        );
        assert.match(
          (await client.get("/admin/people")).text,
          /kept out until an administrator lets them in again/,
        );
        const kept = (await store.tombstones.list()).map(({ loginName }) => loginName);
        assert.ok(kept.includes(other.user.loginName) && !kept.includes(one.user.loginName));
        const list = await client.get(`/admin/people/deleted?q=${other.user.loginName.toUpperCase()}`);
        const lift = /action="([^"]*\/lift)"/.exec(list.text)?.[1] ?? assert.fail();
        assertRedirect(await client.post(lift), "/admin/people/deleted");
        assert.equal((await client.post(lift)).status, 404);
        assert.equal((await lastEntry()).action, "tombstone.lifted");
      });

      it("deletes a local account, but not that of an owner", async () => {
        const [admin, other] = [
          await createLocalAccount(site().acme.store, `local-${people++}@acme.example`, "admin"),
          await createLocalAccount(site().acme.store, `local-${people++}@acme.example`, "owner"),
        ];
        assert.doesNotMatch((await client.get(pathOf(other))).text, /action="[^"]*\/delete"/);
        assert.match((await client.get(pathOf(admin))).text, /Okta cannot take it over/);
        assertRedirect(await submit(client, pathOf(admin), "/delete", { keepOut: "no" }), "/admin/people");
        assert.equal(await site().acme.store.users.byId(admin.id), null);
        await act(other, "role", { role: "member" });
      });

      it("refuses to delete a provisioned person, with a sentence", async () => {
        const user = await createPerson();
        const before = await lastEntry();
        const shown = shownOn(await client.get(pathOf(user)));
        const asked = await client.post(`${pathOf(user)}/delete`, { shown, keepOut: "yes" });
        assertRedirect(asked, pathOf(user));
        assert.match((await client.get(pathOf(user))).text, /Provisioning manages this person/);
        assert.ok(await site().acme.store.users.byId(user.id));
        assert.deepEqual(await lastEntry(), before);
      });

      it("on an owner is neither offered to an admin nor accepted from one", async () => {
        const admin = await createLocalAccount(site().acme.store, `admin-${people++}@acme.example`, "admin");
        const theirs = await site().clientOf(admin);
        const page = await theirs.get(pathOf(site().owner));
        assert.doesNotMatch(
          page.text,
          /action="\/admin\/people\/[^"]*\/(block|role|unlink|sign-out|delete)"/,
        );
        const text = await act(site().owner, "block", {}, theirs);
        assert.match(text, /Only an owner can do that to an owner\. Nothing was changed/);
        const again = await act(site().owner, "revoke-agent", { agent: "any" }, theirs);
        assert.match(again, /Only an owner can do that to an owner/);
        assert.equal((await client.get("/me")).status, 200);
      });

      it("lets owners, but not admins, approve an owner's sign-in with a connection", async () => {
        const { store, connection: connect } = site().acme;
        const olga = await createPerson({ sourceKey: "00u-olga" });
        await act(olga, "role", { role: "owner" });
        const connection = await connect();
        const approval = { connection: connection.id };
        const admin = await site().clientOf(
          await createLocalAccount(store, "approver@acme.example", "admin"),
        );
        assert.equal((await admin.post(`${pathOf(olga)}/approve`, approval)).status, 404);
        assert.match((await admin.get(pathOf(olga))).text, /until an owner approves it/);
        assert.deepEqual(await store.ownerApprovals.ofUser(olga.id), []);
        assert.match(
          (await client.get(pathOf(olga))).text,
          /Approve sign-in<span class="visually-hidden"> with the OIDC connection/,
        );
        assert.match(await act(olga, "approve", approval), /is linked at their next sign-in/);
        assert.deepEqual(
          [(await lastEntry()).action, (await lastEntry()).targetId],
          ["user.sign_in_approved", olga.id],
        );
        assert.match((await client.get(pathOf(olga))).text, /Approved: the next sign-in/);
        const found = await signIn(store, identityOf(connection, "any name", { subject: "00u-olga" }));
        assert.equal(found.user.id, olga.id);
        await act(olga, "role", { role: "member" });
      });

      it("can neither demote the last owner nor block oneself", async () => {
        assert.match(await act(site().owner, "role", { role: "member" }), /last owner/);
        assert.match(await act(site().owner, "block"), /You cannot block yourself/);
        assert.equal(await site().acme.store.roles.effective(site().owner.id), "owner");
      });
    });
  });
});
