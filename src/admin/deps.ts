import type { AssertionVerifier } from "../cross-app-access/assertion.ts";
import type { Mails } from "../directory/mails.ts";
import type { Database } from "../store/database.ts";
import type { Sealer } from "../store/secrets.ts";
import type { FetchLimits } from "../trust/guarded-fetch.ts";
import type { Providers } from "../trust/openid-providers.ts";
import type { GenerateKeys } from "../trust/rsa-keys.ts";
import type { TxtLookup } from "../trust/txt-records.ts";
import type { ActivityTargets } from "../web/activity.ts";

/** The dependencies that src/app.ts gives to the console. */
export interface AdminDeps {
  database: Database;
  /** The public origin without a trailing slash. The URLs that customers copy begin with it. */
  baseUrl: string;
  sealer: Sealer;
  /** For every fetch of a URL that an administrator or guest enters. */
  limits: FetchLimits;
  /** For the metadata of customers' orgs. */
  providers: Providers;
  /** For our new keys at a connection. */
  generateKeys: GenerateKeys;
  lookUpTxt: TxtLookup;
  /** The names of the product's things, for the activity. */
  activityTargets: readonly ActivityTargets[];
  /** For the preview of an assertion. */
  verifyAssertion: AssertionVerifier;
  mails: Mails;
}
