import { fileURLToPath } from "node:url";
import { loadConfig } from "../../../src/config.ts";
import { createLog } from "../../../src/log.ts";
import { serve } from "../../../src/serve.ts";
import { openDatabase } from "../../../src/store/database.ts";
import { builtFrontEnd, frontEndOfVite } from "./front-end.ts";
import { invoices } from "./invoices.ts";

const { WEBHOOK_SECRET, VITE_URL } = process.env;
if (!WEBHOOK_SECRET) throw new Error("WEBHOOK_SECRET is missing.");

const frontEnd = VITE_URL
  ? frontEndOfVite(VITE_URL)
  : builtFrontEnd(fileURLToPath(new URL("../public/app", import.meta.url)));
const config = loadConfig();
const stop = await serve(config, openDatabase(config.databaseUrl), createLog(config.logLevel), {
  hostRouters: [invoices(WEBHOOK_SECRET), frontEnd],
});
process.once("SIGTERM", () => void stop());
