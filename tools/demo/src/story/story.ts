import { brand } from "../../../../config/brand.ts";
import { type DemoTenant, loginOf } from "../../../../src/demo/tenants.ts";
import type { Protocol } from "../../../../src/recording.ts";
import type { StorySnapshot } from "./snapshot.ts";

/** One step of the story, as the page shows it. */
export interface StoryStep {
  /** Identifies the step in URLs and tests. */
  id: string;
  title: string;
  /** Instructions in order. */
  actions: StoryAction[];
  /** The visible effect, and the reason for it. */
  look: string;
  /** The source files to read. */
  files: string[];
  /** The protocol whose messages the inspector shows. */
  messages: Protocol;
  /** The application's state at this moment, as a sentence. */
  now: string;
}

export interface StoryAction {
  text: string;
  link?: { label: string; href: string };
  /** A value to enter there. */
  value?: string;
}

/** Some steps under a heading. */
export interface StoryChapter {
  title: string;
  steps: StoryStep[];
}

/** The setting of the story. */
export interface StoryContext {
  tenant: DemoTenant;
  /** The tenant's app at the org. */
  appId: string;
  orgUrl: string;
  agentUrl: string;
  /** The application's origin. */
  baseUrl: string;
  snapshot: StorySnapshot;
}

/** The instruction to sign in at the org. */
export function signInAtOrg({ tenant, orgUrl, snapshot }: StoryContext, name: string): StoryAction {
  const current = name === tenant.people[0] ? snapshot.star?.user.loginName : undefined;
  const query = new URLSearchParams({ username: current ?? loginOf(name, tenant) });
  return {
    text: `Sign in at the org as ${name}.`,
    link: { label: "Org sign-in", href: `${orgUrl}/login?${query}` },
  };
}

export function openTile({ tenant, orgUrl }: StoryContext): StoryAction {
  const text = `Choose the tile “${brand.productName} (${tenant.name})”.`;
  return { text, link: { label: "Dashboard", href: `${orgUrl}/app/UserHome` } };
}

/** The current login name of the story's first person. */
export function currentLogin({ tenant, snapshot }: StoryContext): string {
  return snapshot.star?.user.loginName ?? loginOf(tenant.people[0], tenant);
}
