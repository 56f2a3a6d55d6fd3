import { STATUS_CODES } from "node:http";
import type { Request, RequestHandler, Response } from "express";
import {
  type Message,
  type MessagePart,
  type RecordedCheck,
  type Recorder,
  sourceFile,
} from "../recording.ts";
import type { TokenOwner } from "../store/token-owners.ts";

/** Tells the inspector of each call once it is answered, so that nobody waits for that. */
export function recording(recorder: Recorder): RequestHandler {
  return (req, res, next) => {
    const { tokenOwner: owner, path } = req;
    if (owner)
      res.once("finish", () => recorder.record(owner.tenantId, () => describe(req, res, owner, path)));
    next();
  };
}

function describe(req: Request, res: Response, owner: TokenOwner, path: string): Message {
  const { method, id: requestId } = req;
  const answer: unknown = res.locals.scimBody;
  const status = `${res.statusCode} ${STATUS_CODES[res.statusCode] ?? ""}`.trim();
  const refusal = res.statusCode >= 400 ? member(answer, "detail") : null;
  return {
    protocol: "scim",
    requestId,
    connectionKey: null,
    step: nameOf(method, path),
    people: namesIn(path, req, answer),
    file: fileOf(method, path),
    verdict: res.statusCode < 400 ? "passed" : "failed",
    summary: refusal === null ? status : `${status}: ${refusal}`,
    request: {
      head: [`${method} ${decoded(req.originalUrl)}`, ...headers(requestHeaders, (name) => req.get(name))],
      json: req.body,
    },
    response: {
      head: [status, ...headers(answerHeaders, (name) => res.get(name))],
      ...(answer === undefined ? {} : { json: answer }),
    } satisfies MessagePart,
    checks: checksOf(req, res, owner, refusal),
  };
}

/** What a call is called, whomever it is about: "PATCH /Users/{id}". */
export function nameOf(method: string, path: string): string {
  return `${method} ${path.replace(/^(\/(?:Users|Groups))\/[^/.][^/]*$/, "$1/{id}")}`;
}

const requestHeaders = ["Authorization", "Content-Type", "If-Match", "If-None-Match", "User-Agent"];
const answerHeaders = ["Content-Type", "Location", "Content-Location", "ETag", "Retry-After", "Allow"];

function headers(names: readonly string[], read: (name: string) => string | undefined): string[] {
  return names.flatMap((name) => {
    const value = read(name);
    return value === undefined ? [] : [`${name}: ${value}`];
  });
}

/** An address as people read it. */
function decoded(url: string): string {
  try {
    return decodeURIComponent(url.replaceAll("+", " "));
  } catch {
    return url;
  }
}

/** What a status says about the check that it ended in; the others were not reached, or have nothing to say. */
const failedChecks: Record<number, string> = {
  400: "The request is what RFC 7644 describes",
  404: "There is such a resource in this tenant",
  405: "The method is offered here",
  409: "Nobody else has these values",
  412: "The resource has the version that the client expects",
  413: "The body has at most 10 MB",
  415: "The body is SCIM or JSON",
  429: "The token is within its rate limit",
  503: "The database answers",
};

function checksOf(req: Request, res: Response, owner: TokenOwner, refusal: string | null): RecordedCheck[] {
  const { source, hint } = owner;
  const token: RecordedCheck = {
    name: "The provisioning token is known, and neither expired nor revoked",
    verdict: "passed",
    detail: `Source ${source.name}, token ${hint}…`,
  };
  const passed = (name: string): RecordedCheck => ({ name, verdict: "passed", detail: null });
  if (refusal !== null) {
    const name = failedChecks[res.statusCode] ?? "The call can be carried out";
    const scimType = member(res.locals.scimBody, "scimType");
    return [
      token,
      { name, verdict: "failed", detail: scimType === null ? refusal : `${scimType}: ${refusal}` },
    ];
  }
  return [
    token,
    ...(req.body === undefined ? [] : [passed("The body is SCIM or JSON")]),
    ...(req.get("if-match") === undefined ? [] : [passed(failedChecks[412] as string)]),
  ];
}

/** More names than this are not worth searching for; nor is it worth looking into more documents. */
const mostNames = 40;
const mostDocuments = 20;

/** What a filter compares a name with. */
const namesAskedFor = /\b(?:userName|displayName|externalId|emails|value|id)\s+\w\w\s+"((?:[^"\\]|\\.)*)"/gi;

/** Everything that names whom a call is about: users in it, those that a filter asks for, and a group with its members. */
function namesIn(path: string, req: Request, answer: unknown): string[] {
  const names = new Set<string>();
  const add = (value: unknown) => {
    if (typeof value === "string" && names.size < mostNames) names.add(value);
  };
  for (const body of [req.body, answer]) {
    for (const document of documentsIn(body)) {
      for (const name of ["userName", "displayName", "externalId"]) add(member(document, name));
      for (const { value } of [...listIn(document, "emails"), ...listIn(document, "members")]) add(value);
    }
  }
  const filter = String(req.query.filter ?? member(req.body, "filter") ?? "");
  for (const [, name] of filter.matchAll(namesAskedFor)) add(name);
  add(/^\/(?:Users|Groups)\/([^/.]+)$/.exec(path)?.[1]);
  return [...names];
}

/** A resource, those of a list, and what the operations of a PATCH bring. */
function documentsIn(body: unknown): unknown[] {
  const operations = listIn(body, "Operations").map((operation) =>
    member(operation, "path") === "members" ? { members: operation.value } : operation.value,
  );
  return [body, ...listIn(body, "Resources"), ...operations];
}

function member(value: unknown, name: string): string | null {
  const found: unknown = Object(value)[name];
  return typeof found === "string" ? found : null;
}

function listIn(value: unknown, name: string): Record<string, unknown>[] {
  const found: unknown = Object(value)[name];
  return Array.isArray(found) ? found.slice(0, mostDocuments).map(Object) : [];
}

const source = (name: string) => sourceFile(new URL(name, import.meta.url).href);

const files: [RegExp, string][] = [
  [/^GET \/(Users|Groups)\/?$|\.search$/, source("lists.ts")],
  [/^PATCH \/Users/, source("patch-user.ts")],
  [/^PATCH \/Groups/, source("patch-group.ts")],
  [/ \/Users/, source("users.ts")],
  [/ \/Groups/, source("groups.ts")],
  [/ \/Bulk/, source("bulk.ts")],
  [/ \/(Roles|Entitlements)/, source("roles.ts")],
  [/ \/(ServiceProviderConfig|ResourceTypes|Schemas)/, source("discovery.ts")],
];
const otherwise = source("routes.ts");

/** Where to read on. */
function fileOf(method: string, path: string): string {
  const call = `${method} ${path}`;
  return files.find(([pattern]) => pattern.test(call))?.[1] ?? otherwise;
}
