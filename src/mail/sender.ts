/**
 * E-mail to people (docs/decisions/0058).
 *
 * Owns: sending the mails of the outbox (this file), their words (letters.ts), and the connection to the mail server
 * (transport.ts). Which mail is sent to whom, and its link, is decided in directory/mails.ts. May import: the ground floor,
 * directory, store and config.
 */
import { z } from "zod";
import type { MailServer } from "../config.ts";
import { mailKinds, prepareMail } from "../directory/mails.ts";
import type { Database } from "../store/database.ts";
import type { Handler } from "../store/outbox.ts";
import { systemStore } from "../store/system-store.ts";
import { forTenant } from "../store/tenant-store.ts";
import { renderLetter, writeLetter } from "./letters.ts";
import { smtpTransport } from "./transport.ts";

export interface MailSenderDeps {
  database: Database;
  baseUrl: string;
  now?: () => number;
}

const factsShape = z.object({ mail: z.enum(mailKinds) });

/** The handler of mails in the outbox. Without a mail server it gives up each one: none is added, but some may be left. */
export function mailSender(server: MailServer | null, deps: MailSenderDeps): Handler {
  if (server === null) return async () => ({ state: "given-up", answer: "mail is off" });
  const { database, baseUrl, now = Date.now } = deps;
  const transport = smtpTransport(server, new URL(baseUrl).hostname);
  return async ({ id, tenantId, userId, facts, createdAt }) => {
    const { mail } = factsShape.parse(facts);
    const tenant = await systemStore(database).tenants.byId(tenantId);
    if (!tenant || userId === null) return { state: "given-up", answer: "the person was deleted" };
    const store = forTenant(database, tenantId, now);
    const ready = await prepareMail(store, userId, mail, now());
    if (typeof ready === "string") return { state: "given-up", answer: ready };
    const invitation = await store.invitations.find(userId);
    const invitedBy = invitation?.invitedBy ?? null;
    const letter = writeLetter(mail, { ...ready, tenant, baseUrl, at: createdAt, invitedBy });
    return await transport({ id, to: ready.address, subject: letter.subject, ...renderLetter(letter) });
  };
}
