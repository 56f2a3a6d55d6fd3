import { endedUnasked } from "../directory/provisioning-grants.ts";
import { tokenWarnings } from "../directory/provisioning-tokens.ts";
import { paths } from "../endpoints.ts";
import type { Connection, ProvisioningToken, SignalStream } from "../model.ts";
import type { ProvisioningGrant } from "../store/tenant/provisioning-grants.ts";
import type { ProvisioningProblem } from "../store/tenant/provisioning-problems.ts";
import { certificateEnd, findConnectionWarnings } from "../trust/connection-warnings.ts";
import { reasonInWords } from "./activity-words.ts";
import { withQuery } from "./paging.ts";

/** Something that an administrator should look at, with the page where they can act. */
export interface AttentionItem {
  icon: string;
  /** The class of its colour. */
  tone: "problem" | "warning";
  title: string;
  text: string;
  /** The time that it is about; null if there is none. */
  at: number | null;
  href: string;
  /** The label of its button. */
  action: string;
}

interface AttentionFacts {
  connections: readonly Connection[];
  tokens: readonly ProvisioningToken[];
  grants: readonly ProvisioningGrant[];
  problems: readonly ProvisioningProblem[];
  /** The access that an owner has to confirm: see unconfirmedAccess. */
  unconfirmed: readonly string[];
  streams: readonly SignalStream[];
  /** Refused sign-ins since yesterday, by reason. */
  refusals: ReadonlyMap<string, number>;
}

/** Lists the things that need attention now, the most urgent first. */
export function attentionItems(facts: AttentionFacts, now: number): AttentionItem[] {
  return [
    ...confirmation(facts.unconfirmed),
    ...ofConnections(facts.connections),
    ...ofStreams(facts.streams),
    ...ofTokens(facts.tokens, now),
    ...ofGrants(facts.grants, now),
    ...ofRefusals(facts.refusals),
    ...ofProblems(facts.problems),
  ];
}

function confirmation(unconfirmed: readonly string[]): AttentionItem[] {
  if (unconfirmed.length === 0) return [];
  const text = `An owner has to confirm what provisioning may do here: ${unconfirmed.join("; ")}.`;
  const page = { href: `${paths.admin.provisioning}#unconfirmed`, action: "Review" };
  return [{ icon: "shield-check", tone: "warning", title: "Access to confirm", text, at: null, ...page }];
}

function ofConnections(connections: readonly Connection[]): AttentionItem[] {
  return findConnectionWarnings(connections).map(({ connection, kind, text }) => ({
    icon: "triangle-alert",
    tone: kind === "certificate-expired" ? "problem" : "warning",
    title: `${connection.type.toUpperCase()} ${connection.key}`,
    text,
    at: kind === "metadata-unreadable" ? null : certificateEnd(connection),
    href: paths.admin.connection(connection.id),
    action: "Open the connection",
  }));
}

/** Streams that cannot be managed, or that the transmitter has switched off. */
function ofStreams(streams: readonly SignalStream[]): AttentionItem[] {
  return streams.flatMap(({ connectionId, connectionKey, providerStreamId, isAuthorized, status }) => {
    if (providerStreamId === null || (isAuthorized && status !== "disabled")) return [];
    const text = isAuthorized
      ? "Okta has switched the stream off, so its events no longer end sessions here."
      : "Okta has ended the authorization. Events still arrive, but the stream cannot be managed.";
    return {
      icon: "activity",
      tone: "warning",
      title: `Shared signals of ${connectionKey}`,
      text,
      at: null,
      href: paths.admin.connectionSignals(connectionId),
      action: isAuthorized ? "Open the stream" : "Connect again",
    };
  });
}

function ofTokens(tokens: readonly ProvisioningToken[], now: number): AttentionItem[] {
  const notRevoked = tokens
    .filter(({ revokedAt }) => revokedAt === null)
    .map(({ sourceName, hint, expiresAt }) => ({ source: sourceName, hint, expiresAt }));
  return tokenWarnings(notRevoked, now).map(({ isExpired, text }) => ({
    icon: "key-round",
    tone: "warning",
    title: isExpired ? "Provisioning has stopped" : "A token expires soon",
    text,
    at: null,
    href: `${paths.admin.provisioning}#tokens`,
    action: "Create a token",
  }));
}

function ofGrants(grants: readonly ProvisioningGrant[], now: number): AttentionItem[] {
  return endedUnasked(grants, now).map(({ sourceName, endedAt, refreshExpiresAt }) => ({
    icon: "key-round",
    tone: "problem",
    title: "Okta’s access to provision has ended",
    text: `Provisioning of the source ${sourceName} has stopped. Authenticate again in Okta.`,
    at: endedAt ?? refreshExpiresAt,
    href: `${paths.admin.provisioning}#grants`,
    action: "See why",
  }));
}

function ofRefusals(refusals: ReadonlyMap<string, number>): AttentionItem[] {
  const byCount = [...refusals].sort(([, one], [, other]) => other - one).slice(0, 3);
  return byCount.map(([reason, count]) => ({
    icon: "circle-x",
    tone: "problem",
    title: count === 1 ? "1 sign-in refused" : `${count.toLocaleString("en")} sign-ins refused`,
    text: `Since yesterday: ${reasonInWords(reason)}.`,
    at: null,
    href: withQuery(paths.admin.activity, { kind: "sign-in" }),
    action: "See sign-ins",
  }));
}

function ofProblems(problems: readonly ProvisioningProblem[]): AttentionItem[] {
  return problems.slice(0, 3).map(({ call, status, detail, at }) => ({
    icon: "refresh-cw",
    tone: "problem",
    title: `Okta’s call was refused (${status})`,
    text: `${call}: ${detail}`,
    at,
    href: `${paths.admin.provisioning}#problems`,
    action: "See what to do",
  }));
}
