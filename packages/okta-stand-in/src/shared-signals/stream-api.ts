import express, { type Request, type RequestHandler, Router } from "express";
import { z } from "zod";
import { ApiRefusal, apiErrors } from "../api-problem.ts";
import type { Org } from "../org.ts";
import { isWebAddress } from "../web-address.ts";
import { type OrgStream, signalsIn } from "./state.ts";
import {
  changeStream,
  createStream,
  deleteStream,
  describeStream,
  pushMethod,
  type StreamWish,
  setStatus,
  streamOf,
  transmitterMetadata,
} from "./streams.ts";

/** An access token of the org authorization server. */
export interface ApiToken {
  clientId: string;
  scopes: readonly string[];
}

/** Finds a valid access token; undefined if it is unknown, expired or revoked. */
export type FindApiToken = (value: string) => Promise<ApiToken | undefined>;

const path = "/api/v1/ssf/stream";

const delivery = z.object({
  // The second name is that of the drafts.
  method: z.enum([pushMethod, "https://schemas.openid.net/secevent/risc/delivery-method/push"]),
  endpoint_url: z.string().refine(isWebAddress),
  authorization_header: z.string().min(1).max(4096).nullish(),
});
const wanted = z.object({
  delivery,
  events_requested: z.array(z.string().min(1)).min(1),
  description: z.string().max(255).optional(),
});
const changes = wanted.partial();
/** Members that only the transmitter sets. Their values must match (SSF 1.0 §8.1.1.3). */
const readOnly = ["iss", "aud", "events_supported", "events_delivered", "min_verification_interval"] as const;
const identified = z.looseObject({ stream_id: z.string().optional() });
const verificationRequest = z.object({ stream_id: z.string(), state: z.string().max(1024).optional() });
const statusRequest = z.object({
  stream_id: z.string(),
  status: z.enum(["enabled", "paused", "disabled"]),
  reason: z.string().max(1024).optional(),
});

/** The SSF transmitter: its metadata, and the API by which receivers manage their streams (Okta: "SSF Transmitter"). */
export function streamApi(org: Org, findToken: FindApiToken): Router {
  const router = Router();
  router.get("/.well-known/ssf-configuration", (_req, res) => {
    res.json(transmitterMetadata(org));
  });
  router.use(path, express.json({ limit: "256kb" }));
  const manage = requireScope(org, findToken, "ssf.manage");
  const read = requireScope(org, findToken, "ssf.read");

  router.post(path, manage, (req, res) => {
    const stream = createStream(org, clientIn(req), wishOf(wanted.parse(req.body)));
    res.status(201).json(describeStream(org, stream));
  });
  router.get(path, read, (req, res) => {
    const id = idIn(req);
    const own = Object.values(signalsIn(org.store.state).streams).filter(
      ({ clientId }) => clientId === clientIn(req),
    );
    const describe = (stream: OrgStream) => describeStream(org, stream);
    res.json(id === undefined ? own.map(describe) : describe(streamOf(org, clientIn(req), id)));
  });
  router.put(path, manage, (req, res) => {
    const stream = matching(org, req);
    changeStream(org, stream, { ...wishOf(wanted.parse(req.body)) });
    res.json(describeStream(org, stream));
  });
  router.patch(path, manage, (req, res) => {
    const stream = matching(org, req);
    changeStream(org, stream, changesOf(changes.parse(req.body)));
    res.json(describeStream(org, stream));
  });
  router.delete(path, manage, (req, res) => {
    deleteStream(org, streamOf(org, clientIn(req), idIn(req)));
    res.status(204).end();
  });
  router.post(`${path}/verification`, manage, async (req, res) => {
    const { stream_id: id, state } = verificationRequest.parse(req.body);
    await org.signals.verify(streamOf(org, clientIn(req), id), state);
    res.status(204).end();
  });
  router.get(`${path}/status`, read, (req, res) => {
    res.json(statusOf(streamOf(org, clientIn(req), idIn(req))));
  });
  router.post(`${path}/status`, manage, (req, res) => {
    const { shape = "okta" } = signalsIn(org.store.state);
    // Okta has no such operation. The final specification has it (SSF 1.0 §8.1.2.2).
    if (shape === "okta")
      throw new ApiRefusal(405, "E0000022", "The endpoint does not support the provided HTTP method");
    const { stream_id: id, status, reason = "" } = statusRequest.parse(req.body);
    const stream = streamOf(org, clientIn(req), id);
    setStatus(org, stream, status, reason);
    res.json(statusOf(stream));
  });
  router.use(path, apiErrors);
  return router;
}

/** Okta: 401 without a valid token, 403 without the scope. */
function requireScope(org: Org, findToken: FindApiToken, scope: "ssf.manage" | "ssf.read"): RequestHandler {
  return async (req, res, next) => {
    const [, value = ""] = /^Bearer (\S+)$/i.exec(req.headers.authorization ?? "") ?? [];
    const token = await findToken(value);
    const challenge = `Bearer authorization_uri="${org.url}/oauth2/v1/authorize", realm="${org.url}", scope="${scope}"`;
    if (!token || org.store.state.apps[token.clientId]?.active !== true) {
      res.set("WWW-Authenticate", `${challenge}, error="invalid_token"`);
      throw new ApiRefusal(401, "E0000011", "Invalid token provided");
    }
    if (!token.scopes.includes(scope)) {
      res.set("WWW-Authenticate", `${challenge}, error="insufficient_scope"`);
      throw new ApiRefusal(
        403,
        "E0000006",
        "You do not have permission to access the feature you are requesting",
      );
    }
    Object.assign(req, { clientId: token.clientId });
    next();
  };
}

function clientIn(req: Request): string {
  return (req as Request & { clientId: string }).clientId;
}

function idIn({ query }: Request): string | undefined {
  return typeof query.stream_id === "string" ? query.stream_id : undefined;
}

/** The stream that a PUT or PATCH names. Throws ApiRefusal if a read-only member has another value. */
function matching(org: Org, req: Request): OrgStream {
  const body = identified.parse(req.body);
  const stream = streamOf(org, clientIn(req), body.stream_id);
  const current = describeStream(org, stream);
  const other = readOnly.find(
    (name) => body[name] !== undefined && JSON.stringify(body[name]) !== JSON.stringify(current[name]),
  );
  if (other) throw new ApiRefusal(400, "E0000001", `Api validation failed: ${other} is read-only`);
  return stream;
}

function wishOf({
  delivery,
  events_requested: requested,
  description = "",
}: z.infer<typeof wanted>): StreamWish {
  return { ...deliveryOf(delivery), requested, description };
}

function changesOf(given: z.infer<typeof changes>): Partial<StreamWish> {
  const { delivery, events_requested: requested, description } = given;
  return {
    ...(delivery ? deliveryOf(delivery) : {}),
    ...(requested ? { requested } : {}),
    ...(description === undefined ? {} : { description }),
  };
}

function deliveryOf(given: z.infer<typeof delivery>) {
  return { endpointUrl: given.endpoint_url, authorizationHeader: given.authorization_header ?? null };
}

function statusOf({ id, status, reason }: OrgStream): Record<string, string> {
  return { stream_id: id, status, ...(reason ? { reason } : {}) };
}
