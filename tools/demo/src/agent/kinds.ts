import { type AgentMessage, quoted } from "./messages.ts";

/** A kind of message, and the plain words about it. */
export interface MessageKind {
  id: string;
  matches(message: AgentMessage): boolean;
  title(message: AgentMessage): string;
  /** Why this message is sent, and what a success means. */
  says(message: AgentMessage): string;
}

const exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
const bearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/** Every kind of message in the demo. The first that matches has the words. */
export const kinds: readonly MessageKind[] = [
  {
    id: "discovery",
    matches: ({ path }) => path === "/.well-known/openid-configuration",
    title: () => "Where do people sign in?",
    says: ({ from, to }) => `${from.name} knows only the address of ${to.name}, and reads the rest there.`,
  },
  {
    id: "authorize",
    matches: ({ path }) => path.endsWith("/authorize"),
    title: () => "Who is at the browser?",
    says: ({ from, to }) =>
      `${from.name} has no passwords. It sends the browser to ${to.name}, where the person signs in.`,
  },
  {
    id: "callback",
    matches: ({ path }) => path === "/callback",
    title: ({ sent }) => (sent.error ? "The org refuses the sign-in" : "The browser comes back with a code"),
    says: ({ sent, to }) =>
      sent.error
        ? `The org did not let this person in: ${quoted(sent)}.`
        : `The code works once, and only for ${to.name}. It says nothing about the person.`,
  },
  {
    id: "code",
    matches: ({ sent }) => sent.grant_type === "authorization_code",
    title: () => "The code becomes an ID token",
    says: ({ to }) => `The ID token says who signed in, to whom, and when. ${to.name} has signed it.`,
  },
  {
    id: "keys",
    matches: ({ path }) => path === "/oauth2/v1/keys",
    title: () => "Is the signature genuine?",
    says: ({ from, to }) => `${from.name} checks the ID token with the public keys of ${to.name}.`,
  },
  {
    id: "exchange",
    matches: ({ sent }) => sent.grant_type === exchangeGrant,
    title: () => "May I act for this person there?",
    says: ({ from, to, isRefused, answered }) =>
      isRefused
        ? `${from.name} asked ${to.name} for permission, and did not get it: ${quoted(answered)}.`
        : `This is the decision of the customer. ${to.name} answers with an ID-JAG: for one person, one agent and one application, good for five minutes.`,
  },
  {
    id: "grant",
    matches: ({ sent }) => sent.grant_type === bearerGrant,
    title: () => "The ID-JAG becomes an access token",
    says: ({ to, isRefused, answered }) =>
      isRefused
        ? `${to.name} checked the agent, the ID-JAG and the person, and refused: ${quoted(answered)}.`
        : `${to.name} checked the agent, the signature and the person. Its access token allows “${String(answered.scope)}” for ${minutes(answered.expires_in)}.`,
  },
  {
    id: "resource-metadata",
    matches: ({ path }) => path.startsWith("/.well-known/oauth-protected-resource"),
    title: () => "Who protects this data?",
    says: ({ to }) => `${to.name} names its authorization server and the scopes that exist.`,
  },
  {
    id: "server-metadata",
    matches: ({ path }) => path.startsWith("/.well-known/oauth-authorization-server"),
    title: () => "How do I get a token?",
    says: ({ to }) => `${to.name} names its token endpoint, and says that it accepts ID-JAGs.`,
  },
  {
    id: "no-token",
    matches: ({ status, hasToken, rpc }) => status === 401 && !hasToken && rpc !== null,
    title: () => "A first call, without a token",
    says: ({ to }) =>
      `${to.name} refuses it, as it should, and says where to read how to get a token. Nothing was set up by hand for that.`,
  },
  {
    id: "ended",
    matches: ({ status, hasToken }) => status === 401 && hasToken,
    title: () => "The access token is dead",
    says: ({ to, challenge }) =>
      `The token had not expired. At each call, ${to.name} looks whether the person and the agent still have access: ${quoted(challenge)}.`,
  },
  {
    id: "tool",
    matches: ({ rpc }) => rpc?.method === "tools/call",
    title: ({ rpc }) => `The tool “${rpc?.tool}”`,
    says: ({ to, isRefused }) =>
      isRefused
        ? `${to.name} did not do it.`
        : `${to.name} does it with the rights of the person, and writes down which agent it was.`,
  },
  {
    id: "hello",
    matches: ({ rpc }) => ["server/discover", "initialize"].includes(rpc?.method ?? ""),
    title: () => "The conversation begins, with the token",
    says: ({ to }) => `${to.name} accepts the token, and says which version of MCP it speaks.`,
  },
  {
    id: "tools",
    matches: ({ rpc }) => rpc?.method === "tools/list",
    title: () => "What can you do?",
    says: ({ to }) => `${to.name} lists its tools, with a schema for each.`,
  },
  {
    id: "initialized",
    matches: ({ rpc }) => rpc?.method.startsWith("notifications/") ?? false,
    title: () => "The agent is ready",
    says: () => "A notification of MCP, which needs no answer.",
  },
];

/** Words for a message that no row knows. */
export const otherKind: MessageKind = {
  id: "other",
  matches: () => true,
  title: ({ exchange }) => `${exchange.method} ${new URL(exchange.url).pathname}`,
  says: () => "Another message of the protocol.",
};

function minutes(seconds: unknown): string {
  return `${Math.round(Number(seconds) / 60)} minutes`;
}
