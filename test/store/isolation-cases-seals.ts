import type { IsolationCases } from "../helpers/isolation.ts";
import { newSeal, newTrailRow } from "../helpers/seals.ts";

/** The cases of the seals over the activity (see isolation-cases.ts). */
export const sealCases: Pick<IsolationCases, Extract<keyof IsolationCases, `activitySeals.${string}`>> = {
  "activitySeals.trail": { call: (b) => b.activitySeals.trail(), gives: null },
  "activitySeals.lock": {
    changesB: true,
    call: (b) => b.transaction((inside) => inside.activitySeals.lock({ ...newTrailRow(), mac: "b's" })),
    gives: { ...newTrailRow(), mac: "b's" },
  },
  "activitySeals.save": { call: (b) => b.activitySeals.save(newTrailRow()), gives: undefined },
  "activitySeals.unsealed": { call: (b) => b.activitySeals.unsealed(9), gives: [] },
  "activitySeals.add": {
    changesB: true,
    call: (b, a) => b.activitySeals.add({ ...newSeal([[a.activityId, 1, ""]]), number: 7 }),
    gives: undefined,
  },
  "activitySeals.from": { call: (b) => b.activitySeals.from(0, 9), gives: [] },
  "activitySeals.entries": { call: (b, a) => b.activitySeals.entries([a.activityId]), gives: [] },
  "activitySeals.page": { call: (b) => b.activitySeals.page(null, 9), gives: [] },
  "activitySeals.removeOld": {
    call: (b) => b.activitySeals.removeOld(Number.MAX_SAFE_INTEGER, 9),
    gives: 0,
  },
  "activitySeals.removeBefore": { call: (b) => b.activitySeals.removeBefore(99), gives: undefined },
  "activitySeals.clear": { call: (b) => b.activitySeals.clear(), gives: undefined },
};
