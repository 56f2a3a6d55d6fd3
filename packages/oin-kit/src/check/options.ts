import { parseArgs } from "node:util";
import type { Product } from "../product.ts";
import type { AgentCredentials } from "./agents/agent-check.ts";
import { answersAt } from "./agents/org.ts";
import { CheckInputError } from "./input-error.ts";
import { type Area, areas } from "./rules/rule.ts";

/** What to check. */
export interface CheckOptions {
  /** Public origin of the deployment; null to check only a SCIM server, metadata or the listing. */
  url: string | null;
  /** Base URL of the SCIM server. */
  scimUrl: string | null;
  scimToken: string | null;
  /** The client ID that Okta has for OAuth 2.0 for SCIM. */
  scimClient?: string | null;
  areas: Area[];
  /** Connection keys to check; if empty, the check looks for them on the deployment's pages. */
  connections: string[];
  /** A file or a URL with the metadata of an identity provider. */
  idpMetadata: string | null;
  /** The two sides of Cross App Access. */
  agents?: AgentOptions;
}

/** An agent of the deployment, and the org that the check plays; null for what was not given. */
interface AgentOptions {
  agent: AgentCredentials | null;
  /** The org's address, and the port of this machine behind it if they differ. */
  org: { issuer: string; port: number | null } | null;
}

/** The options, and how to read the token and print the result. */
export interface CheckCommand {
  options: CheckOptions;
  tokenOnStdin: boolean;
  /** The file with the agent's client ID and secret; null if none was named. */
  agentFile: string | null;
  /** The file for the evidence of Cross App Access; null if none is wanted. */
  evidenceFile: string | null;
  json: boolean;
  /** The file for the report as a web page; null if none is wanted. */
  reportFile: string | null;
}

/** @param product null if none is known. */
export const usage = (
  product: Product | null,
) => `Usage: npm run oin:check -- --url URL [options], or from anywhere: oin-check --url URL [options]

  --url URL               the deployment, like https://app.example.com
  --scim-token-stdin      read a provisioning token from standard input: the SCIM check creates people and a group,
                          and removes them again
  --scim-url URL          the SCIM base URL, if it is not ${product?.addresses.scim ?? "the product's path"} of the deployment
  --scim-client ID        the client ID of OAuth 2.0 for SCIM, which npm run --silent admin -- scim-client list prints
  --connection KEY        a connection ID to check; may be given more than once
  --agent FILE            an agent for the check of Cross App Access: the JSON that
                          npm run --silent admin -- client create --name "Readiness check" --json prints
  --org URL               the issuer of a connection for the check, which plays this org: http on this machine, or https
  --org-port PORT         the port of this machine to which the host of an https --org forwards
  --evidence FILE         also write what was checked of Cross App Access as JSON, for oin@okta.com
  --idp-metadata FILE|URL the metadata of an identity provider, to check it before you connect it
  --only AREA[,AREA]      ${Object.keys(areas).join(", ")}
  --product FILE          the module that describes the product, if it is not the one of this repository
  --json                  print one JSON object
  --report html [FILE]    also write the report as a web page, to ${defaultReport} if no file is named
  --rules                 print every rule with its source, without checking anything`;

/** The file of `--report html` without a name. */
const defaultReport = "readiness-report.html";

type Words = ReturnType<typeof readWords>;

/** Validates the command line. @param product null if none is known. Throws CheckInputError. */
export function commandOf(values: Words, product: Product | null): CheckCommand {
  const url = values.url === undefined ? null : origin("--url", values.url);
  const known = (Object.keys(areas) as Area[]).filter((area) => product || !needsProduct(area));
  const chosen = chosenAreas(known, values.only, values["idp-metadata"] !== undefined);
  const needsUrl = chosen.filter((area) => area !== "listing" && needsProduct(area));
  const scimUrl = values["scim-url"] ?? (url === null || !product ? null : url + product.addresses.scim);
  if (!product && scimUrl === null && chosen.includes("scim"))
    throw new CheckInputError(
      "No product is known here. Name one with --product, or a SCIM server with --scim-url.",
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
      scimClient: values["scim-client"] ?? null,
      areas: chosen,
      connections: values.connection ?? [],
      idpMetadata,
      agents: { agent: null, org: orgOf(values) },
    },
    agentFile: values.agent ?? null,
    evidenceFile: values.evidence ?? null,
    tokenOnStdin: values["scim-token-stdin"] === true,
    json: values.json === true,
    reportFile: reportFile(values),
  };
}

/** The org that the check plays. Throws CheckInputError if the check cannot answer at its address. */
function orgOf({ org, "org-port": port }: Words): AgentOptions["org"] {
  if (org === undefined) return null;
  const issuer = origin("--org", org);
  if (port === undefined && !answersAt(issuer))
    throw new CheckInputError(`--org-port is missing: ${issuer} has to forward to a port of this machine.`);
  if (port !== undefined && !/^[1-9]\d{0,4}$/.test(port))
    throw new CheckInputError(`--org-port is a number, not "${port}".`);
  return { issuer, port: port === undefined ? null : Number(port) };
}

/** The file after `--report html`. Throws CheckInputError for another format, and for a word that no option takes. */
function reportFile({ report, words }: Words): string | null {
  const [file = defaultReport, ...more] = words;
  const [stray] = report === undefined ? words : more;
  if (stray !== undefined) throw new CheckInputError(`"${stray}" is not an option.`);
  if (report === undefined) return null;
  if (report !== "html") throw new CheckInputError(`--report knows html, not ${report}.`);
  return file;
}

/** Only the SCIM server and the metadata of a provider can be checked without knowing the product's URLs and listing. */
function needsProduct(area: Area): boolean {
  return area !== "scim" && area !== "idp-metadata";
}

/** Parses the command line. Throws CheckInputError for an unknown option. */
export function readWords(args: string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean" } as const;
  const many = { type: "string", multiple: true } as const;
  const options = {
    url: text,
    "scim-url": text,
    "scim-client": text,
    "idp-metadata": text,
    connection: many,
    agent: text,
    org: text,
    "org-port": text,
    evidence: text,
    product: text,
    only: many,
    "scim-token-stdin": flag,
    json: flag,
    report: text,
  };
  try {
    const { values, positionals } = parseArgs({ args, options, strict: true, allowPositionals: true });
    return { ...values, words: positionals };
  } catch (error) {
    throw new CheckInputError(`${(error as Error).message.split(". ")[0]}.`);
  }
}

/** Without --only, the area idp-metadata is checked only if metadata was given. */
function chosenAreas(known: Area[], only: string[] | undefined, withMetadata: boolean): Area[] {
  if (only === undefined) return known.filter((area) => area !== "idp-metadata" || withMetadata);
  const wanted = only.flatMap((words) => words.split(",")).map((word) => word.trim());
  const where = known.includes("listing") ? "" : " here";
  const unknown = wanted.filter((word) => !known.some((area) => area === word));
  if (unknown.length > 0)
    throw new CheckInputError(`--only knows ${known.join(", ")}${where}, not ${unknown.join(", ")}.`);
  return known.filter((area) => wanted.includes(area));
}

function origin(option: string, text: string): string {
  const url = address(option, text);
  if (url.pathname !== "/" || url.search || url.hash)
    throw new CheckInputError(`${option} is the public origin, without a path: ${url.origin}.`);
  return url.origin;
}

function address(option: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new CheckInputError(`${option} is a web address, not "${text}".`);
  // A report shows its addresses.
  if (url.username || url.password)
    throw new CheckInputError(`${option} has a user name or a password in it. Use --scim-token-stdin.`);
  return url;
}
