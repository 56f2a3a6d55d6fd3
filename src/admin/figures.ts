/** The figures of the console, from the counts per day (docs/decisions/0049). */
import { paths } from "../endpoints.ts";
import { dayMs, firstDay, hourMs, type PeriodCount, perDay } from "../store/tenant/counts.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { withQuery } from "./paging.ts";

/** A figure with a bar for each day: see views/partials/figures.ejs. */
interface Figure {
  label: string;
  count: number;
  /** One for each day, today last. */
  values: number[];
  href?: string;
  /** The class of its colour. */
  tone?: string;
}

const days = 7;
const signInsHref = withQuery(paths.admin.activity, { kind: "sign-in" });

/** Sign-ins and refusals of the last seven days, and the calls of provisioning clients of the last 24 hours. */
export async function activityFigures(store: TenantStore): Promise<Figure[]> {
  return figuresOf(await countsOf(store), Date.now());
}

/** The figures of the overview, and how often sign-ins were refused since yesterday, by reason. */
export async function overviewFigures(
  store: TenantStore,
  people: number,
): Promise<{ figures: Figure[]; refusals: Map<string, number> }> {
  const now = Date.now();
  const counts = await countsOf(store);
  const refusals = new Map<string, number>();
  for (const { kind, subject, at, count } of counts)
    if (kind === "refusal-reason" && at >= firstDay(now, 2))
      refusals.set(subject, (refusals.get(subject) ?? 0) + count);
  const noted = perDay(counts, "people", now, days);
  // Days without a note had as many as the day before.
  const levels = noted.map((_level, index) => noted.slice(0, index + 1).findLast((level) => level > 0) ?? 0);
  const values = [...levels.slice(0, -1), people];
  const figure = { label: "People", count: people, values, href: paths.admin.people };
  return { figures: [figure, ...figuresOf(counts, now)], refusals };
}

/** Sign-ins and refusals of one connection in the last seven days. */
export async function connectionFigures(store: TenantStore, connectionId: string): Promise<Figure[]> {
  const kinds = ["sign-in", "sign-in-refused"] as const;
  const now = Date.now();
  const counts = await store.counts.since(kinds, firstDay(now, days), connectionId);
  return figuresOf(counts, now).slice(0, kinds.length);
}

/** Signals to a connection's org in the last seven days: those that it accepted, and those that failed for good. */
export async function deliveryFigures(store: TenantStore, connectionId: string): Promise<Figure[]> {
  const now = Date.now();
  const kinds = ["message-sent", "message-failed"] as const;
  const counts = await store.counts.since(kinds, firstDay(now, days), connectionId);
  const [sent, failed] = kinds.map((kind) => perDay(counts, kind, now, days));
  return [
    { label: "Sent, 7 days", count: sum(sent ?? []), values: sent ?? [], tone: "done" },
    { label: "Not sent, 7 days", count: sum(failed ?? []), values: failed ?? [], tone: "problem" },
  ];
}

/** The events that a connection's transmitter sent in the last seven days. */
export async function signalFigures(store: TenantStore, connectionId: string): Promise<Figure[]> {
  const now = Date.now();
  const values = perDay(
    await store.counts.since(["signal"], firstDay(now, days), connectionId),
    "signal",
    now,
    days,
  );
  return [{ label: "Events, 7 days", count: sum(values), values }];
}

async function countsOf(store: TenantStore): Promise<PeriodCount[]> {
  const kinds = [
    "people",
    "sign-in",
    "sign-in-refused",
    "refusal-reason",
    "scim-call",
    "scim-call-hour",
  ] as const;
  return await store.counts.since(kinds, firstDay(Date.now(), days));
}

function figuresOf(counts: readonly PeriodCount[], now: number): Figure[] {
  const [signIns, refused] = [
    perDay(counts, "sign-in", now, days),
    perDay(counts, "sign-in-refused", now, days),
  ];
  const lastDay = counts.filter(({ kind, at }) => kind === "scim-call-hour" && at > now - dayMs - hourMs);
  const calls = {
    count: sum(lastDay.map(({ count }) => count)),
    values: perDay(counts, "scim-call", now, days),
  };
  return [
    { label: "Sign-ins, 7 days", count: sum(signIns), values: signIns, href: signInsHref, tone: "done" },
    { label: "Refused, 7 days", count: sum(refused), values: refused, href: signInsHref, tone: "problem" },
    { label: "SCIM calls, 24 h", ...calls, href: paths.admin.provisioning },
  ];
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
