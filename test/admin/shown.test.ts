import assert from "node:assert/strict";
import { blockPerson, deletePerson, giveRole } from "../../src/directory/administration.ts";
import { formOn, submit } from "../helpers/forms.ts";
import { assertRedirect } from "../helpers/pages.ts";
import {
  type Act,
  connectionState,
  createWorld,
  describeStalePages,
  storeOf,
  type World,
} from "./stale-pages.ts";

let count = 0;

const ofOidc = ({ oidc }: World) => `/admin/connections/${oidc.id}`;
const ofPerson = ({ user }: World) => `/admin/people/${user.id}`;
const ofGroup = ({ group }: World) => `/admin/groups/${group}`;

const otherIssuer = (world: World) =>
  storeOf(world).connections.update(world.oidc.id, {
    settings: { issuer: "https://evil.example", clientId: "0oa-evil" },
  });
const renamed = (world: World) =>
  storeOf(world).users.update(world.user.id, { loginName: `evil-${count++}@b.example` });
const promoted = (world: World) => giveRole(storeOf(world), world.by, world.user.id, "admin");
const oidcState = connectionState(({ oidc }) => oidc.id);
const personState = async (world: World) => [
  await storeOf(world).users.byId(world.user.id),
  await storeOf(world).roles.grantsOf(world.user.id),
  await storeOf(world).identities.ofUser(world.user.id),
];
const domainState = (world: World) => storeOf(world).domains.find(world.domain);
const settingsState = (world: World) => storeOf(world).settings.read();
const limitsState = (world: World) => storeOf(world).sessions.limits();
const groupState = (world: World) => storeOf(world).roles.mappedGroups([world.group]);

const person = { page: ofPerson, state: personState };
const acts: Record<string, Act> = {
  "switching a connection off": {
    page: ofOidc,
    action: "/disable",
    meanwhile: { "its issuer": otherIssuer },
    state: oidcState,
  },
  "deleting a connection": {
    page: ofOidc,
    action: "/delete",
    meanwhile: { "its issuer": otherIssuer },
    state: oidcState,
  },
  "giving a role": {
    ...person,
    action: "/role",
    entered: { role: "owner" },
    meanwhile: {
      "the login name": renamed,
      "the role": promoted,
      "the block": (world) => blockPerson(storeOf(world), world.by, world.user.id),
    },
  },
  "blocking a person": { ...person, action: "/block", meanwhile: { "the login name": renamed } },
  "unlinking an identity": {
    ...person,
    action: "/unlink",
    meanwhile: {
      "the role": promoted,
      "the identities": (world) =>
        storeOf(world).identities.add(world.other.id, `another-${count++}`, world.user.id),
    },
  },
  "a group's role": {
    page: ofGroup,
    action: "/role",
    meanwhile: {
      "its name": (world) =>
        storeOf(world).groups.update(world.group, { displayName: `Everyone ${count++}` }),
    },
    state: groupState,
  },
  "enforcing a connection": {
    page: () => "/admin/domains",
    action: "/enforce",
    entered: ({ oidc }) => ({ connection: oidc.id }),
    meanwhile: { "the connection's issuer": otherIssuer },
    state: domainState,
  },
  "removing a domain": {
    page: () => "/admin/domains",
    action: "/remove",
    meanwhile: {
      "its enforced connection": (world) => storeOf(world).domains.enforce(world.domain, world.oidc.id),
    },
    state: domainState,
  },
  "provisioning's settings": {
    page: () => "/admin/provisioning",
    action: "/provisioning/settings",
    entered: { sourceConflict: "refuse" },
    meanwhile: {
      "the same settings": (world) => toggleSync(world),
    },
    state: settingsState,
  },
  "the limits of sessions": {
    page: () => "/admin/sessions",
    action: "/limits",
    entered: { idle: "1", idleUnit: "hours", absolute: "2", absoluteUnit: "days" },
    meanwhile: {
      "the same limits": (world) =>
        storeOf(world).sessions.changePolicy({ idleMinutes: 30 + count++, absoluteMinutes: 1440 }),
    },
    state: limitsState,
  },
  "the retention of activity": {
    page: () => "/admin/activity",
    action: "/retention",
    entered: { days: "40" },
    meanwhile: {
      "the same setting": (world) => storeOf(world).settings.change({ activityDays: 50 + count++ }),
    },
    state: settingsState,
  },
};

async function toggleSync(world: World): Promise<void> {
  const passwordSync = !(await settingsState(world))?.passwordSync;
  await storeOf(world).settings.change({ passwordSync });
}

describe("a page that is out of date", () => {
  describeStalePages(acts, createWorld, (stale) => {
    it("answers 404 when the person was deleted", async () => {
      const { world, client } = stale();
      const form = formOn(await client.get(ofPerson(world)), "/role");
      await storeOf(world).users.update(world.user.id, { origin: "just-in-time", sourceId: null });
      await deletePerson(storeOf(world), world.by, world.user.id, false);
      assert.equal((await form.send(client, { role: "owner" })).status, 404);
    });

    it("compares very long values in full", async () => {
      const { world, client, refusal } = stale();
      const values = Array.from({ length: 20 }, (_, index) => `${index}`.padEnd(150, "x"));
      const mapping = (last: string) => ({ name: "groups", adminValues: [...values.slice(0, 19), last] });
      const settings = { issuer: "https://acme.okta.example", clientId: "0oa1" };
      const change = (last: string) =>
        storeOf(world).connections.update(world.oidc.id, {
          settings: { ...settings, roleMapping: mapping(last) },
        });
      await change("Managers");
      const form = formOn(await client.get(ofOidc(world)), "/disable");
      await change("Everyone");
      const refused = await form.send(client);
      await refusal(refused, ofOidc(world));
      await change("Managers");
      assertRedirect(await form.send(client), ofOidc(world));
    });

    it("does not prevent signing a person out", async () => {
      const { world, client, refusal } = stale();
      const page = ofPerson(world);
      assertRedirect(await client.post(`${page}/sign-out`), page);
      assert.match((await client.get(page)).text, /is signed out everywhere/);
      await submit(client, page, "/block");
      const form = formOn(await client.get(page), "/unblock");
      await renamed(world);
      await refusal(await form.send(client), page);
    });

    it("gets back what a person entered", async () => {
      const { world, client, refusal } = stale();
      const form = formOn(await client.get("/admin/activity"), "/retention");
      await storeOf(world).settings.change({ activityDays: 50 + count++ });
      const { text } = await refusal(await form.send(client, { days: "40" }), "/admin/activity");
      assert.match(text, /<details class="confirm" open>[\s\S]*id="days" name="days" value="40"/);
      const again = formOn(await client.get("/admin/activity"), "/retention");
      assert.equal((await again.send(client, { days: "40" })).status, 303);
      assert.equal((await storeOf(world).settings.read())?.activityDays, 40);
    });
  });
});
