import type { MessageFact, MessagePart, Protocol, RecordedCheck } from "../recording.ts";
import type { StoredMessage } from "../store/tenant/inspector.ts";
import { refusals } from "../web/refusals.ts";
import {
  type CodeLine,
  headerLines,
  jsonLines,
  pairLines,
  xmlLines, // SAML
} from "./code.ts";
import { curlOf } from "./curl.ts";
import { type Term, termOf, type Vocabulary } from "./glossary.ts";
import { remedyFor } from "./remedies.ts";
import { specificationUrl } from "./specifications.ts";
import { instantOf, timeNote } from "./times.ts";

/** The ways to look at a message. */
const messageTabs = { decoded: "Decoded", sent: "As sent", headers: "Headers" } as const;
type MessageTab = keyof typeof messageTabs;

/** A message as views/partials/message.ejs shows it. A page shows at most one, because its parts have ids. */
export interface MessageView {
  failure: Failure | null;
  groups: CheckGroup[];
  tabs: { label: string; href: string; isCurrent: boolean }[];
  facts: (MessageFact & { note: string | null })[];
  parts: PartView[];
  /** The terms that the lines refer to. */
  terms: Term[];
  /** The request as a command; null if it cannot be repeated. */
  curl: string | null;
}

interface Failure {
  name: string;
  detail: string | null;
  /** The sentence that the person read on the error page. */
  read: string | null;
  remedy: string | null;
  link: { label: string; href: string } | null;
}

interface CheckGroup {
  name: string;
  isFailed: boolean;
  checks: (RecordedCheck & { url: string | null })[];
}

interface PartView {
  id: string;
  label: string;
  firstLine: string;
  sections: Section[];
}

interface Section {
  id: string;
  title: string;
  /** What a button copies: "the request's JSON". */
  what: string;
  lines: CodeLine[];
}

interface ViewOptions {
  tab: unknown;
  /** The address of the page; the tabs add to its query. */
  here: string;
  /** Our origin, for commands. */
  baseUrl: string;
}

/** Prepares a message for its page. */
export function viewOf(message: StoredMessage, { tab, here, baseUrl }: ViewOptions): MessageView {
  const current = tab === "sent" || tab === "headers" ? tab : "decoded";
  const terms = new Map<string, Term>();
  const parts = [
    partView("request", message.request, message, current),
    partView("response", message.response, message, current),
  ].filter((part) => part !== null);
  if (current !== "sent") {
    for (const { section, vocabulary } of parts.flatMap(({ sections }) => sections))
      section.lines = annotated(section.lines, { vocabulary, at: message.at, terms });
  }
  return {
    failure: failureOf(message.checks),
    groups: groupsOf(message.checks),
    tabs: Object.entries(messageTabs).map(([name, label]) => {
      return { label, href: withTab(here, name), isCurrent: name === current };
    }),
    facts: (message.facts ?? []).map((fact) => {
      return { ...fact, note: fact.at === undefined ? null : timeNote(fact.at, message.at) };
    }),
    parts: parts.map((part) => ({ ...part, sections: part.sections.map(({ section }) => section) })),
    terms: [...terms.values()],
    curl: curlOf(message.request, baseUrl),
  };
}

function withTab(here: string, tab: string): string {
  const url = new URL(here, "http://here");
  url.searchParams.set("view", tab);
  return `${url.pathname}${url.search}`;
}

function failureOf(checks: readonly RecordedCheck[]): Failure | null {
  const failed = checks.find(({ verdict }) => verdict === "failed");
  if (!failed) return null;
  const { name, detail, reason = "" } = failed;
  const refusal = Object.hasOwn(refusals, reason) ? refusals[reason as keyof typeof refusals] : null;
  return {
    name,
    detail: detail === reason ? null : detail,
    read: refusal?.text ?? null,
    remedy: remedyFor(reason),
    link: refusal?.link ?? null,
  };
}

