import type { OrgApp, OrgPerson } from "okta-stand-in/state";
import type { TestOrg } from "okta-stand-in/testing";
import type { Inspector } from "../../../src/inspector/recorder.ts";
import type { Database } from "../../../src/store/database.ts";
import type { TenantStore } from "../../../src/store/tenant-store.ts";

/** The application and an org that is connected to it. */
export interface Sample {
  origin: string;
  database: Database;
  tenantId: string;
  store: TenantStore;
  inspector: Inspector;
  org: TestOrg;
  grace: OrgPerson;
  oidcApp: OrgApp;
  close(): Promise<void>;
}
