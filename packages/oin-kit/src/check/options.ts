import { parseArgs } from "node:util";
import type { Product } from "../product.ts";
import { CheckInputError } from "./input-error.ts";
import { type Area, areas } from "./rules/rule.ts";

/** What somebody wants to have checked. */
export interface CheckOptions {
  /** Public origin of the deployment; null when only a SCIM server or metadata is checked. */
  url: string | null;
  /** Base URL of the SCIM server. */
  scimUrl: string | null;
  scimToken: string | null;
  areas: Area[];
  /** Connection keys to look at; empty when they are to be found on the deployment's own pages. */
  connections: string[];
  /** A file or an address with the metadata of somebody else's identity provider. */
  idpMetadata: string | null;
}

/** The options, and how to answer. The token itself comes on standard input. */
export interface CheckCommand {
  options: CheckOptions;
  tokenOnStdin: boolean;
  json: boolean;
}

/** @param product null when none is known. */
export const usage = (
  product: Product | null,
) => `Usage: npm run oin:check -- --url URL [options], or from anywhere: oin-check --url URL [options]

  --url URL               the deployment, like https://app.example.com
  --scim-token-stdin      read a provisioning token from standard input: SCIM is checked with people and a group
                          that the check creates and removes again
  --scim-url URL          the SCIM base URL, when it is not ${product?.addresses.scim ?? "the product's path"} of the deployment
  --connection KEY        a connection ID to look at; may be given more than once
  --idp-metadata FILE|URL the metadata of an identity provider, to check it before it is connected
  --only AREA[,AREA]      ${Object.keys(areas).join(", ")}
  --product FILE          the module that describes the product, when it is not the one of this repository
  --json                  print one JSON object
  --rules                 print every rule with its source, and check nothing`;

type Words = ReturnType<typeof readWords>;

/** What the words of the command line mean for this product, or for none. Throws CheckInputError with a sentence. */
export function commandOf(values: Words, product: Product | null): CheckCommand {
  const url = values.url === undefined ? null : origin(values.url);
  const known = (Object.keys(areas) as Area[]).filter((area) => product || !needsProduct(area));
  const chosen = chosenAreas(known, values.only, values["idp-metadata"] !== undefined);
  const needsUrl = chosen.filter((area) => area !== "listing" && needsProduct(area));
  const scimUrl = values["scim-url"] ?? (url === null || !product ? null : url + product.addresses.scim);
  if (!product && scimUrl === null && chosen.includes("scim"))
    throw new CheckInputError(
      "No product is known here: name one with --product, or a SCIM server with --scim-url.",
    );
  if (url === null && needsUrl.length > 0)
    throw new CheckInputError(`--url is missing: ${needsUrl.join(", ")} need it. --only leaves areas out.`);
  if (chosen.includes("scim")) address("--scim-url", scimUrl ?? "");
  const idpMetadata = values["idp-metadata"] ?? null;
  if (chosen.includes("idp-metadata") && idpMetadata === null)
    throw new CheckInputError("--idp-metadata is missing.");
  return {
    options: {
      url,
      scimUrl,
      scimToken: null,
      areas: chosen,
      connections: values.connection ?? [],
      idpMetadata,
    },
    tokenOnStdin: values["scim-token-stdin"] === true,
    json: values.json === true,
  };
}

/** Without a product, its listing is not known, nor where it serves what: only what is told to the check is looked at. */
function needsProduct(area: Area): boolean {
  return area !== "scim" && area !== "idp-metadata";
}

/** The words as they are. Throws CheckInputError for one that there is not. */
export function readWords(args: string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const many = { type: "string", multiple: true } as const;
  const options = {
    url: text,
    "scim-url": text,
    "idp-metadata": text,
    connection: many,
    product: text,
    only: many,
    "scim-token-stdin": flag,
    json: flag,
  };
  try {
    return parseArgs({ args, options, strict: true }).values;
  } catch (error) {
    throw new CheckInputError(`${(error as Error).message.split(". ")[0]}.`);
  }
}

/** The metadata of a foreign provider is an area of its own only when it is given. */
function chosenAreas(known: Area[], only: string[] | undefined, withMetadata: boolean): Area[] {
  if (only === undefined) return known.filter((area) => area !== "idp-metadata" || withMetadata);
  const wanted = only.flatMap((words) => words.split(",")).map((word) => word.trim());
  const where = known.includes("listing") ? "" : " here";
  const unknown = wanted.filter((word) => !known.some((area) => area === word));
  if (unknown.length > 0)
    throw new CheckInputError(`--only knows ${known.join(", ")}${where}, not ${unknown.join(", ")}.`);
  return known.filter((area) => wanted.includes(area));
}

function origin(text: string): string {
  const url = address("--url", text);
  if (url.pathname !== "/" || url.search || url.hash)
    throw new CheckInputError(`--url is the public origin, without a path: ${url.origin}.`);
  return url.origin;
}

function address(option: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new CheckInputError(`${option} is a web address, not "${text}".`);
  return url;
}
