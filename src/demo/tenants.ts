import type { ConnectionType } from "../model.ts";
import { connectionTypes } from "../sign-in-protocols.ts";

/** A customer in the demo. There are two, to show that neither sees the other's data. */
export interface DemoTenant {
  slug: string;
  name: string;
  domain: string;
  protocol: ConnectionType;
  /** Has a local account with the demo's password, for when single sign-on is broken. */
  owner: string;
  /** In the org, and provisioned. The story is about the first; the second appears in one of its steps. */
  people: [string, string, ...string[]];
  /** In the org and assigned, but not provisioned yet: is created by signing in. */
  guest: string;
  groups: { name: string; members: string[]; role?: "admin" }[];
}

/** The second customer signs in by another protocol than the first, if the product has one. */
const otherProtocol = connectionTypes.at(-1) ?? "oidc";

export const demoTenants: readonly DemoTenant[] = [
  {
    slug: "acme",
    name: "Acme Rockets",
    domain: "acme.example",
    protocol: "oidc",
    owner: "Ada Lovelace",
    people: ["Grace Hopper", "Alan Turing", "Katherine Johnson", "Edsger Dijkstra"],
    guest: "Hedy Lamarr",
    groups: [
      { name: "Propulsion", members: ["Grace Hopper", "Edsger Dijkstra"] },
      { name: "Acme Admins", members: ["Katherine Johnson"], role: "admin" },
    ],
  },
  {
    slug: "globex",
    name: "Globex Gardens",
    domain: "globex.example",
    protocol: otherProtocol,
    owner: "Barbara Liskov",
    people: ["Radia Perlman", "Donald Knuth", "Frances Allen"],
    guest: "Margaret Hamilton",
    groups: [
      { name: "Greenhouse", members: ["Radia Perlman", "Donald Knuth"] },
      { name: "Globex Admins", members: ["Frances Allen"], role: "admin" },
    ],
  },
];

export function loginOf(name: string, { domain }: Pick<DemoTenant, "domain">): string {
  return `${name.split(" ")[0]?.toLowerCase()}@${domain}`;
}

/** The id of a person (`00u`), a group (`00g`) or an agent (`wlp`) at the stand-in. Derived from the name, so that pages can link to it. */
export function orgIdOf(prefix: "00u" | "00g" | "wlp", name: string): string {
  return (
    prefix +
    name
      .toLowerCase()
      .replaceAll(/[^a-z]/g, "")
      .padEnd(17, "0")
      .slice(0, 17)
  );
}

export function namesOf(name: string): { givenName: string; familyName: string; displayName: string } {
  const [givenName = "", familyName = ""] = name.split(" ");
  return { givenName, familyName, displayName: name };
}

/** The demo's own pages, served by the application. */
export const demoPaths = {
  story: "/demo",
  /** Leads to the current step of a customer's story; with an Okta org of your own, the list of steps. */
  storyOf: (slug: string) => `/demo/${slug}`,
  /** All steps on one page, to print. */
  allOf: (slug: string) => `/demo/${slug}/all`,
  stepOf: (slug: string, step: string) => `/demo/${slug}/${step}`,
  /** Tells an open step that something changed. */
  eventsOf: (slug: string, step: string) => `/demo/${slug}/${step}/events`,
  /** Carries out a prepared act. They are counted from 1. */
  actOf: (slug: string, step: string, act: number | string) => `/demo/${slug}/${step}/acts/${act}`,
  /** The ids of completed steps, as JSON; with an Okta org of your own. */
  doneOf: (slug: string) => `/demo/${slug}/done`,
  /** Leads to the inspector. At a public address, people who may not see it sign in as the owner first. */
  messagesOf: (slug: string) => `/demo/${slug}/messages`,
  /** Every component of the pages, in all its states. */
  components: "/demo/components",
  /** The mails that the application sent. */
  mail: "/demo/mail",
  reset: "/demo/reset",
} as const;
