import { type Request, Router } from "express";
import { paths } from "../endpoints.ts";
import { InvalidError, NotFoundError } from "../errors.ts";
import { protocolNames, protocols } from "../recording.ts";
import { type MessageFilter, maxMessageAgeMs, maxStoredMessages } from "../store/tenant/inspector.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { answerForm } from "../web/answers.ts";
import { requireAdmin, signedIn, storeOf } from "../web/guards.ts";
import { formField } from "../web/request.ts";
import { describeFlow, type ShownFlow } from "./flow.ts";
import { flowRoutes } from "./flow-routes.ts";
import { messageNumber, streamFlows } from "./live.ts";
import { type InspectorDeps, messageLocals } from "./message-page.ts";
import { sourceLines } from "./source.ts";

const pageSize = 30;
const hourMs = 3_600_000;
/** The durations to choose from. Recording ends by itself, because messages contain personal data. */
const hours = [1, 8, 24, 72] as const;

/** The inspector's pages, for the administrators of a tenant. */
export function inspectorRoutes(deps: InspectorDeps): Router {
  const router = Router();
  router.use(home, requireAdmin);
  router.use(listRoutes(deps));
  router.use(recordingRoutes(deps));
  router.use(flowRoutes(deps));
  router.use(messageRoutes(deps));
  return router;
}

const { inspector: home, inspectorEvents, inspectorRecording, inspectorClear } = paths.admin;

/** The list of flows, as a page and as a live stream. */
function listRoutes({ database }: InspectorDeps): Router {
  const router = Router();
  router.get(home, async (req, res) => {
    const store = storeOf(req, database);
    const filter = filterIn(req.query);
    const before = messageNumber(req.query.before);
    const [state, connections, found] = await Promise.all([
      store.inspector.state(),
      store.connections.list(),
      store.inspector.flows(filter, before, pageSize + 1),
    ]);
    const flows = found.slice(0, pageSize);
    const newestSeq = Math.max(0, ...flows.flatMap(({ messages }) => messages.map(({ seq }) => seq)));
    res.render("admin/inspector", {
      title: "Inspector",
      stylesheets: ["inspector.css"],
      filter,
      days: byDay(flows.map(describeFlow)),
      hours,
      protocols,
      protocolNames,
      maxMessages: maxStoredMessages,
      keptDays: maxMessageAgeMs / (24 * hourMs),
      isOn: state.recordingUntil > Date.now(),
      ...state,
      isFiltered: Object.keys(filter).length > 0,
      keys: [...new Set(connections.map(({ key }) => key))],
      older: found.length > pageSize ? withQuery(home, filter, { before: flows.at(-1)?.lastSeq }) : null,
      newest: before === null ? null : withQuery(home, filter, {}),
      events: before === null ? withQuery(inspectorEvents, filter, { after: newestSeq }) : null,
    });
  });

  router.get(inspectorEvents, async (req, res) => {
    await streamFlows(storeOf(req, database), filterIn(req.query), req, res);
  });
  return router;
}

/** Flows in the order of their days, each day in the order of the list. */
function byDay(flows: readonly ShownFlow[]) {
  const names = new Map(flows.map(({ day, dayName }) => [day, dayName]));
  const days = [...names].sort(([one], [other]) => (one < other ? 1 : -1));
  return days.map(([day, name]) => ({ day, name, flows: flows.filter((flow) => flow.day === day) }));
}

/** Switches recording on and off, and deletes messages. */
function recordingRoutes({ database }: InspectorDeps): Router {
  const router = Router();
  router.post(inspectorRecording, async (req, res) => {
    const wanted = Number(formField(req, "hours"));
    if (wanted !== 0 && !hours.some((offered) => offered === wanted))
      throw new InvalidError("Choose how long the inspector stays on.");
    await storeOf(req, database).transaction(async (store) => {
      await store.inspector.recordUntil(wanted === 0 ? 0 : Date.now() + wanted * hourMs);
      await recordActivity(req, store, wanted === 0 ? "inspector.switched_off" : "inspector.switched_on");
    });
    const text =
      wanted === 0 ? "The inspector is off." : "The inspector is on: messages appear as they arrive.";
    await answerForm(req, res, home, { kind: "done", text, at: null });
  });

  router.post(inspectorClear, async (req, res) => {
    await storeOf(req, database).transaction(async (store) => {
      await store.inspector.clear();
      await recordActivity(req, store, "inspector.cleared");
    });
    const text = "All recorded messages are deleted.";
    await answerForm(req, res, home, { kind: "done", text, at: null });
  });
  return router;
}

/** One message, and in development the source file that handled it. */
function messageRoutes(deps: InspectorDeps): Router {
  const router = Router();
  if (deps.showsSource) {
    router.get(paths.admin.inspectorSource, async (req, res) => {
      const { file } = req.query;
      const lines = await sourceLines(String(file));
      res.render("admin/inspector-source", { title: file, stylesheets: ["message.css"], file, lines });
    });
  }

  router.get(paths.admin.inspectorMessage(":message"), async (req, res) => {
    const seq = Number(req.params.message);
    const store = storeOf(req, deps.database);
    const message = Number.isSafeInteger(seq) ? await store.inspector.bySeq(seq) : null;
    if (!message) throw new NotFoundError("There is no such message.");
    const [flow] = await store.inspector.flowsOf([message.flow]);
    const ofFlow = flow?.messages ?? [];
    const index = ofFlow.findIndex((one) => one.seq === seq);
    res.render("admin/inspector-message", {
      title: `${message.step} · Inspector`,
      stylesheets: ["message.css"],
      protocolNames,
      ...(await messageLocals(deps, store, message, req)),
      neighbours: { previous: ofFlow[index - 1], next: ofFlow[index + 1] },
    });
  });

  return router;
}

async function recordActivity(req: Request, store: TenantStore, action: string): Promise<void> {
  const { loginName: actor } = signedIn(req).user;
  const { id: requestId } = req;
  await store.activity.record({
    actorKind: "admin",
    actor,
    action,
    targetId: null,
    changed: [],
    requestId,
  });
}

/** The filter in the query. Invalid values are ignored, and the page shows the filter that remains. */
function filterIn(query: Request["query"]): MessageFilter {
  const filter: MessageFilter = {};
  for (const name of ["person", "connection", "request"] as const) {
    const value = query[name];
    if (typeof value === "string" && value.trim() !== "" && !value.includes("\0"))
      filter[name] = value.trim().slice(0, 200);
  }
  const protocol = protocols.find((one) => one === query.protocol);
  if (protocol) filter.protocol = protocol;
  if (query.verdict === "failed") filter.verdict = "failed";
  return filter;
}

/** A URL of the list with a filter. */
function withQuery(path: string, filter: MessageFilter, more: Record<string, number | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...filter, ...more })) {
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size === 0 ? path : `${path}?${query}`;
}
