/**
 * The process of the stand-in org. The demo starts it; it is told where to listen and what it is called by variables of
 * its own, and says to whoever started it when it is ready.
 */
import { createOrg } from "./server.ts";
import { openOrgStore } from "./state.ts";

const { ORG_URL, ORG_PORT, ORG_FILE, ORG_CONTROL_SECRET } = process.env;
if (!ORG_URL || !ORG_PORT) throw new Error("ORG_URL and ORG_PORT are required");

const store = openOrgStore(ORG_FILE ?? null);
const org = await createOrg({ store, url: ORG_URL, controlSecret: ORG_CONTROL_SECRET ?? null });
org.server.listen(Number(ORG_PORT), "127.0.0.1", () => process.send?.("ready"));

const stop = async () => {
  await org.close();
  process.exit(0);
};
process.on("SIGINT", () => undefined);
process.once("SIGTERM", () => void stop());
process.once("disconnect", () => void stop());
