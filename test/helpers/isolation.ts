import type { TenantStore } from "../../src/store/tenant-store.ts";

type MethodOf<T> = { [K in keyof T]: T[K] extends (...words: never[]) => unknown ? K : never }[keyof T] &
  string;

type Tables = Omit<TenantStore, "tenantId" | "transaction">;

/** Every method of the tenant store, as "users.byId". */
type StoreMethod = {
  [Table in keyof Tables]: `${Table & string}.${MethodOf<Tables[Table]>}`;
}[keyof Tables];

/** Ids of everything that tenant A has. */
export interface TenantA {
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
  taskId: string; // sample product
}

/** What tenant B gets when it uses a method with what belongs to A. */
export interface IsolationCase {
  call(b: TenantStore, a: TenantA): Promise<unknown>;
  /** The exact result; or "not found" or "refused" for what is thrown (refused: by the database's own keys). */
  gives: unknown;
  /** The call adds something to B, or uses it up: it has two tenants of its own, which no other case sees. */
  changesB?: true;
}

export type IsolationCases<Method extends StoreMethod = StoreMethod> = Record<Method, IsolationCase>;
