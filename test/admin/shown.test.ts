import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { blockPerson, deletePerson, giveRole } from "../../src/directory/administration.ts";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import type { Connection, SamlSettings, User } from "../../src/model.ts";
import { beginKeyChange } from "../../src/saml/keys.ts";
import type { Database } from "../../src/store/database.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import { pooledKeys } from "../helpers/certificates.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { onEachDatabase, someoneWaits } from "../helpers/databases.ts";
import { formOn, submit } from "../helpers/forms.ts";
import { signingCertificate } from "../helpers/idp-metadata.ts";
import { orgOptions, orgSealer } from "../helpers/org.ts";
import { assertRedirect } from "../helpers/pages.ts";
import { identityOf, provisioned, samlSettings } from "../helpers/people.ts";
import { shownOnce } from "../helpers/seen.ts";
import { type Site, useSite } from "../helpers/site.ts";
import { stateOf } from "./pages-read.ts";

/** The things that the actions change; created again for each test. */
interface World {
  site: Site;
  oidc: Connection;
  saml: Connection & { settings: SamlSettings };
  user: User;
  group: string;
  domain: string;
  by: { userId: string; role: "owner" };
}

/** An action: its form, the values entered, and changes that others make between look and click. */
interface Act {
  page(world: World): string;
  action: string;
  entered?: Record<string, string> | ((world: World) => Record<string, string>);
  meanwhile: Record<string, (world: World) => Promise<unknown>>;
  /** The stored state. A refused action does not change it. */
  state(world: World): Promise<unknown>;
}

let count = 0;

async function createWorld(site: Site): Promise<World> {
  const { store, writer } = site.acme;
  const settings = {
    ...samlSettings,
    certificates: [signingCertificate],
    metadataUrl: "https://provider.invalid/",
  };
  const saml = await site.acme.connection({ type: "saml", settings });
  const oidc = await site.acme.connection();
  await store.connections.update(oidc.id, { testedAt: Date.now() });
  await store.settings.change({ sourceConflict: "adopt", passwordSync: true, activityDays: 365 });
  const user = await provisionUser(store, writer, provisioned(`shown-${count++}@acme.example`));
  await signIn(store, identityOf(oidc, user.loginName));
  const group = randomUUID();
  const source = { sourceId: writer.source.id, sourceKey: null };
  await store.groups.create({ id: group, displayName: `Team ${count}`, ...source });
  const domain = await addDomain(store, `shown-${count}.example`);
  await store.domains.markVerified(domain);
  assert.ok(saml.type === "saml" && saml.settings);
  const by = { userId: site.owner.id, role: "owner" } as const;
  return { site, oidc, saml: { ...saml, settings: saml.settings }, user, group, domain, by };
}

const storeOf = ({ site }: World) => site.acme.store;
const ofOidc = ({ oidc }: World) => `/admin/connections/${oidc.id}`;
const ofSaml = ({ saml }: World) => `/admin/connections/${saml.id}?tab=settings`;
const ofPerson = ({ user }: World) => `/admin/people/${user.id}`;
const ofGroup = ({ group }: World) => `/admin/groups/${group}`;

const otherIssuer = (world: World) =>
  storeOf(world).connections.update(world.oidc.id, {
    settings: { issuer: "https://evil.example", clientId: "0oa-evil" },
  });
const renamed = (world: World) =>
  storeOf(world).users.update(world.user.id, { loginName: `evil-${count++}@b.example` });
const promoted = (world: World) => giveRole(storeOf(world), world.by, world.user.id, "admin");
/** A change by a machine: the metadata names other certificates. */
const otherCertificates = (world: World) =>
  storeOf(world).connections.update(world.saml.id, {
    settings: { ...world.saml.settings, certificates: [] },
  });
const connectionState = (id: (world: World) => string) => (world: World) =>
  storeOf(world).connections.byId(id(world));
