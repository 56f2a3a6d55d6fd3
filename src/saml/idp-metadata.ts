/**
 * An identity provider's metadata (SAML Metadata §2), as console, command line and refresh read it: all of them
 * refuse the same documents.
 */
import { children, type Element, elementsOf, type Node, ns, parseTime, parseXml } from "saml-policy/parse";
import { checkShownName } from "../directory/names.ts";
import { InvalidError } from "../errors.ts";
import { checkedUrl } from "../trust/guarded-fetch.ts";
import {
  checkSigningCertificates,
  readCertificate,
  withoutAuthorities,
} from "../trust/signing-certificates.ts";
import { decodeXml } from "./xml-encoding.ts";

const bindings = "urn:oasis:names:tc:SAML:2.0:bindings:";
const maxBytes = 256 * 1024;
const maxEntityIdLength = 1024;
const maxNamedProviders = 5;

/** The metadata that an identity provider publishes. */
interface IdpMetadata {
  idpEntityId: string;
  /** The address for AuthnRequests. */
  ssoUrl: string;
  /** The address takes requests by the POST binding only. */
  requestByPost: boolean;
  /** Signing certificates, base64 DER without line breaks. */
  certificates: string[];
}

/** The metadata, and sentences about what was left out. */
export interface ReadMetadata {
  values: IdpMetadata;
  notes: string[];
}

interface MetadataOptions {
  /** Accepts http, for development and tests. */
  allowPrivateNetwork?: boolean;
  /** The provider to choose if the document describes several. */
  entityId?: string | undefined;
  now?: number;
}

/**
 * Reads the metadata of one identity provider, alone or in an EntitiesDescriptor. A signature of the metadata is not
 * verified: the address or the person that it comes from is trusted. Throws InvalidError with a sentence about what is
 * missing or not safe.
 * @param document text, or bytes whose encoding the document says.
 */
export function parseIdpMetadata(
  document: string | Uint8Array,
  { allowPrivateNetwork = false, entityId, now = Date.now() }: MetadataOptions = {},
): ReadMetadata {
  const entity = chooseEntity(parseDocument(document), entityId, now);
  const idpEntityId = checkEntityId(entityIdOf(entity));
  checkValidUntil(entity, now);
  const roles = currentRoles(providerRoles(entity), now);
  const { certificates, notes } = signingCertificates(roles);
  checkSigningCertificates(certificates, now);
  return { values: { idpEntityId, ...requestAddress(roles, allowPrivateNetwork), certificates }, notes };
}

function parseDocument(document: string | Uint8Array): Element {
  const xml = typeof document === "string" ? document : decodeXml(document);
  if (Buffer.byteLength(xml) > maxBytes) throw new InvalidError("The metadata is larger than 256 KB.");
  // A document type can define entities, which can read files or exhaust memory.
  if (/<!DOCTYPE/i.test(xml))
    throw new InvalidError("The metadata has a document type, which is not allowed.");
  try {
    const root = parseXml(xml.trim()).documentElement;
    if (root && ["EntityDescriptor", "EntitiesDescriptor"].some((name) => isMetadata(root, name)))
      return root;
  } catch (error) {
    throw new InvalidError("The metadata is not well-formed XML.", { cause: error });
  }
  throw new InvalidError("This is XML, but no SAML metadata of one identity provider (EntityDescriptor).");
}

function isMetadata(element: Element, name: string): boolean {
  return element.namespaceURI === ns.metadata && element.localName === name;
}

/**
 * The one identity provider of the document, by its entity ID if that names one. Service providers next to it do not count,
 * nor do providers that have expired if another one has not.
 */
function chooseEntity(root: Element, entityId: string | undefined, now: number): Element {
  const entities = elementsOf(root).filter((element) => isMetadata(element, "EntityDescriptor"));
  const providers = entities.filter((entity) => providerRoles(entity).length > 0);
  const named = providers.filter((entity) => entityIdOf(entity) === entityId);
  const possible = named.length > 0 ? named : providers;
  const current = possible.filter((entity) => isCurrent(entity, now));
  const [first, second] = current.length > 0 ? current : possible;
  if (!first)
    throw new InvalidError("The metadata does not describe a SAML 2.0 identity provider (IDPSSODescriptor).");
  if (!second || current.length === 0) return first;
  const ids = [...new Set(current.map(entityIdOf))];
  if (ids.length === 1)
    throw new InvalidError(
      `The metadata describes ${ids[0]} ${current.length} times. Ask for metadata that describes it once.`,
    );
  const names = ids.slice(0, maxNamedProviders).join(", ");
  const more = ids.length > maxNamedProviders ? ", …" : "";
  throw new InvalidError(
    `The metadata describes ${ids.length} identity providers: ${names}${more}. Give the entity ID (issuer) of the ` +
      "one to use.",
  );
}

/** Whether the entity and one of its roles have not expired. A time that cannot be read is judged with the chosen entity. */
function isCurrent(entity: Element, now: number): boolean {
  try {
    checkValidUntil(entity, now);
    return currentRoles(providerRoles(entity), now).length > 0;
  } catch (error) {
    return !(error instanceof ExpiredError);
  }
}

