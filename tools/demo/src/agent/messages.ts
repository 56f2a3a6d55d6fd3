import { type CarriedJwt, jsonIn, jwtsIn } from "./masking.ts";
import type { Exchange } from "./wire-trace.ts";

/** A program in the story. */
export interface Party {
  name: string;
  origin: string;
}

export interface Parties {
  agent: Party;
  org: Party;
  product: Party;
}

/** An exchange with its content read: what the words about it need. */
export interface AgentMessage {
  exchange: Exchange;
  from: Party;
  to: Party;
  path: string;
  /** The parameters of the query, or of a form. */
  sent: Readonly<Record<string, string>>;
  /** The method of a JSON-RPC request, and the tool that it calls. */
  rpc: { method: string; tool: string } | null;
  /** The members of a JSON response. */
  answered: Readonly<Record<string, unknown>>;
  status: number;
  hasToken: boolean;
  /** The parameters of the WWW-Authenticate header. */
  challenge: Readonly<Record<string, string>>;
  jwts: CarriedJwt[];
  isRefused: boolean;
}

export function readMessage(exchange: Exchange, { agent, org, product }: Parties): AgentMessage {
  const { origin, pathname, search } = new URL(exchange.url);
  const { answer } = exchange;
  const to = [agent, org, product].find((one) => one.origin === origin) ?? product;
  const isForm = exchange.body !== "" && !exchange.body.startsWith("{");
  const sent = Object.fromEntries(new URLSearchParams(isForm ? exchange.body : search));
  const answered: Record<string, unknown> = { ...Object(jsonIn(answer?.body ?? "")) };
  const status = answer?.status ?? 0;
  return {
    exchange,
    from: to === agent ? org : agent,
    to,
    path: pathname,
    sent,
    rpc: rpcIn(exchange.body),
    answered,
    status,
    hasToken: exchange.headers.some(([name]) => name === "authorization"),
    challenge: challengeIn(answer?.headers.find(([name]) => name === "www-authenticate")?.[1] ?? ""),
    jwts: [...jwtsIn(Object.entries(sent)), ...jwtsIn(Object.entries(answered))],
    isRefused: exchange.failure !== null || status >= 400 || isErrorIn(answered) || "error" in sent,
  };
}

function rpcIn(body: string): AgentMessage["rpc"] {
  if (!body.startsWith("{")) return null;
  const { method, params } = JSON.parse(body) as { method?: string; params?: { name?: string } };
  return { method: method ?? "", tool: params?.name ?? "" };
}

/** JSON-RPC errors, and results of tools that failed, come with the status 200. */
function isErrorIn({ error, result }: Readonly<Record<string, unknown>>): boolean {
  return error !== undefined || { ...Object(result) }.isError === true;
}

function challengeIn(header: string): Record<string, string> {
  return Object.fromEntries(
    [...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [name, value]),
  );
}

/** An error of OAuth, from a response, a redirect or a challenge. */
export function quoted({ error, error_description: description }: Readonly<Record<string, unknown>>): string {
  return `“${[error, description].filter(Boolean).join(": ").replace(/\.$/, "")}”`;
}
