import { setTimeout as sleep } from "node:timers/promises";
import type { Request, Response } from "express";
import { protocolNames } from "../recording.ts";
import type { MessageFilter, MessageSummary } from "../store/tenant/inspector.ts";
import type { TenantStore } from "../store/tenant-store.ts";

/** How often the table is looked at while somebody watches, in ms. */
const lookMs = 1_000;
/**
 * How long one stream lasts, in ms. The browser opens the next one by itself, and is let in anew: whoever was signed out
 * or is no administrator any more sees nothing longer than this, and a replica that stops is not held up.
 */
const streamMs = 10_000;
const reopenMs = 500;

/**
 * New messages as server-sent events (HTML Standard §9.2), from the table, in which those of all replicas are. An event's
 * id is the message's number, so that a stream goes on where the last one ended. Its data is the row of the list as JSON
 * text. A client that asks for no event stream gets what is there by now.
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
  // nginx would hold the events back.
  res.set({ "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no" });
  res.write(`retry: ${reopenMs}\n\n`);
  for (;;) {
    for (const message of await store.inspector.after(filter, last, 100)) {
      last = message.seq;
      res.write(`id: ${last}\ndata: ${JSON.stringify(await rowOf(req, message))}\n\n`);
    }
    if (res.destroyed || Date.now() >= end) break;
    await sleep(lookMs);
  }
  res.end();
}

function rowOf(req: Request, message: MessageSummary): Promise<string> {
  return new Promise((resolve, reject) => {
    req.app.render("partials/inspector-row", { message, protocolNames }, (error, html) =>
      error ? reject(error) : resolve(html),
    );
  });
}
