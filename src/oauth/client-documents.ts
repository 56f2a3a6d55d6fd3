import type { JSONWebKeySet } from "jose";
import { z } from "zod";
import { checkShownName } from "../directory/names.ts";
import { InvalidError, OutageError, UnavailableError } from "../errors.ts";
import type { RateLimiter } from "../store/rate-limits.ts";
import { checkedUrl, type FetchLimits, guardedFetch } from "../trust/guarded-fetch.ts";

/** How large a document may be, in bytes (draft-ietf-oauth-client-id-metadata-document §6.6). */
const maxBytes = 5_000;
/** The most characters of a client ID, which is part of indexes. */
const maxIdLength = 500;
/** How long a document is used before it is read again: after a change of keys, the former ones work for so long. */
const maxAgeMs = 10 * 60_000;
/** How long a document that could not be used is not read again: anyone may name it, and its host is not theirs. */
const refusedMs = 60_000;
/** How long a known document whose host is down is not read again. */
const downMs = 5_000;
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
  /** With the host: anyone may call a client by the name of another one, or of a person (same draft, §6.4). */
  name: string;
  keys: { uri: string } | { set: JSONWebKeySet };
}

export interface ClientDocuments {
  /**
   * Reads a client's document. Throws InvalidError, also if `clientId` is not a URL that may have one; and UnavailableError
   * if too many documents of its host were read, or if the host of a known document is down.
   */
  read(clientId: string): Promise<ClientDocument>;
}

/**
 * Each process caches documents for itself; a replica without the cache gives the same answers.
 * @param ofHost limits how many documents of one host are read that were not read before.
 */
export function clientDocuments(
  limits: FetchLimits,
  ofHost: RateLimiter,
  now: () => number = Date.now,
): ClientDocuments {
  const known = new Map<string, { found: Found; until: number }>();
  return {
    async read(clientId) {
      const cached = known.get(clientId);
      if (cached && cached.until > now()) return orThrow(cached.found);
      const { host } = checkClientId(clientId, limits.allowPrivateNetwork);
      const isReread = cached !== undefined && !(cached.found instanceof InvalidError);
      if (!isReread && (await ofHost.use(host)) > 0)
        throw new UnavailableError(`too many documents of ${host} were read`);
      const found = await guardedFetch(clientId, { ...limits, maxBytes })
        .then((text) => parse(clientId, text))
        .catch((error: unknown) => refusalOf(error, isReread));
      known.set(clientId, { found, until: now() + lifetimeOf(found) });
      const [oldest] = known.keys();
      if (known.size > maxDocuments && oldest !== undefined) known.delete(oldest);
      return orThrow(found);
    },
  };
}

type Found = ClientDocument | InvalidError | UnavailableError;

/** An outage makes no known client invalid: for an OAuth client, that would be final. */
function refusalOf(error: unknown, isReread: boolean): InvalidError | UnavailableError {
  if (isReread && error instanceof OutageError)
    return new UnavailableError("the client's document cannot be read", { cause: error });
  if (error instanceof InvalidError) return error;
  throw error;
}

function lifetimeOf(found: Found): number {
  if (found instanceof UnavailableError) return downMs;
  return found instanceof InvalidError ? refusedMs : maxAgeMs;
}

function orThrow(found: Found): ClientDocument {
  if (found instanceof Error) throw found;
  return found;
}

/** An https URL in its normal form, with a path, and without a query or a fragment (same draft, §3). */
function checkClientId(clientId: string, allowPrivateNetwork: boolean): URL {
  if (clientId.length > maxIdLength) throw new InvalidError("The client ID is too long.");
  const url = checkedUrl(clientId, allowPrivateNetwork);
  if (url.href !== clientId || url.pathname === "/" || url.search !== "" || url.hash !== "")
    throw new InvalidError("A client ID that is a URL must have a path, and no query and no fragment.");
  return url;
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
  return { name: `${name} (${new URL(clientId).host})`, keys: jwks ? { set: jwks } : { uri: uri as string } };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
