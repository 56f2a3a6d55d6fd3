import assert from "node:assert/strict";
import { type CaughtMail, type MailCatcher, startMailCatcher } from "mail-catcher/catcher";
import type { MailServer } from "../../src/config.ts";
import { createLog } from "../../src/log.ts";
import { mailSender } from "../../src/mail/sender.ts";
import { openRunner } from "../../src/outbox/runner.ts";
import type { Database } from "../../src/store/database.ts";
import type { OutboxKind } from "../../src/store/tenant/outbox.ts";

export type { CaughtMail, MailCatcher };
export { startMailCatcher };

/** The configuration of an application that sends to a catcher, as src/config.ts reads it. */
export function mailServerOf({ url }: Pick<MailCatcher, "url">, more: Partial<MailServer> = {}): MailServer {
  const { hostname, port } = new URL(url);
  const from = { name: "Product", address: "no-reply@product.example" };
  const plain = { secure: false, requireTls: false, login: null };
  return { host: hostname, port: Number(port), ...plain, from, ...more };
}

/** Sends the mails that wait, as a server's runner does, and returns what was logged. */
export async function sendMail(
  database: Database,
  server: MailServer,
  { baseUrl, now = Date.now }: { baseUrl: string; now?: () => number },
): Promise<Record<string, unknown>[]> {
  const logged: Record<string, unknown>[] = [];
  const log = createLog("debug", { write: (line: string) => void logged.push(JSON.parse(line)) });
  const mail = mailSender(server, { database, baseUrl, now });
  const other = async () => ({ state: "given-up", answer: "not tested here" }) as const;
  const handlers = new Proxy({} as Record<OutboxKind, typeof mail>, {
    get: (_target, kind) => (kind === "mail" ? mail : other),
  });
  await openRunner({ database, log, handlers, now }).runDue();
  return logged;
}

/** The newest mail to an address, and the path of its link. */
export function lastMailTo({ mails }: MailCatcher, address: string): CaughtMail & { path: string } {
  const mail = mails.findLast(({ recipients }) => recipients.includes(address));
  assert.ok(mail, `a mail to ${address}`);
  return { ...mail, path: mail.links[0] ? new URL(mail.links[0]).pathname : "" };
}
