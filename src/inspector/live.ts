import { setTimeout as sleep } from "node:timers/promises";
import type { Request, Response } from "express";
import { protocolNames } from "../recording.ts";
import type { MessageFilter, MessageSummary } from "../store/tenant/inspector.ts";
import type { TenantStore } from "../store/tenant-store.ts";

/** The interval between two queries for new messages, in ms. */
const pollMs = 1_000;
/**
 * The duration of a stream, in ms. The browser then opens the next one, which is authorized again: a person who has signed
 * out or lost the role stops seeing messages, and a replica that shuts down does not have to wait.
 */
const streamMs = 10_000;
const reopenMs = 500;

/**
 * Sends new messages as server-sent events (HTML Standard §9.2). It polls the table, because that has the messages of all
 * replicas. The event id is the message's number, so that the next stream continues after it; the data is the HTML of the
 * row as a JSON string. A client that does not accept an event stream gets the messages that exist now.
 */
export async function streamMessages(
  store: TenantStore,
  filter: MessageFilter,
  req: Request,
  res: Response,
): Promise<void> {
  let last = Number(req.get("last-event-id") ?? req.query.after) || 0;
  const isStream = (req.get("accept") ?? "").includes("text/event-stream");
  const end = Date.now() + (isStream ? streamMs : 0);
  // X-Accel-Buffering: nginx would buffer the events.
  res.set({ "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no" });
  res.write(`retry: ${reopenMs}\n\n`);
  for (;;) {
    for (const message of await store.inspector.after(filter, last, 100)) {
      last = message.seq;
      res.write(`id: ${last}\ndata: ${JSON.stringify(await renderRow(req, message))}\n\n`);
    }
    if (res.destroyed || Date.now() >= end) break;
    await sleep(pollMs);
  }
  res.end();
}

function renderRow(req: Request, message: MessageSummary): Promise<string> {
  return new Promise((resolve, reject) => {
    req.app.render("partials/inspector-row", { message, protocolNames }, (error, html) =>
      error ? reject(error) : resolve(html),
    );
  });
}
