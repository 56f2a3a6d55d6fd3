import type { IsolationCases } from "../helpers/isolation.ts";

/** What the console's directory pages ask: see isolation-cases.ts. */
export const directoryCases: Pick<
  IsolationCases,
  | ("people.page" | "people.fewMembers" | "people.fewGranted" | "people.ofIds" | "groupMembers.among")
  | ("activity.page" | "users.provisionedCount" | "roles.effectiveOf")
> = {
  "people.page": {
    call: (b, a) => b.people.page({ prefix: a.loginName }, null, 100),
    gives: { people: [], next: null },
  },
  "people.fewMembers": { call: (b, a) => b.people.fewMembers(a.groupId, 100), gives: [] },
  "people.fewGranted": { call: (b) => b.people.fewGranted("admin", 100), gives: [] },
  "people.ofIds": { call: (b, a) => b.people.ofIds([a.userId]), gives: [] },
  "groupMembers.among": { call: (b, a) => b.groupMembers.among(a.groupId, [a.userId]), gives: [] },
  "activity.page": { call: (b, a) => b.activity.page({ person: a.userId }, null, 100), gives: [] },
  "users.provisionedCount": { call: (b) => b.users.provisionedCount(), gives: 0 },
  "roles.effectiveOf": {
    call: async (b, a) => [...(await b.roles.effectiveOf([a.userId]))].map(([, role]) => role),
    gives: ["member"],
  },
};
