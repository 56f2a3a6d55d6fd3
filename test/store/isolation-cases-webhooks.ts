import type { IsolationCases } from "../helpers/isolation.ts";

/** The cases of webhooks (see isolation-cases.ts). */
export const webhookCases: Pick<
  IsolationCases,
  Extract<keyof IsolationCases, `webhooks.${string}` | "activity.ofIds">
> = {
  "activity.ofIds": { call: (b, a) => b.activity.ofIds([a.activityId]), gives: [] },
  "webhooks.list": { call: (b) => b.webhooks.list(), gives: [] },
  "webhooks.byId": { call: (b, a) => b.webhooks.byId(a.webhookId), gives: null },
  "webhooks.lock": {
    call: (b, a) => b.transaction((inside) => inside.webhooks.lock(a.webhookId)),
    gives: null,
  },
  "webhooks.add": {
    changesB: true,
    call: (b, a) =>
      b.webhooks.add({ id: a.webhookId, url: "https://b.example", kinds: null, sealedSecret: "b's" }),
    gives: undefined,
  },
  "webhooks.setKinds": { call: (b, a) => b.webhooks.setKinds(a.webhookId, ["people"]), gives: undefined },
  "webhooks.setState": { call: (b, a) => b.webhooks.setState(a.webhookId, "paused"), gives: undefined },
  "webhooks.replaceSecret": {
    call: (b, a) => b.webhooks.replaceSecret(a.webhookId, "b's", 1),
    gives: undefined,
  },
  "webhooks.remove": { call: (b, a) => b.webhooks.remove(a.webhookId), gives: undefined },
  "webhooks.deliveries": { call: (b, a) => b.webhooks.deliveries(a.webhookId, 9), gives: [] },
  "webhooks.waiting": { call: (b, a) => b.webhooks.waiting(a.webhookId, 9), gives: [] },
  "webhooks.count": { call: (b, a) => b.webhooks.count(a.webhookId, "waiting", 10), gives: 0 },
  "webhooks.replay": { call: (b, a) => b.webhooks.replay(a.webhookId, a.activityId), gives: 0 },
};
