import type { TenantStore } from "../../../src/store/tenant-store.ts";
import type { Outcome } from "./load.ts";

/** The writes that clients asked for, with the answers that they got. */
export interface WriteLedger {
  /** A new person, by login name. */
  created(loginName: string, outcome: Outcome): void;
  /** The nth change of a person's display name. */
  renamed(loginName: string, version: number, outcome: Outcome): void;
  /** Something that the API was asked to create, by its title. */
  posted(title: string, outcome: Outcome): void;
  /** @param titles that the API lists now. */
  compare(store: TenantStore, titles: ReadonlySet<string>): Promise<Reckoning>;
}

export interface Reckoning {
  acknowledged: number;
  /** Acknowledged, and not in the database. */
  lost: string[];
  /** In the database, and their clients got no answer: they have to look. */
  unanswered: number;
  /** In the database, although their clients were told that nothing was changed. */
  denied: string[];
}

export const versionName = (version: number) => `Version ${version}`;

/** Outcomes that say nothing about the write. "refused" is not one of them: nothing listened. */
const silences: readonly Outcome[] = ["cut", "no answer"];

export function openLedger(): WriteLedger {
  const creations = new Map<string, Outcome>();
  const renames = new Map<string, { version: number; outcome: Outcome }[]>();
  const posts = new Map<string, Outcome>();
  return {
    created: (loginName, outcome) => void creations.set(loginName, outcome),
    renamed(loginName, version, outcome) {
      renames.set(loginName, [...(renames.get(loginName) ?? []), { version, outcome }]);
    },
    posted: (title, outcome) => void posts.set(title, outcome),
    async compare(store, titles) {
      const people = await store.users.page(0, (await store.users.count()) + 1);
      const names = new Map(people.map(({ loginName, displayName }) => [loginName, displayName]));
      const result: Reckoning = { acknowledged: 0, lost: [], unanswered: 0, denied: [] };
      compareCreations(result, creations, names);
      compareCreations(result, posts, titles);
      for (const [loginName, tried] of renames)
        compareNames(result, loginName, { tried, stored: names.get(loginName) ?? null });
      return result;
    },
  };
}

function compareCreations(
  result: Reckoning,
  tried: ReadonlyMap<string, Outcome>,
  stored: { has(name: string): boolean },
): void {
  for (const [name, outcome] of tried) {
    const isThere = stored.has(name);
    if (outcome === "ok") result.acknowledged++;
    if (outcome === "ok" && !isThere) result.lost.push(name);
    if (outcome !== "ok" && isThere) countUnacknowledged(result, name, outcome);
  }
}

/** One client renames a person again and again: the stored name is the last acknowledged one, or a later one. */
function compareNames(
  result: Reckoning,
  loginName: string,
  { tried, stored }: { tried: { version: number; outcome: Outcome }[]; stored: string | null },
): void {
  const acknowledged = tried.filter(({ outcome }) => outcome === "ok");
  result.acknowledged += acknowledged.length;
  const last = acknowledged.at(-1)?.version ?? 0;
  const found = tried.find(({ version }) => versionName(version) === stored);
  if (last > 0 && (!found || found.version < last)) result.lost.push(`${loginName}: ${versionName(last)}`);
  if (found && found.version > last) countUnacknowledged(result, `${loginName}: ${stored}`, found.outcome);
}

function countUnacknowledged(result: Reckoning, what: string, outcome: Outcome): void {
  if (silences.includes(outcome)) result.unanswered++;
  else result.denied.push(`${what} (${outcome})`);
}
