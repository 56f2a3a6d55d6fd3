import { type DemoTenant, loginOf } from "../../../../src/demo/cast.ts";
import type { Protocol } from "../../../../src/recording.ts";
import type { Glimpse } from "./glimpse.ts";

/** One step of the story, as the page shows it. */
export interface Step {
  /** Names the step in addresses and tests. */
  id: string;
  title: string;
  /** What to do, in order. */
  actions: Action[];
  /** What there is to see, and why it is so. */
  look: string;
  /** Where it happens in the code. */
  files: string[];
  /** Which messages the inspector has of it. */
  messages: Protocol;
  /** What the application knows at this moment. */
  now: string;
}

export interface Action {
  text: string;
  link?: { label: string; href: string };
  /** Something to enter there. */
  value?: string;
}

/** Where the story happens. */
export interface Stage {
  tenant: DemoTenant;
  /** The tenant's app at the org. */
  appId: string;
  orgUrl: string;
  glimpse: Glimpse;
}

/** What somebody does at the org to be signed in there. */
export function signInAt({ tenant, orgUrl, glimpse }: Stage, name: string): Action {
  const current = name === tenant.people[0] ? glimpse.star?.user.loginName : undefined;
  const query = new URLSearchParams({ username: current ?? loginOf(name, tenant) });
  return {
    text: `Sign in at the org as ${name}.`,
    link: { label: "Org sign-in", href: `${orgUrl}/login?${query}` },
  };
}

export function openTile({ orgUrl }: Stage): Action {
  return { text: "Choose the tile.", link: { label: "Dashboard", href: `${orgUrl}/app/UserHome` } };
}

/** The login name that the story's person has at this moment. */
export function loginNow({ tenant, glimpse }: Stage): string {
  return glimpse.star?.user.loginName ?? loginOf(tenant.people[0], tenant);
}
