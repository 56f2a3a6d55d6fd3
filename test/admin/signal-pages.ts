import { randomBytes } from "node:crypto";
import { signIn } from "../../src/directory/sign-in.ts";
import { outbox } from "../../src/store/outbox.ts";
import type { TestDatabase } from "../helpers/databases.ts";
import type { PageCase } from "../helpers/every-page.ts";
import { identityOf } from "../helpers/people.ts";
import { sendingConnection } from "../helpers/signal-receiver.ts";
import type { Site } from "../helpers/site.ts";

/** The page of a connection's shared signals: without any, and with a sent signal in each state. */
export async function sentSignalPages(use: () => TestDatabase, { acme, owner }: Site): Promise<PageCase[]> {
  const off = await acme.connection();
  const on = await sendingConnection(acme, { url: "https://acme.okta.example" }, randomBytes(32));
  for (const name of ["ada", "grace", "linus", "margaret"])
    await signIn(acme.store, identityOf(on, `${name}-of-signals@acme.example`));
  const messages = outbox(use().database);
  const [sent, refused, givenUp] = await messages.claim(3, 60_000);
  if (sent) await messages.settle(sent, "sent", "202");
  if (refused) await messages.settle(refused, "refused", "400 invalid_audience");
  if (givenUp) await messages.settle(givenUp, "given-up", "503");
  const page = { status: 200, as: owner };
  return [
    { name: "shared signals that are off", path: `/admin/connections/${off.id}/signals`, ...page },
    { name: "shared signals that are sent", path: `/admin/connections/${on.id}/signals`, ...page },
  ];
}
