import type { IsolationCases } from "../helpers/isolation.ts";
import { grantTokens, newCode, newGrant } from "../helpers/provisioning-grants.ts";

/** The cases of OAuth for SCIM: tenant B calls each method for A's data (see isolation-cases.ts). */
export const provisioningGrantCases: Pick<
  IsolationCases,
  Extract<keyof IsolationCases, `provisioningCodes.${string}` | `provisioningGrants.${string}`>
> = {
  "provisioningCodes.create": {
    call: (b, a) => b.provisioningCodes.create(newCode("b-code", a)),
    gives: "refused",
  },
  "provisioningCodes.lock": {
    call: (b, a) => b.transaction((inside) => inside.provisioningCodes.lock(a.codeId)),
    gives: null,
  },
  "provisioningCodes.redeem": {
    call: (b, a) => b.provisioningCodes.redeem(a.codeId, a.grantId),
    gives: undefined,
  },
  "provisioningGrants.create": {
    call: (b, a) => b.provisioningGrants.create(newGrant("b-grant", a)),
    gives: "refused",
  },
  "provisioningGrants.list": { call: (b) => b.provisioningGrants.list(), gives: [] },
  "provisioningGrants.lock": {
    call: (b, a) => b.transaction((inside) => inside.provisioningGrants.lock(a.grantId)),
    gives: null,
  },
  "provisioningGrants.rotate": {
    call: (b, a) => b.provisioningGrants.rotate(a.grantId, grantTokens("b's")),
    gives: undefined,
  },
  "provisioningGrants.end": {
    call: (b, a) => b.provisioningGrants.end(a.grantId, "revoked"),
    gives: false,
  },
};
