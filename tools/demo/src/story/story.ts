import { brand } from "../../../../config/brand.ts";
import { type DemoTenant, loginOf } from "../../../../src/demo/tenants.ts";
import type { Protocol } from "../../../../src/recording.ts";
import { landingPath } from "../../../../src/web/home.ts";
import type { StorySnapshot, StoryState } from "./snapshot.ts";

/** One step of the story. */
export interface StoryStep {
  /** Identifies the step in URLs and tests. */
  id: string;
  title: string;
  /** The instructions as buttons: the demo carries out each act, or leads to its page. */
  acts: PreparedAct[];
  /** The same by hand, in order. */
  actions: StoryAction[];
  /** The visible effect, and the reason for it. */
  look: string;
  /** The source files to read. */
  files: string[];
  /** The protocol whose messages the inspector shows. */
  messages: Protocol;
  /** The application's state at this moment. */
  now: StoryState;
}

export interface StoryAction {
  text: string;
  link?: { label: string; href: string };
  /** A value to enter there. */
  value?: string;
}

/** An act of the story, prepared. Its parts happen in the order in which they are listed here. */
export interface PreparedAct {
  label: string;
  /** Ends the browser's session in the application. */
  signsOut?: true;
  /** Signs the browser in as the customer's owner. */
  asOwner?: true;
  /** A form of the org's Admin Console, sent as its administrator would send it. */
  atOrg?: { path: string; form: Readonly<Record<string, string>> };
  /** Where the browser goes; it stays on the step if absent. */
  to?: string;
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
  agentAtOrg: AgentAtOrg;
}

/** The agent at the org. */
export interface AgentAtOrg {
  /** The app that people sign in to. */
  appId: string;
  /** The agent's resource connection to the customer's app; "none" if it was deleted. */
  connectionId: string;
  /** Whether the resource connection is another one than the org began with. */
  isReconnected: boolean;
}

/** The instruction to sign in at the org. */
export function signInAtOrg(context: StoryContext, name: string): StoryAction {
  const query = new URLSearchParams({ username: loginNow(context, name) });
  return {
    text: `Sign in at the org as ${name}.`,
    link: { label: "Org sign-in", href: `${context.orgUrl}/login?${query}` },
  };
}

export function openTile({ tenant, orgUrl }: StoryContext): StoryAction {
  const text = `Choose the tile “${brand.productName} (${tenant.name})”.`;
  return { text, link: { label: "Dashboard", href: `${orgUrl}/app/UserHome` } };
}

/** The page after sign-in. */
export const landing = { label: brand.navigation[0]?.label ?? "Your account", href: landingPath };

/** Signs the browser in at the org, and opens the customer's tile there. The application's session ends first. */
export function beAndOpenTile(context: StoryContext, name: string): PreparedAct {
  const label = `Be ${firstNameOf(name)} at the org, and open the tile`;
  return { label, signsOut: true, to: tileUrl(context, name, `demo_app/${context.appId}`) };
}

/** Signs the browser in at the org, and opens the agent's tile there. */
export function beAndOpenAgent(context: StoryContext, name: string, agent: string): PreparedAct {
  const label = `Be ${firstNameOf(name)} at the org, and sign in to ${agent}`;
  return { label, to: tileUrl(context, name, `task_helper/${context.agentAtOrg.appId}`) };
}

/** The stand-in's link that signs a person in, and leads on to a tile. */
function tileUrl(context: StoryContext, name: string, tile: string): string {
  const query = new URLSearchParams({ username: loginNow(context, name), fromURI: `/home/${tile}/aln` });
  return `${context.orgUrl}/sign-in-by-link?${query}`;
}

/** The current login name of the story's first person. */
export function currentLogin(context: StoryContext): string {
  return loginNow(context, context.tenant.people[0]);
}

function loginNow({ tenant, snapshot }: StoryContext, name: string): string {
  const current = name === tenant.people[0] ? snapshot.star?.user.loginName : undefined;
  return current ?? loginOf(name, tenant);
}

export function firstNameOf(name: string): string {
  return name.split(" ")[0] ?? name;
}
