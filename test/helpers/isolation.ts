import type { TenantStore } from "../../src/store/tenant-store.ts";
import type { ProductRows } from "../product.ts";

type MethodOf<T> = { [K in keyof T]: T[K] extends (...words: never[]) => unknown ? K : never }[keyof T] &
  string;

type Tables = Omit<TenantStore, "tenantId" | "transaction">;

/** Every method of the tenant store, as "users.byId". */
type StoreMethod = {
  [Table in keyof Tables]: `${Table & string}.${MethodOf<Tables[Table]>}`;
}[keyof Tables];

/** The ids of tenant A's data. */
export interface TenantA extends ProductRows {
  userId: string;
  secondUserId: string;
  loginName: string;
  sourceKey: string;
  groupId: string;
  groupName: string;
  connectionId: string;
  subject: string;
  sourceId: string;
  sourceName: string;
  tokenId: string;
  tombstoneId: string;
  deletedLoginName: string;
  domain: string;
  testId: string;
  clientId: string;
  apiKeyId: string;
  codeId: string;
  grantId: string;
  sessionId: string;
  reservation: string;
  streamId: string;
  webhookId: string;
  activityId: string;
  passkeyId: string;
}

/** A call by tenant B with A's ids, and its expected result. */
export interface IsolationCase {
  call(b: TenantStore, a: TenantA): Promise<unknown>;
  /** The exact result; or an error: "not found", or "refused" by the database's foreign keys. */
  gives: unknown;
  /** The call changes B, so it gets two tenants of its own. */
  changesB?: true;
}

export type IsolationCases<Method extends StoreMethod = StoreMethod> = Record<Method, IsolationCase>;
