import { judgeEveryEntrance, judgeRawToken } from "./access.ts";
import type { ScimCheck } from "./answers.ts";
import { judgeAssignedAtCreation, judgeAssignment } from "./assignments.ts";
import { judgeAttributes } from "./attributes.ts";
import { judgeCharacters } from "./characters.ts";
import { judgeCrowd, judgeGroupCrowd } from "./crowd.ts";
import { type Discovery, judgeDiscovery } from "./discovery.ts";
import { judgeDuplicates } from "./duplicates.ts";
import { judgeGroups } from "./groups.ts";
import {
  judgeDeactivation,
  judgeDeletion,
  judgeOtherChanges,
  judgePassword,
  judgeProfilePush,
} from "./lifecycle.ts";
import { judgeFirstPage, judgePaging } from "./lists.ts";
import { judgeMisses } from "./misses.ts";
import { createPeople, judgeFinding, type TestPerson } from "./people.ts";

/** What the steps share, once the people are created. */
interface Stage {
  discovery: Discovery;
  /** One to three people. */
  people: TestPerson[];
  first: TestPerson;
  second: TestPerson;
  /** Null if three people could not be created. */
  third: TestPerson | null;
}

/** Steps before the check creates people. */
const early = {
  access: async (check: ScimCheck, authorization: string) => {
    await judgeRawToken(check, authorization);
    await judgeEveryEntrance(check);
  },
  "first-page": judgeFirstPage,
  misses: judgeMisses,
} satisfies Record<string, (check: ScimCheck, authorization: string) => Promise<void>>;

/** Steps with people, in an order in which none spoils the next one. */
const late = {
  finding: (check, { first }) => judgeFinding(check, first),
  duplicates: (check, { first, third }) => judgeDuplicates(check, first, third ?? undefined),
  characters: (check) => judgeCharacters(check),
  paging: async (check, { third }) => {
    if (third) await judgePaging(check);
  },
  profile: (check, { first }) => judgeProfilePush(check, first),
  deactivation: (check, { first }) => judgeDeactivation(check, first),
  "other-changes": async (check, { second }) => {
    await judgeOtherChanges(check, second);
    await judgePassword(check, second);
  },
  attributes: async (check, { discovery, second }) => {
    await judgeAttributes(check, discovery, second);
  },
  entitlements: async (check, { discovery: { assignable }, second }) => {
    for (const one of assignable) await judgeAssignment(check, second, one);
    if (assignable.length > 0) await judgeAssignedAtCreation(check, assignable);
  },
  groups: (check, { people }) => judgeGroups(check, people),
  deletion: async (check, { third }) => {
    if (third) await judgeDeletion(check, third);
  },
  crowd: (check) => judgeCrowd(check),
  "group-crowd": (check) => judgeGroupCrowd(check),
} satisfies Record<string, (check: ScimCheck, stage: Stage) => Promise<void>>;

/** The steps of the SCIM check. Reading the discovery documents and creating three people always happen. */
export type ScimStep = keyof typeof early | keyof typeof late;
const earlySteps = Object.keys(early) as (keyof typeof early)[];
const lateSteps = Object.keys(late) as (keyof typeof late)[];
export const scimSteps: readonly ScimStep[] = [...earlySteps, ...lateSteps];

/** Runs the steps of Okta's suite, then Okta's traffic. Returns false if no person could be created. */
export async function runSteps(
  check: ScimCheck,
  authorization: string,
  chosen: readonly ScimStep[],
): Promise<boolean> {
  for (const name of earlySteps) if (chosen.includes(name)) await early[name](check, authorization);
  const discovery = await judgeDiscovery(check);
  const people = await createPeople(check);
  const [first, second, third] = people;
  if (!first) {
    check.report.gaveUp("scim", "no person could be created, or no id came back");
    return false;
  }
  const stage: Stage = { discovery, people, first, second: second ?? first, third: third ?? null };
  for (const name of lateSteps) if (chosen.includes(name)) await late[name](check, stage);
  return true;
}
