import type { Request } from "express";
import type { Database } from "../store/database.ts";
import type { StoredMessage } from "../store/tenant/inspector.ts";
import type { TenantStore } from "../store/tenant-store.ts";
import { viewOf } from "./message-view.ts";
import { sourceUrl } from "./source.ts";

export interface InspectorDeps {
  database: Database;
  baseUrl: string;
  /** Whether the pages show the application's source code. For development only. */
  showsSource: boolean;
}

/** Prepares the data of views/partials/message.ejs, on the page of a message or of its flow. */
export async function messageLocals(
  { baseUrl, showsSource }: InspectorDeps,
  store: TenantStore,
  message: StoredMessage,
  { query, originalUrl }: Request,
) {
  const [person, source] = await Promise.all([
    message.person === null ? null : store.users.byLoginName(message.person),
    sourceUrl(message, showsSource),
  ]);
  const shown = viewOf(message, { tab: query.view, here: originalUrl, baseUrl });
  return { message, shown, source, personId: person?.id ?? null };
}
