import { ConflictError, NotFoundError } from "../../errors.ts";
import type { Connection, ConnectionSettings, ConnectionStatus, SubjectKind } from "../../model.ts";
import { type ConnectionProvider, providerIn, signInProtocols } from "../../sign-in-protocols.ts";
import { mapUniqueViolation } from "../sql-errors.ts";
import type { TenantScope } from "./scope.ts";

export interface ConnectionRow {
  tenant_id: string;
  id: string;
  key: string;
  type: Connection["type"];
  status: ConnectionStatus;
  just_in_time: number | boolean;
  subject_kind: SubjectKind;
  settings: string | null;
  tested_at: number | null;
  admitted_at: number | null;
  is_provisioned: number | boolean | null;
  is_catalog_app: number | boolean | null;
  secret_entered_at: number | null;
  sends_signals: number | boolean;
  edited_at: number | null;
  edited_by: string | null;
  edited_from: string | null;
  guest_edited_at: number | null;
  guest_edited_from: string | null;
  guests_frozen_until: number | null;
  secret_version: number;
  created_at: number;
  updated_at: number;
}

export interface NewConnection {
  id: string;
  key: string;
  type: Connection["type"];
  status: ConnectionStatus;
  justInTime: boolean;
  subjectKind: SubjectKind;
  settings: ConnectionSettings | null;
  /** The client secret, sealed (secrets.ts); null if there is none. */
  sealedSecret: string | null;
  /** The secret before the last rotation, kept until the new one has worked. */
  sealedFormerSecret?: string | null;
  isProvisioned?: boolean | null;
  isCatalogApp?: boolean | null;
}

export type ConnectionChanges = Partial<
  Pick<
    NewConnection,
    | "status"
    | "justInTime"
    | "subjectKind"
    | "settings"
    | "sealedSecret"
    | "sealedFormerSecret"
    | "isProvisioned"
    | "isCatalogApp"
  >
> &
  Partial<Pick<Connection, "testedAt" | "admittedAt" | "edited" | "guestEdit" | "guestsFrozenUntil">>;

export const connectionColumns = [
  "tenant_id",
  "id",
  "key",
  "type",
  "status",
  "just_in_time",
  "subject_kind",
  "settings",
  "tested_at",
  "admitted_at",
  "is_provisioned",
  "is_catalog_app",
  "secret_entered_at",
  "sends_signals",
  "edited_at",
  "edited_by",
  "edited_from",
  "guest_edited_at",
  "guest_edited_from",
  "guests_frozen_until",
  "secret_version",
  "created_at",
  "updated_at",
].map((column) => `connections.${column}`);

