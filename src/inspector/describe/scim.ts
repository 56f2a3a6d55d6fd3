import { operationName, type ScimExchange } from "scim-server/exchange";
import type { FlowPart, Message, MessagePart, RecordedCheck, Recorder } from "../../recording.ts";
import type { TokenOwner } from "../../store/system-store.ts";
import { statusLine } from "./parts.ts";
import { readableName } from "./rules.ts";

type Exchange = ScimExchange<TokenOwner>;

/** Records each SCIM call once it was answered. A call without a valid token belongs to no tenant. */
export function recordScim(recorder: Recorder): (exchange: Exchange) => void {
  return (exchange) => {
    const { caller } = exchange;
    if (caller) recorder.record(caller.tenantId, () => describe(exchange, caller));
  };
}

function describe(exchange: Exchange, owner: TokenOwner): Message {
  const { request, response, path, answer } = exchange;
  const step = operationName(request.method, path);
  const status = statusLine(response.statusCode);
  const refusal = response.statusCode >= 400 ? member(answer, "detail") : null;
  return {
    protocol: "scim",
    requestId: request.id,
    connectionKey: null,
    step,
    flow: flowOf(exchange, owner),
    at: request.receivedAt,
    ms: null,
    route: { from: "okta", to: "product", carried: false },
    person: /^\/Users(?:\/|$)/.test(path) ? readableName(loginNamesIn(exchange)) : null,
    people: namesIn(exchange),
    ...handledBy(step),
    verdict: response.statusCode < 400 ? "passed" : "failed",
    summary: refusal === null ? status : `${status}: ${refusal}`,
    request: {
      head: [
        `${request.method} ${decoded(request.originalUrl)}`,
        ...headers(requestHeaders, (name) => request.get(name)),
      ],
      ...(Object.keys(request.query).length > 0 ? { query: request.query } : {}),
      json: request.body,
      isRepeatable: true,
    },
    response: {
      head: [status, ...headers(answerHeaders, (name) => response.get(name))],
      ...(answer === undefined ? {} : { json: answer }),
    } satisfies MessagePart,
    checks: checksOf(exchange, owner, refusal),
  };
}

const requestHeaders = ["Authorization", "Content-Type", "If-Match", "If-None-Match", "User-Agent"];
const answerHeaders = ["Content-Type", "Location", "Content-Location", "ETag", "Retry-After", "Allow"];

function headers(names: readonly string[], read: (name: string) => string | undefined): string[] {
  return names.flatMap((name) => {
    const value = read(name);
    return value === undefined ? [] : [`${name}: ${value}`];
  });
}

/** A URL in readable form: percent-encoding is decoded. */
function decoded(url: string): string {
  try {
    return decodeURIComponent(url.replaceAll("+", " "));
  } catch {
    return url;
  }
}

type CheckRow = readonly [group: string, name: string, citation: string];

/** The check that failed, by the status of the answer. */
const failedChecks: Record<number, CheckRow> = {
  400: ["Request", "The request is what RFC 7644 describes", "RFC 7644 §3"],
  404: ["Resource", "There is such a resource in this tenant", "RFC 7644 §3.12"],
  405: ["Request", "The method is offered here", "RFC 7644 §3.2"],
  409: ["Resource", "No other resource has these values", "RFC 7644 §3.3"],
  412: ["Resource", "The resource has the version that the client expects", "RFC 7644 §3.14"],
  413: ["Request", "The body has at most 10 MB", "RFC 7644 §3.7.4"],
  415: ["Request", "The body is SCIM or JSON", "RFC 7644 §3.1"],
  429: ["Token", "The token is within its rate limit", "RFC 6585 §4"],
  503: ["Service", "The database answers", "RFC 9110 §15.6.4"],
};

function checksOf(
  { request, response, answer }: Exchange,
  { source, hint }: TokenOwner,
  refusal: string | null,
): RecordedCheck[] {
  const token: RecordedCheck = {
    name: "The provisioning token is known, and neither expired nor revoked",
    verdict: "passed",
    detail: `Source ${source.name}, token ${hint}…`,
    group: "Token",
    citation: "RFC 7644 §2",
  };
  const { statusCode } = response;
  if (refusal !== null) {
    const scimType = member(answer, "scimType");
    const detail = scimType === null ? refusal : `${scimType}: ${refusal}`;
    return [token, { ...checkFor(statusCode), verdict: "failed", detail, reason: `scim-${statusCode}` }];
  }
  const passed = (status: number): RecordedCheck => ({
    ...checkFor(status),
    verdict: "passed",
    detail: null,
  });
  return [
    token,
    ...(request.body === undefined ? [] : [passed(415)]),
    ...(request.get("if-match") === undefined ? [] : [passed(412)]),
  ];
}

