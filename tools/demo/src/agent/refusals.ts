import { clickPath, okta } from "okta-labels/labels";
import { type AgentMessage, quoted } from "./messages.ts";

/** Why a question failed, for the person who asked it. */
export interface Refusal {
  title: string;
  happened: string;
  todo: string;
  /** Whether a new sign-in may help. */
  signIn: boolean;
}

/** A message that was refused, and the names of those in it. */
export interface RefusedMessage {
  kind: string;
  message: AgentMessage;
  agent: string;
  org: string;
  product: string;
}

interface RefusalRow {
  kind: string;
  /** The error code; any if it is absent. */
  error?: string;
  title(names: RefusedMessage): string;
  happened(names: RefusedMessage): string;
  todo(names: RefusedMessage): string;
  signIn?: true;
}

const atOrg = ({ agent }: RefusedMessage, ...rest: string[]) =>
  `Ask the administrator of your org. The place is ${clickPath(okta.menus.aiAgents, agent, ...rest)}.`;
const atProduct = ({ product }: RefusedMessage) =>
  `Ask an administrator of ${product}. The place is Admin > Agents, and the inspector shows the reason.`;

/** The first row that fits the refused message explains it. */
const rows: readonly RefusalRow[] = [
  {
    kind: "callback",
    title: ({ agent }) => `Your org does not let you use ${agent}`,
    happened: ({ org, message }) => `${org} answered: ${quoted(message.sent)}.`,
    todo: ({ agent }) => `Ask the administrator of your org to assign ${agent} to you.`,
    signIn: true,
  },
  {
    kind: "exchange",
    error: "invalid_target",
    title: ({ agent, product }) => `Your org does not let ${agent} into ${product}`,
    happened: ({ org, message }) =>
      `The agent has no resource connection there, or an administrator has removed it. ${org} answered: ${quoted(message.answered)}.`,
    todo: (names) => atOrg(names, okta.agents.resourceConnections),
  },
  {
    kind: "exchange",
    error: "unauthorized_client",
    title: ({ agent }) => `Your org has deactivated ${agent}`,
    happened: ({ org, message }) => `${org} answered: ${quoted(message.answered)}.`,
    todo: (names) => atOrg(names),
  },
  {
    kind: "exchange",
    error: "invalid_grant",
    title: () => "Your sign-in is too old",
    happened: ({ org, message }) => `${org} answered: ${quoted(message.answered)}.`,
    todo: () => "Sign in again.",
    signIn: true,
  },
  {
    kind: "exchange",
    title: ({ agent, product }) => `Your org does not let ${agent} act for you in ${product}`,
    happened: ({ org, message }) => `${org} answered: ${quoted(message.answered)}.`,
    todo: (names) => atOrg(names),
  },
  {
    kind: "grant",
    error: "invalid_client",
    title: ({ agent, product }) => `${product} does not know ${agent}`,
    happened: ({ product, message }) =>
      `The agent’s registration there is gone, or its secret was replaced. ${product} answered: ${quoted(message.answered)}.`,
    todo: atProduct,
  },
  {
    kind: "grant",
    title: ({ product }) => `${product} refuses the permission of your org`,
    happened: ({ product, message }) =>
      `Your org allows it, but ${product} has the last word. It tells an agent no more than this: ${quoted(message.answered)}.`,
    todo: (names) =>
      `${atProduct(names)} If you revoked the agent yourself, allow it again on your account page in ${names.product}.`,
  },
  {
    kind: "ended",
    title: ({ agent, product }) => `${agent} lost its access to ${product}`,
    happened: ({ product, message }) =>
      `The access token had not expired, but ${product} no longer accepts it: you or an administrator ended the agent’s access, or an administrator ended yours or signed you out everywhere. ${product} answered 401: ${quoted(message.challenge)}.`,
    todo: () => "Sign in again. If the next question is refused, too, ask your administrator.",
    signIn: true,
  },
  {
    kind: "tool",
    title: ({ product }) => `${product} did not do it`,
    happened: ({ product, message }) => `${product} answered: ${toolText(message)}`,
    todo: () => "Look at your tasks there, and ask again.",
  },
];

/** @param refused null if no message was refused: then `error` is all that is known. */
export function explain(refused: RefusedMessage | null, error: unknown): Refusal {
  const code = refused && String(refused.message.answered.error ?? "");
  const row = rows.find((one) => one.kind === refused?.kind && (one.error ?? code) === code);
  if (refused && row) {
    const { title, happened, todo, signIn = false } = row;
    return { title: title(refused), happened: happened(refused), todo: todo(refused), signIn };
  }
  const to = refused?.message.to.name;
  return {
    title: to ? `${to} did not answer as expected` : "Something went wrong",
    happened: `${error instanceof Error ? error.message : String(error)}.`.replace(/\.\.$/, "."),
    todo: "Look at the last message, and try again.",
    signIn: false,
  };
}

function toolText({ answered }: AgentMessage): string {
  const { content } = { ...Object(answered.result) } as { content?: { text?: string }[] };
  return (content ?? []).map(({ text = "" }) => text).join(" ");
}
