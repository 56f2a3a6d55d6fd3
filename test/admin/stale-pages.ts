import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { provisionUser } from "../../src/directory/provisioning.ts";
import { signIn } from "../../src/directory/sign-in.ts";
import { addDomain } from "../../src/directory/tenants.ts";
import type { Connection, User } from "../../src/model.ts";
import type { Database } from "../../src/store/database.ts";
import { forTenant } from "../../src/store/tenant-store.ts";
import type { Answer, Client } from "../helpers/client.ts";
import { onEachDatabase, someoneWaits, type TestDatabase } from "../helpers/databases.ts";
import { formOn } from "../helpers/forms.ts";
import { orgOptions } from "../helpers/org.ts";
import { identityOf, provisioned } from "../helpers/people.ts";
import { shownOnce } from "../helpers/seen.ts";
import { type Site, useSite } from "../helpers/site.ts";

/** The things that the actions change; created again for each test. */
export interface World {
  site: Site;
  oidc: Connection;
  /** Another connection of the tenant. */
  other: Connection;
  user: User;
  group: string;
  domain: string;
  by: { userId: string; role: "owner" };
}

/** An action: its form, the values entered, and changes that others make between look and click. */
export interface Act<W extends World = World> {
  page(world: W): string;
  action: string;
  entered?: Record<string, string> | ((world: W) => Record<string, string>);
  meanwhile: Record<string, (world: W) => Promise<unknown>>;
  /** The stored state. A refused action does not change it. */
  state(world: W): Promise<unknown>;
}

/** The world of a test, a browser of the owner, and the page that says what has changed. */
export interface StalePage<W extends World> {
  world: W;
  client: Client;
  refusal(answer: Answer, page: string): Promise<Answer>;
}

let count = 0;

export async function createWorld(site: Site): Promise<World> {
  const { store, writer } = site.acme;
  const other = await site.acme.connection();
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
  const by = { userId: site.owner.id, role: "owner" } as const;
  return { site, oidc, other, user, group, domain, by };
}

export const storeOf = ({ site }: World) => site.acme.store;
export const connectionState =
  <W extends World>(id: (world: W) => string) =>
  (world: W) =>
    storeOf(world).connections.byId(id(world));

/** The same world with the store of another, open transaction. */
function worldInside<W extends World>(world: W, inside: Database): W {
  const store = forTenant(inside, world.site.acme.store.tenantId);
  return { ...world, site: { ...world.site, acme: { ...world.site.acme, store } } };
}

/** Defines the tests of actions on pages that are out of date, and those of `more`, for each database. */
export function describeStalePages<W extends World>(
  acts: Record<string, Act<W>>,
  create: (site: Site) => Promise<W>,
  more: (page: () => StalePage<W>) => void,
): void {
  onEachDatabase((use, engine) => {
    const site = useSite(use, orgOptions);
    let client: Client;
    let world: W;
    beforeEach(async () => {
      client = await site().clientOf(site().owner);
      world = await create(site());
    });
    /** The page that says what has changed. */
    const refusal = (answer: Answer, page: string): Promise<Answer> =>
      shownOnce(client, answer, page, "Nothing was changed: another person or a machine");
    const stale = (): StalePage<W> => ({ world, client, refusal });

    for (const [name, act] of Object.entries(acts)) {
      testAct(name, act, stale);
      // SQLite has only one writer at a time.
      if (engine === "PostgreSQL") testConcurrent(name, act, stale, use);
    }
    more(stale);
  });
}

const enteredIn = <W extends World>({ entered = {} }: Act<W>, world: W) =>
  typeof entered === "function" ? entered(world) : entered;

/** The form of an action, on its page as it is now. */
async function look<W extends World>(act: Act<W>, { world, client }: StalePage<W>) {
  if (act.action === "/delete")
    await storeOf(world).connections.update(world.oidc.id, { status: "disabled" });
  const action = /enforce|remove/.test(act.action) ? `/${world.domain}${act.action}` : act.action;
  return formOn(await client.get(act.page(world)), action);
}

function testAct<W extends World>(name: string, act: Act<W>, stale: () => StalePage<W>): void {
  for (const [what, change] of Object.entries(act.meanwhile)) {
    it(`refuses ${name} when ${what} has changed, and shows the difference`, async () => {
      const { world, client, refusal } = stale();
      const form = await look(act, stale());
      await change(world);
      const before = await act.state(world);
      const refused = await form.send(client, enteredIn(act, world));
      const { text } = await refusal(refused, act.page(world));
      assert.match(text, /<td data-label="It is now" class="lines">/);
      assert.deepEqual(await act.state(world), before);
    });
  }

  it(`refuses ${name} when the form's facts are missing or unreadable`, async () => {
    const { world, client, refusal } = stale();
    const form = await look(act, stale());
    const before = await act.state(world);
    for (const shown of ["", "nonsense", Buffer.from('{"not":"a list"}').toString("base64url")]) {
      const refused = await form.send(client, { ...enteredIn(act, world), shown });
      const { text } = await refusal(refused, act.page(world));
      assert.match(text, /probably open during an update/);
    }
    assert.deepEqual(await act.state(world), before);
  });

  it(`allows ${name} when nothing has changed`, async () => {
    const { world, client } = stale();
    const form = await look(act, stale());
    const before = await act.state(world);
    const done = await form.send(client, enteredIn(act, world));
    assert.equal(done.status, 303, done.text.slice(0, 500));
    assert.notDeepEqual(await act.state(world), before);
  });
}

function testConcurrent<W extends World>(
  name: string,
  act: Act<W>,
  stale: () => StalePage<W>,
  use: () => TestDatabase,
): void {
  for (const [what, change] of Object.entries(act.meanwhile))
    it(`makes ${name} wait for a concurrent change of ${what}, and compares with its result`, async () => {
      const { world, client, refusal } = stale();
      const form = await look(act, stale());
      const posted: Promise<Answer>[] = [];
      await use()
        .openAnother()
        .transaction(async (inside) => {
          await change(worldInside(world, inside));
          posted.push(form.send(client, enteredIn(act, world)));
          await someoneWaits(inside);
        });
      await refusal((await posted[0]) ?? assert.fail(), act.page(world));
    });
}
