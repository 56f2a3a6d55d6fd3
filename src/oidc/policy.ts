/**
 * The policy of a sign-in by OpenID Connect: every rule, in the order in which it is applied. sign-in-rules.ts has the rules
 * that we apply ourselves, provider-errors.ts those that openid-client and jose check for us.
 */
import { connectionActive } from "../sso/connection.ts";
import { repeatedSignInRules } from "../sso/sign-in.ts";
import { discoveryRules, grantRules, signatureRules, userInfoRules } from "./provider-errors.ts";
import { answerRules, callbackRules, claimRules, identityRules, initiationRules } from "./sign-in-rules.ts";

/** The rules by the message to which the inspector and the tests assign them. */
export const oidcPolicy = {
  login: [connectionActive, ...discoveryRules],
  initiate: [connectionActive, ...initiationRules, ...discoveryRules],
  callback: [...discoveryRules, ...callbackRules, connectionActive, ...answerRules],
  token: [...grantRules, ...signatureRules, ...claimRules],
  userInfo: userInfoRules,
  identity: [...identityRules, ...repeatedSignInRules],
} as const;