export function toConnection(row: ConnectionRow): Connection {
  return {
    id: row.id,
    key: row.key,
    type: row.type,
    status: row.status,
    justInTime: Boolean(row.just_in_time),
    subjectKind: row.subject_kind,
    settings: row.settings === null ? null : JSON.parse(row.settings),
    testedAt: row.tested_at,
    admittedAt: row.admitted_at,
    isProvisioned: toAnswer(row.is_provisioned),
    isCatalogApp: toAnswer(row.is_catalog_app),
    secretEnteredAt: row.secret_entered_at,
    sendsSignals: Boolean(row.sends_signals),
    edited:
      row.edited_at === null ? null : { at: row.edited_at, by: row.edited_by ?? "", from: row.edited_from },
    guestEdit: row.guest_edited_at === null ? null : { at: row.guest_edited_at, from: row.guest_edited_from },
    guestsFrozenUntil: row.guests_frozen_until,
    secretVersion: row.secret_version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Null if the question was not answered. */
function toAnswer(value: number | boolean | null): boolean | null {
  return value === null ? null : Boolean(value);
}

/** The connections of one tenant. The system store finds the tenant of a key. */
export function tenantConnections(scope: TenantScope, now: () => number) {
  const select = () => scope.rows("connections").select(connectionColumns);
  const orNull = (row: ConnectionRow | undefined) => (row ? toConnection(row) : null);

  return {
    /**
     * Adds a connection with a key that the system store has reserved for this tenant. Throws ConflictError if the key
     * already names a connection of this type.
     */
    async create(connection: NewConnection): Promise<Connection> {
      const at = now();
      const secret_version = connection.sealedSecret === null ? 0 : 1;
      const { id, key, type } = connection;
      const secret_entered_at = secret_version === 0 ? null : at;
      const row = { ...toRow(connection), id, key, type, secret_version, secret_entered_at };
      const insert = scope.insert("connections", { ...row, created_at: at, updated_at: at });
      await mapUniqueViolation(insert, { key: () => keyTaken(connection) });
      return orNull(
        (await select().where("connections.id", connection.id).first()) as ConnectionRow,
      ) as Connection;
    },

    async byId(id: string): Promise<Connection | null> {
      return orNull((await select().where("connections.id", id).first()) as ConnectionRow | undefined);
    },

    /** Like byId, and locks the row until the transaction ends. */
    async lock(id: string): Promise<Connection | null> {
      return orNull(
        (await select().where("connections.id", id).forNoKeyUpdate().first()) as ConnectionRow | undefined,
      );
    },

    /** Reads a connection, and keeps others from changing it until the transaction ends. Many may hold it at a time. */
    async hold(id: string): Promise<Connection | null> {
      return orNull(
        (await select().where("connections.id", id).forShare().first()) as ConnectionRow | undefined,
      );
    },

    async list(): Promise<Connection[]> {
      return ((await select().orderBy(["key", "type"])) as ConnectionRow[]).map(toConnection);
    },

    /** Throws NotFoundError. A new `sealedSecret` increments the secret's version. */
    async update(id: string, changes: ConnectionChanges): Promise<Connection> {
      const row = { ...toRow(changes), updated_at: now() };
      if (changes.sealedSecret !== undefined)
        Object.assign(row, {
          secret_version: scope.increment("secret_version", 1),
          secret_entered_at: now(),
        });
      const change = scope.rows("connections").where("id", id).update(row);
      if (((await change) as number) === 0) throw new NotFoundError("There is no such connection.");
      return orNull((await select().where("connections.id", id).first()) as ConnectionRow) as Connection;
    },

    // SAML {
    /** Whether a SAML sign-in may begin at the identity provider: the tenant's policy, which wins over a connection's. */
    async unsolicitedAllowed(): Promise<boolean> {
      const row = (await scope.tenantRow().first("saml_unsolicited")) as
        | { saml_unsolicited: unknown }
        | undefined;
      return Boolean(row?.saml_unsolicited);
    },
    // SAML }

    /** The sealed client secret, and the former one while both may be in use. */
    async sealedSecrets(id: string): Promise<{ current: string | null; former: string | null }> {
      const row = (await scope
        .rows("connections")
        .where("id", id)
        .first(["sealed_secret", "sealed_former_secret"])) as
        | { sealed_secret: string | null; sealed_former_secret: string | null }
        | undefined;
      return { current: row?.sealed_secret ?? null, former: row?.sealed_former_secret ?? null };
    },

    /** Forgets the former secret once `sealedSecret` has worked, unless that one has been replaced since. */
    async forgetFormerSecret(id: string, sealedSecret: string): Promise<void> {
      const change = scope.rows("connections").where({ id, sealed_secret: sealedSecret });
      await change.update({ sealed_former_secret: null, updated_at: now() });
    },

    /** Removes a connection and its identities; its key stays reserved. */
    async remove(id: string): Promise<boolean> {
      return ((await scope.rows("connections").where("id", id).delete()) as number) > 0;
    },
  };
}

function keyTaken({ key, type }: NewConnection): ConflictError {
  return new ConflictError(
    "key-taken",
    `The connection ID "${key}" already names ${signInProtocols[type].article} connection.`,
  );
}

function toRow(changes: ConnectionChanges): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  if (changes.status !== undefined) row.status = changes.status;
  if (changes.justInTime !== undefined) row.just_in_time = changes.justInTime;
  if (changes.testedAt !== undefined) row.tested_at = changes.testedAt;
  if (changes.admittedAt !== undefined) row.admitted_at = changes.admittedAt;
  if (changes.isProvisioned !== undefined) row.is_provisioned = changes.isProvisioned;
  if (changes.isCatalogApp !== undefined) row.is_catalog_app = changes.isCatalogApp;
  if (changes.edited !== undefined) {
    row.edited_at = changes.edited?.at ?? null;
    row.edited_by = changes.edited?.by ?? null;
    row.edited_from = changes.edited?.from ?? null;
  }
  if (changes.guestEdit !== undefined) {
    row.guest_edited_at = changes.guestEdit?.at ?? null;
    row.guest_edited_from = changes.guestEdit?.from ?? null;
  }
  if (changes.guestsFrozenUntil !== undefined) row.guests_frozen_until = changes.guestsFrozenUntil;
  if (changes.subjectKind !== undefined) row.subject_kind = changes.subjectKind;
  if (changes.settings !== undefined) {
    row.settings = changes.settings && JSON.stringify(changes.settings);
    const provider: Partial<ConnectionProvider> = changes.settings ? providerIn(changes.settings) : {};
    row.provider_app_id = provider.appId ?? null;
    row.provider_issuer = withoutSlash(provider.org);
    row.provider_issuer_alias = withoutSlash(provider.orgAlias);
  }
  if (changes.sealedFormerSecret !== undefined) row.sealed_former_secret = changes.sealedFormerSecret;
  if (changes.sealedSecret !== undefined) row.sealed_secret = changes.sealedSecret;
  return row;
}

function withoutSlash(issuer: string | null | undefined): string | null {
  return issuer ? issuer.replace(/\/$/, "") : null;
}
