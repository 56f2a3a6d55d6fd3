import { STATUS_CODES } from "node:http";
import { inflateRawSync } from "node:zlib";
import type { Element } from "@xmldom/xmldom";
import type { Request } from "express";
import { Checks } from "../checks.ts";
import type { ExternalIdentity } from "../model.ts";
import { failureText, type Message, type MessagePart, type Recorder, sourceFile } from "../recording.ts";
import { mappedNames } from "./attributes.ts";
import { shownXml } from "./shown-xml.ts";
import type { Visit } from "./visit.ts";
import { isWellFormed } from "./well-formed.ts";
import { elementsOf, parseXml, textOf } from "./xml.ts";

/** What happens in one request of a sign-in, for the inspector. */
export class Trace {
  readonly checks: Checks = new Checks();
  /** The assertion that the signatures vouch for, as soon as they do. */
  assertionXml: string | null = null;
  /** Who it is: login name, subject, address. */
  people: (string | null)[] = [];
  /** What came of it when every check passed. */
  passed = "";

  identify({ loginName, subject, profile }: ExternalIdentity, passed: string): void {
    this.people = [loginName, subject, profile.email];
    this.passed = passed;
  }
}

type Step = Pick<Message, "step" | "request" | "response"> & { file: string };

/** Tells the inspector of a request of a sign-in, once it is answered. */
export function recordTrace(recorder: Recorder, visit: Visit, req: Request): void {
  req.res?.once("finish", () => {
    const { store, connection, trace } = visit;
    recorder.record(store.tenantId, () => {
      const { results } = trace.checks;
      const failed = results.find(({ verdict }) => verdict === "failed");
      const arrived = req.path.endsWith("/acs") ? arrivedXml(trace, req) : [];
      const { file, ...step } = describe(visit, req, arrived);
      return {
        protocol: "saml",
        requestId: req.id,
        connectionKey: connection.key,
        checks: results,
        ...step,
        file: sourceFile(new URL(file, import.meta.url).href),
        people: peopleIn(trace, arrived),
        verdict: failed ? "failed" : "passed",
        summary: failed ? failureText(failed) : trace.passed,
        secrets: secretsIn(req),
      };
    });
  });
}

function describe({ connection }: Visit, req: Request, arrived: Element[]): Step {
  const mapped = mappedNames(connection.settings);
  const head = [`${req.method} ${req.path}`];
  if (req.path.endsWith("/acs")) {
    const xml = arrived.map((root) => shownXml(root, mapped)).join("\n\n");
    const json = { RelayState: fieldsOf(req).RelayState };
    return {
      step: "Response",
      file: "acs.ts",
      request: { head, json, ...(xml ? { xml } : {}) },
      response: null,
    };
  }
  if (req.path.endsWith("/finish"))
    return { step: "Sign-in", file: "../directory/sign-in.ts", request: { head }, response: null };
  return {
    step: "Authentication request",
    file: "routes.ts",
    request: { head },
    response: requestPart(req, mapped),
  };
}

function fieldsOf(req: Request): Record<string, unknown> {
  return Object(req.body);
}

/** The response, and what was encrypted in it. What the checks refused to parse is not parsed for showing it. */
function arrivedXml({ checks, assertionXml }: Trace, req: Request): Element[] {
  if (!checks.results.some(({ name, verdict }) => name === isWellFormed && verdict === "passed")) return [];
  const response = rootOf(Buffer.from(String(fieldsOf(req).SAMLResponse), "base64").toString("utf8"));
  const isEncrypted = elementsOf(response).some(({ localName }) => localName === "EncryptedAssertion");
  return isEncrypted && assertionXml !== null ? [response, rootOf(assertionXml)] : [response];
}

function rootOf(xml: string): Element {
  const { documentElement } = parseXml(xml);
  if (!documentElement) throw new Error("a document without an element");
  return documentElement;
}

/** Our own request, from the address that the browser is sent to (SAML Bindings §3.4.4.1). */
function requestPart({ res }: Request, mapped: ReadonlySet<string>): MessagePart | null {
  const location = res?.get("location");
  if (!res || !location || !URL.canParse(location)) return null;
  const { origin, pathname, searchParams } = new URL(location);
  const request = searchParams.get("SAMLRequest");
  const [RelayState, SigAlg] = [searchParams.get("RelayState"), searchParams.get("SigAlg")];
  const head = [`${res.statusCode} ${STATUS_CODES[res.statusCode]}`, `Location: ${origin}${pathname}`];
  if (request === null) return { head };
  const xml = inflateRawSync(Buffer.from(request, "base64")).toString("utf8");
  return { head, json: { RelayState, SigAlg }, xml: shownXml(rootOf(xml), mapped) };
}

function peopleIn({ people }: Trace, arrived: Element[]): string[] {
  const nameIds = arrived.flatMap(elementsOf).filter(({ localName }) => localName === "NameID");
  return [...new Set([...people, ...nameIds.map(textOf)].flatMap((name) => name ?? []))];
}

/** Values that would let somebody go on with a sign-in. A RelayState that is an address of ours is none of them. */
function secretsIn(req: Request): string[] {
  const { SAMLResponse, RelayState, ticket } = fieldsOf(req);
  const location = req.res?.get("location") ?? "";
  const query = URL.canParse(location, "http://relative")
    ? new URL(location, "http://relative").searchParams
    : null;
  const states = [RelayState, query?.get("RelayState")].filter(
    (state) => !/^(\/|https?:)/.test(String(state)),
  );
  const others = [SAMLResponse, ticket, req.query.ticket, query?.get("ticket"), query?.get("Signature")];
  return [...states, ...others].filter((value) => typeof value === "string" && value !== "").map(String);
}
