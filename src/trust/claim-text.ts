import { z } from "zod";

/** A text in a token. No name contains a NUL, and PostgreSQL rejects one even in a query. */
export const claimText = z.string().regex(/^[^\0]{1,1000}$/);
