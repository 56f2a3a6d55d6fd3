type Row = Record<string, unknown>;

/** A column with sealed values (secrets.ts). */
export interface SealedColumn {
  table: string;
  column: string;
  /** The primary key. */
  key: readonly string[];
  /** Further columns that the contexts name. */
  reads?: readonly string[];
  /** The contexts in which the rooms seal a value of this column: one of them, or one for each part of a JSON object. */
  contexts: readonly ((row: Row) => string)[] | Readonly<Record<string, (row: Row) => string>>;
  /** Whether a value is used for longer than a day. A start with a key that cannot open it is refused. */
  isLasting: boolean;
}

const ofConnection = (part: string) => (row: Row) => `${row.tenant_id}/${row.connection_id}/${part}`;
const itself = (row: Row) => `${row.tenant_id}/${row.id}`;
const ofWebhook = (row: Row) => `${row.tenant_id}/webhooks/${row.id}`;
const ofSession = (part: string) => (row: Row) => `session/${row.sid_hash}/${part}`;

const byId = { key: ["tenant_id", "id"], isLasting: true };
const byGeneration = { key: ["tenant_id", "connection_id", "generation"], isLasting: true };
const ofStream = { ...byId, reads: ["connection_id"], contexts: [ofConnection("shared-signals")] };

/** Every column with sealed values. test/store/reencryption.test.ts compares the list with the schema and with the rooms. */
export const sealedColumns: readonly SealedColumn[] = [
  { table: "connections", column: "sealed_secret", ...byId, contexts: [itself] },
  { table: "connections", column: "sealed_former_secret", ...byId, contexts: [itself] },
  { table: "key_pairs", column: "sealed_key", ...byGeneration, contexts: [ofConnection("key-pair")] },
  { table: "signal_keys", column: "sealed_key", ...byGeneration, contexts: [ofConnection("signal-key")] },
  { table: "signal_streams", column: "sealed_client_secret", ...ofStream },
  { table: "signal_streams", column: "sealed_refresh_token", ...ofStream },
  { table: "webhook_endpoints", column: "sealed_secret", ...byId, contexts: [ofWebhook] },
  { table: "webhook_endpoints", column: "former_sealed_secret", ...byId, contexts: [ofWebhook] },
  {
    table: "authenticators",
    column: "sealed_key",
    key: ["tenant_id", "user_id"],
    contexts: [(row) => `${row.tenant_id}/${row.user_id}/authenticator`],
    isLasting: true,
  },
  {
    table: "activity_trails",
    column: "sealed_key",
    key: ["tenant_id"],
    contexts: [(row) => `${row.tenant_id}/activity`],
    isLasting: true,
  },
  // A new key replaces one that cannot be opened, by itself.
  {
    table: "forward_auth_keys",
    column: "sealed_key",
    key: ["generation"],
    contexts: [() => "forward-auth/key"],
    isLasting: false,
  },
  {
    table: "pending_logins",
    column: "sealed_data",
    key: ["tenant_id", "connection_id", "state_hash"],
    contexts: [
      "signing-in",
      "saml-request", // SAML
      "saml-arrival", // SAML
      "shared-signals",
    ].map(ofConnection),
    isLasting: false,
  },
  {
    table: "sign_in_tests",
    column: "sealed_result",
    key: ["tenant_id", "id"],
    reads: ["connection_id"],
    contexts: [(row) => `${row.tenant_id}/${row.connection_id}/test/${row.id}`],
    isLasting: false,
  },
  {
    table: "provisioning_grants",
    column: "sealed_response",
    key: ["tenant_id", "id"],
    contexts: [(row) => `${itself(row)}/token-response`],
    isLasting: false,
  },
  {
    table: "sessions",
    column: "data",
    key: ["sid_hash"],
    reads: ["tenant_id", "connection_id"],
    contexts: {
      sealedIdToken: ofConnection("session"),
      sealedAnswer: ofSession("answer"),
      sealedForm: ofSession("form"),
    },
    isLasting: false,
  },
];
