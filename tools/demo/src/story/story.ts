import { type DemoTenant, loginOf } from "../../../../src/demo/tenants.ts";
import type { Protocol } from "../../../../src/recording.ts";
import type { StorySnapshot } from "./snapshot.ts";

/** One step of the story, as the page shows it. */
export interface StoryStep {
  /** Names the step in addresses and tests. */
  id: string;
  title: string;
  /** What to do, in order. */
  actions: StoryAction[];
  /** What there is to see, and why it is so. */
  look: string;
  /** Where it happens in the code. */
  files: string[];
  /** Which messages the inspector has of it. */
  messages: Protocol;
  /** What the application knows at this moment. */
  now: string;
}

export interface StoryAction {
  text: string;
  link?: { label: string; href: string };
  /** Something to enter there. */
  value?: string;
}

/** Where the story happens. */
export interface StoryContext {
  tenant: DemoTenant;
  /** The tenant's app at the org. */
  appId: string;
  orgUrl: string;
  snapshot: StorySnapshot;
}

/** What somebody does at the org to be signed in there. */
export function signInAtOrg({ tenant, orgUrl, snapshot }: StoryContext, name: string): StoryAction {
  const current = name === tenant.people[0] ? snapshot.star?.user.loginName : undefined;
  const query = new URLSearchParams({ username: current ?? loginOf(name, tenant) });
  return {
    text: `Sign in at the org as ${name}.`,
    link: { label: "Org sign-in", href: `${orgUrl}/login?${query}` },
  };
}

export function openTile({ orgUrl }: StoryContext): StoryAction {
  return { text: "Choose the tile.", link: { label: "Dashboard", href: `${orgUrl}/app/UserHome` } };
}

/** The login name that the story's person has at this moment. */
export function currentLogin({ tenant, snapshot }: StoryContext): string {
  return snapshot.star?.user.loginName ?? loginOf(tenant.people[0], tenant);
}
