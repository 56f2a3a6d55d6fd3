import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ejs from "ejs";
import { brand } from "../../config/brand.ts";
import { invitationDays } from "../directory/invitations.ts";
import { type MailKind, ownerLinkHours, type ReadyMail, resetLinkHours } from "../directory/mails.ts";
import { paths } from "../endpoints.ts";
import type { Tenant } from "../model.ts";
import { visible } from "../visible.ts";

/** The words of a mail. Its text and its HTML say the same. */
interface Letter {
  subject: string;
  paragraphs: readonly string[];
  /** The button; null if the mail only tells something. */
  action: { label: string; url: string } | null;
  /** Below the button. */
  closing: string;
}

interface LetterFacts extends Pick<ReadyMail, "user" | "token"> {
  tenant: Tenant;
  baseUrl: string;
  /** When it happened, in ms since the epoch. */
  at: number;
  /** The login name of the administrator who invited the person. */
  invitedBy: string | null;
}

const unasked = "If you did not expect this mail, ignore it: nothing happens until the link is used.";

/** What each mail says. It names the organisation and the account, and nothing that another person entered as free text. */
const letters: Record<MailKind, (facts: LetterFacts & { link: string; organisation: string }) => Letter> = {
  invitation: ({ link, organisation, invitedBy }) => ({
    subject: `Your invitation to ${organisation} on ${brand.productName}`,
    paragraphs: [
      `${invitedBy ?? "An administrator"} invites you to ${organisation} on ${brand.productName}.`,
      `Set a password to begin. The link works once, within ${invitationDays} days.`,
    ],
    action: { label: "Accept the invitation", url: link },
    closing: unasked,
  }),
  "owner-set-up": ({ link, organisation }) => ({
    subject: `Set up your account at ${organisation} on ${brand.productName}`,
    paragraphs: [
      `You are an owner of ${organisation} on ${brand.productName}.`,
      `Set a password to sign in. The link works once, within ${ownerLinkHours} hours.`,
    ],
    action: { label: "Set a password", url: link },
    closing: unasked,
  }),
  "password-reset": ({ link, organisation, user }) => ({
    subject: `A new password for ${brand.productName}`,
    paragraphs: [
      `Someone, probably you, asked for a new password for ${user.loginName} at ${organisation}.`,
      `The link works once, within ${hours(resetLinkHours)}. Your other browsers are then signed out.`,
    ],
    action: { label: "Set a new password", url: link },
    closing: "If you did not ask for it, ignore this mail: your password stays as it is.",
  }),
  "password-changed": ({ organisation, user, tenant, baseUrl, at }) => ({
    subject: `Your password for ${brand.productName} was changed`,
    paragraphs: [
      `The password of ${user.loginName} at ${organisation} was changed on ${timeOf(at)}.`,
      "If this was you, there is nothing to do.",
    ],
    action: { label: "This was not me", url: baseUrl + paths.forgottenPassword(tenant.slug) },
    closing: "The link leads to a page that sends you a link for a new password.",
  }),
  "new-device": ({ organisation, user, baseUrl, at }) => ({
    subject: `A new sign-in to ${brand.productName}`,
    paragraphs: [
      `${user.loginName} at ${organisation} signed in with the password on ${timeOf(at)}, in a browser that had not been used before.`,
      "If this was you, there is nothing to do. If not, end the session and change your password.",
    ],
    action: { label: "Look at your sessions", url: baseUrl + paths.account },
    closing: "You get this mail once for each new browser.",
  }),
  "api-key-created": ({ organisation, user, baseUrl, at }) => ({
    subject: `A new API key for ${brand.productName}`,
    paragraphs: [
      `On ${timeOf(at)}, an API key was created that acts for ${user.loginName} at ${organisation}.`,
      "If you expected this, there is nothing to do. If not, ask an administrator to revoke the key.",
    ],
    action: { label: "Look at your account", url: baseUrl + paths.account },
    closing: "The key is not in this mail. The activity of your organisation says who created it.",
  }),
  "role-raised": ({ organisation, user, baseUrl, at }) => ({
    subject: `You have a higher role on ${brand.productName}`,
    paragraphs: [
      `On ${timeOf(at)}, ${user.loginName} was given a higher role at ${organisation}.`,
      "If you expected this, there is nothing to do. If not, ask your administrators.",
    ],
    action: { label: "Look at your account", url: baseUrl + paths.account },
    closing: "The activity of your organisation says who changed the role.",
  }),
  "second-step-changed": ({ organisation, user, baseUrl, at }) => ({
    subject: `The second step of your sign-in to ${brand.productName} was changed`,
    paragraphs: [
      `On ${timeOf(at)}, a passkey, an authenticator app or the recovery codes of ${user.loginName} at ${organisation} changed, or a recovery code was used.`,
      "If this was you, there is nothing to do. If not, change your password and tell an administrator.",
    ],
    action: { label: "Look at your account", url: baseUrl + paths.account },
    closing: "You get this mail at each change.",
  }),
  "identity-linked": ({ organisation, user, baseUrl, at }) => ({
    subject: `Your account on ${brand.productName} has a new sign-in`,
    paragraphs: [
      `On ${timeOf(at)}, an identity at an identity provider was linked to ${user.loginName} at ${organisation}. From now on it signs in to this account.`,
      "If this was you, there is nothing to do. If not, ask an owner to unlink it, and change your password.",
    ],
    action: { label: "Look at your account", url: baseUrl + paths.account },
    closing: "You get this mail for each identity.",
  }),
};

export function writeLetter(mail: MailKind, facts: LetterFacts): Letter {
  const link = facts.token === null ? "" : facts.baseUrl + paths.setup(facts.token);
  return letters[mail]({ ...facts, link, organisation: visible(facts.tenant.name) });
}

const templates = {
  text: { name: "text", escapeValue: String },
  html: { name: "html", escapeValue: escapeHtml },
};

/** The letter as plain text and as HTML, by the templates of views/mail/. */
export function renderLetter(letter: Letter): { text: string; html: string } {
  return { text: render(templates.text, letter), html: render(templates.html, letter) };
}

function render(
  { name, escapeValue }: { name: string; escapeValue: (value: unknown) => string },
  letter: Letter,
): string {
  const filename = fileURLToPath(new URL(`../../views/mail/${name}.ejs`, import.meta.url));
  const data = { ...letter, brand };
  return `${ejs.render(readFileSync(filename, "utf8"), data, { filename, escape: escapeValue }).trim()}\n`;
}

function escapeHtml(value: unknown): string {
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function hours(count: number): string {
  return count === 1 ? "one hour" : `${count} hours`;
}

function timeOf(at: number): string {
  const format = { dateStyle: "long", timeStyle: "short", timeZone: "UTC" } as const;
  return `${new Intl.DateTimeFormat("en-GB", format).format(at)} UTC`;
}
