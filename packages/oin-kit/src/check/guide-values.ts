import type { Product } from "../product.ts";
import { keyPlaceholder } from "../wizard-urls.ts";
import { type GuidePage, rowsOf } from "./guide-page.ts";
import type { CheckReport } from "./report.ts";

/** The values that a guide may print, with the placeholder of a customer's key. */
interface PrintedValues {
  /** By the labels under which a table prints them. The first row that matches counts. */
  labelled: readonly (readonly [label: RegExp, url: string])[];
  /** All other addresses of the product that a guide may name. */
  others: readonly string[];
  /** The placeholder of a customer's key, in whose place a guide may have any word. */
  placeholder: string;
}

/** Compares the addresses that a guide prints with those that the Wizard gets: Okta's reviewers follow the guide. */
export function judgeValues(page: GuidePage, origin: string, product: Product, report: CheckReport): void {
  const values = printedValues(origin, product);
  const own = { origin, published: product.manifest.origin };
  const wrong = [...wrongRows(page, values, own), ...lookalikes(page, values, own)];
  const shown = wrong.length === 0 ? "every address is the Wizard's" : [...new Set(wrong)].join("; ");
  report.judge("guide-values", wrong.length === 0, `${shown}, in ${page.url}`);
}

function printedValues(origin: string, product: Product): PrintedValues {
  const { addresses } = product;
  const placeholder = keyPlaceholder(product);
  const oidc = addresses.oidc(origin, placeholder);
  const saml = addresses.saml?.(origin, placeholder);
  const { issuer, tokenEndpoint, resources } = addresses.agents(origin);
  return {
    labelled: [
      [/post-logout|sign-?out redirect/i, oidc.postLogoutRedirectUri],
      [/redirect uri/i, oidc.redirectUri],
      [/initiate login/i, oidc.initiateLoginUri],
      ...(saml ? samlLabels(saml) : []),
      [/\bbase url\b/i, origin + addresses.scim],
      [/token revocation|logout endpoint/i, origin + addresses.universalLogout],
      [/issuer url/i, issuer],
      ...resources.map(({ name, url }): [RegExp, string] => [
        new RegExp(`resource indicator.*\\b${name}\\b`, "i"),
        url,
      ]),
    ],
    others: [
      oidc.signInUrl,
      ...(saml ? [saml.signInUrl, saml.metadataUrl] : []),
      origin + addresses.guides,
      tokenEndpoint,
    ],
    placeholder,
  };
}

function samlLabels({ acsUrl, entityId }: { acsUrl: string; entityId: string }): [RegExp, string][] {
  return [
    [/\bACS\b|assertion consumer/i, acsUrl],
    [/audience|entity id/i, entityId],
  ];
}

/** The origin of this deployment, and that of the submission: a guide may print either (the rule site-origin compares them). */
interface Origins {
  origin: string;
  published: string;
}

/** Rows of tables that print another address than the Wizard's under one of its labels. */
function wrongRows(page: GuidePage, values: PrintedValues, own: Origins): string[] {
  return rowsOf(page).flatMap(([label = "", ...cells]) => {
    const [, right] = values.labelled.find(([pattern]) => pattern.test(label)) ?? [];
    if (right === undefined) return [];
    return addressesIn(cells.join(" "), own)
      .filter((address) => !isOktas(address) && !isSame(address, right, values.placeholder))
      .map((address) => `${label}: ${address}, the Wizard's is ${right}`);
  });
}

/** Addresses anywhere in the text that look like one of the Wizard's, but are another. */
function lookalikes(
  { words }: GuidePage,
  { labelled, others, placeholder }: PrintedValues,
  own: Origins,
): string[] {
  // The issuer is the origin, with which every address begins.
  const wizard = labelled.map(([, url]) => url).filter((url) => url !== own.origin);
  const known = [...wizard, ...others];
  return addressesIn(words, own).flatMap((address) => {
    if (known.some((one) => isSame(address, one, placeholder))) return [];
    if (known.some((one) => address.startsWith(`${one}/`)) || isOktas(address)) return [];
    const like = wizard.find((one) => looksLike(address, one));
    return like === undefined ? [] : [`${address}, the Wizard's is ${like}`];
  });
}

/** The addresses in a text, those of the submission as if they were this deployment's. */
function addressesIn(text: string, { origin, published }: Origins): string[] {
  const found = text.match(/https?:\/\/[^\s"'<>|()]+/g) ?? [];
  return found
    .map((address) => address.replace(/[.,;:!?]+$/, ""))
    .map((address) =>
      address === published || address.startsWith(`${published}/`)
        ? origin + address.slice(published.length)
        : address,
    );
}

/** Whether two addresses are the same but for the customer's key. */
function isSame(address: string, right: string, placeholder: string): boolean {
  const quoted = right.split(placeholder).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${quoted.join("[^/]+")}$`).test(address);
}

/** Okta's own addresses end in the same words as a product's. */
function isOktas(address: string): boolean {
  return URL.canParse(address) && /(^|\.)okta[a-z-]*\.[a-z]+$/i.test(new URL(address).hostname);
}

/** Whether two addresses end in the same word, or begin in the same folder with as many parts. */
function looksLike(address: string, right: string): boolean {
  const parts = (url: string) =>
    url
      .replace(/^https?:\/\/[^/]*/, "")
      .split("/")
      .filter(Boolean);
  const [ones, others] = [parts(address), parts(right)];
  if (ones.length === 0) return false;
  const sameFolder = ones.length > 1 && ones[0] === others[0] && ones.length === others.length;
  return sameFolder || ones.at(-1) === others.at(-1);
}