/** In the order of the first check of each. */
function groupsOf(checks: readonly RecordedCheck[]): CheckGroup[] {
  const groups = new Map<string, CheckGroup>();
  for (const check of checks) {
    const { group: name = "Checks", citation = "" } = check;
    const group = groups.get(name) ?? { name, isFailed: false, checks: [] };
    group.isFailed ||= check.verdict === "failed";
    group.checks.push({ ...check, url: specificationUrl(citation) });
    groups.set(name, group);
  }
  return [...groups.values()];
}

interface DraftSection {
  section: Section;
  vocabulary: Vocabulary;
}
type DraftPart = Omit<PartView, "sections"> & { sections: DraftSection[] };

const labels = { request: "Request", response: "Answer" } as const;

function partView(
  id: keyof typeof labels,
  part: MessagePart | null,
  { protocol }: StoredMessage,
  tab: MessageTab,
): DraftPart | null {
  if (!part) return null;
  const label = labels[id];
  const sections = tab === "headers" ? headerSections(part) : bodySections(part, protocol, tab);
  return {
    id,
    label,
    firstLine: part.head[0] ?? "",
    sections: sections.map(({ title, lines, vocabulary }, index) => ({
      section: { id: `${id}-${index}`, title, what: `the ${label.toLowerCase()}'s ${title}`, lines },
      vocabulary,
    })),
  };
}

interface Body {
  title: string;
  lines: CodeLine[];
  vocabulary: Vocabulary;
}

function headerSections({ head }: MessagePart): Body[] {
  const lines = headerLines(head.slice(1));
  return lines.length === 0 ? [] : [{ title: "headers", lines, vocabulary: "header" }];
}

function bodySections(part: MessagePart, protocol: Protocol, tab: MessageTab): Body[] {
  const { query, form, json, jwts = [] } = part;
  const bodies: Body[] = [];
  const add = (title: string, lines: CodeLine[], vocabulary: Vocabulary) => {
    if (lines.length > 0) bodies.push({ title, lines: tab === "sent" ? unfolded(lines) : lines, vocabulary });
  };
  if (query) add("query", pairLines(shown(query, part, tab)), "parameter");
  if (form) add("form", pairLines(shown(form, part, tab)), "parameter");
  if (json !== undefined && json !== null)
    add("JSON", jsonLines(json), protocol === "scim" ? "scim" : "parameter");
  for (const jwt of jwts) {
    const { place, header, claims } = Object(jwt);
    if (place === undefined) continue;
    add(`JWT in ${place}: header`, jsonLines(header), "claim");
    add(`JWT in ${place}: claims`, jsonLines(claims), "claim");
    if (tab === "sent") add(`JWT in ${place}: signature`, jsonLines("[redacted]"), "claim");
  }
  if (part.xml) add("XML", xmlLines(part.xml), "saml"); // SAML
  return bodies;
}

/** Parameters that carry XML, which the page shows decoded. */
const decoded: readonly string[] = [
  "SAMLRequest", // SAML
  "SAMLResponse", // SAML
];

/** The parameters without those whose contents the page shows decoded. */
function shown(
  parameters: Readonly<Record<string, unknown>>,
  { xml }: MessagePart,
  tab: MessageTab,
): Readonly<Record<string, unknown>> {
  if (tab === "sent" || !xml) return parameters;
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !decoded.includes(name)));
}

function unfolded(lines: readonly CodeLine[]): CodeLine[] {
  return lines.map((line) => ({ ...line, fold: null }));
}

interface Annotation {
  vocabulary: Vocabulary;
  /** When the message was recorded. */
  at: number;
  /** Collects the terms; each belongs to the first line that has its name. */
  terms: Map<string, Term>;
}

function annotated(lines: readonly CodeLine[], { vocabulary, at, terms }: Annotation): CodeLine[] {
  return lines.map((line) => {
    const found = line.names
      .flatMap((name) => termOf(vocabulary, name) ?? [])
      .find(({ id }) => !terms.has(id));
    if (found) terms.set(found.id, found);
    const notes = line.times.flatMap(([name, value]) => {
      const instant = instantOf(name, value);
      return instant === null ? [] : [`${line.times.length > 1 ? `${name}: ` : ""}${timeNote(instant, at)}`];
    });
    return { ...line, term: found ?? null, note: notes.length > 0 ? notes.join(" · ") : null };
  });
}
