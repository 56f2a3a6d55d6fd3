import type { JSONWebKeySet } from "jose";
import { z } from "zod";
import { checkShownName } from "../directory/names.ts";
import { InvalidError } from "../errors.ts";
import { checkedUrl, type FetchLimits, guardedFetch } from "../trust/guarded-fetch.ts";

/** How large a document may be, in bytes (draft-ietf-oauth-client-id-metadata-document §6.6). */
const maxBytes = 5_000;
/** The most characters of a client ID, which is part of indexes. */
const maxIdLength = 500;
/** How long a document is used before it is read again: after a change of keys, the former ones work for so long. */
const maxAgeMs = 10 * 60_000;
/** A stranger may name documents without end, so only this many are kept. */
const maxDocuments = 500;

const documentShape = z.object({
  client_id: z.string(),
  client_name: z.string().trim().min(1).max(100),
  token_endpoint_auth_method: z.literal("private_key_jwt"),
  jwks_uri: z.string().optional(),
  jwks: z.object({ keys: z.array(z.looseObject({ kty: z.string() })).min(1) }).optional(),
});

/** A client that describes itself at its client ID (draft-ietf-oauth-client-id-metadata-document). */
export interface ClientDocument {
  name: string;
  keys: { uri: string } | { set: JSONWebKeySet };
}

export interface ClientDocuments {
  /** Reads a client's document. Throws InvalidError, also if `clientId` is not a URL that may have one. */
  read(clientId: string): Promise<ClientDocument>;
}

/** Each process caches documents for itself; a replica without the cache gives the same answers. */
export function clientDocuments(limits: FetchLimits, now: () => number = Date.now): ClientDocuments {
  const known = new Map<string, { document: ClientDocument; until: number }>();
  return {
    async read(clientId) {
      const cached = known.get(clientId);
      if (cached && cached.until > now()) return cached.document;
      checkClientId(clientId, limits.allowPrivateNetwork);
      const document = parse(clientId, await guardedFetch(clientId, { ...limits, maxBytes }));
      known.set(clientId, { document, until: now() + maxAgeMs });
      const [oldest] = known.keys();
      if (known.size > maxDocuments && oldest !== undefined) known.delete(oldest);
      return document;
    },
  };
}

/** An https URL in its normal form, with a path, and without a query or a fragment (same draft, §3). */
function checkClientId(clientId: string, allowPrivateNetwork: boolean): void {
  if (clientId.length > maxIdLength) throw new InvalidError("The client ID is too long.");
  const url = checkedUrl(clientId, allowPrivateNetwork);
  if (url.href !== clientId || url.pathname === "/" || url.search !== "" || url.hash !== "")
    throw new InvalidError("A client ID that is a URL must have a path, and no query and no fragment.");
}

function parse(clientId: string, text: string): ClientDocument {
  const parsed = documentShape.safeParse(jsonOf(text));
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join(".");
    throw new InvalidError(`The client's document is not valid${where ? `: see ${where}` : ""}.`);
  }
  const { client_id: named, client_name: name, jwks_uri: uri, jwks } = parsed.data;
  if (named !== clientId) throw new InvalidError("The client's document names another client_id.");
  checkShownName("The client's name", name);
  if ((uri === undefined) === (jwks === undefined))
    throw new InvalidError("The client's document needs either jwks_uri or jwks.");
  return { name, keys: jwks ? { set: jwks } : { uri: uri as string } };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
