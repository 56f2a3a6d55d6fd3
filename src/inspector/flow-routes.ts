import { Router } from "express";
import { paths } from "../endpoints.ts";
import { NotFoundError } from "../errors.ts";
import { protocolNames } from "../recording.ts";
import { storeOf } from "../web/guards.ts";
import { describeFlow, sequenceOf } from "./flow.ts";
import { type InspectorDeps, messageLocals } from "./message-page.ts";

/** The page of a flow: its messages as a sequence diagram, next to one of them. */
export function flowRoutes(deps: InspectorDeps): Router {
  const router = Router();
  router.get(paths.admin.inspectorFlow(":flow"), async (req, res) => {
    const store = storeOf(req, deps.database);
    const { inspector } = store;
    const id = Number(req.params.flow);
    const [found] = Number.isSafeInteger(id) ? await inspector.flowsOf([id]) : [];
    if (!found) throw new NotFoundError("There is no such flow.");
    const { messages } = found;
    const named = messages.find(({ seq }) => seq === Number(req.query.message));
    // A reader of a refusal looks for the message that failed.
    const selected = named ?? messages.find(({ verdict }) => verdict === "failed") ?? messages[0];
    const message = selected ? await inspector.bySeq(selected.seq) : null;
    const flow = describeFlow(found);
    res.render("admin/inspector-flow", {
      title: `${flow.title} · Inspector`,
      stylesheets: ["sequence.css", "inspector.css", "message.css"],
      flow,
      sequence: sequenceOf(found, message?.seq ?? null),
      ...(message ? await messageLocals(deps, store, message, req) : { message }),
      protocolNames,
    });
  });
  return router;
}
