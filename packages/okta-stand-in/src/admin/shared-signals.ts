import { Router } from "express";
import type { OrgAdmin } from "../provisioner.ts";
import { type OrgStreamStatus, signalsIn } from "../shared-signals/state.ts";
import { deleteStream, setStatus, streamById } from "../shared-signals/streams.ts";
import { act, field, idIn } from "./console.ts";

const path = "/admin/signals";
const shown = 50;

/** The actions that change the status of a stream. */
const statuses: Record<string, OrgStreamStatus> = { pause: "paused", resume: "enabled", disable: "disabled" };

/** The transmitter's streams and what was sent. Okta has no such page: there, only the API shows a stream. */
export function signalRoutes(org: OrgAdmin): Router {
  const router = Router();
  const own = () => path;
  router.get(path, (_req, res) => {
    const { streams, sent, shape = "okta" } = signalsIn(org.store.state);
    const latest = sent.slice(-shown).reverse();
    const { apps } = org.store.state;
    res.render("signals", {
      title: "Shared signals",
      streams: Object.values(streams),
      sent: latest,
      shape,
      apps,
    });
  });
  router.post(
    `${path}/shape`,
    act(own, (req) => {
      signalsIn(org.store.state).shape = field(req, "shape") === "final" ? "final" : "okta";
      org.store.changed();
      return "The next events have this shape.";
    }),
  );
  for (const [action, status] of Object.entries(statuses)) {
    router.post(
      `${path}/:id/${action}`,
      act(own, async (req) => {
        const stream = streamById(org, idIn(req));
        setStatus(org, stream, status, "An administrator of the org changed it");
        await org.signals.updated(stream);
        return `The stream is ${status}.`;
      }),
    );
  }
  router.post(
    `${path}/:id/delete`,
    act(own, (req) => {
      deleteStream(org, streamById(org, idIn(req)));
      return "The stream is deleted.";
    }),
  );
  return router;
}
