/**
 * The small parts that a page repeats, as HTML: `<%- ui.moment({ at }) %>` in a view. They escape their values. They are
 * functions, because EJS copies all values of the page for each include, and asks the file system (docs/decisions/0080).
 */
import { readdirSync, readFileSync } from "node:fs";
import ejs from "ejs";
import type { User } from "../model.ts";
import { mixedScripts as scriptsOf, visible } from "../visible.ts";
import { exactTime, type MomentStyle, momentText } from "./moments.ts";

export const ui = { avatar, icon, mixedScripts, moment, personState };

/** A template that escapes its values. */
function html(texts: TemplateStringsArray, ...values: string[]): string {
  return values.reduce((before, value, at) => before + ejs.escapeXML(value) + texts[at + 1], texts[0] ?? "");
}

const drawings = readDrawings(new URL("../../views/icons/", import.meta.url));

function readDrawings(folder: URL): Map<string, string> {
  const names = readdirSync(folder).map((file) => file.replace(/\.ejs$/, ""));
  return new Map(names.map((name) => [name, readFileSync(new URL(`${name}.ejs`, folder), "utf8")]));
}

const svg =
  '<svg class="icon" viewBox="0 0 24 24" width="16" height="16" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"';

/**
 * An icon of 16 px in the colour of the text.
 * @param name a file of views/icons/ (Lucide, ISC licence).
 * @param label only where no text says the same.
 */
function icon({ name, label }: { name: string; label?: string }): string {
  const drawing = drawings.get(name);
  if (drawing === undefined) throw new Error(`There is no icon "${name}" in views/icons/.`);
  return `${svg} ${label ? html`role="img" aria-label="${label}"` : 'aria-hidden="true"'}>${drawing}</svg>`;
}

/**
 * A time as people say it. Its title has the exact time, and paper shows that (public/app.css); public/moments.js adds the
 * reader's zone.
 */
function moment({ at, style = "relative" }: { at: number; style?: MomentStyle }): string {
  const machine = new Date(at).toISOString();
  return html`<time datetime="${machine}" title="${exactTime(at)}" data-moment="${style}">${momentText(at, style)}</time>`;
}

/** The initials of a name, which is next to it or hidden in the same element. */
function avatar({ name }: { name: string }): string {
  const words = visible(name)
    .split(/[\s.@_-]+/u)
    .filter((word) => /\p{L}|\p{N}/u.test(word));
  const used = [words[0], words.length > 1 && !name.includes("@") ? words.at(-1) : ""];
  const initials = used.map((word) => [...(word ?? "")][0] ?? "").join("");
  return html`<span class="avatar" aria-hidden="true">${initials.toUpperCase() || "?"}</span>`;
}

/** A warning next to a name that mixes scripts, such as Latin letters with a Cyrillic letter that looks like one. */
function mixedScripts({ name }: { name: string | null }): string {
  const scripts = name ? scriptsOf(name) : [];
  if (scripts.length === 0) return "";
  const why = `Letters of ${scripts.join(" and ")}: one may look like another`;
  return html` <span class="badge warning" title="${why}">mixed scripts<span class="visually-hidden">. ${why}.</span></span>`;
}

/**
 * Whether a person may sign in, as badges with white space between them.
 * @param signedInAt the last sign-in; null if there was none, undefined where the page does not know.
 */
function personState({
  user,
  signedInAt,
}: {
  user: Pick<User, "active" | "blocked" | "origin">;
  signedInAt?: number | null | undefined;
}): string {
  const badge = (kind: string, text: string) => html`<span class="${kind}">${text}</span>`;
  const isInvited = user.origin === "invited" && signedInAt === null;
  const working = isInvited ? badge("badge", "Invited") : badge("badge done", "Active");
  return `${user.blocked ? badge("badge problem", "Blocked") : ""}
${user.active ? "" : badge("badge warning", "Deactivated")}
${user.active && !user.blocked ? working : ""}
`;
}