/**
 * Calls about one person of one source. A call that changes one member of a group belongs to that person, because clients
 * send it right after the person; any other call about a group belongs to the group.
 */
function flowOf(exchange: Exchange, { source }: TokenOwner): FlowPart {
  const { path, request, answer } = exchange;
  const ids = [/^\/(?:Users|Groups)\/([^/.]+)$/.exec(path)?.[1], member(answer, "id")];
  const members = new Set(
    documentsIn(request.body).flatMap((document) => listIn(document, "members").map(({ value }) => value)),
  );
  const isGroup = /^\/Groups(?:\/|$)/.test(path);
  const names = isGroup ? [member(request.body, "displayName"), asked(exchange)] : loginNamesIn(exchange);
  const subjects = isGroup && members.size === 1 ? [...members] : [...ids, ...names];
  const keys = subjects.filter((one) => typeof one === "string" && one !== "");
  return {
    kind: "provisioning",
    keys: [...new Set(keys.map((key) => `${source.id}/${String(key).toLowerCase()}`))],
  };
}

/** The login names of the one person that a call is about. */
function loginNamesIn(exchange: Exchange): (string | null)[] {
  const { request, answer } = exchange;
  const found = listIn(answer, "Resources");
  return [
    ...[request.body, ...documentsIn(request.body), answer, ...(found.length === 1 ? found : [])].map((one) =>
      member(one, "userName"),
    ),
    asked(exchange),
  ];
}

/** The name of a filter that asks for one resource by its name. */
function asked({ request }: Exchange): string | null {
  const filter = String(request.query.filter ?? member(request.body, "filter") ?? "");
  return /^\s*(?:userName|displayName)\s+eq\s+"((?:[^"\\]|\\.)*)"\s*$/i.exec(filter)?.[1] ?? null;
}

function checkFor(status: number): Pick<RecordedCheck, "group" | "name" | "citation"> {
  const [group, name, citation] = failedChecks[status] ?? ["Request", "The call can be carried out", ""];
  return { group, name, citation };
}

/** At most this many names are kept for the search, from at most this many documents. */
const mostNames = 40;
const mostDocuments = 20;

/** The operands that a filter compares names with. */
const namesAskedFor = /\b(?:userName|displayName|externalId|emails|value|id)\s+\w\w\s+"((?:[^"\\]|\\.)*)"/gi;

/** The names that find a call: of its users, of those that a filter asks for, and of a group and its members. */
function namesIn({ path, request, answer }: Exchange): string[] {
  const names = new Set<string>();
  const add = (value: unknown) => {
    if (typeof value === "string" && names.size < mostNames) names.add(value);
  };
  for (const body of [request.body, answer]) {
    for (const document of documentsIn(body)) {
      for (const name of ["userName", "displayName", "externalId"]) add(member(document, name));
      for (const { value } of [...listIn(document, "emails"), ...listIn(document, "members")]) add(value);
    }
  }
  const filter = String(request.query.filter ?? member(request.body, "filter") ?? "");
  for (const [, name] of filter.matchAll(namesAskedFor)) add(name);
  add(/^\/(?:Users|Groups)\/([^/.]+)$/.exec(path)?.[1]);
  return [...names];
}

/** The resource of a body, those of a list, and the values of a PATCH. */
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

const engine = (name: string) => `packages/scim-server/src/${name}`;

const files: [RegExp, file: string, handler: string][] = [
  [/^GET \/Users\/?$/, engine("lists.ts"), "listUsers"],
  [/^GET \/Groups\/?$/, engine("lists.ts"), "listGroups"],
  [/ \/Groups\/\.search$/, engine("lists.ts"), "searchGroups"],
  [/\.search$/, engine("lists.ts"), "searchUsers"],
  [/^PATCH \/Users/, engine("patch-user.ts"), "patchUser"],
  [/^PATCH \/Groups/, engine("groups.ts"), "patchGroupById"],
  [/ \/Users/, "src/scim/users.ts", "scimUsers"],
  [/ \/Groups/, "src/scim/groups.ts", "scimGroups"],
  [/ \/Bulk/, engine("bulk.ts"), "carryOutBulk"],
  [/ \/(Roles|Entitlements)/, engine("assignable.ts"), "listAssignable"],
  [/ \/ServiceProviderConfig/, engine("discovery.ts"), "serviceProviderConfig"],
  [/ \/ResourceTypes/, engine("discovery.ts"), "listResourceTypes"],
  [/ \/Schemas/, engine("discovery.ts"), "listSchemas"],
];

/** The source file to read about a call, and the function in it. */
function handledBy(step: string): { file: string; handler: string } {
  const [, file = engine("router.ts"), handler = "scimRouter"] =
    files.find(([pattern]) => pattern.test(step)) ?? [];
  return { file, handler };
}
