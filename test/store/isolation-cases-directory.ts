import type { IsolationCases } from "../helpers/isolation.ts";

const closedSettings = {
  sourceConflict: "refuse",
  unknownRoles: "refuse",
  incompletePeople: "refuse",
  passwordSync: false,
  machineAccessConfirmed: true,
  activityDays: 365,
};

/** The methods of the console's directory pages: see isolation-cases.ts. */
export const directoryCases: Pick<
  IsolationCases,
  | ("people.page" | "people.fewMembers" | "people.fewGranted" | "people.ofIds" | "groupMembers.among")
  | ("tombstones.page" | "groups.find" | "groups.withRole" | "groups.ofIds" | "roles.mappedGroups")
  | ("provisioningProblems.record" | "provisioningProblems.list" | "provisioningProblems.clear")
  | ("settings.read" | "settings.lock" | "settings.change")
  | ("activity.page" | "users.provisionedCount" | "roles.effectiveOf")
  | ("invitations.set" | "invitations.find" | "invitations.page" | "invitations.remove")
  | ("counts.add" | "counts.days" | "counts.since" | "users.recordSignIn")
> = {
  "people.page": {
    call: (b, a) => b.people.page({ prefix: a.loginName }, { after: null, limit: 100 }),
    gives: { people: [], next: null },
  },
  "people.fewMembers": { call: (b, a) => b.people.fewMembers(a.groupId, 100), gives: [] },
  "people.fewGranted": { call: (b) => b.people.fewGranted("admin", 100), gives: [] },
  "people.ofIds": { call: (b, a) => b.people.ofIds([a.userId]), gives: [] },
  "groupMembers.among": { call: (b, a) => b.groupMembers.among(a.groupId, [a.userId]), gives: [] },
  "activity.page": { call: (b, a) => b.activity.page({ person: a.userId }, null, 100), gives: [] },
  "counts.add": {
    changesB: true,
    call: (b, a) => b.counts.add([{ kind: "sign-in", subject: a.connectionId, count: 1 }]),
    gives: undefined,
  },
  "counts.days": { call: (b) => b.counts.days("sign-in", 2), gives: [0, 0] },
  "counts.since": { call: (b, a) => b.counts.since(["sign-in"], 0, a.connectionId), gives: [] },
  "invitations.set": {
    call: (b, a) =>
      b.invitations.set({ userId: a.userId, invitedBy: "b", sentAt: 1, expiresAt: Number.MAX_SAFE_INTEGER }),
    gives: "refused",
  },
  "invitations.find": { call: (b, a) => b.invitations.find(a.secondUserId), gives: null },
  "invitations.page": { call: (b) => b.invitations.page(null, 100), gives: [] },
  "invitations.remove": { call: (b, a) => b.invitations.remove(a.secondUserId), gives: false },
  "users.recordSignIn": { call: (b, a) => b.users.recordSignIn(a.userId), gives: undefined },
  "tombstones.page": {
    call: (b, a) => b.tombstones.page(a.deletedLoginName, null, 100),
    gives: { tombstones: [], next: null },
  },
  "groups.find": { call: (b, a) => b.groups.find(a.groupName, null, 100), gives: { groups: [], next: null } },
  "roles.mappedGroups": {
    call: async (b, a) => [...(await b.roles.mappedGroups([a.groupId]))],
    gives: [],
  },
  "groups.ofIds": { call: (b, a) => b.groups.ofIds([a.groupId]), gives: [] },
  "groups.withRole": { call: (b) => b.groups.withRole("admin", 100), gives: [] },
  "provisioningProblems.record": {
    call: (b, a) =>
      b.provisioningProblems.record({
        sourceId: a.sourceId,
        kind: "uniqueness",
        call: "POST /Users",
        status: 409,
        detail: "b",
        requestId: "b",
      }),
    gives: "refused",
  },
  "provisioningProblems.list": { call: (b) => b.provisioningProblems.list(10), gives: [] },
  "provisioningProblems.clear": { call: (b) => b.provisioningProblems.clear(), gives: undefined },
  "settings.lock": {
    call: (b) => b.settings.lock(),
    gives: closedSettings,
  },
  "settings.read": {
    call: (b) => b.settings.read(),
    gives: closedSettings,
  },
  "settings.change": {
    changesB: true,
    call: (b) => b.settings.change({ activityDays: 30 }),
    gives: undefined,
  },
  "users.provisionedCount": { call: (b) => b.users.provisionedCount(), gives: 0 },
  "roles.effectiveOf": {
    call: async (b, a) => [...(await b.roles.effectiveOf([a.userId]))].map(([, role]) => role),
    gives: ["member"],
  },
};
