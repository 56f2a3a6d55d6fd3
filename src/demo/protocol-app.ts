import type { OrgApp, OrgSeed } from "okta-stand-in/state";

/** How an app of the org signs people in by one protocol. */
export interface ProtocolApp {
  signOn(baseUrl: string, key: string, before: OrgSeed | null): Promise<OrgApp["signOn"]>;
  /** How Universal Logout names them. */
  subjectFormat: "email" | "iss_sub";
}
