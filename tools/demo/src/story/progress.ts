import { type DemoTenant, loginOf } from "../../../../src/demo/tenants.ts";
import type { RecordedActivity } from "../../../../src/store/tenant/activity.ts";
import type { TenantStore } from "../../../../src/store/tenant-store.ts";
import type { StorySnapshot } from "./snapshot.ts";
import type { AgentAtOrg } from "./story.ts";

/** The course of a customer's story, as the application knows it. */
export interface StoryFacts {
  snapshot: StorySnapshot;
  agentAtOrg: AgentAtOrg;
  /** Oldest first. */
  activity: readonly RecordedActivity[];
  /** Whether a sign-in began at the application. */
  beganHere: boolean;
  /** When the agent's calls were answered well, in ms since the epoch. */
  agentCalls: readonly number[];
  /** The id of the group whose members are administrators. */
  adminGroupId: string | null;
}

/** More than a story takes, from the reset on. */
const readAtMost = 1_000;

export async function readFacts(
  store: TenantStore,
  tenant: DemoTenant,
  known: Pick<StoryFacts, "snapshot" | "agentAtOrg">,
): Promise<StoryFacts> {
  const admins = tenant.groups.find(({ role }) => role === "admin")?.name ?? "";
  const calls = { protocol: "cross-app-access", verdict: "passed" } as const;
  const [latest, beganHere, answered, group] = await Promise.all([
    store.activity.latest(readAtMost),
    hasBegunHere(store, tenant),
    store.inspector.after(calls, 0, readAtMost),
    store.groups.byName(admins),
  ]);
  const agentCalls = answered.map(({ at }) => at);
  return { ...known, activity: latest.reverse(), beganHere, agentCalls, adminGroupId: group?.id ?? null };
}

/** A sign-in from a tile has other messages, or another address. */
async function hasBegunHere(store: TenantStore, { protocol }: DemoTenant): Promise<boolean> {
  const messages = await store.inspector.after({ protocol, verdict: "passed" }, 0, readAtMost);
  if (messages.some(({ step }) => step === "Authentication request")) return true; // SAML
  for (const { seq, step } of messages) {
    if (step !== "Authorization request") continue;
    const [line = ""] = (await store.inspector.bySeq(seq))?.request?.head ?? [];
    if (line.includes("/login")) return true;
  }
  return false;
}

type Tick = (facts: StoryFacts, tenant: DemoTenant) => boolean;

/** By the step's id: whether the application has seen its effect. */
const ticks: Record<string, Tick> = {
  tile: ({ activity, snapshot }) => has(activity, signedIn(snapshot.star)),
  "login-page": ({ beganHere }) => beganHere,
  "just-in-time": ({ snapshot }) => snapshot.guest !== null,
  adoption: ({ snapshot }) => snapshot.guest?.user.origin === "scim",
  role: (facts) => hasBeenAdministrator(facts),
  rename: ({ snapshot }, tenant) =>
    snapshot.star !== null && snapshot.star.user.loginName !== loginOf(tenant.people[0], tenant),
  "weak-signature": ({ activity }) => has(activity, ({ reason }) => reason === "saml-sha1"), // SAML
  "other-session": ({ activity, snapshot }) => has(activity, signedIn(snapshot.second)),
  "agent-asks": ({ activity }) => has(activity, isIssue),
  "agent-writes": ({ activity }) => has(activity, isWorkOfAgent),
  "agent-disconnected": ({ agentAtOrg }) => agentAtOrg.isReconnected,
  "agent-logout": (facts) => logouts(facts).includes("agent"),
  "agent-blocked": ({ activity }) => has(activity, ({ action }) => action === "agent.unblocked"),
  "universal-logout": (facts) => logouts(facts).includes("browser"),
  deactivation: ({ activity, snapshot }) => has(activity, changeOf(snapshot.star, "user.deactivated")),
  reactivation: ({ activity, snapshot }) => has(activity, isReturn(snapshot.star)),
};

/** Whether the step's effect was seen. A step without a rule is a mistake, which a test finds. */
export function isDone(step: string, facts: StoryFacts, tenant: DemoTenant): boolean {
  return ticks[step]?.(facts, tenant) ?? false;
}

/** The steps that the table knows, for the test. */
export const tickedSteps = Object.keys(ticks);

type Test = (entry: RecordedActivity) => boolean;

const has = (activity: readonly RecordedActivity[], test: Test) => activity.some(test);
const isIssue: Test = ({ action }) => action === "access.issued";
const isWorkOfAgent: Test = ({ actorKind, action }) => actorKind === "agent" && !action.startsWith("access.");

function signedIn(person: StorySnapshot["star"]): Test {
  return ({ action, actorId, targetId }) =>
    person !== null && action === "sign_in.succeeded" && actorId === person.user.id && targetId !== null;
}

function changeOf(person: StorySnapshot["star"], wanted: string): Test {
  return ({ action, targetId }) => person !== null && action === wanted && targetId === person.user.id;
}

function isReturn(person: StorySnapshot["star"]): Test {
  const [activated, revived] = [changeOf(person, "user.activated"), changeOf(person, "user.revived")];
  return (entry) => activated(entry) || revived(entry);
}

/** The group changed twice since the first person came, and the story's person is not an administrator any more. */
function hasBeenAdministrator({ activity, adminGroupId, snapshot }: StoryFacts): boolean {
  const first = activity.findIndex(({ action }) => action === "sign_in.succeeded");
  const changes = activity
    .slice(Math.max(first, 0))
    .filter(({ action, targetId }) => action === "group.updated" && targetId === adminGroupId);
  return first >= 0 && changes.length > 1 && snapshot.star?.role === "member";
}

/** By Universal Logout of the person: it is about the agent's token or a browser's session, the one that was used last. */
function logouts({ activity, agentCalls, snapshot }: StoryFacts): ("agent" | "browser")[] {
  const timesOf = (test: Test) => activity.filter(test).map(({ at }) => at);
  const signIns = timesOf(signedIn(snapshot.star));
  const lastBefore = (times: readonly number[], end: number) =>
    Math.max(0, ...times.filter((at) => at < end));
  return timesOf(changeOf(snapshot.star, "user.signed_out")).map((end) =>
    lastBefore(agentCalls, end) > lastBefore(signIns, end) ? "agent" : "browser",
  );
}
