import { Router } from "express";
import { type AccessEvent, refusalThreshold, refusalWindowMs } from "../directory/access-events.ts";
import { paths, signalTransmitterUrls } from "../endpoints.ts";
import type { Connection } from "../model.ts";
import {
  addSigningKey,
  disableSending,
  enableSending,
  receivingOrg,
  sendTestEvent,
} from "../shared-signals/sending.ts";
import { sentEventNames } from "../shared-signals/sent-events.ts";
import { kidOf } from "../shared-signals/signing-keys.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import type { Fact } from "../trust/connection-facts.ts";
import { publishedMs, signingKey } from "../trust/published-keys.ts";
import { answerChange } from "../web/answers.ts";
import { requireOwner, signedIn } from "../web/guards.ts";
import type { AdminDeps } from "./deps.ts";
import { deliveryFigures } from "./figures.ts";
import { adminContext, type SetUpContext } from "./set-up-context.ts";
import { checkShown, shownValue } from "./shown.ts";

/** The id of the section that shows the answers of its forms. */
const at = "sending";
/** How many of the last signals the page shows. */
const shownSignals = 20;

/** A button of the section "Signals that we send". */
interface SendingAction {
  /** The activity entry. */
  action: string;
  done: string;
  /** Calls `step` in the transaction of the change. */
  apply(
    deps: AdminDeps,
    context: SetUpContext & { userId: string },
    step: (inside: TenantStore) => Promise<void>,
  ): Promise<void>;
}

/** By the last segment of the form's path. */
const actions: Record<string, SendingAction> = {
  on: {
    action: "shared_signals.sending_switched_on",
    done: "Signals are on. Register the well-known URL in Okta, and then send a test event.",
    apply: (deps, { store, connection }, step) => enableSending(store, deps, connection, step),
  },
  off: {
    action: "shared_signals.sending_switched_off",
    done: "Signals are off. Nothing is sent any more.",
    apply: (_deps, { store, connection }, step) => disableSending(store, connection, step),
  },
  key: {
    action: "shared_signals.key_added",
    done: "The new key is published. It signs in ten minutes; the former key stays published.",
    apply: (deps, { store, connection }, step) => addSigningKey(store, deps, connection, step),
  },
  test: {
    action: "shared_signals.test_event_sent",
    done: "The test event is on its way. The list below shows Okta’s answer.",
    apply: (_deps, { store, connection, userId }, step) => sendTestEvent(store, connection, userId, step),
  },
};

/** The buttons of an owner in the section "Signals that we send", on the page of a connection's shared signals. */
export function sentSignalRoutes(deps: AdminDeps): Router {
  const router = Router();
  const pattern = paths.admin.connectionSignals(":connection");
  for (const [end, { action, done, apply }] of Object.entries(actions)) {
    router.post(`${pattern}/sending/${end}`, requireOwner, async (req, res) => {
      const context = await adminContext(deps.database, req);
      const page = paths.admin.connectionSignals(context.connection.id);
      await answerChange({ req, res }, { page, at }, async () => {
        await apply(deps, { ...context, userId: signedIn(req).user.id }, async (inside) => {
          checkShown(req, await sendingFacts(inside, context.connection), page);
          await inside.activity.record(context.entry(action));
        });
        return { text: done };
      });
    });
  }
  return router;
}

/** The facts that an owner sees before they change anything here. */
async function sendingFacts(
  { connections, signalTransmitters }: TenantStore,
  { id }: Connection,
): Promise<Fact[]> {
  const isOn = (await connections.byId(id))?.sendsSignals;
  const kids = (await signalTransmitters.keys(id)).map(kidOf);
  return [
    ["Signals that we send", isOn ? "on" : "off"],
    ["Our keys", kids.join("\n")],
  ];
}

/** The values of the partial signals-sent. */
export async function sendingValues(
  { baseUrl }: Pick<AdminDeps, "baseUrl">,
  { store, connection }: Pick<SetUpContext, "store" | "connection">,
) {
  const [now, { id, key }] = [Date.now(), connection];
  const keys = await store.signalTransmitters.keys(id);
  const signing = signingKey(keys, now);
  const signals = await store.outbox.ofConnection(id, shownSignals);
  return {
    isOn: connection.sendsSignals,
    org: receivingOrg(connection),
    ...signalTransmitterUrls(baseUrl, key),
    keys: keys.map((one) => ({
      kid: kidOf(one),
      createdAt: one.createdAt,
      signs: one === signing,
      signsAt: one.createdAt + publishedMs > now && one !== signing ? one.createdAt + publishedMs : null,
    })),
    signals: signals.map((one) => ({ ...one, name: sentEventNames[(one.facts as AccessEvent).event] })),
    figures: await deliveryFigures(store, id),
    threshold: { count: refusalThreshold, minutes: refusalWindowMs / 60_000 },
    shown: shownValue(await sendingFacts(store, connection)),
  };
}
