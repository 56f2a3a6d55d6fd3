import { type ShownClaim, shownClaims } from "./claims.ts";
import { kinds, otherKind } from "./kinds.ts";
import { maskedForm, maskedHeader, maskedJson, maskedUrl } from "./masking.ts";
import { type AgentMessage, type Parties, type Party, readMessage } from "./messages.ts";
import type { RefusedMessage } from "./refusals.ts";
import type { AgentRound } from "./sessions.ts";
import type { Exchange } from "./wire-trace.ts";

/** A message as the page shows it: plain words, then the claims, then the raw text. */
interface ShownMessage {
  from: Party;
  to: Party;
  /** Whether the browser carries it. */
  isCarried: boolean;
  title: string;
  says: string;
  outcome: { text: string; isRefused: boolean } | null;
  request: string;
  response: string | null;
  jwts: { name: string; claims: ShownClaim[] }[];
}

const jwtNames: Record<string, string> = {
  id_token: "ID token",
  subject_token: "ID token",
  assertion: "ID-JAG",
  access_token: "ID-JAG",
};

export function showMessages(exchanges: readonly Exchange[], parties: Parties): ShownMessage[] {
  const messages = exchanges.map((exchange) => readMessage(exchange, parties));
  const refused = messages.findIndex((message) => message.isRefused && kindOf(message).id === "grant");
  return messages.map((message, index) => {
    const shown = showMessage(message);
    if (refused === -1 || index !== refused + 1) return shown;
    return { ...shown, says: `The SDK of MCP tries once more, from the beginning. ${shown.says}` };
  });
}

function showMessage(message: AgentMessage): ShownMessage {
  const { exchange, from, to, jwts, isRefused, status } = message;
  const kind = kindOf(message);
  const isCarried = exchange.answer === null && exchange.failure === null;
  const text = exchange.failure ?? String(status);
  return {
    from,
    to,
    isCarried,
    title: kind.title(message),
    says: kind.says(message),
    outcome: isCarried ? null : { text, isRefused },
    request: requestText(exchange),
    response: responseText(exchange),
    jwts: jwts.map(({ name, header, claims }) => ({
      name: jwtNames[name] ?? name,
      claims: shownClaims({ ...header, ...claims }),
    })),
  };
}

function kindOf(message: AgentMessage) {
  return kinds.find((kind) => kind.matches(message)) ?? otherKind;
}

/** The last message of a failed round, if it was refused. */
export function lastRefused(
  { exchanges }: Pick<AgentRound, "exchanges">,
  parties: Parties,
): RefusedMessage | null {
  const last = exchanges.map((exchange) => readMessage(exchange, parties)).findLast(isFinal);
  if (!last?.isRefused) return null;
  const { agent, org, product } = parties;
  return { kind: kindOf(last).id, message: last, agent: agent.name, org: org.name, product: product.name };
}

/** A client that gives up may still close its stream. */
function isFinal({ exchange }: AgentMessage): boolean {
  return exchange.method !== "DELETE";
}

/** The headers that mean something here. */
const shownHeaders = [
  ...["authorization", "content-type", "accept", "mcp-protocol-version", "mcp-method", "mcp-name"],
  ...["www-authenticate", "cache-control", "retry-after"],
];

function headerLines(headers: Exchange["headers"]): string[] {
  return headers
    .filter(([name]) => shownHeaders.includes(name))
    .map(([name, value]) => `${name}: ${maskedHeader(name, value)}`);
}

function requestText({ method, url, headers, body }: Exchange): string {
  const text = body.startsWith("{") ? maskedJson(body) : maskedForm(body);
  return [`${method} ${maskedUrl(url)}`, ...headerLines(headers), ...(text ? ["", text] : [])].join("\n");
}

function responseText({ answer }: Exchange): string | null {
  if (!answer) return null;
  const text = maskedJson(answer.body);
  return [`HTTP ${answer.status}`, ...headerLines(answer.headers), ...(text ? ["", text] : [])].join("\n");
}