const oidcState = connectionState(({ oidc }) => oidc.id);
const samlState = connectionState(({ saml }) => saml.id);
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
  "saving a connection's settings": {
    page: ofSaml,
    action: "/settings",
    entered: ({ saml }) => ({ ...byHand(saml), signed: "response" }),
    meanwhile: { "its certificates": otherCertificates },
    state: samlState,
  },
  "reading metadata again": {
    page: ofSaml,
    action: "/refresh",
    meanwhile: { "its certificates": otherCertificates },
    state: samlState,
  },
  "changing our key": {
    page: ofSaml,
    action: "/keys/begin",
    meanwhile: {
      "the key": (world) =>
        beginKeyChange(
          storeOf(world),
          { sealer: orgSealer, generateKeys: pooledKeys },
          world.saml,
          async () => undefined,
        ),
    },
    state: async (world) =>
      (await storeOf(world).keyPairs.list(world.saml.id)).map(({ generation }) => generation),
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
        storeOf(world).identities.add(world.saml.id, `another-${count++}`, world.user.id),
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

/** The same world with the store of another, open transaction. */
function worldInside(world: World, inside: Database): World {
  const store = forTenant(inside, world.site.acme.store.tenantId);
  return { ...world, site: { ...world.site, acme: { ...world.site.acme, store } } };
}

async function toggleSync(world: World): Promise<void> {
  const passwordSync = !(await settingsState(world))?.passwordSync;
  await storeOf(world).settings.change({ passwordSync });
}

const byHand = ({ settings }: World["saml"]) => ({
  ssoUrl: settings.ssoUrl,
  idpEntityId: settings.idpEntityId,
  certificates: `-----BEGIN CERTIFICATE-----\n${signingCertificate}\n-----END CERTIFICATE-----`,
});

describe("a page that is out of date", () => {
  onEachDatabase((use, engine) => {
    const site = useSite(use, orgOptions);
    let client: Client;
    let world: World;
    beforeEach(async () => {
      client = await site().clientOf(site().owner);
      world = await createWorld(site());
    });
    const enteredIn = ({ entered = {} }: Act) => (typeof entered === "function" ? entered(world) : entered);
    /** The form of an action, on its page as it is now. */
    const look = async (act: Act) => {
      if (act.action === "/delete")
        await storeOf(world).connections.update(world.oidc.id, { status: "disabled" });
      const action = /enforce|remove/.test(act.action) ? `/${world.domain}${act.action}` : act.action;
      return formOn(await client.get(act.page(world)), action);
    };
    /** The page that says what has changed. */
    const refusal = (answer: Answer, page: string): Promise<Answer> =>
      shownOnce(client, answer, page, "Nothing was changed: another person or a machine");

    for (const [name, act] of Object.entries(acts)) {
      for (const [what, change] of Object.entries(act.meanwhile)) {
        it(`refuses ${name} when ${what} has changed, and shows the difference`, async () => {
          const form = await look(act);
          await change(world);
          const before = await act.state(world);
          const refused = await form.send(client, enteredIn(act));
          const { text } = await refusal(refused, act.page(world));
          assert.match(text, /<td data-label="It is now" class="lines">/);
          assert.deepEqual(await act.state(world), before);
        });
      }

      // SQLite has only one writer at a time.
      for (const [what, change] of engine === "PostgreSQL" ? Object.entries(act.meanwhile) : [])
        it(`makes ${name} wait for a concurrent change of ${what}, and compares with its result`, async () => {
          const form = await look(act);
          const posted: Promise<Answer>[] = [];
          await use()
            .openAnother()
            .transaction(async (inside) => {
              await change(worldInside(world, inside));
              posted.push(form.send(client, enteredIn(act)));
              await someoneWaits(inside);
            });
          await refusal((await posted[0]) ?? assert.fail(), act.page(world));
        });

      it(`refuses ${name} when the form's facts are missing or unreadable`, async () => {
        const form = await look(act);
        const before = await act.state(world);
        for (const shown of ["", "nonsense", Buffer.from('{"not":"a list"}').toString("base64url")]) {
          const refused = await form.send(client, { ...enteredIn(act), shown });
          const { text } = await refusal(refused, act.page(world));
          assert.match(text, /probably open during an update/);
        }
        assert.deepEqual(await act.state(world), before);
      });

      it(`allows ${name} when nothing has changed`, async () => {
        const form = await look(act);
        const before = await act.state(world);
        const done = await form.send(client, enteredIn(act));
        assert.equal(done.status, 303, done.text.slice(0, 500));
        assert.notDeepEqual(await act.state(world), before);
      });
    }

    it("refuses the second of two saves, shows the difference, and keeps the values entered", async () => {
      const page = ofSaml(world);
      const [one, other] = [
        formOn(await client.get(page), "/settings"),
        formOn(await client.get(page), "/settings"),
      ];
      const entered = byHand(world.saml);
      const tested = page.replace("settings", "test");
      assertRedirect(await one.send(client, { ...entered, signed: "response" }), tested);
      const typed = { ...entered, orgUrl: "https://typed.example", appInstanceId: "0oaTyped" };
      assertRedirect(await other.send(client, typed), page);
      const refused = await client.get(page);
      assert.match(refused.text, /<td data-label="What">What is signed<\/td>/);
      assert.match(refused.text, /name="orgUrl"[^>]*value="https:\/\/typed\.example"/);
      assert.equal((await samlSettingsNow()).signed, "response");
      const again = formOn(refused, "/settings");
      assertRedirect(await again.send(client, { ...typed, signed: "response" }), tested);
      assert.equal((await samlSettingsNow()).appInstanceId, "0oaTyped");
    });

    async function samlSettingsNow(): Promise<SamlSettings> {
      const now = await storeOf(world).connections.byId(world.saml.id);
      assert.ok(now?.type === "saml" && now.settings);
      return now.settings;
    }

    it("shows the difference together with an error in the form, and again if there is another one", async () => {
      const page = ofSaml(world);
      const form = formOn(await client.get(page), "/settings");
      await otherCertificates(world);
      await form.send(client, { ...byHand(world.saml), appInstanceId: "wrong" });
      const wrong = await client.get(page);
      assert.match(stateOf(wrong, "appInstanceId"), /starts with 0oa/);
      assert.match(wrong.text, /<td data-label="What">Signing certificates<\/td>/);
      const corrected = formOn(wrong, "/settings");
      await storeOf(world).connections.update(world.saml.id, { settings: world.saml.settings });
      await refusal(await corrected.send(client, byHand(world.saml)), page);
    });

    it("answers 404 when the person was deleted", async () => {
      const form = formOn(await client.get(ofPerson(world)), "/role");
      await storeOf(world).users.update(world.user.id, { origin: "just-in-time", sourceId: null });
      await deletePerson(storeOf(world), world.by, world.user.id, false);
      assert.equal((await form.send(client, { role: "owner" })).status, 404);
    });

    it("compares very long values in full", async () => {
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
      const page = ofPerson(world);
      assertRedirect(await client.post(`${page}/sign-out`), page);
      assert.match((await client.get(page)).text, /is signed out everywhere/);
      await submit(client, page, "/block");
      const form = formOn(await client.get(page), "/unblock");
      await renamed(world);
      await refusal(await form.send(client), page);
    });

    it("gets back what a person entered", async () => {
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
