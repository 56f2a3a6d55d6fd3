import type { Request } from "express";
import type { Connection } from "../model.ts";
import { formField } from "../web/request.ts";

/** How people get accounts, by the value of the form's field. */
const accountChoices = {
  "sign-in": { justInTime: true, isProvisioned: false },
  scim: { justInTime: false, isProvisioned: true },
  both: { justInTime: true, isProvisioned: true },
} as const;

/** The choices that begin a set-up. Null where the person has not answered. */
export interface SetUpChoices {
  accounts: (typeof accountChoices)[keyof typeof accountChoices] | null;
  isCatalogApp: boolean | null;
}

/** Reads the choices of a form. */
export function readChoices(req: Request): SetUpChoices {
  const accounts = formField(req, "accounts");
  const app = formField(req, "app");
  return {
    accounts: Object.hasOwn(accountChoices, accounts)
      ? accountChoices[accounts as keyof typeof accountChoices]
      : null,
    isCatalogApp: app === "catalog" ? true : app === "own" ? false : null,
  };
}

/** The values of the form's fields for a connection; empty where no one has answered. */
export function choiceValues(
  connection: Pick<Connection, "justInTime" | "isProvisioned" | "isCatalogApp">,
): Record<string, string> {
  const { justInTime, isProvisioned, isCatalogApp } = connection;
  const chosen = Object.entries(accountChoices).find(
    ([, one]) => one.justInTime === justInTime && one.isProvisioned === isProvisioned,
  );
  return {
    accounts: chosen?.[0] ?? "",
    app: isCatalogApp === null ? "" : isCatalogApp ? "catalog" : "own",
  };
}