function entityIdOf(entity: Element): string {
  return entity.getAttribute("entityID")?.trim() ?? "";
}

/** The entity ID becomes the connection's issuer, which people read. */
function checkEntityId(text: string): string {
  if (text === "") throw new InvalidError("The metadata names no entity ID.");
  if (text.length > maxEntityIdLength) throw new InvalidError("The entity ID has more than 1024 characters.");
  checkShownName("The entity ID", text);
  if (/\s/.test(text)) throw new InvalidError("The entity ID has spaces in it.");
  return text;
}

/** The roles in which an entity is an identity provider of SAML 2.0; others are for SAML 1.1 or WS-Federation. */
function providerRoles(entity: Element): Element[] {
  return children(entity, ns.metadata, "IDPSSODescriptor").filter((role) =>
    (role.getAttribute("protocolSupportEnumeration") ?? "").split(/\s+/).includes(ns.protocol),
  );
}

/** Throws InvalidError if the entity, or a group that it is in, has expired (SAML Metadata §2.3.1, §2.3.2). */
function checkValidUntil(entity: Element, now: number): void {
  for (let node: Node | null = entity; node?.nodeType === 1; node = node.parentNode) {
    if (isExpired(node as Element, now)) throw expired(node as Element);
  }
}

/** The roles that have not expired (SAML Metadata §2.4.1). Throws InvalidError if none is left. */
function currentRoles(roles: readonly Element[], now: number): Element[] {
  const current = roles.filter((role) => !isExpired(role, now));
  const [first] = roles;
  if (current.length === 0 && first) throw expired(first);
  return current;
}

/** Throws InvalidError if `validUntil` is not a time. */
function isExpired(element: Element, now: number): boolean {
  const text = element.getAttribute("validUntil")?.trim();
  if (!text) return false;
  // Some providers leave out the zone. SAML's times are UTC (SAML Core §1.3.3).
  const hasZone = /(?:Z|[+-]\d\d:\d\d)$/.test(text);
  const end = parseTime(hasZone ? text : `${text}Z`);
  if (Number.isNaN(end)) throw new InvalidError("The metadata's validUntil is not a time.");
  return end <= now;
}

class ExpiredError extends InvalidError {}

function expired(element: Element): ExpiredError {
  const end = element.getAttribute("validUntil");
  return new ExpiredError(`The metadata was valid until ${end}. Ask for current metadata.`);
}

/** The first address that browsers can be sent to: by redirect, else by POST. */
function requestAddress(
  roles: readonly Element[],
  allowPrivateNetwork: boolean,
): Pick<IdpMetadata, "ssoUrl" | "requestByPost"> {
  const services = roles.flatMap((role) => children(role, ns.metadata, "SingleSignOnService"));
  let problem: unknown;
  for (const [binding, requestByPost] of [
    ["HTTP-Redirect", false],
    ["HTTP-POST", true],
  ] as const) {
    for (const service of services) {
      if (service.getAttribute("Binding")?.trim() !== bindings + binding) continue;
      const ssoUrl = service.getAttribute("Location")?.trim() ?? "";
      try {
        checkedUrl(ssoUrl, allowPrivateNetwork);
        return { ssoUrl, requestByPost };
      } catch (error) {
        problem ??= error;
      }
    }
  }
  if (problem instanceof InvalidError)
    throw new InvalidError(`The single sign-on address cannot be used. ${problem.message}`);
  const others = services.map((service) => (service.getAttribute("Binding") ?? "").replace(/^.*:/, ""));
  throw new InvalidError(
    "The metadata names no single sign-on address for the HTTP-Redirect or HTTP-POST binding" +
      `${others.length > 0 ? `, only for ${[...new Set(others)].join(", ")}` : ""}.`,
  );
}

/**
 * The certificates of all keys that sign. Keys without a `use` serve both purposes (SAML Metadata §2.4.1.1). One that
 * cannot be read is left out if another one can be. Throws InvalidError if there is none.
 */
function signingCertificates(roles: readonly Element[]): { certificates: string[]; notes: string[] } {
  const keys = roles
    .flatMap((role) => children(role, ns.metadata, "KeyDescriptor"))
    .filter((key) => key.getAttribute("use")?.trim() !== "encryption");
  const data = keys.flatMap((key) => Array.from(key.getElementsByTagNameNS(ns.signature, "X509Data")));
  let unreadable = 0;
  const certificates = data.flatMap((group) => {
    const readable = children(group, ns.signature, "X509Certificate").flatMap((node) => {
      try {
        return readCertificate(node.textContent ?? "");
      } catch {
        unreadable++;
        return [];
      }
    });
    return withoutAuthorities(readable);
  });
  if (certificates.length === 0) {
    throw new InvalidError(
      unreadable > 0
        ? "A certificate of the metadata cannot be read."
        : "The metadata holds no signing certificate.",
    );
  }
  const left =
    unreadable === 1
      ? "One certificate of the metadata cannot be read. It was left out."
      : `${unreadable} certificates of the metadata cannot be read. They were left out.`;
  return { certificates: [...new Set(certificates)], notes: unreadable > 0 ? [left] : [] };
}
