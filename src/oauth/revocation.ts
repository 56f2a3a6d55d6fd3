import type { RequestHandler } from "express";
import { judge } from "policy-list/policy";
import type { AuthenticatedClient } from "./clients.ts";
import { type TokenRule, tokenRule } from "./policy.ts";
import { requireStep, tokenRequestOf } from "./token-request.ts";

/** Ends a token of a client. Does nothing for any other token (RFC 7009 §2.2). */
export type RevokeToken = (client: AuthenticatedClient, token: string, requestId: string) => Promise<void>;

export interface RevocationFacts {
  isOfProvisioning: boolean;
  hasToken: boolean;
}

export const revocationRules: readonly TokenRule<RevocationFacts>[] = [
  tokenRule("revocation-type", "The client is one whose tokens can be revoked here", "RFC 7009 §2.2.1", {
    reason: "unsupported_token_type",
    holds: ({ isOfProvisioning }) => isOfProvisioning,
  }),
  tokenRule("revocation-token", "The request has a token", "RFC 7009 §2.1", {
    reason: "invalid_request",
    holds: ({ hasToken }) => hasToken,
  }),
];

/** RFC 7009. An unknown token gets the same answer as a known one, because either is worth nothing now (§2.2). */
export function answerRevocation(revoke: RevokeToken): RequestHandler {
  return async (req, res) => {
    const { parameters, client } = tokenRequestOf(req);
    const token = parameters.get("token") ?? "";
    const isOfProvisioning = requireStep(client).kind === "provisioning";
    judge(revocationRules, { isOfProvisioning, hasToken: token !== "" });
    await revoke(requireStep(client), token, req.id);
    res.status(200).end();
  };
}
