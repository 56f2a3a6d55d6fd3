import { setTimeout as sleep } from "node:timers/promises";
import type { Request, Response } from "express";
import { readStory, type StoryDeps } from "./reading.ts";

/** The interval between two looks at the database, in ms. */
const lookMs = 1_000;
/** The duration of a stream, in ms. The browser then opens the next one. */
const streamMs = 10_000;
const reopenMs = 500;

/**
 * Sends a server-sent event (HTML Standard §9.2) whenever the step's page would look different. Its data is a digest of
 * what the page shows; the browser then loads the page's parts again.
 */
export async function streamStory(deps: StoryDeps, req: Request, res: Response): Promise<void> {
  const end = Date.now() + streamMs;
  let sent = req.get("last-event-id") ?? (await digestOf(deps, req));
  res.set({ "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no" });
  res.write(`retry: ${reopenMs}\nid: ${sent}\ndata: begin\n\n`);
  while (!res.destroyed && Date.now() < end) {
    await sleep(lookMs);
    const digest = await digestOf(deps, req);
    if (digest === sent) continue;
    sent = digest;
    res.write(`id: ${digest}\nevent: changed\ndata: changed\n\n`);
  }
  res.end();
}

/** Changes with the ticks, with the state of the step, and with each message. */
async function digestOf(deps: StoryDeps, req: Request): Promise<string> {
  const { steps, store } = await readStory(deps, req);
  const { lastSeq } = await store.inspector.state();
  const step = steps.find(({ id }) => id === req.params.step);
  const ticks = steps.map(({ done }) => (done ? 1 : 0)).join("");
  return Buffer.from(JSON.stringify([lastSeq, ticks, step?.now])).toString("base64url");
}
