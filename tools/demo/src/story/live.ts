import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Request, Response } from "express";
import { readStory, type Story, type StoryDeps } from "./reading.ts";

/** The interval between two looks at the database, in ms. */
const lookMs = 1_000;
/** The duration of a stream, in ms. The browser then opens the next one. */
const streamMs = 10_000;
const reopenMs = 500;

/**
 * Sends a server-sent event (HTML Standard §9.2) whenever the step's page would look different; the browser then loads the
 * page's parts again. It begins with the digest of what the browser shows: something may have happened since then.
 */
export async function streamStory(deps: StoryDeps, req: Request, res: Response): Promise<void> {
  const end = Date.now() + streamMs;
  let sent = req.get("last-event-id") ?? req.query.shown;
  res.set({ "Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no" });
  res.write(`retry: ${reopenMs}\n\n`);
  while (!res.destroyed && Date.now() < end) {
    const digest = await digestOf(await readStory(deps, req), String(req.params.step));
    if (digest !== sent) res.write(`id: ${digest}\nevent: changed\ndata: changed\n\n`);
    sent = digest;
    await sleep(lookMs);
  }
  res.end();
}

/** A digest of what a step's page shows: it changes with the ticks, with the state of the step, and with each message. */
export async function digestOf({ steps, store }: Story, stepId: string): Promise<string> {
  const { lastSeq } = await store.inspector.state();
  const now = steps.find(({ id }) => id === stepId)?.now;
  const shown = JSON.stringify([lastSeq, steps.map(({ done }) => done), now]);
  return createHash("sha256").update(shown).digest("base64url");
}
