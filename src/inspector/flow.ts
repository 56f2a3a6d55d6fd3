import { paths } from "../endpoints.ts";
import { type FlowKind, protocolNames, type RecordedCheck } from "../recording.ts";
import type { MessageFlow, MessageSummary } from "../store/tenant/inspector.ts";
import { lanesOf, type Sequence } from "./sequence.ts";

/** A flow as lists and its page show it. */
export interface ShownFlow extends MessageFlow {
  /** One sentence: "bill@acme.example signed in". */
  title: string;
  /** The one person concerned; null if no message names one. */
  person: string | null;
  /** The names of its protocols: "OIDC". */
  protocol: string;
  /** Failed if one of its messages failed. */
  verdict: RecordedCheck["verdict"];
  /** When it began, in ms since 1970, and how long it took, in ms. */
  at: number;
  ms: number;
  /** The UTC day on which it began, as an ISO date and in words. */
  day: string;
  dayName: string;
}

/** Summarises a flow that has at least one message. */
export function describeFlow({ id, messages }: MessageFlow): ShownFlow {
  const person = messages.findLast((message) => message.person !== null)?.person ?? null;
  const hasFailed = messages.some(({ verdict }) => verdict === "failed");
  const at = Math.min(...messages.map((message) => message.at));
  const end = Math.max(...messages.map((message) => message.at + message.ms));
  return {
    id,
    messages,
    title: titleOf(messages, person, hasFailed),
    person,
    protocol: [...new Set(messages.map(({ protocol }) => protocolNames[protocol]))].join(", "),
    verdict: hasFailed ? "failed" : "passed",
    at,
    ms: end - at,
    day: new Date(at).toISOString().slice(0, 10),
    dayName: dayFormat.format(at),
  };
}

const dayFormat = new Intl.DateTimeFormat("en-GB", {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
  timeZone: "UTC",
});

type Title = (person: string | null, hasFailed: boolean, messages: readonly MessageSummary[]) => string;

const titles: Record<FlowKind, Title> = {
  "sign-in": (person, hasFailed, messages) => {
    if (hasFailed) return `${person ?? "A person"} was not signed in`;
    const isDone = messages.some(({ step }) => step === "Sign-in");
    return `${person ?? "A person"} ${isDone ? "signed in" : "began to sign in"}`;
  },
  test: (person, hasFailed) =>
    `Test sign-in${person === null ? "" : ` of ${person}`}${hasFailed ? " failed" : ""}`,
  "sign-out": (person) => `${person ?? "A person"} signed out`,
  provisioning: (person, hasFailed, messages) => {
    const subject = person ?? subjectOf(messages);
    if (subject === null) return messages[0]?.step ?? "";
    const [, done = "looked up"] =
      deeds.find(([method]) => messages.some((one) => one.method === method)) ?? [];
    return `${subject} was ${hasFailed ? "not " : ""}${done}`;
  },
  logout: (person, hasFailed) =>
    hasFailed
      ? `Okta could not sign ${person ?? "a person"} out`
      : `Okta signed ${person ?? "a person"} out everywhere`,
  signal: (person, hasFailed, messages) => {
    const event = messages[0]?.step ?? "";
    const isOurs = messages[0]?.route.from === "product";
    if (isOurs) return `A signal about ${person ?? "a person"} was ${hasFailed ? "not accepted" : "sent"}`;
    const about = person === null ? "" : ` about ${person}`;
    return hasFailed ? `An event${about} was refused` : `Okta sent an event${about}: ${event}`;
  },
  stream: (_person, hasFailed) =>
    hasFailed ? "A call about a stream of events failed" : "A stream of events was managed",
  authorization: (_person, hasFailed, messages) =>
    messages.some(({ step }) => step.includes("refresh"))
      ? `Okta ${hasFailed ? "did not renew" : "renewed"} its access to provision`
      : `Okta was ${hasFailed ? "not " : ""}allowed to provision`,
  "api-call": (person, hasFailed) =>
    hasFailed ? "An API key was refused" : `An API key acted for ${person ?? "a person"}`,
  "agent-call": (person, hasFailed) =>
    hasFailed
      ? `An agent was refused${person === null ? "" : ` for ${person}`}`
      : `An agent acted for ${person ?? "a person"}`,
};

/** Results of a provisioning run by the method of a call, the strongest first. */
const deeds: readonly [method: string, done: string][] = [
  ["DELETE", "deleted"],
  ["POST", "created"],
  ["PATCH", "updated"],
  ["PUT", "updated"],
];

function subjectOf(messages: readonly MessageSummary[]): string | null {
  const isAbout = (resource: string) => messages.some(({ step }) => step.includes(` /${resource}`));
  if (isAbout("Users")) return "A person";
  return isAbout("Groups") ? "A group" : null;
}

function titleOf(messages: readonly MessageSummary[], person: string | null, hasFailed: boolean): string {
  const kinds = messages.map(({ flowKind }) => flowKind);
  // Only some messages of a test know that it is one.
  const kind = kinds.find((one) => one === "test") ?? kinds[0] ?? "sign-in";
  return titles[kind](person, hasFailed, messages);
}

/** The diagram of a flow. @param selected the number of the selected message. */
export function sequenceOf({ id, messages }: MessageFlow, selected: number | null): Sequence {
  const steps = messages.map(({ seq, route, method, step, code, ms, verdict }) => ({
    ...route,
    label: method === null || step.startsWith(`${method} `) ? step : `${method} ${step}`,
    code,
    ms,
    verdict,
    href: `${paths.admin.inspectorFlow(id)}?message=${seq}`,
  }));
  const index = messages.findIndex(({ seq }) => seq === selected);
  return { lanes: lanesOf(steps), steps, selected: index === -1 ? null : index };
}
