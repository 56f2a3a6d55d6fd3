import type { Database } from "../store/database.ts";
import type { Sealer } from "../store/secrets.ts";
import type { FetchLimits } from "../trust/guarded-fetch.ts";
import type { GenerateKeys } from "./keys.ts";

export interface SamlDeps {
  database: Database;
  sealer: Sealer;
  generateKeys: GenerateKeys;
  baseUrl: string;
  /** For metadata URLs. */
  limits: FetchLimits;
}
