import { setTimeout as sleep } from "node:timers/promises";
import type { Request, Response } from "express";
import type { MessageFilter } from "../store/tenant/inspector.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { describeFlow, type ShownFlow } from "./flow.ts";

/** The interval between two queries for new messages, in ms. */
const pollMs = 1_000;
/**
 * The duration of a stream, in ms. The browser then opens the next one, which is authorized again: a person who has signed
 * out or lost the role stops seeing messages, and a replica that shuts down does not have to wait.
 */
const streamMs = 10_000;
const reopenMs = 500;

/**
 * Sends each flow with a new message as a server-sent event (HTML Standard §9.2). It polls the table, because that has the
 * messages of all replicas. The event id is the number of the flow's newest message, so that the next stream continues after
 * it; the data is the HTML of the flow's row as a JSON string. A client that does not accept an event stream gets what
 * exists now.
 */
export async function streamFlows(
  store: TenantStore,
  filter: MessageFilter,
  req: Request,
  res: Response,
): Promise<void> {
  let last = messageNumber(req.get("last-event-id") ?? req.query.after) ?? 0;
  const isStream = (req.get("accept") ?? "").includes("text/event-stream");
  const end = Date.now() + (isStream ? streamMs : 0);
  // X-Accel-Buffering: nginx would buffer the events.
  res.set({ "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no" });
  res.write(`retry: ${reopenMs}\n\n`);
  for (;;) {
    for (const { id, flow } of await newFlows(store, filter, last)) {
      last = id;
      res.write(`id: ${id}\ndata: ${JSON.stringify(await renderRow(req, flow))}\n\n`);
    }
    if (res.destroyed || Date.now() >= end) break;
    await sleep(pollMs);
  }
  res.end();
}

/** The number of a message in a query; null for anything else. PostgreSQL refuses other numbers. */
export function messageNumber(text: unknown): number | null {
  const number = Number(text);
  return Number.isSafeInteger(number) && number > 0 ? number : null;
}

/** The flows of the matching messages after a number, each with the number of its newest one, in the order of these. */
async function newFlows(store: TenantStore, filter: MessageFilter, after: number) {
  const found = await store.inspector.after(filter, after, 100);
  const newest = new Map(found.map(({ flow, seq }) => [flow, seq]));
  const flows = await store.inspector.flowsOf([...newest.keys()]);
  return flows
    .map((flow) => ({ id: newest.get(flow.id) ?? 0, flow: describeFlow(flow) }))
    .sort((one, other) => one.id - other.id);
}

function renderRow(req: Request, flow: ShownFlow): Promise<string> {
  return new Promise((resolve, reject) => {
    req.app.render("partials/flow-row", { flow }, (error, html) => (error ? reject(error) : resolve(html)));
  });
}
