import type { Request } from "express";
import type { Config } from "../../../../src/config.ts";
import { type DemoTenant, demoTenants } from "../../../../src/demo/tenants.ts";
import { NotFoundError } from "../../../../src/errors.ts";
import type { Connection } from "../../../../src/model.ts";
import { providerIn } from "../../../../src/sign-in-protocols.ts";
import type { Database } from "../../../../src/store/database.ts";
import { systemStore } from "../../../../src/store/system-store.ts";
import { forTenant, type TenantStore } from "../../../../src/store/tenant-store.ts";
import { isDone, readFacts } from "./progress.ts";
import { takeSnapshot } from "./snapshot.ts";
import { storyChapters } from "./steps.ts";
import type { AgentAtOrg, StoryChapter, StoryStep } from "./story.ts";

/** The dependencies of the story's pages. */
export interface StoryDeps {
  database: Database;
  config: Config;
  /** The password of the owners' accounts. */
  password: string;
  /** The URL of the stand-in org. */
  orgUrl: string;
  /** The URL of the AI agent. */
  agentUrl: string;
  /** The agent at the org, and its connection to a customer's app. */
  agentAtOrg(appId: string): AgentAtOrg;
  /** Resets the demo to its initial state. */
  reset(): Promise<void>;
}

/** A step, and whether the application has seen its effect. */
interface TickedStep extends StoryStep {
  number: number;
  done: boolean;
}

/** A customer's story at this moment. */
export interface Story {
  tenant: DemoTenant;
  store: TenantStore;
  chapters: StoryChapter[];
  steps: TickedStep[];
}

/** Reads the story of the customer in the path. Throws NotFoundError. */
export async function readStory(deps: StoryDeps, req: Request): Promise<Story> {
  const tenant = tenantIn(req);
  const stored = await systemStore(deps.database).tenants.bySlug(tenant.slug);
  const store = stored && forTenant(deps.database, stored.id);
  const connection = store && (await connectionOf(store, tenant));
  if (!store || !connection)
    throw new NotFoundError("This customer is not as the demo left it: reset the demo.");
  const snapshot = await takeSnapshot(deps.database, store, tenant);
  const appId = appIdOf(connection);
  const { orgUrl, agentUrl } = deps;
  const known = { snapshot, agentAtOrg: deps.agentAtOrg(appId) };
  const { baseUrl } = deps.config;
  const chapters = storyChapters({ tenant, appId, orgUrl, agentUrl, baseUrl, ...known });
  const facts = await readFacts(store, tenant, known);
  const steps = chapters
    .flatMap((chapter) => chapter.steps)
    .map((step, index) => ({ ...step, number: index + 1, done: isDone(step.id, facts, tenant) }));
  return { tenant, store, chapters, steps };
}

/** The ids of a customer's steps in their order, without a look at the database. */
export function stepIdsOf(tenant: DemoTenant): string[] {
  const snapshot = { star: null, second: null, guest: null, agent: null, clientId: "" };
  const agentAtOrg = { appId: "", connectionId: "", isReconnected: false };
  const nowhere = { appId: "", orgUrl: "", agentUrl: "", baseUrl: "http://localhost" };
  return storyChapters({ tenant, ...nowhere, snapshot, agentAtOrg }).flatMap(({ steps }) =>
    steps.map(({ id }) => id),
  );
}

/** Throws NotFoundError. */
export function tenantIn(req: Request): DemoTenant {
  const tenant = tenantOf(String(req.params.slug));
  if (!tenant) throw new NotFoundError("The story has no such customer.");
  return tenant;
}

export function tenantOf(slug: string | undefined): DemoTenant | undefined {
  return demoTenants.find((one) => one.slug === slug);
}

async function connectionOf(
  store: TenantStore,
  { slug, protocol }: DemoTenant,
): Promise<Connection | undefined> {
  return (await store.connections.list()).find(({ key, type }) => key === slug && type === protocol);
}

function appIdOf({ settings }: Connection): string {
  return (settings && providerIn(settings).appId) ?? "";
}

/** Whether the application's address is on this machine: only then, the demo signs people in and shows passwords. */
export function isLocal({ config }: Pick<StoryDeps, "config">): boolean {
  return ["localhost", "127.0.0.1", "[::1]"].includes(new URL(config.baseUrl).hostname);
}
